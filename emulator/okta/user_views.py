"""Users shown with less, or with more: `okta-response` of the Content-Type, `fields`, `expand`.

Source: the published list and get operations of users. What `okta-response` leaves out is documented; that `fields`
keeps the id and the links is inferred.
"""

from collections.abc import Callable

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.problems import invalid
from emulator.okta.user_docs import render_item

Show = Callable[[Call, Doc], Doc]
_CREDENTIAL_LINKS = frozenset({
    "changePassword", "changeRecoveryQuestion", "forgotPassword", "resetPassword", "resetFactors", "unlock",
    "expirePassword",
})  # fmt: skip


def omitted(call: Call) -> frozenset[str]:
    """What the client does without: `omitCredentials`, `omitCredentialsLinks`, `omitTransitioningToStatus`."""
    for parameter in call.exchange.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "okta-response":
            return frozenset(part.strip() for part in value.strip('" ').split(","))
    return frozenset()


def without(shown: Doc, names: frozenset[str]) -> Doc:
    """A user without what the client does without."""
    if "omitCredentials" in names:
        shown = {name: value for name, value in shown.items() if name != "credentials"}
    if "omitCredentialsLinks" in names:
        links = {name: value for name, value in shown["_links"].items() if name not in _CREDENTIAL_LINKS}
        shown = {**shown, "_links": links}
    return shown


def expanded(call: Call, user: Doc, *known: str) -> Doc:
    """`_embedded`, where `expand` asks for something. Raises 400 for a name it does not know."""
    if not call.params.get("expand"):
        return {}
    from emulator.okta.resources import user_blocks, user_classification

    asked = [name.strip() for name in (call.params.get("expand") or "").split(",") if name.strip()]
    embedded: Doc = {}
    for name in asked:
        if name not in known:
            compared = (Compared("expand", name[:100], "query"), Compared("known", ", ".join(known), "operation"))
            why = Why("expand takes a fixed list of names.", compared)
            raise invalid("RequestParams", "Expand query is malformed.", why=why)
        embedded[name] = (
            user_blocks.blocks_of(user) if name == "blocks" else user_classification.classification_of(user)
        )
    return {"_embedded": embedded} if embedded else {}


def item(call: Call) -> tuple[Show, bool]:
    """How lists show a user, and whether that is the plain way. Raises 400 for an `expand` that is none."""
    names, fields, expand = omitted(call), call.params.get("fields"), call.params.get("expand")
    if not names and not fields and not expand:
        return render_item, True
    wanted = {name.strip() for name in (fields or "").split(",") if name.strip()}

    def show(call: Call, user: Doc) -> Doc:
        shown = without(render_item(call, user), names)
        if wanted:
            shown = _only(shown, wanted)
        return {**shown, **expanded(call, user, "classification")}

    return show, False


def _only(shown: Doc, wanted: set[str]) -> Doc:
    """The named properties; attributes of the profile as `profile.login` or `profile:(login,email)`."""
    names = {part.strip("() ").replace(":(", ".") for part in wanted}
    profile = {part.rpartition(".")[2] for part in names if part.startswith("profile.")}
    kept = {name: value for name, value in shown.items() if name in names or name in ("id", "_links")}
    if profile and "profile" not in kept:
        kept["profile"] = {name: value for name, value in shown["profile"].items() if name in profile}
    return kept
