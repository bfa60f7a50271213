"""The command line: flags win over files, mistakes are one line and exit 2, help is complete."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import edgcn
from edgcn import cli
from edgcn.base.errors import EdgcnError
from edgcn.commands.config import (
    DemoConfig,
    EvaluateConfig,
    InfoConfig,
    PrepareConfig,
    PretrainConfig,
    ReportConfig,
    ReproduceConfig,
    WeightsConfig,
)
from edgcn.presets.recipes import RECIPES
from edgcn.readers import READERS
from helpers import tiny_file, tiny_store

# For each command: its config, a file, flags, and what both together must come to.
COMMANDS: dict[str, tuple[type[BaseModel], str, list[str], dict[str, object]]] = {
    "prepare": (
        PrepareConfig,
        "reader: ntu\npath: in\nout: a\noptions: {max_bodies: 1}\nstrict: true\n",
        ["--out", "b", "--no-strict"],
        {"reader": "ntu", "out": Path("b"), "options": {"max_bodies": "1"}, "strict": False},
    ),
    "pretrain": (
        PretrainConfig,
        "store: s\nlr: 0.5\nepochs: 7\nencoder_options: {widths: [8]}\n"
        "augmentations: [rotate]\naugmentation_options: {rotate: {degrees: 10}}\n",
        ["--lr", "0.25", "--moments", "--augmentations", "shear", "noise"],
        {
            "store": Path("s"),
            "lr": 0.25,
            "epochs": 7,
            "moments": True,
            "augmentations": ("shear", "noise"),
            "encoder_options": {"widths": [8]},
            "augmentation_options": {"rotate": {"degrees": 10}},
        },
    ),
    "weights": (
        WeightsConfig,
        "out: a\n",
        ["edgcn-s", "--out", "b"],
        {"name": "edgcn-s", "out": Path("b")},
    ),
    "evaluate": (
        EvaluateConfig,
        "protocol: knn\nk: 5\nsplit: subject\n",
        ["r", "s", "--k", "3"],
        {"run": Path("r"), "store": Path("s"), "protocol": "knn", "k": 3, "split": "subject"},
    ),
    "info": (
        InfoConfig,
        "store: a\nfigure: x.png\n",
        ["b"],
        {"store": Path("b"), "figure": Path("x.png")},
    ),
    "report": (
        ReportConfig,
        "out: page\noverwrite: true\n",
        ["a", "b"],
        {"runs": (Path("a"), Path("b")), "out": Path("page"), "overwrite": True},
    ),
    "reproduce": (
        ReproduceConfig,
        "table: table1\ndata: d\nseeds: [0, 1]\nstand_in: true\nroles: {smg: utd}\n",
        ["table2", "--rows", "smg-edgcn", "--encoder-width", "24"],
        {
            "table": "table2",
            "data": Path("d"),
            "seeds": (0, 1),
            "rows": ("smg-edgcn",),
            "roles": {"smg": "utd"},
            "encoder_width": 24,
        },
    ),
    "demo": (
        DemoConfig,
        "clips: 60\nepochs: 2\n",
        ["--clips", "90"],
        {"clips": 90, "epochs": 2, "subjects": 12},
    ),
}


def test_every_command_is_tested_and_listed():
    assert COMMANDS.keys() == cli.COMMANDS.keys()
    for command in COMMANDS:
        assert f"\n  {command} " in cli.USAGE


def test_the_usage_lists_every_reader():
    listed = cli.USAGE.partition("Readers: ")[2].partition(". More")[0]
    assert [name.strip() for name in listed.replace("\n", " ").split(",")] == sorted(READERS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("equals", [False, True])
def test_flags_win_over_the_file(tmp_path: Path, command: str, equals: bool):
    model, content, flags, expected = COMMANDS[command]
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    where = [f"--config={file}"] if equals else ["--config", str(file)]
    made = cli._parse(model, command, [*flags, *where])
    assert isinstance(made, model)
    assert {name: getattr(made, name) for name in expected} == expected
    # Whatever is in neither has its default: the field's, or its recipe's.
    defaults = {name: field.default for name, field in model.model_fields.items()}
    defaults |= RECIPES["best"] if model is PretrainConfig else {}
    for name, default in defaults.items():
        if name not in expected and f"{name}:" not in content:
            assert getattr(made, name) == default


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_gives_what_neither_file_nor_flags_give(tmp_path: Path, recipe: str):
    file = tmp_path / "settings.yaml"
    file.write_text("recipe: paper\nlr: 0.5\nframes: 7\n")
    flags = ["s", "--recipe", recipe, "--frames", "9", "--config", str(file)]
    made = cli._parse(PretrainConfig, "pretrain", flags)
    assert made == PretrainConfig(store=Path("s"), recipe=recipe, lr=0.5, frames=9)


def test_without_a_recipe_the_best_is_taken_and_the_papers_is_the_fields_own():
    best = cli._parse(PretrainConfig, "pretrain", ["s"])
    assert best == PretrainConfig(store=Path("s"), **RECIPES["best"])
    paper = PretrainConfig(store=Path("s"), recipe="paper")
    own = {name: field.default for name, field in PretrainConfig.model_fields.items()}
    assert dict(paper) == own | {"store": Path("s"), "recipe": "paper"}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_every_flag(command: str, capsys: pytest.CaptureFixture[str]):
    model = COMMANDS[command][0]
    with pytest.raises(SystemExit) as stop:
        cli.run([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for name in model.model_fields:
        if not name.endswith("_options"):
            assert name.replace("_", "-") in text or name.upper() in text.upper()


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the command line says to these arguments."""
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err + said.out
    return said.err.removeprefix("error: ").strip()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["pretrian", "s"], ["no command 'pretrian'", "did you mean 'pretrain'?"]),
        (
            ["pretrain", "s", "--epohcs", "3", "--quue-size=4"],
            ["--epohcs (did you mean --epochs?)", "--quue-size (did you mean --queue-size?)"],
        ),
        (["pretrain", "s", "--lr", "-1", "--epochs", "-3"], ["epochs: ", "got -3", "lr: ", "-1.0"]),
        (["pretrain", "s", "--lr", "fast"], ["--lr", "'fast'", "pretrain --help"]),
        (["pretrain", "s", "--precision", "half"], ["'half'", "'float32', 'bfloat16'"]),
        (["pretrain", "s", "--recipe", "bset"], ["recipe: ", "'best' or 'paper'", "'bset'"]),
        (["pretrain", "s", "t"], ["Unrecognized options: t"]),
        (["pretrain"], ["missing", "Store to learn from"]),
        (["pretrain", "s", "--config"], ["--config needs a value"]),
        (["pretrain", "--config", "nothere.yaml"], ["cannot read config nothere.yaml"]),
        (["prepare", "ntu", "x"], ["missing", "--out"]),
        (["prepare", "synthetic", "--out", "o", "--options", "seed"], ["--options"]),
        (["evaluate", "r", "s", "--protocol", "svm"], ["'svm'", "'linear', 'logistic', 'knn'"]),
        (["weights", "edgcn", "--out", "o"], ["no weights are named 'edgcn'", "edgcn-s"]),
        (["weights", "edgcn-s"], ["missing", "--out"]),
        (["report", "--out", "o"], ["expected runs"]),
        (["demo", "--subjects", "2"], ["subjects: ", "greater than or equal to 3, got 2"]),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(arguments, parts, capsys):
    message = error_of(arguments, capsys)
    for part in parts:
        assert part in message
    for noise in ("Parsing error", "Value error", "╭", "│", "pydantic.dev"):
        assert noise not in message


