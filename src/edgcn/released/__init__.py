"""Released weights: runs that come with the package, pre-trained without labels by `best`.

docs/weights.md is their model card. Each folder is a run without what only training needs.
"""

import os
import shutil
from pathlib import Path

from edgcn.base.errors import EdgcnError, did_you_mean

HERE = Path(__file__).parent
RELEASED = ("edgcn-s",)


def released_folder(run: str | Path) -> Path | None:
    """The folder of the weights that have this name; None where such a folder is at hand."""
    return HERE / run if str(run) in RELEASED and not Path(run).exists() else None


def copy_released(name: str, out: Path) -> Path:
    """Make a run of released weights, to evaluate them; an existing folder is never touched.

    Raises:
        EdgcnError: no weights have this name, or `out` exists or cannot be written.
    """
    if name not in RELEASED:
        hint = did_you_mean(name, RELEASED)
        raise EdgcnError(f"no weights are named {name!r}; there are {', '.join(RELEASED)}{hint}")
    if out.exists():
        raise EdgcnError(f"{out} exists already; choose another --out")
    waiting = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        waiting.mkdir(parents=True)
        for file in (HERE / name).iterdir():
            shutil.copy2(file, waiting)
        waiting.rename(out)
    except OSError as error:
        raise EdgcnError(f"cannot make the run {out}: {error.strerror}") from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return out
