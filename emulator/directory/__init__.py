"""The on-premises Active Directory: users and groups, as the Okta AD agent and Entra Connect see them."""
