"""credentials.test, licenses.refresh and dirsync.enable: what the provisioning settings ask of the tenant.

Source: seed-catalogue.md, 0.1 (the sync account).
"""

from emulator.kernel.doc import Doc
from emulator.office365.errors import Failure, Refused, bare
from emulator.office365.jobs import Procedure, Report, Work, event
from emulator.office365.provision import nickname
from emulator.office365.references import push_roles

ACCOUNT, ROLE = "svc_OKTA_sync_", "Directory Synchronization Accounts"
UNEXPECTED = "UNEXPECTED_ERROR"
DIRSYNC_FAILED = "app.office365.api.error.set.company.dirsync.failure"
VALIDATE_FAILED = "app.office365.api.error.validate.creds"


def test_credentials(work: Work) -> Report:
    """A new token, and one read with it."""
    work.graph.check_token()
    found = work.graph.all("/organization?$select=id,displayName")
    return Report("done", [], result={"result": "SUCCESS", "tenantId": found[0]["id"] if found else None})


def test_failed(work: Work, failure: Failure) -> Report:
    text = f"Could not validate your Office 365 credentials, received error: {bare(failure)}"
    log = [event(VALIDATE_FAILED, "FAILURE", reason=text, debug=failure.debug)]
    result = {"result": "FAILURE", "message": text}
    return Report("failed", log, result=result, message=text, error_code=failure.code)


def refresh_licences(work: Work) -> Report:
    """The tenant's licences by their Graph names: `{items: [{id, skuPartNumber, servicePlans: [names]}]}`."""
    items = [
        {
            "id": sku["skuId"],
            "skuPartNumber": sku["skuPartNumber"],
            "servicePlans": [
                plan["servicePlanName"] for plan in sku.get("servicePlans") or () if plan.get("appliesTo") != "Company"
            ],
        }
        for sku in work.graph.all("/subscribedSkus")
    ]
    return Report("done", [], result={"items": items})


def refresh_failed(work: Work, failure: Failure) -> Report:
    text = f"Could not download licenses, received error: {failure.text}"  # inferred frame
    return Report("failed", work.events, message=text, error_code=failure.code)


def enable_dirsync(work: Work) -> Report:
    """Set up User or Universal Sync: the sync account with its role, and directory synchronisation switched on.

    Refuses where another synchronisation is at work in the tenant (seed-catalogue.md, inferred).
    """
    graph, initial = work.graph, _initial_domain(work)
    login = f"{ACCOUNT}{work.job.subject['appId']}@{initial}"
    others = graph.all(f"/users?$filter=startswith(userPrincipalName,'{ACCOUNT}')&$select=id,userPrincipalName")
    organization = graph.all("/organization?$select=id,onPremisesSyncEnabled")
    if organization and organization[0].get("onPremisesSyncEnabled") and not others:
        raise Refused(UNEXPECTED, code="UNEXPECTED_ERROR")
    account = next((user for user in others if user["userPrincipalName"].casefold() == login.casefold()), None)
    secret = str((work.job.secret.get("sync") or {}).get("password") or "")
    if account is None:
        account = graph.post("/users", _account(login, secret))
    else:
        graph.patch(f"/users/{account['id']}", {"passwordProfile": _password(secret)})
    push_roles(work, account["id"], [ROLE], fresh=False)
    sync = graph.acting({"tenant": work.job.secret.get("tenant"), "username": login, "password": secret}, run="sync")
    sync.post("/_lab/onpremises/sync", {"objects": []})
    return Report("done", [], result={"login": login})


def _initial_domain(work: Work) -> str:
    return next((str(item["id"]) for item in work.graph.all("/domains") if item.get("isInitial")), "")


def _account(login: str, secret: str) -> Doc:
    return {
        "accountEnabled": True, "displayName": "Okta directory synchronization", "userPrincipalName": login,
        "mailNickname": nickname(login), "passwordProfile": _password(secret),
        "passwordPolicies": "DisablePasswordExpiration",
    }  # fmt: skip


def _password(secret: str) -> Doc:
    return {"password": secret, "forceChangePasswordNextSignIn": False}


def dirsync_failed(work: Work, failure: Failure) -> Report:
    """The generic error that administrators see, with what was behind it in the log."""
    log = [event(DIRSYNC_FAILED, "FAILURE", reason=bare(failure), debug=failure.debug)]
    return Report("failed", log, message=UNEXPECTED, error_code=failure.code)


TEST = Procedure(test_credentials, test_failed)
REFRESH = Procedure(refresh_licences, refresh_failed)
DIRSYNC = Procedure(enable_dirsync, dirsync_failed)
