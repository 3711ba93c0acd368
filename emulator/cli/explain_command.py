"""`tenantlab explain`: what evidence is, what it says, which checks it passes, and which known situations it fits."""

from pathlib import Path
from typing import Any

import click

from emulator.cli.common import json_option, put, read_input
from emulator.kernel.problems import LabError

_MARKS = {"passed": "+", "failed": "x", "not checkable": "?"}


@click.command("explain")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--at", "at", metavar="TIME", help="When it happened (ISO 8601), instead of now.")
@click.option("--certificate", metavar="FILE", help="The certificate configured for the domain (PEM, DER or base64).")
@click.option("--issuer", metavar="URI", help="The issuerUri configured for the domain.")
@json_option
def command(files: tuple[str, ...], at: str | None, certificate: str | None, issuer: str | None, as_json: bool) -> None:
    """Explain evidence offline, one or several files together; - reads standard input.

    Taken are: a wresult, a SAML response or assertion, a JWT, an AADSTS text or page, an Okta task or System Log
    row, a sign-in log row, a Graph error, a user, an assignment or a federation as JSON or PowerShell listing, a HAR.
    """
    from emulator.serving.evidence.model import Known
    from emulator.serving.explain import explain

    now, clock = _clock(at)
    known = Known(now, clock, federations=_configured(certificate, issuer))
    found = explain([("standard input" if name == "-" else name, read_input(name)) for name in files], known)
    if as_json:
        put(found)
    else:
        click.echo("\n".join(text(found)))


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_CONTROLS.update({code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)})
"""Evidence is written by strangers: nothing in it may move a terminal's cursor or turn its letters round."""


def _clock(at: str | None) -> tuple[int, str]:
    from emulator.kernel.clock import Clock, parse_iso

    if at is None:
        return Clock().now(), "this machine's clock"
    try:
        return parse_iso(at), "the time given with --at"
    except ValueError as error:
        raise LabError(f"{at!r} is no time.", hint="For example --at 2026-01-15T09:00:00Z.") from error


def _configured(certificate: str | None, issuer: str | None) -> tuple[dict[str, Any], ...]:
    if certificate is None and issuer is None:
        return ()
    made: dict[str, Any] = {"issuerUri": issuer}
    if certificate is not None:
        made["signingCertificate"] = _certificate(certificate)
    return (made,)


def _certificate(given: str) -> str:
    """Base64 of the certificate that a file or the text itself holds. LabError when it is none."""
    import base64

    from emulator.protocols.x509 import parse_certificate

    data = read_input(given) if given == "-" or Path(given).exists() else given.encode()
    text = base64.b64encode(data).decode() if data[:1] == b"\x30" else data.decode("ascii", "replace")
    begin = text.find("-----BEGIN CERTIFICATE")
    try:
        return parse_certificate(text[max(begin, 0) :]).b64
    except ValueError as error:
        raise LabError(f"{given[:80]} is no certificate: {error}.", hint="Give PEM, DER or base64.") from error


def text(found: dict[str, Any]) -> list[str]:
    """The report as lines."""
    lines = []
    for row in found["rows"]:
        lines += _row(row)
    for row in found["also"]:
        lines += _row(row)
    lines += [
        "",
        found["verdict"],
        f"Times are compared with {found['clock']['now']} ({found['clock']['from']}) unless the evidence has its own.",
    ]
    for piece in found["pieces"][:50]:
        lines += ["", f"== {piece['sort']} ({piece['where']})", *_values(piece["says"], "   ")]
        lines += [_check(each) for each in piece.get("checks", ())]
    if len(found["pieces"]) > 50:
        lines.append(f"... and {len(found['pieces']) - 50} more pieces (--json shows all)")
    if found["together"]:
        lines += ["", "== taken together", *_values(found["together"], "   ")]
    return [line.translate(_CONTROLS) for line in lines]


def _row(row: dict[str, Any]) -> list[str]:
    name = f"{row['id']}  {row['title']}" if row["id"] else row["title"]
    lines = [f"{name}  [{row['confidence']}: {row['says']}]"]
    lines += [
        f"   {'for' if each['for'] else 'against'}: {each['says']}  ({', '.join(each['where'])})"
        for each in row["evidence"]
    ]
    lines += [f"   would settle it: {each}" for each in row["settle"]]
    return [*lines, f"   fix: {row['fix']}"]


def _check(each: dict[str, Any]) -> str:
    shown = ""
    if "found" in each:
        shown = f"  {each['found']}"
    if "expected" in each:
        shown += f"  |  {each['expected']}"
    settle = f"  -> {each['settle']}" if each.get("settle") else ""
    return f"   [{_MARKS[each['status']]}] {each['check']}: {each['status']}. {each['rule']}{shown}{settle}"


def _values(value: Any, indent: str) -> list[str]:
    """A decoded piece as `name: value` lines."""
    lines = []
    for name, item in value.items():
        if isinstance(item, dict):
            lines += [f"{indent}{name}:", *_values(item, indent + "  ")]
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines += [
                f"{indent}{name}: {'; '.join(', '.join(f'{k} {v}' for k, v in each.items()) for each in item[:30])}"
            ]
        elif item not in (None, "", []):
            lines.append(f"{indent}{name}: {item}")
    return lines
