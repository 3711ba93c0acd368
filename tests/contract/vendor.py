"""What the vendor's own Python SDK says of its API: every operation, and the model of each answer.

The SDK is generated from the vendor's OpenAPI description, so its api files are that description.
"""

import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_TYPES = re.compile(r"_response_types_map: Dict\[str, Optional\[str\]\] = \{(.*?)\}", re.S)
_ROW = re.compile(r'"(\d{3})":\s*(?:"([^"]*)"|None)')
_ROUTE = re.compile(r'method="([A-Z]+)",\s*resource_path=((?:"[^"]*"\s*)+)')


def _joined(text: str) -> str:
    """A path that is written as one text or several."""
    return "".join(re.findall(r'"([^"]*)"', text))


def shape(path: str) -> str:
    """A path with its placeholders' names left out."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@cache
def operations() -> dict[tuple[str, str], dict[str, str]]:
    """Model names by status, by (method, shape of path)."""
    spec = find_spec("okta")
    assert spec is not None and spec.origin is not None
    found: dict[tuple[str, str], dict[str, str]] = {}
    for file in sorted((Path(spec.origin).parent / "api").glob("*_api.py")):
        types: dict[str, str] = {}
        for match in re.finditer(f"{_TYPES.pattern}|{_ROUTE.pattern}", file.read_text(), re.S):
            if match[2] is None:
                types = {status: model for status, model in _ROW.findall(match[1]) if model}
            else:
                found[match[2], shape(_joined(match[3]))] = types
    return found


@cache
def paths() -> dict[tuple[str, str], str]:
    """The vendor's own spelling of each path."""
    spec = find_spec("okta")
    assert spec is not None and spec.origin is not None
    found: dict[tuple[str, str], str] = {}
    for file in sorted((Path(spec.origin).parent / "api").glob("*_api.py")):
        routes = ((method, _joined(text)) for method, text in _ROUTE.findall(file.read_text()))
        found |= {(method, shape(path)): path for method, path in routes}
    return found


def complaints(model: str, value: Any) -> list[str]:
    """What the vendor's model finds wrong with a JSON answer: `place: text`."""
    if model.startswith("List["):
        if not isinstance(value, list):
            return [": is no list"]
        return [text for item in value for text in complaints(model[5:-1], item)]
    if model in ("object", "str", "bool", "Success", "bytearray") or model.startswith("Dict["):
        return []
    from pydantic import ValidationError

    kind = getattr(import_module("okta.models"), model)
    try:
        kind.from_dict(value) if isinstance(value, dict) else kind.model_validate(value)
    except ValidationError as error:
        return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    except (ValueError, TypeError, AttributeError) as error:
        return [f": {str(error)[:300]}"]
    return []
