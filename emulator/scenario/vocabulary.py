"""The words of a scenario line: one struct for each verb, whose first field is the verb itself.

A line is a mapping with exactly one verb and that verb's other keys. This table is the whole language: it checks files,
makes the published JSON Schema, and prints the reference page. What the verbs do is in `scenario.verbs`.
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


# -- the cast -----------------------------------------------------------------------------------------------------


class Member(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who or what a scenario is about: picked from the world, or made for it with a name that the seed decides."""


class PickPerson(Member, kw_only=True):
    """Somebody of the world whom the seed picks, nobody twice.

    source: where their account comes from. licensed, assigned: of Office 365. where: a pattern on {login, role, side,
    federated}.
    """

    pick: Literal["person"]
    source: Literal["directory", "okta", "entra"] | None = None
    assigned: bool | None = None
    where: Doc = {}


class NewPerson(Member, kw_only=True):
    """A new person. on: where they are made. domain: an alias or name; by default the federated one for Okta, the
    managed one for Entra. profile: further attributes in that side's own names. assigned: to Office 365, with
    `licences`, and pushed."""

    new: Literal["person"]
    on: Literal["okta", "entra", "directory", "both"] = "okta"
    domain: str = ""
    password: str | None = None
    profile: Doc = {}
    groups: list[str] = []
    assigned: bool = False
    licences: list[str] = []
    app_profile: Doc = {}
    count: int | list[int] = 0
    """More than 0: a list of people; [least, most]: the seed decides how many."""


class NewGroup(Member, kw_only=True):
    """A new group. members: aliases. json: further attributes, in that side's own names."""

    new: Literal["group"]
    on: Literal["okta", "entra"] = "okta"
    members: list[str] = []
    profile: Doc = {}


class NewDomain(Member, kw_only=True):
    """A new domain of the tenant, verified unless told otherwise; `under`: below another one."""

    new: Literal["domain"]
    verified: bool = True
    under: str = ""


class NewDevice(Member, kw_only=True):
    """A device that somebody of the cast enrolled with Okta Verify. profile: what it reports of itself. A sign-in comes
    from it with `device: {okta: {id: $alias.id, key: $alias.key}}`."""

    new: Literal["device"]
    of: str
    managed: bool = False
    platform: Literal["ANDROID", "IOS", "MACOS", "WINDOWS"] = "WINDOWS"
    profile: Doc = {}


class PickLicence(Member, kw_only=True):
    """A subscription of the tenant that the seed picks, none twice. where: a pattern on subscribedSkus items."""

    pick: Literal["licence"]
    where: Doc = {}


class Number(Member, kw_only=True):
    """A number that the seed decides."""

    number: tuple[int, int]


class Word(Member, kw_only=True):
    """A word or two that the seed decides, for names of things."""

    word: Literal["name", "department", "secret"]


CAST: dict[tuple[str, str], type[Member]] = {
    ("pick", "person"): PickPerson, ("new", "person"): NewPerson, ("new", "group"): NewGroup,
    ("new", "domain"): NewDomain, ("new", "device"): NewDevice, ("pick", "licence"): PickLicence,
    ("number", ""): Number, ("word", ""): Word,
}  # fmt: skip


# -- the file -----------------------------------------------------------------------------------------------------


class Wrong(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A plausible wrong fix. do: its lines. worsens: checks that hold after it, where it makes things worse."""

    say: str
    do: list[Doc]
    worsens: list[Doc] = []


class Question(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Something that the trainee has to say. kind: how it is answered."""

    ask: str
    kind: Literal["text", "choice", "number", "list", "table"] = "text"
    choices: list[str] = []


class File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A scenario file. Lines are checked one by one against `VERBS`.

    id: the catalogue's row. shows: further rows that it witnesses. differs: what of it is not emulated.
    """

    id: str
    title: str
    level: int
    minutes: int
    teaches: list[str]
    area: str = ""
    shows: list[str] = []
    differs: str = ""
    world: Any = "acme"
    cast: dict[str, Doc] = {}
    backdrop: list[Doc] = []
    cause: list[Doc] = []
    play: list[Doc] = []
    expect: list[Doc] = []
    questions: dict[str, Question] = {}
    check: list[Doc]
    hints: list[str] = []
    wrong: list[Wrong] = []
    solve: list[Doc]


def json_schema() -> Doc:
    """The JSON Schema of scenario files, for editors."""
    components = msgspec.json.schema_components([File, *VERBS.values(), *CAST.values()])
    _, definitions = components
    line = {"oneOf": [{"$ref": f"#/$defs/{verb.__name__}"} for verb in VERBS.values()]}
    top = definitions["File"]
    for name in ("backdrop", "cause", "play", "expect", "check", "solve"):
        top["properties"][name]["items"] = line
    for name in ("do", "worsens"):
        definitions["Wrong"]["properties"][name]["items"] = line
    top["properties"]["cast"]["additionalProperties"] = {
        "oneOf": [{"$ref": f"#/$defs/{member.__name__}"} for member in dict.fromkeys(CAST.values())]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A tenantlab scenario", **top,
            "$defs": {name: value for name, value in definitions.items() if name != "File"}}  # fmt: skip
