"""One file per resource of the org's API; modules are discovered."""
