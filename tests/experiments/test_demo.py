"""The demo: the whole tool once, in small."""

from pathlib import Path

import pytest

from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError
from edgcn.experiments.demo import PARTS, DemoConfig, command, demo


def test_the_demo_runs_and_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = DemoConfig(
        out=tmp_path / "demo", clips=80, subjects=4, epochs=1, interviews=4, minutes=1.0
    )
    last = command(config)
    said = capsys.readouterr().out
    timeline = config.out / "interviews" / "timeline.html"
    assert last.startswith(f"wrote {config.out / 'report' / 'report.html'} and {timeline}   next")
    for line in (
        "1/5  80 synthetic clips of 4 seated people",
        "2/5  EDGCN: pre-training",
        "3/5  logistic regression",
        "note: synthetic",
        "5/5  gestures in 4 interviews of 1 minutes, a tenth of them coded",
        "event F1 at IoU 0.3 %",
        "events at random",
        "in 1 of 4 interviews are coded",
    ):
        assert line in said
    assert timeline.stat().st_size > 10_000
    coded = read_events([config.out / "interviews" / "coded.csv"])
    assert 2 <= len(coded) <= 12
    table = said[said.index("4/5") :].splitlines()[3:8]
    names = (
        "majority",
        "raw",
        "random",
        "EDGCN (edgcn-s), Barlow Twins, procedural people",
        "EDGCN",
    )
    assert all(line.startswith(name) for line, name in zip(table, names, strict=True))
    assert (
        "These numbers are about synthetic clips"
        in (config.out / "report" / "report.html").read_text()
    )
    (config.out / "mine.txt").touch()
    with pytest.raises(EdgcnError, match="exists already"):
        demo(config)

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # where the first line would be said
        demo(config.model_copy(update={"overwrite": True}), say=stop)
    assert (config.out / "mine.txt").exists()
    assert not any((config.out / name).exists() for name in PARTS)
