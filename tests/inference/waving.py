"""Recordings of people who now and then raise one hand or the other; stillness in between."""

from pathlib import Path

import numpy as np

from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.skeleton.recording import Recording, Segment
from edgcn.store import Store
from edgcn.store.learned import Learned
from helpers import SMALL_ENCODER, tiny_store, tiny_topology

FPS, REST = 25, np.array([[0, 0, 0], [0, 0.5, 0], [0, 0.8, 0], [-0.4, 0.3, 0.1], [0.4, 0.3, 0.1]])

NOBODY = Learned(np.empty(0, np.uint64), 1, (), ())


def waving(seed: int, person: str, *, seconds: int = 24) -> Recording:
    """A hand goes up and down for about a second, every three seconds or so; 0 left, 1 right."""
    rng = np.random.default_rng(seed)
    frames = REST + 0.004 * rng.normal(size=(seconds * FPS, 1, len(REST), 3))
    segments = []
    for count, start in enumerate(range(1, seconds - 2, 3)):
        first = start * FPS + int(rng.integers(0, 15))
        length = int(rng.integers(20, 30))
        label = int(rng.integers(2)) if count > 1 else count
        rise = 0.5 * np.sin(np.linspace(0, np.pi, length))
        frames[first : first + length, 0, 3 + label, 1] += rise
        segments.append(Segment(first, first + length, label, f"{person}-{seed}-{count}"))
    name = f"{person}-{seed}"
    return Recording(frames.astype(np.float32), name, tuple(segments), subject=person)


def waving_store(folder: Path, *, people: int = 4) -> Store:
    """One recording a person; the last person tests."""
    made = [waving(number, f"s{number + 1}") for number in range(people)]
    return tiny_store(folder, name="waving", clips=made, classes=2, subjects=people)


def small_embedder(store: Store, readout: str = "parts") -> Embedder:
    """A random encoder for the store's clips."""
    clips = store.clips()
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=16, normalize="canonical")
    assert inputs.topology == tiny_topology()
    return Embedder.new("edgcn-s", SMALL_ENCODER, inputs, readout).untrained(0)
