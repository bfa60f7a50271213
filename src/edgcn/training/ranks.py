"""Ranks of one command end together, with one line from the first of them.

A rank that is lost (killed, out of memory) leaves the others waiting for it; what PyTorch says of
that is long, or never comes. So each process watches: the first its children, they their parent.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.launchers import subprocess_script

EVERY = 0.2  # seconds between two looks
GRACE = 2.0  # seconds for the others to find out and end on their own
HAS_SPOKEN = 75  # exit status of a rank that has said itself why it ends

AGAIN = "start it again"  # what to do while nothing is saved

_children: list[subprocess.Popen[Any]] = []
_advice = [AGAIN]
_finished = threading.Event()


def watch_ranks() -> None:
    """Watch whatever ranks Fabric starts from here on, in place of its own observer.

    That one kills the first rank within 5 s of another's end, without a word.
    """
    subprocess_script._launch_process_observer = _watch_children


@contextmanager
def ending_together(fabric: Fabric, *, then: str = AGAIN) -> Iterator[None]:
    """What is done on all ranks: a failure on one of them ends the others.

    Args:
        then: what to do when one is lost, in words.
    """
    if fabric.world_size == 1:
        yield
        return
    _advice[0] = then
    if fabric.local_rank:
        _start(_watch_parent, os.getppid())
    try:
        yield
    except BaseException as error:
        if _is_lost_peer(error):
            time.sleep(3 * GRACE)  # whoever watches knows more, and ends this process
        elif fabric.local_rank and not isinstance(error, KeyboardInterrupt):
            time.sleep(GRACE)  # the first rank ends this one, if it has failed as well
            _end(f"rank {fabric.global_rank}: {type(error).__name__}: {error}", HAS_SPOKEN)
        _kill_children()
        raise
    finally:
        _finished.set()


def _is_lost_peer(error: BaseException) -> bool:
    """Whether PyTorch says that it cannot reach another rank."""
    known = isinstance(error, torch.distributed.DistError)
    return known or (isinstance(error, RuntimeError) and "gloo" in str(error).lower())


def _watch_children(child_processes: list[subprocess.Popen[Any]]) -> None:
    _children[:] = child_processes
    _start(_until_one_is_lost)


def _until_one_is_lost() -> None:
    while not any(codes := [child.poll() for child in _children]):
        if _finished.wait(EVERY) or all(code == 0 for code in codes):
            return
    if _finished.wait(GRACE):  # all have failed in the same way, which the first one says
        return
    _kill_children()
    if HAS_SPOKEN in codes:
        os._exit(1)
    rank, code = next((i, code) for i, code in enumerate(codes, start=1) if code)
    why = f"by signal {-code}" if code < 0 else f"with status {code}"
    _end(f"rank {rank} ended {why}, and the others with it; {_advice[0]}")


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        if _finished.wait(EVERY):
            return
    _end(f"the first rank was lost, and this one ends with it; {_advice[0]}")


def _start(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _kill_children() -> None:
    for child in _children:
        child.kill()


def _end(line: str, status: int = 1) -> NoReturn:
    """Say a line and end at once: threads of PyTorch may wait for ranks that are gone."""
    print(f"error: {' '.join(line.split())}", file=sys.stderr, flush=True)
    os._exit(status)
