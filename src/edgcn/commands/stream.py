"""`edgcn stream`: frames as they come to events, each a line of JSON as soon as it is certain.

model + camera, video, datagrams, pipe or recording -> {"type": "event", ...} on the standard
output, and with --serve a page on this machine
"""

import json
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config, Threads
from edgcn.commands.sources import Came, Feed, check_source, feeds
from edgcn.commands.stream_tally import Tally, sentence
from edgcn.inference.recognizer import Recognizer, load
from edgcn.inference.stream import GONE, Stream
from edgcn.readers.video import finder_for
from edgcn.skeleton.layouts import topology_named

Line = Callable[[dict[str, Any]], None]


class StreamConfig(Config):
    """Tell gestures while they are made: events as JSON lines, from a camera or a recording."""

    model: Annotated[str, POSITIONAL]
    """A recognizer's file, from `edgcn fit` on recordings that show more than the gestures."""
    source: str
    """What to watch: camera:0, a video, udp:9000 (JSON datagrams), stdin (JSON lines), or
    recordings of any reader."""
    reader: str | None = None
    """Reader of recordings, as of `edgcn prepare`; by default they tell what they are."""
    options: dict[str, str] = Field(default={})
    """Options of the reader as NAME VALUE pairs."""
    speed: PositiveFloat | Literal["full"] = "full"
    """Of a recording or video: 1 plays it as it was made, `full` as fast as it can be read."""
    look_ahead: Annotated[float, Field(ge=0, le=3600)] | Literal["certain"] = "certain"
    """Seconds after its end at which an event is told; `certain` waits until nothing that comes
    can change it, and gives the events of `edgcn recognize`."""
    least: Annotated[float, Field(ge=0, le=1)] | None = None
    """Confidence from which events are told; by default each class has a threshold of its own."""
    gone: PositiveFloat = GONE
    """Seconds without a person after which they have left."""
    topology: str | None = None
    """Skeleton of datagrams and lines, where it is not the encoder's, such as coco_17."""
    units: Literal["m", "px"] | None = None
    """Of datagrams and lines, where they are not the encoder's; px have a confidence as third."""
    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames per second of lines without times."""
    seconds: PositiveFloat | None = None
    """Stop after so many seconds of each recording."""
    backend: str = "mediapipe"
    """What finds people in pictures, as of the reader video."""
    pose_model: Path | None = None
    """An ONNX file that finds them instead, as of the reader video."""
    serve: bool = False
    """Show the skeleton, what is likely and the events on a page of this machine."""
    port: Annotated[int, Field(ge=1, le=65535)] | Literal["auto"] = "auto"
    """Port of the page; `auto` takes a free one."""
    open: bool = False
    """Open the page in the browser."""
    threads: Threads = 1
    """CPU threads; frames are few, and one is fastest."""


def command(config: StreamConfig) -> str:
    """Stream; the last line is the summary."""
    return json.dumps(stream(config, line=print_line, say=lambda text: tell(text, as_error=True)))


def print_line(values: dict[str, Any]) -> None:
    """One line of JSON at once."""
    print(json.dumps(values), flush=True)


def stream(config: StreamConfig, *, line: Line, say: Callable[[str], None]) -> dict[str, Any]:
    """Tell every event of a source, and what it took.

    Raises:
        EdgcnError: the model finds no events, or the source cannot be opened or read.
    """
    check_source(config.source)
    torch.set_num_threads(config.threads)
    model, tally = load(config.model), Tally()
    model.spotter()
    with ExitStack() as stack:
        show: Line | None = None
        if config.serve:
            from edgcn.web.live import shown

            port = 0 if config.port == "auto" else config.port
            show = stack.enter_context(shown(port=port, open_page=config.open, say=say))
        every = feeds(
            config.source,
            finder=lambda: finder_for(config.backend, config.pose_model),
            reader=config.reader,
            options=config.options,
            topology=None if config.topology is None else topology_named(config.topology),
            units=config.units,
            fps=config.fps,
            say=say,
        )
        opened: Stream | None = None
        try:
            for feed in stack.enter_context(closing(every)):
                opened = opened or begun(config, model, feed)
                Player(config, opened, feed, tally, line, show, say).play()
        except KeyboardInterrupt:
            line(tally.record())
            raise
    done = tally.record()
    say(sentence(done))
    return done


def begun(config: StreamConfig, model: Recognizer, feed: Feed) -> Stream:
    """A stream for the frames of a source, every part of it run once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Stream.of(
            model,
            look_ahead=float("inf") if config.look_ahead == "certain" else config.look_ahead,
            gone=config.gone,
            fps=feed.fps,
            dims=feed.dims,
            units=feed.units,
            **({} if feed.topology is None else {"topology": feed.topology}),
        )
        if config.least is not None:
            low = np.full_like(made.spotter.thresholds, config.least)
            made.spotter = replace(made.spotter, thresholds=low)
        made.warm_up()
    return made


