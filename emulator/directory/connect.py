"""Entra Connect: one synchronisation cycle after another, from the directory to the tenant. A wire client.

It writes through the tenant's on-premises channel, as an application that the tenant lets do so. Source: federation.md
1 and 3, seed-catalogue.md 1.2; Microsoft's pages on Entra Connect.
# Differs: password hashes travel with the cycle, not every two minutes.
"""

from typing import Any
from urllib.parse import quote

from emulator.directory.names import below, domain_of
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc
from emulator.wire.client import Http, Transport, Unreachable, doc_of

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
AT_ONCE = 500
# Graph's names by LDAP's.
USER = {
    "userPrincipalName": "userPrincipalName", "displayName": "displayName", "givenName": "givenName", "surname": "sn",
    "mail": "mail", "jobTitle": "title", "department": "department", "companyName": "company", "city": "l",
    "state": "st", "country": "co", "postalCode": "postalCode", "streetAddress": "streetAddress",
    "officeLocation": "physicalDeliveryOfficeName", "mobilePhone": "mobile", "faxNumber": "facsimileTelephoneNumber",
    "employeeId": "employeeID", "usageLocation": "msExchUsageLocation", "preferredLanguage": "preferredLanguage",
    "proxyAddresses": "proxyAddresses", "accountEnabled": "enabled", "onPremisesSamAccountName": "sAMAccountName",
    "onPremisesDistinguishedName": "distinguishedName", "onPremisesUserPrincipalName": "userPrincipalName",
}  # fmt: skip
GROUP = {
    "description": "description", "mail": "mail", "proxyAddresses": "proxyAddresses",
    "onPremisesSamAccountName": "sAMAccountName",
}  # fmt: skip
_BARRED = str.maketrans("", "", '@()\\[]";:<>, ')


class _Refused(Exception):
    """The tenant or the sign-in service said no."""


