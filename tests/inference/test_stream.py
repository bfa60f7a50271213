"""A stream tells what `recognize` tells of the whole recording, whoever comes and goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.inference import Recognizer
from edgcn.inference.dense import body_of, reading_of, stretches
from edgcn.inference.footage import of_store
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.inference.spot import Found, suppressed
from edgcn.inference.stream import Stream
from edgcn.inference.stream_decide import Decider
from edgcn.inference.stream_person import Person, plan_of
from edgcn.inference.stream_tail import Tail
from edgcn.models import ENCODERS
from edgcn.models.folded import folded
from edgcn.skeleton.recording import Recording
from edgcn.store import Store
from edgcn.store.learned import Learned
from helpers import tiny_topology
from inference.waving import FPS, small_embedder, waving, waving_store

NOBODY = Learned(np.empty(0, np.uint64), 1, (), ())
Told = list[tuple[str, float, float]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return waving_store(tmp_path_factory.mktemp("data"))


def fitted(store: Store, readout: str) -> Recognizer:
    made = unfitted(small_embedder(store, readout), Provenance("tiny", {}, NOBODY), model="tiny")
    return Recognizer(made).fit(store.clips("train")).fit_spotter(store.clips("train"))


@pytest.fixture(scope="module")
def model(store: Store) -> Recognizer:
    return fitted(store, "peaks")


def told(rows: Sequence[Event]) -> Told:
    return sorted((row.label, round(row.start, 6), round(row.end, 6)) for row in rows)


def frames_of(store: Store, row: int = 3) -> np.ndarray:
    return store.recording(row).frames[:, 0]


@dataclass
class Run:
    """A whole recording, streamed until it is certain."""

    events: list[Event]
    late: float
    sizes: list[int]
    limit: float


@pytest.fixture(scope="module")
def run(model: Recognizer, store: Store) -> Run:
    stream, made = Stream.of(model, fps=FPS), Run([], 0.0, [], 0.0)
    for number, frame in enumerate(frames_of(store)):
        for event in stream.push(frame):
            made.events.append(event)
            made.late = max(made.late, stream.time - event.end)
        if number in (350, 590):
            made.sizes.append(held(stream.guests[""].person))
    made.events += stream.finish()
    made.limit = stream.plan.certain_after
    return made


def test_events_are_those_of_the_whole_recording(run: Run, model: Recognizer, store: Store) -> None:
    whole = model.recognize(store.recording(3), fps=FPS).rows
    came = sorted(run.events, key=lambda each: each.start)
    assert told(came) == told(whole)
    came_scores, scores = ([row.score or 0.0 for row in rows] for rows in (came, whole))
    np.testing.assert_allclose(came_scores, scores, atol=1e-3)
    assert len(came) > 5
    assert 2 < run.late <= run.limit + 0.5


def test_what_the_layer_makes_is_what_it_makes_of_stretches(
    model: Recognizer, store: Store
) -> None:
    embedder, seen, _ = of_store(store, model.embedder())
    spotter, footage = model.spotter(), seen[3].footage
    plan = plan_of(replace(embedder, encoder=folded(embedder.encoder)), spotter, wait=np.inf)
    (watcher,) = (person := Person(plan, 0.0)).watchers
    for number, frame in enumerate(footage.read(0, footage.length)):
        person.frames.append((number / FPS, frame))
    body = body_of(footage, embedder.inputs)
    watcher.clean_up(person._footage(), body, footage.seconds, last=True)
    watcher.read(last=True)
    found = watcher.windows(footage.seconds)
    assert found is not None
    starts, lengths, values = found
    stretch = next(iter(stretches(reading_of(embedder), footage, plan.passes[0].scale.clip,
                                  longest=2.0)))  # fmt: skip
    layer = torch.from_numpy(np.concatenate([spotter.weight, spotter.directions]).T.copy())
    for length in np.unique(lengths).tolist():
        own = lengths == length
        read = stretch.in_context(starts[own], length) - torch.from_numpy(spotter.shift)
        np.testing.assert_allclose(values[own], (read @ layer).numpy(), atol=2e-3, rtol=1e-3)


def test_frames_that_do_not_come_evenly(model: Recognizer, store: Store) -> None:
    rng = np.random.default_rng(0)
    kept = np.sort(rng.permutation(300)[:200])
    times, frames = kept / FPS + rng.uniform(0, 0.01, 200), frames_of(store)[kept]
    recording = Recording(frames[:, None], "uneven", fps=200 / 12, times=times - times[0])
    pairs = list(zip((times + 1.7e9).tolist(), frames, strict=True))
    pairs[50] = (pairs[50][0], np.zeros_like(frames[50]))  # a drop-out
    recording.frames[50] = 0
    came, whole = told(list(model.stream(pairs))), told(model.recognize(recording).rows)
    assert [row[0] for row in came] == [row[0] for row in whole]
    assert all(abs(a[1] - b[1]) + abs(a[2] - b[2]) < 0.4 for a, b in zip(came, whole, strict=True))
    assert came


def test_encoders_without_a_map_are_read_window_by_window(store: Store) -> None:
    slow = fitted(store, "mean")
    part = frames_of(store)[:100]
    whole = slow.recognize(part[:, None], fps=FPS).rows
    assert told(list(slow.stream(part, FPS))) == told(whole)


def test_a_short_look_ahead_tells_sooner(run: Run, model: Recognizer, store: Store) -> None:
    stream, late = Stream.of(model, fps=FPS, look_ahead=0.5), 0.0
    for frame in frames_of(store)[:200]:
        for event in stream.push(frame):
            late = max(late, stream.time - event.end)
    assert 0.5 <= late < 2 < run.late


def test_people_come_and_go_each_with_a_state(model: Recognizer, store: Store) -> None:
    one, other = frames_of(store)[:150], waving(9, "x").frames[:150, 0]
    stream, events = Stream.of(model, fps=FPS, gone=1.0), list[Event]()
    for number in range(260):
        people = {"a": one[number]} if number < 150 else {}
        people |= {"b": other[number - 100]} if 100 <= number < 250 else {}
        events += stream.push(people)
    assert list(stream.guests) == ["b"]  # the first one has left
    events += stream.finish()
    for name, alone, begun in (("a", one, 0.0), ("b", other, 4.0)):
        own = told([row for row in events if row.subject == name])
        whole = told(model.recognize(alone[:, None], fps=FPS).rows)
        assert [row[0] for row in own] == [row[0] for row in whole]
        assert all(abs(a[1] - begun - b[1]) < 0.3 for a, b in zip(own, whole, strict=True))
        assert own


def test_pixels_become_the_encoders_meters(model: Recognizer, store: Store) -> None:
    frames = frames_of(store)[:40].copy()
    frames[..., 2] = 1
    flat = frames * np.array([300, -300, 1]) + np.array([900, 700, 0])
    stream = Stream.of(model, fps=FPS, dims=2, units="px")
    for frame in flat.astype(np.float32):
        stream.push(frame)
    assert any("torso made" in note and "y flipped" in note for note in stream.notes)
    assert stream.guests[""].apply is not None
    torso = stream.guests[""].apply(flat[:1].astype(np.float32))[0]
    assert abs(np.linalg.norm(torso[1] - torso[0]) - 0.5) < 0.05


def test_memory_does_not_grow(run: Run) -> None:
    assert run.sizes[1] <= run.sizes[0] * 1.02
    tail = Tail(5, (2,), np.float64)
    for number in range(300):
        tail.append(np.full((1 + number % 7, 2), number))
    assert len(tail._rows) < 100
    assert (tail.rows(tail.end - 5, tail.end)[-1] == 299).all()


def held(person: Person) -> int:
    """How many numbers and windows a person's state holds."""
    watchers = [each for w in person.watchers for each in (w.even, w.clean)]
    sums = [
        getattr(s, name) for w in person.watchers for s in w.sums for name in ("totals", "maps")
    ]
    tails: int = sum(tail._rows.size for tail in (*watchers, *sums) if tail is not None)
    few = len(person.frames) + len(person.decider.open) + len(person.decider.chosen)
    return tails + few + 512 * (len(person.size.kept) > 512)