def test_misspelt_keys_of_a_file_are_all_named(tmp_path: Path, capsys):
    file = tmp_path / "run.yaml"
    file.write_text("stor: s\nepohcs: 3\nlr: fast\n")
    message = error_of(["pretrain", "--config", str(file)], capsys)
    assert message.startswith(f"{file}: ")
    for part in ("'stor' (did you mean 'store'?)", "'epohcs' (did you mean 'epochs'?)", "lr: "):
        assert part in message


@pytest.mark.parametrize("extra", [["extra"], ["--lr", "1"], ["--epochs=3"]])
def test_resume_takes_no_other_settings(extra: list[str], capsys):
    message = error_of(["pretrain", "--resume", "run", *extra], capsys)
    assert f"leave out {' '.join(extra)}" in message


def test_resume_of_no_run(tmp_path: Path, capsys):
    assert "is no-run a run?" in error_of(["pretrain", "--resume", "no-run"], capsys)


def test_debug_adds_the_traceback(tmp_path: Path, capsys):
    assert cli.run(["info", str(tmp_path / "nothere"), "--debug"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert "edgcn.base.errors.EdgcnError" in said
    assert said.splitlines()[-1].startswith("error: ")


def test_a_bug_is_not_hidden(monkeypatch):
    def bug(_: list[str]) -> str:
        raise ZeroDivisionError

    monkeypatch.setitem(cli.COMMANDS, "info", bug)
    with pytest.raises(ZeroDivisionError):
        cli.run(["info"])


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), "error: /a/b: Permission denied"),
        (OSError(28, "No space left on device"), "error: No space left on device"),
        (EdgcnError("two\n  lines"), "error: two lines"),
    ],
)
def test_what_the_machine_refuses_is_one_line(monkeypatch, capsys, error, line):
    def refused(_: list[str]) -> str:
        raise error

    monkeypatch.setitem(cli.COMMANDS, "info", refused)
    assert cli.run(["info"]) == 2
    assert capsys.readouterr().err == line + "\n"


