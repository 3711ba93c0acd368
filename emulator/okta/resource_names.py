"""What a resource of a resource set is called and where it is: ORNs of addresses, addresses of ORNs.

Source: the vendor's documentation of resource sets; collections of users, groups and apps as recorded.
"""

from urllib.parse import unquote_plus

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APPS
from emulator.okta.tokens import org

_SERVICES = {
    "users": "directory", "groups": "directory", "realms": "directory", "devices": "directory", "apps": "idp",
    "authorization_servers": "idp", "policies": "idp",
}  # fmt: skip
_IN_ADDRESSES = {"authorization_servers": "authorizationServers"}
_IN_NAMES = {address: name for name, address in _IN_ADDRESSES.items()}
_MEMBERS = "contained_resources"
_LINKED = ("users", "groups")
_BY_NAME = 'filter=name eq "'
_API = "/api/v1/"


def named(call: Call, text: str) -> Doc:
    """`{orn}` of an ORN or an address; nothing where the address is of a kind without a name known to us."""
    if text.startswith("orn:"):
        return {"orn": text}
    kind, parts = _of_address(call, text)
    if kind not in _SERVICES:
        return {}
    return {"orn": ":".join(("orn", "okta", _SERVICES[kind], org(call)["id"], kind, *parts))}


def links(call: Call, text: str) -> Doc:
    """`self`, the resource's own address, and `users` or `groups` where it is such."""
    at = text if not text.startswith("orn:") else _address(call, text)
    kind = named(call, text).get("orn", "").split(":")[4:]
    found: Doc = {"self": {"href": at}} if at else {}
    if kind and kind[0] in _LINKED and at:
        found["users" if kind[-1] == _MEMBERS else kind[0]] = {"href": at}
    return found


def _of_address(call: Call, text: str) -> tuple[str, list[str]]:
    path, _, query = unquote_plus(text.partition(_API)[2]).partition("?")
    first, *rest = path.strip("/").split("/")
    kind = _IN_NAMES.get(first, first)
    if kind == "groups" and rest[1:] == ["users"]:
        return kind, [rest[0], _MEMBERS]
    if kind != "apps":
        return kind, rest
    if query.startswith(_BY_NAME):
        return kind, [query.removeprefix(_BY_NAME).rstrip('"')]
    app = call.store.get(APPS, rest[0]) if rest else None
    return kind, [app["name"], app["id"]] if app is not None else rest


def _address(call: Call, orn: str) -> str:
    """The address of what an ORN names; empty where there is none."""
    kind, *parts = orn.split(":")[4:] or [""]
    if kind not in _SERVICES:
        return ""
    at = f"{call.base}{_API}{_IN_ADDRESSES.get(kind, kind)}"
    if kind == "apps" and len(parts) == 1:
        return f'{at}?filter=name+eq+"{parts[0]}"'
    if kind == "apps" and parts:
        return f"{at}/{parts[-1]}"
    return "/".join((at, *("users" if part == _MEMBERS else part for part in parts)))