@pytest.mark.parametrize("overlap", [0.1, 0.3])
def test_windows_are_decided_as_if_all_were_known(model: Recognizer, overlap: float) -> None:
    rng = np.random.default_rng(int(10 * overlap))
    spotter = replace(
        model.spotter(), overlap=overlap, shortest=np.zeros(2), longest=np.full(2, 9.0)
    )
    lengths, every = (0.8, 1.6, 3.2), 0.2
    rows = [(s * every, length) for length in lengths for s in range(200)]
    likely = rng.dirichlet([0.6, 0.6, 1.0], size=len(rows)).astype(np.float32)
    starts, long = np.array(rows).T
    near = np.zeros(len(rows))
    limits = {"shortest": spotter.shortest, "longest": spotter.longest}
    whole = suppressed(starts, long, likely, near, overlap=overlap, **limits)
    decider, following, parts = Decider(spotter, np.inf), dict.fromkeys(lengths, 0), []
    for now in np.arange(0, 48, 0.5).tolist():
        for place, length in enumerate(lengths):
            ready = min(200, max(0, int((now - 1.5 * length) / every)))
            own = slice(
                200 * place + following[length], 200 * place + max(ready, following[length])
            )
            decider.add(starts[own], long[own], likely[own], near[own])
            following[length] = max(ready, following[length])
        unknown = [(n * every, length) for length, n in following.items() if n < 200]
        parts.append(decider.decide(unknown, now))
    parts.append(decider.decide([], 48.0))
    came = Found(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    order = np.lexsort((came.ends, came.starts))
    np.testing.assert_allclose(came.starts[order], whole.starts)
    np.testing.assert_allclose(came.ends[order], whole.ends)


@pytest.mark.parametrize("name", ["edgcn-s", "msg3d-small", "stgcn-quarter"])
def test_a_folded_encoder_is_the_same(name: str) -> None:
    small: dict[str, Any] = {"widths": [12, 12], "strides": [1, 2], "embed_dim": 8}
    encoder = ENCODERS[name](tiny_topology(), **small)
    x = torch.randn(2, 3, 12, 5, 1)
    encoder(x)  # running means that are not 0
    encoder.eval()
    torch.testing.assert_close(folded(encoder)(x), encoder(x), atol=1e-5, rtol=1e-4)


def test_bad_frames_are_named(model: Recognizer, store: Store) -> None:
    good = frames_of(store)[0]
    for frame, said in (
        (np.full((5, 3), np.nan), "NaN"), (np.zeros((4, 3)), r"expected \(5, 3\)"),
        ([["a"]], "numbers"), (np.zeros((40, 5, 3)), "at most 32 people"),
        ({"x" * 100: good}, "at most 64 characters"), (np.ones((5, 3), bool), "numbers"),
    ):  # fmt: skip
        with pytest.raises(EdgcnError, match=f"frame 0.*{said}"):
            Stream.of(model, fps=FPS).push(frame)
    stream = Stream.of(model)
    with pytest.raises(EdgcnError, match="need fps"):
        stream.push(good)
    stream.push(good, 5.0)
    for time, said in (
        (5.0, "not after"),
        (4.0, "not after"),
        (np.nan, "seconds"),
        ("x", "seconds"),
    ):
        with pytest.raises(EdgcnError, match=f"frame 1.*{said}"):
            stream.push(good, time)
    stream.push(good, 5.1)
    with pytest.raises(EdgcnError, match="fps"):
        Stream.of(model, fps=-1)
    with pytest.raises(EdgcnError, match="has learned no classes"):
        Stream.of(Recognizer(unfitted(model.embedder(), Provenance("t", {}, NOBODY), model="t")))
