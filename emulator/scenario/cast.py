"""The cast: people, groups, domains, devices, licences, numbers and words, picked or made by the seed.

The seed decides names, picks and counts; equal seeds give equal casts.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario import cast_words as words
from emulator.scenario.dice import Dice, ascii_of
from emulator.scenario.enrolment import enrolled
from emulator.scenario.matching import mismatch
from emulator.scenario.members import Group, Person
from emulator.scenario.stage import Stage
from emulator.serving.estate_names import DEPARTMENTS, cultures


def predeclared(stage: Stage, seed: str) -> Doc:
    """The aliases that every scenario has: `world`, `org`, `tenant`, `domain`, `app`, `seed`."""
    entra, okta = stage.lab.get("entra") or {}, stage.lab.get("okta") or {}
    tenant = str(entra.get("tenant_id", ""))
    return {
        "world": stage.lab,
        "org": {"host": stage.hosts.get("okta"), "url": f"https://{stage.hosts.get('okta')}"},
        "tenant": {"id": tenant, "client_id": entra.get("client_id"), "client_secret": entra.get("client_secret"),
                   "public_client_id": entra.get("public_client_id"), "initial": _initial(stage)},
        "domain": {"federated": entra.get("federated_domain"), "managed": entra.get("managed_domain")},
        "app": {"self": okta.get("o365_app_id"), "id": okta.get("o365_app_id"), "key": okta.get("o365_external_key"),
                "policy": _policy(stage)},
        "seed": seed,
    }  # fmt: skip


def _policy(stage: Stage) -> str:
    """The id of the Office 365 app's sign-on policy; empty where the world has no such app."""
    if not stage.app_id:
        return ""
    [policy] = stage.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={stage.app_id}")
    return str(policy["id"])


def _initial(stage: Stage) -> str:
    domains = (stage.graph("/domains") or {}).get("value", [])
    return next((str(each["id"]) for each in domains if each.get("isInitial")), "")


