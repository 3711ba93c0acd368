"""The org as an OAuth 2.0 and OpenID Connect provider: the org authorization server and the custom ones."""
