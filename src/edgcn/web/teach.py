"""The recognizer's file of what was coded: what `edgcn recognize` takes, and the page starts from.

coded events -> their clips, a classifier and a spotter -> bytes of one .edgcn file
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgcn.annotations.events import Event
from edgcn.inference.recognizer import Recognizer
from edgcn.store import Selection, Store
from edgcn.web.features import Windows
from edgcn.web.learn import Coded, learn


def taught(
    model: Recognizer, store: Store, windows: Windows, coded: Coded, people: Sequence[str]
) -> bytes:
    """A recognizer with the encoder of `model` that names and finds what was coded.

    Raises:
        EdgcnError: less than two labels are coded.
    """
    clips, labels = clips_of(store, coded.events)
    new = Recognizer(model, skeleton=model.skeleton, depth=model.depth, device=model.device)
    new.fit(clips, labels)
    classes = tuple(str(name) for name in new.classes_)
    new.spotter_ = learn(windows, replace(coded, labels=classes), people).spotter
    with TemporaryDirectory() as folder:
        return new.save(Path(folder) / "coded.edgcn").read_bytes()


def clips_of(store: Store, events: Mapping[int, Sequence[Event]]) -> tuple[Selection, list[str]]:
    """The frames of coded events as clips, and the label of each."""
    table, whole = store.recordings, store.windows(1.0, 1.0)
    rows, firsts, lengths, labels = [], [], [], []
    for row, every in events.items():
        times = np.asarray(store.times_of(row))
        for event in every:
            first, last = np.searchsorted(times, [event.start - 1e-6, event.end - 1e-6]).tolist()
            first = min(first, len(times) - 1)
            rows.append(row)
            firsts.append(int(table.offsets[row]) + first)
            lengths.append(max(1, min(last, len(times)) - first))
            labels.append(event.label)
    at = np.array(rows, dtype=np.int64)
    clips = replace(
        whole,
        recordings=at,
        offsets=np.array(firsts, dtype=np.int64),
        lengths=np.array(lengths, dtype=np.int64),
        labels=np.full(len(at), -1, dtype=np.int64),
        names=np.array([f"event_{n + 1:06d}" for n in range(len(at))]),
        subjects=table.subjects[at],
        conditions=table.conditions[at],
    )
    return clips, labels
