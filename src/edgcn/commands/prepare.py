"""Recordings in, store out; and what is in a store.

files -> reader -> clips -> (remap by joint name) -> store
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import ValidationError, validate_call

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.progress import track
from edgcn.commands.config import PrepareConfig
from edgcn.readers import READERS
from edgcn.reports.plots import contact_sheet
from edgcn.reports.tables import count_table
from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.recording import Clip, Recordings, Skipped
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from edgcn.store import Store, open_store, write_store

LISTED = 12  # skipped files that are named one by one
SHEET_ROWS = 12  # clips on a contact sheet


def prepare(config: PrepareConfig, *, say: Callable[[str], None] = print) -> Path:
    """Read recordings into a new store; says what was skipped, and why."""
    recordings = open_recordings(config)
    if config.topology is not None:
        recordings = remapped(recordings, config.topology, say)
    keep_sources(recordings, config)
    skipped = write_store(
        recordings,
        config.out,
        overwrite=config.overwrite,
        strict=config.strict,
        dtype=config.dtype,
        progress=partial(track, label=f"reading {recordings.reader}", unit="clips"),
    )
    store = open_store(config.out)
    say(summary(store))
    report_skipped(skipped, say)
    return config.out


def open_recordings(config: PrepareConfig) -> Recordings:
    """The reader's view of a path, its options checked."""
    if config.reader not in READERS:
        hint = did_you_mean(config.reader, READERS)
        raise EdgcnError(f"no reader is named {config.reader!r}: there are {_names(READERS)}{hint}")
    if config.path is None and config.reader != "synthetic":
        raise EdgcnError(f"reader {config.reader!r} needs the path of its recordings")
    reader = validate_call(config={"arbitrary_types_allowed": True})(READERS[config.reader])
    hints = {p.name: p.annotation for p in inspect.signature(reader).parameters.values()}
    given = {name: from_text(text, hints.get(name)) for name, text in config.options.items()}
    try:
        recordings: Recordings = reader(config.path, **given)
        return recordings
    except ValidationError as error:
        raise EdgcnError(_bad_options(config.reader, error)) from None


def keep_sources(recordings: Recordings, config: PrepareConfig) -> None:
    """Refuse to replace a folder by a store that is made of what lies in it."""
    out = config.out.resolve()
    if config.overwrite and out.exists():
        for source in recordings.sources:
            if source.resolve().is_relative_to(out):
                raise EdgcnError(
                    f"--out {config.out} would be written over {source}, which is read; choose "
                    f"another --out"
                )


