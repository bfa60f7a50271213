"""One small store for all tests of the page; what is coded goes into each test's own folder."""

import pytest

from edgcn.store import Store
from edgcn.web import features
from edgcn.web.features import Features, Windows


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Recordings to code."""
    from web.asking import make_store

    return make_store(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory, made: Store) -> Features:
    """What the encoder made of them."""
    from web.asking import released

    looking = Features(made, released(), tmp_path_factory.mktemp("seen"), lambda: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "SAMPLED", 200)
        assert isinstance(looking.compute(), Windows)
    return looking
