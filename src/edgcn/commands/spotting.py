"""`edgcn evaluate --protocol spotting`: events found in whole recordings, beside the baselines.

model + store -> a spotter learned on the training recordings -> events of the test recordings ->
    all scores of them, and of what is found without an encoder or without its learning

The published protocols of online recognition (`evaluation/online.py`) are the same on their data
and their split, with the scores that they print.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from edgcn.commands.spotting_sides import Sides, check_data, notes_of, sides_of, tested
from edgcn.evaluation.event_table import by_chance, event_table, precision_recall
from edgcn.evaluation.online import ONLINE
from edgcn.evaluation.rows import Kind, Row
from edgcn.evaluation.subsets import shots_label, some_shots
from edgcn.evaluation.trial import Outcome, Trial
from edgcn.inference.bursts import bursts, threshold
from edgcn.inference.dense import Coordinates, Reading, reading_of
from edgcn.inference.examples import Example, examples_of
from edgcn.inference.learn import learn
from edgcn.inference.recognizer import Recognizer, resolve
from edgcn.inference.spot import Found, Spotter, spot, sure
from edgcn.models.embedder import Embedder
from edgcn.reports.spotting import EVERY, curves, timelines
from edgcn.runs import environment
from edgcn.store import Selection, Store, open_store
from edgcn.store.learned import overlap

SHOWN = 2  # recordings in the figure of timelines
APART = ("onset_error", "false_rate")  # no fractions: in results.json beside the rows


def spotting(
    trial: Trial, *, shots: tuple[PositiveInt, ...] = (), beside: tuple[str, ...] = ()
) -> Outcome:
    """Events found in whole recordings: event F1, mAP, kappa and others, beside the baselines.

    Args:
        shots: Annotated examples per class to learn from; by default all that train.
        beside: Other models, a row each: runs, recognizers' files or released weights.
    """
    raise AssertionError("spotting reads recordings, no clips")  # settings are read off it


# `edgcn evaluate --protocol NAME`; the published ones have the settings of `spotting`.
SPOTTING: dict[str, Callable[..., Outcome]] = {"spotting": spotting} | dict.fromkeys(
    ONLINE, spotting
)


@dataclass(frozen=True)
class Method:
    """What reads recordings.

    Args:
        examples: clips -> their recordings, as this reads them.
        tests: the recordings that test.
        learned: which of the tested people it had learned from.
    """

    kind: Kind
    title: str
    reading: Reading
    examples: Callable[[Selection], list[Example]]
    tests: list[Example]
    learned: str = ""


def spotting_of(
    model: Recognizer | str,
    store: Path,
    home: Path,
    *,
    protocol: str = "spotting",
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
        EdgcnError: the store has no recordings on one side, is not of the data of a published
            protocol, or a result is there already.
    """
    recognizer, opened = resolve(model).source(), open_store(store)
    published = ONLINE.get(protocol)
    if published is not None:
        check_data(protocol, published, opened)
        split = split or (published.split if published.split in opened.rules else None)
    sides = sides_of(opened, split)
    shots, seed = tuple(settings.get("shots") or ()), int(config["seed"])
    parts = [opened.name, sides.name, protocol, *(f"{n}shots" for n in shots)]
    parts += [config["readout"]] if config.get("readout") else []
    folder = home / re.sub(r"[^\w.-]+", "_", "-".join(parts))
    if folder.exists() and not overwrite:
        raise EdgcnError(f"{folder} holds a result already; pass --overwrite to replace it")
    name = str(model.model if isinstance(model, Recognizer) else model)
    methods, embedder = methods_of(
        recognizer, name, settings.get("beside") or (), opened, sides, config, accelerator
    )
    tests = methods[-1].tests
    names = [str(x) for x in opened.recordings.names[sides.tests]]
    truth = [event for each in tests for event in true_events(each, opened.classes)]
    fps = {str(n): float(opened.recordings.fps[row])
           for n, row in zip(names, sides.tests, strict=True)}  # fmt: skip
    say(
        f"{protocol}, split {sides.name!r}: {count(len(truth), 'true event')} in "
        f"{count(len(tests), 'test recording')}"
    )
    rows, more, notes, last = list[Row](), {}, [sides.note], list[Event]()
    notes += notes_of(published, len(tests)) if published else []
    for amount in shots or (0,):
        chosen = sides.train
        if amount:
            kept = some_shots(chosen.labels[chosen.labels >= 0], amount, seed=seed)
            chosen = chosen.take(np.flatnonzero(chosen.labels >= 0)[kept])
        label = shots_label(amount, {}) if amount else ""
        total = int((chosen.labels >= 0).sum())
        say(f"learning from {count(total, 'event')}")
        for kind, title, found, words, learned in compared(methods, chosen, opened.classes, seed):
            scores = event_table(truth, found, [each.footage.name for each in tests])
            if published:
                scores |= published.scores(truth, found, fps)
            more[f"{title} {label}".strip()] = {key: scores.pop(key) for key in APART}
            scores = {key: value for key, value in scores.items() if np.isfinite(value)}
            rows.append(
                Row(kind, title, scores, len(truth), labels=label, amount=float(amount),
                    n_labels=total, learned=learned)
            )  # fmt: skip
            notes += words
            last = found if title == methods[-1].title else last
            say(line_of(rows[-1]))
    found_overlap = overlap(recognizer.provenance_.pretrained, *tested(opened, sides)).text()
    notes = list(dict.fromkeys(x for x in (*notes, found_overlap, opened.note) if x))
    for note in notes:
        say(f"note: {note}")
    data = {
        "rows": [row.to_dict() for row in rows],
        "protocol": protocol,
        "protocol_settings": {"shots": list(shots), "beside": list(settings.get("beside") or ())},
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
                    [x for x in truth if label in (EVERY, x.label)],
                    [x for x in last if label in (EVERY, x.label)], 0.5,
                )
                for label in (EVERY, *opened.classes)
            }  # fmt: skip
            curves(points, made / "precision-recall.png")
            timelines(shown(tests[:SHOWN], truth, last), opened.classes, made / "timelines.png")
    return Results(tuple(rows), folder, data)


