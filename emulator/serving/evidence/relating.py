"""Facts of pieces held side by side: two immutable ids, an instant and a cut-off, two domains."""

from emulator.kernel.doc import Doc
from emulator.serving.evidence.model import Piece

_LOOP = 3


def relate(pieces: list[Piece]) -> Piece | None:
    """A piece that holds what the pieces say together; None when there is nothing to hold together."""
    found = Piece("taken together", "the pieces side by side", {})
    users = [piece.config["user"] for piece in pieces if "user" in piece.config]
    assigned = [piece.config["app_user"] for piece in pieces if "app_user" in piece.config]
    tokens = [piece for piece in pieces if piece.get("token.immutable_id") is not None]
    for piece in tokens:
        _ids(found, piece.get("token.immutable_id") or "", piece.get("token.upn") or "", users, "token")
        _cutoff(found, piece, users)
    for each in assigned:
        _ids(found, str(each.get("immutableId") or ""), str(each.get("userName") or ""), users, "app user")
        _object(found, each, users)
        for piece in tokens:
            _same(found, str(each.get("immutableId") or ""), piece.get("token.immutable_id") or "")
    _issuers(found, pieces, tokens)
    _loop(found, pieces)
    _crowd(found, pieces)
    _factor(found, pieces, tokens)
    _licences(found, pieces)
    return found if found.facts else None


def _of(upn: str, users: list[Doc]) -> Doc | None:
    """The user of that name, or the only one there is."""
    named = [user for user in users if str(user.get("userPrincipalName", "")).lower() == upn.lower()]
    if named:
        return named[0]
    return users[0] if len(users) == 1 and not users[0].get("userPrincipalName") else None


def _ids(found: Piece, immutable: str, upn: str, users: list[Doc], side: str) -> None:
    user = _of(upn, users)
    if user is None and len(users) == 1 and upn:
        other = str(users[0].get("userPrincipalName") or "")
        if other and immutable and users[0].get("onPremisesImmutableId") == immutable:
            found.add("relation.upn", "differs")
            found.shown["userName"] = {side: upn, "Entra": other}
    if user is None or "onPremisesImmutableId" not in user:
        return
    entra = str(user.get("onPremisesImmutableId") or "")
    verdict = (
        "equal"
        if entra == immutable
        else "blank in Entra"
        if not entra
        else "blank in Okta"
        if not immutable
        else "differs"
    )
    found.add("relation.immutable_id", verdict)
    found.shown["immutableId"] = {side: immutable, "Entra": entra, "verdict": verdict}
    if verdict == "differs" and entra.casefold() == immutable.casefold():
        found.add("relation.immutable_id_case", "yes")


def _same(found: Piece, assigned: str, sent: str) -> None:
    if sent and assigned != sent:
        found.add("relation.assignment", "differs from what was sent")
        found.shown["assignment"] = {"app user": assigned, "token": sent}


def _object(found: Piece, assigned: Doc, users: list[Doc]) -> None:
    """The app user's externalId against the object that holds its immutable id."""
    external = str(assigned.get("externalId") or "")
    owner = next(
        (
            user
            for user in users
            if assigned.get("immutableId") and user.get("onPremisesImmutableId") == assigned["immutableId"]
        ),
        None,
    )
    if owner is not None and external and owner.get("id"):
        same = owner["id"] == external
        found.add("relation.external_id", "equal" if same else "differs")
        found.shown["object"] = {"externalId": external, "ownerOfImmutableId": owner["id"]}


def _cutoff(found: Piece, token: Piece, users: list[Doc]) -> None:
    from emulator.kernel.clock import iso, parse_iso

    user = _of(token.get("token.upn") or "", users)
    value = str((user or {}).get("signInSessionsValidFromDateTime") or "")
    instant = token.get("token.authn_instant")
    if not value or instant is None:
        return
    try:
        cut_off = parse_iso(value)
    except ValueError:
        return
    found.add("relation.authn", "older than the cut-off" if int(instant) < cut_off else "newer than the cut-off")
    found.shown["authentication"] = {"instant": iso(int(instant)), "signInSessionsValidFromDateTime": iso(cut_off)}
    if token.at_ms is not None and cut_off > token.at_ms:
        found.add("relation.cutoff", "in the future")


