"""Prepared stores as one data set, so that one encoder can learn from all of them.

folder of stores -> recordings of each, end to end: NAME of STORE is STORE/NAME, in a class
STORE: CLASS

Every recording carries the side that it has in its own store's default split, as tag `train` or
`test`: what trains here is what trains in its store, and nothing that any store tests on. Frames
come as they are stored, of each store's own skeleton.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Shaped

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.words import LISTED, named
from edgcn.readers.text.folders import check_folder
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped, SplitRule
from edgcn.store.read import Store, open_store
from edgcn.store.splits import default_split

READER = "stores"

Sides = Shaped[np.ndarray, " n"]  # "train", "test" or nothing


def read_stores(
    path: Path, *, leave_out: str = "", overlap: Literal["refuse", "leave_out"] = "refuse"
) -> Recordings:
    """All stores that lie in a folder, in the order of their names.

    A store that this reader made is never taken: a union may lie beside what it is made of, and
    be made again there. Hidden folders are not looked at: one may be a store half written.

    Frame rates may differ, since every clip is resampled to a fixed number of frames before use;
    `fps` is that of most recordings.

    Args:
        leave_out: names of stores that are not taken, separated by commas.
        overlap: what becomes of training recordings with frames, or people, that another store
            tests on: refuse the union, or leave them out and list them as skipped.

    Raises:
        EdgcnError: no stores, an unknown name, a damaged store, the same recordings twice, a store
            without a split, stores that do not measure the same, or recordings that train in one
            store and test in another.
    """
    stores = _opened(_chosen(path, leave_out))
    first = stores[0]
    sides = {store.name: _sides(store) for store in stores}
    tested = _tested_elsewhere(stores, sides)
    if overlap == "refuse":
        _refuse(stores, tested)
    return Recordings(
        reader=READER,
        topology=first.topology,
        classes=tuple(f"{store.name}: {name}" for store in stores for name in store.classes),
        recordings=_recordings(stores, sides, tested),
        fps=_most_common_rate(stores),
        units="px" if first.units == "px" else "m",
        dims=first.dims,
        bodies=max(store.bodies for store in stores),
        total=sum(len(store.recordings) for store in stores),
        splits={"given": SplitRule("split", train=("train",), test=("test",))},
        sources=tuple(file for store in stores for file in sorted(store.path.glob("[!.]*.np[yz]"))),
        note="; ".join(f"{store.name}: {store.note}" for store in stores if store.note),
        skeletons={store.name: store.topology for store in stores},
    )


def _chosen(folder: Path, leave_out: str) -> list[Path]:
    """The stores in a folder that are wanted and are no unions themselves."""
    hint = "give the folder that holds them"
    check_folder(folder, what="prepared stores", hint=hint)
    if (folder / "store.json").is_file():
        raise EdgcnError(f"expected a folder with prepared stores, got one store, {folder}; {hint}")
    found = {
        sub.name: sub
        for sub in sorted(folder.iterdir())
        if not sub.name.startswith(".") and (sub / "store.json").is_file()
    }
    left_out = [name for part in leave_out.split(",") if (name := part.strip())]
    for name in left_out:
        if name not in found:
            raise EdgcnError(
                f"leave_out: no store is named {name!r} in {folder}: there are "
                f"{', '.join(found) or 'none'}{did_you_mean(name, found)}"
            )
    wanted = [sub for name, sub in found.items() if name not in left_out]
    chosen = [sub for sub in wanted if not _is_union(sub)]
    if not chosen:
        others = [f"{sub.name} (a union)" for sub in wanted] + [f"{n} (left out)" for n in left_out]
        raise EdgcnError(
            f"expected prepared stores to join in {folder}, found {', '.join(others) or 'none'}; "
            f"make some with `edgcn prepare READER PATH --out {folder / 'NAME'}`"
        )
    return chosen


def _is_union(store: Path) -> bool:
    try:
        metadata: Any = json.loads((store / "store.json").read_text())
    except (OSError, ValueError):
        return False  # opening it will say what is wrong
    return isinstance(metadata, dict) and metadata.get("reader") == READER


def _opened(paths: Sequence[Path]) -> list[Store]:
    """The stores, once it is known that they can be joined."""
    stores: list[Store] = []
    known: dict[str, Store] = {}
    for path in paths:
        store = open_store(path)
        files = store.metadata["sources"]
        marks = [store.fingerprint] + ([files["sha256"]] if files["files"] else [])
        for mark in marks:  # twice in one training set, and its test clips perhaps in it
            if (twin := known.setdefault(mark, store)) is not store:
                raise EdgcnError(
                    f"{twin.path} and {path} are of the same recordings; leave one of them out, as "
                    f"in `--options leave_out {path.name}`"
                )
        first = stores[0] if stores else store
        if (store.units, store.dims) != (first.units, first.dims):
            raise EdgcnError(
                f"expected stores that measure the same, got {first.path} in {first.units} "
                f"({first.dims}D) and {path} in {store.units} ({store.dims}D); leave one of them "
                f"out, as in `--options leave_out {path.name}`"
            )
        stores.append(store)
    return stores


def _sides(store: Store) -> Sides:
    """The side of each recording, as the store's default split says."""
    try:
        train, test = store.sides()
    except EdgcnError:
        raise EdgcnError(
            f"expected training and test clips in {store.path}, but its split "
            f"{default_split(store.rules)!r} leaves one side empty and does not say what may be "
            f"learned from; leave it out, as in `--options leave_out {store.name}`"
        ) from None
    return np.where(train, "train", np.where(test, "test", ""))


