import requests
from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, refused, told

token = requests.post(TOKEN, data=FORM, timeout=20).json()["access_token"]
told(requests.get(DOMAINS, headers=bearer(token), timeout=20).json())
refused(lambda: requests.get(OTHER, timeout=20))
