"""A run: the folder with everything that happened.

run.json (resolved config, versions, revision, data), metrics.jsonl, encoder.safetensors,
state.safetensors (to resume), figures, and one folder per evaluation.
"""

import json
import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError
from edgcn.base.files import replacing

PACKAGES = ("edgcn", "torch", "numpy", "lightning-fabric", "safetensors", "scikit-learn")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` if all goes well."""
    try:
        with replacing(path) as waiting:
            yield waiting
    except OSError as error:
        raise EdgcnError(f"cannot write {path}: {error.strerror}") from error


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    with writing(path) as waiting:
        waiting.write_text(json.dumps(value, indent=1, default=str) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON, or say that the file is not what was expected."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise EdgcnError(f"{path} does not exist; is {path.parent} a run?") from None
    except json.JSONDecodeError as error:
        raise EdgcnError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error


def settings_of(run: Path) -> dict[str, Any]:
    """The settings a run was made with, as they were written."""
    path = run / "run.json"
    about = read_json(path)
    if not isinstance(about, dict) or not isinstance(about.get("config"), dict):
        raise EdgcnError(f"{path}: expected the settings of a run under 'config', found none")
    return {"recipe": "paper", "readout": "mean", **about["config"]}  # what runs had before recipes


def next_run(folder: Path, title: str) -> Path:
    """`folder/0007-title`: one more than the highest number there."""
    taken = [re.match(r"(\d{4,})-", path.name) for path in folder.glob("*-*")]
    number = max((int(match[1]) for match in taken if match), default=0) + 1
    return folder / f"{number:04d}-{title}"


def new_run(path: Path) -> Path:
    """Make a run's folder; an existing one is never written over."""
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        raise EdgcnError(
            f"{path} exists already; choose another --out, or continue it with --resume {path}"
        ) from None
    except OSError as error:
        raise EdgcnError(f"cannot make the run {path}: {error.strerror}") from error
    return path


def environment() -> dict[str, Any]:
    """What a number depends on beside its config: versions, source revision, machine."""
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


def append_metrics(path: Path, row: dict[str, Any]) -> None:
    """Add one line to metrics.jsonl."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All whole lines of metrics.jsonl (a crash may have cut the last one)."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def rewind_metrics(path: Path, *, epoch: int) -> None:
    """Drop what was logged after `epoch`, before the epochs are trained again."""
    rows = [row for row in read_metrics(path) if row["epoch"] <= epoch]
    with writing(path) as waiting:
        waiting.write_text("".join(json.dumps(row) + "\n" for row in rows))
