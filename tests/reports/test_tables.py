"""Tables: columns line up, fractions become percentages, nothing in a name can do harm."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from edgcn.base.errors import EdgcnError
from edgcn.reports.tables import (
    RESULT_COLUMNS,
    best_baseline,
    columns_of,
    count_table,
    format_cell,
    markdown_table,
    percent,
    results_table,
    summary_table,
    text_table,
    with_labels,
)

ROWS: list[dict[str, Any]] = [
    {"name": "majority class", "top1": 0.398, "n": 610},
    {
        "name": "EDGCN, linear",
        "top1": 0.469,
        "low": 0.42,
        "high": 0.51,
        "top5": 1.0,
        "macro_f1": float("nan"),
        "n": 610,
        "seeds": [0, 1, 2],
    },
]


def test_results_table_reads_as_documented() -> None:
    assert results_table(ROWS).splitlines() == [
        "method          top-1 %  95 % interval  top-5 %  macro-F1 %  balanced accuracy %  clips  "
        "seeds",
        "──────────────  ───────  ─────────────  ───────  ──────────  ───────────────────  ─────  "
        "───────",
        "majority class     39.8              -        -           -                    -    610  "
        "-",
        "EDGCN, linear      46.9      42.0–51.0    100.0           -                    -    610  "
        "0, 1, 2",
    ]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_columns_line_up_in_display_width_for_any_names(names: list[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"name": name, "n": i, "top1": i / 5} for i, name in enumerate(names)
    ]
    lines = text_table(rows, ("name", "n", "top1")).split("\n")
    assert len({cell_len(line) for line in lines}) == 1  # the last column is flush right
    assert all(char.isprintable() for line in lines for char in line)


def test_wide_letters_take_two_columns() -> None:
    lines = count_table([("触る首", 3), ("touch neck", 97)]).splitlines()
    assert len({cell_len(line) for line in lines[1:-1]}) == 1
    assert len({len(line) for line in lines[1:-1]}) == 2


def test_count_table_shares_and_total() -> None:
    table = count_table([("a", 1), ("b", 3), ("c", 0)], of="gesture").splitlines()
    assert table[0].split() == ["gesture", "count", "%"]
    assert [line.split() for line in table[2:]] == [
        ["a", "1", "25.0"],
        ["b", "3", "75.0"],
        ["c", "0", "0.0"],
        ["total", "4", "-"],
    ]
    assert count_table([("a", 0)]).splitlines()[2].split() == ["a", "0", "-"]  # no 0 / 0
    assert count_table([]).splitlines()[-1].split() == ["total", "0", "-"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.4694, "46.9"),
        (np.float32(0.5), "50.0"),
        (0, "0.0"),
        (1, "100.0"),
        (None, "-"),
        (float("nan"), "-"),
        (np.float32("nan"), "-"),
    ],
)
def test_scores_are_percentages_with_one_decimal(value: Any, shown: str) -> None:
    assert percent(value) == shown
    assert format_cell({"top1": value}, "top1") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3082, "3082"),
        (10**400, "1" + 400 * "0"),
        (np.int64(5), "5"),
        ([7], "7"),
        ((), "-"),
        ("a\nb", "a b"),
        ("", "-"),
    ],
)
def test_counts_and_words_stay_as_they_are(value: Any, shown: str) -> None:
    assert format_cell({"seeds": value}, "seeds") == shown


@pytest.mark.parametrize(
    "value", [46.9, -0.1, "0.5", float("inf"), pytest.param(10**400, id="huge")]
)
def test_a_score_that_is_no_fraction_is_refused_by_name(value: Any) -> None:
    with pytest.raises(EdgcnError, match=r"top1 of 'x'.*between 0 and 1.*divide percentages"):
        format_cell({"name": "x", "top1": value}, "top1")


def test_no_color_codes_even_from_a_name() -> None:
    assert "\x1b" not in results_table([{"name": "\x1b[31mred\x1b[0m", "top1": 0.5}])


def test_markdown_has_one_cell_per_column_and_no_live_markup() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a|b <b> `x` *y* _z_ touch_neck P&C &lt; \\", "top1": 0.5},
        *ROWS,
    ]
    lines = markdown_table(rows, RESULT_COLUMNS).splitlines()
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in lines]
    assert set(bars) == {len(RESULT_COLUMNS) + 1}
    assert len({cell_len(line) for line in lines}) == 1
    assert r"a\|b \<b\> \`x\` \*y\* \_z\_ touch_neck P&C \&lt; \\" in lines[2]
    rule = [cell.strip() for cell in lines[1].strip("|").split("|")]
    assert rule[0].endswith("-")  # words to the left
    assert rule[1].endswith(":")  # numbers to the right


def test_a_table_without_rows_is_its_heading_and_without_columns_an_error() -> None:
    assert len(text_table([], RESULT_COLUMNS).splitlines()) == 2
    assert len(markdown_table([], ("name",)).splitlines()) == 2
    with pytest.raises(EdgcnError, match="at least one column"):
        text_table(ROWS, ())


class HasCells:
    """A row that is no mapping."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def cells(self) -> dict[str, Any]:
        return self.values


