"""Applications of a world file. Source: graph-entra.md 1.14; the seed keys are ours."""

from collections.abc import Mapping

from emulator.entra.resources import applications, directory_roles, grants, graph_api
from emulator.entra.resources.service_principals import SERVICE_PRINCIPALS, principal_of
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.kernel.clock import DAY, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError

SEED_RANK = 65
SECRET_LIFE = 365 * 10 * DAY


def seed(seeding: Seeding) -> None:
    """`applications: [{appId, displayName, …}]`, with these keys:

    id?, secret? (or secrets: [..]), redirectUris?: {web, publicClient, spa}, isFallbackPublicClient?, signInAudience?,
    identifierUris?, application_permissions?: [Graph permission names] or "all", delegated?: the same,
    requiredResourceAccess? (added to what these two give), external?: true (registered by another tenant),
    consented?: bool (default: unless external), roles?: [directory roles of the service principal],
    plus any further property of an application (api, appRoles, optionalClaims, web…), taken as it is.
    """
    for given in seeding.spec.get("applications", ()):
        application = _application(seeding, given)
        seeding.store.add(applications.APPLICATIONS, application)
        external = bool(given.get("external"))
        if not given.get("consented", not external):
            if not external:
                _principal(seeding, application, given)
            continue
        principal = _principal(seeding, application, given)
        grants.grant_required(seeding.store, application, principal, now=seeding.now)


def _principal(seeding: Seeding, application: Doc, given: Doc) -> Doc:
    owner = "" if given.get("external") else seeding.spec["tenant"]["id"]
    id = given.get("servicePrincipalId") or seeding.ids.guid("servicePrincipal")
    principal = seeding.store.add(SERVICE_PRINCIPALS, principal_of(application, id, seeding.now, owner=owner))
    for role in given.get("roles", ()):
        directory_roles.grant(seeding.store, seeding.ids.guid("directoryRole"), principal["id"], role)
    return dict(principal)


_OURS_TEXT = """
    id appId displayName secret secrets redirectUris application_permissions delegated requiredResourceAccess
    external consented roles servicePrincipalId owner
"""
_OURS = frozenset(_OURS_TEXT.split())


def _application(seeding: Seeding, given: Doc) -> Doc:
    id = given.get("id") or seeding.ids.guid("application")
    doc = applications.blank(id, given["appId"].lower(), given["displayName"], now=seeding.now)
    doc.update({key: value for key, value in given.items() if key not in _OURS})
    for place, uris in given.get("redirectUris", {}).items():
        doc[place] = {**doc[place], "redirectUris": list(uris)}
    doc["requiredResourceAccess"] = [*_graph_access(given), *given.get("requiredResourceAccess", ())]
    if given.get("external"):
        doc.update(
            _external=True,
            signInAudience="AzureADMultipleOrgs",
            _owner=given.get("owner") or seeding.ids.guid("tenant"),
        )
    start, end = iso_seconds(seeding.now - DAY), iso_seconds(seeding.now + SECRET_LIFE)
    for secret in [*([given["secret"]] if "secret" in given else []), *given.get("secrets", ())]:
        credential = applications.new_credential(seeding.ids.guid("keyId"), secret, start, end, name="seeded")
        applications.add_secret(doc, credential, secret)
    return doc


def _graph_access(given: Doc) -> list[Doc]:
    """requiredResourceAccess on Microsoft Graph for the named permissions."""
    kinds = (("application_permissions", "Role", graph_api.app_roles()), ("delegated", "Scope", graph_api.scopes()))
    access = [{"id": id, "type": kind} for key, kind, known in kinds for id in _ids(given.get(key, ()), known)]
    return [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}] if access else []


def _ids(names: object, known: Mapping[str, str]) -> list[str]:
    if names == "all":
        return list(known.values())
    wanted = list(names) if isinstance(names, list | tuple) else []
    for name in wanted:
        if name not in known:
            raise LabError(
                f"Microsoft Graph has no permission {name!r} of this kind.", hint=f"Known: {', '.join(known)}."
            )
    return [known[name] for name in wanted]
