"""The Office 365 connector: the integration logic of Okta's Office 365 app, over the job port and Microsoft's public endpoints."""
