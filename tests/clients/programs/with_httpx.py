import httpx
from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, refused, told

with httpx.Client() as client:
    token = client.post(TOKEN, data=FORM).json()["access_token"]
    told(client.get(DOMAINS, headers=bearer(token)).json())
    refused(lambda: client.get(OTHER))