class ConnectSync:
    """The synchronisation engine of one forest; `controller` is a base URL, `key` what it asks its callers for."""

    def __init__(
        self, transport: Transport, *, controller: str, key: str | None = None, login: str = LOGIN, graph: str = GRAPH
    ) -> None:
        headers = {"user-agent": "AADConnect"}
        own = {"authorization": f"Bearer {key}"} if key else {}
        self._directory = Http(transport, base=controller, headers={**headers, **own})
        self._microsoft = Http(transport, headers=headers)
        self._login, self._graph = login, graph

    def run_once(self) -> Doc | None:
        """Run a cycle that is due: `{kind, subject, outcome, result}`; None when none is."""
        plan = doc_of(self._directory.request("POST", "/_lab/directory/connect/begin"))
        if not plan.get("due"):
            return None
        configuration = plan["configuration"]
        summary = {"kind": "connect.cycle", "subject": configuration["tenant"]}
        try:
            counts, errors, cursor = self._cycle(plan)
        except (_Refused, Unreachable) as error:
            self._report({"status": "failed", "policy": plan["policy"], "message": str(error)[:500], "errors": []})
            return {**summary, "outcome": "failed", "message": str(error)[:500]}
        self._report(
            {"status": "success", "policy": plan["policy"], "cursor": cursor, "counts": counts, "errors": errors}
        )
        return {**summary, "outcome": "done", "result": counts}

    def _report(self, body: Doc) -> None:
        self._directory.request("POST", "/_lab/directory/connect/report", json=body)

    # -- one cycle ----------------------------------------------------------------------------------------------

    def _cycle(self, plan: Doc) -> tuple[Doc, list[Doc], int]:
        configuration = plan["configuration"]
        since = 0 if plan["policy"] == "initial" else int(plan["cursor"])
        token = self._token(configuration)
        found, deleted, cursor = self._read(since)
        anchors = Anchors(configuration["sourceAnchor"], found)
        self._write_back(anchors)
        inside = [item for item in found if in_scope(item, configuration["organizationalUnits"])]
        gone = [item for item in found if not in_scope(item, configuration["organizationalUnits"])] + deleted
        if plan["policy"] == "initial":
            gone += self._stale(token, {anchors.of(item) for item in inside})
        sent = [as_object(item, anchors, configuration, since) for item in inside]
        results = self._export(token, sent, [
            {"type": _kind(item), "sourceAnchor": item.get("anchor") or anchors.of(item)} for item in gone
        ])  # fmt: skip
        return _counts(results), [item for item in results if item.get("error") or item.get("conflicts")], cursor

    def _read(self, since: int) -> tuple[list[Doc], list[Doc], int]:
        found: list[Doc] = []
        deleted: list[Doc] = []
        more = True
        while more:
            page = doc_of(self._directory.request("GET", f"/_lab/directory/replica?since={since}&limit=1000"))
            if "objects" not in page:
                raise _Refused("the domain controller does not answer")
            found += page["objects"]
            deleted += page["deleted"]
            since, more = int(page["next"]), bool(page["more"])
        return found, deleted, since

    def _write_back(self, anchors: "Anchors") -> None:
        """An anchor that is kept in an attribute is written there for who has none yet."""
        for guid, anchor in anchors.fresh.items():
            self._directory.request("PATCH", f"/_lab/directory/users/{guid}", json={anchors.attribute: anchor})

    def _stale(self, token: str, kept: set[str]) -> list[Doc]:
        """What the tenant has from here, and this directory no longer brings."""
        found: list[Doc] = []
        forest = doc_of(self._directory.request("GET", "/_lab/directory/forest"))
        domains = {name.casefold() for name in forest.get("domains") or ()}
        for kind in ("user", "group"):
            after = ""
            while True:
                path = f"/_lab/onpremises/objects?type={kind}&after={quote(after)}"
                page = self._ask(token, "GET", path, None)
                found += [
                    {"objectClass": kind, "anchor": item["sourceAnchor"]} for item in page.get("value") or ()
                    if item["sourceAnchor"] not in kept and _of(item, domains)
                ]  # fmt: skip
                after = page.get("next") or ""
                if not after:
                    break
        return found

    def _export(self, token: str, sent: list[Doc], gone: list[Doc]) -> list[Doc]:
        """Users, then groups, then links that go over pieces, then deletions."""
        results: list[Doc] = []
        for at in range(0, len(sent), AT_ONCE):
            results += self._ask(token, "POST", "/_lab/onpremises/sync", {"objects": sent[at : at + AT_ONCE]})[
                "results"
            ]
        if len(sent) > AT_ONCE:
            links = [{**item, "attributes": {}} for item in sent if item.get("manager")]
            for item in links:
                item.pop("passwordHash", None)
            for at in range(0, len(links), AT_ONCE):
                self._ask(token, "POST", "/_lab/onpremises/sync", {"objects": links[at : at + AT_ONCE]})
        for at in range(0, len(gone), 1000):
            body = {"deletions": gone[at : at + 1000]}
            results += self._ask(token, "POST", "/_lab/onpremises/sync", body)["results"]
        if not sent and not gone:  # a cycle without changes is a sign of life all the same
            self._ask(token, "POST", "/_lab/onpremises/sync", {"objects": []})
        return results

    # -- the tenant ---------------------------------------------------------------------------------------------

    def _token(self, configuration: Doc) -> str:
        form = {
            "grant_type": "client_credentials", "client_id": configuration["clientId"],
            "client_secret": configuration["clientSecret"], "scope": f"{self._graph}/.default",
        }  # fmt: skip
        url = f"{self._login}/{quote(configuration['tenant'], safe='')}/oauth2/v2.0/token"
        answer = self._microsoft.request("POST", url, form=form)
        body = doc_of(answer)
        if answer.status != 200:
            raise _Refused(str(body.get("error_description") or answer.status))
        return str(body["access_token"])

    def _ask(self, token: str, method: str, path: str, body: Any) -> Doc:
        headers = {"authorization": f"Bearer {token}"}
        answer = self._microsoft.request(method, self._graph + path, json=body, headers=headers)
        if answer.status >= 400:
            error = doc_of(answer).get("error") or {}
            raise _Refused(f"{answer.status} {error.get('code')}: {error.get('message')}")
        return doc_of(answer)


