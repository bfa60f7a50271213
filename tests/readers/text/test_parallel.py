"""Several processes give what one gives, in its order, and leave nothing behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.text import files, parallel
from edgcn.readers.text.parallel import in_processes
from edgcn.skeleton.recording import Recording, Skipped, trimmed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process where none is forked")


@pytest.fixture(autouse=True)
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(files, "MOMENT", 0.0)
    monkeypatch.setattr(files, "workers", lambda: 2)
    yield
    assert multiprocessing.active_children() == []


def read_one(path: Path) -> Iterator[Recording | Skipped]:
    number = int(path.name)
    yield trimmed(np.full((number % 5 + 1, 1, 2, 3), number, dtype=np.float32), path.name)
    if number % 7 == 3:
        raise FileError(path, "expected another number", line=number)
    if number % 7 == 4:
        path.read_text()


def test_same_items_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [Path(str(number)) for number in range(150)]
    several = list(files.stream(paths, read_one))
    monkeypatch.setattr(files, "workers", lambda: 1)
    one = list(files.stream(paths, read_one))
    assert len(several) == len(one) > 150
    for ours, expected in zip(several, one, strict=True):
        if isinstance(expected, Skipped):
            assert ours == expected
        else:
            assert isinstance(ours, Recording)
            assert (ours.name, ours.segments) == (expected.name, expected.segments)
            np.testing.assert_array_equal(ours.frames, expected.frames)


def test_a_bug_comes_out_with_its_place() -> None:
    def read_badly(path: Path) -> Iterator[Skipped]:
        yield Skipped(path.name, str(1 // (int(path.name) - 100)))

    with pytest.raises(ZeroDivisionError) as error:
        list(files.stream([Path(str(number)) for number in range(150)], read_badly))
    assert "read_badly" in str(error.value.__cause__)


def test_what_ends_its_process_is_named_and_all_others_are_read() -> None:
    def read_or_crash(path: Path) -> Iterator[Recording | Skipped]:
        if path.name in ("8", "30"):
            os._exit(3)
        yield Skipped(path.name, "")

    paths = [Path(str(number)) for number in range(40)]
    items = list(files.stream(paths, read_or_crash))
    assert [item.path for item in items if isinstance(item, Skipped)] == [str(p) for p in paths]
    ended = [item.path for item in items if isinstance(item, Skipped) and "ended" in item.reason]
    assert ended == ["8", "30"]


def test_only_so_much_is_read_ahead_and_stopping_early_ends_all() -> None:
    taken = []

    def numbers() -> Iterator[int]:
        for number in range(10_000):
            taken.append(number)
            yield number

    results = in_processes(numbers(), lambda chunk: chunk, processes=2, chunk=3, lost=int)
    assert isinstance(results, Generator)
    assert taken == []
    assert list(islice(results, 10)) == list(range(10))
    assert len(taken) <= 10 + 3 * (2 * parallel.AHEAD + 1)
    results.close()


def test_work_is_shared() -> None:
    def who(chunk: list[int]) -> list[int]:
        time.sleep(0.02)
        return [os.getpid()] * len(chunk)

    seen = set(in_processes(iter(range(20)), who, processes=2, chunk=1, lost=int))
    assert len(seen) == 2
    assert os.getpid() not in seen


SCRIPT = """
import os, signal, time
from edgcn.readers.text.parallel import in_processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started us with &
def work(chunk):
    time.sleep(0.05)
    return [os.getpid()]
for pid in in_processes(iter(range(10_000)), work, processes=2, chunk=1, lost=int):
    print(pid, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_their_parent(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        children = {int(parent.stdout.readline()) for _ in range(6)}
        parent.send_signal(how)
        parent.communicate(timeout=10)
    until = time.monotonic() + 5
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until, "a process outlived its parent"
        time.sleep(0.02)
