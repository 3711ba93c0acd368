"""A world file from what was collected, on top of a base world. Deterministic: the same files give the same bytes."""

import contextlib
import csv
import io
import os
from pathlib import Path
from typing import Any

import msgspec
import orjson
import yaml

from emulator.kernel.doc import Doc
from emulator.kernel.people import PASSWORD
from emulator.kernel.problems import LabError, Problem
from emulator.serving import worldfile
from emulator.serving.files import parse_yaml
from emulator.serving.seeds import answers, people, terraform
from emulator.serving.seeds.collected import Collected

_MOST_FILES = 2000
_MOST_BYTES = 64 * 1024 * 1024
_KNOWN = "a list of people (YAML, CSV, JSON), Terraform state, or list answers of Graph or Okta"
_SUFFIXES = (".csv", ".yaml", ".yml", ".json", ".tfstate")


def make(paths: list[Path], base: str, out: Path) -> Doc:
    """Write the world file; `{taken: {name: count}, left: {name: count}, world}`. LabError; nothing half is written."""
    found = Collected()
    for path in paths:
        for file in _files(path):
            try:
                _read(file, found)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                told = f"{type(error).__name__} {error}"
                raise LabError(f"{file} is not as expected: {told}.", hint=f"Expected: {_KNOWN}.") from error
    loaded = worldfile.load(base)
    spec: Doc = orjson.loads(orjson.dumps(msgspec.to_builtins(loaded.spec)))
    spec = {key: value for key, value in spec.items() if value not in ("", {}, [])}
    spec["world"] = out.stem if out.stem.isidentifier() else "seeded"
    _add(spec, found)
    text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=120)
    _try(spec)
    _write(out, text.encode())
    return {"taken": dict(found.taken), "left": dict(found.left), "world": str(out)}


def _try(spec: Doc) -> None:
    """Make the world once, so that what a party will not take is told now."""
    from emulator.serving.world import World

    try:
        World(spec).close()
    except Problem as problem:
        told = ", ".join(problem.causes or problem.params) or problem.code
        why = problem.why.sentence() if problem.why else problem.code
        raise LabError(f"These files make no world: {told}.", hint=why) from problem


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        base = path.resolve()
        inside = [file for file in sorted(path.rglob("*")) if file.suffix in _SUFFIXES and file.is_file()]
        inside = [file for file in inside if not file.is_symlink() and file.resolve().is_relative_to(base)]
        if len(inside) > _MOST_FILES:
            raise LabError(f"{path} holds more than {_MOST_FILES} files.", hint="Give some of them.")
        return inside
    return [path]


def _read(path: Path, found: Collected) -> None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LabError(f"{path} is larger than {_MOST_BYTES} bytes.", hint="Split it.")
        data = path.read_bytes()
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}.", hint="Give files or folders.") from error
    if path.suffix == ".csv":
        try:
            rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        except (UnicodeDecodeError, csv.Error) as error:
            raise LabError(f"{path} is no CSV: {error}.", hint="Save it as UTF-8.") from error
        people.read(list(rows), str(path), found)
    elif path.suffix in (".yaml", ".yml"):
        _people(parse_yaml(data, name=str(path)), path, found)
    else:
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise LabError(f"{path} is no JSON: {error}.", hint=f"Expected: {_KNOWN}.") from error
        _json(value, path, found)


def _json(value: Any, path: Path, found: Collected) -> None:
    if terraform.is_state(value):
        terraform.read(value, found)
        return
    items = value.get("value") if isinstance(value, dict) and "value" in value else value
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        if not items:
            return
        if answers.is_okta(items):
            answers.okta(items, path, found)
            return
        if answers.is_graph(items):
            answers.graph(items, path, found)
            return
    _people(value, path, found)


def _people(value: Any, path: Path, found: Collected) -> None:
    rows = value.get("people") or value.get("users") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise LabError(f"{path} is none of the files that are known here.", hint=f"Expected: {_KNOWN}.")
    people.read(rows, str(path), found)


# -- putting together -------------------------------------------------------------------------------------------------


