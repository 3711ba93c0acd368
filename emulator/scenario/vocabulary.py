"""The words of a scenario line: one struct for each verb, whose first field is the verb itself.

A line is a mapping with exactly one verb and that verb's other keys. This table is the whole language of lines: it
checks files, makes the published JSON Schema, and prints the reference page. What the verbs do is in `scenario.verbs`;
the words of the cast are in `cast_words`, the file around both in `scenario_file`.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from emulator.kernel.doc import Doc


class Line(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every line may say. as: the alias of its result. is: the pattern that the result must fit. say: what it is
    about, for people. else: what to think about when it does not fit."""

    as_: str = field(name="as", default="")
    is_: Any = field(name="is", default=UNSET)
    say: str = ""
    else_: str = field(name="else", default="")


class Call(Line, kw_only=True):
    """One API call. json: its body. form: a form instead. status: what must come back, else anything below 400 (in
    checks: anything). Result: {status, body, headers, why}."""

    json: Any = UNSET
    form: dict[str, Any] | UnsetType = UNSET
    headers: dict[str, str] = {}
    status: int | list[int] | UnsetType = UNSET


class Okta(Call, kw_only=True):
    """`METHOD /path` at the Okta org, as its super administrator. by: a person, with a session of theirs instead."""

    okta: str
    by: Any = None


class Entra(Call, kw_only=True):
    """`METHOD /path` at Microsoft Graph (below /v1.0 unless the path says), as an application with every permission.

    by: a person who asks instead, through Microsoft's command-line client, for what only people may do.
    """

    entra: str
    by: Any = None


class Directory(Call, kw_only=True):
    """`METHOD /path` at the on-premises directory."""

    directory: str


class Lab(Call, kw_only=True):
    """`METHOD /path` of the lab's own control routes."""

    lab: str


class Http(Call, kw_only=True):
    """`METHOD https://host/path` anywhere in the world, without a credential."""

    http: str


class Merge(Line, kw_only=True):
    """Read an Okta document, merge `json` into it, and put it back: `/api/v1/apps/$app.id`. null removes a key."""

    merge: str
    json: Doc


class Assign(Line, kw_only=True):
    """Assign an app (default: the world's Office 365 app) to a person, a list of people, or a group.

    Result: the assignment, or a list of them.
    """

    assign: Any
    app: str = ""
    profile: Doc = {}
    user_name: str = ""
    priority: int | UnsetType = UNSET


class Unassign(Line, kw_only=True):
    """Take an app (default: the Office 365 app) away from a person, a list of people, or a group."""

    unassign: Any
    app: str = ""


class AppUser(Line, kw_only=True):
    """Edit a person's assignment, or those of a list of people. profile: attributes to set. Result: the assignment, or
    a list of them."""

    app_user: Any
    app: str = ""
    profile: Doc = {}
    user_name: str = ""


class Mapping(Line, kw_only=True):
    """Set expressions of the mapping from Okta users to an app's (default: Office 365). null unmaps an attribute."""

    mapping: dict[str, str | None]
    app: str = ""
    push: Literal["PUSH", "DONT_PUSH"] = "PUSH"


class Sync(Line, kw_only=True):
    """Run the connector until nothing is due. Result: {ran, next_due}."""

    sync: bool


class Advance(Line, kw_only=True):
    """Move world time on by an ISO 8601 duration."""

    advance: str


class Consent(Line, kw_only=True):
    """A tenant's administrator consents to one of an app's (default: Office 365) two clients, in a browser."""

    consent: Literal["FEDERATION", "GRAPH"]
    by: Any
    app: str = ""


class SignIn(Line, kw_only=True):
    """A person signs in with a scripted client. browser: a profile that keeps its cookies. factors: how they prove
    themselves ({"push": "approve"}). answers: what they say on Microsoft's pages ({"kmsi": "yes", "terms": "accept",
    "new_password": ...}). consents: what they answer on a consent page; without it they stop there. Result: how it
    ended; of a list of people, a list."""

    sign_in: Any
    client: str = "browser"
    password: str | None = None
    address: str = "127.0.0.1"
    user_agent: str = ""
    device: Doc = {}
    factors: Doc = {}
    answers: Doc = {}
    start: str = ""
    scope: str = ""
    asked: Doc = {}
    browser: str = ""
    consents: Literal["", "accept", "everybody", "decline"] = ""


class Fault(Line, kw_only=True):
    """Make requests go wrong on purpose: a fault rule. Result: the rule with its id."""

    fault: Doc


class ClearFaults(Line, kw_only=True):
    """Take all fault rules away."""

    clear_faults: bool


class Limits(Line, kw_only=True):
    """Rate limits: `off`, `documented`, or own numbers by bucket."""

    limits: str | Doc


class Journal(Line, kw_only=True):
    """Log rows of one party since the scenario's play (or its solution) began. where: a pattern. Result: the rows."""

    journal: Literal["okta", "entra", "directory"]
    stream: str = ""
    where: Any = {}


class Tape(Line, kw_only=True):
    """Exchanges since the scenario's play (or its solution) began. Result: those that fit `where`."""

    tape: Any


class Value(Line, kw_only=True):
    """A value, usually a reference. Result: itself."""

    value: Any


class Answer(Line, kw_only=True):
    """Answer the scenario's questions, as a trainee does with `tenantlab scenario answer`."""

    answer: Doc


class Answered(Line, kw_only=True):
    """The answer that was given to a question. Result: it, or null."""

    answered: str


class Run(Line, kw_only=True):
    """Run a command in the scenario's folder, with the environment of a served world. `python` is this interpreter; its
    script, like a program with a path, is a file of the folder. env: further variables. timeout: seconds. Result:
    {code, out, err}."""

    run: list[str]
    env: dict[str, Any] = {}
    timeout: int = 60


class Python(Line, kw_only=True):
    """Call `function(stage, **with)` of the scenario's steps.py. Result: what it returns."""

    python: str
    with_: Doc = field(name="with", default={})


VERBS: dict[str, type[Line]] = {
    "okta": Okta, "entra": Entra, "directory": Directory, "lab": Lab, "http": Http, "merge": Merge, "assign": Assign,
    "unassign": Unassign, "app_user": AppUser, "mapping": Mapping, "sync": Sync, "advance": Advance, "consent": Consent,
    "sign_in": SignIn,
    "fault": Fault, "clear_faults": ClearFaults, "limits": Limits, "journal": Journal, "tape": Tape, "value": Value,
    "answer": Answer, "answered": Answered, "run": Run, "python": Python,
}  # fmt: skip
