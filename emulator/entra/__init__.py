"""The Microsoft Entra tenant: Microsoft Graph and the sign-in service, over one directory."""