def test_what_has_cells_is_a_row() -> None:
    rows = [HasCells(**row) for row in ROWS]
    assert results_table(rows) == results_table(ROWS)
    assert markdown_table(rows, ("name", "top1")) == markdown_table(ROWS, ("name", "top1"))
    assert format_cell(rows[1], "interval") == "42.0–51.0"


@pytest.mark.parametrize(
    ("column", "value", "heading", "shown"),
    [
        ("learned", "6/6 people", "learned from", "6/6 people"),
        ("spread", 0.012, "± over seeds %", "1.2"),
        ("difference", "+1.2 ±0.3", "to the first method", "+1.2 ±0.3"),
        ("best_baseline", 0.4, "best baseline %", "40.0"),
    ],
)
@pytest.mark.parametrize("protocol", ["linear", "few-shot", "retrieval", "clustering"])
def test_a_column_is_there_only_where_a_row_has_a_value(
    protocol: str, column: str, value: Any, heading: str, shown: str
) -> None:
    empty: dict[str, Any] = {"learned": "", "spread": None, "difference": None}
    rows: list[dict[str, Any]] = [{"name": "a", **empty}, {"name": "b", **empty}]
    assert column not in columns_of(protocol, rows)
    rows[1][column] = value
    assert column in columns_of(protocol, rows)
    lines = results_table(rows, protocol=protocol).splitlines()
    assert heading in lines[0]
    assert shown not in lines[2]
    assert shown in lines[3]


def labelled(labels: str, baseline: bool, score: float) -> dict[str, Any]:
    return {"name": "x", "labels": labels, "baseline": baseline, "top1": score}


FEW = [
    labelled("", True, 0.2),
    labelled("1 per class", True, 0.1),
    labelled("1 per class", False, 0.3),
    labelled("5 per class", True, 0.4),
    labelled("5 per class", False, 0.6),
]


def test_the_best_baseline_has_as_many_labels() -> None:
    assert best_baseline(FEW, "top1", "1 per class") == 0.2  # of all labels, and still the best
    assert best_baseline(FEW, "top1", "5 per class") == 0.4
    assert best_baseline(FEW[2:3], "top1", "1 per class") is None
    lines = [line.split() for line in summary_table({"few-shot": FEW}).splitlines()]
    assert lines[2] == ["few-shot,", "1", "per", "class", "top-1", "30.0", "-", "20.0"]
    assert lines[3] == ["few-shot,", "5", "per", "class", "top-1", "60.0", "-", "40.0"]


def test_names_in_a_figure_have_their_labels() -> None:
    assert [row["name"] for row in with_labels(FEW)] == [
        "x", "x, 1 per class", "x, 1 per class", "x, 5 per class", "x, 5 per class"]  # fmt: skip
