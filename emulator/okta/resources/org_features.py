"""Self-service features of the org: /api/v1/features. Source: okta-admin-api.md 16, appendix C (Features).

Turning one on changes nothing else here, but for the smart card authenticator: only where its feature is on can it be
set up. It is on from the first day, unless the world's org says that its cell has not got it.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid, not_found
from emulator.store import Kind, Store

FEATURES = Kind("features", settled=True)
SEED_RANK = 12
_AT = "/api/v1/features"
ENABLED, DISABLED = "ENABLED", "DISABLED"
SMART_CARD = "Smart Card Authenticator"
# Inferred: the vendor's list changes every week; these are some of its names. (name, description, stage, requires)
_FIRST = (
    ("Federation Broker Mode", "Lets anybody of the org start a sign-in to an app without an assignment.", "EA", ()),
    ("IP Exempt Zone", "Traffic from the addresses of this zone is always allowed.", "EA", ()),
    ("Enforce Number Challenge for Okta Verify with Push", "People confirm a push with a number.", "EA", ()),
    ("Number Challenge Reminders", "Reminds people of the number on the screen.", "BETA",
     ("Enforce Number Challenge for Okta Verify with Push",)),
    (SMART_CARD, "People prove themselves with the certificate of a smart card.", "EA", ()),
)  # fmt: skip


def render(call: Call, feature: Doc) -> Doc:
    at = f"{call.base}{_AT}/{feature['id']}"
    switch = "disable" if feature["status"] == ENABLED else "enable"
    return {
        **public(feature),
        "_links": {
            switch: {"href": f"{at}/{switch}", "hints": {"allow": ["POST"]}},
            "self": {"href": at, "hints": {"allow": ["GET"]}},
            "dependents": {"href": f"{at}/dependents", "hints": {"allow": ["GET"]}},
            "dependencies": {"href": f"{at}/dependencies", "hints": {"allow": ["GET"]}},
        },
    }


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(FEATURES, call.path["featureId"])
    if found is None:
        raise not_found(call.path["featureId"], "Feature")
    return found


@operation("GET", _AT, source=OBSERVED, scope=("okta.features.read",))
def list_features(call: Call) -> list[Doc]:
    """Every self-service feature."""
    return [render(call, feature) for feature in call.store.all(FEATURES)]


@operation("GET", _AT + "/{featureId}", source=OBSERVED, scope=("okta.features.read",))
def get_feature(call: Call) -> Doc:
    """One feature."""
    return render(call, _load(call))


@operation("GET", _AT + "/{featureId}/dependencies", source=DOCUMENTED, scope=("okta.features.read",))
def list_dependencies(call: Call) -> list[Doc]:
    """Features that must be on for this one."""
    return [render(call, item) for item in _needed(call, _load(call))]


@operation("GET", _AT + "/{featureId}/dependents", source=DOCUMENTED, scope=("okta.features.read",))
def list_dependents(call: Call) -> list[Doc]:
    """Features that need this one."""
    return [render(call, item) for item in _needing(call, _load(call))]


@operation(
    "POST", _AT + "/{featureId}/{lifecycle}", source=inferred("documented, but for the refusals' texts"),
    scope=("okta.features.manage",), body="none", query=("mode",),
)  # fmt: skip
def switch_feature(call: Call) -> Doc:
    """Turn a feature on or off (`enable`, `disable`); `mode=force` takes those along that it hangs on."""
    feature, action = _load(call), call.path["lifecycle"].lower()
    if action not in ("enable", "disable"):
        raise not_found(call.path["lifecycle"], "FeatureLifecycle")
    mode = call.params.get("mode")
    if mode not in (None, "", "force"):
        why = Why("mode takes force.", (Compared("mode", mode, "query"),))
        raise invalid("mode", f"mode: '{str(mode)[:60]}' is not a valid value", why=why)
    status = ENABLED if action == "enable" else DISABLED
    _switch(call, feature, status, force=mode == "force", seen=set())
    return render(call, feature)


def _switch(call: Call, feature: Doc, status: str, *, force: bool, seen: set[str]) -> None:
    if feature["id"] in seen:
        return
    seen.add(feature["id"])
    for other in _needed(call, feature) if status == ENABLED else _needing(call, feature):
        if other["status"] == status:
            continue
        if not force:
            compared = (Compared(other["name"], other["status"], "feature"), Compared("mode", None, "query"))
            side = "depends on" if status == ENABLED else "is needed by"
            cause = f"{feature['name']} {side} {other['name']}"
            hint = "Send mode=force, or switch that one first."
            raise Problem("E0000001", "feature", causes=(cause,), why=Why(f"The feature {side} it.", compared, hint))
        _switch(call, other, status, force=True, seen=seen)
    feature["status"] = status
    call.store.put(FEATURES, feature)


def enabled(store: Store, name: str) -> bool:
    """Whether the org has a feature, and has it on."""
    return any(item["name"] == name and item["status"] == ENABLED for item in store.all(FEATURES))


def check_authenticator(call: Call, key: str) -> None:
    """Raises E0000015 for an authenticator that the org's cell does not offer (which error is inferred)."""
    if key != "smart_card_idp" or enabled(call.store, SMART_CARD):
        return
    compared = (Compared("key", key, "request body"), Compared(SMART_CARD, DISABLED, "org features"))
    hint = "Enable the feature (POST /api/v1/features/{id}/enable), or use another factor."
    raise Problem("E0000015", why=Why("The org does not have this authenticator's feature.", compared, hint))


def check_provider(call: Call, kind: str) -> None:
    """The same for an identity provider of smart cards."""
    check_authenticator(call, "smart_card_idp" if kind == "X509" else "")


def _needed(call: Call, feature: Doc) -> list[Doc]:
    return [item for item in call.store.all(FEATURES) if item["name"] in feature["_requires"]]


def _needing(call: Call, feature: Doc) -> list[Doc]:
    return [item for item in call.store.all(FEATURES) if feature["name"] in item["_requires"]]


def seed(seeding: Seeding) -> None:
    """A new org's features; `features: [names]` are on from the start, `features_missing: [names]` are not."""
    on = ({SMART_CARD} | set(seeding.spec.get("features", ()))) - set(seeding.spec.get("features_missing", ()))
    for name, description, stage, requires in _FIRST:
        state = {"state": "OPEN"} if stage == "BETA" else {}
        seeding.store.add(FEATURES, {
            "id": seeding.ids.okta("ftr"), "type": "self-service", "status": ENABLED if name in on else DISABLED,
            "name": name, "description": description, "stage": {"value": stage, **state}, "_requires": list(requires),
        })  # fmt: skip
