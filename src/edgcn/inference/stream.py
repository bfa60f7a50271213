"""Frames that come one by one to events, each told when it is certain: whoever is seen has a state.

frame and time -> people -> adapted to the encoder -> `Person` of each -> events

Frames need not come evenly, and people may leave, come back and be several. An encoder of one body
sees each person alone; one of several bodies sees the first ones together, as `recognize` does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.base.words import count
from edgcn.inference.arrays import topology_for
from edgcn.inference.dense import RUN
from edgcn.inference.footage import Depth
from edgcn.inference.spot import Found, Spotter, sure
from edgcn.inference.stream_adapt import Apply, Source
from edgcn.inference.stream_frame import MOST, people_of, positive
from edgcn.inference.stream_person import Person, plan_of
from edgcn.inference.targets import check_settings
from edgcn.models.embedder import Embedder
from edgcn.models.folded import folded
from edgcn.pipeline.adapt import Skeleton

CERTAIN = float("inf")  # of `look_ahead`: events are told when nothing that comes can change them
GONE = 2.0  # seconds without a person after which they have left
TRIES = 20  # times that first frames are measured before they are given up


@dataclass
class Guest:
    """Somebody who is here.

    Args:
        seen: seconds at which they were seen last.
        apply: how their frames become the encoder's, as soon as that is known.
        waiting: frames until then.
    """

    person: Person
    seen: float
    apply: Apply | None
    waiting: list[tuple[float, np.ndarray]] = field(default_factory=list)


class Stream:
    """A stream of frames, from its first to `finish`.

    Args:
        by: whose suggestions the events are.
        fps: frames per second, where they come without times; also how long the last frame lasts.
        look_ahead: seconds after its end by which an event is told, as far as it is known by then;
            infinite for when it is certain, which gives the events of `recognize`.
        topology: of the frames; the encoder's by default, as are `dims` and `units`.
        dims: how many coordinates a point has.
        units: m or px.
        name: of the recording, in its events.
        subject: of one person; several have their numbers or the names that they come with.
        gone: seconds without a person after which they have left.
    """

    def __init__(
        self,
        embedder: Embedder,
        spotter: Spotter,
        classes: Sequence[str],
        *,
        by: str = "",
        fps: Any = None,
        look_ahead: Any = CERTAIN,
        topology: Any = None,
        dims: int | None = None,
        units: Literal["m", "px"] | None = None,
        skeleton: Skeleton = "remap",
        depth: Depth = "zero",
        name: str = "stream",
        subject: str = "",
        gone: float = GONE,
    ) -> None:
        self.fps = None if fps is None else positive(fps, "fps")
        wait = positive(look_ahead, "look_ahead", zero=True)
        self.classes, self.by, self.name, self.subject = list(classes), by, name, subject
        self.spotter, self.gone = spotter, positive(gone, "gone")
        self.source = Source(
            embedder,
            topology=topology_for(topology, embedder.inputs),
            dims=embedder.inputs.sensor.dims if dims is None else dims,
            units=embedder.inputs.sensor.units if units is None else units,
            skeleton=skeleton,
            depth=depth,
        )
        self.plan = plan_of(replace(embedder, encoder=folded(embedder.encoder)), spotter, wait=wait)
        self.guests: dict[str, Guest] = {}
        self.frames, self.time = 0, 0.0
        self.origin: float | None = None
        self.notes: list[str] = []

    @classmethod
    def of(cls, model: Any, **settings: Any) -> "Stream":
        """A stream for a recognizer, with its way of adapting frames.

        Raises:
            EdgcnError: the recognizer has not learned to find events.
        """
        spotter, classes = model.spotter(), [str(name) for name in model.classes_of()]
        by = Path(str(getattr(model.model, "model", model.model))).stem
        own = {name: getattr(model, name) for name in ("topology", "skeleton", "depth")}
        check_settings(model.skeleton, model.depth, model.device)
        return cls(model.embedder(), spotter, classes, **{"by": by, **own, **settings})

    def push(self, frame: Any, time: Any = None) -> list[Event]:
        """The events that are certain with one more frame.

        Args:
            frame: (V, 3) of one person, (M, V, 3) of several, {name: (V, 3)}, or None for nobody.
            time: of the frame in seconds, from any beginning; by default frames come at `fps`.

        Raises:
            EdgcnError: the frame has other joints or numbers that are none, or is not later than
                the one before.
        """
        people, now = self._people(frame), self._clock(time)
        self.frames, self.time = self.frames + 1, now
        told = self._leave(now)
        for name, points in people.items():
            if name not in self.guests and points.any():
                self._enter(name, now)
        blank = np.zeros((1, len(self.source.topology), 3), dtype=np.float32)
        for name, guest in self.guests.items():
            points = people.get(name, blank)
            if points.any():
                guest.seen = now
            told += self._advance(name, guest, now, points)
        return told

    def finish(self) -> list[Event]:
        """The events that were not certain before the end; the stream may begin anew."""
        told = self.pause()
        self.frames, self.time, self.origin = 0, 0.0, None
        return told

    def pause(self) -> list[Event]:
        """The last events of everybody, where frames have stopped coming."""
        return [e for name in list(self.guests) for e in self._end(name, self.time + self.step)]

    @property
    def step(self) -> float:
        """Seconds that a frame lasts."""
        if self.fps is not None:
            return 1 / self.fps
        return self.time / (self.frames - 1) if self.frames > 1 else 0.0

    def likely(self) -> dict[str, dict[str, float]]:
        """How sure the newest windows of each person are of each class."""
        return {
            name: dict(zip(self.classes, found.tolist(), strict=True))
            for name, guest in self.guests.items()
            if (found := guest.person.likely_now()) is not None
        }

    def shown(self, frame: Any) -> dict[str, np.ndarray]:
        """Whoever is in a frame, (M, V, 3) each, as `push` has taken it."""
        return self._people(frame)

    def warm_up(self) -> None:
        """Run every part once, so that the first frames take no longer than the others."""
        inputs, rng = self.plan.inputs, np.random.default_rng(0)
        person = Person(self.plan, 0.0)
        shape = (inputs.bodies, len(inputs.topology), 3)
        longest = max(max(each.delays) + max(each.scale.lengths) for each in self.plan.passes)
        for number in range(int(15 * longest) + 60):
            person.push(number / 15, rng.normal(size=shape).astype(np.float32))

    def _clock(self, time: Any) -> float:
        if time is None:
            if self.fps is None:
                raise EdgcnError("frames without times need fps, the frames per second")
            return self.frames / self.fps
        if isinstance(time, bool) or not isinstance(time, Real) or not np.isfinite(float(time)):
            raise EdgcnError(f"frame {self.frames}: expected its time in seconds, got {time!r}")
        if self.origin is None:
            self.origin = float(time)
        now = float(time) - self.origin
        if self.frames and now <= self.time:
            raise EdgcnError(
                f"frame {self.frames}: its time, {float(time):g} s, is not after that of the frame "
                f"before, {self.time + self.origin:g} s"
            )
        return now

    def _people(self, frame: Any) -> dict[str, np.ndarray]:
        together = self.plan.inputs.bodies > 1
        where, topology = f"frame {self.frames}", self.source.topology
        return people_of(frame, topology, where, one=self.subject, together=together)

    def _enter(self, name: str, now: float) -> None:
        if len(self.guests) >= MOST:
            raise EdgcnError(f"frame {self.frames}: more than {MOST} people at once")
        apply = self.source.as_they_are() if self.source.fits else None
        self.guests[name] = Guest(Person(self.plan, now), now, apply)

    def _leave(self, now: float) -> list[Event]:
        """The last events of those who have not been seen for long."""
        left = [name for name, guest in self.guests.items() if now - guest.seen > self.gone]
        return [e for name in left for e in self._end(name, self.guests[name].seen + self.step)]

    def _advance(self, name: str, guest: Guest, now: float, points: np.ndarray) -> list[Event]:
        if guest.apply is not None:
            found = guest.person.push(now, guest.apply(points))
            return [] if found is None else self._told(name, found)
        guest.waiting.append((now, points))
        if len(guest.waiting) % RUN:
            return []
        return self._measure(name, guest, final=len(guest.waiting) >= TRIES * RUN)

    def _measure(self, name: str, guest: Guest, *, final: bool = False) -> list[Event]:
        """Measure the first frames, and go on with them."""
        try:
            embedder, guest.apply, notes = self.source.measured([x for _, x in guest.waiting])
        except EdgcnError:
            if final:
                raise
            return []
        self.notes += [note for note in notes if note not in self.notes]
        if embedder is not self.source.embedder:
            plan = plan_of(replace(embedder, encoder=folded(embedder.encoder)), self.spotter,
                           wait=self.plan.wait)  # fmt: skip
            guest.person = Person(plan, guest.person.first)
        waiting, guest.waiting = guest.waiting, []
        return [
            event
            for time, points in waiting
            if (found := guest.person.push(time, guest.apply(points))) is not None
            for event in self._told(name, found)
        ]

    def _end(self, name: str, seconds: float) -> list[Event]:
        """The last events of somebody."""
        guest, told = self.guests[name], []
        if guest.waiting:
            told += self._measure(name, guest)
        del self.guests[name]
        if guest.waiting:
            few = len(guest.waiting)
            self.notes.append(f"{name or 'somebody'}: {count(few, 'frame')}, too few to measure")
            return told
        return told + self._told(name, guest.person.finish(seconds), seconds)

    def _told(self, name: str, found: Found, seconds: float = np.inf) -> list[Event]:
        found, _ = sure(found, self.spotter)
        confidence = self.spotter.confidence(found.probabilities).tolist()
        columns = (found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), confidence)
        return [
            Event(
                self.name,
                self.classes[label],
                start,
                min(end, seconds),
                subject=name,
                score=score,
                status="suggested",
                by=self.by,
            )
            for start, end, label, score in zip(*columns, strict=True)
        ]


def streamed(stream: Stream, frames: Iterable[Any]) -> Iterator[Event]:
    """The events of frames, each as soon as it is certain.

    Args:
        frames: as `Stream.push` takes them, or pairs of a time and a frame.
    """
    for each in frames:
        pair = isinstance(each, tuple) and len(each) == 2
        yield from stream.push(each[1], each[0]) if pair else stream.push(each)
    yield from stream.finish()
