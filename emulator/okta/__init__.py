"""The Okta org: admin API, sign-in pages, and the Office 365 app's WS-Federation and WS-Trust endpoints."""
