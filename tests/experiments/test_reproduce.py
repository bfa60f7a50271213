"""The paper's tables run on files in the layouts of its data sets, by the published splits."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import ReproduceConfig
from edgcn.experiments.paper_runs import narrow
from edgcn.experiments.reproduce import alone_in, reproduce
from edgcn.experiments.reproduced import over_seeds
from layouts import write_small_miga, write_small_smg

SMALL = {"encoder_width": 6, "epochs": 2, "frames": 8, "threads": 1, "precision": "float32"}
TABLE_2 = ("smg-edgcn", "smg-a-edgcn", "imigue-edgcn")
TABLE_3 = ("ntu60-to-smg", "smg-to-imigue", "imigue-to-smg-position", "ntu60-to-smg-rebuild")


def run(root: Path, out: Path, **settings: object) -> tuple[list[dict[str, str]], str, list[str]]:
    """A small reproduction: the rows of its CSV, its page, and what it said."""
    config = ReproduceConfig.model_validate(SMALL | {"data": root, "out": out} | settings)
    said: list[str] = []
    page = reproduce(config, say=said.append)
    assert page is not None
    rows = list(csv.DictReader(page.with_suffix(".csv").open()))
    assert {row["key"] for row in rows} <= set(settings["rows"])
    return rows, page.read_text(), said


def test_tables_run_without_stand_ins_and_by_the_published_splits(small_releases, tmp_path):
    out = tmp_path / "out"
    one, page, _ = run(small_releases, out, table="table1", rows=("edgcn", "edgcn-text"))
    assert "STAND-IN" not in page
    assert [row["printed"] for row in one] == ["0.469", ""]
    two, _, _ = run(small_releases, out, table="table2", rows=TABLE_2)
    three, _, _ = run(small_releases, out, table="table3", rows=TABLE_3)
    assert {row["key"] for row in three} == set(TABLE_3)
    for row in (*one, *two, *three):
        assert row["split"] == "subject"  # both sets publish one by subject
        scores = [float(row[key]) for key in ("top1", "majority", "raw", "random", "low", "high")]
        assert all(0 <= score <= 1 for score in scores)
    for form in ("md", "csv", "tex", "png"):
        assert (out / f"table3.{form}").stat().st_size > 500
    # the encoder that table III transfers from SMG is the one table II pre-trained
    assert len(list((out / "runs").glob("smg-edgcn-table1-????????-seed0"))) == 1


def test_the_miga_release_of_imigue_plays_its_part_too(tmp_path):
    write_small_miga(tmp_path / "data" / "miga")
    rows, page, _ = run(
        tmp_path / "data", tmp_path / "out", table="table2", rows=("imigue-edgcn", "imigue-vae")
    )
    assert [row["printed"] for row in rows] == ["0.3243", "0.368"]
    assert {row["split"] for row in rows} == {"test"}
    assert "clips have no subject" in page


def test_a_table_goes_on_where_it_was_stopped(small_releases, tmp_path):
    settings = {"table": "table2", "rows": TABLE_2[:2]}

    class StoppedError(Exception):
        pass

    def stop(line: str) -> None:
        if "A-EDGCN" in line:
            raise StoppedError

    config = ReproduceConfig.model_validate(
        SMALL | {"data": small_releases, "out": tmp_path / "a"} | settings
    )
    with pytest.raises(StoppedError):
        reproduce(config, say=stop)
    (first,) = (tmp_path / "a" / "runs").iterdir()
    before = (first / "encoder.safetensors").stat().st_mtime_ns
    rows, _, said = run(small_releases, tmp_path / "a", **settings)
    assert (first / "encoder.safetensors").stat().st_mtime_ns == before
    assert any("is there already" in line for line in said)
    again, _, _ = run(small_releases, tmp_path / "b", **settings)
    assert [r["top1"] for r in rows] == [r["top1"] for r in again]


def test_a_run_that_was_cut_off_is_continued(small_releases, tmp_path):
    settings = {"table": "table1", "rows": ("edgcn-text",)}
    rows, _, _ = run(small_releases, tmp_path / "whole", **settings)

    def stop(line: str) -> None:
        if "epoch 1/" in line:
            raise KeyboardInterrupt

    config = ReproduceConfig.model_validate(
        SMALL | {"data": small_releases, "out": tmp_path / "o"} | settings
    )
    with pytest.raises(KeyboardInterrupt):
        reproduce(config, say=stop)
    again, _, said = run(small_releases, tmp_path / "o", **settings)
    assert any("continuing after epoch 1" in line for line in said)
    assert [r["top1"] for r in rows] == [r["top1"] for r in again]


def test_rows_without_data_are_left_out_with_the_reason(tmp_path):
    write_small_smg(tmp_path / "data" / "SMG")
    rows, page, said = run(tmp_path / "data", tmp_path / "out", table="table2",
                           rows=("smg-edgcn", "imigue-edgcn"))  # fmt: skip
    assert [row["key"] for row in rows] == ["smg-edgcn"]
    assert "left out: imigue-edgcn: no imigue among the data" in said
    assert "imigue-edgcn (EDGCN): no imigue" in page


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": ("edgnc",)}, "did you mean 'edgcn'"),
        ({"roles": {"smg": "wmft"}}, "--stand-in as well"),
        ({"roles": {"ntu": "utd"}, "stand_in": True}, "no data set 'ntu'"),
        ({"stand_in": True}, "no row of table1 can be run.*no wmft"),
    ],
)
def test_what_cannot_be_run_is_refused(small_releases, tmp_path, settings, message):
    values = {"table": "table1", "data": small_releases, "out": tmp_path / "out"} | settings
    with pytest.raises(EdgcnError, match=message):
        reproduce(ReproduceConfig.model_validate(values), say=lambda line: None)


def test_a_dry_run_writes_nothing_and_names_every_row(small_releases, tmp_path):
    config = ReproduceConfig(
        table="table3", data=small_releases, out=tmp_path / "out", dry_run=True
    )
    said: list[str] = []
    assert reproduce(config, say=said.append) is None
    assert not config.out.exists()
    assert all(key in "\n".join(said) for key in TABLE_3)


def test_two_reproductions_do_not_share_a_folder(tmp_path):
    pytest.importorskip("fcntl")
    refused = pytest.raises(EdgcnError, match="another `edgcn reproduce`")
    with alone_in(tmp_path), refused, alone_in(tmp_path):
        pass


def test_the_interval_over_seeds_is_students(tmp_path):
    scores = [0.41, 0.47, 0.44]
    low, high = stats.t.interval(0.95, 2, np.mean(scores), stats.sem(scores))
    assert over_seeds(scores) == f"±{50 * (high - low):.1f}"
    assert over_seeds(scores[:1]) == "-"


def test_encoders_are_narrowed_in_proportion():
    assert narrow("edgcn", 96) == {}
    assert narrow("edgcn", 24) == {"widths": [24, 48, 96]}
    assert narrow("ascal-lstm", 48) == {"hidden": 128}
    assert narrow("stgcn-quarter", 24) == {}
