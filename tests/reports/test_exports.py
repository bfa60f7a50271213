"""CSV gives the values back; LaTeX prints what a name says, whatever signs are in it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.base.errors import EdgcnError
from edgcn.reports.exports import csv_table, latex_table

ROW = {"name": "P&C, 50 % of $x_1$ -> y", "top1": 0.31672, "low": 0.3, "high": None, "n": 7}


def test_csv_gives_the_values_back() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_table([ROW], ("name", "top1", "interval", "n"))))
    assert row == {"name": ROW["name"], "top1": "0.31672", "low": "0.3", "high": "", "n": "7"}


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_csv_survives_any_text(names: list[str]) -> None:
    text = csv_table([{"name": name} for name in names], ("name",))
    read = [row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert read == names


def test_latex_escapes_every_sign_that_means_something() -> None:
    text = latex_table([ROW], ("name", "top1"), caption="a_b")
    assert r"P\&C, 50 \% of \$x\_1\$ $\to$ y & 31.7 \\" in text
    assert r"\caption{a\_b}" in text
    assert r"\begin{tabular}{lr}" in text


@given(st.text(alphabet=r"ab&%$#_{}\~^-", max_size=12))
def test_latex_cells_stay_cells(name: str) -> None:
    line = latex_table([{"name": name, "n": 1}], ("name", "n"), caption="").split("\n")[6]
    assert line.replace(r"\&", "").count("&") == 1
    assert line.endswith(r"\\")


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(EdgcnError, match="at least one column"):
        latex_table([ROW], (), caption="")
