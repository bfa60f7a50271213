"""The command line: flags win over files, mistakes are one line and exit 2, help is complete."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest

import edgcn
from edgcn import cli
from edgcn.base import stops
from edgcn.base.errors import EdgcnError
from edgcn.commands.agree import AgreeConfig
from edgcn.commands.check_plugin import CheckPluginConfig
from edgcn.commands.convert import ConvertConfig
from edgcn.commands.errors import ErrorsConfig
from edgcn.commands.evaluate import EvaluateConfig
from edgcn.commands.events import EventsConfig
from edgcn.commands.export import ExportConfig
from edgcn.commands.fit import FitConfig
from edgcn.commands.info import InfoConfig
from edgcn.commands.prepare import PrepareConfig, readers
from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.recognize import RecognizeConfig
from edgcn.commands.report import ReportConfig
from edgcn.commands.settings import Config, make_config
from edgcn.commands.stream import StreamConfig
from edgcn.commands.studio import StudioConfig
from edgcn.commands.weights import WeightsConfig
from edgcn.experiments.demo import DemoConfig
from edgcn.experiments.reproduce import ReproduceConfig
from edgcn.experiments.sweep import SweepConfig
from edgcn.presets.recipes import RECIPES
from helpers import tiny_file, tiny_store

# For each command: its config, a file, flags, and what both together must come to.
COMMANDS: dict[str, tuple[type[Config], str, list[str], dict[str, object]]] = {
    "prepare": (
        PrepareConfig,
        "reader: ntu\npath: in\nout: a\noptions: {max_bodies: 1}\nstrict: true\n",
        ["--out", "b", "--no-strict"],
        {"reader": "ntu", "out": Path("b"), "options": {"max_bodies": "1"}, "strict": False},
    ),
    "pretrain": (
        PretrainConfig,
        "store: s\nlr: 0.5\nepochs: 7\nencoder_settings: {widths: [8]}\nobjective: moco\n"
        "augmentations: [rotate]\naugmentation_settings: {rotate: {degrees: 10}}\nqueue_size: 9\n",
        ["--lr", "0.25", "--moments", "--augmentations", "shear", "noise", "--queue-size", "8"],
        {
            "store": Path("s"),
            "recipe": "paper",
            "lr": 0.25,
            "epochs": 7,
            "steps": None,
            "moments": True,
            "augmentations": ("shear", "noise"),
            "encoder_settings": {"widths": [8]},
            "augmentation_settings": {"rotate": {"degrees": 10}},
            "objective": "moco",
            "objective_settings": {
                "queue_size": 8,
                "temperature": 0.06,
                "momentum": 0.999,
                "projector": False,
            },
        },
    ),
    "fit": (
        FitConfig,
        "out: a.edgcn\nskeleton: position\n",
        ["edgcn-s", "s", "--out", "b.edgcn"],
        {"model": "edgcn-s", "out": Path("b.edgcn"), "skeleton": "position"},
    ),
    "stream": (
        StreamConfig,
        "speed: 2\nserve: true\n",
        ["m.edgcn", "--source", "udp:9000", "--speed", "full", "--look-ahead", "3"],
        {
            "model": "m.edgcn",
            "source": "udp:9000",
            "speed": "full",
            "look_ahead": 3.0,
            "serve": True,
        },
    ),
    "recognize": (
        RecognizeConfig,
        "out: a\nformats: [eaf]\n",
        ["m.edgcn", "s", "t", "--out", "b", "--least", "0.5"],
        {
            "model": "m.edgcn",
            "files": (Path("s"), Path("t")),
            "out": Path("b"),
            "least": 0.5,
            "formats": ("eaf",),
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
        {
            "model": "r",
            "store": Path("s"),
            "protocol": "knn",
            "protocol_settings": {"k": 3, "whiten": 0},
            "split": "subject",
        },
    ),
    "convert": (
        ConvertConfig,
        "format: eaf\noverwrite: true\n",
        ["a.csv", "out", "--format", "vtt"],
        {"source": Path("a.csv"), "out": Path("out"), "format": "vtt", "overwrite": True},
    ),
    "agree": (
        AgreeConfig,
        "overlap: 0.5\nout: tables\n",
        ["a", "b.csv", "--overlap", "0.75"],
        {"a": Path("a"), "b": Path("b.csv"), "overlap": 0.75, "out": Path("tables")},
    ),
    "events": (
        EventsConfig,
        "by: subject\nstore: s\n",
        ["a.csv", "--by", "condition"],
        {"source": Path("a.csv"), "by": "condition", "store": Path("s")},
    ),
    "export": (
        ExportConfig,
        "model: m\nout: a.onnx\ntopology: kinect_v2\n",
        ["--out", "b.onnx", "--overwrite"],
        {"model": "m", "out": Path("b.onnx"), "topology": "kinect_v2", "overwrite": True},
    ),
    "errors": (
        ErrorsConfig,
        "out: page\niou: 0.3\n",
        ["a.csv", "--truth", "coded", "--overwrite"],
        {"results": Path("a.csv"), "truth": Path("coded"), "iou": 0.3, "overwrite": True},
    ),
    "studio": (
        StudioConfig,
        "port: 8000\ncoder: AB\nopen: false\n",
        ["s", "--annotations", "a.eaf", "b.csv", "--port", "auto"],
        {
            "path": Path("s"),
            "annotations": (Path("a.eaf"), Path("b.csv")),
            "coder": "AB",
            "port": "auto",
            "open": False,
        },
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
    "sweep": (
        SweepConfig,
        "out: a\ndry_run: true\n",
        ["sweep.yaml", "--out", "b"],
        {"sweep": Path("sweep.yaml"), "out": Path("b"), "dry_run": True},
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
    "check-plugin": (
        CheckPluginConfig,
        "path: a\n",
        ["mine.py", "--path", "b"],
        {"file": Path("mine.py"), "path": Path("b")},
    ),
}


def test_every_command_is_tested_and_listed() -> None:
    assert COMMANDS.keys() == cli.COMMANDS.keys()
    for command in COMMANDS:
        assert f"\n  {command} " in cli.USAGE


def test_the_usage_lists_every_reader() -> None:
    listed = cli.USAGE.partition("Readers: ")[2].partition(". More")[0]
    assert [name.strip() for name in listed.replace("\n", " ").split(",")] == sorted(readers())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("equals", [False, True])
def test_flags_win_over_the_file(tmp_path: Path, command: str, equals: bool) -> None:
    model, content, flags, expected = COMMANDS[command]
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    where = [f"--config={file}"] if equals else ["--config", str(file)]
    made = cli.parse(command, [*flags, *where])
    assert isinstance(made, model)
    assert {name: getattr(made, name) for name in expected} == expected
    # Whatever is in neither has its default: the field's, or its recipe's.
    defaults = {name: field.default for name, field in model.model_fields.items()}
    defaults |= RECIPES["paper"] if model is PretrainConfig else {}
    for name, default in defaults.items():
        if name not in expected and f"{name}:" not in content and name not in ("store", "out"):
            assert getattr(made, name) == default


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_gives_what_neither_file_nor_flags_give(tmp_path: Path, recipe: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("recipe: paper\nlr: 0.5\nframes: 7\n")
    made = cli.parse("pretrain", ["s", "--recipe", recipe, "--frames", "9", "--config", str(file)])
    values = {"store": "s", "recipe": recipe, "lr": 0.5, "frames": 9}
    assert made == make_config(PretrainConfig, values, where="test")
    assert (made.lr, made.frames) == (0.5, 9)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_every_flag(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = COMMANDS[command][0]
    assert cli.run([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: edgcn {command} ")
    assert text.count("\n\n\n") == 0
    for name in model.model_fields:
        if not name.endswith("_settings"):
            assert f"--{name.rstrip('_').replace('_', '-')}" in text or name.upper() in text


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["pretrain"], "--reconstruct"),
        (["pretrain", "--objective", "moco"], "--queue-size"),
        (["pretrain", "--objective=predict-cluster"], "--decoder"),
        (["pretrain", "--recipe", "paper"], "--temperature"),
        (["evaluate"], "--epochs"),
        (["evaluate", "--protocol", "knn"], "--k"),
        (["evaluate", "--protocol", "knn"], "--whiten"),
        (["evaluate", "--protocol", "logistic"], "--whiten"),
        (["evaluate", "--protocol", "few-shot"], "--shots"),
        (["evaluate", "--protocol", "all"], "--fractions"),
    ],
)
def test_help_is_about_the_parts_that_are_chosen(
    arguments: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--reconstruct", "--queue-size", "--decoder", "--epochs", "--k ", "--shots")
    assert cli.run([*arguments, "--help"]) == 0
    text = capsys.readouterr().out
    settings = text.partition("\nsettings of ")[2]
    assert f"  {flag} " in settings
    others = [other for other in flags if f"  {other} " in settings]
    assert others == [] or flag in others or "all" in arguments or "paper" in arguments


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
        (
            ["pretrain", "s", "--lr", "-1", "--epochs", "-3"],
            ["--epochs: ", "got '-3'", "--lr: ", "'-1'"],
        ),
        (["pretrain", "s", "--lr", "fast"], ["--lr: ", "'fast'"]),
        (["pretrain", "s", "--precision", "half"], ["--precision: ", "'half'", "'bfloat16'"]),
        (
            ["pretrain", "s", "--recipe", "bset"],
            ["--recipe: ", "'best', 'continued', 'weights' or 'paper'", "'bset'"],
        ),
        (
            ["pretrain", "s", "--queue-size", "64"],
            ["--queue-size belongs to moco; this run trains barlow (say --objective moco)"],
        ),
        (
            ["pretrain", "s", "--recipe", "best", "--objective", "moco"],
            ["--recipe best is made for barlow, not for moco", "say --recipe paper"],
        ),
        (["pretrain", "s", "--steps", "5", "--epochs", "3"], ["give one of the two"]),
        (["pretrain", "s", "--epochs", "0"], ["--epochs: ", "greater than 0"]),
        (["pretrain", "s", "--batch-size", "0"], ["--batch-size: ", "greater than 0 or 'auto'"]),
        (
            ["evaluate", "r", "s", "--protocol", "knn", "--lr", "3"],
            ["--lr belongs to linear", "this evaluation is by knn (say --protocol linear)"],
        ),
        (["pretrain", "s", "t"], ["takes STORE; leave out t"]),
        (["pretrain"], ["STORE is missing"]),
        (["pretrain", "s", "--config"], ["--config needs a value"]),
        (["pretrain", "--config", "nothere.yaml"], ["cannot read config nothere.yaml"]),
        (["pretrain", "s", "--plugin"], ["--plugin needs a value"]),
        (["pretrain", "s", "--plugin", "nothere.py"], ["nothere.py: cannot read this plugin"]),
        (["prepare", "ntu", "x"], ["--out is missing"]),
        (["prepare", "synthetic", "--out", "o", "--options", "seed"], ["--options takes pairs"]),
        (["evaluate", "r", "s", "--protocol", "svm"], ["'svm'", "linear, logistic, knn"]),
        (["weights", "edgcn-l", "--out", "o"], ["no weights are named 'edgcn-l'", "edgcn-s"]),
        (["weights", "edgcn-s"], ["--out is missing"]),
        (["report", "--out", "o"], ["RUNS is missing"]),
        (["demo", "--subjects", "2"], ["--subjects: ", "greater than or equal to 3, got '2'"]),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    arguments: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = error_of(arguments, capsys)
    for part in parts:
        assert part in message
    for noise in ("Parsing error", "Value error", "╭", "│", "pydantic.dev"):
        assert noise not in message


def test_misspelt_keys_of_a_file_are_all_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("stor: s\nepohcs: 3\nlr: fast\nqueue_size: 3\n")
    message = error_of(["pretrain", "--config", str(file)], capsys)
    assert message.startswith(f"{file}: ")
    for part in (
        "'stor' (did you mean 'store'?)",
        "'epohcs' (did you mean 'epochs'?)",
        "lr: ",
        "--queue-size belongs to moco",
    ):
        assert part in message


@pytest.mark.parametrize("extra", [["--recipe", "best"], ["--lr", "1"], ["--epochs=3"]])
def test_resume_takes_no_other_settings(
    extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = error_of(["pretrain", "--resume", "run", *extra], capsys)
    assert f"leave out {' '.join(extra)}" in message


def test_resume_of_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no-run" in error_of(["pretrain", "--resume", "no-run"], capsys)


def raising(error: BaseException) -> Callable[[list[str]], NoReturn]:
    """A command line whose command raises."""

    def answer(_: list[str]) -> NoReturn:
        raise error

    return answer


def test_debug_adds_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", str(tmp_path / "nothere"), "--debug"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert "edgcn.base.errors.EdgcnError" in said
    assert said.splitlines()[-1].startswith("error: ")


def test_a_fault_is_one_line_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cli, "answer", raising(ZeroDivisionError("by\nnothing")))
    assert cli.run(["info", "s"]) == 1
    said = capsys.readouterr().err
    (report,) = tmp_path.glob("edgcn-*.txt")
    assert said == (
        f"error: ZeroDivisionError: by nothing; this is a fault of edgcn: the report is in "
        f"{report} (--debug shows it here)\n"
    )
    text = report.read_text()
    assert text.startswith(f"edgcn {edgcn.__version__}, Python 3")
    assert "\nedgcn info s\n" in text
    assert "ZeroDivisionError: by\nnothing" in text
    assert cli.run(["info", "s", "--debug"]) == 1
    assert capsys.readouterr().err.startswith("Traceback")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), "error: /a/b: Permission denied"),
        (OSError(28, "No space left on device"), "error: No space left on device"),
        (EdgcnError("two\n  lines"), "error: two lines"),
        (MemoryError(), "error: there is not enough memory; try a smaller --batch-size, or fewer "
                        "frames or clips"),
    ],
)  # fmt: skip
def test_what_the_machine_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    line: str,
) -> None:
    monkeypatch.setattr(cli, "answer", raising(error))
    assert cli.run(["info"]) == 2
    assert capsys.readouterr().err == line + "\n"


@pytest.mark.parametrize(("command", "hint"), [("pretrain", "--resume"), ("sweep", "same command")])
def test_interrupting_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, hint: str
) -> None:
    monkeypatch.setattr(cli, "answer", raising(KeyboardInterrupt()))
    assert cli.run([command]) == 130
    said = capsys.readouterr().err
    assert said.startswith("stopped; ")
    assert hint in said
    assert said.count("\n") == 1


def test_an_interrupt_that_became_another_error_is_one_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Modules written in C turn an interrupted import into an ImportError."""

    def answer(_: list[str]) -> NoReturn:
        try:
            stops.stop(signal.SIGINT, None)
        except KeyboardInterrupt:
            raise ImportError("numpy") from None
        raise AssertionError

    monkeypatch.setattr(stops, "signals", [])
    monkeypatch.setattr(stops, "_came", -stops.REPEATED)
    monkeypatch.setattr(cli, "answer", answer)
    assert cli.run(["info"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize("rank", ["RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"])
def test_only_the_first_rank_speaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rank: str
) -> None:
    monkeypatch.setenv(rank, "1")
    assert cli.run(["pretrian"]) == 2
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("word", "status"), [("--help", 141), ("pretrian", 2)])
def test_a_dead_pipe_ends_quietly(word: str, status: int) -> None:
    """`edgcn ... | head`: whoever reads has gone."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "edgcn", word]
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    said = process.communicate()[1]
    assert said == "" if status == 141 else said.startswith("error: there is no command")
    assert process.returncode == status


# A callback whose errors C code can only print, as where matplotlib draws and numpy computes.
CALLBACK = """
class Gone:
    def __del__(self): time.sleep(60)
