"""`make gpu-check` on a CPU with small sizes: so that it works on the day there is a GPU."""

from pathlib import Path

import pytest
import torch

from benchmarks import gpu_check
from benchmarks.gpu_check import BEGIN, END, put


def test_all_of_it_runs_small_on_a_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgcn.commands.pretrain.training_curves", lambda *_: None)  # slow
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    assert gpu_check.main(["--quick", "--device", "cpu", "--docs", str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"# Page\n\n## On a GPU\n\n{BEGIN}\nMeasured with `make gpu-check` on")
    for name in gpu_check.CHECKS:
        assert (f"| {name} |" in text) == (name != "reference values")
    assert "| resume | the same bits |" in text
    assert "| ascal-lstm | bfloat16 |" in text
    assert "resume: the same bits" in capsys.readouterr().out


def test_the_section_is_written_anew_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put("new", page)
    put("newer", page)
    assert page.read_text() == f"before\n{BEGIN}\nnewer\n{END}\nafter\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.main([]) == 2
    assert "no GPU here" in capsys.readouterr().err
