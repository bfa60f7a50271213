"""A process that measures what its parent asks for: one line of JSON in, one line of JSON out.

Every measurement has a process of its own or shares one with its like, because the allocator and
the thread pool of a process remember what ran before. The parent waits while it works.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from edgcn.base.errors import EdgcnError

ROOT = Path(__file__).parents[1]


class Worker:
    """The parent's end of such a process.

    Args:
        stores: folder of the synthetic stores.
        peer: a checkout of MS-G3D, for cases named "stock".
        keep_memory: let the process keep freed memory, as the library's own trainings do.
    """

    def __init__(
        self,
        *,
        stores: Path | None = None,
        peer: Path | None = None,
        keep_memory: bool = True,
    ) -> None:
        command = [sys.executable, "-m", "benchmarks.worker"]
        command += ["--stores", str(stores)] if stores else []
        command += ["--peer", str(peer)] if peer else []
        command += ["--keep-memory"] if keep_memory else []
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            assert self.process.stdin
            self.process.stdin.close()  # it ends when nobody can ask any more
        else:
            self.process.kill()
        self.process.wait()

    def ask(self, do: str, **request: Any) -> Any:
        """The answer to one request; see `ANSWERS`."""
        assert self.process.stdin
        assert self.process.stdout
        line = json.dumps({"do": do} | request, default=asdict)
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            status = self.process.wait()
            raise EdgcnError(
                f"the process that measures ended with status {status}, asked for {line}; what "
                f"went wrong stands above, or the system ended it for want of memory"
            ) from None


class Answers:
    """The child's end: what it answers, and the cases it has built."""

    def __init__(self, *, stores: Path | None, peer: Path | None) -> None:
        self.stores, self.peer = stores, peer
        self.built: dict[str, Callable[[], object]] = {}

    def time(self, *, case: dict[str, Any], budget: float) -> list[float]:
        """Seconds of each run; the case stays built until `forget`."""
        from benchmarks.timing import seconds_of

        return seconds_of(self._work(case), budget=budget)

    def once(self, *, case: dict[str, Any]) -> float:
        """Seconds of one run."""
        from benchmarks.timing import timed

        return timed(self._work(case))

    def forget(self) -> None:
        """Drop the cases that were built."""
        self.built.clear()

    def memory(self, *, case: dict[str, Any]) -> dict[str, float | None]:
        """MB: the most that tensors hold at once, and what two runs add to resident memory."""
        from benchmarks.timing import allocated_megabytes, forget_peak, peak_megabytes

        run = self._work(case)
        forget_peak()
        before = peak_megabytes()
        run()
        run()  # the second one has the optimizer's momentum beside it
        after = peak_megabytes()
        resident = None if after is None or before is None else after - before
        return {"allocated": allocated_megabytes(run), "resident": resident}

    def count(self, *, case: dict[str, Any]) -> dict[str, float]:
        """Parameters, and the work of a forward pass in training and in evaluation mode."""
        import torch

        from benchmarks.counting import forward_work
        from benchmarks.work import FRAMES, TOPOLOGY, Case, build

        wanted = Case(**case)
        model = build(wanted, self.peer)
        clips = torch.randn(4, 3, FRAMES, len(TOPOLOGY), wanted.bodies)
        training, evaluation = (forward_work(model.train(on), clips) for on in (True, False))
        return {
            "parameters": sum(part.numel() for part in model.parameters()),
            "training_gflop": training["gflop"],
            "training_elements": training["elements"],
            "inference_gflop": evaluation["gflop"],
            "inference_elements": evaluation["elements"],
        }

    def measure(self, *, section: str, quick: bool) -> Any:
        """What a section's own `measure` gives."""
        return importlib.import_module(f"benchmarks.{section}").measure(quick)

    def _work(self, case: dict[str, Any]) -> Callable[[], object]:
        import torch

        from benchmarks.work import Case, iteration

        wanted, key = Case(**case), json.dumps(case)
        torch.set_num_threads(wanted.threads)
        if key not in self.built:
            assert self.stores is not None
            self.built[key] = iteration(wanted, stores=self.stores, peer=self.peer)
        return self.built[key]


ANSWERS: dict[str, Callable[..., Any]] = {
    "time": Answers.time,
    "once": Answers.once,
    "forget": Answers.forget,
    "memory": Answers.memory,
    "count": Answers.count,
    "measure": Answers.measure,
}


def serve(answers: Answers, requests: IO[str], replies: IO[str]) -> None:
    """Answer until the parent is done."""
    for line in requests:
        request = json.loads(line)
        answer = ANSWERS[request.pop("do")]
        replies.write(json.dumps(answer(answers, **request)) + "\n")
        replies.flush()


def main() -> None:
    """Serve the parent; whatever else prints goes where errors go."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--keep-memory", action="store_true")
    arguments = parser.parse_args()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if arguments.keep_memory:
        from edgcn.base.process import keep_freed_memory

        keep_freed_memory()
    serve(Answers(stores=arguments.stores, peer=arguments.peer), sys.stdin, replies)


if __name__ == "__main__":
    main()
