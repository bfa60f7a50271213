"""`edgcn agree`: two coders, a coder and a machine, or a machine and two coders.

annotation files or folders -> kappa, event F1, onset differences; by label, subject, confidence
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from edgcn.annotations.events import Event, Events, bounded, stem
from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.spelling import alike
from edgcn.base.words import LISTED, named
from edgcn.base.words import count as counted
from edgcn.commands.benchmark import at_one_rate, benchmark, read_sides
from edgcn.commands.events import finite, in_words
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.evaluation.agreement import Agreement, agreement, by_label
from edgcn.evaluation.event_scores import event_counts, onset_errors
from edgcn.reports.confidence import Curve, confidence_plot
from edgcn.reports.exports import csv_table
from edgcn.reports.plots import confusion_matrix_plot
from edgcn.reports.tables import text_table

IOUS = (0.1, 0.3, 0.5)
CONFIDENCES = (0.25, 0.5, 0.75)  # of suggestions: rows of their own
STEPS = tuple(round(0.1 * step, 1) for step in range(10))  # of the figure
COLUMNS = {
    "of": "of", "a": "events A", "b": "events B", "linked": "linked", "raw": "raw agreement %",
    "kappa": "kappa", "kappa_linked": "kappa of the linked",
    **{f"f1_{least}": f"event F1 at IoU {least} %" for least in IOUS},
    "onset": "onset B - A, s (median)",
}  # fmt: skip


class AgreeConfig(Config, coerce_numbers_to_str=True):
    """Compare the annotations of two coders, of a coder and a machine, or of all three."""

    a: Annotated[Path, POSITIONAL]
    """File or folder of the first coder, or the truth."""
    b: Annotated[Path, POSITIONAL]
    """File or folder of the second coder, or of a machine."""
    protocol: Literal["smg-online", "imigue-online", "mma82-detection"] | None = None
    """Benchmark whose scores of B against the truth A are printed, too."""
    machine: Path | None = None
    """File or folder of a machine's suggestions, where A and B are two coders: it is compared with
    each of them at several confidences, beside what they reach with each other."""
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Share of the longer of two events that they must have in common to be linked (EasyDIAg)."""
    options: dict[str, str] = Field(default={})
    """Options of reading as NAME VALUE pairs, as `edgcn convert --help` has them."""
    out: Path | None = None
    """Folder for the tables as CSV, the confusion as a picture and, where there are confidences,
    agreement over confidence."""


def command(config: AgreeConfig) -> str:
    """Compare, and say where the tables are."""
    agree(config)
    if config.out is None:
        return "next: the same command with --out FOLDER writes tables and a picture"
    files = [name for name in FILES if (config.out / name).exists()]
    return f"wrote {config.out}/{', '.join(files)}"


FILES = ("agreement.csv", "confusion.csv", "confusion.png", "confidence.png")


def agree(config: AgreeConfig, *, say: Say = tell) -> Agreement:
    """Print the tables of two coders; returns the agreement of all events."""
    paths = [config.a, config.b, *([config.machine] if config.machine else [])]
    read = read_sides(paths, config.options, config.protocol)
    a, b, rates = at_one_rate(bounded(read[0], {}), bounded(read[1], {}))
    notes = [*a.notes, *b.notes, *rates]
    if config.protocol:
        for line in notes:
            say(line)
        notes = []
        benchmark(config.protocol, a, b, say)
    a, b, names = common(a, b, notes)
    say(
        f"{counted(len(names), 'recording')} of both; events are linked if they share "
        f"{config.overlap:.0%} of the longer one"
    )
    for line in notes:
        say(line)
    whole = agreement(a.rows, b.rows, config.overlap)
    rows = list(rows_of(a, b, config.overlap, whole))
    curves: dict[str, Curve] = {}
    if config.machine is not None:
        machine = read[2]
        for line in machine.notes:
            say(line)
        for name, coder in (("A", a), ("B", b)):
            left: list[str] = []
            ours, theirs, _ = common(coder, machine, left)
            for line in left:
                say(f"{name} and, as B, the machine: {line}")
            rows += with_machine(name, ours, theirs, config.overlap)
            curves[name] = curve(ours, theirs, config.overlap)
    elif any(row.score is not None for row in b.rows):
        curves["A"] = curve(a, b, config.overlap)
    digits = {"raw": 1, "onset": 3} | {f"f1_{least}": 1 for least in IOUS}
    headed = [
        {COLUMNS[k]: in_words(value, digits.get(k, 2)) for k, value in row.items()} for row in rows
    ]
    say(text_table(headed, tuple(COLUMNS.values())))
    if config.out is not None:
        save(config.out, rows, whole)
        if curves:
            coders = (finite(whole.kappa), event_counts(a.rows, b.rows, IOUS[-1]).f1)
            confidence_plot(
                curves, config.out / FILES[-1], coders=coders if config.machine else None
            )
    return whole


def sure(table: Events, least: float) -> list[Event]:
    """The events from a confidence on; those without one are always among them."""
    return [row for row in table.rows if row.score is None or row.score >= least]


def with_machine(
    name: str, coder: Events, machine: Events, overlap: float
) -> Iterator[dict[str, Any]]:
    """A row for each confidence, of one coder and the machine."""
    for least in (0.0, *CONFIDENCES):
        title = f"{name} and machine" + (f" from confidence {least}" if least else "")
        yield row_of(title, coder.rows, sure(machine, least), overlap)


