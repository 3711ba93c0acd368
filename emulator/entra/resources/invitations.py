"""Inviting guests: /invitations. Source: graph-entra.md 1.8.

Nobody redeems an invitation here: the guest stays in PendingAcceptance, and the redeem URL leads nowhere.
"""

import re
from urllib.parse import quote, urlsplit

from emulator.entra import bodies
from emulator.entra.audit import audit, target
from emulator.entra.graph import Entity
from emulator.entra.problems import invalid, required
from emulator.entra.resources import domains, users
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

_MAIL = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")
_SHOWN = ("inviteRedeemUrl", "status")


@operation(
    "POST", "/v1.0/invitations", source=DOCUMENTED, status=201,
    extra={"roles": ("Guest Inviter", "User Administrator")}, emits=("Invite external user", "Add user"),
)  # fmt: skip
def invite(call: Call) -> Entity:
    """Make a guest of an address, or invite again one that is there."""
    given = {key: value for key, value in call.body.items() if key != "invitedUser"}
    body = bodies.checked(given, "invitation", shown_only=_SHOWN)
    for name in ("invitedUserEmailAddress", "inviteRedirectUrl"):
        if not body.get(name):
            raise required(name, "Invitation")
    mail = body["invitedUserEmailAddress"]
    if not _MAIL.fullmatch(mail) or len(mail) > 200:
        raise invalid("invitedUserEmailAddress", "Invitation", mail, rule="It is an SMTP address.")
    if _scheme(body["inviteRedirectUrl"]) not in ("http", "https"):
        raise invalid("inviteRedirectUrl", "Invitation", body["inviteRedirectUrl"], rule="It is a web address.")
    if body.get("invitedUserType") not in (None, "Guest", "Member"):
        raise invalid("invitedUserType", "Invitation", body["invitedUserType"], rule="It is Guest or Member.")
    user = _guest(call, mail, body)
    audit(call, "Invite external user", [target("User", user)])
    id = call.ids.guid("invitation")
    back = quote(body["inviteRedirectUrl"], safe="")
    redeem = f"https://login.microsoftonline.com/redeem?rd=https%3a%2f%2finvitations.microsoft.com%2fredeem%2f%3ftenant%3d{tenant(call)['id']}%26user%3d{id}%26continue%3d{back}"
    doc = {
        "id": id, "inviteRedeemUrl": redeem, "invitedUserDisplayName": body.get("invitedUserDisplayName"),
        "invitedUserType": user["userType"], "invitedUserEmailAddress": mail,
        "sendInvitationMessage": bool(body.get("sendInvitationMessage")),
        "resetRedemption": bool(body.get("resetRedemption")), "inviteRedirectUrl": body["inviteRedirectUrl"],
        "status": "PendingAcceptance", "invitedUserMessageInfo": _message(body.get("invitedUserMessageInfo")),
        "invitedUser": {"id": user["id"]},
    }  # fmt: skip
    return Entity("invitations/$entity", doc, 201, f"/invitations/{id}")


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _message(given: Doc | None) -> Doc:
    info = given or {}
    recipients = info.get("ccRecipients") or [{"emailAddress": {"name": None, "address": None}}]
    return {
        "messageLanguage": info.get("messageLanguage"), "customizedMessageBody": info.get("customizedMessageBody"),
        "ccRecipients": recipients,
    }  # fmt: skip


def _guest(call: Call, mail: str, body: Doc) -> Doc:
    """The guest of that address, made where it is not there. Raises 400 for one of the tenant's own people."""
    held = [
        *call.store.find_all(users.USERS, "mail", mail),
        *call.store.find_multi(users.USERS, "proxyAddresses", f"smtp:{mail}"),
    ]
    domain = call.store.get(domains.DOMAINS, mail.rpartition("@")[2].casefold())
    own = users.by_upn(call.store, mail)
    for user in [*held, *([own] if own else [])]:
        if user.get("creationType") == "Invitation":
            return dict(user)
        compared = (Compared("invitedUserEmailAddress", mail, "request body"), Compared("user", user["id"], "tenant"))
        text = (
            f"The invited user already exists in the directory as object ID: {user['id']}. "
            "They can use that account to sign in to shared apps and resources."
        )
        raise Problem("bad_request", text, why=Why("Somebody here has the address already.", compared))
    if domain is not None and domain["isVerified"]:
        text = "The domain of the email address is a verified domain of this directory."
        verified = (Compared("domain", domain["id"], "the tenant's verified domains"),)
        raise Problem("bad_request", text, why=Why("Guests come from elsewhere.", verified))
    user = users.blank(call.ids.guid("user"), call.now)
    alias = mail.replace("@", "_")
    user.update({
        "accountEnabled": True, "displayName": body.get("invitedUserDisplayName") or mail.partition("@")[0],
        "mail": mail, "mailNickname": f"{alias}#EXT#", "proxyAddresses": [f"SMTP:{mail}"], "otherMails": [mail],
        "userPrincipalName": f"{alias}#EXT#@{domains.initial(call.store)}", "creationType": "Invitation",
        "userType": body.get("invitedUserType") or "Guest", "externalUserState": "PendingAcceptance",
        "externalUserStateChangeDateTime": iso_seconds(call.now), "lastPasswordChangeDateTime": None,
    })  # fmt: skip
    issuer = {
        "signInType": "userPrincipalName",
        "issuer": domains.initial(call.store),
        "issuerAssignedId": user["userPrincipalName"],
    }
    user["identities"] = [issuer]
    users.store(call, user, new=True)
    audit(call, "Add user", [target("User", user)])
    return user
