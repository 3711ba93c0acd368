import json
from urllib.request import Request, urlopen

from azure.identity import ClientSecretCredential, EnvironmentCredential
from shared import DOMAINS, bearer, refused, told

token = EnvironmentCredential().get_token("https://graph.microsoft.com/.default").token
with urlopen(Request(DOMAINS, headers=bearer(token)), timeout=20) as answer:
    told(json.load(answer))
elsewhere = ClientSecretCredential(
    "t", "c", "s", authority="example.com", disable_instance_discovery=True, retry_total=0
)
refused(lambda: elsewhere.get_token("https://graph.microsoft.com/.default"))
