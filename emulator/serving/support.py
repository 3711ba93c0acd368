"""The support matrix: derived from the operations themselves, for `/_lab/support` and docs/reference."""

from emulator.kernel.doc import Doc
from emulator.serving.parties import PACKAGES, party_type


def matrix() -> list[Doc]:
    """Every operation of every party with its grade, scopes and events."""
    rows = []
    for kind in PACKAGES:
        for service in party_type(kind).services:
            for item in service.operations:
                rows.append({
                    "party": kind, "service": service.name, "name": item.name, "method": item.method,
                    "path": item.path, "summary": item.summary, "grade": item.source.grade, "note": item.source.note,
                    "scope": list(item.scope), "bucket": item.bucket, "emits": list(item.emits),
                })  # fmt: skip
    return sorted(rows, key=lambda row: (row["party"], row["service"], row["path"], row["method"]))
