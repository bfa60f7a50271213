"""A run: the folder with everything that happened in a training.

run.json (settings, versions, revision, data), metrics.jsonl, recognizer.edgcn, state.safetensors
(to resume), figures; its evaluations lie beside them in evaluations/.
"""

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveInt

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import check_file, new_folder, read_json, write_json, write_text
from edgcn.base.locks import locked
from edgcn.base.records import Record, checked

PACKAGES = ("edgcn", "torch", "numpy", "lightning-fabric", "safetensors", "scikit-learn")


class PluginRecord(Record):
    """Of a plugin that a run was made with."""

    name: str
    path: str
    sha256: str


class RunRecord(Record):
    """What run.json holds; its settings are checked where they are used."""

    config: dict[str, Any]
    store_fingerprint: str = ""
    store_note: str = ""
    threads: int = 1
    ranks: int = 1
    precision: str = ""
    plugins: tuple[PluginRecord, ...] = ()
    versions: dict[str, str] = Field(default={})


class EpochRecord(Record):
    """A line of metrics.jsonl: of an epoch, and all other numbers are measures."""

    epoch: PositiveInt
    loss: float | None = None
    lr: float | None = None
    seconds: NonNegativeFloat = 0.0
    knn_top1: Annotated[float, Field(ge=0, le=1)] | None = None


class Run:
    """A folder that `edgcn pretrain` wrote; may be given wherever a path is expected."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What run.json holds.

        Raises:
            EdgcnError: there is none, or it is not a run's.
        """
        path = self.path / "run.json"
        metadata = read_json(path, hint=f"is {self.path} a run of `edgcn pretrain`?")
        if not isinstance(metadata, dict) or not isinstance(metadata.get("config"), dict):
            raise EdgcnError(f"{path}: expected the settings of a run under 'config', found none")
        return checked(path, RunRecord, metadata).model_dump()

    @property
    def config(self) -> dict[str, Any]:
        """The settings that the run was made with, in plain types."""
        settings: dict[str, Any] = self.metadata["config"]
        return settings

    @property
    def recognizer(self) -> Path:
        """The file of the encoder that it learned."""
        return self.path / "recognizer.edgcn"

    def metrics(self) -> list[dict[str, Any]]:
        """One row per epoch: all whole lines of metrics.jsonl (a crash may have cut the last)."""
        path, rows = self.path / "metrics.jsonl", []
        check_file(path)
        try:
            text = path.read_text(errors="replace") if path.exists() else ""
        except OSError as error:
            raise EdgcnError(f"cannot read {path}: {error.strerror}") from error
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                break
            rows.append(checked(path, EpochRecord, row, line=number).model_dump(exclude_unset=True))
        return rows

    def add_metrics(self, row: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def rewind_metrics(self, *, epoch: int) -> None:
        """Drop what was logged after `epoch`, before the epochs are trained again."""
        rows = [row for row in self.metrics() if row["epoch"] <= epoch]
        if [row["epoch"] for row in rows] != list(range(1, epoch + 1)):
            raise FileError(
                self.path / "metrics.jsonl",
                f"expected a line for each of the {epoch} epochs that the state has finished; the "
                f"file was changed, start a new run",
            )
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_text(self.path / "metrics.jsonl", lines)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from training this run.

        Raises:
            EdgcnError: one does already.
        """
        lock = self.path / ".lock"
        with ExitStack() as held:
            try:
                ours = held.enter_context(locked(lock))
            except OSError as error:
                raise EdgcnError(f"cannot write {lock}: {error.strerror}") from error
            if not ours:
                raise EdgcnError(f"another process is training {self}; wait for it to end")
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)


def next_run(folder: Path, title: str) -> Path:
    """`folder/0007-title`: one more than the highest number in it."""
    taken = [re.match(r"(\d{4,})-", path.name) for path in folder.glob("*-*")]
    number = max((int(match[1]) for match in taken if match), default=0) + 1
    return folder / f"{number:04d}-{title}"


def new_run(path: Path, metadata: Mapping[str, Any]) -> Run:
    """Make a run's folder with its run.json; an existing one is never written over."""
    if path.exists():
        raise EdgcnError(
            f"{path} exists already; choose another --out, or continue it with --resume {path}"
        )
    with new_folder(path, overwrite=False, marker="run.json", what="run") as folder:
        write_json(folder / "run.json", metadata)
    return Run(path)


def environment() -> dict[str, Any]:
    """What a number depends on beside its settings: versions, source revision, machine."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "unknown"
    return {"versions": versions, "revision": _revision(), "machine": platform.machine()}


def _revision() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
