"""One function over many files in several processes: in order, lazily, bounded in memory.

items -> chunks -> processes -> lists of results -> results, in the order of the items
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait
from typing import Any, TypeVar

from edgcn.base.process import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # chunks per process that are being read, or wait for whoever takes the results
_work: Callable[[list[Any]], list[Any]]  # what a process does with a chunk; set where it starts


def workers() -> int:
    """How many processes are worth starting: the cores this one may use (see `taskset`).

    One where processes cannot be forked safely. Starting them afresh instead would run a user's
    script again in each of them, unless it is written to expect that.
    """
    if not sys.platform.startswith("linux") or multiprocessing.current_process().daemon:
        return 1
    return len(os.sched_getaffinity(0))


def in_processes(
    items: Iterator[Item],
    work: Callable[[list[Item]], list[Result]],
    *,
    processes: int,
    chunk: int,
    lost: Callable[[Item], Result],
) -> Iterator[Result]:
    """What `work` gives for chunks of the items, in order; an exception in it comes out here.

    Processes are forked: that takes milliseconds, where fresh ones would first import numpy. What
    a forked process must not do is use the parent's threads (of torch, of OpenMP). `work` may read
    and parse, then.

    Args:
        chunk: items sent to a process at once.
        lost: what an item gives whose process ends without an answer (a parser in C that crashes,
            memory that runs out). The others are worked on all the same.
    """
    pool = _pool(work, processes)
    waiting: deque[tuple[list[Item], Future[list[Result]]]] = deque()
    try:
        while True:
            while len(waiting) < AHEAD * processes and (taken := list(islice(items, chunk))):
                waiting.append((taken, pool.submit(_run, taken)))
            if not waiting:
                return
            taken, future = waiting.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:  # it does not say who ended it, and takes no more work
                yield from _one_by_one(taken, work, lost)
                pool.shutdown(wait=True, cancel_futures=True)
                pool = _pool(work, processes)
                waiting = deque((taken, pool.submit(_run, taken)) for taken, _ in waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pool(work: Callable[[list[Item]], list[Result]], processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(work,),  # inherited, not pickled: any closure will do
    )


def _one_by_one(
    items: list[Item], work: Callable[[list[Item]], list[Result]], lost: Callable[[Item], Result]
) -> Iterator[Result]:
    """Each item in a process of its own."""
    for item in items:
        with _pool(work, 1) as pool:
            future: Future[list[Result]] = pool.submit(_run, [item])
            try:
                results = future.result()
            except BrokenProcessPool:
                results = [lost(item)]
        yield from results


def _begin(work: Callable[[list[Any]], list[Any]]) -> None:
    """Make this process one that works for its parent, and ends with it."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which then ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent's way to do so
    keep_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot say that there is nothing more to do."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _run(items: list[Any]) -> list[Any]:
    return _work(items)
