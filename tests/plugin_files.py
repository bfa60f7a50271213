"""Plugins of tests: what they register is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import edgcn.models  # the rooms have filled their dicts
import edgcn.objectives
import edgcn.readers  # noqa: F401
from edgcn.base import plugins

EXAMPLES = Path(__file__).parents[1] / "examples"


@contextmanager
def nothing_registered() -> Iterator[None]:
    """As if no plugin had been loaded, before and after."""
    loaded, registered = list(plugins._LOADED), list(plugins._REGISTERED)
    before = {kind: dict(entries) for kind, entries in plugins.REGISTRIES.items()}
    for kind, name in registered:
        plugins.REGISTRIES[kind].pop(name, None)
    plugins._LOADED.clear()
    plugins._REGISTERED.clear()
    try:
        yield
    finally:
        for kind, entries in plugins.REGISTRIES.items():
            entries.clear()
            entries.update(before[kind])
        plugins._LOADED[:], plugins._REGISTERED[:] = loaded, registered
