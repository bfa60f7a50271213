"""Every example runs on small practice files; its page shows it as it is (EDGCN_WRITE_DOCS=1)."""

import os
import re
import runpy
import sys
from pathlib import Path

import pytest

from plugin_files import EXAMPLES, nothing_registered

PAGES = Path(__file__).parents[1] / "docs" / "examples"
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if re.match(r"\d\d_|practice", path.name))
BLOCK = re.compile(r"```python\n.*?```", re.DOTALL)
ALONE = ("06_onnx_without_torch",)  # has a test of its own


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_page_shows_the_script(script: Path) -> None:
    page = PAGES / f"{script.stem}.md"
    text = page.read_text()
    written = BLOCK.sub(lambda _: f"```python\n{script.read_text()}```", text, count=1)
    if "EDGCN_WRITE_DOCS" in os.environ:
        page.write_text(written)
    assert page.read_text() == written, "run it with EDGCN_WRITE_DOCS=1"
    assert len(script.read_text().splitlines()) <= 45
    index = (PAGES / "README.md").read_text()
    assert f"({page.name})" in index


def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a reader runs them: on the files of practice.py, each with what those before it left."""
    monkeypatch.chdir(tmp_path)
    with nothing_registered():
        made = runpy.run_path(str(EXAMPLES / "practice.py"))
        made["practice"](tmp_path, interviews=6, minutes=0.3, gestures=3)
        said = {
            script.stem: run(script, capsys, monkeypatch)
            for script in SCRIPTS
            if script.stem not in (*ALONE, "practice")
        }
    assert "EDGCN (edgcn-s), Barlow Twins, procedural people  1 per class" in said["01_few_labels"]
    found = sorted(path.name for path in Path("found").iterdir())
    assert found == ["interview_05.eaf", "interview_06.eaf"]
    assert Path("found.csv").read_text().startswith("recording,")
    assert "of the linked ones alone 1.00" in said["03_agreement"]
    assert re.search(r"starts \+0\.\d\d s later", said["03_agreement"])
    assert re.search(r"^FrameEncoder|frames", said["04_own_encoder"])
    assert "4 steps" in said["05_several_processes"]


def run(script: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a script prints, in this process; several processes are one here."""
    monkeypatch.setattr(sys, "argv", [script.name, "1"])
    capsys.readouterr()
    runpy.run_path(str(script), run_name="__main__")
    return capsys.readouterr().out
