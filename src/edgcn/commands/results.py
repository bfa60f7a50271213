"""What an evaluation found, on disk: results.json, predictions.csv and figures in a folder.

Outcome -> folder -> Results, and again from the folder where nothing has changed
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.files import new_folder, write_json, writing
from edgcn.commands.adapted import Evaluation
from edgcn.evaluation.nearest import nearest_rows
from edgcn.evaluation.recorded import read_results
from edgcn.evaluation.results import draw
from edgcn.evaluation.rows import Row
from edgcn.evaluation.trial import Outcome, confusion_of, per_clip
from edgcn.reports.tables import results_table
from edgcn.runs import environment

RESULTS = "results.json"


@dataclass(frozen=True)
class Results:
    """What an evaluation found.

    Args:
        rows: of its table; of all protocols one after the other.
        folder: where it was written.
        data: what results.json holds; of all protocols, that of each by its name.
    """

    rows: tuple[Row, ...]
    folder: Path
    data: Mapping[str, Any]

    def table(self) -> str:
        """The rows as text; of all protocols, a table each."""
        if "protocol" in self.data:
            return results_table(self.rows, protocol=self.data["protocol"])
        tables = {name: map(Row.from_dict, data["rows"]) for name, data in self.data.items()}
        return "\n\n".join(
            f"{name}\n{results_table(list(rows), protocol=name)}" for name, rows in tables.items()
        )


def write(
    folder: Path,
    evaluation: Evaluation,
    outcome: Outcome,
    *,
    protocol: str,
    settings: Mapping[str, Any],
    config: Mapping[str, Any],
    figures: bool,
    overwrite: bool,
) -> Results:
    """Write one protocol's outcome into a folder, all of it or nothing.

    Args:
        settings: of the protocol.
        config: what else its numbers depend on.
    """
    data = describe(evaluation, outcome, protocol, settings, config)
    with new_folder(folder, overwrite=overwrite, marker=RESULTS, what="result") as made:
        write_predictions(made / "predictions.csv", clip_rows(evaluation, outcome))
        write_json(made / RESULTS, data)
        if figures:
            mapped = outcome.probe is not None and outcome.encoder is None
            features = evaluation.features[-1].values if mapped else None
            draw(made, protocol, evaluation.task, outcome, features)
    return Results(tuple(outcome.rows), folder, data)


def clip_rows(evaluation: Evaluation, outcome: Outcome) -> list[dict[str, Any]]:
    """A line for each tested clip, with its number in the store and the training clip next to it.

    Next by the method's vectors, among the training clips of the fold that tests it.
    """
    rows, tested = per_clip(outcome, evaluation.task), outcome.tested
    if tested is None or not rows:
        return rows
    nearest, values = np.full(len(evaluation.clips), -1), evaluation.trial.method.values
    for fold in evaluation.task.folds:
        nearest[fold.test] = nearest_rows(values, fold.test, fold.train)
    names, conditions = evaluation.clips.names, evaluation.clips.conditions
    return [
        {
            "clip": clip,
            "name": row.pop("name"),
            "subject": row.pop("subject"),
            "condition": str(conditions[clip]),
            "true": row.pop("true"),
            "predicted": row.pop("predicted"),
            "nearest_clip": near,
            "nearest": str(names[near]),
            **row,
        }
        for clip, near, row in zip(tested.tolist(), nearest[tested].tolist(), rows, strict=True)
    ]


def describe(
    evaluation: Evaluation,
    outcome: Outcome,
    protocol: str,
    settings: Mapping[str, Any],
    config: Mapping[str, Any],
) -> dict[str, Any]:
    """What results.json holds."""
    main, named = evaluation.main, evaluation.named()
    matrix = confusion_of(outcome, evaluation.task)
    members = [model.describe() | {"row": name} for name, model in named.items()]
    return {
        "rows": [row.to_dict() for row in outcome.rows],
        "protocol": protocol,
        "protocol_settings": dict(settings),
        "readout": main.embedder.readout,
        "split": evaluation.split.name,
        "store": str(evaluation.clips.path),
        "store_fingerprint": evaluation.clips.fingerprint,
        "transfer": main.adapted.record,
        "title": main.origin.title,
        "model": main.describe(),
        "members": members if len(named) > 1 else [],
        "overlap": asdict(evaluation.overlap),
        "overlap_text": evaluation.overlap.text(),
        "notes": list(dict.fromkeys((*outcome.notes, *evaluation.notes))),
        "n_train": len(evaluation.train),
        "n_test": len(evaluation.task.tested),
        "folds": len(evaluation.task.folds),
        "seed": evaluation.task.seed,
        "config": dict(config),
        "classes": list(evaluation.clips.classes),
        **({} if matrix is None else {"confusion": matrix.tolist()}),
        **outcome.metadata,
        **environment(),
    }


def write_predictions(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A line per tested clip, where the protocol names clips."""
    if not rows:
        return
    with (
        writing(path) as waiting,
        waiting.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def earlier(
    folder: Path, evaluation: Evaluation, config: Mapping[str, Any], settings: Mapping[str, Any]
) -> Results:
    """The result that a folder holds.

    Raises:
        EdgcnError: it is of another model, store or settings.
    """
    data = read_results(folder / "results.json")
    before = data.get("config", {}) | data["protocol_settings"]
    asked = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in {**config, **settings}.items()
    }
    changes = [
        f"{key} {before.get(key)} (now {value})"
        for key, value in asked.items()
        if before.get(key) != value
    ]
    if data.get("store_fingerprint") != evaluation.clips.fingerprint:
        changes.append(f"other contents of {evaluation.clips.path}")
    if data["model"].get("digest") != evaluation.main.digest:
        changes.append("other weights of the encoder")
    if changes:
        raise EdgcnError(
            f"{folder} holds a result of {', '.join(changes)}; pass --overwrite to replace it"
        )
    return Results(tuple(map(Row.from_dict, data["rows"])), folder, data)
