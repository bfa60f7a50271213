"""One person in a stream: from frames with times to events, with a state that does not grow.

frames (M, V, C) with times -> even frames, maps, windows at each scale -> events that are certain
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import softmax

from edgcn.inference.dense import RUN, RUNS, Footage, Reading, reading_of
from edgcn.inference.spot import Found, Spotter, Windows, probabilities
from edgcn.inference.stream_decide import Decider
from edgcn.inference.stream_layer import layer_of
from edgcn.inference.stream_scale import Pass, Sight, Watcher, sight_of
from edgcn.models.dense import is_dense
from edgcn.models.embedder import Embedder
from edgcn.pipeline.features import CHANNELS
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.running import TURNING, Body, measure_body

SAMPLE = RUNS * RUN  # frames that somebody's size is measured on, as `body_of` does
LATELY = 1.0  # seconds
AGAIN = 1.1  # times as many frames after which it is measured anew


@dataclass(frozen=True)
class Plan:
    """All that is the same for everybody: the passes of a spotter.

    Args:
        wait: seconds after its end at which an event is decided; infinite for when it is certain.
    """

    inputs: Inputs
    spotter: Spotter
    passes: tuple[Pass, ...]
    wait: float

    @property
    def certain_after(self) -> float:
        """Seconds after its end at which an event is certain at the latest."""
        longest = max(max(each.scale.lengths) for each in self.passes)
        return longest + max(max(each.delays) for each in self.passes)


def plan_of(embedder: Embedder, spotter: Spotter, *, wait: float) -> Plan:
    """How a spotter works through frames that come one by one.

    Who cannot wait for certainty does not wait for the way somebody will face, either: then the
    frames before tell that. On UTKinect's training people the seconds are better spent on waiting
    for likelier windows.
    """
    reading: Reading = reading_of(embedder)
    inputs = embedder.inputs
    dense = is_dense(embedder.encoder, embedder.readout)
    weight = np.concatenate([spotter.weight, spotter.directions])
    with torch.no_grad():
        tried = torch.zeros(1, CHANNELS, inputs.frames, len(inputs.topology), inputs.bodies)
        maps = reading.maps(tried)
    layer = layer_of(maps, weight, spotter.shift) if dense else None
    sight = sight_of(embedder) if dense else Sight()
    most = TURNING * inputs.frames // 2 if inputs.normalize.align else inputs.frames // 4

    def passes(ahead: int) -> tuple[Pass, ...]:
        return tuple(
            Pass(
                embedder,
                reading,
                scale,
                tuple(spotter.grid.every(length) for length in scale.lengths),
                sight,
                layer,
                weight,
                spotter.shift,
                ahead,
            )
            for scale in spotter.grid.scales
        )

    plan = Plan(inputs, spotter, passes(most), wait)
    return plan if wait >= plan.certain_after else replace(plan, passes=passes(0))


class Size:
    """How large somebody is, from frames spread over all that was seen so far."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.kept = list[np.ndarray]()
        self.every, self.seen, self.measured = 1, 0, 0.0
        self._body: Body | None = None

    def add(self, frame: np.ndarray) -> None:
        """One frame (M, V, C)."""
        if self.seen % self.every == 0:
            self.kept.append(frame)
            if len(self.kept) >= 2 * SAMPLE:
                self.kept, self.every = self.kept[::2], 2 * self.every
        self.seen += 1

    @property
    def is_old(self) -> bool:
        """Whether there are a tenth more frames than when it was measured."""
        return self.seen >= AGAIN * self.measured

    @property
    def body(self) -> Body:
        """Measured anew where it is old."""
        if self._body is None or self.is_old:
            self.measured = float(self.seen)
            some = self.kept[:: max(1, len(self.kept) // SAMPLE)]
            frames = torch.from_numpy(np.stack(some))
            self._body = measure_body(frames.permute(3, 0, 2, 1)[None], self.inputs)
        return self._body


class Person:
    """Somebody, or all of whom an encoder of several bodies sees at once.

    Args:
        first: seconds of the first frame that shows them.
    """

    def __init__(self, plan: Plan, first: float) -> None:
        inputs = plan.inputs
        shape = (CHANNELS, len(inputs.topology), inputs.bodies)
        self.plan, self.first = plan, first
        self.size, self.decider = Size(inputs), Decider(plan.spotter, plan.wait)
        self.watchers = [Watcher(each, first, shape) for each in plan.passes]
        self.frames = deque[tuple[float, np.ndarray]]()
        self.unread = list[Watcher]()  # whose windows are not scored yet
        self.newest: dict[float, tuple[float, np.ndarray]] = {}  # end, probabilities, by length

    def push(self, time: float, frame: np.ndarray) -> Found | None:
        """A frame (M, V, 3); the events that are certain now, None where nothing is new.

        At each frame one piece of what is due is done, so that no frame takes long.
        """
        self.frames.append((time, frame))
        if frame.any():
            self.size.add(frame)
        if self.unread:
            return self._decide(self.unread.pop(), time)
        due = max(self.watchers, key=lambda each: each.due(time))
        if due.due(time) <= 0:
            return None
        with torch.inference_mode():
            if due.is_clean:
                due.read()
                self.unread.append(due)
            elif self.size.is_old:
                _ = self.size.body  # takes as long as any other piece
            else:
                due.clean_up(self._footage(), self.size.body, time)
                due.begin_to_read()
                self._forget()
        return None

    def finish(self, seconds: float) -> Found:
        """The events that were not certain before the end, which is at so many seconds."""
        footage, body = self._footage(), self.size.body
        for each in self.watchers:
            with torch.inference_mode():
                each.clean_up(footage, body, seconds, last=True)
                each.read(last=True)
            self._score(each, seconds)
        return self.decider.decide([], seconds)

    def likely_now(self) -> np.ndarray | None:
        """The most that any of the windows gives each class that end in the last second."""
        if not self.newest:
            return None
        last = max(end for end, _ in self.newest.values())
        lately = [likely[:-1] for end, likely in self.newest.values() if end >= last - LATELY]
        return np.asarray(np.max(lately, axis=0))

    def _decide(self, watcher: Watcher, time: float) -> Found:
        self._score(watcher)
        unknown = [pair for each in self.watchers for pair in each.unknown()]
        return self.decider.decide(unknown, time)

    def _score(self, watcher: Watcher, seconds: float | None = None) -> None:
        """Windows that are known now."""
        if (new := watcher.windows(seconds)) is None:
            return
        spotter, windows = self.plan.spotter, Windows(*new)
        rows = windows.values[:, : len(spotter.bias)] + spotter.bias
        for length in np.unique(windows.lengths).tolist():
            at = int(np.flatnonzero(windows.lengths == length)[-1])
            self.newest[length] = (float(windows.starts[at] + length), softmax(rows[at]))
        self.decider.add(*probabilities(iter([windows]), spotter.bias, spotter.centers))

    def _forget(self) -> None:
        """Frames that all scales have read."""
        wanted = min(each.wanted for each in self.watchers)
        while len(self.frames) > 1 and self.frames[1][0] <= wanted:
            self.frames.popleft()

    def _footage(self) -> Footage:
        """The frames that are still needed, on the clock of the stream."""
        frames = np.stack([frame for _, frame in self.frames])
        times = np.array([time for time, _ in self.frames])
        return Footage("", lambda a, b: frames[a:b], len(frames), 1.0, self.plan.inputs.dims, times)
