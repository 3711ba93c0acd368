"""Evidence explained offline: recognised, decoded, checked against what is known, and held against known situations.

`decode` takes one token apart; `explain` takes any pieces of evidence together. Nothing is verified by believing it:
each check says passed, failed, or not checkable and what would settle it.
"""

from collections.abc import Sequence

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.evidence import checking, checking_jwt, knowledge, recognising, relating
from emulator.serving.evidence.model import Known, Piece

_NOTHING = "Nothing that we know fits this evidence. That says nothing about whether all is well."
_HEALTHY = "No refusal and no known problem is visible in this evidence."


def explain(inputs: Sequence[tuple[str, bytes]], known: Known) -> Doc:
    """All that the files say: `{clock, pieces, together, checks, rows, verdict}`."""
    pieces = [piece for name, data in inputs for piece in recognising.recognise(data, name)]
    return explain_pieces(pieces, known)


def explain_pieces(pieces: list[Piece], known: Known) -> Doc:
    """The same for pieces that are recognised already."""
    known = _with_evidence(pieces, known)
    for piece in pieces:
        check(piece, known)
    together = relating.relate(pieces)
    everything = [*pieces, *([together] if together else [])]
    ranked = knowledge.rank(everything)
    return {
        "clock": {"now": iso(known.now_ms), "from": known.clock},
        "rows": [row for row in ranked if row["id"]],
        "verdict": _verdict(ranked, pieces),
        "also": [row for row in ranked if not row["id"]],
        "pieces": [piece.to_doc() for piece in pieces],
        "together": together.shown if together else None,
    }


def check(piece: Piece, known: Known) -> None:
    """Fill in the checks of a token, and note the outcome as facts."""
    if piece.token is None:
        return
    piece.checks = (checking_jwt.check_jwt if piece.sort == "JWT" else checking.check_saml)(piece, known)
    for each in piece.checks:
        piece.add({"passed": "check.passed", "failed": "check.failed"}.get(each.status, "check.open"), each.name)


def _with_evidence(pieces: list[Piece], known: Known) -> Known:
    """What is known, with the configuration that stands in the evidence itself."""
    federations = [piece.config["federation"] for piece in pieces if "federation" in piece.config]
    users = [piece.config["user"] for piece in pieces if "user" in piece.config]
    keys = [key for piece in pieces for key in piece.config.get("jwks", ())]
    return Known(
        known.now_ms, known.clock, (*known.federations, *federations), (*known.users, *users), (*known.jwks, *keys),
        complete=known.complete,
    )  # fmt: skip


def _verdict(ranked: list[Doc], pieces: list[Piece]) -> str:
    """One sentence that claims no more than the evidence shows."""
    if not ranked:
        failed = [f"{each.name} ({each.rule})" for piece in pieces for each in piece.checks if each.status == "failed"]
        if failed:
            return f"A relying party refuses it. Failed: {'; '.join(failed)} No catalogue row is about that."
        refused = any(
            fact.name in ("aadsts", "graph.code", "okta.error", "soap.fault")
            for piece in pieces
            for fact in piece.facts
        )
        return _NOTHING if refused or all(piece.sort == "text" for piece in pieces) else _HEALTHY
    best = ranked[0]
    name = f"{best['id']}: {best['title']}" if best["id"] else best["title"]
    return f"{best['confidence'].capitalize()}: {name}. {best['says']}"


def decode(data: bytes) -> Doc:
    """A token as plain values: `{kind, ...}`. LabError when it is no token we know."""
    pieces = [piece for piece in recognising.recognise(data, "the token") if piece.token is not None]
    if not pieces:
        raise LabError(
            "This is no token that can be decoded.",
            hint="Give a wresult, a SAML response or assertion, a WS-Trust answer or a compact JWT.",
        )
    piece = pieces[0]
    problem = piece.shown.get("problem")
    if problem:
        text = problem["reason"] if isinstance(problem, dict) else problem
        raise LabError(f"The {piece.sort} cannot be read: {text}.")
    kind = "jwt" if piece.sort == "JWT" else piece.shown["kind"]
    return {"kind": kind, **{name: value for name, value in piece.shown.items() if name != "kind"}}