def test_interrupting_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(_: list[str]) -> str:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "pretrain", interrupted)
    assert cli.run(["pretrain"]) == 130
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_usage(arguments: list[str], status: int, capsys):
    assert cli.run(arguments) == status
    assert capsys.readouterr().out == cli.USAGE


def test_version(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"edgcn {edgcn.__version__}\n"
    assert edgcn.__version__ != "unknown"


def test_a_command_ends_by_saying_what_to_do_next(tmp_path: Path, capsys):
    store = tiny_store(tmp_path)
    assert cli.run(["info", str(store.path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    sheet = store.path / "contact_sheet.png"
    assert last == f"drew {sheet}   next: edgcn pretrain {store.path}"
    assert sheet.read_bytes()[:4] == b"\x89PNG"


def test_python_calls_and_commands_make_the_same_store(tmp_path: Path, capsys):
    file = tiny_file(tmp_path / "clips.npz")
    path = edgcn.prepare("clips_npz", file, out=tmp_path / "a", options={"dims": 3}, strict=True)
    arguments = ["clips_npz", str(file), "--out", f"{tmp_path / 'b'}", "--options", "dims", "3"]
    assert cli.run(["prepare", *arguments, "--strict"]) == 0
    other = edgcn.open_store(tmp_path / "b")
    assert edgcn.open_store(path).fingerprint == other.fingerprint


def test_python_m_edgcn_is_the_same_program(tmp_path: Path):
    """As the shell sees it: exit status, and nothing but the one line on stderr."""
    command = [sys.executable, "-m", "edgcn", "info", str(tmp_path / "nothere")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_prepare_reports_what_it_wrote(tmp_path: Path, capsys):
    file, out = tiny_file(tmp_path / "clips.npz"), tmp_path / "s"
    assert cli.run(["prepare", "clips_npz", str(file), "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{out}: 24 clips, 3 classes, 4 subjects; ")
    assert said[-1].startswith(f"wrote {out}   next: edgcn info {out}")
