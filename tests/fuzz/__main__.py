"""`make fuzz`: wrong inputs of every kind for an hour, or FUZZ='--minutes 5 --kinds ntu --seed 3'.

Prints each new cause once and ends with a table; every cause becomes a folder with its smallest
input, seed and traceback. Exit status 1 where anything was found.
"""

import argparse
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fuzz.kinds import KINDS
from fuzz.trial import Find, Hunt

SLICE = 20.0  # seconds of one kind before the next has its turn


@dataclass
class Tally:
    """What one kind came to."""

    inputs: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    smallest: dict[tuple[str, str], Find] = field(default_factory=dict)

    def add(self, find: Find) -> bool:
        """Whether this cause is new."""
        key = (find.fault, find.cause)
        self.counts[key] += 1
        known = self.smallest.get(key)
        if known is None or (len(find.steps), find.size) < (len(known.steps), known.size):
            self.smallest[key] = find
        return known is None


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description="Wrong inputs for every reader.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--kinds", default=",".join(KINDS), help="names, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one input, by its number: try it again")
    parser.add_argument("--inputs", type=int, help="of a kind; the time left goes to the others")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=Path("finds"))
    given = parser.parse_args()
    names = given.kinds.split(",")
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"no kind is named {unknown[0]!r}: there are {', '.join(KINDS)}")
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if fast.is_dir() else None) as folder:
        hunts = {n: Hunt(n, KINDS[n], Path(folder, f"kind{i}")) for i, n in enumerate(names)}
        if given.only is not None:
            return again(hunts[names[0]], given.seed, given.only, given.out)
        tallies = {name: Tally() for name in names}
        most = given.inputs or sys.maxsize
        hunt_all(hunts, tallies, given.seed, 60 * given.minutes, given.jobs, most)
        for name, tally in tallies.items():
            for find in tally.smallest.values():
                keep(hunts[name], find, given.out)
    print(table(hunts, tallies))
    return int(any(tally.counts for tally in tallies.values()))


def hunt_all(
    hunts: dict[str, Hunt],
    tallies: dict[str, Tally],
    seed: int,
    seconds: float,
    jobs: int,
    most: int = sys.maxsize,
) -> None:
    """Every kind in turn, in so many processes, until time is up or each had `most` inputs."""
    turns: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in hunts:
        turns.put(name)
    until, stop = time.monotonic() + seconds, threading.Event()
    part = min(SLICE, seconds * jobs / len(hunts))

    def take_turns() -> None:
        while (left := until - time.monotonic()) > 0 and not stop.is_set():
            if all(tally.inputs >= most for tally in tallies.values()):
                return
            try:
                name = turns.get(timeout=1)
            except queue.Empty:
                continue
            tally = tallies[name]
            with closing(hunts[name].go(seed, tally.inputs, seconds=min(part, left))) as answers:
                for find in answers:
                    tally.inputs += 1
                    if find is not None and tally.add(find):
                        print(f"{name}: {find.line()}", flush=True)
                    if stop.is_set() or tally.inputs >= most:
                        break
            if tally.inputs < most:
                turns.put(name)

    threads = [threading.Thread(target=take_turns) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:  # what was found is kept all the same
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop.set()
        for thread in threads:
            thread.join()


def again(hunt: Hunt, seed: int, number: int, out: Path) -> int:
    """One input once more, with everything that is known of it."""
    (find,) = hunt.go(seed, number, count=1)
    if find is None:
        print("answered as it should be")
        return 0
    print(find.line(), find.detail, f"kept in {keep(hunt, find, out)}", sep="\n")
    return 1


def keep(hunt: Hunt, find: Find, out: Path) -> Path:
    """Write a find as a case: what it is, and the input as its reader is given it."""
    tag = zlib.crc32(f"{find.fault} {find.cause}".encode(errors="backslashreplace"))
    folder = out / f"{find.kind.replace(' ', '_')}-{find.fault}-{tag:08x}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(hunt.folder / "sample", folder / "input")
    hunt.mutant(find.seed, find.number).put(folder / "input")
    (folder / "case.json").write_text(json.dumps(asdict(find), indent=1))
    return folder


def table(hunts: dict[str, Hunt], tallies: dict[str, Tally]) -> str:
    """Inputs, rate and finds of each kind, and of all."""
    lines = ["| kind | inputs | per second of a core | causes | finds |", "|---|---|---|---|---|"]
    for name, tally in tallies.items():
        rate = hunts[name].inputs / max(hunts[name].busy, 1e-9)
        found = f"{len(tally.counts)} | {sum(tally.counts.values())}"
        lines.append(f"| {name} | {tally.inputs:,} | {rate:.0f} | {found} |")
    total = sum(tally.inputs for tally in tallies.values())
    causes = sum(len(tally.counts) for tally in tallies.values())
    finds = sum(sum(tally.counts.values()) for tally in tallies.values())
    return "\n".join([*lines, f"| all | {total:,} | | {causes} | {finds} |"])


if __name__ == "__main__":
    sys.exit(main())
