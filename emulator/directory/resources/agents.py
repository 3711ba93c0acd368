"""The Okta AD agent as it stands beside the domain controller: /_lab/directory/agent.

In life the agent asks the org for its work and no port is open here; what the org asks of it while somebody signs in
comes in on these routes instead. While it is stopped nothing is imported and nobody is let in by it.
"""

from typing import Any

from emulator.directory import names, objects, people
from emulator.directory.resources import changes, groups, logon, users
from emulator.directory.resources.users import OURS, USERS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

AGENT = Kind("agent", settled=True)
SEED_RANK = 3
_AT = "/_lab/directory/agent"
VERSION = "3.19.0"
_MOST_MEMBERS = 100


def the(store: Any) -> Doc:
    """The agent's document."""
    found: Doc = store.all(AGENT)[0]
    return found


@operation("GET", _AT, source=OURS, auth="none")
def get_agent(call: Call) -> Doc:
    """`{name, version, running}`."""
    return public({name: value for name, value in the(call.store).items() if name != "id"})


@operation("PATCH", _AT, source=OURS, auth="none")
def update_agent(call: Call) -> Doc:
    """Start or stop it: `{running}`."""
    running = call.body.get("running")
    if set(call.body) != {"running"} or not isinstance(running, bool):
        why = Why("The agent is started and stopped.", (Compared("body", str(call.body)[:200], "request body"),))
        raise Problem("constraintViolation", "running must be true or false.", why=why)
    call.store.put(AGENT, {**the(call.store), "running": running})
    return get_agent(call)


def _awake(call: Call) -> None:
    """Raises 503 while the agent is stopped."""
    if not the(call.store)["running"]:
        raise Problem("unavailable", why=Why("The agent is stopped.", (Compared("running", "false", "the agent"),)))


@operation("POST", _AT + "/logon", source=OURS, auth="none", commit="manual")
def agent_logon(call: Call) -> Doc:
    """`{userName, password}` -> `{ok, data?, reason?, user?}`: user is the row that an import would bring."""
    name, password = objects.required(call.body, "userName"), objects.required(call.body, "password")
    _awake(call)
    answer = logon.verify(call, name, password)
    user = call.store.get(USERS, answer["objectGUID"]) if answer["ok"] else None
    return {**answer, **({"user": people.user_row(objects.render(user)), **_place(user)} if user else {})}


def _place(user: Doc) -> Doc:
    return {"domain": names.domain_of(user["distinguishedName"])}


@operation("POST", _AT + "/password", source=OURS, auth="none")
def write_password(call: Call) -> Doc:
    """Write a password back: `{userName, password, mustChange?}` -> `{pwdLastSet}`. Raises 400 by the policy."""
    name, password = objects.required(call.body, "userName"), objects.required(call.body, "password")
    _awake(call)
    user = users.find(call.store, name)
    if user is None:
        raise objects.missing(name, "user")
    changed = users.give_password(call, user, password, must=call.body.get("mustChange"))
    return {"pwdLastSet": changed["pwdLastSet"]}


@operation("POST", _AT + "/groups/{name}", source=OURS, auth="none")
def change_members(call: Call) -> Doc:
    """Change a group's members: `{add: [names], remove: [names]}` -> the group's row."""
    _awake(call)
    group = groups.load(call)
    for key, act in (("add", groups.put_in), ("remove", groups.take_out)):
        given = call.body.get(key) or []
        if not isinstance(given, list) or len(given) > _MOST_MEMBERS or not all(isinstance(one, str) for one in given):
            why = Why("Members are named in a list.", (Compared(key, str(given)[:200], "request body"),))
            raise Problem("constraintViolation", f"{key} must be a list of names.", why=why)
        for name in given:
            act(call, group, groups.member_named(call.store, name))
    return _row(call, group)


@operation("GET", _AT + "/groups/{name}", source=OURS, auth="none")
def read_group(call: Call) -> Doc:
    """The row that an import would bring of a group."""
    _awake(call)
    return _row(call, groups.load(call))


def _row(call: Call, group: Doc) -> Doc:
    ids = changes.users_in(call.store, group["id"])
    return people.group_row(objects.render(group), [objects.source_anchor(id) for id in ids])


def seed(seeding: Seeding) -> None:
    """`agent: {name?, running?}`: it runs unless the world file says otherwise."""
    given = seeding.spec.get("agent", {})
    forest = seeding.spec["forest"].partition(".")[0].upper()
    seeding.store.add(AGENT, {
        "id": "agent", "name": given.get("name") or f"{forest}-OKTA-01", "version": VERSION,
        "running": given.get("running", True),
    })  # fmt: skip


@operation("POST", _AT + "/groups/{name}/attributes", source=OURS, auth="none")
def read_attributes(call: Call) -> Doc:
    """What a group has of attributes, whatever their case: `{attributes: [names]}` -> `{attributes: {name: value}}`."""
    _awake(call)
    found = groups.in_ldap(groups.load(call))
    asked = call.body.get("attributes")
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        why = Why("Attributes are named in a list.", (Compared("attributes", str(asked)[:200], "request body"),))
        raise Problem("constraintViolation", "attributes must be a list of names.", why=why)
    return {"attributes": {name: found[name.lower()] for name in asked if name.lower() in found}}
