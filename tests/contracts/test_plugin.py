"""What plugins may rely on: the page about them works, and `check-plugin` finds what is missing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgcn import cli
from edgcn.base.plugins import REGISTRIES
from edgcn.commands.check_plugin import check_part
from edgcn.inference import load
from edgcn.models import ENCODERS
from edgcn.objectives import OBJECTIVES
from edgcn.readers import READERS
from plugin_files import EXAMPLES, nothing_registered

PAGE = (EXAMPLES.parent / "docs" / "extend.md").read_text()
FILES = {"ENCODER": "frame_encoder.py", "LOSS": "vicreg_loss.py", "READER": "csv_reader.py"}
PLUGINS = ("--plugin", "frame_encoder.py", "--plugin", "vicreg_loss.py")
QUICK = (
    *("--encoder", "frames", "--objective", "vicreg", "--agreement", "10", "--steps", "3"),
    *("--encoder-settings.hidden", "16", "--batch-size", "8", "--frames", "8"),
    *("--knn-every", "0", "--precision", "float32", "--accelerator", "cpu", "--threads", "1"),
)


@pytest.fixture(autouse=True)
def _nothing_registered() -> Iterator[None]:
    with nothing_registered():
        yield


@pytest.mark.parametrize("name", FILES.values())
def test_an_example_is_short_and_on_the_page(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert f"```python\n{text}```" in PAGE
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 25


@pytest.mark.parametrize("name", FILES.values())
def test_an_example_keeps_its_contract(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check-plugin", str(EXAMPLES / name)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(": ok")
    assert said[1].startswith(f"checked {EXAMPLES / name}   next: edgcn pre")


@pytest.mark.parametrize("kind", REGISTRIES)
def test_the_parts_of_edgcn_keep_it_too(kind: str) -> None:
    names = {"encoder": ENCODERS, "objective": OBJECTIVES, "reader": READERS}[kind]
    small = [name for name in names if name not in ("msg3d", "pc-gru")]  # large: 10 s each
    lacking = {name: check_part(kind, name) for name in small if name not in MADE}
    assert {name: problems for name, problems in lacking.items() if problems} == {}


MADE = ("synthetic", "procedural")  # readers that need no file

BROKEN = '''
import torch
import edgcn

class Mixing(torch.nn.Module):
    def __init__(self, topology, width: int = 4, *, in_channels=3, bodies=1, hidden: int = 8):
        super().__init__()
        self.embed_dim = 4
        self.first = torch.nn.Linear(in_channels, 4)
        self.idle = torch.nn.Linear(in_channels, 4)

    def forward(self, clips):
        x = self.first(clips.mean(dim=(2, 3, 4)))
        return x - x.mean(dim=0)

class Short(torch.nn.Module):
    def __init__(self, topology, *, in_channels=3, bodies=1):
        super().__init__()
        self.embed_dim, self.weight = 5, torch.nn.Parameter(torch.ones(1))

    def forward(self, clips):
        return clips.mean(dim=(2, 3, 4)) * self.weight

class Deaf(torch.nn.Module):
    """No gradient.

    Args:
        lr: A name that is taken.
    """
    def __init__(self, encoder, *, lr: float = 1.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def loss(self, views):
        return self.weight.square().sum()

class Endless(Deaf):
    """Infinite."""
    def __init__(self, encoder):
        super().__init__(encoder)

    def loss(self, views):
        return self.weight.sum() / 0

def sums(path):
    return sum(path)

edgcn.register_encoder("mixing", Mixing)
edgcn.register_encoder("short", Short)
edgcn.register_objective("deaf", Deaf)
edgcn.register_objective("endless", Endless)
edgcn.register_reader("sums", sums)
'''


def test_what_a_part_lacks_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.py"
    file.write_text(BROKEN)
    assert cli.run(["check-plugin", str(file)]) == 2
    said = capsys.readouterr()
    assert said.err == "error: 5 of 5 parts lack what is listed above\n"
    for part in (
        "encoder mixing:\n  width stands before the `*`",
        "setting hidden has no help",
        "no gradient reaches idle.weight, idle.bias",
        "in evaluation a clip's vector depends on the other clips",
        "encoder short:\n  with in_channels=3 and bodies=1: expected vectors (6, 5) of embed_dim",
        "objective deaf:\n  setting lr has the name of a setting of `edgcn pretrain`",
        "no gradient reaches the encoder",
        "objective endless:\n  expected a loss of one finite number, got inf in step 1",
        "reader sums:\n  TypeError: ",
        "(broken.py:",
    ):
        assert part in said.out


def test_a_file_that_registers_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.py").write_text("")
    assert cli.run(["check-plugin", str(tmp_path / "empty.py")]) == 2
    assert "registers nothing; it calls edgcn.register_encoder" in capsys.readouterr().err


def test_a_reader_is_checked_on_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recordings(tmp_path / "data", rows=75)
    flags = ["--path", str(tmp_path / "data")]
    assert cli.run(["check-plugin", str(EXAMPLES / "csv_reader.py"), *flags]) == 0
    write_recordings(tmp_path / "data", rows=74)
    assert cli.run(["check-plugin", str(EXAMPLES / "csv_reader.py"), *flags]) == 2
    assert "expected 75 numbers per row, got 74" in capsys.readouterr().out


def write_recordings(folder: Path, *, rows: int) -> None:
    """Four people making three gestures three times, as the example's reader has them."""
    rng = np.random.default_rng(0)
    rest, directions = rng.normal(size=rows), rng.normal(size=(3, rows))
    time = np.linspace(0, 1, 12)[:, None]
    for label, direction in enumerate(directions):
        (folder / f"gesture{label}").mkdir(parents=True, exist_ok=True)
        for number in range(12):
            frames = rest + time * direction + 0.05 * rng.normal(size=(12, rows))
            name = f"s{number % 4}_{number // 4}.csv"
            np.savetxt(folder / f"gesture{label}" / name, frames, delimiter=",")


