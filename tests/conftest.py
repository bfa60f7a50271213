"""Shape annotations are checked at run time here; recordings and references are found or named."""

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the workers share the cores

import pytest
from filelock import FileLock
from jaxtyping import install_import_hook

install_import_hook("edgcn", "beartype.beartype")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings."""
    folder = Path(os.environ.get("EDGCN_DATA", SHARED / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}: set EDGCN_DATA to the folder that has them")
    return folder


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """The folder of reference values."""
    folder = Path(os.environ.get("EDGCN_GOLDEN", SHARED / "golden"))
    if not folder.is_dir():
        pytest.skip(f"no reference values at {folder}: set EDGCN_GOLDEN to the folder with them")
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process to ask for it makes, for all of them; only to be read."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with FileLock(root / f"{name}.lock"):
        if not (root / name).exists():
            make(root / f"{name}-part")
            (root / f"{name}-part").rename(root / name)
    return root / name


@pytest.fixture(scope="session")
def small_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small SMG, iMiGUE and NTU RGB+D 60 in their true layouts."""
    from layouts import write_small_imigue, write_small_ntu, write_small_smg

    def make(root: Path) -> None:
        root.mkdir()
        write_small_smg(root / "smg")
        write_small_imigue(root / "imigue")
        write_small_ntu(root / "ntu60")

    return made_once(tmp_path_factory, "releases", make)


@pytest.fixture(scope="session")
def small_stores(small_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stores of these, by name."""
    from edgcn.experiments.sources import ensure_store, find_sources

    def make(root: Path) -> None:
        for source in find_sources(small_releases).values():
            ensure_store(source, root, lambda line: None)

    return made_once(tmp_path_factory, "stores", make)
