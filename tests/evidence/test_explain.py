"""`explain`: the right row first, each check with its verdict, nothing claimed that the evidence does not hold."""

import base64
import contextlib
import html
import json
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.cli.explain_command import command
from emulator.kernel.clock import parse_iso
from emulator.kernel.problems import LabError
from emulator.protocols.keys import load_signing_key
from emulator.serving.evidence import immutable, knowledge
from emulator.serving.evidence.model import Known
from emulator.serving.explain import explain
from emulator.serving.files import read_fixture
from emulator.serving.forging import breaks
from emulator.serving.minting import mint
from emulator.wire.client import Http
from tests.evidence import by_lab
from tests.evidence.by_hand import CASES, Evidence, push
from tests.evidence.by_lab import MAKERS, Maker

NOW = Known(parse_iso("2026-01-15T09:00:00Z"), "the clock of the test")


def told(files: Evidence, known: Known = NOW) -> dict[str, Any]:
    return explain(files, known)


def first(files: Evidence) -> str | None:
    rows = told(files)["rows"]
    return rows[0]["id"] if rows else None


@pytest.mark.parametrize(("name", "row", "files"), CASES, ids=[f"{row} {name}" for name, row, _ in CASES])
def test_the_right_row_comes_first(name: str, row: str, files: Evidence) -> None:
    assert first(files) == row


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("A Conditional Access policy blocks the sign-in", "AADSTS53003: Access has been blocked by Conditional Access."),
        ("The domain is not verified", push("federation", "federate", "Request_BadRequest", "The domain is not verified")),
        (
            "Microsoft throttles, or is unavailable",
            push(
                "provisioning", "verify existence of", "ServiceUnavailable", "The service is temporarily unavailable.",
                status=503, method="GET",
                url="https://graph.microsoft.com/v1.0/users/a@acme.example?$select=id,usageLocation,mail",
            ),
        ),
        (
            "The account that Okta pushes to is gone at Microsoft",
            push(
                "profile push", "push profile for", "Request_ResourceNotFound", status=404, method="GET",
                message="Resource '0b01a5fc-2647-4eeb-b2e1-419051851de9' does not exist or one of its queried objects",
            ),
        ),
        (
            "The pushed group is gone at Microsoft",
            "Unable to push group Team to app Microsoft Office 365: Received response with HTTP status code 404. "
            "httpStatusCode=404 errorCode=Request_ResourceNotFound errorMessage=\"Resource 'x' does not exist.\"",
        ),
    ],
)  # fmt: skip
def test_a_cause_without_a_row_is_named_before_any_row(title: str, text: str) -> None:
    found = told([("task.txt", text.encode())])
    assert [row["title"] for row in found["also"]] == [title] and title in found["verdict"]
    assert {row["confidence"] for row in found["rows"]} <= {"words only"}


@pytest.fixture(scope="module")
def acme() -> Iterator[World]:
    with World("acme") as made:
        yield made


@pytest.fixture
def world(acme: World) -> World:
    acme.restore("start")
    return acme


@pytest.mark.parametrize(("name", "row", "maker"), MAKERS, ids=[f"{row} {name}" for name, row, _ in MAKERS])
def test_what_the_lab_shows_names_its_row_first(world: World, name: str, row: str, maker: Maker) -> None:
    assert first(maker(world)) == row


# -- what is claimed -------------------------------------------------------------------------------------------------


def test_an_error_code_alone_settles_nothing() -> None:
    rows = told([("x", b"AADSTS51004: The user account x does not exist in the Acme directory.")])["rows"]
    assert [row["id"] for row in rows[:2]] == ["S-02", "S-03"]
    for row in rows[:2]:
        assert row["confidence"] == "possible"
        assert row["settle"], row["id"]


def test_only_a_state_that_is_in_the_evidence_counts_as_shown() -> None:
    for _, _, files in CASES:
        for row in told(files)["rows"]:
            if row["confidence"] != "shown":
                continue
            known = next(each for each in knowledge.rows() if each.row == row["id"])
            said = {each["says"] for each in row["evidence"]}
            proofs = [sign.says.partition("{value}")[0] for sign in known.signs if sign.proof]
            assert any(text.startswith(proof) for text in said for proof in proofs), row["id"]


def test_words_alone_are_called_words() -> None:
    [row, *_] = told([("x", b"bumping our heads into getting Modern Authentication working properly")])["rows"]
    assert (row["id"], row["confidence"]) == ("S-41", "words only")


