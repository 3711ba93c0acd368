"""Where fixtures and scenarios are: beside the package in a checkout, inside it in a wheel."""

import re
from pathlib import Path
from typing import Any

import yaml

from emulator.kernel.problems import LabError

_PACKAGE = Path(__file__).resolve().parent.parent
_MOST_BYTES = 5 * 1024 * 1024
_MOST_ALIASES = 100


def data_folder(name: str) -> Path:
    """The folder `fixtures` or `scenarios`."""
    packed = _PACKAGE / "_data" / name  # looked at first: site-packages may hold somebody else's `fixtures`
    return packed if packed.is_dir() else _PACKAGE.parent / name


def read_fixture(relative: str) -> bytes:
    """A fixture's bytes. LabError when the path leaves the folder or there is no such file."""
    base = data_folder("fixtures").resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise LabError(f"There is no fixture {relative!r}.", hint=f"Fixtures are below {base}.")
    return path.read_bytes()


class _Loader(yaml.CSafeLoader):
    """Safe YAML without the 1.1 traps: only true/false are booleans, no octals, no sexagesimals, no dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
    for _DROPPED in ({"tag:yaml.org,2002:" + kind for kind in ("bool", "int", "float", "timestamp")},)
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_yaml(data: bytes, *, name: str) -> Any:
    """YAML to plain values. LabError with line and column for anything malformed or oversized."""
    if len(data) > _MOST_BYTES:
        raise LabError(f"{name} is larger than {_MOST_BYTES} bytes.", hint="Split it.")
    try:
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, Loader=yaml.CSafeLoader))
        if aliases > _MOST_ALIASES:
            raise LabError(f"{name} uses more than {_MOST_ALIASES} YAML aliases.", hint="Write the values out.")
        return yaml.load(data, Loader=_Loader)  # noqa: S506 - a safe loader, derived from CSafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise LabError(f"{place}: {error.problem or 'not YAML'}.", hint="Check the indentation and quoting.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LabError(f"{name}: not YAML ({error}).", hint="Check the file's encoding and quoting.") from error
