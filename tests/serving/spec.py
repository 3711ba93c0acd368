"""A world with a directory only: enough for what is common to all parties."""

SMALL = {
    "world": "small",
    "parties": {
        "directory:corp": {
            "forest": "corp.small.example",
            "users": [{"sAMAccountName": "dana", "userPrincipalName": "dana@small.example"}],
        }
    },
}
HOST = "https://dc.corp.small.example"
