"""domains.fetch, domain.federate, domain.unfederate: the automatic WS-Federation set-up.

Source: seed-catalogue.md; graph-entra.md 1.11; events of okta-admin-api.md 17.3.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.office365.errors import Failure, Refused
from emulator.office365.graph_client import key
from emulator.office365.jobs import Procedure, Report, Work, event

_API = "app.office365.api."
SET, CHANGED = _API + "set.domain.federation.success", _API + "change.domain.federation.success"
REMOVED = _API + "remove.domain.federation.success"
SET_FAILED = _API + "error.set.domain.federation.failure"
REMOVE_FAILED = _API + "error.remove.domain.federation.failure"
DEFAULT_DOMAIN = "Federating to the 'Default' domain is not allowed"
_LISTED = ("isDefault", "isInitial", "isVerified", "isRoot", "authenticationType")


class DefaultDomain(Refused):
    """The tenant's default domain was chosen: Okta itself refuses, before it changes anything."""


def fetch(work: Work) -> Report:
    """The domains that Fetch and Select offers: verified, without children that inherit a federated root."""
    domains = [
        {"name": item["id"], **{name: item.get(name) for name in _LISTED}}
        for item in work.graph.all("/domains")
        if item.get("isVerified") and not _inherits(item)
    ]
    return Report("done", [], result={"domains": domains})


def _inherits(domain: Doc) -> bool:
    return domain.get("isRoot") is False and domain.get("authenticationType") == "Federated"


def federate(work: Work) -> Report:
    """Point a domain at the org: POST a configuration, PATCH what differs in the one that is there, or leave it."""
    name, wanted = _domain(work), dict(work.job.desired.get("configuration") or {})
    domain = work.graph.get(f"/domains{key(name)}")
    # A subdomain may show its root's configuration: that one is never changed on its behalf.
    present = None if domain.get("isRoot") is False else _configuration(work, name)
    if present is None:
        if domain.get("isDefault"):
            raise DefaultDomain(DEFAULT_DOMAIN)
        work.checkpoint("federate", {"domain": name, "made": True})
        body = {field: value for field, value in wanted.items() if value is not None}
        work.graph.post(f"/domains{key(name)}/federationConfiguration", body)
    else:
        changed = {field: value for field, value in wanted.items() if not _same(field, value, present.get(field))}
        if changed:
            work.checkpoint("federate", {"domain": name, "made": False, "changes": sorted(changed)})
            work.graph.patch(f"/domains{key(name)}/federationConfiguration/{present['id']}", changed)
    done = work.job.steps.get("federate")
    if done is not None:
        work.log(SET if done.get("made") else CHANGED)
    change = "unchanged" if done is None else "created" if done.get("made") else "updated"
    return Report("done", work.events, result={"domain": name, "change": change})


def _same(field: str, value: Any, present: Any) -> bool:
    if field in ("signingCertificate", "nextSigningCertificate"):
        return "".join(str(value or "").split()) == "".join(str(present or "").split())
    return bool(value == present)


def unfederate(work: Work) -> Report:
    """Make a domain Managed again, where its federation is this app's: by issuer."""
    name, issuer = _domain(work), work.job.desired.get("issuerUri")
    work.graph.get(f"/domains{key(name)}")
    present = _configuration(work, name)
    if present is not None and present.get("issuerUri") == issuer:
        work.checkpoint("unfederate", {"domain": name, "id": present["id"]})
        work.graph.delete(f"/domains{key(name)}/federationConfiguration/{present['id']}")
        present = None
    done = work.job.steps.get("unfederate")
    if done is not None:
        work.log(REMOVED)
    result: Doc = {"domain": name, "change": "removed" if done is not None else "unchanged"}
    if present is not None:
        result["issuerUri"] = present.get("issuerUri")
    return Report("done", work.events, result=result)


def _domain(work: Work) -> str:
    return str(work.job.desired["domain"]).lower()


def _configuration(work: Work, name: str) -> Doc | None:
    found = work.graph.all(f"/domains{key(name)}/federationConfiguration")
    return found[0] if found else None


def _kind(base: str, failure: Failure) -> str:
    """The failure event that fits: Okta names access denied, default domain and missing domain."""
    if isinstance(failure, DefaultDomain):
        return base + ".domain.default"
    return base + {403: ".access.denied", 404: ".domain.not.found"}.get(failure.status or 0, "")


def _failed(work: Work, failure: Failure, kind: str, doing: str) -> Report:
    text = failure.text
    if not isinstance(failure, DefaultDomain):
        text = f"Could not {doing} domain {_domain(work)}, received error: {failure.text}"  # inferred frame
    log = [*work.events, event(kind, "FAILURE", reason=text, debug=failure.debug)]
    result = {"domain": _domain(work), "change": "failed"}
    return Report("failed", log, result=result, message=text, error_code=failure.code)


def federate_failed(work: Work, failure: Failure) -> Report:
    return _failed(work, failure, _kind(SET_FAILED, failure), "federate")


def unfederate_failed(work: Work, failure: Failure) -> Report:
    return _failed(work, failure, _kind(REMOVE_FAILED, failure), "remove the federation of")


def fetch_failed(work: Work, failure: Failure) -> Report:
    text = f"Could not fetch domains, received error: {failure.text}"  # inferred frame
    return Report("failed", work.events, message=text, error_code=failure.code)


FETCH = Procedure(fetch, fetch_failed)
FEDERATE = Procedure(federate, federate_failed)
UNFEDERATE = Procedure(unfederate, unfederate_failed)
