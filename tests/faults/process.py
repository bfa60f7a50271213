"""Commands of edgcn in processes that are forked from this one, where all is imported already.

A fresh interpreter imports for seconds, and most random moments would fall there.
"""

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120  # a command that takes longer hangs


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        status: exit status, or minus the signal that it died of.
        errors: what it said on stderr.
    """

    status: int
    errors: str
    seconds: float

    @property
    def quiet(self) -> bool:
        """Whether it said one line at most, and no traceback."""
        return self.errors.count("\n") <= 1 and "Traceback" not in self.errors


def warm_up() -> None:
    """Import what the commands need, before some of them may not read it any more."""
    import encodings.cp437  # noqa: F401

    import matplotlib.backends.backend_agg  # noqa: F401
    import sklearn.linear_model
    import sklearn.manifold  # noqa: F401

    import edgcn.commands.evaluate
    import edgcn.commands.fit
    import edgcn.commands.prepare
    import edgcn.commands.pretrain
    import edgcn.commands.report  # noqa: F401


@dataclass
class Running:
    """A command that has been started, in the folder that is the current one."""

    pid: int
    errors: int
    started: float

    def wait(self) -> Ended:
        """Wait for its end."""
        said = b""
        while part := self._read():
            said += part
        os.close(self.errors)
        _, status = os.waitpid(self.pid, 0)
        seconds = time.monotonic() - self.started
        return Ended(os.waitstatus_to_exitcode(status), said.decode(), seconds)

    def _read(self) -> bytes:
        left = self.started + SECONDS - time.monotonic()
        if not select.select([self.errors], [], [], max(0.0, left))[0]:
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"process {self.pid} hangs")
        return os.read(self.errors, 1 << 16)

    def stop(self, number: int, after: float) -> Ended:
        """Send it a signal so many seconds after its start."""
        time.sleep(max(0.0, self.started + after - time.monotonic()))
        os.kill(self.pid, number)
        return self.wait()


def start(*words: object, before: Callable[[], None] = lambda: None) -> Running:
    """Start `edgcn WORDS`.

    Args:
        before: called in the new process, as to set its limits.
    """
    read, write = os.pipe()
    started = time.monotonic()
    if pid := os.fork():
        os.close(write)
        return Running(pid, read, started)
    try:
        os.dup2(write, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.close(read)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        sys.argv = ["edgcn", *map(str, words)]
        before()
        from edgcn.cli import main

        main()
    except KeyboardInterrupt:  # before the command had begun
        os._exit(128 + signal.SIGINT)
    except SystemExit as ending:
        sys.stderr.flush()
        os._exit(int(ending.code or 0))
    finally:
        os._exit(70)


def edgcn(*words: object, before: Callable[[], None] = lambda: None) -> Ended:
    """`edgcn WORDS` to its end."""
    return start(*words, before=before).wait()


def small_files(most: int) -> Callable[[], None]:
    """No file may grow above so many bytes, as on a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def nobody() -> None:
    """Give up the rights of root, who may write anywhere."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def hidden(folder: Path) -> list[str]:
    """Names that only unfinished work has, anywhere below."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))
