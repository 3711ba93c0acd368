"""The verified publisher of an application. Source: Microsoft's pages on setVerifiedPublisher and its counterpart."""

from emulator.entra import bodies
from emulator.entra.audit import audit, target
from emulator.entra.problems import required
from emulator.entra.resources import applications, service_principals
from emulator.entra.resources.applications import ADMINS, APPLICATIONS
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation

SCOPE = ("Application.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
NONE = {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}


@operation(
    "POST", "/v1.0/applications/{id}/setVerifiedPublisher", source=DOCUMENTED, scope=SCOPE, extra=ADMINS,
    emits=("Add verified publisher",),
)  # fmt: skip
def set_publisher(call: Call) -> None:
    """Name the partner account that publishes an application. Differs: nobody is asked whether it is one."""
    id = bodies.checked(call.body, "verifiedPublisher", shown_only=("displayName", "addedDateTime"))
    number = id.get("verifiedPublisherId")
    if not number:
        raise required("verifiedPublisherId", "Application")
    name = applications.load(call)["publisherDomain"]
    made = {"displayName": name, "verifiedPublisherId": number, "addedDateTime": iso_seconds(call.now)}
    _write(call, made, "Add verified publisher")


@operation(
    "POST", "/v1.0/applications/{id}/unsetVerifiedPublisher", source=DOCUMENTED, body="optional_json", scope=SCOPE,
    extra=ADMINS, emits=("Remove verified publisher",),
)  # fmt: skip
def unset_publisher(call: Call) -> None:
    """Take the publisher off an application."""
    _write(call, NONE, "Remove verified publisher")


def _write(call: Call, made: Doc, activity: str) -> None:
    application = applications.load(call)
    old = dict(application)
    application["verifiedPublisher"] = made
    call.store.put(APPLICATIONS, application)
    service_principals.follow(call, old, application)
    audit(call, activity, [target("Application", application)])
