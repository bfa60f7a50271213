"""Room 2: prepared clips on disk."""

from edgcn.store.read import Store, open_store
from edgcn.store.write import write_store

__all__ = ["Store", "open_store", "write_store"]