@pytest.mark.parametrize(
    "text", ["hello world", "my printer is on fire", "{}", "[]", "null", "<a/>", "eyJ.x.y", "MII", "====", "x" * 100]
)
def test_what_means_nothing_names_no_row(text: str) -> None:
    found = told([("x", text.encode())])
    assert found["rows"] == found["also"] == []


def test_a_healthy_recording_names_no_row(world: World) -> None:
    start = by_lab.last(world)
    assert world.browser.sign_in("dana@acme.example").tokens
    found = told([("x.har", by_lab.har(world, start))])
    assert found["rows"] == [] and "No refusal" in found["verdict"]


# -- the checks of a token -----------------------------------------------------------------------------------------------


def statuses(files: Evidence, known: Known = NOW) -> dict[str, str]:
    pieces = [piece for piece in told(files, known)["pieces"] if piece.get("checks")]
    return {check["check"]: check["status"] for check in pieces[0]["checks"]}


def certificate(name: str) -> str:
    key = load_signing_key(read_fixture(f"certificates/{name}.key"), read_fixture(f"certificates/{name}.crt"))
    return key.certificate_b64


@pytest.mark.parametrize("kind", ["wresult", "saml2", "wstrust", "assertion"])
def test_offline_a_good_token_fails_nothing_and_says_what_it_cannot_know(world: World, kind: str) -> None:
    found = statuses([("t", mint(world, kind, "dana@acme.example", {}, None).encode())])
    assert "failed" not in found.values()
    unknown = {"issuer", "signing key", "user", "account", "domain", "multi-factor", "replay"}
    assert {name for name, status in found.items() if status == "not checkable"} == unknown
    for piece in told([("t", mint(world, kind, "dana@acme.example", {}, None).encode())])["pieces"]:
        for check in piece["checks"]:
            assert check["status"] != "not checkable" or check.get("settle"), check


@pytest.mark.parametrize(
    ("broken", "check"),
    [("signature", "signature"), ("claim", "signature"), ("expired", "time"), ("not-yet-valid", "time"), ("audience", "audience"),
     ("xsw2", "structure"), ("doctype", "document"), ("weak-signature", "algorithms"), ("unsigned", "structure"),
     ("holder-of-key", "confirmation"), ("no-immutable-id", "identity"), ("comment-in-name-id", "structure"),
     ("two-immutable-ids", "claims"), ("duplicate-id", "structure")],
)  # fmt: skip
def test_a_broken_token_fails_its_check(world: World, broken: str, check: str) -> None:
    token = mint(world, "wresult", "dana@acme.example", {}, broken)
    assert statuses([("t", token.encode())])[check] == "failed"


def test_configuration_in_the_evidence_settles_what_was_open(world: World) -> None:
    token = mint(world, "wresult", "dana@acme.example", {}, None).encode()
    rows = world.entra.get("/domains/acme.example/federationConfiguration")
    user = by_lab.files(by_lab.entra_user(world))[0]
    settled = statuses([("t", token), ("f", json.dumps(rows).encode()), user])
    assert {settled[name] for name in ("issuer", "signing key", "signature", "user", "account", "domain")} == {"passed"}
    rows["value"][0]["signingCertificate"] = certificate("foreign")
    assert statuses([("t", token), ("f", json.dumps(rows).encode())])["signing key"] == "failed"
    listing = f"IssuerUri : {rows['value'][0]['issuerUri']}\nSigningCertificate : {certificate('okta-acme-saml')}\n"
    assert statuses([("t", token), ("f", listing.encode())])["signing key"] == "passed"


def test_times_are_held_against_the_time_of_the_evidence(world: World) -> None:
    token = mint(world, "wresult", "dana@acme.example", {}, None).encode()
    later = Known(NOW.now_ms + 86_400_000, "a day later")
    assert statuses([("t", token)], later)["time"] == "failed"
    form = {"params": [{"name": "wresult", "value": token.decode()}]}
    entry = {"startedDateTime": "2026-01-15T09:01:00Z", "request": {"method": "POST", "postData": form,
             "url": "https://login.microsoftonline.com/login.srf"}, "response": {"status": 302}}  # fmt: skip
    assert statuses([("h", json.dumps({"log": {"entries": [entry]}}).encode())], later)["time"] == "passed"


def test_a_jwt_is_checked_against_a_key_set_that_comes_along(world: World) -> None:
    url = f"https://login.microsoftonline.com/{world.spec.lab['entra']['tenant_id']}/discovery/v2.0/keys"
    keys = Http(world.transport).request("GET", url).body
    token = mint(world, "id", "dana@acme.example", {}, None).encode()
    assert statuses([("t", token)])["signature"] == "not checkable"
    assert statuses([("t", token), ("k", keys)])["signature"] == "passed"
    forged = mint(world, "id", "dana@acme.example", {}, "foreign-key-same-kid").encode()
    assert statuses([("t", forged), ("k", keys)])["signature"] == "failed"
    assert statuses([("t", mint(world, "id", "dana@acme.example", {}, "alg-none").encode())])["algorithm"] == "failed"


