"""Progress on everything over a second: a bar with rate and time left, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from edgcn.base.screen import tell

Item = TypeVar("Item")
Advance = Callable[[int], None]
Say = Callable[[str], None]  # what takes a line for the user, such as `tell`

PLAIN_SECONDS = 15.0  # between two lines where the output is not a terminal

_shown: list[Any] = []  # the bars on the screen: work within work is one more of them


@contextmanager
def progress(label: str, *, total: int | None, unit: str) -> Iterator[Advance]:
    """Give a function to call with the number of units done since the last call.

    Without a label nothing is shown.
    """
    if not label:
        yield _nothing
    elif sys.stderr.isatty():
        with _bar(label, total, unit) as advance:
            yield advance
    else:
        yield _lines(label, total, unit)


def _nothing(_: int) -> None:
    """Progress that nobody asked to see."""


@contextmanager
def _bar(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    started, done = time.monotonic(), 0
    with _screen() as bars:
        task = bars.add_task(label, total=total, rate="", unit=unit)

        def advance(count: int) -> None:
            nonlocal done
            done += count
            rate = done / max(time.monotonic() - started, 1e-6)
            bars.update(task, advance=count, rate=f"{rate:.0f} {unit}/s")

        try:
            yield advance
        finally:
            bars.remove_task(task)


@contextmanager
def _screen() -> Iterator[Any]:
    """What shows bars: the one that is on the screen already, or a new one."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    if _shown:
        yield _shown[0]
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} {task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # lines that go into a file stay out of the bar
    ) as bars:
        _shown.append(bars)
        try:
            yield bars
        finally:
            _shown.clear()


def _lines(label: str, total: int | None, unit: str) -> Advance:
    started = last = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last < PLAIN_SECONDS:
            return
        last, rate = now, done / (now - started)
        left = f", {(total - done) / rate:.0f} s left" if total else ""
        whole = f"/{total}" if total else ""
        tell(f"{label}: {done}{whole} {unit}, {rate:.0f} {unit}/s{left}", as_error=True)

    return advance


def track(items: Iterable[Item], total: int | None, *, label: str, unit: str) -> Iterator[Item]:
    """Iterate with progress."""
    with progress(label, total=total, unit=unit) as advance:
        for item in items:
            yield item
            advance(1)
