"""Documents, indexes, snapshots: one database per world, one handle per party."""

from emulator.store.documents import Duplicate, Page, Store
from emulator.store.kinds import Column, Kind, Multi, Shown
from emulator.store.sqlite import Database

__all__ = ["Column", "Database", "Duplicate", "Kind", "Multi", "Page", "Shown", "Store"]