def _tested_elsewhere(
    stores: Sequence[Store], sides: Mapping[str, Sides]
) -> dict[tuple[str, int], str]:
    """Why recordings may not be learned from, by store and row: another store tests on them."""
    reasons: dict[tuple[str, int], str] = {}
    for tester in stores:
        testing = sides[tester.name] == "test"
        frames = np.unique(tester.hashes[np.repeat(testing, tester.recordings.lengths)])
        people = _people(tester, testing)
        every = np.unique(tester.hashes)
        for store in stores:
            if store is tester:
                continue
            same = _recordings_with(store, frames)
            if _recordings_with(store, every).any():
                clips = store.clips()
                same[clips.recordings[np.isin(clips.subjects, people)]] = True
                same |= np.isin(store.recordings.subjects, people)
            for row in np.flatnonzero(same & (sides[store.name] == "train")).tolist():
                reasons.setdefault(
                    (store.name, row), f"{tester.name} tests on its frames, or on the person in it"
                )
    return reasons


def _recordings_with(
    store: Store, frames: Shaped[np.ndarray, " frames"]
) -> Bool[np.ndarray, " recordings"]:
    """Which recordings have any of these frames."""
    known = np.isin(store.hashes, frames) & (store.hashes != 0)
    return np.asarray(np.logical_or.reduceat(known, store.recordings.offsets))


def _people(store: Store, chosen: Bool[np.ndarray, " recordings"]) -> Shaped[np.ndarray, " people"]:
    """Everybody with a name in these recordings."""
    clips = store.clips()
    inside = clips.subjects[chosen[clips.recordings]]
    return np.setdiff1d(np.concatenate([inside, store.recordings.subjects[chosen]]), [""])


def _refuse(stores: Sequence[Store], tested: Iterable[tuple[str, int]]) -> None:
    names = {store.name: store.recordings.names for store in stores}
    found = [f"{store}/{names[store][row]}" for store, row in tested]
    if found:
        raise EdgcnError(
            f"{len(found)} recordings train in one store, and another tests on them: "
            f"{named(found, most=LISTED)}; leave them out of the training with `--options "
            f"overlap leave_out`, or a whole store, as in `--options leave_out {stores[-1].name}`"
        )


def _most_common_rate(stores: Sequence[Store]) -> float:
    """Frames per second of most recordings; of two rates as common, the higher."""
    counts = Counter[float]()
    for store in stores:
        counts.update(store.recordings.fps.tolist())
    return max(counts, key=lambda fps: (counts[fps], fps))


def _recordings(
    stores: Sequence[Store], sides: Mapping[str, Sides], tested: Mapping[tuple[str, int], str]
) -> Iterator[Recording | Skipped]:
    """Recording by recording, store by store."""
    before = 0  # classes of the stores that came before
    for store in stores:
        split = store.clips().split() if len(store.segments) else None
        own = np.full(len(store.segments), "", dtype="<U5")
        if split is not None:
            own[split.train], own[split.test] = "train", "test"
        first = np.searchsorted(store.segments.recordings, np.arange(len(store.recordings)))
        for row, side in enumerate(sides[store.name].tolist()):
            name = f"{store.name}/{store.recordings.names[row]}"
            if (reason := tested.get((store.name, row))) is not None:
                yield Skipped(name, reason, known=True)
                continue
            recording = store.recording(row)
            segments = []
            for number, segment in enumerate(recording.segments, first[row]):
                if own[number] == side:
                    segments.append(_renamed(segment, store.name, before))
                else:
                    part = f"{store.name}/{segment.name or recording.name}"
                    other = f"its recording is on the side {side!r}, and it is not"
                    yield Skipped(part, other, known=True)
            yield replace(
                recording,
                name=name,
                segments=tuple(segments),
                subject=recording.subject and f"{store.name}/{recording.subject}",
                split=side,
                skeleton=store.name,
            )
        before += len(store.classes)


def _renamed(segment: Segment, store: str, before: int) -> Segment:
    return replace(
        segment,
        label=before + segment.label if segment.label >= 0 else -1,
        name=segment.name and f"{store}/{segment.name}",
        person=segment.person and f"{store}/{segment.person}",
    )
