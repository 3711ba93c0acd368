"""OData on Graph's directory objects: query options, what each property admits, ``$search``, paths.

``options = check(parse_options(query, headers), "user")`` gives filters, names and orders under canonical
names, or raises ``ODataError`` with Graph's status, code and message. Source: graph-entra.md 1.1 and 1.3.
"""

from emulator.entra.odata.check import check
from emulator.entra.odata.errors import ODataError
from emulator.entra.odata.options import Expand, QueryOptions, parse_options
from emulator.entra.odata.paths import Segment, split_path
from emulator.entra.odata.schema import Property, UnknownProperty, properties, resolve
from emulator.entra.odata.search import parse_search, search_matches

__all__ = [
    "Expand",
    "ODataError",
    "Property",
    "QueryOptions",
    "Segment",
    "UnknownProperty",
    "check",
    "parse_options",
    "parse_search",
    "properties",
    "resolve",
    "search_matches",
    "split_path",
]
