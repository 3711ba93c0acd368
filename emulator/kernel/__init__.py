"""Pure building blocks that every room shares: no I/O, no vendor, no framework."""
