"""Users linked to identity providers: /api/v1/idps/{idpId}/users. Source: the vendor's SDK 3."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import users
from emulator.okta.resources.identity_providers import AT, IDP_USERS, MANAGE, READ, load
from emulator.okta.shapes import bounded, record
from emulator.okta.user_docs import USERS

_ALL = AT + "/{idpId}/users"
_ONE = _ALL + "/{userId}"
_body = record({"externalId": bounded(512, least=1)}, needed=("externalId",))


def render(call: Call, row: Doc) -> Doc:
    """The link as the API shows it: a user by the provider's name for them."""
    at = f"{call.base}{AT}/{row['idpId']}"
    return {
        "id": row["userId"], "externalId": row["externalId"], "created": row["created"],
        "lastUpdated": row["lastUpdated"], "profile": {},
        "_links": {
            "idp": {"href": at},
            "self": {"href": f"{at}/users/{row['userId']}", "hints": {"allow": ["GET", "DELETE"]}},
            "user": {"href": f"{call.base}/api/v1/users/{row['userId']}"},
        },
    }  # fmt: skip


def _load(call: Call) -> Doc:
    user = call.path["userId"]
    found: Doc | None = call.store.get(IDP_USERS, f"{load(call)['id']}.{user}")
    if found is None or call.store.get(USERS, user) is None:
        raise not_found(user[:100], "User")
    return found


@operation("GET", _ALL, paging=Paging(20, 200), query=("limit", "after"), **READ)
def list_idp_users(call: Call) -> Listing:
    """Who is linked to a provider."""
    id = load(call)["id"]

    def keep(row: Doc) -> bool:
        return bool(row["idpId"] == id) and call.store.get(USERS, row["userId"]) is not None

    return lists.listing(call, IDP_USERS, render, keep=keep)


@operation("GET", _ONE, **READ)
def get_idp_user(call: Call) -> Doc:
    """One linked user."""
    return render(call, _load(call))


# Differs: nobody signs in by a social provider's own token, so none is kept.
@operation("GET", _ONE + "/credentials/tokens", **READ)
def list_social_tokens(call: Call) -> list[Doc]:
    """The provider's tokens of a linked user: none."""
    _load(call)
    return []


@operation("POST", _ONE, **MANAGE)
def link_user(call: Call) -> Doc:
    """Link a user by `{externalId}`; a second time changes the name (inferred)."""
    idp, user = load(call), users.load(call)
    external = _body(body_object(call), "")["externalId"]
    for other in call.store.find_all(IDP_USERS, "externalId", external):
        if other["idpId"] == idp["id"] and other["userId"] != user["id"]:
            compared = (Compared("externalId", external, "request body"), Compared("user", other["userId"], "its link"))
            cause = "externalId: Another user is already linked to this external ID"
            raise invalid("externalId", cause, why=Why("A provider's user is one user of the org.", compared))
    id, at = f"{idp['id']}.{user['id']}", stamp(call.now)
    before = call.store.get(IDP_USERS, id)
    row: Doc = {"id": id, "idpId": idp["id"], "userId": user["id"], "externalId": external, "created": at,
                "lastUpdated": at}  # fmt: skip
    if before is not None:
        row["created"] = before["created"]
    call.store.save(IDP_USERS, row)
    return render(call, row)


@operation("DELETE", _ONE, **MANAGE)
def unlink_user(call: Call) -> None:
    """Take a link away."""
    call.store.drop(IDP_USERS, _load(call)["id"])
