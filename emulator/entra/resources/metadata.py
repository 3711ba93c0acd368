"""The service itself: its metadata document (/$metadata) and the list of its entity sets.

Source: graph-entra.md 1.1; OData CSDL XML 4.01. The types are those of the published extract that this service holds.
"""

from collections.abc import Iterator
from functools import cache
from xml.sax.saxutils import quoteattr

from emulator.entra.graph import version
from emulator.entra.odata.schema import described, type_names
from emulator.entra.odata.sets import SETS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">\n'
_BEGIN = '<edmx:DataServices>\n<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">\n'
_END = "</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"
_PRIMITIVE = frozenset({
    "String", "Boolean", "Int16", "Int32", "Int64", "Guid", "DateTimeOffset", "Binary", "Double", "Single", "Decimal",
    "Date", "Duration", "TimeOfDay", "Stream", "Byte", "SByte",
})  # fmt: skip


@operation("GET", "/v1.0/$metadata", source=DOCUMENTED, auth="none")
def metadata(call: Call) -> Answer:
    """The metadata document; no token is needed."""
    return Answer(200, [*call.headers, ("Content-Type", "application/xml")], document())


@operation("GET", "/v1.0", source=inferred("OData JSON 4.01, section 5: the service document"), auth="none")
def service_document(call: Call) -> Doc:
    """The entity sets at the root of the service."""
    base = f"{call.base}/{version(call)}"
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in SETS]
    return {"@odata.context": f"{base}/$metadata", "value": sets}


@cache
def document() -> bytes:
    """The metadata document, as bytes."""
    lines = [_HEAD, _BEGIN]
    for name in type_names():
        lines += _type(name)
    lines.append('<EntityContainer Name="GraphService">\n')
    lines += [
        f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(_named(kind))}/>\n" for name, kind in SETS.items()
    ]
    return "".join([*lines, "</EntityContainer>\n", _END]).encode()


def _type(name: str) -> Iterator[str]:
    found = described(name)
    if found.get("kind") == "enum":
        values = found.get("values")
        yield f"<EnumType Name={quoteattr(name)}>\n"
        for number, member in enumerate(values if isinstance(values, list) else ()):
            yield f"<Member Name={quoteattr(str(member))} Value={quoteattr(str(number))}/>\n"
        yield "</EnumType>\n"
        return
    tag = "EntityType" if found.get("kind") == "entity" else "ComplexType"
    base = f" BaseType={quoteattr(_named(str(found['base'])))}" if found.get("base") else ""
    marks = "".join(
        f' {word}="true"' for word, key in (("Abstract", "abstract"), ("OpenType", "open")) if found.get(key)
    )
    yield f"<{tag} Name={quoteattr(name)}{base}{marks}>\n"
    if name == "entity":
        yield '<Key><PropertyRef Name="id"/></Key>\n'
    yield from _properties(found)
    yield f"</{tag}>\n"


def _properties(found: object) -> Iterator[str]:
    assert isinstance(found, dict)
    fixed = set(found.get("nonNullable") or ())
    for name, kind in (found.get("props") or {}).items():
        null = ' Nullable="false"' if name in fixed else ""
        yield f"<Property Name={quoteattr(name)} Type={quoteattr(_named(kind))}{null}/>\n"
    for name, kind in (found.get("nav") or {}).items():
        if _known(kind):
            yield f"<NavigationProperty Name={quoteattr(name)} Type={quoteattr(_named(kind))}/>\n"


def _known(kind: str) -> bool:
    """Whether a relationship leads to a type of the extract; others are left out, so that the document is whole."""
    inner = kind.removeprefix("Collection(").removesuffix(")")
    return inner in type_names()


def _named(kind: str) -> str:
    """A type with its namespace. Types outside the extract are open: `graph.entity` stands for them nowhere."""
    inner = kind.removeprefix("Collection(").removesuffix(")")
    full = f"Edm.{inner}" if inner in _PRIMITIVE else f"graph.{inner}" if inner in type_names() else "Edm.Untyped"
    return f"Collection({full})" if inner != kind else full