Gone()
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("work", "number"),
    [
        ("time.sleep(60)", signal.SIGINT),
        ("exec('time.sleep(60)')", signal.SIGINT),
        ("time.sleep(60)", signal.SIGTERM),
        ("time.sleep(60)", signal.SIGHUP),
        (CALLBACK, signal.SIGINT),
    ],
)
def test_being_stopped_is_one_line_wherever_it_happens(
    tmp_path: Path, work: str, number: signal.Signals
) -> None:
    """While importing, too; Ctrl-C pressed twice, or passed on by `make`, is one request."""
    (tmp_path / "slow.py").write_text(f"import time; print('here', flush=True)\n{work}")
    code = "from edgcn import cli; cli.COMMANDS['info'] = ('slow', ''); cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "info"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    for _ in "ab":
        process.send_signal(number)
    assert process.communicate()[1] == "stopped\n"
    assert process.returncode == 128 + number


def test_a_signal_while_the_first_is_put_off_is_the_same_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pressed again just as a callback's hook runs, where another error would be printed."""
    monkeypatch.setattr(stops, "signals", [signal.SIGINT])
    monkeypatch.setattr(stops, "_came", -stops.REPEATED)
    monkeypatch.setattr(threading.Timer, "start", lambda _: stops.stop(signal.SIGINT, None))
    unraisable = SimpleNamespace(exc_type=KeyboardInterrupt)
    stops.stop_again(cast("sys.UnraisableHookArgs", unraisable))
    assert stops.signals == [signal.SIGINT] * 2


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """`nohup edgcn ...` outlives its terminal."""
    (tmp_path / "slow.py").write_text("import os; os.kill(os.getpid(), 1); print('on')")
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "from edgcn import cli; cli.COMMANDS['info'] = ('slow', ''); cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "info"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert done.stdout == b"on\n"


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == status
    assert capsys.readouterr().out == cli.USAGE


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"edgcn {edgcn.__version__}\n"
    assert edgcn.__version__ != "unknown"


