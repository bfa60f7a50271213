"""One small store for all tests of the page; what is coded goes into each test's own folder."""

import pytest

from edgcn.store import Store


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Recordings to code."""
    from web.asking import make_store

    return make_store(tmp_path_factory.mktemp("made"))
