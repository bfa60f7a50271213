"""Prepared stores as one data set, so that one encoder can learn from all of them.

folder of stores -> clips of each, end to end: NAME of STORE is STORE/NAME, in a class STORE: CLASS

Every clip carries the side that it has in its own store's default split, as tag `train` or `test`:
what trains here is what trains there, and no clip that any store tests on. Frames come as they
are stored, of each store's own skeleton.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.readers.text.files import check_folder
from edgcn.skeleton.recording import Clip, Recordings, SplitRule
from edgcn.store.splits import default_split

if TYPE_CHECKING:  # it loads torch, which no other reader needs
    from edgcn.store import Store

READER = "stores"


def read_stores(path: Path, *, leave_out: str = "") -> Recordings:
    """All stores that lie in a folder, in the order of their names.

    A store that this reader made is never taken: a union may lie beside what it is made of, and
    be made again there. Hidden folders are not looked at: one may be a store half written.

    Frame rates may differ, since every clip is resampled to a fixed number of frames before use;
    `fps` is that of most clips.

    Args:
        leave_out: names of stores that are not taken, separated by commas.

    Raises:
        EdgcnError: no stores, an unknown name, a damaged store, the same recordings twice, a store
            without a split, or stores that do not measure the same.
    """
    stores = _opened(_chosen(path, leave_out))
    first = stores[0]
    sides = {store.name: _sides(store) for store in stores}
    return Recordings(
        reader=READER,
        topology=first.topology,
        classes=tuple(f"{store.name}: {name}" for store in stores for name in store.classes),
        clips=_clips(stores, sides),
        fps=_most_common_rate(stores),
        units=first.units,
        dims=first.dims,
        bodies=max(store.bodies for store in stores),
        total=sum(map(len, stores)),
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
        about: Any = json.loads((store / "store.json").read_text())
    except (OSError, ValueError):
        return False  # opening it will say what is wrong
    return isinstance(about, dict) and about.get("reader") == READER


def _opened(paths: Sequence[Path]) -> list["Store"]:
    """The stores, once it is known that they can be joined."""
    from edgcn.store import open_store

    stores: list[Store] = []
    known: dict[str, Store] = {}
    for path in paths:
        store = open_store(path)
        files = store.about["sources"]
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


def _sides(store: "Store") -> Shaped[np.ndarray, " n"]:
    """`train`, `test` or nothing for each clip, as the store's default split says."""
    try:
        split = store.split()
    except EdgcnError:
        raise EdgcnError(
            f"expected training and test clips in {store.path}, but its split "
            f"{default_split(store.rules)!r} leaves one side empty and does not say what may be "
            f"learned from; leave it out, as in `--options leave_out {store.name}`"
        ) from None
    sides = np.full(len(store), "", dtype="<U5")
    sides[split.train], sides[split.test] = "train", "test"
    return sides


def _most_common_rate(stores: Sequence["Store"]) -> float:
    """Frames per second of most clips; of two rates as common, the higher."""
    clips = Counter[float]()
    for store in stores:
        clips[float(store.fps)] += len(store)
    return max(clips, key=lambda fps: (clips[fps], fps))


def _clips(stores: Sequence["Store"], sides: dict[str, Shaped[np.ndarray, " n"]]) -> Iterator[Clip]:
    """Clip by clip, store by store."""
    before = 0  # classes of the stores that came before
    for store in stores:
        ends = store.offsets + store.lengths
        for row in range(len(store)):
            subject, label = str(store.subjects[row]), int(store.labels[row])
            scores = store.scores
            if scores is not None:
                scores = scores[store.offsets[row] : ends[row]].astype(np.float32)
            yield Clip(
                frames=store.clip(row),
                name=f"{store.name}/{store.names[row]}",
                label=before + label if label >= 0 else -1,
                subject=f"{store.name}/{subject}" if subject else "",
                camera=str(store.cameras[row]),
                condition=str(store.conditions[row]),
                split=str(sides[store.name][row]),
                scores=scores,
                skeleton=store.name,
            )
        before += len(store.classes)
