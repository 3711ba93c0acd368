"""What stands on-premises in a world and works for others: the Okta AD agents, Entra Connect. And how they are seeded.

Each forest has one agent for its domains, and an Entra Connect where one is installed; they are wire clients, and only
whether there may be something to do is looked up here, so that idle ones send nothing.
"""

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from emulator.directory import objects, people
from emulator.directory.agent import KIND, AdAgent
from emulator.directory.connect import ConnectSync
from emulator.directory.resources import agents, connects, forests
from emulator.directory.resources.users import USERS
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import JOBS
from emulator.wire.client import Transport, doc_of

if TYPE_CHECKING:
    from emulator.serving.pipeline import Service
    from emulator.serving.world import World
    from emulator.store import Database


class OnPremises:
    """Agents and synchronisation engines of every forest of a world."""

    def __init__(self, world: "World", transport: Transport) -> None:
        self._world = world
        self._transport = transport
        self._forests: list[Service] = [service for service in world.services if service.name == "directory"]
        self._org: Service | None = next((service for service in world.services if service.name == "okta"), None)

    def run_once(self) -> Doc | None:
        """Do one import or one cycle: `{kind, outcome, ...}`; None when nothing is due."""
        for forest in self._forests:
            done = self._import(forest) or self._cycle(forest)
            if done is not None:
                return done
        return None

    def next_due(self) -> str | None:
        """When an import or a cycle is due next."""
        with self._world.database.lock:
            found = [at for forest in self._forests if (at := connects.due_at(forest.store)) is not None]
            if self._forests and any(agents.the(forest.store)["running"] for forest in self._forests):
                found += [iso(job["notBefore"]) for job in self._jobs()]
        return min(found, default=None)

    def _jobs(self) -> list[Doc]:
        if self._org is None:
            return []
        found: list[Doc] = self._org.store.find_all(JOBS, "kind", KIND)
        return found

    def _import(self, forest: "Service") -> Doc | None:
        with self._world.database.lock:
            now = self._world.clock.now()
            waits = any(job["notBefore"] <= now for job in self._jobs()) and agents.the(forest.store)["running"]
            domains = forests.the(forest.store)["domains"]
        if not waits or self._org is None:
            return None
        agent = AdAgent(
            self._transport, org=f"https://{self._org.host}", agent_token=self._world.agent_token,
            controller=f"https://{forest.host}", domains=domains, key=self._world.control_token,
        )  # fmt: skip
        return agent.run_once()

    def _cycle(self, forest: "Service") -> Doc | None:
        with self._world.database.lock:
            due = connects.due_at(forest.store)
            waits = due is not None and parse_iso(due) <= self._world.clock.now()
        if not waits:
            return None
        controller, key = f"https://{forest.host}", self._world.control_token
        return ConnectSync(self._transport, controller=controller, key=key).run_once()


def import_now(world: "World", mode: str) -> Doc:
    """Have every directory of the org imported now: `{imports: [operations], refused: [the org's errors]}`.

    An import that nobody does, because the agent is stopped, shows as PENDING.
    """
    started: list[Doc] = []
    refused: list[Doc] = []
    for item in world.okta.get("/api/internal/v1/directories"):
        answer = world.okta.call("POST", f"/api/internal/v1/apps/{item['id']}/import", {"mode": mode})
        (started if answer.status == 202 else refused).append(doc_of(answer))
    world.sync()
    done = [world.okta.get(f"/api/internal/v1/operations/{item['id']}") for item in started]
    return {"imports": done, "refused": refused}


# -- seeding -------------------------------------------------------------------------------------------------------


def completed(spec: Doc, database: "Database", parties: dict[str, Doc]) -> Doc:
    """An org's part of the world file, its directories filled in from the forests that the world holds.

    An imported account says what its agent would bring, unless the file says otherwise; an agent has connected.
    """
    given = spec.get("directories") or ()
    held = {name: database.store(name) for name in parties if name.partition(":")[0] == "directory"}
    if not given or not held:
        return spec
    made = deepcopy(list(given))
    for item in made:
        store = next((store for store in held.values() if item["domain"] in forests.the(store)["domains"]), None)
        if store is not None:
            _fill(item, store)
    return {**spec, "directories": made}


def _fill(item: Doc, store: Any) -> None:
    agent = agents.the(store)
    host = "dc." + forests.the(store)["forest"]
    item.setdefault("agent", {"host": host, "name": agent["name"], "version": agent["version"]})
    known = {objects.source_anchor(doc["id"]): doc for doc in store.all(USERS)}
    for person in item.get("users", ()):
        doc = known.get(person.get("externalId"))
        if doc is not None:
            person["imported"] = people.profile_of(objects.render(doc))
            person.setdefault("userName", doc["userPrincipalName"])
