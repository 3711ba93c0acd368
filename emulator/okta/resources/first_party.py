"""The vendor's own apps, in every org from the start, first in the list of apps. Source: okta-admin-api.md 5."""

from emulator.kernel.party import Seeding
from emulator.okta import app_installation, app_shapes
from emulator.okta.apps_catalog import FIRST_PARTY
from emulator.okta.tokens import ORG

# Observed: they tell less than apps that an administrator adds.
_UNTOLD = {"visibility": ("autoLaunch",), "settings": ("notes", "emOptInStatus")}
SEED_RANK = 28  # after the default policies and user types, before anything of the org's own


def seed(seeding: Seeding) -> None:
    """Okta Admin Console, Okta Dashboard, Okta Browser Plugin."""
    org = seeding.store.all(ORG)[0]
    for kind in FIRST_PARTY:
        ids = seeding.ids
        app = app_shapes.new_app(kind, id=ids.okta("0oa"), key=ids.okta("exk"), org_id=org["id"], now=seeding.now)
        for part, names in _UNTOLD.items():
            app[part] = {name: value for name, value in app[part].items() if name not in names}
        app_installation.install(seeding.store, ids, seeding.now, app)
