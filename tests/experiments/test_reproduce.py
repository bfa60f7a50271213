"""The paper's tables run on files in the layouts of its data sets, by the published splits."""

import csv
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.locks import locked
from edgcn.experiments.paper import TABLES
from edgcn.experiments.reproduce import ReproduceConfig, job_of, narrow, plan, reproduce
from edgcn.experiments.sources import Source
from edgcn.presets.datasets import DATA_SETS
from layouts import write_small_miga

SMALL = {"encoder_width": 6, "epochs": 2, "frames": 8, "threads": 1, "precision": "float32"}
TABLE_2 = ("smg-edgcn", "imigue-edgcn")
TABLE_3 = ("smg-to-imigue", "ntu60-to-smg-rebuild")


def run(root: Path, out: Path, **settings: Any) -> tuple[list[dict[str, str]], str, list[str]]:
    """A small reproduction: the rows of its CSV, its page, and what it said."""
    config = ReproduceConfig.model_validate(SMALL | {"data": root, "out": out} | settings)
    said: list[str] = []
    page = reproduce(config, say=said.append)
    assert page is not None
    rows = list(csv.DictReader(page.with_suffix(".csv").read_text().splitlines()))
    assert {row["key"] for row in rows} <= set(settings["rows"])
    return rows, page.read_text(), said


def test_tables_run_without_stand_ins_and_by_the_published_splits(
    small_stores: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    one, page, _ = run(small_stores, out, table="table1", rows=("edgcn",))
    assert "STAND-IN" not in page
    assert [row["printed"] for row in one] == ["0.469"]
    two, _, _ = run(small_stores, out, table="table2", rows=TABLE_2)
    three, _, _ = run(small_stores, out, table="table3", rows=TABLE_3)
    assert {row["key"] for row in three} == set(TABLE_3)
    for row in (*one, *two, *three):
        assert row["split"] == "subject"  # both sets publish one by subject
        scores = [float(row[key]) for key in ("top1", "majority", "raw", "random", "low", "high")]
        assert all(0 <= score <= 1 for score in scores)
    for form in ("md", "csv", "tex", "png"):
        assert (out / f"table3.{form}").stat().st_size > 500
    # the encoder that table III transfers from SMG is the one table II pre-trained
    assert len(list((out / "runs").glob("smg-edgcn-table1-????????-seed0"))) == 1


def test_rows_without_data_are_left_out_with_the_reason(tmp_path: Path) -> None:
    """The MiGA release of iMiGUE plays its part, and nothing that of SMG."""
    write_small_miga(tmp_path / "data" / "miga")
    names = ("smg-edgcn", "imigue-edgcn", "imigue-vae")
    rows, page, said = run(tmp_path / "data", tmp_path / "out", table="table2", rows=names)
    assert [row["printed"] for row in rows] == ["0.3243", "0.368"]
    assert {row["split"] for row in rows} == {"test"}
    assert "recordings have no subject" in page
    assert "left out: smg-edgcn: no smg among the data" in said
    assert "smg-edgcn (EDGCN): no smg" in page


def test_a_table_goes_on_where_it_was_stopped(small_releases: Path, tmp_path: Path) -> None:
    """With the row that was done as it is, and the run that was cut off continued."""
    settings = {"table": "table1", "rows": ("edgcn-text", "edgcn-hop-0")}
    second: list[str] = []

    def stop(line: str) -> None:
        second.extend([line] * line.startswith("2/2: edgcn-hop-0"))
        if second and "epoch 1/" in line:
            raise KeyboardInterrupt

    config = ReproduceConfig.model_validate(
        SMALL | {"data": small_releases, "out": tmp_path / "a"} | settings
    )
    with pytest.raises(KeyboardInterrupt):
        reproduce(config, say=stop)
    first = min((tmp_path / "a" / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    before = (first / "recognizer.edgcn").stat().st_mtime_ns
    rows, _, said = run(small_releases, tmp_path / "a", **settings)
    assert (first / "recognizer.edgcn").stat().st_mtime_ns == before
    assert any("is there already" in line for line in said)
    assert any("continuing after epoch 1" in line for line in said)
    again, _, _ = run(small_releases, tmp_path / "b", table="table1", rows=("edgcn-hop-0",))
    assert [r["top1"] for r in rows[1:]] == [r["top1"] for r in again]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": ("edgnc",)}, "did you mean 'edgcn'"),
        ({"roles": {"smg": "wmft"}}, "--stand-in as well"),
        ({"roles": {"ntu": "utd"}, "stand_in": True}, "no data set 'ntu'"),
        ({"stand_in": True}, "no row of table1 can be run.*no wmft"),
    ],
)
def test_what_cannot_be_run_is_refused(
    small_releases: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    values = {"table": "table1", "data": small_releases, "out": tmp_path / "out"} | settings
    with pytest.raises(EdgcnError, match=message):
        reproduce(ReproduceConfig.model_validate(values), say=lambda line: None)


def test_a_dry_run_writes_nothing_and_names_every_row(small_releases: Path, tmp_path: Path) -> None:
    config = ReproduceConfig(
        table="table3", data=small_releases, out=tmp_path / "out", dry_run=True
    )
    said: list[str] = []
    assert reproduce(config, say=said.append) is None
    assert not config.out.exists()
    assert all(key in "\n".join(said) for key in TABLE_3)


def test_two_reproductions_do_not_share_a_folder(small_releases: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    out = tmp_path / "out"
    with locked(out / ".lock"), pytest.raises(EdgcnError, match="another process works in"):
        run(small_releases, out, table="table1", rows=("edgcn",))


def test_stand_ins_are_split_as_our_tables_say() -> None:
    sources = {n: Source(n, "clips_npz", Path(n), store=Path("stores") / n)
               for n in ("wmft", "isl30", "msr-screen")}  # fmt: skip
    roles = {"smg": "wmft", "ntu60": "isl30", "imigue": "msr-screen"}
    config = ReproduceConfig(table="table3", data=Path("data"), stand_in=True)
    planned, skips = plan(TABLES["table3"], sources, roles)
    assert not skips
    for item in planned:
        job = job_of(config, item)
        assert (job.pretrain["split"], job.pretrain["learn_from"]) == (
            DATA_SETS[item.source.name].split, "clips"
        )  # fmt: skip
        assert [one["split"] for one in job.evaluate] == [DATA_SETS[item.target.name].split]
        assert job.evaluate[0]["depth"] == "confidence"


def test_encoders_are_narrowed_in_proportion() -> None:
    assert narrow("edgcn", 96) == {}
    assert narrow("edgcn", 24) == {"widths": [24, 48, 96]}
    assert narrow("ascal-lstm", 48) == {"hidden": 128}
    assert narrow("stgcn-quarter", 24) == {}
