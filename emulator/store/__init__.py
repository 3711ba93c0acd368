"""Documents, indexes, snapshots: one database per world, one handle per party."""

from emulator.store.documents import Duplicate, Store
from emulator.store.kinds import Column, Kind, Multi, Shown
from emulator.store.paging import Page
from emulator.store.sqlite import Database

__all__ = ["Column", "Database", "Duplicate", "Kind", "Multi", "Page", "Shown", "Store"]
