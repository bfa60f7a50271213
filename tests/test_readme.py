"""The first example of the README: exactly its commands, on made files, from poses to a score."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from edgcn import cli
from edgcn.annotations.eaf_write import write_eaf
from edgcn.annotations.events import Event, events
from layouts import gesture, keypoints
from readers.writers import write_openpose

README = Path(__file__).parents[1] / "README.md"
SECTION = "## From pose files to a score"
LABELS, FRAMES, PAUSE, FPS = ("touch neck", "fold arms", "scratch arm"), 10, 3, 25


def write_study(root: Path) -> None:
    """Four people who make each gesture twice, as OpenPose and ELAN write it."""
    rng = np.random.default_rng(0)
    for name in ("P01", "P02", "P03", "P04"):
        parts, rows, at = list[np.ndarray](), list[Event](), 0
        for number in (0, 1, 2, 0, 1, 2):
            seen = keypoints(gesture(rng, 5 * number, FRAMES), fingers=0)
            parts += [seen, np.repeat(seen[-1:], PAUSE, axis=0)]
            rows.append(Event(name, LABELS[number], at / FPS, (at + FRAMES) / FPS, subject=name))
            at += FRAMES + PAUSE
        write_openpose(root / "poses" / name, [[body] for body in np.concatenate(parts)])
        (root / "coded").mkdir(exist_ok=True)
        write_eaf(events(rows), root / "coded" / f"{name}.eaf")


def test_the_first_example_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = README.read_text().partition(SECTION)[2].partition("\n## ")[0]
    commands = re.findall(r"^    (edgcn .*)$", section, re.MULTILINE)
    assert len(commands) == 3
    write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = list[str]()
    for line in commands:
        assert cli.run(shlex.split(line)[1:]) == 0, capsys.readouterr().err
        said.append(capsys.readouterr().out)
    assert said[0].startswith("poses is taken for openpose, as ")
    assert "24 clips, 3 classes, 4 subjects, in 4 recordings" in said[0]
    assert "25 fps" in said[0]
    rows = [line.split("  ")[0] for line in said[2].splitlines() if "1 per class" in line]
    methods = re.findall(r"^([a-zA-Z].*?)  +1 per class", section, re.MULTILINE)
    assert rows == methods  # those that the README shows
