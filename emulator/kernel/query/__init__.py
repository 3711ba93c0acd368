"""Filters: one tree for Okta's SCIM-like language and Graph's OData, two parsers, and the evaluator that
defines it.

``parse_scim(text)`` and ``parse_odata(text)`` give a ``Node``; ``matches(node, document, fold=…)`` says
whether a JSON document satisfies it. Compilation to SQL is ``store.where``; which attributes and operators
a list admits is the party's business (``okta.filters``, ``entra.odata``). Pure, standard library only.
"""

from emulator.kernel.query.nodes import (
    COUNT,
    And,
    Any_,
    Compare,
    Fold,
    In,
    Leaf,
    Node,
    Not,
    Operator,
    Or,
    Path,
    Present,
    Scalar,
    elements,
    folder,
    matches,
    rewrite,
    values_at,
    walk,
)
from emulator.kernel.query.odata import TYPE, parse_odata
from emulator.kernel.query.scim import parse_scim
from emulator.kernel.query.syntax import MAX_DEPTH, MAX_LENGTH, QueryError

__all__ = [
    "COUNT",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "TYPE",
    "And",
    "Any_",
    "Compare",
    "Fold",
    "In",
    "Leaf",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Path",
    "Present",
    "QueryError",
    "Scalar",
    "elements",
    "folder",
    "matches",
    "parse_odata",
    "parse_scim",
    "rewrite",
    "values_at",
    "walk",
]
