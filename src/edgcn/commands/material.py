"""What a pre-training learns from: a store's clips or windows, or procedural people.

settings -> clips, the rows of them to learn from, and what is said and remembered of both
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.settings import flag_of
from edgcn.inference.recognizer import Recognizer, load
from edgcn.models.embedder import Embedder
from edgcn.models.readout import readout_for
from edgcn.motion import people
from edgcn.motion.people import People
from edgcn.pipeline.source import ClipSource
from edgcn.presets.recipes import PROCEDURAL
from edgcn.skeleton.layouts import topology_named
from edgcn.store import Selection, Store, open_store
from edgcn.store.learned import Learned, learned_from
from edgcn.training.batches import BATCH

OF_INPUTS = (
    "frames", "normalize", "stream", "moments", "motion_gain", "input_norm", "confidence_as_z",
)  # fmt: skip
EPOCH = 20  # steps after which a training from procedural people is saved


@dataclass(frozen=True)
class Material:
    """What is learned from.

    Args:
        rows: of the clips.
        title: "431 clips of stores/utd".
        fingerprint: of what the clips are; a run goes on with the same ones only.
        note: a caution about every number that comes of it.
        learned: frames and people, as a recognizer remembers them.
        before: the recognizer whose encoder goes on learning, if any.
    """

    clips: ClipSource
    rows: np.ndarray
    title: str
    fingerprint: str
    note: str
    learned: Learned
    before: Recognizer | None = None


def material_of(config: PretrainConfig) -> Material:
    """What these settings learn from, and go on from.

    Raises:
        EdgcnError: there is no such store, topology or recognizer, or nothing to learn from.
    """
    material = clips_of(config)
    return material if config.from_ is None else replace(material, before=load(config.from_))


def clips_of(config: PretrainConfig) -> Material:
    """The clips of a store, or those of procedural people."""
    if config.store == Path(PROCEDURAL) and not config.store.exists():
        return from_people(config)
    if config.topology is not None:
        raise EdgcnError(
            f"--topology says which joints procedural people have; {config.store} has its own: "
            f"leave it out, or prepare the store with --topology"
        )
    return from_store(open_store(config.store), config)


def from_people(config: PretrainConfig) -> Material:
    """Clips without end, each learned from once."""
    name = config.topology or "kinect_v1"
    topology = topology_named(name)
    batch = BATCH if config.batch_size == "auto" else config.batch_size
    rows = np.arange(batch * config.devices * config.nodes * min(EPOCH, config.steps or EPOCH))
    clips = People(seed=config.seed, topology=topology)
    return Material(
        clips=clips,
        rows=rows,
        title=f"procedural people, {name}",
        fingerprint=clips.fingerprint,
        note="",
        learned=Learned(np.empty(0, np.uint64), 1, (), (people.NAME,)),
    )


def from_store(store: Store, config: PretrainConfig) -> Material:
    """The training side of a store's clips or windows."""
    clips, rows = learned_clips(store, config)
    kind = "windows" if by_windows(store, config) else "clips"
    return Material(
        clips=clips,
        rows=rows,
        title=f"{len(rows)} {kind} of {store.path}",
        fingerprint=store.fingerprint,
        note=store.note,
        learned=learned_from(clips, rows),
    )


def learned_clips(store: Store, config: PretrainConfig) -> tuple[Selection, np.ndarray]:
    """The clips or windows of a store, and which of them to learn from.

    Without a published split and with one subject there is no test side to keep away from: all.
    """
    clips, windows = store.clips(), by_windows(store, config)
    people = clips.subjects if len(clips) else store.recordings.subjects
    alone = not store.rules and len(set(people.tolist())) == 1
    every = config.split == "all" or (config.split is None and alone)
    if windows:
        length, step = config.window_seconds, config.window_step
        clips = store.windows(length, step, split=None if every else "train", by=config.split)
    kind, hint = ("windows", "--split all") if windows else ("segments", "--learn-from windows")
    if not len(clips):
        raise EdgcnError(f"{store.path} has no {kind} to learn from; use {hint}")
    rows = np.arange(len(clips)) if windows or every else clips.split(config.split).train
    return clips, clips.by_name(rows)


def by_windows(store: Store, config: PretrainConfig) -> bool:
    """Whether windows are learned from, and not clips."""
    if config.learn_from == "auto":
        return not store.trimmed and store.covered < 0.5
    return config.learn_from == "windows"


def begun(before: Recognizer, config: PretrainConfig) -> Embedder:
    """The encoder that a training goes on from, its own copy, read as it is to learn.

    Raises:
        EdgcnError: a setting asks for another encoder than it is.
    """
    embedder = before.embedder()
    has = {"encoder": embedder.name, "encoder_settings": dict(embedder.settings)}
    has |= {n: getattr(embedder.inputs, n) for n in OF_INPUTS if hasattr(embedder.inputs, n)}
    for name, value in has.items():
        asked, default = getattr(config, name), PretrainConfig.model_fields[name].default
        if name != "normalize" and asked not in (value, default):
            raise EdgcnError(
                f"--from {config.from_} goes on with its encoder, whose {name} is {value}; "
                f"leave out {flag_of(name)} {asked}, or --from"
            )
    embedder = replace(embedder, encoder=deepcopy(embedder.encoder), whitening=None)
    return embedder.read_by(readout_for(embedder.encoder, config.readout, explicit=False))
