"""Prepared recordings on disk, and the clips and windows in them."""

from edgcn.store.read import Store, open_store
from edgcn.store.views import Selection
from edgcn.store.write import write_store

__all__ = ["Selection", "Store", "open_store", "write_store"]
