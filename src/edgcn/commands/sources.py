"""Where frames come from while they come: a recording, a video, a camera, datagrams, a pipe.

`camera:0`, `FILM.mp4`, `udp:9000`, `stdin`, `FILE` -> `Feed`s -> (time, frame)

Datagrams and lines are JSON: {"t": seconds, "joints": [[x, y, z], ...]} of one person, or {"t":
seconds, "people": {name: [[x, y, z], ...]}}; {"end": true} ends the stream.
"""

import json
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.progress import Say
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.readers.video import ENDINGS
from edgcn.readers.video.backends import Finder, believed
from edgcn.readers.video.camera import camera, check_number
from edgcn.readers.video.decode import opened
from edgcn.readers.video.live import Followed
from edgcn.skeleton.topology import Topology
from edgcn.store import Store, open_store

DATAGRAM = 65535  # bytes, more than UDP has
WAITING = 4 << 20  # bytes of datagrams that may wait, as far as the system allows
LINE = 1 << 20  # bytes of a line
LISTENING = 0.25  # seconds after which a silent line is looked at again
HOST = "127.0.0.1"
UDP = re.compile(r"udp:(?:(?P<host>[0-9a-zA-Z_.-]+):)?(?P<port>\d{1,5})")
KINDS = "camera:0, udp:9000, stdin, a video, or a file, folder or store of recordings"


class Came(NamedTuple):
    """One frame, or what could not be one.

    Args:
        time: in seconds, None where frames come evenly.
        frame: as `Stream.push` takes it.
        bad: why this is no frame.
        silent: nothing came for a while.
    """

    time: float | None = None
    frame: Any = None
    bad: str = ""
    silent: bool = False


@dataclass(frozen=True)
class Feed:
    """One recording while it is made, or as if.

    Args:
        topology, dims, units: of the frames; None where they are the encoder's.
        forgiving: what is bad is counted, and the stream goes on; else it ends there.
        live: frames come when they are made, and are not waited for.
    """

    name: str
    frames: Iterator[Came]
    subject: str = ""
    topology: Topology | None = None
    dims: int | None = None
    units: Literal["m", "px"] | None = None
    fps: float | None = None
    forgiving: bool = False
    live: bool = False


def check_source(source: str) -> None:
    """Refuse what is no source, before anything is loaded.

    Raises:
        EdgcnError: says which there are.
    """
    if source in ("stdin", "-"):
        return
    kind, _, number = source.partition(":")
    if kind == "camera" and not Path(source).exists():
        check_number(number)
    elif kind == "udp" and not Path(source).exists():
        found = UDP.fullmatch(source)
        if not found or not 0 < int(found["port"]) < 65536:
            raise EdgcnError(
                f"--source {source!r}: expected udp:PORT or udp:HOST:PORT, with a port of 1 to "
                f"65535, such as udp:9000"
            )
    elif re.fullmatch(r"[a-z]{2,}:.*", source) and not Path(source).exists():
        raise EdgcnError(f"--source {source!r}: there is no such source; expected {KINDS}")
    elif not Path(source).exists():
        raise EdgcnError(f"--source {source!r} does not exist; expected {KINDS}")


def feeds(
    source: str,
    *,
    finder: Callable[[], Finder],
    reader: str | None,
    options: dict[str, str],
    topology: Topology | None,
    units: Literal["m", "px"] | None,
    fps: float | None,
    say: Say,
) -> Generator[Feed, None, None]:
    """The recordings of a source, one after the other.

    Raises:
        EdgcnError: there is no such source, or it cannot be opened.
    """
    check_source(source)
    joints: dict[str, Any] = {"topology": topology, "units": units, "fps": fps}
    joints["dims"] = None if units is None else 2 if units == "px" else 3
    if source in ("stdin", "-"):
        yield Feed("stdin", lines(), **joints)
    elif found := UDP.fullmatch(source):
        host, port = found["host"] or HOST, int(found["port"])
        with listening(host, port) as line:
            came = datagrams(line, lambda: say(f"listening for datagrams on {host}:{port}"))
            yield Feed(source, came, **joints, forgiving=True, live=True)
    elif source.startswith("camera:"):
        with camera(source.partition(":")[2]) as pictures:
            yield filmed(source, pictures, finder(), rate=None, live=True)
    elif Path(source).suffix[1:].lower() in ENDINGS and reader is None:
        with opened(Path(source)) as film:
            shown = ((one.pixels, one.time) for one in film.pictures())
            yield filmed(Path(source).stem, shown, finder(), rate=film.rate, live=False)
    else:
        yield from recorded(Path(source), reader, options, say)


