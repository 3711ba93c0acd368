"""The sign-in service: discovery, realms, authorize, token, login.srf. One file per endpoint family."""
