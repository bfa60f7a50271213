"""The paper's tables as data: what is printed is there, and every row can be built."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.commands.evaluate import EvaluateConfig
from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.settings import make_config
from edgcn.experiments.paper import FULL_WIDTHS, STAND_INS, TABLES, TITLES, TRANSFERS
from edgcn.models.cost import parameters
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.skeleton.layouts import KINECT_V2
from helpers import tiny_store

ROWS = {(table, row.key): row for table, rows in TABLES.items() for row in rows}

# As the tables print them, top to bottom (METHOD: Shah et al., ICPR 2022).
PRINTED = {
    "table1": [37.2, 44.6, 46.9],
    "table2": [44.6, 46.9, 47.9, 31.67, 32.43, 36.9, 36.8, 37.5],
    "table3": [46.9, 47.9, 48.4, 40.2, 39.2, 39.8, 36.8, 37.5, 34.0, 34.9, 35.3, 34.9],
}


@pytest.mark.parametrize("table", TABLES)
def test_every_printed_value_is_a_row(table: str) -> None:
    printed = sorted(row.printed for row in TABLES[table] if row.printed is not None)
    assert printed == sorted(PRINTED[table])
    assert table in TITLES


def test_names_of_rows_are_unique() -> None:
    assert all(len({row.key for row in rows}) == len(rows) for rows in TABLES.values())


@pytest.mark.parametrize("place", ROWS, ids="-".join)
def test_settings_of_a_row_are_settings(place: tuple[str, str]) -> None:
    row = ROWS[place]
    values = {"recipe": "paper", "store": "s"}
    config = make_config(PretrainConfig, values | dict(row.settings), where=row.key)
    assert make_config(EvaluateConfig, {"model": "r", "store": "s", **row.probe}, where=row.key)
    assert {row.source, row.target} <= set(STAND_INS)
    published = make_config(PretrainConfig, values | {"encoder": config.encoder}, where="paper")
    if config.objective == "moco" and row.printed is not None:  # nothing else is changed
        changed = {name for name, value in config if value != getattr(published, name)}
        assert changed <= {"moments", "confidence_as_z", "encoder_settings"}
    assert row.printed is not None or row.place.startswith("ours")


@pytest.mark.parametrize(
    ("key", "count"),
    [
        ("full", 4_365_307),
        ("full-13-6", 3_269_905),
        ("simplified", 2_462_746),
        ("edgcn", 1_908_559),
    ],
)
def test_table_one_has_the_counts_of_parameters_that_are_printed(
    tmp_path: Path, key: str, count: int
) -> None:
    row = ROWS["table1", key]
    clips = tiny_store(tmp_path / "store", topology=KINECT_V2).clips()
    values = {"recipe": "paper", "store": str(clips.path), **row.settings}
    config = make_config(PretrainConfig, values, where=key)
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=8, normalize=config.normalize)
    embedder = Embedder.new(config.encoder, config.encoder_settings, inputs, config.readout)
    assert parameters(embedder.encoder) == count


def test_transfers_cover_all_printed_pairs_plain_and_with_moments() -> None:
    for pair, values in TRANSFERS.items():
        rows = [r for r in TABLES["table3"] if (r.source, r.target) == pair and r.printed]
        found = {bool(row.settings.get("moments")): row.printed for row in rows}
        assert found == dict(enumerate(values))


def test_wide_encoders_can_be_made_narrow() -> None:
    used = {row.settings["encoder"] for row in ROWS.values()} - {"stgcn-quarter"}
    assert used == set(FULL_WIDTHS)
