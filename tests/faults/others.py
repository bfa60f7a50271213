"""Full disks, folders that may not be written, two writers of one thing, ranks that are lost."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faults.commands import CLIPS, COMMANDS, fresh
from faults.process import Ended, edgcn, hidden, nobody, small_files, start

REPORT = ("report", "run", "--out", "page")


def tree(folder: Path) -> dict[str, str]:
    """Every file below with a checksum."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def one_line(ended: Ended, case: str, *names: str) -> None:
    """A refusal in one line that names a path."""
    assert ended.status == 2, (case, ended)
    assert ended.errors.count("\n") == 1, (case, ended.errors)
    assert ended.errors.startswith("error: "), (case, ended.errors)
    assert any(name in ended.errors for name in names), (case, ended.errors)


def all_commands(base: Path, work: Path) -> dict[str, tuple[object, ...]]:
    """Those that are killed, and a report of an evaluation, which is made here."""
    fresh(base, work)
    os.chdir(work)
    assert edgcn("evaluate", "run", "store", "--protocol", "knn", "--no-figures").status == 0
    return {name: command.words for name, command in COMMANDS.items()} | {"report": REPORT}


def full_disk(base: Path, work: Path, quick: bool) -> int:
    """No file may grow above a size, from none to most of what is written."""
    commands, tried = all_commands(base, work), 0
    before = tree(work)
    for name, words in commands.items():
        for most in (1_000,) if quick else (0, 100, 2_000, 20_000):
            ended = edgcn(*words, before=small_files(most))
            case = f"{name}, files of at most {most} bytes"
            if ended.status == 0:
                break  # all its files are smaller
            tried += 1
            made = COMMANDS[name].made.name if name in COMMANDS else "page"
            one_line(ended, case, made, "run", "features")
            assert hidden(work) == [], (case, hidden(work))
            left = {path for path in tree(work) if path not in before and "features" not in path}
            if name == "pretrain" and left:  # a run that can go on
                assert edgcn("pretrain", "--resume", "learned").status == 0, case
                fresh(base, work)
                os.chdir(work)
                all_commands(base, work)
            else:
                assert {path: tree(work)[path] for path in before} == before, case
                assert left == set(), (case, left)
    return tried


def read_only(base: Path, work: Path, quick: bool) -> int:
    """A folder that may be read and not written."""
    commands = all_commands(base, work)
    folders = [work, *(path for path in work.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    before = tree(work)
    try:
        for name, words in commands.items():
            ended = edgcn(*words, before=nobody)
            made = COMMANDS[name].made.name if name in COMMANDS else "page"
            one_line(ended, name, made)
            assert tree(work) == before, name
    finally:
        for folder in folders:
            folder.chmod(0o755)
    return len(commands)


def two_writers(base: Path, work: Path, quick: bool) -> int:
    """The same twice at once: one makes it, the other says so or finds it made."""
    tried = 0
    for name in ("pretrain",) if quick else ("prepare", "fit", "evaluate", "pretrain"):
        command = COMMANDS[name]
        fresh(base, work)
        os.chdir(work)
        assert edgcn(*command.words).status == 0
        expected = command.contents(command.made)
        fresh(base, work)
        os.chdir(work)
        both = [start(*command.words) for _ in range(2)]
        ends = sorted((one.wait() for one in both), key=lambda ended: ended.status)
        assert ends[0].status == 0, (name, ends)
        one_line(ends[1], name, command.made.name)
        assert command.contents(command.made) == expected, name
        assert hidden(work) == [], (name, hidden(work))
        tried += 1
    for _ in range(1 if quick else 3):  # and of a run that is continued
        both = [start("pretrain", "--resume", "learned") for _ in range(2)]
        ends = sorted((one.wait() for one in both), key=lambda ended: ended.status)
        if ends[1].status:
            one_line(ends[1], "resume", "learned")
        tried += 1
        assert command.contents(command.made) == expected
        for name in ("state.safetensors", "metrics.jsonl"):
            (work / "learned" / name).unlink(missing_ok=True)
        again = edgcn("pretrain", "--resume", "learned")
        assert again.status == 0, again
    return tried


def comes_up(base: Path, work: Path, quick: bool) -> int:
    """What somebody puts where a command is going to write stays as it is."""
    fresh(base, work)
    os.chdir(work)
    running = start("prepare", "synthetic", "--out", "mine", *CLIPS)
    while not hidden(work):
        time.sleep(0.001)
    (work / "mine").mkdir()
    (work / "mine" / "thesis.txt").write_text("mine")
    one_line(running.wait(), "prepare", "mine-2")
    assert (work / "mine" / "thesis.txt").read_text() == "mine"
    assert edgcn("info", "mine-2").status == 0
    return 1


def ranks(base: Path, work: Path, quick: bool) -> int:
    """Two ranks, one of which is killed or both of which are stopped: one line, within 30 s."""
    cases = ("first killed", "second killed", "both interrupted", "first terminated")
    for case in cases:
        fresh(base, work)
        os.chdir(work)
        words = ("--config", "training.json", "--out", "two", "--devices", "2", "--epochs", "9999")
        process = subprocess.Popen(
            [sys.executable, "-m", "edgcn", "pretrain", "store", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            status, errors, seconds = _lose(process, work / "two" / "state.safetensors", case)
        finally:
            _end_group(process.pid)
        assert seconds < 30, (case, seconds)
        assert errors.count("\n") == 1, (case, errors)
        expected = {"first killed": -9, "both interrupted": 130, "first terminated": 143}
        assert status == expected.get(case, 1), (case, status)
    return len(cases)


def _lose(process: subprocess.Popen[str], state: Path, case: str) -> tuple[int, str, float]:
    while not state.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    started = time.monotonic()
    if case == "both interrupted":
        os.killpg(process.pid, signal.SIGINT)
    else:
        number = signal.SIGTERM if case == "first terminated" else signal.SIGKILL
        os.kill(int(child) if case == "second killed" else process.pid, number)
    _, errors = process.communicate(timeout=60)  # and of the other, which has the same stderr
    return process.returncode, errors, time.monotonic() - started


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


OTHERS: dict[str, Callable[[Path, Path, bool], int]] = {
    "full disk": full_disk,
    "read-only folder": read_only,
    "two writers": two_writers,
    "name taken": comes_up,
    "ranks": ranks,
}
