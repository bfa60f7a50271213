"""The second half of the demo: interviews, a tenth of them coded, gestures found in all the others.

synthetic interviews -> store; events of a tenth -> coded.csv -> spotters of the released weights
and of the baselines -> events of the rest -> a table, and timeline.html: found beside the truth
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgcn.annotations.events import Event, Events
from edgcn.annotations.formats import write_events
from edgcn.base.progress import Say
from edgcn.commands.convert import events_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.timeline import draw_timeline
from edgcn.evaluation.event_errors import judged
from edgcn.evaluation.event_table import RIGHT, by_chance, event_table
from edgcn.evaluation.rows import NAMES, Kind, Row
from edgcn.experiments.runner import silent
from edgcn.inference.dense import Coordinates, Reading, reading_of
from edgcn.inference.examples import examples_of
from edgcn.inference.footage import of_store
from edgcn.inference.learn import learn
from edgcn.inference.recognizer import Recognizer
from edgcn.inference.watch import watch
from edgcn.reports.tables import results_table
from edgcn.store import Selection, Store

SHARE = 0.1  # of the interviews, which somebody has coded
MODEL = "edgcn-s"
TIMELINE = "timeline.html"
SHOWN = ("f1_30", "f1_50", "map_50", "frame_f1", "calibration_error")


def coded_of(store: Store, share: float = SHARE) -> tuple[Events, Events]:
    """All events of some interviews of training people, of one at least; and of all the others."""
    train, _ = store.sides()
    names = store.recordings.names[train].tolist()[: max(1, round(share * len(store.recordings)))]
    every = events_of(store)
    coded = tuple(row for row in every.rows if row.recording in names)
    rest = tuple(row for row in every.rows if row.recording not in names)
    others = tuple(name for name in every.recordings if name not in names)
    return (
        replace(every, rows=coded, recordings=tuple(names)),
        replace(every, rows=rest, recordings=others),
    )


def compared(
    model: Recognizer, learning: Selection, coded: Events, rest: Events, seed: int
) -> Iterator[tuple[Row, Events]]:
    """What the baselines find, then what the model finds."""
    classes = [str(name) for name in model.classes_of()]
    embedder, training = examples_of(learning, model.embedder(), classes)
    seen = [each for each in of_store(learning.store, model.embedder())[1].values()
            if each.footage.name in rest.recordings]  # fmt: skip
    seconds = {each.footage.name: each.footage.seconds for each in seen}
    minutes = sum(each.footage.seconds for each in training) / 60
    chance = by_chance(coded.rows, minutes, seconds, seed=seed)
    guesses: list[tuple[Kind, str, Sequence[Event]]] = [
        ("nothing", NAMES["nothing"], ()),
        ("chance", "events at random", chance),
    ]
    for kind, title, guessed in guesses:
        guess = replace(rest, rows=tuple(guessed))
        yield row_of(kind, title, rest, guess), guess
    readings: list[tuple[Kind, str, Reading]] = [
        ("raw", NAMES["raw"], Coordinates(embedder.inputs)),
        ("random", NAMES["random"], reading_of(embedder.untrained(seed))),
        ("method", model.provenance_.title, reading_of(embedder)),
    ]
    for kind, title, reading in readings:
        if kind == "method":
            spotter = model.spotter()
        else:
            spotter = learn(reading, training, classes=len(classes), seed=seed).spotter
        found = watch(reading, spotter, classes, seen, by=MODEL, label=f"     {title}")
        yield row_of(kind, title, rest, found), found


def row_of(kind: Kind, title: str, truth: Events, found: Events) -> Row:
    """The scores of what was found."""
    scores = event_table(truth.rows, found.rows, truth.recordings)
    shown = {name: scores[name] for name in SHOWN if np.isfinite(scores[name])}
    return Row(kind, title, shown, len(truth))


def interviews(
    out: Path, *, count: int, minutes: float, subjects: int, seed: int, say: Say
) -> Path:
    """Make interviews, code some, find the gestures of the others; returns the timeline's path."""
    options = {"interviews": count, "minutes": minutes, "subjects": subjects, "seed": seed}
    texts = {name: str(value) for name, value in options.items()}
    store = prepare(PrepareConfig(reader="synthetic", out=out / "store", options=texts), say=silent)
    coded, rest = coded_of(store)
    write_events(coded, out / "coded.csv")
    say(
        f"     {len(coded)} gestures in {len(coded.recordings)} of {len(store.recordings)} "
        f"interviews are coded, as if by hand: {out / 'coded.csv'}"
    )
    clips = store.clips()
    names = store.recordings.names[clips.recordings]
    learning = clips.take(np.flatnonzero(np.isin(names, coded.recordings)))
    model = Recognizer(MODEL).fit(learning).fit_spotter(learning, seed=seed)
    model.save(out / "interviews.edgcn")
    rows, found = list[Row](), rest
    for row, table in compared(model, learning, coded, rest, seed):
        rows.append(row)
        found = table
    write_events(found, out / "found.csv")
    say(results_table(rows, protocol="spotting"))
    for note in model.spotter_notes_:
        say(f"note: {note}")
    return draw_timeline(
        out / TIMELINE,
        store,
        found,
        rest,
        every=judged(rest.rows, found.rows, least=RIGHT),
        title="edgcn demo: gestures found in interviews, beside the truth",
    )