def curve(coder: Events, machine: Events, overlap: float) -> Curve:
    """Kappa and event F1 of the machine's events from each confidence on, as long as there are any.

    The second list is the machine's.
    """
    return [
        (least, finite(agreement(coder.rows, some, overlap).kappa),
         event_counts(coder.rows, some, IOUS[-1]).f1)
        for least in STEPS
        if (some := sure(machine, least))
    ]  # fmt: skip


def common(a: Events, b: Events, notes: list[str]) -> tuple[Events, Events, tuple[str, ...]]:
    """The events of recordings that both have, under one name.

    Two files of one recording each are of the same one, whatever they are called.

    Raises:
        EdgcnError: they have none in common.
    """
    kept = [replace(t, rows=tuple(r for r in t.rows if r.status != "rejected")) for t in (a, b)]
    notes += other_words(*kept)
    if len(a.recordings) == len(b.recordings) == 1:
        name = a.recordings[0]
        if stem(name) != stem(b.recordings[0]):
            notes.append(f"{name!r} of A and {b.recordings[0]!r} of B are taken for one recording")
        kept[1] = _renamed(kept[1], {b.recordings[0]: name})
        return *with_subjects(*kept), (name,)
    plain = {stem(name): name for name in a.recordings}
    known = {n: n if n in a.recordings else plain.get(stem(n), n) for n in b.recordings}
    kept[1] = _renamed(kept[1], known)
    names = tuple(name for name in a.recordings if name in known.values())
    if not names:
        raise EdgcnError(
            f"the two have no recording in common: {named(a.recordings, most=LISTED)}, and "
            f"{named(b.recordings, most=LISTED)}; give both coders' files the recordings' names"
        )
    for which, table in zip("AB", kept, strict=True):
        if lost := [name for name in table.recordings if name not in names]:
            notes.append(f"left out, only in {which}: {named(lost, most=LISTED)}")
    parts = [
        replace(t, rows=tuple(r for r in t.rows if r.recording in names), recordings=names)
        for t in kept
    ]
    return *with_subjects(*parts), names


def other_words(a: Events, b: Events) -> Iterator[str]:
    """What hides agreement: labels that differ in spelling, or of which none is in both."""
    ours, theirs = ({row.label for row in table.rows} for table in (a, b))
    if groups := [" and ".join(map(repr, group)) for group in alike(sorted(ours | theirs))]:
        yield f"labels that differ in spelling only count as others: {named(groups, most=LISTED)}"
    if ours and theirs and not ours & theirs:
        yield "no label is in both: are they of the same list?"


def with_subjects(a: Events, b: Events) -> tuple[Events, Events]:
    """Events without a subject get that of their recording's other events, if it is only one."""
    people: dict[str, set[str]] = {}
    for row in (*a.rows, *b.rows):
        people.setdefault(row.recording, set()).update({row.subject} - {""})
    known = {name: min(own) for name, own in people.items() if len(own) == 1}

    def filled(table: Events) -> Events:
        who = ((row, row.subject or known.get(row.recording, "")) for row in table.rows)
        return replace(table, rows=tuple(replace(row, subject=subject) for row, subject in who))

    return filled(a), filled(b)


def _renamed(table: Events, names: Mapping[str, str]) -> Events:
    rows = tuple(replace(row, recording=names[row.recording]) for row in table.rows)
    return replace(table, rows=rows, recordings=tuple(names[n] for n in table.recordings))


def rows_of(a: Events, b: Events, overlap: float, whole: Agreement) -> Iterator[dict[str, Any]]:
    """A row for all events, each label, each subject, and each confidence of suggestions."""
    yield row_of("all events", a.rows, b.rows, overlap, whole)
    for label, found in by_label(whole).items():
        one, two = ([r for r in rows if r.label == label] for rows in (a.rows, b.rows))
        yield row_of(label, one, two, overlap, found)
    subjects = sorted({row.subject for row in (*a.rows, *b.rows)})
    if len(subjects) > 1:
        for name in subjects:
            one, two = ([r for r in rows if r.subject == name] for rows in (a.rows, b.rows))
            yield row_of(f"subject {name or '(none)'}", one, two, overlap)
    if any(row.score is not None for row in b.rows):
        for least in CONFIDENCES:
            yield row_of(f"B from confidence {least}", a.rows, sure(b, least), overlap)


def row_of(
    of: str,
    a: Sequence[Event],
    b: Sequence[Event],
    overlap: float,
    found: Agreement | None = None,
) -> dict[str, Any]:
    """What two lists of events agree on, as text."""
    found = found or agreement(a, b, overlap)
    errors = onset_errors(a, b)
    return {
        "of": of,
        "a": len(a),
        "b": len(b),
        "linked": found.linked,
        "raw": finite(100 * found.raw),
        "kappa": finite(found.kappa),
        "kappa_linked": finite(found.kappa_linked),
        **{f"f1_{least}": 100 * event_counts(a, b, least).f1 for least in IOUS},
        "onset": float(np.median(errors)) if len(errors) else None,
    }


def save(out: Path, rows: list[dict[str, Any]], found: Agreement) -> None:
    """Write the tables and the picture of the confusion."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EdgcnError(f"cannot write to {out}: {error.strerror}") from error
    write_text(out / "agreement.csv", csv_table(rows, tuple(COLUMNS)))
    names = [label or "no match" for label in found.labels]
    cells = [
        {"A": name, **dict(zip(names, row, strict=True))}
        for name, row in zip(names, found.table.tolist(), strict=True)
    ]
    write_text(out / "confusion.csv", csv_table(cells, ("A", *names)))
    confusion_matrix_plot(
        found.table,
        names,
        out / "confusion.png",
        across_is="coder B",
        down_is="coder A",
        of="pairs and single events",
        alike="alike",
    )