@dataclass
class Player:
    """One recording of a source."""

    config: StreamConfig
    stream: Stream
    feed: Feed
    tally: Tally
    line: Line
    show: Line | None
    say: Callable[[str], None]
    notes: int = 0

    def play(self) -> None:
        """Push its frames and tell its events."""
        opened, feed = self.stream, self.feed
        opened.name, opened.subject, opened.fps = feed.name, feed.subject, feed.fps
        self.send(self.about())
        started = time.monotonic()
        try:
            for came in feed.frames:
                self.take(came)
                if self.config.seconds is not None and opened.time >= self.config.seconds:
                    break
                if not feed.live and self.config.speed != "full":
                    late = time.monotonic() - started - opened.time / self.config.speed
                    self.tally.behind = max(self.tally.behind, late)
                    time.sleep(max(0.0, -late))
        finally:
            self.tally.seconds += opened.time
            now = opened.time
            for event in opened.finish():
                self.tell(event, now)

    def take(self, came: Came) -> None:
        """One frame."""
        opened, tally = self.stream, self.tally
        if came.silent:
            for event in opened.pause():
                self.tell(event, opened.time)
            return
        if came.bad:
            self.refuse(came.bad)
            return
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            told = opened.push(came.frame, came.time)
        except EdgcnError as error:
            if not self.feed.forgiving:
                raise EdgcnError(f"{self.feed.name}: {error}") from None
            self.refuse(str(error).partition(": ")[2] or str(error))
            return
        tally.frames += 1
        tally.cpu.add(time.thread_time() - cpu)
        tally.wall.add(time.perf_counter() - wall)
        for event in told:
            self.tell(event, opened.time)
        for note in opened.notes[self.notes :]:
            self.say(f"note: {note}")
        self.notes = len(opened.notes)
        if self.show is not None:
            self.show(self.picture(came.frame))

    def refuse(self, reason: str) -> None:
        """Count what is no frame; each reason is told once."""
        if reason not in self.tally.bad and len(self.tally.bad) < 20:
            self.say(f"left out: {reason}")
        self.tally.bad[reason if len(self.tally.bad) < 20 else "others"] += 1

    def tell(self, event: Event, now: float) -> None:
        """An event, at `now` seconds of the recording."""
        self.tally.events += 1
        self.tally.known.add(max(0.0, now - event.end))
        self.send(
            {
                "type": "event",
                "recording": event.recording,
                "subject": event.subject,
                "label": event.label,
                "start_s": round(event.start, 4),
                "end_s": round(event.end, 4),
                "score": round(event.score or 0.0, 4),
                "known_s": round(now, 4),
            }
        )

    def send(self, values: dict[str, Any]) -> None:
        """To the output and the page."""
        self.line(values)
        if self.show is not None:
            self.show(values)

    def about(self) -> dict[str, Any]:
        """What is streamed."""
        opened, topology = self.stream, self.stream.source.topology
        look = self.config.look_ahead
        return {
            "type": "start",
            "recording": self.feed.name,
            "model": Path(self.config.model).stem,
            "labels": opened.classes,
            "look_ahead_s": look,
            "certain_after_s": round(opened.plan.certain_after, 2),
            "joints": list(topology.joints),
            "bones": [list(pair) for pair in topology.edges],
            "mirror": [[topology.index(one) for one in pair] for pair in topology.mirror],
            "dims": opened.source.dims,
        }

    def picture(self, frame: Any) -> dict[str, Any]:
        """A frame for the page, with how likely each class is."""
        opened = self.stream
        people = {
            name: np.where(points[0].any(axis=1, keepdims=True), points[0], np.nan)
            for name, points in opened.shown(frame).items()
        }
        return {
            "type": "frame",
            "t": opened.time,
            "people": {
                name: [[None if x != x else round(x, 4) for x in row] for row in points.tolist()]
                for name, points in people.items()
            },
            "likely": opened.likely(),
        }