def recorded(path: Path, reader: str | None, options: dict[str, str], say: Say) -> Iterator[Feed]:
    """The recordings of a store, or of files, which become one for the while."""
    if reader is None and (path / "store.json").is_file():
        yield from of_store(open_store(path))
        return
    with tempfile.TemporaryDirectory(prefix="edgcn-stream-") as folder:
        settings = PrepareConfig(
            reader=reader or "", path=path, out=Path(folder) / "store", options=options
        )
        yield from of_store(prepare(settings, say=say))


def of_store(store: Store) -> Iterator[Feed]:
    """Its recordings, frame by frame from the disk."""
    store.verify()
    table = store.recordings
    for row in range(len(table)):
        yield Feed(
            str(table.names[row]),
            stored(store, row),
            subject=str(table.subjects[row]),
            topology=store.topology,
            dims=store.dims,
            units="px" if store.units == "px" else "m",
            fps=float(table.fps[row]),
        )


def stored(store: Store, row: int) -> Iterator[Came]:
    """The frames of one recording."""
    table, frames = store.recordings, store.frames
    first, length = int(table.offsets[row]), int(table.lengths[row])
    times = None if store.times is None else np.asarray(store.times_of(row))
    for number in range(length):
        at = None if times is None else float(times[number])
        yield Came(at, np.asarray(frames[first + number], dtype=np.float32))


def filmed(
    name: str, pictures: Iterator[tuple[Any, float]], finder: Finder, *, rate: float | None,
    live: bool,
) -> Feed:  # fmt: skip
    """The people in pictures, found one by one."""

    def frames() -> Iterator[Came]:
        followed = Followed()
        with closing(finder.start()) as backend:
            for number, (pixels, stamp) in enumerate(pictures):
                at = stamp if np.isfinite(stamp) else number / (rate or 25.0)
                people = believed(backend.poses(pixels))
                yield Came(at, followed.named([one for one in people if one.any()]))

    return Feed(
        name, frames(), topology=finder.topology, dims=2, units="px", fps=rate, live=live,
        forgiving=True,
    )  # fmt: skip


def listening(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        EdgcnError: the port is taken, or is none.
    """
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        line.bind((host, port))
    except (OSError, OverflowError) as error:
        line.close()
        reason = getattr(error, "strerror", None) or error
        raise EdgcnError(f"--source udp:{port}: {reason}; choose another port") from None
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITING)
    line.settimeout(LISTENING)
    return line


def datagrams(line: socket.socket, ready: Callable[[], None] = lambda: None) -> Iterator[Came]:
    """Frames until one says that it is the end; those without a time have that of their arrival.

    Args:
        ready: is called when the first one is waited for.
    """
    ready()
    while True:
        try:
            data, _ = line.recvfrom(DATAGRAM)
        except TimeoutError:
            yield Came(silent=True)
            continue
        try:
            came = frame_of(data)
        except EdgcnError as error:
            yield Came(bad=str(error))
            continue
        if came is None:
            return
        yield came if came.time is not None else came._replace(time=time.monotonic())


def lines() -> Iterator[Came]:
    """Frames of the standard input, a line each."""
    stream, number = sys.stdin.buffer, 0
    while line := stream.readline(LINE + 1):
        number += 1
        if len(line) > LINE:
            raise FileError("stdin", f"expected at most {LINE} bytes in a line", line=number)
        if not line.strip():
            continue
        try:
            came = frame_of(line)
        except EdgcnError as error:
            raise FileError("stdin", str(error), line=number) from None
        if came is None:
            return
        yield came


def frame_of(data: bytes) -> Came | None:
    """A frame of JSON; None for the end.

    Raises:
        EdgcnError: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise EdgcnError("expected a frame as JSON, got something else") from None
    if not isinstance(found, dict):
        raise EdgcnError('expected a JSON object, such as {"t": 0.04, "joints": [[x, y, z]]}')
    if unknown := [key for key in found if key not in ("t", "joints", "people", "end")]:
        raise EdgcnError(f"unknown key {unknown[0][:40]!r}: there are t, joints, people, end")
    if found.get("end") is True:
        return None
    if ("joints" in found) == ("people" in found):
        raise EdgcnError("expected joints of one person, or people by name")
    if not isinstance(found.get("people", {}), dict):
        raise EdgcnError("expected people as {name: [[x, y, z], ...]}")
    at = found.get("t")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float)):
        raise EdgcnError(f"expected t in seconds, got {str(at)[:40]!r}")
    frame = found["joints"] if "joints" in found else found["people"]
    return Came(None if at is None else float(at), frame)
