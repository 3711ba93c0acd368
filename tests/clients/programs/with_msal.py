import os

import msal
import requests
from shared import DOMAINS, OTHER, bearer, refused, told

app = msal.ConfidentialClientApplication(
    os.environ["AZURE_CLIENT_ID"], client_credential=os.environ["AZURE_CLIENT_SECRET"],
    authority=f"https://login.microsoftonline.com/{os.environ['AZURE_TENANT_ID']}",
)  # fmt: skip
token = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]
told(requests.get(DOMAINS, headers=bearer(token), timeout=20).json())
refused(lambda: msal.ConfidentialClientApplication("a", client_credential="b", authority=OTHER + "adfs"))
