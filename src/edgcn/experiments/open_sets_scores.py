"""Scores of the open data sets by set and column: means over seeds, strongest probes, differences.

outcomes -> board {(set, column): scores} -> cells (means over seeds), paired differences

Which of several probes stands for a row is chosen by held-out TRAINING accuracy, run by run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgcn.evaluation.rows import Paired, paired
from edgcn.experiments.open_sets_plan import (
    COLUMNS,
    LINES,
    METHOD,
    METHODS,
    OURS,
    OVER_RANDOM,
    OVER_RIVAL,
    RANDOM,
    RIVALS,
    STRONGEST,
    Of,
)
from edgcn.experiments.summary import Cell, Score, cell_of, points

Board = Mapping[tuple[str, str], Sequence[Score]]  # by set and column


def board_of(scores: Sequence[Score]) -> Board:
    """All scores by set and column, the columns of strongest probes among them."""
    board: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        board.setdefault((set_of(score), column_of(score)), []).append(score)
    for name in dict.fromkeys([name for name, _ in board]):
        for column, probes in STRONGEST.items():
            found = [score for probe in probes for score in board.get((name, probe), ())]
            if found:
                board[name, column] = strongest(found)
    return board


def set_of(score: Score) -> str:
    """The set that a score is on, by name."""
    return Path(score.data["store"]).name


def column_of(score: Score) -> str:
    """The column of a probe: its protocol, whether it whitens, and whether labels are few."""
    settings = score.data.get("protocol_settings", {})
    tenth = settings.get("finetune_share", 1.0) < 1
    whitened = "-whitened" if settings.get("whiten") else ""
    return f"{score.data['protocol']}{whitened}{'-tenth' if tenth else ''}"


def strongest(scores: Sequence[Score]) -> list[Score]:
    """Of each run's row by several probes, the one that is best on held-out training subjects.

    The first of equal ones, as of rows that learn nothing and so were held out nothing.
    """
    best: dict[tuple[str, int, str], Score] = {}
    for score in scores:
        key = score.job.key, score.seed, score.row.kind
        if judged(score) > judged(best.setdefault(key, score)):
            best[key] = score
    return [*best.values()]


def judged(score: Score) -> float:
    """The share of held-out training clips that was right; -1 where none were held out."""
    return -1.0 if score.row.held_out is None else score.row.held_out


def cell(board: Board, name: str, of: Of, column: str) -> Cell | None:
    """A set's score in a column; None where it was not run."""
    method, kinds = of
    return cell_of([
        score
        for score in board.get((name, column), ())
        if score.row.kind in kinds and method in (None, score.job.cells["method"])
    ])  # fmt: skip


def rival(board: Board, name: str, column: str, method: str) -> str | None:
    """The row that is not ours and scores most on a set, in a column; None without any.

    Weights that learned from none of the set's clips have one more: `best`, learned from them.
    """
    own = [METHODS["best"].title] if METHODS[method].learns == "nothing" else []
    cells = {line: cell(board, name, LINES[line], column) for line in [*RIVALS, *own]}
    means = {line: found.mean.main for line, found in cells.items() if found is not None}
    return max(means, key=lambda line: means[line]) if means else None


@dataclass(frozen=True)
class Difference:
    """How far a row of ours is from another, on one set, in one column.

    Args:
        method, other: the lines.
        against: what the other one is, OVER_RIVAL or OVER_RANDOM.
    """

    method: str
    name: str
    column: str
    against: str
    other: str
    paired: Paired

    def record(self) -> dict[str, Any]:
        """A line of differences.csv, in fractions."""
        low, high = self.paired.interval or (None, None)
        return {
            "method": self.method,
            "set": self.name,
            "column": self.column,
            "against": self.against,
            "other": self.other,
            "difference": self.paired.mean,
            "low": low,
            "high": high,
            "seeds": [*self.paired.seeds],
        }


def differences(board: Board, sets: Sequence[str]) -> Iterator[Difference]:
    """Of each row of ours from the strongest rival, and from its encoder before training.

    Rows whose encoder has learned from people who are tested are left out.
    """
    for name in sets:
        for column in COLUMNS:
            for title, method in OURS.items():
                strong = rival(board, name, column, method)
                after = cell(board, name, (method, METHOD), column)
                if after is None or after.mean.learned:
                    continue
                others: list[tuple[str, str, Of]] = []
                if strong is not None:
                    others.append((OVER_RIVAL, strong, LINES[strong]))
                others.append((OVER_RANDOM, "random encoder", (method, RANDOM)))
                for against, other, of in others:
                    before = cell(board, name, of, column)
                    found = paired(before.rows, after.rows) if before else None
                    if found is not None:
                        yield Difference(title, name, column, against, other, found)


def with_interval(found: Paired) -> str:
    """`+2.6 (-1.0 to +6.1)`, in points; without the interval where there is none."""
    ends = "" if found.interval is None else f" ({' to '.join(map(points, found.interval))})"
    return f"{points(found.mean)}{ends}"