def _issuers(found: Piece, pieces: list[Piece], tokens: list[Piece]) -> None:
    known = {piece.get("federation.issuer") for piece in pieces} - {None}
    for token in tokens:
        if known and token.get("token.issuer") not in known:
            found.add("relation.issuer", "no federation that we see has it")
            found.shown["issuer"] = {"token": token.get("token.issuer"), "federations": sorted(map(str, known))}


def _loop(found: Piece, pieces: list[Piece]) -> None:
    """The same person sent to Okta and back again and again, in either log."""
    sso = [
        piece
        for piece in pieces
        if piece.get("okta.event") == "user.authentication.sso" and piece.get("okta.result") == "SUCCESS"
    ]
    by_person: dict[tuple[str, str], list[Piece]] = {}
    for piece in sso:
        by_person.setdefault((piece.get("okta.actor") or "", piece.get("okta.session") or ""), []).append(piece)
    most = max(by_person.values(), key=len, default=[])
    times = sorted(piece.at_ms for piece in most if piece.at_ms is not None)
    if len(most) >= _LOOP and (len(times) < _LOOP or times[_LOOP - 1] - times[0] < 5 * 60_000):
        found.add("relation.loop", "yes")
        found.shown["loop"] = f"{len(most)} sign-ons of one session within minutes"
        if len({piece.get("okta.ip") for piece in most}) == 1:
            found.shown["ip"] = most[0].get("okta.ip")
    people = {piece.get("signin.upn") for piece in pieces if piece.get("aadsts") in ("50074", "50076", "50079")} - {
        None
    }
    fine = {piece.get("signin.upn") for piece in pieces if piece.get("signin.code") == "0"} - people - {None}
    if people and fine:
        found.add("relation.affected", "some people only")
        found.shown["affected"] = {"interrupted": sorted(map(str, people)), "fine": sorted(map(str, fine))}
    _places(found, pieces)


def _places(found: Piece, pieces: list[Piece]) -> None:
    """One person, refused from one address and let in from another."""
    seen: dict[str, dict[str, set[str]]] = {}
    for piece in pieces:
        who, ip, code = piece.get("signin.upn"), piece.get("signin.ip"), piece.get("signin.code")
        if who and ip and code:
            seen.setdefault(who, {}).setdefault("fine" if code == "0" else "refused", set()).add(ip)
    for who, by in seen.items():
        if by.get("fine") and by.get("refused") and not by["fine"] & by["refused"]:
            found.add("relation.place", "refused from one address, let in from another")
            found.shown["addresses"] = {"user": who, **{name: sorted(ips) for name, ips in by.items()}}


def _licences(found: Piece, pieces: list[Piece]) -> None:
    wanted = {piece.get("appuser.licences") for piece in pieces} - {None}
    held = {piece.get("user.licences") for piece in pieces} - {None}
    if wanted == {"0"} and held == {"0"}:
        found.add("relation.licences", "none on either side")


def _crowd(found: Piece, pieces: list[Piece]) -> None:
    """How many people have the same trouble."""
    refused = {piece.get("signin.upn") for piece in pieces if piece.get("aadsts") == "51004"} - {None}
    if len(refused) > 1:
        found.add("relation.people_51004", len(refused))
        found.shown["refusedWith51004"] = sorted(map(str, refused))
    blank = [
        piece for piece in pieces if piece.get("appuser.immutable_id") == "" or piece.get("user.immutable_id") == ""
    ]
    people = {piece.get("appuser.user_name") or piece.get("user.upn") for piece in blank} - {None}
    if len(people) > 1:
        found.add("relation.people_blank", len(people))
        found.shown["withoutImmutableId"] = sorted(map(str, people))


def _factor(found: Piece, pieces: list[Piece], tokens: list[Piece]) -> None:
    """A token that claims multi-factor, and a log of its sign-in without any factor."""
    events = [piece for piece in pieces if piece.get("okta.event")]
    asked = [piece for piece in events if "auth_via_mfa" in (piece.get("okta.event") or "")]
    signed_on = [piece for piece in events if piece.get("okta.event") == "user.authentication.sso"]
    if any(piece.get("token.mfa") == "yes" for piece in tokens) and signed_on and not asked:
        found.add("relation.factor", "none was asked")
        found.shown["factor"] = "the token claims multi-factor, no event shows one"
