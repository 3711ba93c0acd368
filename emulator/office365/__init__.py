"""The Office 365 connector: the integration logic of Okta's Office 365 app, over the wire and nothing else."""
