"""Which methods may be registered and used: /policies/authenticationMethodsPolicy. Source: graph-entra.md 1.17."""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.rows import logged, merged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind, Store

METHODS_POLICY = Kind("authentication_methods_policy", settled=True)
METHOD_CONFIGURATIONS = Kind("authentication_method_configurations", settled=True)
PATH = "/v1.0/policies/authenticationMethodsPolicy"
LIST = PATH + "/authenticationMethodConfigurations"
READERS = {"denied": "methods_denied"}
ADMINS = {"roles": ("Authentication Policy Administrator", "Security Administrator"), "denied": "methods_denied"}
EXTERNAL = "microsoft.graph.externalAuthenticationMethodConfiguration"
ACTIVITY = "Authentication Methods Policy Update"
ID = "authenticationMethodsPolicy"
_EVERYONE = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}
_NOBODY = {"targetType": "group", "id": "00000000-0000-0000-0000-000000000000"}


def _feature(**more: Any) -> Doc:
    return {
        "state": "default",
        "includeTarget": {"targetType": "group", "id": "all_users"},
        "excludeTarget": dict(_NOBODY),
        **more,
    }


def defaults() -> list[Doc]:
    """The methods of a new tenant, each with its state."""
    target = {**_EVERYONE}
    rows: list[tuple[str, str, str, Doc]] = [
        ("Fido2", "fido2", "enabled", {
            "isSelfServiceRegistrationAllowed": True, "isAttestationEnforced": False,
            "keyRestrictions": {"isEnforced": False, "enforcementType": "block", "aaGuids": []},
            "includeTargets": [target]}),
        ("MicrosoftAuthenticator", "microsoftAuthenticator", "enabled", {
            "isSoftwareOathEnabled": False,
            "featureSettings": {"displayAppInformationRequiredState": _feature(),
                                "displayLocationInformationRequiredState": _feature()},
            "includeTargets": [{**target, "authenticationMode": "any"}]}),
        ("Sms", "sms", "disabled", {"includeTargets": [{**target, "isUsableForSignIn": False}]}),
        ("TemporaryAccessPass", "temporaryAccessPass", "enabled", {
            "defaultLifetimeInMinutes": 60, "defaultLength": 8, "minimumLifetimeInMinutes": 60,
            "maximumLifetimeInMinutes": 480, "isUsableOnce": False, "includeTargets": [target]}),
        ("SoftwareOath", "softwareOath", "disabled", {"includeTargets": [target]}),
        ("Voice", "voice", "disabled", {"isOfficePhoneAllowed": False, "includeTargets": [target]}),
        ("Email", "email", "enabled", {"allowExternalIdToUseEmailOtp": "default", "includeTargets": [target]}),
        ("X509Certificate", "x509Certificate", "disabled", {
            "certificateUserBindings": [
                {"x509CertificateField": "PrincipalName", "userProperty": "userPrincipalName", "priority": 1,
                 "trustAffinityLevel": "low"}],
            "authenticationModeConfiguration": {
                "x509CertificateAuthenticationDefaultMode": "x509CertificateSingleFactor",
                "x509CertificateDefaultRequiredAffinityLevel": "low", "rules": []},
            "includeTargets": [target]}),
    ]  # fmt: skip
    return [
        {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethodConfiguration", "id": id, "state": state,
         "excludeTargets": [], **more}
        for id, kind, state, more in rows
    ]  # fmt: skip


def configuration(store: Store, id: str) -> Doc | None:
    """How a method is configured, by its name in any case (`Fido2`, `sms`, …)."""
    return next((row for row in store.all(METHOD_CONFIGURATIONS) if row["id"].lower() == id.lower()), None)


def allows(store: Store, id: str, user_id: str) -> bool:
    """Whether a user may register and use a method: it is enabled, for the user or a group of theirs."""
    from emulator.entra.resources import memberships

    row = configuration(store, id)
    if row is None or row["state"] != "enabled":
        return False
    mine = {"all_users", user_id, *memberships.all_group_ids(store, user_id)}
    included = any(target["id"] in mine for target in row["includeTargets"])
    return included and not any(target["id"] in mine for target in row["excludeTargets"])


