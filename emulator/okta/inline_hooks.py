"""Inline hooks: a service of the customer's that the org asks in the middle of what it does, and that may change it.

Source: Okta's pages on inline hooks (request and response envelopes, three seconds, one retry; commands as patches).
Only receivers on loopback and in the world itself are reached. What a hook answers wrongly is left aside, and the flow
goes on as if it had not been asked; an `error` that it returns stops the flow.
"""

from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.ids import as_guid
from emulator.kernel.problems import Compared, Why
from emulator.okta import hook_oauth
from emulator.okta.events import emit, target
from emulator.okta.hook_delivery import headers_of
from emulator.okta.problems import invalid
from emulator.store import Column, Kind

INLINE_HOOKS = Kind("inline_hooks", (Column("status"), Column("type"), Column("name", fold=True)))
ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
TOKENS, SAML = "com.okta.oauth2.tokens.transform", "com.okta.saml.tokens.transform"
TYPES = (
    "com.okta.import.transform", TOKENS, SAML, "com.okta.telephony.provider",
    "com.okta.user.credential.password.import", "com.okta.user.pre-registration",
)  # fmt: skip
NO_SUMMARY = "The callback service returned an error."
NO_TOKEN = -1
"""In place of a status: the token endpoint of an OAUTH channel gave no access token."""
_MOST_ANSWER, _MOST_COMMANDS, _MOST_OPERATIONS = 256 * 1024, 20, 100


class HookError(Exception):
    """A hook's `error`: the flow stops with its summary."""

    def __init__(self, hook: Doc, summary: str) -> None:
        super().__init__(summary)
        self.hook = hook
        self.summary = summary
        shown = Compared("errorSummary", summary[:200], f"inline hook {hook['name']}")
        self.why = Why("The inline hook refused.", (shown,), "Ask the service behind the hook.")


def target_of(hook: Doc) -> Doc:
    return target("InlineHook", hook["id"], name=hook["name"])


def active(call: Call, id: str, kind: str) -> Doc | None:
    """The hook of that id where it is switched on and of that type."""
    found: Doc | None = call.store.get(INLINE_HOOKS, id)
    return found if found is not None and found["status"] == ACTIVE and found["type"] == kind else None


def check_named(call: Call, ids: list[str], kind: str) -> None:
    """Raises E0000001 for an id that is no hook of that type."""
    for id in ids:
        found = call.store.get(INLINE_HOOKS, id)
        if found is None or found["type"] != kind:
            compared = (
                Compared("inlineHooks.id", id[:100], "request body"),
                Compared("type", found["type"] if found else None, "inline hook"),
                Compared("wanted", kind, "the place"),
            )  # fmt: skip
            why = Why("It names an inline hook of that type.", compared)
            raise invalid("inlineHooks", "inlineHooks: The inline hook does not exist", why=why)


def envelope(call: Call, hook: Doc, source: str, data: Doc) -> Doc:
    """The request that a hook's receiver gets."""
    number = as_guid(bytes.fromhex(call.ids.derive(f"hook {call.request_id} {hook['id']}", 16).hex()))
    return {
        "source": source, "eventId": number, "eventTime": iso(call.now), "eventTypeVersion": "1.0",
        "cloudEventVersion": "0.1", "eventType": hook["type"], "contentType": "application/json", "data": data,
    }  # fmt: skip


def send(call: Call, hook: Doc, body: Doc) -> tuple[int, Any]:
    """Status (0: nobody answered in time; NO_TOKEN) and JSON (None: none) of one exchange with the receiver.

    Asked outside any transaction, and once more where nobody answered or the answer is a 5xx.
    """
    parts = urlsplit(hook["channel"]["config"]["uri"])
    token = None
    if hook["channel"]["type"] == "OAUTH":
        token = hook_oauth.access_token(call, hook)
        if token is None:
            return NO_TOKEN, None
    headers = {
        "host": parts.netloc,
        **headers_of(hook),
        **({"authorization": f"Bearer {token}"} if token else {}),
        "accept": "application/json",
        "content-type": "application/json",
    }
    sent = Exchange("POST", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers, orjson.dumps(body))
    status, found = 0, None
    for _ in range(2):
        answer = call.outbound(sent) if call.outbound is not None else None
        status = answer.status if answer is not None else 0
        if answer is not None and 0 < status < 500:
            try:
                found = orjson.loads(answer.body) if len(answer.body) <= _MOST_ANSWER else None
            except orjson.JSONDecodeError:
                found = None
            break
    return status, found


