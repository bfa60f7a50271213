"""Result tables as plain text for a terminal and as Markdown for documents.

rows (one mapping each, or what has `cells()`) + columns (keys) -> cells (strings) -> padded lines

Scores are fractions in the rows and percentages with one decimal in the tables; "-" is missing.
A row has what it has of: name, top1, low, high (interval of its protocol's main score), top5,
macro_f1, balanced, n (clips), seeds, baseline (bool), and the scores of other protocols.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Protocol, runtime_checkable

from rich.cells import cell_len

from edgcn.base.errors import EdgcnError


@runtime_checkable
class HasCells(Protocol):
    """A row that gives its cells by column, as `edgcn.evaluation.rows.Row` does."""

    def cells(self) -> Mapping[str, Any]: ...


Row = Mapping[str, Any] | HasCells

MISSING = "-"
INTERVAL = "interval"  # not a key of a row: written from its `low` and `high`
HEADINGS = {
    "name": "method",
    "top1": "top-1 %",
    INTERVAL: "95 % interval",
    "top5": "top-5 %",
    "macro_f1": "macro-F1 %",
    "balanced": "balanced accuracy %",
    "n": "clips",
    "seeds": "seeds",
    "spread": "± over seeds %",
    "difference": "to the first method",
    "learned": "learned from",
    "low": "low %",
    "high": "high %",
    "printed": "printed %",
    "over_seeds": "over seeds",
    "majority": "majority %",
    "raw": "raw %",
    "random": "random %",
    "gflop": "GFLOP",
    "labels": "labels",
    "n_labels": "labelled clips",
    "draw_spread": "± over draws %",
    "map": "mAP %",
    "recall1": "recall@1 %",
    "recall5": "recall@5 %",
    "recall10": "recall@10 %",
    "accuracy": "matched accuracy %",
    "nmi": "NMI %",
    "ari": "ARI %",
    "f1_30": "event F1 at IoU 0.3 %",
    "f1_50": "at IoU 0.5 %",
    "map_50": "mAP at 0.5 %",
    "frame_f1": "frame F1 %",
    "calibration_error": "calibration error %",
    "kit_precision": "kit precision %",
    "kit_recall": "kit recall %",
    "kit_f1": "kit F1 %",
    "map_20": "mAP at IoU 0.2 %",
    "map_70": "at 0.7 %",
    "map_mean": "mean of 0.1 to 0.9 %",
    "events": "true events",
    "score": "score %",
    "best_baseline": "best baseline %",
}
SIGNED = ("ari",)  # a score that is negative where clusters are worse than chance
SCORES = (
    "top1", "top5", "macro_f1", "balanced", "low", "high", "draw_spread", "spread", "map",
    "recall1", "recall5", "recall10", "accuracy", "nmi", "ari", "score", "best_baseline", "printed",
    "f1_30", "f1_50", "map_50", "frame_f1", "calibration_error", "kit_precision", "kit_recall",
    "kit_f1", "map_20", "map_70", "map_mean", "majority", "raw", "random",
)  # fmt: skip
NUMBER = re.compile(r"[±+-]?[\d.,]+( [kMG]| ±[\d.]+)?|-")
RESULT_COLUMNS = (
    "name", "top1", INTERVAL, "spread", "best_baseline", "difference", "top5", "macro_f1",
    "balanced", "n", "seeds", "learned",
)  # fmt: skip
_FEW = ("name", "labels", "n_labels", "top1", INTERVAL, "draw_spread", *RESULT_COLUMNS[3:])
_EVENTS = (*RESULT_COLUMNS[3:6], "events", *RESULT_COLUMNS[-2:])
PROTOCOL_COLUMNS = {
    "semi": _FEW,
    "few-shot": _FEW,
    "retrieval": ("name", "map", INTERVAL, *RESULT_COLUMNS[3:6], "recall1", "recall5", "recall10",
                  *RESULT_COLUMNS[-3:]),
    "clustering": ("name", "accuracy", INTERVAL, *RESULT_COLUMNS[3:6], "nmi", "ari",
                   *RESULT_COLUMNS[-3:]),
    "spotting": ("name", "labels", "f1_30", "f1_50", "map_50", "frame_f1", "calibration_error",
                 *_EVENTS),
    **dict.fromkeys(("smg-online", "imigue-online"),
                    ("name", "labels", "kit_precision", "kit_recall", "kit_f1", "f1_30", "f1_50",
                     "map_50", *_EVENTS)),
    "mma82-detection": ("name", "labels", "map_20", "map_50", "map_70", "map_mean", "f1_30",
                        "f1_50", *_EVENTS),
}  # fmt: skip
OPTIONAL = ("spread", "best_baseline", "difference", "seeds", "learned")  # only where a row has one
MAIN_SCORES = {  # elsewhere top1
    "retrieval": "map", "clustering": "accuracy", "spotting": "f1_50", "smg-online": "f1_50",
    "imigue-online": "f1_50", "mma82-detection": "f1_50",
}  # fmt: skip
SUMMARY_COLUMNS = ("protocol", "measure", "score", INTERVAL, "best_baseline", "learned")


def plain(row: Row) -> Mapping[str, Any]:
    """The cells of a row, by column."""
    return row if isinstance(row, Mapping) else row.cells()


def columns_of(protocol: str, rows: Iterable[Row] = ()) -> tuple[str, ...]:
    """The columns of a protocol's table; optional ones only where one of the rows has a value."""
    return used(PROTOCOL_COLUMNS.get(protocol, RESULT_COLUMNS), rows)


