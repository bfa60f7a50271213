"""What is loaded when: help and mistakes are answered before anything heavy is there."""

import os
import resource
import subprocess
import sys

import pytest

import edgcn

HEAVY = ("torch", "numpy", "scipy", "sklearn", "matplotlib", "lightning_fabric", "openpyxl")


def loaded(code: str) -> set[str]:
    """Which heavy modules a fresh interpreter has loaded after some code."""
    report = f"import sys; print('LOADED', *(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_import_loads_nothing_heavy() -> None:
    assert loaded("import edgcn; dir(edgcn); edgcn.__version__") == set()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["pretrian"]])
def test_help_and_mistakes_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(f"from edgcn.cli import run; run({arguments!r})") == set()


def test_every_public_name_is_there() -> None:
    for name in edgcn.__all__:
        assert getattr(edgcn, name) is not None
    assert set(edgcn.__all__) <= set(dir(edgcn))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        edgcn.nothing  # noqa: B018


def test_readers_do_not_load_torch() -> None:
    """They are numpy's; whoever only converts files should not wait for anything else."""
    assert "matplotlib" not in loaded("import edgcn.readers")
    assert "sklearn" not in loaded("import edgcn.store, edgcn.models, edgcn.objectives")


def test_help_takes_under_a_second() -> None:
    """Processor time, which a busy machine does not stretch; the best of three."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    seconds = []
    for _ in range(3):
        before = spent()
        done = subprocess.run(
            [sys.executable, "-m", "edgcn", "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "100"},
        )
        seconds.append(spent() - before)
    assert done.stdout.startswith("usage: edgcn COMMAND")
    assert min(seconds) < 1