def ask(call: Call, hook: Doc, source: str, data: Doc) -> list[Doc]:
    """The commands of a hook, none where it answers wrongly or not at all. Raises HookError for its `error`."""
    status, found = send(call, hook, envelope(call, hook, source, data))
    problem = _problem(status, found)
    if problem:
        executed(call, hook, problem)
        return []
    if status == 204 or not isinstance(found, dict):
        executed(call, hook, "")
        return []
    error = found.get("error")
    if error is not None:
        summary = error.get("errorSummary") if isinstance(error, dict) else None
        text = summary[:1000] if isinstance(summary, str) and summary else NO_SUMMARY
        executed(call, hook, text)
        raise HookError(hook, text)
    return [item for item in (found.get("commands") or [])[:_MOST_COMMANDS] if isinstance(item, dict)]


def _problem(status: int, found: Any) -> str:
    if status == NO_TOKEN:
        return "The token endpoint gave no access token."
    if status == 0:
        return "The endpoint could not be reached, or did not answer within three seconds."
    if not 200 <= status < 300:
        return f"The endpoint answered {status}."
    if status != 204 and not (isinstance(found, dict) and isinstance(found.get("commands") or [], list)):
        return "The endpoint did not answer with a JSON object."
    return ""


def executed(call: Call, hook: Doc, problem: str) -> None:
    """The System Log's line about one use of a hook; problem: "" where its answer was used."""
    why = None
    if problem:
        call.note(f"inline hook {hook['name']}: {problem}")
        uri = Compared("uri", hook["channel"]["config"]["uri"], f"inline hook {hook['name']}")
        why = Why(f"The inline hook's answer was not used: {problem}", (uri,))
    emit(
        call, "inline_hook.executed", [target_of(hook)], outcome="FAILURE" if problem else "SUCCESS",
        reason=problem or None, severity="WARN" if problem else "INFO", why=why,
    )  # fmt: skip


# -- patches -------------------------------------------------------------------------------------------------------


def operations(commands: list[Doc], kind: str) -> list[Doc]:
    """The patch operations of the commands of one type. ValueError for what is none."""
    found: list[Doc] = []
    for command in commands:
        if command.get("type") != kind:
            continue
        value = command.get("value")
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ValueError(f"the value of {kind} is not a list of operations")
        found += value
    if len(found) > _MOST_OPERATIONS:
        raise ValueError(f"{len(found)} operations; {_MOST_OPERATIONS} are allowed")
    return found


def patched(doc: Doc, changes: list[Doc]) -> Doc:
    """A copy with RFC 6902's add, replace and remove. ValueError where one does not fit."""
    made: Doc = orjson.loads(orjson.dumps(doc))
    for change in changes:
        operation, path = change.get("op"), change.get("path")
        if operation not in ("add", "replace", "remove") or not isinstance(path, str) or not path.startswith("/"):
            raise ValueError(f"no operation that is known: {str(operation)[:20]} {str(path)[:80]}")
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
        _apply(made, str(operation), steps, change.get("value"))
    return made


def _apply(doc: Any, operation: str, steps: list[str], value: Any) -> None:
    *way, last = steps
    for step in way:
        doc = _at(doc, step)
    if isinstance(doc, dict):
        if operation != "add" and last not in doc:
            raise ValueError(f"there is no {last[:60]} to {operation}")
        if operation == "remove":
            del doc[last]
        else:
            doc[last] = value
        return
    if not isinstance(doc, list):
        raise ValueError(f"{last[:60]} is in nothing")
    number = len(doc) if last == "-" and operation == "add" else _index(last, len(doc) + int(operation == "add"))
    if operation == "add":
        doc.insert(number, value)
    elif operation == "remove":
        del doc[number]
    else:
        doc[number] = value


def _at(doc: Any, step: str) -> Any:
    if isinstance(doc, dict) and step in doc:
        return doc[step]
    if isinstance(doc, list):
        return doc[_index(step, len(doc))]
    raise ValueError(f"there is no {step[:60]}")


def _index(step: str, size: int) -> int:
    if not (step.isascii() and step.isdigit() and len(step) < 6 and int(step) < size):
        raise ValueError(f"{step[:20]} is no place in a list of {size}")
    return int(step)