def test_an_immutable_id_is_shown_as_the_guid_that_it_encodes() -> None:
    found = told([("x", b"UserPrincipalName : dana@acme.example\nImmutableID : G6TyLXnccUqAu8ay3xk7/Q==")])
    shown = found["pieces"][0]["says"]["onPremisesImmutableId"]
    assert shown["objectGuid"] == "2df2a41b-dc79-4a71-80bb-c6b2df193bfd"
    assert immutable.form_of("00uNF0yamPwX1HMS6DW7") == "okta-id"


# -- carriers ------------------------------------------------------------------------------------------------------------


def _carriers(token: str) -> dict[str, str]:
    packed = base64.b64encode(token.encode()).decode()
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = base64.b64encode(deflater.compress(token.encode()) + deflater.flush()).decode()
    return {
        "plain": token, "base64": packed, "base64url": packed.replace("+", "-").replace("/", "_").rstrip("="),
        "wrapped base64": "\n".join(packed[n : n + 64] for n in range(0, len(packed), 64)), "deflated": deflated,
        "form": f"wa=wsignin1.0&wresult={quote_plus(token)}&wctx=x", "percent": quote_plus(token),
        "redirect": f"https://acme.okta.com/x?SAMLRequest={quote_plus(deflated)}",
        "page": f'<!DOCTYPE html><form><input type="hidden" name="wresult" value="{html.escape(token)}"></form>',
        "JSON": json.dumps({"assertion": packed}), "UTF-8 with mark": "\ufeff" + token,
    }  # fmt: skip


def test_a_token_is_found_in_every_carrier(world: World) -> None:
    token = mint(world, "wresult", "dana@acme.example", {}, None)
    for name, carried in _carriers(token).items():
        pieces = told([("x", carried.encode())])["pieces"]
        assert any(piece["says"].get("upn") == "dana@acme.example" for piece in pieces), name
    assert told([("x", token.encode("utf-16"))])["pieces"][0]["says"]["upn"] == "dana@acme.example"


# -- hostile evidence ----------------------------------------------------------------------------------------------------


def test_no_broken_token_confuses_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def canary(*_: object, **__: object) -> None:
        raise AssertionError("explain asked for something outside")

    monkeypatch.setattr(socket, "getaddrinfo", canary)
    monkeypatch.setattr(socket.socket, "connect", canary)
    for kind in ("saml2", "access"):
        for broken in breaks.names(kind):
            token = mint(world, kind, "dana@acme.example", {}, broken)
            started = time.process_time()
            found = told([("t", token.encode())])
            assert time.process_time() - started < 3, (kind, broken)
            assert found["pieces"], (kind, broken)
            json.dumps(found)


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes_are_explained_or_refused_in_one_sentence(data: bytes) -> None:
    with contextlib.suppress(LabError):
        json.dumps(told([("x", data)]))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                        ["eventType", "outcome", "error", "errorCode", "errorSummary", "status", "profile", "credentials", "log",
                         "entries", "request", "response", "userPrincipalName", "issuerUri", "keys", "value", "message", "type",
                         "properties", "source", "target", "debugContext", "assignedLicenses", "claims"]), inner, max_size=5),
                    max_leaves=20))  # fmt: skip
@example({"eventType": None, "keys": [None, {}]})
@settings(max_examples=150)
def test_any_document_is_explained(value: Any) -> None:
    json.dumps(told([("x.json", json.dumps(value).encode())]))


def test_every_row_of_the_knowledge_has_what_a_reader_needs() -> None:
    ids = [row.row for row in knowledge.rows() if row.row]
    assert len(ids) == len(set(ids)) == 65
    for row in knowledge.rows():
        assert row.signs and row.fix and row.settle, row.title


def test_the_command_names_the_row_first(tmp_path: Path) -> None:
    file = tmp_path / "error.txt"
    file.write_text("Federating to the 'Default' domain is not allowed")
    plain = CliRunner().invoke(command, [str(file)])
    assert plain.exit_code == 0 and plain.stdout.split()[0] == "S-13"
    machine = CliRunner().invoke(command, ["-", "--json"], input=file.read_bytes())
    assert json.loads(machine.stdout)["rows"][0]["id"] == "S-13"
