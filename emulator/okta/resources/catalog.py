"""Browse App Catalog: /api/internal/v1/catalog/apps. Source: okta-admin-api.md 19.

An item looks like the vendor's catalogue app, as targets of roles show it, and says beside that which settings an
instance must be given and how many there are. Adding one is `POST /api/v1/apps`.
"""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import reach
from emulator.okta.app_kinds import APPS
from emulator.okta.app_types import AppType
from emulator.okta.apps_catalog import TYPES
from emulator.okta.console import UI_ONLY
from emulator.okta.lists import page_size
from emulator.okta.problems import not_found
from emulator.okta.tokens import org

_AT = "/api/internal/v1/catalog/apps"


def _offered() -> list[AppType]:
    """What an administrator can add, in order of label."""
    found = (kind for kind in TYPES.values() if kind.creatable and kind.listed)
    return sorted(found, key=lambda kind: (kind.label.casefold(), kind.name))


def render(call: Call, kind: AppType) -> Doc:
    """The entry, with what an instance of it needs."""
    installed = [app for app in call.store.find_all(APPS, "name", kind.name) if reach.sees(call, app=app["id"])]
    return {
        "id": kind.name, "name": kind.name, "displayName": kind.label, "status": "ACTIVE",
        "lastUpdated": org(call)["lastUpdated"], "category": "SSO", "verificationStatus": "OKTA_VERIFIED",
        "signOnModes": list(kind.modes), "features": ["PROVISIONING"] if kind.provisioning or kind.connections else [],
        "requiredSettings": list(kind.required), "installed": len(installed),
        "_links": {
            "self": {"href": f"{call.base}{_AT}/{kind.name}"},
            "add": {"href": f"{call.base}/api/v1/apps", "hints": {"allow": ["POST"]}},
        },
    }  # fmt: skip


@operation(
    "GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get", paging=Paging(20, 200),
    query=("q", "limit", "after"),
)  # fmt: skip
def browse_catalog(call: Call) -> Listing:
    """Apps that can be added, by label; `q` is a part of the name or label."""
    wanted = (call.params.get("q") or "").casefold()
    found = [kind for kind in _offered() if wanted in kind.name.casefold() or wanted in kind.label.casefold()]
    after = call.params.get("after")
    if after:
        names = [kind.name for kind in found]
        if after not in names:
            why = Why("The cursor names no app of this list.", (Compared("after", after[:100], "query"),))
            raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
        found = found[names.index(after) + 1 :]
    size = page_size(call)
    return Listing([render(call, kind) for kind in found[:size]], found[size - 1].name if len(found) > size else None)


@operation("GET", _AT + "/{appName}", source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_catalog_app(call: Call) -> Doc:
    """One entry of the catalogue."""
    name = call.path["appName"]
    if name not in TYPES or not TYPES[name].creatable:
        raise not_found(name, "CatalogApp")
    return render(call, TYPES[name])
