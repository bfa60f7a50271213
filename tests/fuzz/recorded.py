"""Samples that readers read, and stores: what a user is told of them counts as well.

A reader joins by itself, through its small set in `contracts/test_readers.py`; what its format
repeats, and must therefore notice when it changes, is named in `KEPT`.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from unittest.mock import patch

import numpy as np

from contracts.test_readers import OF_FILES, SETS
from edgcn.base.screen import readable
from edgcn.commands import info as command
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.store import Store, open_store
from edgcn.store.inspect import summary
from fuzz.kind import LONGEST, Kept, Kind, Reading, steers, without_numbers
from helpers import long_store

FARTHEST = 1e6  # meters or pixels: a coordinate beyond is absurd

CLIPS = "count names labels frames recordings form"
KEPT: dict[str, dict[str, Kept]] = {
    "ntu": {"*": Kept.of(CLIPS)},  # counts of frames, bodies and joints; the rest is in the name
    "smg": {
        "*_finelabels.csv": Kept.of("recordings"),
        "*_data.csv": Kept.of("count names labels frames"),
        "*": Kept.of(CLIPS),
    },
    "imigue": {"*.xlsx": Kept.of(CLIPS + " values"), "*.csv": Kept.of("recordings form")},
    "imigue MiGA": {"*_label.csv": Kept.of("recordings form"), "*": Kept.of("names labels form")},
    "openpose": {"*": Kept.of(CLIPS, CLIPS)},
    "openpose table": {"*.json": Kept.of(CLIPS, CLIPS), "*.csv": Kept.of("recordings form")},
    "mediapipe": {"*": Kept.of("names labels")},
    "mediapipe world": {"*": Kept.of(CLIPS + " values")},
    "coco_results": {"*": Kept.of("names labels form", "names labels form")},
    "coco_results frames": {"*": Kept.of("names labels form", "names labels form")},
    "pyskl": {"*": Kept.of("count frames form")},
    "stgcn": {"*.npy": Kept.of("count names labels form"), "*.pkl": Kept.of("count frames form")},
    "clips_npz": {"*": Kept.of(CLIPS + " values")},  # a zip has checksums
    "events_npz": {"*": Kept.of(CLIPS + " values")},
    "utd_mhad": {"*": Kept.of(CLIPS)},
    "msr_action3d": {"*": Kept.of("count names labels form")},
    "nw_ucla": {"*": Kept.of(CLIPS, "count names labels form")},
    "bvh": {"*": Kept.of("count names labels frames recordings")},  # Frames, and the lines
    "pose": {"*": Kept.of("count names labels frames recordings")},  # and the file's size
}


def of_reader(name: str) -> Kind:
    """A reader's small set, through `prepare`, so that what a user is told is known."""

    def make(folder: Path) -> Callable[[Path], Reading]:
        small = SETS[name](folder)
        assert small.path is not None
        place = small.path.relative_to(folder)
        given = {
            key: value.relative_to(folder) if isinstance(value, Path) else value
            for key, value in small.options.items()
        }

        def read(copy: Path) -> Reading:
            options = {
                key: str(copy / value if isinstance(value, Path) else value)
                for key, value in given.items()
            }
            out, lines = copy.with_name(f"{copy.name}.store"), list[str]()
            config = PrepareConfig(
                reader=name.partition(" ")[0], path=copy / place, out=out, options=options
            )
            try:
                store = prepare(config, say=lines.append)
                told = [line for line in lines if line not in summary(store).partition("\n")[0]]
                return of_store(store, told)
            finally:
                shutil.rmtree(out, ignore_errors=True)

        return read

    return Kind(make, KEPT.get(name, {}))


def of_store(store: Store, told: Collection[str]) -> Reading:
    """What a store says of its clips, as a screen shows it."""
    told = [readable(line) for line in told]
    clips, table, frames = store.clips(), store.recordings, store.frames
    labels, names = clips.labels.tolist(), clips.names.tolist()
    rates = [store.fps, *table.fps.tolist()]
    nonsense = doubtful = ""
    if any(not -1 <= label < len(store.classes) for label in labels):
        nonsense = f"labels beyond the classes: {sorted(set(labels))} of {len(store.classes)}"
    elif not np.isfinite(frames).all():
        nonsense = "coordinates that are not finite"
    elif not all(0 < rate < np.inf for rate in rates):
        nonsense = f"frame rates that are none: {rates}"
    elif odd := [line for line in told if steers(line)]:
        nonsense = f"a line that no terminal shows as it is: {odd[0][:200]!r}"
    elif odd := [line for line in told if max(map(len, line.split("\n"))) > LONGEST]:
        nonsense = f"a line of over {LONGEST:,} characters: {odd[0][:200]!r}"
    if np.abs(frames[..., : store.dims]).max(initial=0) > FARTHEST:
        doubtful = "a coordinate beyond 1e6"
    elif len(set(names)) < len(names):
        doubtful = "clips of one name"
    facts = {
        "count": len(clips),
        "names": names,
        "labels": [store.classes[n] if 0 <= n < len(store.classes) else None for n in labels],
        "frames": clips.lengths.tolist(),
        "recordings": list(zip(table.names.tolist(), table.lengths.tolist(), strict=True)),
        "form": (store.topology.name, store.bodies, store.dims, store.units, store.fps),
        "values": hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest(),
    }
    return Reading(facts, without_numbers(told), nonsense, doubtful)


def make_store(folder: Path) -> Callable[[Path], Reading]:
    """Long recordings with times, read by `info` (without its picture) and as a whole."""
    long_store(folder, name="store", clips=12, uneven=True)

    def read(copy: Path) -> Reading:
        lines = list[str]()
        with patch.object(command, "contact_sheet", return_value=None):
            command.info(command.InfoConfig(store=copy / "store"), say=lines.append)
        store = open_store(copy / "store")
        assert store.fingerprint
        store.windows(0.5, 0.25)
        for row in range(len(store.recordings)):
            store.recording(row)
        return of_store(store, lines[3:])  # after what is counted

    return read


RECORDED: dict[str, Kind] = {
    **{name: of_reader(name) for name in OF_FILES if name != "video"},  # its threads do not fork
    "store": Kind(
        make_store,
        {
            "*.npz": Kept.of(CLIPS + " values"),
            "*.npy": Kept.of(CLIPS + " values"),
            "*": Kept.of("count names frames recordings"),
        },
    ),
}
