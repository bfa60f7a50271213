"""Commands ended at random moments: what was promised of what they leave, and of the next start."""

import os
import random
import signal
from collections import Counter
from pathlib import Path

from faults.commands import COMMANDS, Command, fresh
from faults.process import edgcn, hidden, start

SIGNALS = (
    signal.SIGKILL,
    signal.SIGTERM,
    signal.SIGKILL,
    signal.SIGINT,
    signal.SIGKILL,
    signal.SIGHUP,
)


def kill(count: int, *, base: Path, work: Path, seed: int) -> dict[str, Counter[str]]:
    """End each command so often that it is `count` times in all; what happened, by command."""
    random.seed(seed)
    found = {}
    for number, (name, command) in enumerate(COMMANDS.items()):
        share = count // len(COMMANDS) + (number < count % len(COMMANDS))
        found[name] = Counter[str]()
        fresh(base, work)
        os.chdir(work)
        ended = edgcn(*command.words)
        assert ended.status == 0, ended.errors
        expected = command.contents(command.made)
        for trial in range(share):
            fresh(base, work)
            os.chdir(work)
            old = command.contents(command.made) if command.made.exists() else None
            number = SIGNALS[trial % len(SIGNALS)]
            moment = random.uniform(0.0, 1.1 * ended.seconds)
            found[name] += one_kill(command, number, moment, old, expected)
    return found


def one_kill(
    command: Command, number: int, moment: float, old: object, expected: object
) -> Counter[str]:
    """One trial in the current folder; what it showed."""
    here = Path()
    stopped = start(*command.words).stop(number, moment)
    case = f"{command.words[0]} ended by signal {number} after {moment:.3f} s: {stopped.errors!r}"
    showed = Counter(["ended at its end" if stopped.status == 0 else "killed"])
    assert stopped.quiet, case
    if number == signal.SIGKILL:
        assert stopped.status in (0, -number), case
        showed["left unfinished work"] += bool(hidden(here))
    else:
        assert stopped.status in (0, 128 + number, -number), (case, stopped.status)
        if stopped.status != -number:  # before Python was there to answer
            assert hidden(here) == [], (case, hidden(here))
    # What is there is whole, or can go on.
    words = command.words
    if command.made.exists() and command.again:
        words = command.again
        showed["resumed"] += 1
    elif _whole(command):
        assert command.contents(command.made) in (old, expected), case
        words = (*words, "--overwrite") if "--overwrite" not in words else words
    again = edgcn(*words)
    assert again.status == 0, (case, again.errors)
    assert command.contents(command.made) == expected, case
    assert hidden(here) == [], (case, hidden(here))
    return showed


def _whole(command: Command) -> bool:
    """Whether there is something; of evaluations, more than the vectors that they share."""
    if command.made.is_dir():
        return any(
            path.name != "features" and not path.name.startswith(".")
            for path in command.made.iterdir()
        )
    return command.made.exists()
