"""edgcn: recognize (micro-)gestures from skeleton sequences with few or no labels.

Everything the command line does is a few plain calls; names are loaded when first used, so that
`import edgcn` itself is quick.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgcn.api import demo, evaluate, info, prepare, pretrain, report, resume, weights
    from edgcn.augment import AUGMENTATIONS
    from edgcn.base.errors import EdgcnError
    from edgcn.inference import Recognizer, load
    from edgcn.models import ENCODERS, READOUTS
    from edgcn.objectives import OBJECTIVES, MomentumContrast
    from edgcn.pipeline.normalize import Normalize
    from edgcn.readers import READERS
    from edgcn.skeleton.layouts import TOPOLOGIES
    from edgcn.skeleton.recording import Clip
    from edgcn.skeleton.topology import Topology
    from edgcn.store import Store, open_store

try:
    __version__ = version("edgcn")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "unknown"

_HOMES = {
    "AUGMENTATIONS": "edgcn.augment",
    "ENCODERS": "edgcn.models",
    "OBJECTIVES": "edgcn.objectives",
    "READERS": "edgcn.readers",
    "READOUTS": "edgcn.models",
    "TOPOLOGIES": "edgcn.skeleton.layouts",
    "Clip": "edgcn.skeleton.recording",
    "EdgcnError": "edgcn.base.errors",
    "MomentumContrast": "edgcn.objectives",
    "Normalize": "edgcn.pipeline.normalize",
    "Recognizer": "edgcn.inference",
    "Store": "edgcn.store",
    "Topology": "edgcn.skeleton.topology",
    "demo": "edgcn.api",
    "evaluate": "edgcn.api",
    "info": "edgcn.api",
    "load": "edgcn.inference",
    "open_store": "edgcn.store",
    "prepare": "edgcn.api",
    "pretrain": "edgcn.api",
    "report": "edgcn.api",
    "reproduce": "edgcn.api",
    "resume": "edgcn.api",
    "weights": "edgcn.api",
}

__all__ = [
    "AUGMENTATIONS",
    "ENCODERS",
    "OBJECTIVES",
    "READERS",
    "READOUTS",
    "TOPOLOGIES",
    "Clip",
    "EdgcnError",
    "MomentumContrast",
    "Normalize",
    "Recognizer",
    "Store",
    "Topology",
    "demo",
    "evaluate",
    "info",
    "load",
    "open_store",
    "prepare",
    "pretrain",
    "report",
    "reproduce",
    "resume",
    "weights",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgcn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
