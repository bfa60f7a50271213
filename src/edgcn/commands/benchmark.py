"""`edgcn agree TRUTH FOUND --protocol NAME`: what a benchmark prints of a file of predictions.

true and found events of the recordings that test -> the scores of the published code, beside ours
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgcn.annotations.events import Events, stem
from edgcn.annotations.formats import FORMATS, files_in, format_of, read_events
from edgcn.base.errors import EdgcnError
from edgcn.base.parts import settings_of
from edgcn.base.progress import Say
from edgcn.base.words import LISTED, count, named
from edgcn.evaluation.event_table import event_table
from edgcn.evaluation.online import ONLINE, Published
from edgcn.reports.tables import HEADINGS, text_table

BESIDE = ("f1_10", "f1_30", "f1_50", "precision", "recall", "frame_f1")  # of `event_table`
WORDS = {
    "f1_10": "event F1 at IoU 0.1 %", "f1_50": "event F1 at IoU 0.5 %",
    "precision": "precision at IoU 0.5 %", "recall": "recall at IoU 0.5 %",
    "body_map_mean": "mean of 0.1 to 0.9, parts %", "map_of_both": "mean of both %",
    **{f"map_{x}": f"mAP at IoU 0.{x // 10} %" for x in range(10, 100, 10)},
    **{f"body_map_{x}": f"mAP at IoU 0.{x // 10}, parts %" for x in range(10, 100, 10)},
}  # fmt: skip


def read_sides(
    paths: Sequence[Path], options: Mapping[str, str], protocol: str | None
) -> list[Events]:
    """The events of each path; an option goes to those that have files with such an option.

    Args:
        protocol: whose classes are the numbers of prediction files.

    Raises:
        EdgcnError: no file has an option of this name.
    """
    formats = [{format_of(file) for file in files_in(path)} for path in paths]
    known = [
        {name for key in keys if (read := FORMATS[key].read) for name in settings_of(read)}
        for keys in formats
    ]
    if unused := sorted(options.keys() - set().union(*known)):
        raise EdgcnError(f"none of these files is read with {unused[0]}; leave it out")
    made = []
    for path, own, keys in zip(paths, known, formats, strict=True):
        settings = {name: value for name, value in options.items() if name in own}
        if protocol == "smg-online" and "prediction" in keys:
            settings.setdefault("classes", "smg")
        made.append(read_events([path], settings=settings))
    return made


def benchmark(protocol: str, truth: Events, found: Events, say: Say) -> dict[str, float]:
    """Print the scores of found events against true ones; returns them.

    A true recording without found events counts as one where nothing was found.

    Raises:
        EdgcnError: no such benchmark, or nothing that tests.
    """
    published = ONLINE[protocol]
    names = {stem(name): name for name in truth.recordings}
    renamed = [replace(row, recording=names.get(stem(row.recording), row.recording))
               for row in found.rows if row.status != "rejected"]  # fmt: skip
    covered = {names.get(stem(name), name) for name in found.recordings}
    tests = tested(published, truth, covered, say)
    a = [row for row in truth.rows if row.recording in tests and row.status != "rejected"]
    b = [row for row in renamed if row.recording in tests]
    if others := sorted(covered - set(tests)):
        say(f"left out, found in recordings that do not test: {named(others, most=LISTED)}")
    if bare := [name for name in tests if name not in covered]:
        say(f"nothing found, all missed: {named(bare, most=LISTED)}")
    for rows, whose in ((a, "the truth"), (b, "what was found")):
        strange = sorted({row.label for row in rows} - set(published.classes))
        if strange and published.classes:
            raise EdgcnError(
                f"{whose} has labels that are none of the {len(published.classes)} classes of "
                f"{published.title}: {named(strange, most=LISTED)}; are these its files?"
            )
    scores = published.scores(a, b, rates(published, tests, truth))
    ours = event_table(a, b, tests)
    scores = {**scores, **{key: ours[key] for key in BESIDE if key not in scores}}
    say(
        f"{published.title}: {count(len(a), 'true event')} and {count(len(b), 'found event')} in "
        f"{count(len(tests), 'recording')}; {published.left_open}"
    )
    lines = [{"benchmark": WORDS.get(key, HEADINGS.get(key, key)), "%": value}
             for key, value in scores.items()]  # fmt: skip
    say(text_table(lines, ("benchmark", "%")))
    return scores


def tested(published: Published, truth: Events, covered: set[str], say: Say) -> tuple[str, ...]:
    """The recordings that test as published; others count if something is found in them."""
    people = {row.recording: row.subject for row in truth.rows if row.subject}
    known = {name: published.tests(name, people.get(name, "")) for name in truth.recordings}
    wanted = tuple(name for name, tests in known.items() if tests is not False or name in covered)
    also = [name for name in wanted if known[name] is False]
    if also:
        say(f"recordings that train as published, counted: {named(also, most=LISTED)}")
    if out := sum(name not in wanted for name in known):
        say(f"left out: {count(out, 'recording')} that train as published")
    if not wanted:
        raise EdgcnError("the truth has no recordings that test")
    tests = sum(bool(known[name]) for name in wanted)
    if tests < published.sizes:
        say(f"{tests} of the {published.sizes} recordings that test as published: these scores "
            f"are none of the benchmark")  # fmt: skip
    return wanted


def rates(published: Published, names: Sequence[str], truth: Events) -> dict[str, float]:
    """Frames a second of each recording, in which the kit counts."""
    own = {name: media.fps for name, media in truth.media.items()}
    return {name: own.get(name) or published.fps for name in names}


def at_one_rate(a: Events, b: Events) -> tuple[Events, Events, list[str]]:
    """Both sides' frames at the rate that one of them knows; and what was done.

    A prediction file counts frames and has no rate: that of its data set is assumed, and may not be
    that of a recording.
    """
    known = [{stem(n): m.fps for n, m in t.media.items() if m.fps and not m.assumed}
             for t in (a, b)]  # fmt: skip
    made, notes = list[Events](), list[str]()
    for side, table, others in zip("AB", (a, b), known[::-1], strict=True):
        factors = {
            name: media.fps / others[stem(name)]
            for name, media in table.media.items()
            if media.assumed and media.fps and others.get(stem(name), media.fps) != media.fps
        }
        if factors:
            other = "BA"["AB".index(side)]
            notes.append(
                f"frames of {side} are taken at {other}'s rate, which its files do not say: "
                f"{named(sorted(factors), most=LISTED)}"
            )
        rows = tuple(
            replace(row, start=row.start * factor, end=row.end * factor)
            for row in table.rows
            for factor in [factors.get(row.recording, 1.0)]
        )
        made.append(replace(table, rows=rows))
    return made[0], made[1], notes