def fresh(folder: Path, *words: str) -> str:
    """What a command of its own process says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "edgcn", *words],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example's files, a store that one read, and a run that two trained."""
    folder = tmp_path_factory.mktemp("plugins")
    for name in FILES.values():
        (folder / name).write_text((EXAMPLES / name).read_text())
    write_recordings(folder / "data", rows=75)
    fresh(folder, "prepare", "csv-folder", "data", "--out", "store", "--plugin", "csv_reader.py")
    fresh(folder, "pretrain", "store", "--out", "run", "--split", "all", *PLUGINS, *QUICK)
    return folder


Edgcn = Callable[..., str]


@pytest.fixture
def edgcn(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Edgcn:
    """Run a command in that folder, without any plugin at first; what it says, or its error."""
    monkeypatch.chdir(trained)

    def run(*words: str, status: int = 0) -> str:
        with nothing_registered():
            assert cli.run(words) == status
        said = capsys.readouterr()
        return said.err if status else said.out

    return run


def test_a_run_remembers_its_plugins(trained: Path) -> None:
    kept = json.loads((trained / "run" / "run.json").read_text())
    assert [plugin["name"] for plugin in kept["plugins"]] == ["frame_encoder.py", "vicreg_loss.py"]
    assert kept["config"]["objective_settings"] == {"agreement": 10.0}
    assert kept["config"]["encoder_settings"] == {"hidden": 16}


def test_later_processes_need_no_flag(trained: Path) -> None:
    table = fresh(trained, "evaluate", "run", "store", "--protocol", "knn", "--no-figures")
    assert "frames, vicreg" in table
    assert "test people were in the pre-training" in table


def test_later_commands_need_no_flag(trained: Path, edgcn: Edgcn) -> None:
    said = edgcn("fit", "run", "store", "--out", "own.edgcn")
    assert "wrote own.edgcn" in said
    assert "test people were in the pre-training" in said
    table = edgcn("evaluate", "own.edgcn", "store", "--protocol", "logistic", "--no-figures")
    assert "frames, vicreg" in table
    edgcn("evaluate", "run", "store", "--protocol", "retrieval", "--no-figures")
    assert "frames, vicreg" in edgcn("report", "run", "--out", "report")
    assert "nothing is left to do" in edgcn("pretrain", "--resume", "run")
    with nothing_registered():
        model = load(trained / "own.edgcn")
        assert len(model.predict([np.zeros((9, 25, 3), np.float32)])) == 1


def test_its_flags_are_in_the_help(edgcn: Edgcn) -> None:
    text = edgcn("pretrain", "--help", *PLUGINS, *QUICK[:4])
    assert "--agreement FLOAT" in text
    assert "Weight of the distance between the views. (default: 25.0)" in text
    assert "--encoder-settings.hidden INT" in text
    message = edgcn("pretrain", "store", *PLUGINS, "--agreement", "3", status=2)
    assert "--agreement belongs to vicreg; this run trains barlow" in message
    message = edgcn("pretrain", "store", "--objective", "vicreg", status=2)
    assert "no objective is named 'vicreg'" in message
    assert "--plugin FILE.py" in message


def test_a_plugin_that_has_changed_is_named(trained: Path, edgcn: Edgcn) -> None:
    file = trained / "vicreg_loss.py"
    before = file.read_text()
    file.write_text(before + "\n# changed\n")
    flags = ("evaluate", "run", "store", "--protocol", "clustering", "--no-figures")
    message = edgcn(*flags, status=2)
    assert f"{file}, which has changed since; pass --plugin {file}" in message
    assert message.count("\n") == 1
    edgcn(*flags, "--plugin", str(file))
    file.write_text(before)
