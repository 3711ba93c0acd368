"""The one XML parser for everything that arrives from outside.

It refuses size, DOCTYPE, entities, other encodings and other XML versions before anybody looks at content,
and a document is parsed once: two parsers that read the same bytes differently are how signature checks get
fooled (reference/security.md sections 0 and 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

TOKEN_LIMIT = 256 * 1024
"""Bytes of one decoded token, response or SOAP envelope."""

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_XML_BLANK = b" \t\r\n"


class XmlRejected(ValueError):
    """The bytes are not a document we read. `details` names what was compared."""

    def __init__(self, reason: str, *, details: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details or {}


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed, well-formed, DOCTYPE-free document. Nothing in it is trusted: only `xmldsig.verify` gives
    trust.
    """

    root: _Element
    size: int


def parser() -> XMLParser:
    """A new hardened parser. UTF-8 is forced, so a declared encoding cannot change how the bytes read."""
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        encoding="utf-8",
    )


def parse(data: bytes, *, limit: int = TOKEN_LIMIT) -> Document:
    """Parse `data` (white space around it is tolerated, as clients send it); XmlRejected when it is not
    acceptable.
    """
    from lxml import etree

    if len(data) > limit:
        raise XmlRejected("the document is too large", details={"bytes": str(len(data)), "limit": str(limit)})
    source = data.strip(_XML_BLANK)
    reader = parser()
    try:
        root = etree.fromstring(source, reader)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRejected("the document is not well-formed XML", details={"parser": str(error)[:200]}) from error
    # libxml2 keeps only its *last* complaint for lxml to judge, so an error can hide behind a later warning.
    for entry in reader.error_log:
        if entry.level >= etree.ErrorLevels.ERROR:
            raise XmlRejected("the document is not well-formed XML", details={"parser": entry.message[:200]})
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None:
        raise XmlRejected("the document has a DOCTYPE", details={"root": str(info.root_name)[:200]})
    if info.xml_version not in (None, "1.0"):
        raise XmlRejected("the document is not XML 1.0", details={"version": str(info.xml_version)})
    entity = next(root.iter(etree.Entity), None)
    if entity is not None:
        raise XmlRejected("the document uses an entity", details={"entity": str(entity)[:100]})
    return Document(root=root, size=len(data))


def elements(parent: _Element) -> list[_Element]:
    """The child elements of `parent`, without comments and processing instructions."""
    return [child for child in parent if isinstance(child.tag, str)]


def children(parent: _Element, tag: str) -> list[_Element]:
    """The child elements with this Clark-notation tag."""
    return [child for child in parent if child.tag == tag]


def only_child(parent: _Element, tag: str) -> _Element:
    """The one child with this tag; XmlRejected when there is none or there are several."""
    found = children(parent, tag)
    if len(found) != 1:
        raise XmlRejected(
            f"expected one {local_name(tag)} in {local_name(parent.tag)}", details={"found": str(len(found))}
        )
    return found[0]


def whole_text(element: _Element) -> str:
    """All the text of a leaf element, nothing cut or trimmed; XmlRejected when it has child elements.

    Never `element.text`: a comment would cut it short (CVE-2017-11427 and its family).
    """
    if elements(element):
        inside = " ".join(local_name(child.tag) for child in elements(element))[:200]
        raise XmlRejected(
            f"{local_name(element.tag)} has markup inside its text", details={"found": inside, "expected": "text only"}
        )
    return "".join(str(part) for part in element.itertext())


def local_name(tag: object) -> str:
    """The local part of a Clark-notation tag; empty for comments and processing instructions."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def relative_namespaces(root: _Element) -> Iterator[str]:
    """Namespace URIs declared in the tree that are not absolute.

    Canonicalisation of such a document fails or yields nothing, and libraries have taken "nothing" for the
    signed text (CVE-2025-66567).
    """
    from lxml import etree

    for event, declared in etree.iterwalk(root, events=("start-ns",)):
        del event
        prefix, uri = declared
        if not _ABSOLUTE_URI.match(uri) and (prefix or uri):
            yield uri
