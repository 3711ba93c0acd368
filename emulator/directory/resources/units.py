"""Organizational units: /_lab/directory/units."""

from emulator.directory import names, objects
from emulator.directory.objects import COLUMNS, render, required
from emulator.directory.resources.users import OURS, USERS, objects_page
from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

UNITS = Kind("units", COLUMNS)
SEED_RANK = 2
_AT = "/_lab/directory/units"


@operation("GET", _AT, source=OURS, auth="none", paging=Paging(200, 1000), query=("after",))
def list_units(call: Call) -> Listing:
    """Organizational units in order of making."""
    return objects_page(call, UNITS)


@operation("POST", _AT, source=OURS, auth="none", status=201)
def create_unit(call: Call) -> Doc:
    """Create one: `{name, container?}`."""
    from emulator.directory.resources import forests

    name, container = required(call.body, "name"), call.body.get("container")
    inside = container if isinstance(container, str) else names.of_domain(forests.the(call.store)["forest"])
    given = {"name": name, "distinguishedName": objects.placed(name, inside, "", "OU")}
    return render(objects.add(call.store, UNITS, call.ids.guid("objectGUID"), call.now, given))


@operation("DELETE", _AT + "/{unit}", source=OURS, auth="none")
def delete_unit(call: Call) -> None:
    """Delete an empty one, by objectGUID or distinguished name."""
    key = call.path["unit"]
    unit = call.store.get(UNITS, key) or call.store.find(UNITS, "distinguishedName", key)
    if unit is None:
        raise objects.missing(key, "organizational unit")
    inside = next(
        (doc for doc in call.store.all(USERS) if names.below(doc["distinguishedName"], unit["distinguishedName"])), None
    )
    if inside is not None:
        why = Why("A container must be empty.", (Compared("holds", inside["distinguishedName"], "the directory"),))
        raise Problem("notAllowedOnNonLeaf", unit["distinguishedName"], why=why)
    objects.drop(call.store, UNITS, unit)


def seed(seeding: Seeding) -> None:
    """`units: [{name, container?}]`."""
    for given in seeding.spec.get("units", ()):
        inside = given.get("container") or names.of_domain(seeding.spec["forest"])
        doc = {"name": given["name"], "distinguishedName": objects.placed(given["name"], inside, "", "OU")}
        objects.add(seeding.store, UNITS, seeding.ids.guid("objectGUID"), seeding.now, doc)