def from_text(text: str, hint: Any) -> Any:
    """What an option's text stands for, where its type does not tell: a choice, a topology."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    known = {str(value): value for value in choices}
    return (TOPOLOGIES | known if Topology in kinds else known).get(text, text)


def _names(things: Iterable[str]) -> str:
    return ", ".join(things)


def _bad_options(reader: str, error: ValidationError) -> str:
    parts = [
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
    ]
    known = [name for name in inspect.signature(READERS[reader]).parameters if name != "path"]
    return (
        f"reader {reader!r} cannot use these options: {'; '.join(parts)}; "
        f"it takes {_names(known) or 'none'}"
    )


def remapped(recordings: Recordings, name: str, say: Callable[[str], None]) -> Recordings:
    """The same clips on another topology, joints matched by name."""
    if name not in TOPOLOGIES:
        hint = did_you_mean(name, TOPOLOGIES)
        raise EdgcnError(f"no topology is named {name!r}: there are {_names(TOPOLOGIES)}{hint}")
    skeletons = recordings.skeletons or {"": recordings.topology}
    plans = {part: plan_remap(own, TOPOLOGIES[name]) for part, own in skeletons.items()}
    for part, plan in plans.items():
        say(f"{part}: {plan.summary()}" if part else plan.summary())

    def convert() -> Iterator[Clip | Skipped]:
        for item in recordings.clips:
            if isinstance(item, Clip) and item.frames.ndim == 4:
                plan = plans[item.skeleton]
                if item.frames.shape[2] == len(plan.source):
                    frames = plan.apply(item.frames, dims=recordings.dims)
                    item = replace(item, frames=frames, scores=None)
            yield item

    return replace(recordings, topology=TOPOLOGIES[name], clips=convert(), skeletons={})


def report_skipped(skipped: list[Skipped], say: Callable[[str], None]) -> None:
    """Every skipped file is counted; the first ones are named, all are in store.json."""
    if not skipped:
        return
    known = sum(item.known for item in skipped)
    say(f"skipped {len(skipped)} ({known} of them listed as bad by the data set itself):")
    for item in skipped[:LISTED]:
        reason = item.reason.removeprefix(f"{item.path}:").strip()
        say(f"  {item.path}: {reason}")
    if len(skipped) > LISTED:
        say(f"  and {len(skipped) - LISTED} more, all listed in store.json")


def summary(store: Store) -> str:
    """One paragraph about a store."""
    lengths = store.lengths
    classes = len(set(store.labels[store.labels >= 0].tolist()))
    bodies = "1 body" if store.bodies == 1 else f"up to {store.bodies} bodies"
    text = (
        f"{store.path}: {len(store)} clips, {classes} classes, "
        f"{len(set(store.subjects.tolist()) - {''})} subjects; {store.topology.name} "
        f"({len(store.topology)} joints), {bodies}, {store.fps:g} fps; "
        f"frames {lengths.min()} to {lengths.max()}, median {int(np.median(lengths))}"
    )
    return text + (f"\nnote: {store.note}" if store.note else "")


def info(path: Path, *, figure: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Print what a store holds and draw a contact sheet; returns the picture's path."""
    store = open_store(path)
    say(summary(store))
    labels = Counter(store.labels.tolist())
    unlabelled = [("(unlabelled)", labels[-1])] if labels[-1] else []
    say(count_table([*((n, labels[i]) for i, n in enumerate(store.classes)), *unlabelled]))
    people = Counter(str(subject) or "(none)" for subject in store.subjects)
    say(count_table(sorted(people.items()), of="subject"))
    for name in [*store.rules, *([] if store.rules else ["subject"])]:
        say(split_line(store, name))
    say(missing_joints(store))
    report_skipped([Skipped(**item) for item in store.about["skipped"]], say)
    figure = figure or path / "contact_sheet.png"
    return contact_sheet(
        sample(store),
        store.topology,
        figure,
        dims=store.dims,
        image_y_down=store.units == "px",
    )


def split_line(store: Store, name: str) -> str:
    """How many clips are on either side of a split, or why it cannot be used here."""
    try:
        split = store.split(name)
    except EdgcnError as error:
        return str(error)
    return f"split {name!r}: {len(split.train)} training clips, {len(split.test)} test clips"


def missing_joints(store: Store) -> str:
    """Share of joints that were not seen, and the joints most often missing."""
    total, clips = np.zeros(len(store.topology)), 0
    for row in np.linspace(0, len(store) - 1, min(len(store), 500)).astype(int):
        frames = store.clip(row)[..., : store.dims]
        body = (frames != 0).any((2, 3))  # a body that is not there has no missing joints
        total += 1 - (frames != 0).any(-1)[body].mean(0) if body.any() else 1
        clips += 1
    share = total / clips
    text = f"missing joints: {100 * share.mean():.2f} % (of {clips} clips looked at)"
    worst = [int(v) for v in np.argsort(-share)[:3] if share[v] > 0]
    named = ", ".join(f"{store.topology.joints[v]} {100 * share[v]:.1f} %" for v in worst)
    return text + (f"; most often {named}" if named else "")


def sample(store: Store) -> list[tuple[str, np.ndarray]]:
    """One clip of each of the first classes, with its class and name, for a contact sheet."""
    firsts = {int(label): int(row) for row, label in reversed(list(enumerate(store.labels)))}
    rows = [row for _, row in sorted(firsts.items())][:SHEET_ROWS]
    if len(rows) < SHEET_ROWS:
        spread = np.linspace(0, len(store) - 1, min(SHEET_ROWS, len(store))).astype(int)
        others = [row for row in spread.tolist() if row not in rows]
        rows = sorted([*rows, *others[: SHEET_ROWS - len(rows)]])
    titles = [
        f"{store.classes[store.labels[row]] if store.labels[row] >= 0 else 'unlabelled'} · "
        f"{store.names[row]}"
        for row in rows
    ]
    return [(title, store.clip(row)) for title, row in zip(titles, rows, strict=True)]
