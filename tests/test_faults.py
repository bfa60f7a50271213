"""A few faults of each kind, as `make faults` tries them at length; and ranks that are lost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgcn.training import ranks

TESTS = Path(__file__).parent


def test_faults_lose_nothing() -> None:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "faults", "--kills", "1", "--quick"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 9


@pytest.mark.parametrize(
    ("others", "line", "status"),
    [
        (
            ("sleep 60", "kill -9 $$"),
            "error: rank 2 ended by signal 9, and the others with it; start it again",
            1,
        ),
        (
            ("exit 3", "sleep 60"),
            "error: rank 1 ended with status 3, and the others with it; start it again",
            1,
        ),
        ((f"exit {ranks.HAS_SPOKEN}", "sleep 60"), "", 1),
        (("exit 0", "exit 0"), "", 0),
    ],
)
def test_a_lost_rank_ends_the_others_with_one_line(
    others: tuple[str, str],
    line: str,
    status: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranks, "EVERY", 0.01)
    monkeypatch.setattr(ranks, "GRACE", 0.05)
    started = time.monotonic()
    if first := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) == status
    else:
        ranks._watch_children([subprocess.Popen(["sh", "-c", words]) for words in others])
        time.sleep(60 if status else 0.5)
        os._exit(0)
    said = capfd.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == (line != "")
    assert time.monotonic() - started < 30
