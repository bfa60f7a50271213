"""What an evaluation leaves in its folder: results.json, probe, fine-tuned encoder, figures.

Outcome of a protocol -> RUN/STORE-SPLIT-PROTOCOL/, and what is said about it
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import save_tensors
from edgcn.commands.config import EvaluateConfig
from edgcn.commands.protocols import Trial
from edgcn.evaluation.metrics import confusion
from edgcn.evaluation.probes import probe_to_tensors
from edgcn.evaluation.protocols import SETTINGS, Outcome
from edgcn.models.build import save_encoder
from edgcn.reports.plots import confusion_matrix_plot, embedding_map, results_bars
from edgcn.reports.tables import main_score, results_table, with_labels
from edgcn.runs import environment, read_json, write_json
from edgcn.store import Store

Results = dict[str, Any]

# Of a config: where things are and what is drawn, on which no number depends.
PLACES = ("run", "store", "protocol", "split", "fuse", "accelerator", "figures", "overwrite")


def weights_digest(run: Path) -> str:
    """Short digest of a run's encoder: a run that was continued has another."""
    return hashlib.sha256((run / "encoder.safetensors").read_bytes()).hexdigest()[:16]


def earlier(folder: Path, config: EvaluateConfig, store: Store) -> Results:
    """The result that is there already, of the same run, store and settings."""
    results: Results = read_json(folder / "results.json")
    before, now = results["config"], config.model_dump(mode="json")
    of_others = {key for keys in SETTINGS.values() for key in keys} - {*SETTINGS[config.protocol]}
    compared = [key for key in now if key not in PLACES and key not in of_others]
    changes = [
        f"{key} {before[key]} (now {now[key]})"
        for key in compared
        if key in before and before[key] != now[key]
    ]
    if results["store_fingerprint"] != store.fingerprint:
        changes.append(f"other contents of {store.path}")
    if results.get("encoder_digest") != weights_digest(config.run):
        changes.append("other weights of the encoder")
    if changes:
        raise EdgcnError(
            f"{folder} holds a result of {', '.join(changes)}; pass --overwrite to replace it"
        )
    return results


def save(
    folder: Path, config: EvaluateConfig, trial: Trial, outcome: Outcome, *, for_run: bool
) -> Results:
    """Write everything about one protocol; returns what results.json holds.

    Args:
        for_run: keep the probe in the run, too, where `edgcn.load` finds it.
    """
    folder.mkdir(exist_ok=True)
    results = describe(config, trial, outcome)
    save_probe(folder, config, trial, outcome, for_run=for_run)
    method = trial.method
    if outcome.encoder is not None or method.rebuilt:  # what the run's own encoder cannot read
        save_encoder(
            folder / "encoder.safetensors",
            outcome.encoder or method.encoder,
            name=trial.trained.encoder,
            options=trial.trained.encoder_options,
            inputs=method.inputs,
        )
    write_json(folder / "results.json", results)
    if config.figures:
        draw(folder, config.protocol, trial, outcome, results)
    return results


def describe(config: EvaluateConfig, trial: Trial, outcome: Outcome) -> Results:
    """What results.json holds."""
    store, task = trial.store, trial.task
    about: Results = dict(outcome.about)
    if outcome.scores is not None:
        said = outcome.scores.argmax(1)
        about["confusion"] = confusion(task.labels[task.test], said, task.classes).tolist()
    if trial.members:
        about["members"] = list(trial.members)
    return {
        "rows": outcome.rows,
        "protocol": config.protocol,
        "readout": config.readout,
        "split": trial.split,
        "store": str(store.path),
        "transfer": trial.method.record,
        "store_fingerprint": store.fingerprint,
        "encoder_digest": weights_digest(config.run),
        "note": store.note,
        "n_train": len(task.train),
        "n_test": len(task.test),
        "seed": config.seed,
        "run_seed": trial.trained.seed,
        "config": config.model_dump(mode="json"),
        "classes": list(store.classes),
        **about,
        **environment(),
    }


def save_probe(
    folder: Path, config: EvaluateConfig, trial: Trial, outcome: Outcome, *, for_run: bool
) -> None:
    """The probe with its class names, beside the result and in the run it reads features of.

    Not in the run where it reads an encoder rebuilt: the run's own would give it other numbers.
    """
    if outcome.probe is None:
        return
    about = {
        "classes": list(trial.store.classes),
        "readout": config.readout,
        "protocol": config.protocol,
        "store": str(trial.store.path),
        "note": trial.store.note,
        # An encoder that was rebuilt is kept with its probe: new stores come to it as to any other.
        "skeleton": "remap" if config.skeleton == "rebuild" else config.skeleton,
        "third": config.third,
    }
    own = (
        outcome.encoder is None and not trial.method.rebuilt
    )  # else it reads the embeddings of the folder's encoder
    for path in (folder, config.run) if own and for_run else (folder,):
        save_tensors(path / "probe.safetensors", probe_to_tensors(outcome.probe), about)


def draw(folder: Path, protocol: str, trial: Trial, outcome: Outcome, results: Results) -> None:
    """Bars beside the baselines; of probes the confusion matrix and a map of the test clips."""
    store, task = trial.store, trial.task
    if "confusion" in results:
        matrix = np.array(results["confusion"])
        confusion_matrix_plot(matrix, store.classes, folder / "confusion.png")
    if outcome.probe is not None and outcome.encoder is None:
        embedding_map(
            trial.features[trial.title][task.test],
            task.labels[task.test],
            store.classes,
            folder / "embedding.png",
            seed=task.seed,
            subjects=task.subjects[task.test].tolist(),
        )
    bars = with_labels(outcome.rows)
    results_bars(bars, folder / "results.png", score=main_score(protocol))


def tell(results: Results, say: Callable[[str], None]) -> None:
    """The table, and what was chosen for it."""
    rows, protocol = results["rows"], results["protocol"]
    say(results_table(rows, protocol=protocol))
    for name in {"lr", "C"} & {key for row in rows for key in row}:
        say(describe_choice(rows, name))
    if "draw_spread" in rows[-1]:
        say(
            f"mean of {results['config']['draws']} choices of labelled clips, the same for every "
            f"method (seed {results['seed']}); majority class: of all training labels"
        )


def describe_choice(rows: Sequence[dict[str, Any]], name: str) -> str:
    """What was chosen for each kind of features, in one line."""
    chosen = [f"{row[name]:g} ({row['name']})" for row in rows if name in row]
    return f"{name} chosen on held-out training subjects: {', '.join(chosen)}"
