"""Identity providers of guests and self-service sign-up: /identity/identityProviders.

Source: Microsoft's pages on identityProviderBase, socialIdentityProvider and builtInIdentityProvider. Differs: no
sign-in goes through them here.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import bad, invalid, required
from emulator.entra.queries import Shape
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.store import Column, Kind

PROVIDERS = Kind("identity_providers", (Column("displayName", fold=True),), settled=True)
PATH = "/v1.0/identity/identityProviders"
_ROLES = {"roles": ("External Identity Provider Administrator",)}
READ: dict[str, Any] = {"source": DOCUMENTED, "scope": ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All")}
WRITE: dict[str, Any] = {"source": DOCUMENTED, "scope": ("IdentityProvider.ReadWrite.All",), "extra": _ROLES}
SOCIAL, BUILT_IN = "socialIdentityProvider", "builtInIdentityProvider"
TYPES = ("Google", "Facebook")
_HIDDEN = "******"
_FIXED = {"MSASignup-OAUTH": "MicrosoftAccount", "EmailOtpSignup-OAUTH": "EmailOTP", "AADSignup-OAUTH": "AADSignup"}


def _shown(_: Call, row: Doc) -> Doc:
    return {**row, "clientSecret": _HIDDEN} if "clientSecret" in row else row


SHAPE = Shape("identityProviderBase", "identity/identityProviders", PROVIDERS, full=_shown)


@operation("GET", PATH, **READ)
def list_providers(call: Call) -> Collection:
    """Microsoft's own and the tenant's."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/availableProviderTypes", **READ)
def available_types(call: Call) -> Doc:
    """What can be configured."""
    base = f"{call.base}/v1.0/$metadata#Collection(Edm.String)"
    return {"@odata.context": base, "value": [*_FIXED.values(), *TYPES]}


def _load(call: Call) -> Doc:
    row = next((item for item in call.store.all(PROVIDERS) if item["id"].lower() == call.path["id"].lower()), None)
    return dict(row) if row is not None else load(call, PROVIDERS, what="identity provider")


@operation("GET", PATH + "/{id}", **READ)
def get_provider(call: Call) -> Entity:
    """One of them."""
    return queries.entity(call, SHAPE, _load(call))


@operation("POST", PATH, status=201, **WRITE, emits=("Add identity provider",))
def create_provider(call: Call) -> Entity:
    """Add Google or Facebook."""
    kind = str(call.body.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if kind != SOCIAL:
        raise invalid("@odata.type", "IdentityProvider", call.body.get("@odata.type"), rule=f"It is a {SOCIAL}.")
    body = bodies.checked(call.body, SOCIAL)
    for name in ("displayName", "identityProviderType", "clientId", "clientSecret"):
        if not body.get(name):
            raise required(name, "SocialIdentityProvider")
    if body["identityProviderType"] not in TYPES:
        rule = f"A Microsoft Entra tenant takes {', '.join(TYPES)}."
        raise invalid("identityProviderType", "SocialIdentityProvider", body["identityProviderType"], rule=rule)
    id = f"{body['identityProviderType']}-OAUTH"
    if call.store.get(PROVIDERS, id) is not None:
        compared = (Compared("identityProviderType", body["identityProviderType"], "request body"),)
        raise bad("The identity provider already exists.", Why("There is one of each type.", compared))
    row = {"@odata.type": f"#microsoft.graph.{SOCIAL}", "id": id, **body, "clientSecret": _HIDDEN}
    call.store.add(PROVIDERS, row)
    logged(call, "Add identity provider", "Other", row)
    return queries.entity(call, SHAPE, row, location=f"/{SHAPE.set}/{id}")


@operation("PATCH", PATH + "/{id}", **WRITE, emits=("Update identity provider",))
def update_provider(call: Call) -> Entity | None:
    """Change its name or client."""
    row = _load(call)
    kind = row["@odata.type"].removeprefix("#microsoft.graph.")
    if kind == BUILT_IN:
        compared = (Compared("id", row["id"], "path"),)
        raise bad("Built-in identity providers cannot be changed.", Why("Microsoft's own stay as they are.", compared))
    body = bodies.checked(call.body, kind, shown_only=("identityProviderType",))
    old = dict(row)
    row.update(body)
    if "clientSecret" in body:
        row["clientSecret"] = _HIDDEN
    call.store.put(PROVIDERS, row)
    logged(call, "Update identity provider", "Other", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", PATH + "/{id}", **WRITE, emits=("Remove identity provider",))
def delete_provider(call: Call) -> None:
    """Take it away."""
    row = _load(call)
    call.store.drop(PROVIDERS, row["id"])
    logged(call, "Remove identity provider", "Other", row)


def seed(seeding: Seeding) -> None:
    """Every tenant has Microsoft's own three."""
    for id, kind in _FIXED.items():
        seeding.store.add(PROVIDERS, {
            "@odata.type": f"#microsoft.graph.{BUILT_IN}", "id": id, "displayName": kind, "identityProviderType": kind,
        })  # fmt: skip
