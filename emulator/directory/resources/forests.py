"""The forest itself: /_lab/directory/forest: its domains, password policy, and the clock of its domain controller."""

import ipaddress
from typing import Any

from emulator.directory import objects
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

FOREST = Kind("forest", settled=True)
SEED_RANK = 1
_OURS = inferred("a control route of tenantlab, not a vendor's")
_AT = "/_lab/directory/forest"
_DEFAULTS: Doc = {
    "minPwdLength": 7, "lockoutThreshold": 10, "lockoutDuration": "PT30M", "clockSkew": "PT0S", "reachableFrom": [],
}  # fmt: skip
_MOST_SKEW = 366 * 86_400_000


@operation("GET", _AT, source=_OURS, auth="none")
def get_forest(call: Call) -> Doc:
    """`{forest, domains, minPwdLength, lockoutThreshold, lockoutDuration, clockSkew, reachableFrom,
    highestCommittedUSN}`."""
    return render(call)


@operation("PATCH", _AT, source=_OURS, auth="none")
def update_forest(call: Call) -> Doc:
    """Change the password policy, the domain controller's `clockSkew` (an ISO 8601 duration, ahead of the world), or
    `reachableFrom`: the networks (`10.0.0.0/8`) whose computers reach it for tickets; none: all do."""
    doc = dict(the(call.store))
    for key, value in call.body.items():
        _check(key, value)
        doc[key] = value
    call.store.put(FOREST, doc)
    return render(call)


def _check(key: str, value: Any) -> None:
    if key not in _DEFAULTS:
        why = Why("These are the forest's settings.", (Compared("setting", key, "request body"),), ", ".join(_DEFAULTS))
        raise Problem("unwillingToPerform", f"{key} is no setting of a forest.", why=why)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 999
    if isinstance(_DEFAULTS[key], str):
        try:
            fits = isinstance(value, str) and abs(parse_duration(value)) <= _MOST_SKEW
        except ValueError:
            fits = False
    if isinstance(_DEFAULTS[key], list):
        fits = isinstance(value, list) and len(value) <= 100 and all(_is_network(text) for text in value)
    if not fits:
        why = Why("A setting has its syntax.", (Compared(key, value, "request body"),))
        raise Problem("constraintViolation", f"{key} is not valid.", why=why)


def _is_network(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def render(call: Call) -> Doc:
    doc = public(the(call.store))
    doc.pop("id")
    return {**doc, "highestCommittedUSN": objects.highest(call.store)}


def the(store: Any) -> Doc:
    """The forest's document."""
    found: Doc = store.all(FOREST)[0]
    return found


def domain_of(store: Any, name: str) -> str:
    """The domain that a user principal name's suffix is, or else the forest's first one."""
    forest, suffix = the(store), name.rpartition("@")[2].casefold()
    return next((domain for domain in forest["domains"] if domain.casefold() == suffix), str(forest["forest"]))


def controller_time(store: Any, now: int) -> int:
    """The time on the domain controller's clock, in ms."""
    return now + parse_duration(the(store)["clockSkew"])


def check_password(store: Any, password: str) -> None:
    """Raises 400 when the policy does not take a password."""
    least = the(store)["minPwdLength"]
    if len(password) < least:
        compared = (Compared("length", len(password), "request body"), Compared("minPwdLength", least, "the forest"))
        raise Problem(
            "constraintViolation", "The password does not meet the policy.", why=Why("It is too short.", compared)
        )


def seed(seeding: Seeding) -> None:
    """`forest: corp.example`, `domains: [...]`, `settings: {minPwdLength, lockoutThreshold, ...}`."""
    spec = seeding.spec
    domains = list(dict.fromkeys([spec["forest"], *spec.get("domains", ())]))
    seeding.store.add(FOREST, {
        "id": "forest", "forest": spec["forest"], "domains": domains, **_DEFAULTS, **spec.get("settings", {}),
    })  # fmt: skip
