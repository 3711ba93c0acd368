"""Running a cmdlet: the Graph calls behind it, one after the other, each shown before it is made."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlencode

from emulator.cli import powershell
from emulator.cli.cmdlet_table import CMDLETS, CONNECTING, NOTHING, REFERENCE, Cmdlet, Step
from emulator.kernel.doc import Doc, dig
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.serving.clients import ApiClient
from emulator.wire.client import json_of

_LISTS = ("$search",)


def run(line: str, client: ApiClient, show: Callable[[str], None]) -> Answer:
    """Run a cmdlet; `show` is told of each call. The last call's answer, or the first that was refused. LabError."""
    name, given = powershell.read(line)
    if name.casefold() in {item.casefold() for item in CONNECTING}:
        raise LabError(NOTHING, hint="Go on with the cmdlet itself.")
    cmdlet = find(name)
    values = _values(cmdlet, given)
    if cmdlet.now:
        show(f"# {cmdlet.name} is retired; today: {cmdlet.now}")
    answer: Answer | None = None
    for step in cmdlet.steps:
        if step.only is not None and str(values.get(step.only[0], "")).casefold() != step.only[1].casefold():
            continue
        answer = _made(step, values, client, show)
        if answer.status >= 400:
            return answer
        if step.found is not None:
            values[step.found[0]] = _found(step, answer)
    if answer is None:
        step = cmdlet.steps[0]
        assert step.only is not None
        known = sorted({item.only[1] for item in cmdlet.steps if item.only is not None})
        raise LabError(f"{cmdlet.name} needs -{step.only[0]} {' or '.join(known)}.", hint="Nothing was called.")
    return answer


def find(name: str) -> Cmdlet:
    """A cmdlet of the table, whatever its case. LabError when it is not there."""
    found = CMDLETS.get(name.casefold())
    if found is None:
        near = get_close_matches(name.casefold(), CMDLETS, 3, 0.6)
        hint = (
            f"Did you mean {' or '.join(CMDLETS[item].name for item in near)}?" if near else "`call entra` reaches all."
        )
        raise LabError(f"The cmdlet {name} is not known here.", hint=hint)
    return found


def _values(cmdlet: Cmdlet, given: Doc) -> Doc:
    """The parameters under their own names; PowerShell takes any case, and an unambiguous beginning."""
    known = {name.casefold(): name for name in cmdlet.parameters()}
    values: Doc = {}
    for name, value in given.items():
        key = name.casefold()
        fitting = [key] if key in known else [item for item in known if item.startswith(key)]
        if len(fitting) != 1:
            raise LabError(
                f"{cmdlet.name} has no parameter -{name}.", hint=f"It takes -{', -'.join(cmdlet.parameters())}."
            )
        values[known[fitting[0]]] = value
    return values


def _made(step: Step, values: Doc, client: ApiClient, show: Callable[[str], None]) -> Answer:
    path = _path(step.path, values)
    query = [(name, _query_text(name, values[key])) for key, name in step.query.items() if key in values]
    path += "?" + urlencode(query, safe="$,'()") if query else ""
    body = _body(step, values) if step.method in ("POST", "PATCH", "PUT") else None
    headers = {"consistencylevel": "eventual"} if values.get("ConsistencyLevel") or "$search" in dict(query) else {}
    import orjson

    show(f"{step.method} {client.prefix}{path}" + (f" {orjson.dumps(body).decode()}" if body else ""))
    answer = client.call(step.method, path, body, headers=headers)
    return _all(answer, client) if values.get("All") and step.method == "GET" else answer


def _path(path: str, values: Doc) -> str:
    parts = []
    for part in path.split("/"):
        if not part.startswith("{"):
            parts.append(part)
            continue
        names = part[1:-1].rstrip("?").split("|")
        value = next((values[name] for name in names if values.get(name) not in (None, "", True)), None)
        if value is None and not part.endswith("?}"):
            raise LabError(f"The cmdlet needs -{' or -'.join(names)}.", hint="Nothing was called.")
        if value is not None:
            parts.append(quote(str(value), safe="@"))
    return "/".join(parts)


def _query_text(name: str, value: Any) -> str:
    if name == "$search" and ":" not in str(value):
        return f'"displayName:{value}"'
    if name == "$count":
        return "true"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _body(step: Step, values: Doc) -> Doc:
    body: Doc = {**step.fixed}
    for key, path in step.body.items():
        if key in values:
            _put(body, path, values[key], values)
    if isinstance(values.get("BodyParameter"), dict):
        body.update(_camel(values["BodyParameter"]))
    upn = body.get("userPrincipalName")
    if step.method == "POST" and step.path == "/users" and step.fixed and isinstance(upn, str):
        body.setdefault("mailNickname", upn.partition("@")[0])
    if step.method == "POST" and step.path == "/groups" and step.fixed and isinstance(body.get("displayName"), str):
        body.setdefault("mailNickname", "".join(c for c in body["displayName"] if c.isalnum()) or "group")
    return body


def _put(body: Doc, path: str, value: Any, values: Doc) -> None:
    if path.startswith("!"):
        path, value = path[1:], not value
    if path == "@odata.id" and "://" not in str(value):
        value = REFERENCE + str(value)
    if path in ("addLicenses", "removeLicenses"):
        value = _licences(path, value, values.get("skus") or [])
    *above, last = [path] if path.startswith("@") else path.split(".")
    for name in above:
        body = body.setdefault(name, {})
    body[last] = _camel(value)


def _licences(path: str, value: Any, skus: list[Doc]) -> list[Any]:
    """`acme:SPE_E3`, a part number, a SKU's id or a table, as Graph wants it."""
    found: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            found.append(item)
            continue
        part = str(item).rpartition(":")[2]
        id = next((sku["skuId"] for sku in skus if sku["skuPartNumber"].casefold() == part.casefold()), part)
        found.append({"skuId": id} if path == "addLicenses" else id)
    return found


def _camel(value: Any) -> Any:
    """Attribute names as Graph has them."""
    if isinstance(value, dict):
        return {(key[:1].lower() + key[1:]): _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _found(step: Step, answer: Answer) -> Any:
    assert step.found is not None
    value: Any = json_of(answer)
    for part in step.found[1].split("."):
        if part.isdigit():
            value = value[int(part)] if isinstance(value, list) and len(value) > int(part) else None
        else:
            value = dig(value, part) if isinstance(value, dict) else None
    if value is None:
        raise LabError(f"There is no {step.found[0]} yet.", hint="Is the domain federated?")
    return value


def _all(answer: Answer, client: ApiClient) -> Answer:
    """All pages as one."""
    import orjson

    whole = json_of(answer)
    while answer.status < 400 and isinstance(whole, dict) and "@odata.nextLink" in whole:
        answer = client.call("GET", whole["@odata.nextLink"])
        page = json_of(answer) or {}
        whole = {**page, "value": [*whole["value"], *page.get("value", [])]}
    return Answer(answer.status, answer.headers, orjson.dumps(whole)) if answer.status < 400 else answer