def test_a_command_ends_by_saying_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tiny_store(tmp_path)
    assert cli.run(["info", str(store.path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    sheet = store.path / "contact_sheet.png"
    assert last == f"drew {sheet}   next: edgcn pretrain {store.path}"
    assert sheet.read_bytes()[:4] == b"\x89PNG"


def test_python_calls_and_commands_make_the_same_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tiny_file(tmp_path / "clips.npz")
    path = edgcn.prepare("clips_npz", file, out=tmp_path / "a", options={"dims": 3}, strict=True)
    arguments = ["clips_npz", str(file), "--out", f"{tmp_path / 'b'}", "--options", "dims", "3"]
    assert cli.run(["prepare", *arguments, "--strict"]) == 0
    other = edgcn.open_store(tmp_path / "b")
    assert edgcn.open_store(path).fingerprint == other.fingerprint


def test_python_m_edgcn_is_the_same_program(tmp_path: Path) -> None:
    """As the shell sees it: exit status, and nothing but the one line on stderr."""
    command = [sys.executable, "-m", "edgcn", "info", str(tmp_path / "nothere")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_prepare_reports_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tiny_file(tmp_path / "clips.npz"), tmp_path / "s"
    assert cli.run(["prepare", "clips_npz", str(file), "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{out}: 24 clips, 3 classes, 4 subjects; ")
    assert said[-1].startswith(f"wrote {out}   next: edgcn info {out}")
