"""One input at a time in a process of its own, which may hang, grow or die.

`Hunt(kind).go(seed, numbers)` -> `Find`s. A worker is forked once and reads input after input; this
process only waits for it, and forks another one when it had to be ended.
"""

import ctypes
import faulthandler
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from edgcn.base.errors import EdgcnError
from fuzz.kind import LONGEST, Kind, Reading, steers
from fuzz.measure import limit_memory, peak, spent
from fuzz.mutants import Mutant, mutant_of, restore

ROOM = 6 * 2**30  # bytes of addresses: what takes too much is seen, and not only refused
START_SECONDS = 60.0
END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h


@dataclass(frozen=True)
class Find:
    """An input that was not answered as it should be.

    Args:
        number: of the input; with kind and seed it can be made again.
        fault: "traceback", "hang", "memory", "died", "silent" or "nonsense".
        cause: what finds of one cause share.
        detail: the shortest traceback, or what changed.
        steps: how the input came about.
    """

    kind: str
    seed: int
    number: int
    fault: str
    cause: str
    detail: str
    steps: tuple[str, ...]
    size: int = 0

    def line(self) -> str:
        """For people, and as one to sort by."""
        how = f"--kinds {self.kind!r} --seed {self.seed} --only {self.number}"
        return f"{self.fault}: {self.cause}\n    {'; '.join(self.steps)}\n    {how}"


class Hunt:
    """Inputs of one kind, made from one sample.

    Args:
        folder: an empty one, for the sample and a copy of it.
    """

    def __init__(self, name: str, kind: Kind, folder: Path) -> None:
        self.name, self.kind, self.folder = name, kind, folder
        made = folder / "sample"
        made.mkdir(parents=True)
        self.read = kind.make(made)
        paths = sorted(path for path in made.rglob("*") if path.is_file())
        self.sample = {path.relative_to(made).as_posix(): path.read_bytes() for path in paths}
        self.copies, self.inputs, self.busy = 0, 0, 0.0  # seconds of a processor

    def mutant(self, seed: int, number: int) -> Mutant:
        """The input of this number: always the same."""
        return mutant_of(self.sample, random.Random(f"{self.name} {seed} {number}"))

    def go(
        self, seed: int, first: int, *, count: int | None = None, seconds: float = 3600
    ) -> Generator[Find | None, None, None]:
        """Try inputs in order; None for each that was answered as it should be."""
        number, until = first, time.monotonic() + seconds
        last = first + count if count is not None else 2**62
        while number < last and time.monotonic() < until:
            with self._worker() as worker:
                while number < last and time.monotonic() < until:
                    fault = worker.ask(seed, number)
                    if fault is not None and fault[0] in FATAL:
                        break
                    yield self._find(seed, number, fault)
                    number += 1
                else:
                    return
            with self._worker() as again:  # alone: what came before it may be to blame
                yield self._find(seed, number, again.ask(seed, number))
                number += 1

    def _worker(self) -> "_Worker":
        self.copies += 1
        return _Worker(self, self.folder / f"copy{self.copies}")

    def _find(self, seed: int, number: int, fault: tuple[str, str, str] | None) -> Find | None:
        if fault is None:
            return None
        mutant = self.mutant(seed, number)
        size = sum(map(len, mutant.content.values()))
        return Find(self.name, seed, number, *fault, tuple(mutant.steps), size)


FATAL = ("hang", "memory", "died")  # the worker is of no use after these
Fault = tuple[str, str, str]


class _Worker:
    """A forked process, and the pipe to it."""

    def __init__(self, hunt: Hunt, folder: Path) -> None:
        self.hunt, self.folder = hunt, folder

    def __enter__(self) -> "_Worker":
        shutil.copytree(self.folder.with_name("sample"), self.folder)
        self.pipe, other = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_work, args=(self.hunt, self.folder, other))
        self.process.start()
        other.close()
        answer = self.pipe.recv() if self.pipe.poll(START_SECONDS) else "nothing"
        if answer != "ready":
            self.__exit__()
            raise RuntimeError(f"the sample of {self.hunt.name} cannot be read: {answer}")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)  # with what it has started
        self.process.kill()
        self.process.join()
        self.pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.folder.with_name(f"{self.folder.name}.store"), ignore_errors=True)

    def ask(self, seed: int, number: int) -> Fault | None:
        """What was wrong with the answer to one input."""
        try:
            self.pipe.send((seed, number))
            if self.pipe.recv() != "made":
                raise RuntimeError("out of step")
            if not self._answers(self.hunt.kind.seconds):
                return "hang", f"over {self.hunt.kind.seconds:g} s{self._in()}", self._where()
            fault: Fault | None
            fault, seconds = self.pipe.recv()
            self.hunt.inputs, self.hunt.busy = self.hunt.inputs + 1, self.hunt.busy + seconds
        except (EOFError, ConnectionError):
            self.process.join()
            code = self.process.exitcode or 0
            name = signal.Signals(-code).name if code < 0 else f"exit {code}"
            return "died", name + self._in(), self._where()
        return fault

    def _answers(self, seconds: float) -> bool:
        """Whether an answer comes: within seconds of a processor, or of a clock if it waits."""
        before, _ = spent(self.process.pid or 0)
        while not self.pipe.poll(seconds):
            taken, running = spent(self.process.pid or 0)
            if not running or taken - before >= seconds:
                return False
        return True

    def _where(self) -> str:
        """The tool's part of the stack that was left, the last call first."""
        lines = (self.folder.with_name("stack")).read_text().splitlines()
        return "\n".join(line for line in lines if "/edgcn/" in line)[:1500]

    def _in(self) -> str:
        found = re.search(r'src/(\S+)", line (\d+) in (\w+)', self._where())
        return f" in {found[1]}:{found[2]} {found[3]}" if found else ""


