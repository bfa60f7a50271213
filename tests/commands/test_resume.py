"""`edgcn pretrain` stopped by kill -9 or Ctrl-C and continued, and on two ranks: the same run."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.cli import run as command
from edgcn.commands.pretrain import resume
from edgcn.inference.recognizer import load
from edgcn.runs import Run
from helpers import tiny_store
from tiny_runs import (
    SECONDS,
    assert_same_run,
    finish,
    losses,
    start,
    tiny_run,
    write_config,
)

EPOCHS = 4
LARGE: dict[str, Any] = {
    "epochs": EPOCHS,
    "encoder_settings": {"widths": [16, 16], "strides": [1, 1]},
}
RANKS: dict[str, Any] = {"epochs": 3, "queue_size": 100, "schedule": "constant"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 clips, of which 80 train: two whole batches of 32, and 16 left out."""
    return Path(tiny_store(tmp_path_factory.mktemp("data"), clips=100, classes=4, subjects=5))


@pytest.fixture(scope="module")
def whole(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody stopped."""
    return tiny_run(store, tmp_path_factory.mktemp("whole") / "run", **LARGE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 clips, of which 30 train."""
    return Path(tiny_store(tmp_path_factory.mktemp("data"), clips=40))


@pytest.fixture(scope="module")
def two_ranks(store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("ranks")
    config = write_config(folder, **RANKS)
    flags = ("--devices", 2, "--batch-size", 16, "--out", folder / "two", "--config", config)
    printed, _ = finish(start("pretrain", store, *flags))
    return folder / "two", printed


def epoch_of(run: Path) -> int:
    """The last epoch whose state is on disk."""
    path = run / "state.safetensors"
    return int(load_tensors(path)[1]["epoch"]) if path.exists() else 0


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_an_epoch_and_resumed(
    stop: signal.Signals,
    store: Path,
    whole: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "killed"
    process = start("pretrain", store, "--out", run, "--config", write_config(tmp_path, **LARGE))
    try:
        for _ in range(24_000):
            if epoch_of(run) >= 2 or process.poll() is not None:
                break
            time.sleep(0.005)
        time.sleep(0.5 * Run(run).metrics()[-1]["seconds"])
    finally:
        process.send_signal(stop)
        output = process.communicate()
    interrupted = stop == signal.SIGINT
    assert process.returncode == (130 if interrupted else -stop), output
    assert output[1].count("\n") == interrupted, output
    stopped = epoch_of(run)
    assert 2 <= stopped < EPOCHS
    assert command(["pretrain", "--resume", str(run)]) == 0
    assert f"continuing after epoch {stopped} of {EPOCHS}" in capsys.readouterr().out
    assert_same_run(run, whole)


def test_metrics_of_an_epoch_without_a_state_are_not_kept_twice(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, run = tmp_path / "whole", tmp_path / "stopped"
    tiny_run(small, whole)

    def full_disk(*_: object, **__: object) -> None:
        raise EdgcnError("cannot write")

    with monkeypatch.context() as patch:
        patch.setattr("edgcn.training.trainer.save_state", full_disk)
        with pytest.raises(EdgcnError, match="cannot write"):
            tiny_run(small, run)
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "lo')  # a line that a crash has cut
    assert command(["pretrain", "--resume", str(run)]) == 0
    assert_same_run(run, whole)


def test_same_seed_same_run_and_another_seed_another(small: Path, tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for out, seed in ((first, 1), (second, 1), (other, 2)):
        tiny_run(small, out, seed=seed, epochs=2)
    assert_same_run(first, second)
    assert losses(first) != losses(other)


def test_a_changed_store_is_refused(tmp_path: Path) -> None:
    store = Path(tiny_store(tmp_path, clips=40))
    run = tmp_path / "run"
    tiny_run(store, run, epochs=2)
    shutil.rmtree(store)
    tiny_store(tmp_path, clips=40, seed=1)
    before = (run / "metrics.jsonl").read_bytes()
    with pytest.raises(EdgcnError, match="contents have changed; start a new run"):
        resume(run)
    assert (run / "metrics.jsonl").read_bytes() == before


def test_a_finished_run_stays_as_it_is(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    tiny_run(small, run)
    before = {path.name: path.read_bytes() for path in run.glob("*.*")}
    assert command(["pretrain", "--resume", str(run)]) == 0
    assert {path.name: path.read_bytes() for path in run.glob("*.*")} == before
    assert "all 3 epochs are done" in capsys.readouterr().out


def test_resume_takes_no_other_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["pretrain", "--resume", "somewhere", "--epochs", "9"]) == 2
    assert "leave out --epochs 9" in capsys.readouterr().err


def test_two_ranks_train_as_one(store: Path, two_ranks: tuple[Path, str], tmp_path: Path) -> None:
    tiny_run(store, tmp_path / "one", batch_size=32, **RANKS)
    alone, together = losses(tmp_path / "one"), losses(two_ranks[0])
    assert alone[0] is together[0] is None
    assert together[1:] == pytest.approx(alone[1:], abs=1e-5)
    assert Run(two_ranks[0]).metadata["ranks"] == 2


def test_only_the_first_rank_speaks(two_ranks: tuple[Path, str]) -> None:
    lines = two_ranks[1].splitlines()
    assert sum(line.startswith("epoch 3/3") for line in lines) == 1
    assert sum(line.startswith("saved") for line in lines) == 1


def test_a_mistake_ends_all_ranks_with_one_line(store: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    config = write_config(tmp_path, **RANKS)
    flags = ("--devices", 2, "--batch-size", 16, "--out", tmp_path / "taken", "--config", config)
    process = start("pretrain", store, *flags)
    try:
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 2
    assert errors.count("exists already") == 1
    assert "Traceback" not in errors


def test_a_run_is_continued_from_any_folder_and_where_its_store_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    tiny_store(Path(), name="data", clips=40)
    for out in (Path("whole"), Path("runs/cut")):
        tiny_run(Path("data"), out, epochs=2)
    cut = Path("runs/cut").absolute()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert resume(Path("../project/runs/cut"), say=lambda line: None).path.samefile(cut)
    assert resume(cut, say=lambda line: None).path == cut
    assert_same_run(Path("../project/whole"), cut)
    (tmp_path / "project" / "data").rename(tmp_path / "moved")
    with pytest.raises(EdgcnError, match=r"learned from is not at \.\./project/data nor at data"):
        resume(cut, say=lambda line: None)
    resume(cut, store=Path("../moved"), say=lambda line: None)
    assert losses(cut) == losses(Path("../project/whole"))
    assert command(["pretrain", "../moved", "--resume", str(cut)]) == 0


def test_an_unfinished_run_says_so_wherever_it_is_read(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40)
    run = tiny_run(store.path, tmp_path / "run", epochs=2)
    assert not any("not finished" in note for note in load(run).provenance_.notes)
    seen: list[tuple[str, ...]] = []

    def stop(row: Any, epochs: int) -> str:
        seen.append(load(tmp_path / "cut").provenance_.notes)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgcn.commands.pretrain.describe", stop)
        with pytest.raises(KeyboardInterrupt):
            tiny_run(store.path, tmp_path / "cut", epochs=2)
    assert seen[0][-1] == "the pre-training is not finished: 1 of 2 epochs are done"
    resume(tmp_path / "cut", say=lambda line: None)
    assert_same_run(run, tmp_path / "cut")