def _policy(call: Call) -> Doc:
    base = f"{call.base}/v1.0/$metadata#policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
    rows = [_shown(call, row) for row in call.store.all(METHOD_CONFIGURATIONS)]
    row = public(call.store.all(METHODS_POLICY)[0])
    return {**row, "authenticationMethodConfigurations@odata.context": base, "authenticationMethodConfigurations": rows}


def _shown(call: Call, row: Doc) -> Doc:
    place = f"{call.base}/v1.0/$metadata#policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
    kind = row["@odata.type"].removeprefix("#")
    made: Doc = {}
    for name, value in row.items():
        if name == "includeTargets":
            made["includeTargets@odata.context"] = f"{place}('{row['id']}')/{kind}/includeTargets"
        made[name] = value
    return made


SHAPE = Shape("authenticationMethodsPolicy", "policies/authenticationMethodsPolicy", METHODS_POLICY)
CONFIGURATION = Shape(
    "authenticationMethodConfiguration",
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
    METHOD_CONFIGURATIONS,
    full=_shown,
)


@operation("GET", PATH, source=DOCUMENTED, extra=READERS)
def get_policy(call: Call) -> Entity:
    """The policy with the configuration of each method."""
    queries.options(call, SHAPE.resource, single=True)
    return Entity("authenticationMethodsPolicy", _policy(call))


@operation("PATCH", PATH, source=DOCUMENTED, extra=ADMINS, emits=(ACTIVITY,))
def update_policy(call: Call) -> Entity:
    """Change the registration campaign and the state of migration; the answer is the whole policy."""
    fixed = ("displayName", "description", "lastModifiedDateTime", "policyVersion", "reconfirmationInDays")
    sent = {
        name: value
        for name, value in call.body.items()
        if name not in ("reportSuspiciousActivitySettings", "systemCredentialPreferences")
    }
    body = bodies.checked(sent, SHAPE.resource, shown_only=fixed)
    campaign = (body.get("registrationEnforcement") or {}).get("authenticationMethodsRegistrationCampaign")
    if campaign is not None:
        _check_campaign(campaign)
    row = dict(call.store.all(METHODS_POLICY)[0])
    old = dict(row)
    row = {**merged(row, body), "lastModifiedDateTime": iso(call.now)}
    call.store.put(METHODS_POLICY, row)
    logged(call, ACTIVITY, "Policy", row, old)
    return Entity("authenticationMethodsPolicy", _policy(call))


def _check_campaign(campaign: Doc) -> None:
    days = campaign.get("snoozeDurationInDays")
    if days is not None and not 0 <= days <= 14:
        raise _refused("snoozeDurationInDays", days, "A campaign is put off for 0 to 14 days.")


def _refused(name: str, value: Any, rule: str) -> Problem:
    why = Why(rule, (Compared(name, value, "request body"),))
    return Problem("bad_request", f"Invalid value for property '{name}'.", wire_code="badRequest", why=why)


@operation("GET", LIST, source=DOCUMENTED, extra=READERS)
def list_configurations(call: Call) -> Collection:
    """The configuration of each method."""
    return queries.collection(call, CONFIGURATION)


def _load(call: Call) -> Doc:
    found = configuration(call.store, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="authentication method configuration")
    return dict(found)


@operation("GET", LIST + "/{id}", source=DOCUMENTED, extra=READERS)
def get_configuration(call: Call) -> Entity:
    """The configuration of one method."""
    return queries.entity(call, CONFIGURATION, _load(call))


@operation("POST", LIST, source=DOCUMENTED, status=201, extra=ADMINS, emits=(ACTIVITY,))
def create_configuration(call: Call) -> Entity:
    """Add an external method: the only kind that a tenant makes itself."""
    sent = str(call.body.get("@odata.type", "")).removeprefix("#")
    if sent != EXTERNAL:
        raise _refused("@odata.type", sent, f"Only a {EXTERNAL} can be added.")
    kind = EXTERNAL.removeprefix("microsoft.graph.")
    given = {name: value for name, value in call.body.items() if name != "includeTarget"}  # as an older page has it
    body = bodies.checked(given, kind)
    for name in ("displayName", "appId", "openIdConnectSetting"):
        if not body.get(name):
            raise _refused(name, body.get(name), f"An external method has {name}.")
    target = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}
    row = {
        "@odata.type": f"#{EXTERNAL}", "id": call.ids.guid("externalMethod"), "state": "disabled",
        "excludeTargets": [], "displayName": None, "appId": None, "openIdConnectSetting": None,
        "includeTargets": [target], **body,
    }  # fmt: skip
    call.store.add(METHOD_CONFIGURATIONS, row)
    logged(call, ACTIVITY, "Policy", row)
    return queries.entity(call, CONFIGURATION, row, location=f"/{CONFIGURATION.set}/{row['id']}")


