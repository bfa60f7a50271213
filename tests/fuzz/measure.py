"""What processes take of the machine: its time and its memory."""

import os
import resource
from contextlib import suppress
from pathlib import Path


def spent(group: int) -> tuple[float, bool]:
    """Seconds of a processor that a group of processes has taken, and whether one takes more."""
    ticks, running = 0, False
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, own, *fields = path.read_text().rpartition(")")[2].split()
            if int(own) == group:
                ticks += int(fields[8]) + int(fields[9])
                running |= state == "R"
    return ticks / os.sysconf("SC_CLK_TCK"), running


def limit_memory(room: int) -> None:
    """Bytes of addresses for what is there, and so many more."""
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + room, size + room))


def peak() -> int:
    """Bytes that this process, or one that it started, has held at most."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) * 1024