class Anchors:
    """What stands for each object at Microsoft: base64 of its objectGUID, or what an attribute keeps of it.

    fresh: users whose attribute is still to be written.
    """

    def __init__(self, attribute: str, objects: list[Doc]) -> None:
        self.attribute = attribute
        kept = attribute != "objectGUID"
        self.fresh = {
            item["objectGUID"]: self.of(item) for item in objects
            if kept and item["objectClass"] == "user" and not item.get(attribute)
        }  # fmt: skip

    def of(self, item: Doc) -> str:
        kept = item.get(self.attribute) if self.attribute != "objectGUID" else None
        return str(kept or item.get("sourceAnchor") or source_anchor(item["objectGUID"]))

    def chosen(self, both: Doc) -> str:
        """The anchor of another object, of which the directory tells both."""
        return str(both.get(self.attribute) or both["objectGUID"])


def _of(item: Doc, domains: set[str]) -> bool:
    """Whether the tenant's object came from this forest: another forest's engine looks after its own."""
    return str(item.get("onPremisesDomainName") or "").casefold() in domains


def in_scope(item: Doc, units: list[str]) -> bool:
    """Whether an object is in a unit that is synchronised; all are where none is named."""
    return not units or any(below(item["distinguishedName"], unit) for unit in units)


def _kind(item: Doc) -> str:
    return "user" if item["objectClass"] == "user" else "group"


def as_object(item: Doc, anchors: Anchors, configuration: Doc, since: int) -> Doc:
    """A directory object as the tenant's channel takes it."""
    made: Doc = {"type": _kind(item), "sourceAnchor": anchors.of(item)}
    if made["type"] == "group":
        members = [anchors.chosen(member) for member in item["memberAnchors"]]
        return {**made, "attributes": _group(item), "members": members}
    manager = item.get("managerAnchors")
    made |= {"attributes": _user(item), "manager": anchors.chosen(manager) if manager else None}
    if configuration["passwordHashSync"] and item.get("passwordHash") and int(item.get("passwordUsn") or 0) > since:
        made |= {"passwordHash": item["passwordHash"], "passwordChangedDateTime": item.get("pwdLastSet")}
    return made


def _user(item: Doc) -> Doc:
    found = {name: item.get(source) for name, source in USER.items()}
    found["mailNickname"] = item.get("mailNickname") or str(item["sAMAccountName"]).translate(_BARRED)
    found["businessPhones"] = [item["telephoneNumber"]] if item.get("telephoneNumber") else []
    found["displayName"] = item.get("displayName") or item["cn"]
    found["onPremisesDomainName"] = domain_of(item["distinguishedName"])
    extensions = {f"extensionAttribute{n}": item.get(f"extensionAttribute{n}") for n in range(1, 16)}
    if any(extensions.values()):
        found["onPremisesExtensionAttributes"] = extensions
    return found


def _group(item: Doc) -> Doc:
    found = {name: item.get(source) for name, source in GROUP.items()}
    found["displayName"] = item.get("displayName") or item["cn"]
    found["mailNickname"] = str(item["sAMAccountName"]).translate(_BARRED)
    found["mailEnabled"], found["securityEnabled"] = bool(item.get("mail")), item["type"] == "security"
    found["onPremisesDomainName"] = domain_of(item["distinguishedName"])
    return found


def _counts(results: list[Doc]) -> Doc:
    counts = dict.fromkeys(("added", "joined", "restored", "updated", "deleted", "failed"), 0)
    for item in results:
        if item["action"] in counts:
            counts[item["action"]] += 1
    return counts
