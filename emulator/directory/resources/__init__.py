"""One file per directory object class; modules are discovered."""