def _work(hunt: Hunt, folder: Path, pipe: Connection) -> None:
    """Read what is asked for until killed."""
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    stack = folder.with_name("stack").open("w")
    faulthandler.enable(stack)
    warnings.simplefilter("ignore")
    try:
        before = hunt.read(folder)
    except Exception:
        pipe.send(shortest())
        raise
    limit_memory(ROOM)
    pipe.send("ready")
    while True:
        seed, number = pipe.recv()
        began = time.process_time()
        mutant = hunt.mutant(seed, number)
        mutant.put(folder)
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew: not what was made
        start = peak()
        stack.truncate(0)
        faulthandler.dump_traceback_later(max(0.1, hunt.kind.seconds - 0.3), file=stack)
        pipe.send("made")
        fault = _answer(hunt, folder, mutant, before)
        faulthandler.cancel_dump_traceback_later()
        if peak() - start > hunt.kind.memory:
            fault = ("memory", "over what it may take", fault[2] if fault else "")
        restore(folder, hunt.sample, mutant)
        pipe.send((fault, time.process_time() - began))


def _answer(hunt: Hunt, folder: Path, mutant: Mutant, before: Reading) -> Fault | None:
    """Read one input and judge what came."""
    try:
        after = hunt.read(folder)
    except EdgcnError as error:
        return _refusal(error)
    except MemoryError:
        return "memory", cause_of(), shortest()
    except Exception:
        return "traceback", cause_of(), shortest()
    except BaseException:  # SystemExit in a library
        return "traceback", cause_of(), shortest()
    return judged(hunt, mutant, before, after)


def _refusal(error: EdgcnError) -> Fault | None:
    """A refusal is right, if it is one line and did not first take all memory."""
    text, seen = " ".join(str(error).split()), error.__cause__ or error.__context__
    while seen is not None:
        if isinstance(seen, MemoryError):
            return "memory", f"refused only when memory ended: {cause_of()}", shortest()
        seen = seen.__cause__ or seen.__context__
    if len(text) > LONGEST or steers(text):
        what = "too long" if len(text) > LONGEST else "not one printable line"
        return "message", f"{what}: {cause_of()}", repr(text[:300])
    return None


def judged(hunt: Hunt, mutant: Mutant, before: Reading, after: Reading) -> Fault | None:
    """Whether what was accepted may be so without a word."""
    if after.nonsense:
        return "nonsense", after.nonsense.partition(":")[0], after.nonsense
    if after.said - before.said:
        return None
    if after.doubtful:
        return "silent", after.doubtful, ""
    for name in sorted(hunt.kind.must_keep(mutant.touched, mutant.sorts)):
        old, new = before.facts[name], after.facts[name]
        if old != new:
            detail = json.dumps({"before": old, "after": new}, default=str)
            where = ", ".join(sorted({re.sub(r"\d+", "#", touched) for touched in mutant.touched}))
            return "silent", f"{name} changed with {where}", detail[:2000]
    return None


def cause_of() -> str:
    """What is raised, and the last place in the tool's own code."""
    kind, _, place = sys.exc_info()
    frames = [f for f in traceback.extract_tb(place) if "/edgcn/" in f.filename]
    last = frames[-1] if frames else traceback.extract_tb(place)[-1]
    where = f"{last.filename.rpartition('/src/')[2]}:{last.lineno} {last.name}"
    return f"{kind.__name__ if kind else ''} in {where}"


def shortest() -> str:
    """The traceback without what is the fuzzer's own."""
    _, error, place = sys.exc_info()
    frames = [f for f in traceback.extract_tb(place) if "/fuzz/" not in f.filename]
    text = "".join(traceback.format_list(frames[-6:]))
    return text + "".join(traceback.format_exception_only(error))[:600]
