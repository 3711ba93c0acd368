"""One file per Microsoft Graph resource; modules are discovered."""
