import urllib3
from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, refused, told

pool = urllib3.PoolManager(retries=False)
token = pool.request("POST", TOKEN, fields=FORM, encode_multipart=False).json()["access_token"]
told(pool.request("GET", DOMAINS, headers=bearer(token)).json())
refused(lambda: pool.request("GET", OTHER))
