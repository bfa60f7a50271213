"""Released weights: recognizers without a classifier that come with the package, by name.

They were pre-trained without labels by the recipe `best`; docs/weights.md is their model card.
"""

import shutil
from pathlib import Path

import edgcn.presets
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.files import writing

HERE = Path(edgcn.presets.__file__).parent / "weights"
RELEASED = ("edgcn-s", "edgcn")


def released(name: str) -> Path:
    """The file of released weights.

    Raises:
        EdgcnError: no weights have this name.
    """
    if name not in RELEASED:
        hint = did_you_mean(str(name), RELEASED)
        raise EdgcnError(f"no weights are named {name!r}; there are {', '.join(RELEASED)}{hint}")
    return HERE / f"{name}.edgcn"


def copy_released(name: str, out: Path) -> Path:
    """Copy released weights to a file of their own; an existing one is never written over.

    Raises:
        EdgcnError: no weights have this name, or `out` exists or cannot be written.
    """
    source = released(name)
    if out.exists():
        raise EdgcnError(f"{out} exists already; choose another --out")
    with writing(out, overwrite=False) as waiting:
        shutil.copyfile(source, waiting)
    return out
