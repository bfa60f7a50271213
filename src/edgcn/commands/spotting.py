"""`edgcn evaluate --protocol spotting`: events found in whole recordings, beside the baselines.

model + store -> a spotter learned on the training recordings -> events of the test recordings ->
    all scores of them, and of what is found without an encoder or without its learning
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PositiveInt

from edgcn.annotations.events import Event, events
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.base.files import new_folder, write_json
from edgcn.base.progress import Say, track
from edgcn.base.words import count
from edgcn.commands.adapted import choose_device, read_as
from edgcn.commands.results import RESULTS, Results
from edgcn.evaluation.event_table import by_chance, event_table, precision_recall
from edgcn.evaluation.rows import Kind, Row
from edgcn.evaluation.subsets import shots_label, some_shots
from edgcn.evaluation.trial import Outcome, Trial
from edgcn.inference.bursts import bursts, threshold
from edgcn.inference.dense import Coordinates, Reading, reading_of
from edgcn.inference.examples import Example, examples_of
from edgcn.inference.learn import learn
from edgcn.inference.recognizer import Recognizer, resolve
from edgcn.inference.spot import Found, Spotter, spot, sure
from edgcn.reports.spotting import curves, timelines
from edgcn.runs import environment
from edgcn.store import Selection, Store, open_store
from edgcn.store.learned import overlap

SHOWN = 2  # recordings in the figure of timelines
APART = ("onset_error", "false_rate")  # no fractions: in results.json beside the rows


def spotting(trial: Trial, *, shots: tuple[PositiveInt, ...] = ()) -> Outcome:
    """Events found in whole recordings: event F1, mAP, kappa and others, beside the baselines.

    Args:
        shots: Annotated examples per class to learn from; by default all that train.
    """
    raise AssertionError("spotting reads recordings, no clips")  # settings are read off it


@dataclass(frozen=True)
class Sides:
    """Recordings that train and that test.

    Args:
        train: clips of the training recordings.
        tests: rows of the recordings that test.
        note: of the split, where it is not by subject.
    """

    name: str
    train: Selection
    tests: np.ndarray
    note: str = ""


def spotting_of(
    model: Recognizer | str,
    store: Path,
    home: Path,
    *,
    split: str | None,
    settings: dict[str, Any],
    config: dict[str, Any],
    accelerator: str,
    figures: bool,
    overwrite: bool,
    say: Say,
) -> Results:
    """Score a model's features for spotting, written into a folder of `home`.

    Raises:
        EdgcnError: the store has no recordings on one side, or a result is there already.
    """
    recognizer, opened = resolve(model).source(), open_store(store)
    sides = sides_of(opened, split)
    shots, seed = tuple(settings.get("shots") or ()), int(config["seed"])
    parts = [opened.name, sides.name, "spotting", *(f"{n}shots" for n in shots)]
    parts += [config["readout"]] if config.get("readout") else []
    folder = home / re.sub(r"[^\w.-]+", "_", "-".join(parts))
    if folder.exists() and not overwrite:
        raise EdgcnError(f"{folder} holds a result already; pass --overwrite to replace it")
    name = str(model.model if isinstance(model, Recognizer) else model)
    embedder = read_as(name, recognizer.embedder(), config["readout"])
    adapting = {"skeleton": config["skeleton"], "depth": config["depth"]}
    embedder, examples = examples_of(opened.clips(), embedder, opened.classes, **adapting)
    by_name = {each.footage.name: each for each in examples}
    names = [str(x) for x in opened.recordings.names[sides.tests]]
    tests = [by_name[name] for name in names if name in by_name]
    truth = [event for each in tests for event in true_events(each, opened.classes)]
    device = choose_device(accelerator)
    random = embedder.untrained(recognizer.provenance_.seed + seed).to(device)
    readings: dict[Kind, tuple[str, Reading]] = {
        "raw": ("raw coordinates", Coordinates(embedder.inputs)),
        "random": ("random encoder", reading_of(random)),
        "method": (recognizer.provenance_.title, reading_of(embedder.to(device))),
    }
    say(
        f"spotting, split {sides.name!r}: {count(len(truth), 'true event')} in "
        f"{count(len(tests), 'test recording')}"
    )
    rows, more, notes, last = list[Row](), {}, [sides.note], list[Event]()
    for amount in shots or (0,):
        chosen = sides.train
        if amount:
            kept = some_shots(chosen.labels[chosen.labels >= 0], amount, seed=seed)
            chosen = chosen.take(np.flatnonzero(chosen.labels >= 0)[kept])
        label = shots_label(amount, {}) if amount else ""
        _, training = examples_of(chosen, recognizer.embedder(), opened.classes, **adapting)
        total = sum(len(each.events) for each in training)
        say(f"learning from {count(total, 'event')} in {count(len(training), 'recording')}")
        for kind, title, found, words in compared(readings, training, tests, opened.classes, seed):
            scores = event_table(truth, found, [each.footage.name for each in tests])
            more[f"{title} {label}".strip()] = {key: scores.pop(key) for key in APART}
            scores = {key: value for key, value in scores.items() if np.isfinite(value)}
            learned = overlap(recognizer.provenance_.pretrained, *tested(opened, sides)).short()
            rows.append(
                Row(kind, title, scores, len(truth), labels=label, amount=float(amount),
                    n_labels=total, learned=learned if kind == "method" else "")
            )  # fmt: skip
            notes += words
            last = found if kind == "method" else last
            say(line_of(rows[-1]))
    found_overlap = overlap(recognizer.provenance_.pretrained, *tested(opened, sides)).text()
    notes = list(dict.fromkeys(x for x in (*notes, found_overlap, opened.note) if x))
    for note in notes:
        say(f"note: {note}")
    data = {
        "rows": [row.to_dict() for row in rows],
        "protocol": "spotting",
        "protocol_settings": {"shots": list(shots)},
        "readout": embedder.readout,
        "split": sides.name,
        "store": str(opened.path),
        "store_fingerprint": opened.fingerprint,
        "title": recognizer.provenance_.title,
        "model": {"name": name, "title": recognizer.provenance_.title,
                  "seed": recognizer.provenance_.seed, "digest": embedder.digest(),
                  "config": dict(recognizer.provenance_.config)},
        "notes": notes,
        "overlap_text": found_overlap,
        "seed": seed,
        "config": config,
        "classes": list(opened.classes),
        "beside": more,
        **environment(),
    }  # fmt: skip
    with new_folder(folder, overwrite=overwrite, marker=RESULTS, what="result") as made:
        write_json(made / RESULTS, data)
        for file, table in (("found.csv", last), ("truth.csv", truth)):
            write_events(events(table, recordings=names), made / file)
        if figures:
            points = {
                label: precision_recall(
                    [x for x in truth if label in ("all", x.label)],
                    [x for x in last if label in ("all", x.label)], 0.5,
                )
                for label in ("all", *opened.classes)
            }  # fmt: skip
            curves(points, made / "precision-recall.png")
            timelines(shown(tests[:SHOWN], truth, last), opened.classes, made / "timelines.png")
    return Results(tuple(rows), folder, data)


def compared(
    readings: dict[Kind, tuple[str, Reading]],
    training: Sequence[Example],
    tests: Sequence[Example],
    classes: Sequence[str],
    seed: int,
) -> Iterator[tuple[Kind, str, list[Event], tuple[str, ...]]]:
    """What each method finds in the test recordings, baselines first."""
    yield "nothing", "nothing found", [], ()
    known = [event for each in training for event in true_events(each, classes)]
    minutes = sum(each.footage.seconds for each in training) / 60
    seconds = {each.footage.name: each.footage.seconds for each in tests}
    yield "chance", "events at random", by_chance(known, minutes, seconds, seed=seed), ()
    for kind, (title, reading) in readings.items():
        learnt = learn(reading, training, classes=len(classes), seed=seed)
        spotter, found, moving = learnt.spotter, list[Event](), list[Event]()
        least = threshold(reading, training) if kind == "method" else 0.0
        for each in track(tests, len(tests), label=f"spotting, {title}", unit="recordings"):
            told, _ = sure(spot(reading, each.footage, spotter), spotter)
            found += found_events(each, told, spotter, classes)
            if kind == "method":
                cut = bursts(reading, each.footage, spotter, least)
                moving += found_events(each, cut, spotter, classes)
        if kind == "method":
            yield "bursts", "bursts of motion", moving, ()
        yield kind, title, found, tuple(f"{title}: {note}" for note in learnt.notes)


def sides_of(store: Store, split: str | None) -> Sides:
    """Who trains and who tests; by recording where no subject is given."""
    clips = store.clips()
    named = set(clips.subjects.tolist()) - {""}
    if split is None and not store.rules and len(named) < 2:
        numbers = [sha256(str(name).encode()).digest()[0] % 3 for name in store.recordings.names]
        test = np.array(numbers) == 0
        note = "no subjects are given: split by recording, and a person may be on both sides"
        name = "recording"
    else:
        made = clips.split(split)
        train, test = store.sides(split)
        name, note = made.name, made.warning
        if not train.any():
            raise EdgcnError(f"split {name!r} leaves no recording to learn from; choose another")
    own = clips.take(np.flatnonzero(~test[clips.recordings] & (clips.labels >= 0)))
    tests = np.flatnonzero(test)
    if not len(own) or not len(tests):
        raise EdgcnError(f"split {name!r} leaves one side of {store.path} without recordings")
    return Sides(name, own, tests, note)


def tested(store: Store, sides: Sides) -> tuple[Selection, np.ndarray]:
    """The clips of the test recordings."""
    clips = store.clips()
    return clips, np.flatnonzero(np.isin(clips.recordings, sides.tests))


def true_events(each: Example, classes: Sequence[str]) -> list[Event]:
    """What is annotated in a recording."""
    return [Event(each.footage.name, classes[k], a, b, subject=each.person)
            for a, b, k in each.events]  # fmt: skip


def found_events(
    each: Example, found: Found, spotter: Spotter, classes: Sequence[str]
) -> list[Event]:
    """What was found in one, with its confidence."""
    confidence = spotter.confidence(found.probabilities).tolist()
    columns = (found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), confidence)
    return [
        Event(each.footage.name, classes[k], a, b, subject=each.person, score=score,
              status="suggested")
        for a, b, k, score in zip(*columns, strict=True)
    ]  # fmt: skip


def shown(
    tests: Sequence[Example], truth: Sequence[Event], found: Sequence[Event]
) -> list[tuple[str, float, list[Event], list[Event]]]:
    """Name, seconds, true and found events of some recordings."""
    return [
        (name, each.footage.seconds, *([x for x in rows if x.recording == name]
                                       for rows in (truth, found)))
        for each in tests
        for name in [each.footage.name]
    ]  # fmt: skip


def line_of(row: Row) -> str:
    """A row as it is said."""
    scores = " ".join(
        f"{name} {row.scores[name]:.2f}" for name in ("f1_30", "f1_50", "map_50", "kappa")
        if name in row.scores
    )  # fmt: skip
    return f"  {row.name}{f', {row.labels}' if row.labels else ''}: {scores}"