def methods_of(
    recognizer: Recognizer,
    name: str,
    beside: Sequence[str],
    store: Store,
    sides: Sides,
    config: dict[str, Any],
    accelerator: str,
) -> tuple[list[Method], Embedder]:
    """What is compared, the baselines first and the model last; and its encoder."""
    if len({name, *beside}) <= len(beside):
        raise EdgcnError(f"--beside: expected other models than {name}, each once")
    device = choose_device(accelerator)
    adapting = {"skeleton": config["skeleton"], "depth": config["depth"]}
    tests = [str(x) for x in store.recordings.names[sides.tests]]
    titles, made = set[str](), list[Method]()
    for word in (*beside, name):
        model = recognizer if word == name else resolve(word).source()
        own = read_as(word, model.embedder(), config["readout"])

        def read(clips: Selection, own: Embedder = own) -> list[Example]:
            return examples_of(clips, own, store.classes, **adapting)[1]

        embedder, every = examples_of(store.clips(), own, store.classes, **adapting)
        by_name = {each.footage.name: each for each in every}
        seen = [by_name[test] for test in tests if test in by_name]
        learned = overlap(model.provenance_.pretrained, *tested(store, sides)).short()
        title = model.provenance_.title
        title = f"{title} ({word})" if title in titles else title
        titles.add(title)
        reading = reading_of(embedder.to(device))
        made.append(Method("method", title, reading, read, seen, learned))
        if word == name:
            random = embedder.untrained(model.provenance_.seed + int(config["seed"])).to(device)
            made[:0] = [
                Method("raw", "raw coordinates", Coordinates(embedder.inputs), read, seen),
                Method("random", "random encoder", reading_of(random), read, seen),
            ]
    return made, embedder


def compared(
    methods: Sequence[Method], chosen: Selection, classes: Sequence[str], seed: int
) -> Iterator[tuple[Kind, str, list[Event], tuple[str, ...], str]]:
    """What each method finds in the test recordings, baselines first."""
    yield "nothing", "nothing found", [], (), ""
    tests, training = methods[-1].tests, methods[-1].examples(chosen)
    known = [event for each in training for event in true_events(each, classes)]
    minutes = sum(each.footage.seconds for each in training) / 60
    seconds = {each.footage.name: each.footage.seconds for each in tests}
    yield "chance", "events at random", by_chance(known, minutes, seconds, seed=seed), (), ""
    for method in methods:
        reading, main = method.reading, method is methods[-1]
        examples = method.examples(chosen)
        learnt = learn(reading, examples, classes=len(classes), seed=seed)
        spotter, found, moving = learnt.spotter, list[Event](), list[Event]()
        least = threshold(reading, examples) if main else 0.0
        label, total = f"spotting, {method.title}", len(method.tests)
        for each in track(method.tests, total, label=label, unit="recordings"):
            told, _ = sure(spot(reading, each.footage, spotter), spotter)
            found += found_events(each, told, spotter, classes)
            if main:
                cut = bursts(reading, each.footage, spotter, least)
                moving += found_events(each, cut, spotter, classes)
        if main:
            yield "bursts", "bursts of motion", moving, (), ""
        notes = tuple(f"{method.title}: {note}" for note in learnt.notes)
        yield method.kind, method.title, found, notes, method.learned


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
    told = ("kit_f1", "f1_30", "f1_50", "map_50", "kappa")["kit_precision" not in row.scores :]
    scores = " ".join(f"{name} {row.scores[name]:.2f}" for name in told if name in row.scores)
    return f"  {row.name}{f', {row.labels}' if row.labels else ''}: {scores}"
