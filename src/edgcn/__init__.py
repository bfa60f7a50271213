"""edgcn: recognize (micro-)gestures from skeleton sequences with few or no labels.

Everything the command line does is a few plain calls; names are loaded when first used, so that
`import edgcn` itself is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the table below, as type checkers read it; a test compares
    from edgcn.annotations.events import Event as Event
    from edgcn.annotations.events import Events as Events
    from edgcn.annotations.formats import read_events as read_events
    from edgcn.annotations.formats import write_events as write_events
    from edgcn.api import demo as demo
    from edgcn.api import evaluate as evaluate
    from edgcn.api import export as export
    from edgcn.api import fit as fit
    from edgcn.api import info as info
    from edgcn.api import prepare as prepare
    from edgcn.api import pretrain as pretrain
    from edgcn.api import report as report
    from edgcn.api import reproduce as reproduce
    from edgcn.api import resume as resume
    from edgcn.api import sweep as sweep
    from edgcn.api import weights as weights
    from edgcn.augment import AUGMENTATIONS as AUGMENTATIONS
    from edgcn.base.errors import EdgcnError as EdgcnError
    from edgcn.base.plugins import load_plugin as load_plugin
    from edgcn.base.plugins import register_encoder as register_encoder
    from edgcn.base.plugins import register_objective as register_objective
    from edgcn.base.plugins import register_reader as register_reader
    from edgcn.commands.results import Results as Results
    from edgcn.evaluation.protocols import PROTOCOLS as PROTOCOLS
    from edgcn.inference import Recognizer as Recognizer
    from edgcn.inference import load as load
    from edgcn.inference.stream import Stream as Stream
    from edgcn.models import ENCODERS as ENCODERS
    from edgcn.models import READOUTS as READOUTS
    from edgcn.objectives import OBJECTIVES as OBJECTIVES
    from edgcn.objectives import BarlowTwins as BarlowTwins
    from edgcn.objectives import MomentumContrast as MomentumContrast
    from edgcn.objectives.base import Views as Views
    from edgcn.pipeline.normalize import Normalize as Normalize
    from edgcn.readers import READERS as READERS
    from edgcn.runs import Run as Run
    from edgcn.skeleton.layouts import TOPOLOGIES as TOPOLOGIES
    from edgcn.skeleton.recording import Recording as Recording
    from edgcn.skeleton.recording import Segment as Segment
    from edgcn.skeleton.topology import Topology as Topology
    from edgcn.store import Store as Store
    from edgcn.store import open_store as open_store

    __version__: str

PUBLIC: dict[str, tuple[str, ...]] = {
    "edgcn.api": (
        "demo",
        "evaluate",
        "export",
        "fit",
        "info",
        "prepare",
        "pretrain",
        "report",
        "reproduce",
        "resume",
        "sweep",
        "weights",
    ),
    "edgcn.annotations.events": (
        "Event",
        "Events",
    ),
    "edgcn.annotations.formats": (
        "read_events",
        "write_events",
    ),
    "edgcn.augment": ("AUGMENTATIONS",),
    "edgcn.base.errors": ("EdgcnError",),
    "edgcn.base.plugins": (
        "load_plugin",
        "register_encoder",
        "register_objective",
        "register_reader",
    ),
    "edgcn.commands.results": ("Results",),
    "edgcn.evaluation.protocols": ("PROTOCOLS",),
    "edgcn.inference": (
        "Recognizer",
        "load",
    ),
    "edgcn.inference.stream": ("Stream",),
    "edgcn.models": (
        "ENCODERS",
        "READOUTS",
    ),
    "edgcn.objectives": (
        "BarlowTwins",
        "MomentumContrast",
        "OBJECTIVES",
    ),
    "edgcn.objectives.base": ("Views",),
    "edgcn.pipeline.normalize": ("Normalize",),
    "edgcn.readers": ("READERS",),
    "edgcn.runs": ("Run",),
    "edgcn.skeleton.layouts": ("TOPOLOGIES",),
    "edgcn.skeleton.recording": (
        "Recording",
        "Segment",
    ),
    "edgcn.skeleton.topology": ("Topology",),
    "edgcn.store": (
        "Store",
        "open_store",
    ),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("edgcn")
        except PackageNotFoundError:  # a source tree that was not installed
            return "unknown"
    if name == "__all__":
        return sorted(public for names in PUBLIC.values() for public in names)
    for home, names in PUBLIC.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'edgcn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__getattr__("__all__"), "__version__"]
