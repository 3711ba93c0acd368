"""credentials.test and licenses.refresh: the harmless reads of the provisioning settings. Source: F-20, F-38, S-21."""

from emulator.office365.errors import Failure, bare
from emulator.office365.jobs import Procedure, Report, Work, event

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


TEST = Procedure(test_credentials, test_failed)
REFRESH = Procedure(refresh_licences, refresh_failed)