class Casting:
    """Makes a scenario's cast, in the file's order."""

    def __init__(self, stage: Stage, seed: str) -> None:
        self.stage, self.dice = stage, Dice(seed)
        self._taken: set[str] = set()

    def make(self, alias: str, member: words.Member) -> Any:
        """The alias's value. LabError when the world has nobody like that."""
        if isinstance(member, words.PickPerson):
            return self._picked(alias, member)
        if isinstance(member, words.NewPerson):
            return self._people(alias, member)
        if isinstance(member, words.NewGroup):
            return self._group(alias, member)
        if isinstance(member, words.NewDomain):
            return self._domain(alias, member)
        if isinstance(member, words.NewDevice):
            return enrolled(self.stage, self.dice, alias, member)
        if isinstance(member, words.PickLicence):
            return self._licence(alias, member)
        if isinstance(member, words.Number):
            return self.dice.number(alias, *member.number)
        assert isinstance(member, words.Word)
        return self._word(alias, member.word)

    # -- picked -------------------------------------------------------------------------------------------------

    def _picked(self, alias: str, member: words.PickPerson) -> Person:
        wanted = {"role": "person", **member.where}
        people = [
            each for each in self.stage.lab.get("users") or ()
            if each["login"] not in self._taken and mismatch(wanted, each) is None and self._fits(each, member)
        ]  # fmt: skip
        if not people:
            raise LabError(f"The world has nobody left for {alias!r}.", hint="Ask for less, or make a new person.")
        chosen = self.dice.choose(alias, people)
        self._taken.add(chosen["login"])
        return Person(self.stage, chosen["login"], password=chosen["password"])

    def _fits(self, person: Doc, member: words.PickPerson) -> bool:
        login = person["login"]
        if member.source is not None:
            in_directory = self.stage.directory is not None and (
                self.stage.directory.call("GET", f"/users/{login}").status == 200
            )
            source = "entra" if person["side"] == "entra" else "directory" if in_directory else "okta"
            if source != member.source:
                return False
        if member.assigned is None or person["side"] == "entra":
            return member.assigned is not True
        return bool(Person(self.stage, login).part("app")) is member.assigned

    def _licence(self, alias: str, member: words.PickLicence) -> Doc:
        skus = (self.stage.graph("/subscribedSkus") or {}).get("value", [])
        left = [
            each for each in skus
            if each["skuId"] not in self._taken and mismatch(member.where, each) is None
            and each["prepaidUnits"]["enabled"] > each["consumedUnits"]
        ]  # fmt: skip
        if not left:
            raise LabError(f"The tenant has no licence left for {alias!r}.", hint="Ask for fewer licences.")
        chosen = self.dice.choose(alias, left)
        self._taken.add(chosen["skuId"])
        plans = [each["servicePlanName"] for each in chosen["servicePlans"] if each["appliesTo"] == "User"]
        return {"self": chosen["skuPartNumber"], "name": chosen["skuPartNumber"], "id": chosen["skuId"], "plans": plans}

    # -- made ---------------------------------------------------------------------------------------------------

    def _people(self, alias: str, member: words.NewPerson) -> Any:
        if not member.count:
            return self._person(alias, member)
        least, most = member.count if isinstance(member.count, list) else (member.count, member.count)
        return [self._person(f"{alias} {at}", member) for at in range(self.dice.number(alias, least, most))]

    def _person(self, alias: str, member: words.NewPerson) -> Person:
        culture = self.dice.choose(f"{alias} culture", list(cultures()))
        first, last = (
            self.dice.choose(f"{alias} {part}", list(getattr(culture, part))) for part in ("given", "family")
        )
        federated = member.on in ("okta", "both", "directory")
        domain = member.domain or (self.stage.aliases["domain"]["federated" if federated else "managed"])
        short = f"{ascii_of(first)}.{ascii_of(last)}.{self.dice.text(alias, 3).lower()}"
        login = f"{short}@{domain}"
        password = member.password or f"Test-only-{self.dice.text(f'{alias} password', 10)}-7x"
        country = culture.places[0][0]
        facts = {"first": first, "last": last}
        if member.on in ("okta", "both"):
            facts["id"] = self._in_okta(login, facts, password, country, member)
        if member.on == "directory":
            facts["id"] = self._in_directory(login, facts, password, country, member)
        if member.on in ("entra", "both"):
            facts["object"] = self._in_entra(login, facts, password, country, member)
        person = Person(self.stage, login, password=password, facts=facts)
        if member.assigned:
            profile = {**({"licenses": member.licences} if member.licences else {}), **member.app_profile}
            self.stage.okta.post(
                f"/api/v1/apps/{self.stage.app_id}/users",
                {"id": person.part("id"), "scope": "USER", "profile": profile},
            )
            self.stage.sync()
        return person

    def _in_okta(self, login: str, facts: Doc, password: str, country: str, member: words.NewPerson) -> str:
        own = member.profile if member.on == "okta" else {}
        profile = {"firstName": facts["first"], "lastName": facts["last"], "email": login, "login": login,
                   "displayName": f"{facts['first']} {facts['last']}", "countryCode": country, **own}  # fmt: skip
        profile = {key: value for key, value in profile.items() if value is not None}
        groups = [str(self.stage.aliases[name].part("id")) for name in member.groups]
        user = {"profile": profile, "credentials": {"password": {"value": password}}, "groupIds": groups}
        return str(self.stage.okta.post("/api/v1/users?activate=true", user)["id"])

    def _in_directory(self, login: str, facts: Doc, password: str, country: str, member: words.NewPerson) -> str:
        if self.stage.directory is None:
            raise LabError("This world has no directory.", hint="Make the person on Okta.")
        self.stage.directory.post("/users", {
            "userPrincipalName": login, "sAMAccountName": login.partition("@")[0][:20], "givenName": facts["first"],
            "sn": facts["last"], "displayName": f"{facts['first']} {facts['last']}", "mail": login,
            "password": password, "msExchUsageLocation": country, **member.profile,
        })  # fmt: skip
        self.stage.control("POST", "directory/import", {})
        self.stage.sync()
        found = self.stage.org(f"/api/v1/users/{login}")
        if found is None:
            raise LabError(f"The directory's import did not bring {login} to Okta.", hint="See the org's tasks.")
        groups = [str(self.stage.aliases[name].part("id")) for name in member.groups]
        for group in groups:
            self.stage.okta.put(f"/api/v1/groups/{group}/users/{found['id']}")
        return str(found["id"])

    def _in_entra(self, login: str, facts: Doc, password: str, country: str, member: words.NewPerson) -> str:
        own = member.profile if member.on == "entra" else {}
        user = {"accountEnabled": True, "displayName": f"{facts['first']} {facts['last']}", "givenName": facts["first"],
                "surname": facts["last"], "mailNickname": login.partition("@")[0], "userPrincipalName": login,
                "usageLocation": country,
                "passwordProfile": {"password": password, "forceChangePasswordNextSignIn": False}, **own}  # fmt: skip
        if member.on == "both" and "onPremisesImmutableId" not in user:
            user["onPremisesImmutableId"] = facts["id"]
        user = {key: value for key, value in user.items() if value is not None}
        return str(self.stage.entra.post("/v1.0/users", user)["id"])

    def _group(self, alias: str, member: words.NewGroup) -> Group:
        name = f"{self._word(f'{alias} group', 'department')} {self.dice.text(alias, 4)}"
        if member.on == "okta":
            doc = self.stage.okta.post("/api/v1/groups", {"profile": {"name": name, **member.profile}})
            for person in self._members(member):
                self.stage.okta.put(f"/api/v1/groups/{doc['id']}/users/{person.part('id')}")
            return Group(self.stage, "okta", {"id": doc["id"], "name": doc["profile"]["name"]})
        body = {"displayName": name, "mailEnabled": False, "securityEnabled": True,
                "mailNickname": self.dice.text(f"{alias} nick", 10), **member.profile}  # fmt: skip
        doc = self.stage.entra.post("/v1.0/groups", body)
        for person in self._members(member):
            ref = f"https://graph.microsoft.com/v1.0/directoryObjects/{person.part('object')}"
            self.stage.entra.post(f"/v1.0/groups/{doc['id']}/members/$ref", {"@odata.id": ref})
        return Group(self.stage, "entra", {"id": doc["id"], "name": doc["displayName"]})

    def _members(self, member: words.NewGroup) -> list[Person]:
        found: list[Person] = []
        for name in member.members:
            alias = self.stage.aliases[name]
            found += alias if isinstance(alias, list) else [alias]
        return found

    def _domain(self, alias: str, member: words.NewDomain) -> Doc:
        word = self.dice.text(alias, 8).lower()
        name = f"{word}.{member.under}" if member.under else f"d{word}.example"
        self.stage.entra.post("/v1.0/domains", {"id": name})
        if member.verified:
            self.stage.entra.post(f"/v1.0/domains/{name}/verify")
        return {"self": name, "name": name}

    def _word(self, alias: str, kind: str) -> str:
        if kind == "department":
            return str(self.dice.choose(alias, sorted(DEPARTMENTS)))
        if kind == "secret":
            return f"Test-only-{self.dice.text(alias, 12)}-7x"
        culture = self.dice.choose(f"{alias} culture", list(cultures()))
        return str(self.dice.choose(alias, list(culture.family)))