def _add(spec: Doc, found: Collected) -> None:
    parties: dict[str, Doc] = spec["parties"]
    for side, add in (("okta", _add_okta), ("entra", _add_entra)):
        name = next((item for item in parties if item.startswith(side + ":")), None)
        if name is not None:
            add(parties[name], found)
        elif getattr(found, side):
            raise LabError(f"The base world has no {side} party.", hint="Give another --base.")
    lab = spec.setdefault("lab", {}).setdefault("users", [])
    known = {str(item["login"]).casefold() for item in lab}
    for side, key in (("okta", "login"), ("entra", "userPrincipalName")):
        for item in found.get(side, "users").values():
            if item[key].casefold() not in known:
                known.add(item[key].casefold())
                lab.append(
                    {"login": item[key], "password": PASSWORD, "side": side, "role": "person", "federated": False}
                )


def _add_okta(party: Doc, found: Collected) -> None:
    users, groups = found.get("okta", "users"), found.get("okta", "groups")
    by_id = {str(item.get("id", "")).casefold(): item for item in users.values()}
    for id, held in found.get("okta", "members").items():
        if id not in groups:
            found.left["members of a group that is not there"] += len(held["logins"])
            continue
        for login in held["logins"]:
            person = users.get(login.casefold()) or by_id.get(login.casefold())
            if person is not None and groups[id]["name"] not in person.setdefault("groups", []):
                person["groups"].append(groups[id]["name"])
    for item in users.values():
        item.update({"password": PASSWORD} if item.get("status", "ACTIVE") not in ("STAGED", "PROVISIONED") else {})
    rules = found.get("okta", "group_rules")
    for rule in rules.values():
        rule["groups"] = [groups[id.casefold()]["name"] for id in rule["groups"] if id.casefold() in groups]
    _extend(party, "users", users, "login")
    _extend(party, "groups", groups, "name")
    _extend(party, "zones", found.get("okta", "zones"), "name")
    _extend(party, "group_rules", {key: item for key, item in rules.items() if item["groups"]}, "name")


def _add_entra(party: Doc, found: Collected) -> None:
    users, groups = found.get("entra", "users"), found.get("entra", "groups")
    names = {str(item.get("id", key)).casefold(): item["userPrincipalName"] for key, item in users.items()}
    names |= {key: item["userPrincipalName"] for key, item in users.items()}
    names |= {key: item["displayName"] for key, item in groups.items()}
    for id, held in found.get("entra", "members").items():
        if id in groups:
            known = [names[item.casefold()] for item in held["ids"] if item.casefold() in names]
            groups[id].setdefault("members", []).extend(known)
    for unit in found.get("entra", "administrative_units").values():
        unit["members"] = [names[item.casefold()] for item in unit["members"] if item.casefold() in names]
    for item in users.values():
        item.setdefault("displayName", item["userPrincipalName"].partition("@")[0])
        item["password"] = PASSWORD
        name = item["userPrincipalName"].rpartition("@")[2].casefold()
        found.entra.setdefault("domains", {}).setdefault(name, {"id": name})
    _extend(party, "domains", found.get("entra", "domains"), "id")
    _extend(party, "users", users, "userPrincipalName")
    _extend(party, "groups", groups, "displayName")
    for section in ("administrative_units", "named_locations"):
        _extend(party, section, found.get("entra", section), "displayName")


def _extend(party: Doc, section: str, items: dict[str, Doc], key: str) -> None:
    """Add items; those that the base world has already stay as they are there."""
    known = {str(item[key]).casefold() for item in party.get(section, ())}
    more = [item for item in items.values() if str(item[key]).casefold() not in known]
    if more:
        party[section] = [*party.get(section, ()), *more]


def _write(path: Path, data: bytes) -> None:
    making = path.with_name(f".{path.name}.{os.getpid()}.making")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        making.write_bytes(data)
        making.replace(path)
    except OSError as error:
        raise LabError(f"{path} cannot be written: {error.strerror}.", hint="Nothing was changed.") from error
    finally:
        with contextlib.suppress(OSError):
            making.unlink()
