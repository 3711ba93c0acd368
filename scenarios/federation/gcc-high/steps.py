"""The app of the government's cloud, and where its calls go."""

import re


def government(stage):
    """Office 365 apps whose tenant type is GCC High."""
    apps = stage.okta.get("/api/v1/apps?filter=name%20eq%20%22office365%22")
    return [app for app in apps if app["settings"]["app"]["tenantType"] == "GCC_HIGH"]


def calls(stage, app, login, password):
    """Give the app an administrator to sign in with, test its connection, and answer the Microsoft hosts that it tried.

    The lab has no such cloud, so the connector says which host it could not reach.
    """
    at = f"/api/internal/v1/apps/{app}"
    stage.okta.put(f"{at}/office365/credentials", {"adminUsername": login, "adminPassword": password})
    stage.okta.post(f"{at}/connections/default/test")
    told = " ".join(str(job.get("message")) for job in stage.sync()["ran"])
    return sorted(set(re.findall(r"[a-z]+[.]microsoft[a-z]*[.][a-z]+", told)))
