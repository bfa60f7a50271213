"""Tables for other programs: CSV with the values as they are, LaTeX with the cells as shown.

rows (one mapping each, or what has `cells()`) + columns (keys) -> text
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from edgcn.reports.tables import INTERVAL, Row, is_missing, plain, table_cells

LATEX = {
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "->": r"$\to$",
    "±": r"$\pm$",
    "–": "--",
}


def csv_table(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Values as they are, for programs: scores as fractions, keys for headings."""
    columns = [
        c for column in columns for c in (("low", "high") if column == INTERVAL else (column,))
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    for row in map(plain, rows):
        values = [row.get(column) for column in columns]
        writer.writerow(["" if is_missing(value) else _plain(value) for value in values])
    return text.getvalue()


def _plain(value: Any) -> Any:
    """A score with six decimals, a list as words, anything else as it is."""
    if isinstance(value, Real) and not isinstance(value, Integral):
        return round(float(value), 6)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return value


def latex_table(rows: Iterable[Row], columns: Sequence[str], *, caption: str) -> str:
    """A LaTeX table environment with the cells of the other forms (needs no package)."""
    cells, right = table_cells(list(rows), columns)
    lines = [" & ".join(map(_escape_latex, line)) + r" \\" for line in cells]
    form = "".join("r" if number else "l" for number in right)
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escape_latex(caption)}}}",
            rf"\begin{{tabular}}{{{form}}}",
            r"\hline",
            lines[0],
            r"\hline",
            *lines[1:],
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _escape_latex(text: str) -> str:
    """Text as LaTeX prints it, every sign that means something to LaTeX replaced."""
    return re.sub(r"->|[&%$#_{}\\~^±–]", lambda match: LATEX[match[0]], text)
