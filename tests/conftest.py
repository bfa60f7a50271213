"""Shape annotations are checked at run time here; recordings and references are found or named."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the workers share the cores

import pytest
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


@pytest.fixture(scope="session")
def small_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small SMG, iMiGUE and NTU RGB+D 60 in their true layouts; only to be read."""
    from layouts import write_small_imigue, write_small_ntu, write_small_smg

    root = tmp_path_factory.mktemp("releases")
    write_small_smg(root / "smg")
    write_small_imigue(root / "imigue")
    write_small_ntu(root / "ntu60")
    return root
