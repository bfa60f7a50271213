"""Event scores by their definitions, frame by frame or one by one, slowly."""

import numpy as np

from edgcn.annotations.events import Event


def frames_of(rows: list[Event], length: int) -> list[str]:
    """The label of each frame of one recording at one frame a second; "" is background."""
    labels = [""] * length
    for row in rows:
        labels[int(row.start) : int(row.end)] = [row.label] * int(row.end - row.start)
    return labels


def segments_of(labels: list[str]) -> list[tuple[str, int, int]]:
    """Runs of one label, without background."""
    found, start = [], 0
    for stop in range(1, len(labels) + 1):
        if stop == len(labels) or labels[stop] != labels[start]:
            if labels[start]:
                found.append((labels[start], start, stop))
            start = stop
    return found


def f1_at(truth: list[str], found: list[str], overlap: float) -> tuple[int, int, int]:
    """True and false positives and misses as MS-TCN counts them in one recording."""
    true, pred = segments_of(truth), segments_of(found)
    hits, right, wrong = np.zeros(len(true)), 0, 0
    for label, start, stop in pred:
        ious = [
            max(0, min(stop, e) - max(start, s)) / (max(stop, e) - min(start, s)) * (name == label)
            for name, s, e in true
        ]
        best = int(np.argmax(ious)) if ious else -1
        if best >= 0 and ious[best] >= overlap and ious[best] > 0 and not hits[best]:
            right, hits[best] = right + 1, 1
        else:
            wrong += 1
    return right, wrong, int(len(true) - hits.sum())


def edit(truth: list[str], found: list[str]) -> float:
    """1 - Levenshtein distance / the longer order, by the whole table of it."""
    a, b = ([label for label, _, _ in segments_of(labels)] for labels in (truth, found))
    table = np.zeros((len(a) + 1, len(b) + 1))
    table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1,
                table[i, j - 1] + 1,
                table[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
            )
    return 1 - table[-1, -1] / max(len(a), len(b)) if a or b else 1.0


def average_precision(truth: list[Event], found: list[Event], least: float) -> float:
    """Of one label, ActivityNet's way: the interpolated curve as a sum over recall's steps."""
    free = list(truth)
    marks = []
    for row in sorted(found, key=lambda r: -(r.score or 0)):

        def overlap(t: Event, row: Event = row) -> float:
            shared = max(0.0, min(t.end, row.end) - max(t.start, row.start))
            return shared / (max(t.end, row.end) - min(t.start, row.start))

        near = [t for t in free if t.recording == row.recording and overlap(t) >= least]
        marks.append(bool(near))
        if near:
            free.remove(max(near, key=overlap))
    total, area = len(truth), 0.0
    curve = []
    for n in range(1, len(marks) + 1):
        hits = sum(marks[:n])
        curve.append((hits / total, hits / n))
    last = 0.0
    for index, (recall, _) in enumerate(curve):
        if recall > last:
            area += (recall - last) * max(p for _, p in curve[index:])
            last = recall
    return area


def cohen(table: np.ndarray) -> float:
    """Cohen's kappa by its formula."""
    total = table.sum()
    observed = np.trace(table) / total
    chance = sum(table[i].sum() * table[:, i].sum() for i in range(len(table))) / total**2
    return float((observed - chance) / (1 - chance))


def easydiag(pairs: list[tuple[str, str]], only_a: list[str], only_b: list[str]) -> list[float]:
    """Kappa, kappa of the linked, raw agreement: every coder's event is one row, so that a linked
    pair stands twice; chance by fitting ones, but no row that neither coder has, to the sums.
    """
    rows = [*pairs, *pairs, *((x, "") for x in only_a), *(("", x) for x in only_b)]
    names = [*sorted({x for row in rows for x in row} - {""}), ""]
    table = [[float(rows.count((x, y))) for y in names] for x in names]
    chance = [[0.0 if x == y == "" else 1.0 for y in names] for x in names]
    size = range(len(names))
    for _ in range(500):
        for i in size:
            have = sum(chance[i])
            chance[i] = [c * sum(table[i]) / have if have else 0.0 for c in chance[i]]
        for j in size:
            have, want = sum(chance[i][j] for i in size), sum(table[i][j] for i in size)
            for i in size:
                chance[i][j] *= want / have if have else 0.0
    agreed = sum(x == y for x, y in rows) / len(rows)
    likely = sum(chance[i][i] for i in size) / len(rows)
    linked = np.array([[pairs.count((x, y)) for y in names[:-1]] for x in names[:-1]])
    return [(agreed - likely) / (1 - likely), cohen(linked), agreed]


def against_the_rest(
    label: str, pairs: list[tuple[str, str]], only_a: list[str], only_b: list[str]
) -> float:
    """Cohen's kappa of one label in the rows of `easydiag`: this label, or anything else."""
    rows = [*pairs, *pairs, *((x, "") for x in only_a), *(("", x) for x in only_b)]
    said = [(x == label, y == label) for x, y in rows]
    return cohen(np.array([[said.count((x, y)) for y in (True, False)] for x in (True, False)]))


def kit(
    truth: list[tuple[str, int, int, int]], found: list[tuple[str, int, int, int]]
) -> list[float]:
    """Precision, recall, F1 of SMG's kit: rows of recording, class, first and last frame."""
    right = 0
    for name, label, start, end in truth:
        for other, called, begin, stop in found:
            wide = max(end, stop) - min(start, begin)
            shared = min(end, stop) - max(start, begin)
            if (other, called) == (name, label) and wide and shared / wide > 0.3:
                right += 1
                break
    precision, recall = (right / len(rows) if rows else 0.0 for rows in (found, truth))
    both = precision + recall
    return [min(1.0, precision), recall, min(1.0, 2 * precision * recall / both) if both else 0.0]
