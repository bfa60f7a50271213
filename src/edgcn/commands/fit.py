"""`edgcn fit`: a run or released weights, and labelled clips, to a recognizer that names them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.words import LISTED, count, named
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.evaluation.cautions import left_out
from edgcn.inference.recognizer import Recognizer
from edgcn.pipeline.adapt import Skeleton
from edgcn.store import open_store
from edgcn.store.learned import overlap


class FitConfig(Config):
    """Learn to name gestures: logistic regression on the vectors of an encoder."""

    model: Annotated[str, POSITIONAL]
    """A run, a recognizer's file, or the name of released weights (edgcn-s)."""
    store: Annotated[Path, POSITIONAL]
    """Store with labels."""
    out: Path
    """File of the new recognizer, such as touch.edgcn."""
    split: str | None = None
    """Learn from the training side of this split (default: the store's), or from `all` clips."""
    skeleton: Skeleton = "remap"
    """What is done if the joints differ: `remap` takes the clips to the encoder's joints by name,
    `rebuild` the encoder to the store's, `position` reads joint i as joint i."""
    spot: bool | None = None
    """Also learn to find the gestures in whole recordings, for `edgcn recognize`; by default where
    the store's recordings show more than the gestures."""
    overwrite: bool = False
    """Replace an existing file."""


def command(config: FitConfig) -> str:
    """Fit, and say what comes next."""
    made = fit(config)
    following = f"edgcn evaluate {config.out} {config.store}"
    if hasattr(made, "spotter_"):
        following = f"edgcn recognize {config.out} RECORDINGS --out events, or {following}"
    return f"wrote {config.out}   next: {following}"


def unlearned(classes: Sequence[str], labels: np.ndarray) -> str:
    """Which classes have no training clips."""
    absent = [name for i, name in enumerate(classes) if not (labels == i).any()]
    if not absent:
        return ""
    return f"no training clips of {named(absent, most=LISTED)}, which is never predicted"


def fit(config: FitConfig, *, say: Say = tell) -> Recognizer:
    """A recognizer of the store's classes, written to `config.out`."""
    if config.out.exists() and not config.overwrite:
        raise EdgcnError(f"{config.out} exists already; choose another --out, or pass --overwrite")
    if config.out.is_dir():
        raise EdgcnError(f"{config.out} is a folder; expected the name of a file, as touch.edgcn")
    clips = open_store(config.store).clips()
    split = None if config.split == "all" else clips.split(config.split)
    chosen = clips if split is None else clips.take(split.train)
    labelled = chosen.take(chosen.labels >= 0)
    made = Recognizer(config.model, skeleton=config.skeleton).fit(labelled)
    people = set(labelled.subjects.tolist()) - {""}
    say(
        f"learned {count(len(np.unique(labelled.labels)), 'class')} from "
        f"{count(len(labelled), 'clip')} of {count(len(people), 'person', 'people')}; strength C = "
        f"{made.strength_:g}, chosen on held-out people among them"
    )
    for note in (
        left_out(len(chosen) - len(labelled), len(chosen), "have no label"),
        unlearned(clips.classes, labelled.labels),
    ):
        if note:
            say(f"note: {note}")
    if split is None:
        say("note: learned from all clips: nobody is left in this store to judge it on")
    elif seen := overlap(made.provenance_.pretrained, clips, split.test).text():
        say(f"note: {seen}")
    for note in dict.fromkeys((*made.provenance_.notes, clips.note)):
        if note:
            say(f"note: {note}")
    if config.spot or (config.spot is None and not clips.store.trimmed):
        try:
            made.fit_spotter(labelled)
            say(f"learned to find them in recordings; {made.spotter_notes_[0]}")
        except EdgcnError as error:
            if config.spot:  # asked for
                raise
            say(f"note: it has not learned to find them in recordings: {error}")
    made.save(config.out, overwrite=config.overwrite)
    return made