@operation("DELETE", LIST + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=(ACTIVITY,))
def delete_configuration(call: Call) -> None:
    """Remove an external method; Microsoft's own are switched off instead."""
    row = _load(call)
    if row["@odata.type"] != f"#{EXTERNAL}":
        raise _refused("id", row["id"], "Only external methods can be removed.")
    call.store.drop(METHOD_CONFIGURATIONS, row["id"])
    logged(call, ACTIVITY, "Policy", row)


@operation("PATCH", LIST + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=(ACTIVITY,))
def update_configuration(call: Call) -> None:
    """Switch a method on or off, for whom, and how."""
    row = _load(call)
    kind = row["@odata.type"].removeprefix("#microsoft.graph.")
    sent = str(call.body.get("@odata.type", row["@odata.type"])).removeprefix("#")
    if sent != row["@odata.type"].removeprefix("#"):
        raise _refused("@odata.type", sent, f"The method is of type {kind}.")
    call.body.pop("id", None)
    body = bodies.checked(call.body, kind)
    if kind.startswith("temporaryAccessPass"):
        _check_pass({**row, **body})
    old = dict(row)
    row = merged(row, body)
    call.store.put(METHOD_CONFIGURATIONS, row)
    logged(call, ACTIVITY, "Policy", {**row, "displayName": row["id"]}, old)


def _check_pass(row: Doc) -> None:
    least, usual, most = (row[f"{name}LifetimeInMinutes"] for name in ("minimum", "default", "maximum"))
    if None in (least, usual, most) or not 10 <= least <= usual <= most <= 43200:
        raise _refused("defaultLifetimeInMinutes", usual, "10 <= minimum <= default <= maximum <= 43200 minutes.")
    if row["defaultLength"] is None or not 8 <= row["defaultLength"] <= 48:
        raise _refused("defaultLength", row["defaultLength"], "A pass has 8 to 48 characters.")


def seed(seeding: Seeding) -> None:
    """`authentication_methods: {Sms: enabled | {fields}}` changes Microsoft's defaults.

    `self_service_password_reset: all|none|<group name>` says who may reset their own password (default none).
    """
    seeding.store.add(METHODS_POLICY, {
        "id": ID, "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed in the tenant, "
                       "authentication method registration requirements, and self-service password reset settings",
        "lastModifiedDateTime": iso(seeding.now), "policyVersion": "1.5",
        "reconfirmationInDays": None, "policyMigrationState": "migrationComplete",
        "registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {
            "snoozeDurationInDays": 1, "enforceRegistrationAfterAllowedSnoozes": True, "state": "default",
            "excludeTargets": [], "includeTargets": [
                {"id": "all_users", "targetType": "group",
                 "targetedAuthenticationMethod": "microsoftAuthenticator"}]}},
        "_selfServiceReset": seeding.spec.get("self_service_password_reset", "none"),
    })  # fmt: skip
    changed = seeding.spec.get("authentication_methods", {})
    for row in defaults():
        given = changed.get(row["id"], {})
        seeding.store.add(METHOD_CONFIGURATIONS, merged(row, {"state": given} if isinstance(given, str) else given))


def may_reset(store: Store, user_id: str) -> bool:
    """Whether self-service password reset is on for a user."""
    from emulator.entra.resources import groups, memberships

    who = str(store.all(METHODS_POLICY)[0]["_selfServiceReset"])
    if who in ("all", "none"):
        return who == "all"
    group = groups.by_name(store, who)
    return group is not None and group["id"] in memberships.all_group_ids(store, user_id)
