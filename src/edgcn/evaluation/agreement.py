"""Agreement of two coders on the same recordings: linked events, kappa with and without the rest.

EasyDIAg (Holle & Rein, Behavior Research Methods 2015, doi:10.3758/s13428-014-0506-7): events of
two coders are linked if they overlap enough; what is linked to nothing is "no match". A linked pair
counts twice, once for each coder's event, as in EasyDIAg, GSEQ-DP and ELAN's modified kappa.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from edgcn.annotations.events import Event

NO_MATCH = ""  # the label of what the other coder does not have
ROUNDS = 10_000


@dataclass(frozen=True)
class Agreement:
    """What two coders agree on.

    Args:
        labels: of the rows and columns of `table`; the last one is "no match".
        table: how often the first coder's label met the second one's; a linked pair once.
        kappa: Cohen's kappa of all events, those without a match among them.
        kappa_linked: of the linked ones alone: agreement on what, not on whether.
        raw: share of both coders' events that agree.
        linked: pairs of linked events, of one label those that have it on either side.
    """

    labels: tuple[str, ...]
    table: Int[np.ndarray, "labels labels"]
    kappa: float
    kappa_linked: float
    raw: float
    linked: int


def links(a: Sequence[Event], b: Sequence[Event], least: float = 0.6) -> list[tuple[int, int]]:
    """Events of two coders that are linked, whatever their labels; each at most once.

    Two events are linked if what they share is at least `least` of the LONGER one. Those with the
    same label come first, then those that share most (ties: in the order of the rows).
    """
    places: dict[str, list[int]] = {}
    for index, row in enumerate(b):
        places.setdefault(row.recording, []).append(index)
    pairs = []
    for i, row in enumerate(a):
        for j in places.get(row.recording, ()):
            other = b[j]
            shared = min(row.end, other.end) - max(row.start, other.start)
            longer = max(row.end - row.start, other.end - other.start)
            if longer > 0 and shared >= least * longer and shared > 0:
                pairs.append((row.label != other.label, -shared / longer, i, j))
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for _, _, i, j in sorted(pairs):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            chosen.append((i, j))
    return chosen


def agreement(a: Sequence[Event], b: Sequence[Event], least: float = 0.6) -> Agreement:
    """The table of two coders and what follows from it."""
    labels = (*sorted({row.label for row in (*a, *b)}), NO_MATCH)
    number = {label: index for index, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    linked = links(a, b, least)
    for i, j in linked:
        table[number[a[i].label], number[b[j].label]] += 1
    for i in set(range(len(a))) - {i for i, _ in linked}:
        table[number[a[i].label], -1] += 1
    for j in set(range(len(b))) - {j for _, j in linked}:
        table[-1, number[b[j].label]] += 1
    return Agreement(labels, table, *_kappas(table), len(linked))


def _kappas(table: Int[np.ndarray, "k k"]) -> tuple[float, float, float]:
    """Kappa of all events, kappa of the linked ones, raw agreement; the last label is no match."""
    twice, pairs = table.copy(), table[:-1, :-1]
    twice[:-1, :-1] *= 2
    return (
        kappa_of(twice, expected(twice, empty_corner=True)),
        kappa_of(pairs, expected(pairs, empty_corner=False)),
        float(np.trace(twice) / twice.sum()) if twice.any() else float("nan"),
    )


def by_label(found: Agreement) -> dict[str, Agreement]:
    """Agreement on each label against everything else, no match included: tables of two by two."""
    return {label: _one(found, index) for index, label in enumerate(found.labels[:-1])}


def _one(found: Agreement, index: int) -> Agreement:
    """This label, and all else."""
    groups = np.ones(len(found.labels), dtype=int)
    groups[index] = 0
    twice, linked = found.table.copy(), found.table[:-1, :-1]
    twice[:-1, :-1] *= 2
    table, pairs = np.zeros((2, 2), dtype=np.int64), np.zeros((2, 2), dtype=np.int64)
    np.add.at(table, (groups[:, None], groups[None, :]), twice)
    np.add.at(pairs, (groups[:-1, None], groups[None, :-1]), linked)
    return Agreement(
        (found.labels[index], "other"),
        table,
        kappa_of(table, expected(table, empty_corner=False)),
        kappa_of(pairs, expected(pairs, empty_corner=False)),
        float(np.trace(table) / table.sum()) if table.any() else float("nan"),
        int(pairs.sum() - pairs[1, 1]),
    )


def kappa_of(table: Int[np.ndarray, "k k"], chance: Float[np.ndarray, "k k"]) -> float:
    """(observed - expected agreement) / (1 - expected agreement); NaN where chance agrees fully."""
    total = table.sum()
    if not total:
        return float("nan")
    observed, by_chance = np.trace(table) / total, np.trace(chance) / total
    return (
        float((observed - by_chance) / (1 - by_chance)) if by_chance < 1 - 1e-12 else float("nan")
    )


def expected(table: Int[np.ndarray, "k k"], *, empty_corner: bool) -> Float[np.ndarray, "k k"]:
    """The table that chance gives with the same sums of rows and columns.

    With `empty_corner` its last cell is 0, because what both coders did not code is no row: found
    by iterative proportional fitting (Deming & Stephan 1940), as EasyDIAg does.
    """
    rows, columns = (table.sum(axis=axis).astype(float) for axis in (1, 0))
    fitted = np.ones(table.shape)
    if not empty_corner:
        return np.outer(rows, columns) / max(1.0, float(table.sum()))
    fitted[-1, -1] = 0.0
    if not table[:-1, :-1].any():  # the sums leave no other table, and fitting nears it forever
        fitted[:-1, :-1] = 0.0
        fitted[-1], fitted[:-1, -1] = columns, rows[:-1]
        fitted[-1, -1] = 0.0
        return fitted
    for _ in range(ROUNDS):
        before = fitted
        fitted = fitted * _ratio(rows, fitted.sum(axis=1))[:, None]
        fitted = fitted * _ratio(columns, fitted.sum(axis=0))
        if np.abs(fitted - before).max() <= 1e-12 * max(1.0, float(table.sum())):
            break
    return fitted


def _ratio(
    wanted: Float[np.ndarray, " k"], have: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    return np.where(have > 0, wanted / np.where(have > 0, have, 1.0), 0.0)
