"""The revocation lists that the org holds for authorities of smart cards.

Source: the vendor's help on smart cards: it downloads and caches the lists of known issuers. Here nothing is fetched
because a certificate says so: somebody brings the list. Address and shape are ours.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid
from emulator.okta.resources.identity_providers import TRUSTED
from emulator.protocols import certificate_paths
from emulator.protocols.x509 import Certificate, certificate_from_der, strict_b64decode
from emulator.store import Column, Kind

LISTS = Kind("revocation_lists", (Column("issuer", unique=True),), settled=True)
_AT = "/api/internal/v1/revocation-lists"
_HOW = inferred("the vendor downloads the lists itself; here they are brought")
_MOST = 4_000_000
_BODY = shapes.record({"revocationList": shapes.bounded(_MOST, least=1)}, needed=("revocationList",))


@operation("GET", _AT, source=_HOW, scope=("okta.idps.read",))
def get_revocation_lists(call: Call) -> list[Doc]:
    """The lists that are held: issuer, when each was made and when the next is due, how many it revokes."""
    return [_shown(row) for row in call.store.all(LISTS)]


@operation("PUT", _AT, source=_HOW, scope=("okta.idps.manage",))
def put_revocation_list(call: Call) -> Doc:
    """Bring an authority's list, `{revocationList: base64 DER}`, in place of its last; a provider must trust it."""
    text: str = _BODY(body_object(call), "")["revocationList"]
    try:
        found, issuer = certificate_paths.revocation_list(strict_b64decode(text), known(call.store, _trusted(call)))
        at, due = round(found.last_update_utc.timestamp() * 1000), certificate_paths.next_update(found)
    except ValueError as error:
        why = Why("A list is signed by an authority of the key store.", (Compared("error", str(error)[:300], "X.509"),))
        raise invalid("revocationList", "revocationList: The list is not valid", why=why) from error
    old = call.store.find(LISTS, "issuer", issuer.subject)
    if old is not None and old["thisUpdateMs"] > at:
        compared = (Compared("thisUpdate", iso(at), "request body"),
                    Compared("thisUpdate", iso(old["thisUpdateMs"]), "the list that is held"))  # fmt: skip
        raise Problem("E0000001", "revocationList", why=Why("The org holds a newer list.", compared))
    row: Doc = {
        "id": old["id"] if old else call.ids.okta("crl"), "issuer": issuer.subject, "thisUpdateMs": at,
        "nextUpdateMs": due, "revoked": len(found), "lastUpdated": stamp(call.now), "_list": text,
    }  # fmt: skip
    call.store.save(LISTS, row)
    return _shown(row)


def _trusted(call: Call) -> Iterable[str]:
    return (row["kid"] for row in call.store.all(TRUSTED))


def known(store: Any, kids: Iterable[str]) -> list[Certificate]:
    """The certificates behind some keys of the key store."""
    rows = [row for kid in kids for row in store.find_all(TRUSTED, "kid", kid)]
    return [certificate_from_der(strict_b64decode(text)) for row in rows for text in row["x5c"]]


def held(store: Any, issuer: str) -> tuple[Doc, Any] | None:
    """An authority's list and what it holds, by the authority's name; None when nobody has brought one."""
    row: Doc | None = store.find(LISTS, "issuer", issuer)
    return (row, _loaded(row["_list"])) if row is not None else None


@lru_cache(maxsize=64)
def _loaded(text: str) -> Any:
    from cryptography import x509

    data = strict_b64decode(text)
    load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    return load(data)


def _shown(row: Doc) -> Doc:
    shown = public(row)
    made, due = shown.pop("thisUpdateMs"), shown.pop("nextUpdateMs")
    return {**shown, "thisUpdate": iso(made), "nextUpdate": iso(due) if due else None}
