"""The words of a scenario's cast: who or what it is about, picked from the world or made for it."""

from typing import Literal

import msgspec

from emulator.kernel.doc import Doc


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
