"""How an app imports: what counts as a match, what is confirmed by itself, and when it runs by itself.

The settings are the INBOUND_PROVISIONING capabilities of the app.
Source: okta-admin-api.md 8.4; seed-catalogue.md 1.2.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import cron, job_queue, office365
from emulator.okta.app_kinds import CAPABILITIES
from emulator.okta.bad_values import bad
from emulator.okta.directory_users import AD
from emulator.okta.problems import invalid

FULL, INCREMENTAL = "FULL", "INCREMENTAL"
MODES = (FULL, INCREMENTAL)
_SCHEDULES = (("fullImport", FULL), ("incrementalImport", INCREMENTAL))
_FORMATS = ("EMAIL", "CUSTOM")
# Beside the API's two: what the console offers for Active Directory.
_AD_FORMATS = ("USER_PRINCIPAL_NAME", "SAM_ACCOUNT_NAME")
_LONGEST_NAME = 255


def inbound(store: Any, app: Doc) -> Doc:
    """The app's import settings: `{importSettings {username, schedule}, importRules {userCreateAndMatch}}`."""
    found = store.get(CAPABILITIES, app["id"])
    kept: Doc | None = (found or {}).get("inbound")
    return kept or first_inbound(app)


def first_inbound(app: Doc) -> Doc:
    """What a new app has. Everything of an Active Directory is confirmed by itself (inferred: what estates choose)."""
    directory = app["name"] == AD
    return {
        "importSettings": {
            "username": {"userNameFormat": "USER_PRINCIPAL_NAME" if directory else "EMAIL"},
            "schedule": {"status": "DISABLED", "fullImport": None, "incrementalImport": None},
        },
        "importRules": {"userCreateAndMatch": {
            "exactMatchCriteria": "USERNAME", "allowPartialMatch": False, "autoConfirmPartialMatch": False,
            "autoConfirmExactMatch": directory, "autoConfirmNewUsers": directory, "autoActivateNewUsers": directory,
        }},
    }  # fmt: skip


def matching(store: Any, app: Doc) -> Doc:
    """`{exactMatchCriteria, allowPartialMatch, autoConfirm…, autoActivateNewUsers}`."""
    found: Doc = inbound(store, app)["importRules"]["userCreateAndMatch"]
    return found


def keep(call: Call, app: Doc, wanted: Doc) -> None:
    """Store checked import settings of an app, and bring its schedule in line. Raises E0000001 `feature`."""
    from emulator.okta import app_installation

    check(call, app, wanted)
    kept = call.store.get(CAPABILITIES, app["id"])
    row = kept or {"id": app["id"], "capabilities": app_installation.first_capabilities()}
    row["inbound"] = wanted
    call.store.save(CAPABILITIES, row)
    schedule(call, app)


def check(call: Call, app: Doc, wanted: Doc) -> None:
    """The values that are no switches. Raises E0000001 `feature`."""
    from emulator.okta.resources import schemas

    name = wanted["importSettings"]["username"]
    formats = _FORMATS if app["name"] != AD else (*_FORMATS, *_AD_FORMATS)
    if name.get("userNameFormat") not in formats:
        raise _wrong("userNameFormat", name.get("userNameFormat"), f"It is one of {', '.join(formats)}.")
    expression = name.get("userNameExpression")
    if name["userNameFormat"] == "CUSTOM" and not _compiles(expression):
        raise _wrong("userNameExpression", expression, "CUSTOM names need an expression that can be read.")
    criterion = wanted["importRules"]["userCreateAndMatch"]["exactMatchCriteria"]
    known = {"USERNAME", "EMAIL", *schemas.user_attributes(call.store)}
    if not isinstance(criterion, str) or criterion not in known:
        raise _wrong("exactMatchCriteria", criterion, "It is USERNAME, EMAIL, or an attribute of the user profile.")
    for key, _ in _SCHEDULES:
        _check_schedule(key, wanted["importSettings"]["schedule"].get(key))
    times = wanted["importSettings"]["schedule"]
    if times["status"] == "ENABLED" and not (times["fullImport"] or times["incrementalImport"]):
        raise _wrong("schedule", None, "A schedule names when full or incremental imports run.")


def _compiles(expression: Any) -> bool:
    from emulator.okta.expressions import ExpressionError, compile_expression

    if not isinstance(expression, str) or not 0 < len(expression) <= _LONGEST_NAME * 4:
        return False
    try:
        compile_expression(expression)
    except ExpressionError:
        return False
    return True


def _check_schedule(key: str, given: Any) -> None:
    if given is None:
        return
    expression = given.get("expression") if isinstance(given, dict) else None
    zone = given.get("timezone") or "UTC" if isinstance(given, dict) else None
    if not isinstance(expression, str) or not isinstance(zone, str):
        raise _wrong(key, given, "A schedule has an expression and a timezone.")
    try:
        cron.parse(expression, zone)
    except cron.BadSchedule as error:
        raise _wrong(key, expression, f"It is a UNIX cron expression: {error}.") from error


def _wrong(name: str, value: Any, rule: str) -> Problem:
    return bad("feature", f"{name}: '{str(value)[:100]}' is not valid", name, str(value)[:200], rule)


# -- by the clock --------------------------------------------------------------------------------------------------


def schedule_key(app_id: str, mode: str) -> str:
    return f"import.schedule:{app_id}:{mode}"


def schedule(call: Call, app: Doc) -> None:
    """Have the app's next scheduled imports wait in the queue, or take them out of it."""
    if app["name"] != AD and not office365.is_office365(app):
        return
    times = inbound(call.store, app)["importSettings"]["schedule"]
    for key, mode in _SCHEDULES:
        job_queue.cancel(call, schedule_key(app["id"], mode))
        if times["status"] == "ENABLED" and times.get(key):
            _wait(call, app, mode, times[key])


def following(call: Call, app: Doc, mode: str) -> None:
    """A scheduled import has begun: the one after it waits from now on."""
    times = inbound(call.store, app)["importSettings"]["schedule"]
    key = next(key for key, name in _SCHEDULES if name == mode)
    if times["status"] == "ENABLED" and times.get(key):
        _wait(call, app, mode, times[key])


def _wait(call: Call, app: Doc, mode: str, given: Doc) -> None:
    due = cron.parse(given["expression"], given.get("timezone") or "UTC").after(call.now)
    if due is None:
        why = Why("No day fits the schedule.", (Compared("expression", given["expression"], "the app's schedule"),))
        raise invalid("feature", "schedule: never due", why=why)
    job_queue.enqueue(
        call, job_queue.import_kind(app), key=schedule_key(app["id"], mode),
        subject={"appId": app["id"], "importId": None, "mode": mode}, desired={"mode": mode}, app=app, not_before=due,
    )  # fmt: skip