def used(columns: Sequence[str], rows: Iterable[Row]) -> tuple[str, ...]:
    """The columns without optional ones in which no row has a value."""
    cells = [plain(row) for row in rows]
    return tuple(
        column
        for column in columns
        if column not in OPTIONAL or any(format_cell(row, column) != MISSING for row in cells)
    )


def main_score(protocol: str) -> str:
    """The score that a protocol's bars and summary show, and that its interval is of."""
    return MAIN_SCORES.get(protocol, "top1")


def percent(fraction: object, *, what: str = "score") -> str:
    """A fraction as a percentage with one decimal, without the sign; `-` for None and NaN."""
    if is_missing(fraction):
        return MISSING
    number: Any = fraction  # which a whole number beyond all floats can be, too
    if not isinstance(fraction, Real) or not -1e-9 <= number <= 1 + 1e-9:
        raise EdgcnError(
            f"expected {what} as a fraction between 0 and 1, got {fraction!r}; "
            "divide percentages by 100"
        )
    return f"{100 * float(fraction):.1f}"


def is_missing(value: object) -> bool:
    """Whether a table or figure has nothing to show for this value: None or NaN."""
    return value is None or (isinstance(value, Real) and bool(value != value))


def format_cell(row: Row, column: str) -> str:
    """One value of a row: fractions as percentages, whole numbers and text as they are.

    Raises EdgcnError for a score outside 0..1.
    """
    row = plain(row)
    if column == INTERVAL:
        low, high = (percent(row.get(key), what=key) for key in ("low", "high"))
        return MISSING if MISSING in (low, high) else f"{low}–{high}"
    value = row.get(column)
    if is_missing(value):
        return MISSING
    if column in SIGNED and isinstance(value, Real) and -1 <= float(value) < 0:
        return f"{100 * float(value):.1f}"
    if column in SCORES or (isinstance(value, Real) and not isinstance(value, Integral)):
        return percent(value, what=f"{column} of {row.get('name', 'a row')!r}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_one_line(item) for item in value) or MISSING
    return _one_line(value) or MISSING


def with_labels(rows: Iterable[Row]) -> list[Mapping[str, Any]]:
    """Rows whose names say how many labels they had, for a figure."""
    return [
        {**row, "name": f"{row['name']}, {row['labels']}"} if row.get("labels") else row
        for row in map(plain, rows)
    ]


def text_table(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Aligned lines for a terminal, without colors: words to the left, numbers to the right."""
    cells, right = table_cells(list(rows), columns)
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [_padded(line, widths, right) for line in cells]
    rule = ["─" * width for width in widths]
    return "\n".join("  ".join(line).rstrip() for line in [lines[0], rule, *lines[1:]])


def markdown_table(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """A table that any Markdown reader shows and that is also aligned in its source."""
    cells, right = table_cells(list(rows), columns)
    cells = [[escape_markdown(cell) for cell in line] for line in cells]
    # a rule cell has at least three characters, or some readers see no table
    widths = [max(3, *(cell_len(cell) for cell in column)) for column in zip(*cells, strict=True)]
    lines = [_padded(line, widths, right) for line in cells]
    rule = [
        "-" * (width - 1) + (":" if number else "-")
        for width, number in zip(widths, right, strict=True)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def results_table(rows: Iterable[Row], *, protocol: str = "linear") -> str:
    """The scores of several methods beside each other, as text, in the order given."""
    rows = list(rows)
    return text_table(rows, columns_of(protocol, rows))


def summary_table(tables: Mapping[str, Sequence[Row]]) -> str:
    """The last method of each protocol's rows beside the best baseline, as text."""
    lines = [line for protocol, rows in tables.items() for line in _summary(protocol, rows)]
    return text_table(lines, used(SUMMARY_COLUMNS, lines))


def _summary(protocol: str, rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    """One line, or one for each amount of labels."""
    key, cells = main_score(protocol), [plain(row) for row in rows]
    lines: list[Mapping[str, Any]] = []
    for labels in dict.fromkeys(row.get("labels") for row in cells if not row["baseline"]):
        method = [row for row in cells if row.get("labels") == labels and not row["baseline"]][-1]
        line = {name: method.get(name) for name in ("low", "high", "learned")}
        line |= {"measure": HEADINGS[key].removesuffix(" %"), "score": method[key]}
        line["protocol"] = f"{protocol}, {labels}" if labels else protocol
        line["best_baseline"] = best_baseline(cells, key, labels)
        lines.append(line)
    return lines


def best_baseline(rows: Iterable[Row], score: str, labels: str | None) -> float | None:
    """The best baseline's score among those with this amount of labels, or with all of them."""
    scores: list[Any] = [row.get(score) for row in map(plain, rows)
              if row.get("baseline") and row.get("labels") in (None, "", labels)]  # fmt: skip
    return max((float(each) for each in scores if not is_missing(each)), default=None)


def count_table(pairs: Iterable[tuple[str, int]], *, of: str = "class") -> str:
    """How many of each, its share of all, and the total, as text, in the order given."""
    pairs = list(pairs)
    total = sum(count for _, count in pairs)
    rows: list[Mapping[str, Any]] = [
        {of: name, "count": count, "%": count / total if total else None} for name, count in pairs
    ]
    return text_table([*rows, {of: "total", "count": total, "%": None}], (of, "count", "%"))


def table_cells(rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[list[str]], list[bool]]:
    """The heading line and all others as strings; and which columns go to the right."""
    if not columns:
        raise EdgcnError("expected at least one column for a table, got none")
    lines = [[HEADINGS.get(column, _one_line(column)) for column in columns]]
    lines += [[format_cell(row, column) for column in columns] for row in rows]
    right = [
        column == INTERVAL or all(NUMBER.fullmatch(cell) for cell in cells)
        for column, *cells in zip(columns, *lines[1:], strict=True)
    ]
    return lines, right


def _padded(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """Each cell filled up to its column's display width (an ideograph is two columns wide)."""
    fills = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return [
        fill + cell if number else cell + fill
        for cell, fill, number in zip(cells, fills, right, strict=True)
    ]


def _one_line(value: object) -> str:
    """Text without line breaks and control characters, which could steer the terminal."""
    printable = "".join(char if char.isprintable() else " " for char in str(value))
    return " ".join(printable.split())


def escape_markdown(text: str) -> str:
    """Backslashes before what Markdown or the HTML in it would act on; touch_neck and P&C stay."""
    return re.sub(r"[\\`*\[\]<>|~]|&(?=#?\w+;)|\b_|_\b", lambda match: "\\" + match[0], text)
