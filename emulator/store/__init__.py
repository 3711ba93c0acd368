"""Documents, indexes, snapshots: one database per world, one handle per party."""

from emulator.store.kinds import Column, Kind, Multi
from emulator.store.sqlite import Database, Duplicate, Page, Store

__all__ = ["Column", "Database", "Duplicate", "Kind", "Multi", "Page", "Store"]
