"""Scoring a frozen encoder on labels, beside the three baselines (the paper's protocol).

run + store -> features of all clips, once -> probe on training subjects -> metrics on test subjects
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgcn.checkpoint import load_encoder, save_encoder, save_tensors
from edgcn.config import EvaluateConfig
from edgcn.errors import EdgcnError
from edgcn.evaluation.baselines import majority_scores, random_encoder
from edgcn.evaluation.embed import cached_embed, raw_coordinates
from edgcn.evaluation.metrics import confusion, measure
from edgcn.evaluation.probes import (
    NearestProbe,
    Probe,
    fit_best_rate,
    fit_linear,
    fit_logistic,
    probe_to_tensors,
)
from edgcn.evaluation.transfer import match
from edgcn.recipes.pretrain import config_of
from edgcn.reports.plots import confusion_matrix_plot, embedding_map, results_bars
from edgcn.reports.tables import results_table
from edgcn.runs import environment, read_json, write_json
from edgcn.splits import Split
from edgcn.store import Store, open_store

Fit = Callable[[np.ndarray], tuple[Probe, dict[str, Any]]]


def evaluate(config: EvaluateConfig, *, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Score a run on a store; returns what `results.json` holds.

    Writes results.json, probe.safetensors and figures into a folder of the run, and the probe
    into the run itself, where `edgcn.load` finds it.
    """
    store = open_store(config.store)
    trained, (encoder, inputs, about) = (
        config_of(config.run),
        load_encoder(config.run / "encoder.safetensors"),
    )
    split = labelled(store, store.split(config.split))
    folder = config.run / folder_name(config, store, split)
    if (folder / "results.json").exists() and not config.overwrite:
        raise EdgcnError(f"{folder} holds a result already; pass --overwrite to replace it")

    how: dict[str, Any] = {"skeleton": config.skeleton, "third": config.third}
    matched = match(encoder, inputs, about, store, rows=split.train, **how)
    encoder, inputs = matched.encoder, matched.inputs
    for note in matched.notes:
        say(f"transfer: {note}")
    device = choose_device(config.accelerator)
    untrained = random_encoder(about["encoder"], inputs, about["options"], seed=trained.seed)
    title = name_of(
        trained.encoder,
        trained.moments,
        objective=trained.objective,
        decoder=trained.decoder,
        projector=trained.projector,
    )
    say(
        f"{config.protocol} protocol, split {split.name!r}: {len(split.train)} training clips, "
        f"{len(split.test)} test clips"
    )
    features = {}
    for name, model in (("random encoder", untrained), (title, encoder)):
        features[name] = cached_embed(
            config.run / "features",
            model.to(device),
            matched.store,
            inputs=inputs,
            readout=config.readout,
            device=device,
            label=f"features of the {name}",
        )
    raw = raw_coordinates(store, np.arange(len(store)), fit=split.train)
    features = {"raw coordinates": raw, **features}

    rows, probe, scores = score_all(config, store, split, features)
    folder.mkdir(exist_ok=True)
    save_probe(folder, config, store, probe, rebuilt=matched.rebuilt)
    if matched.rebuilt:  # `edgcn.load(folder)` has what the run's own encoder cannot read
        names = {"name": about["encoder"], "options": about["options"], "inputs": inputs}
        save_encoder(folder / "encoder.safetensors", encoder, **names)
    matrix = confusion(store.labels[split.test], scores.argmax(1), len(store.classes))
    results = {
        "rows": rows,
        "protocol": config.protocol,
        "readout": config.readout,
        "split": split.name,
        "store": str(store.path),
        "transfer": matched.record,
        "store_fingerprint": store.fingerprint,
        "note": store.note,
        "n_train": len(split.train),
        "n_test": len(split.test),
        "seed": config.seed,
        "run_seed": trained.seed,
        "config": config.model_dump(mode="json"),
        "confusion": matrix.tolist(),
        "classes": list(store.classes),
        **environment(),
    }
    write_json(folder / "results.json", results)
    say(results_table(rows))
    for name in {"lr", "C"} & set(rows[-1]):
        say(describe_choice(rows, name))
    if store.note:
        say(f"note: {store.note}")
    if config.figures:
        draw(folder, store, split, rows, matrix, features[title], config.seed)
    return results | {"folder": str(folder)}


def stored_result(config: EvaluateConfig) -> dict[str, Any] | None:
    """What an earlier evaluation with these settings found, or None."""
    store = open_store(config.store)
    folder = config.run / folder_name(config, store, labelled(store, store.split(config.split)))
    path = folder / "results.json"
    return read_json(path) if path.exists() else None


# What papers call an encoder that was trained their way; with a projector where they have one.
METHODS = {
    ("ascal-lstm", "moco", False): "AS-CAL",
    ("stgcn-quarter", "moco", True): "SkeletonCLR",
    ("pc-gru", "predict-cluster", False): "P&C",
    ("vae-lstm", "variational", False): "U-S-VAE Z",
}


def name_of(
    encoder: str,
    moments: bool,
    *,
    objective: str = "moco",
    decoder: str = "fixed-weights",
    projector: bool = False,
) -> str:
    """How the field would call the row: EDGCN, A-EDGCN with moments, or the paper's method.

    An encoder and an objective that no paper put together are both named.
    """
    weak = {"fixed-weights": "FW", "fixed-state": "FS"}[decoder]
    method = METHODS.get((encoder, objective, projector and objective == "moco"))
    if method:
        method += f" {weak}" if objective == "predict-cluster" else ""
        return f"{method} ({encoder}{', moments' if moments else ''})"
    name = encoder + (" + moments" if moments else "")
    if encoder.startswith("edgcn"):
        name = f"{'A-EDGCN' if moments else 'EDGCN'} ({encoder})"
    how = {"moco": "", "predict-cluster": f", P&C {weak}", "variational": ", VAE"}
    return name + how[objective]


def choose_device(accelerator: str) -> torch.device:
    """The device of an accelerator's name; auto takes a GPU where there is one."""
    if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "cpu"):
        return torch.device("cpu")
    if accelerator == "mps" and torch.backends.mps.is_available():
        return torch.device("mps")
    raise EdgcnError(f"accelerator {accelerator!r} is not available here; use cpu or auto")


def labelled(store: Store, split: Split) -> Split:
    """The split's clips that have labels; every test class must have training clips."""
    train, test = (rows[store.labels[rows] >= 0] for rows in (split.train, split.test))
    for side, rows in (("training", train), ("test", test)):
        if not len(rows):
            raise EdgcnError(f"split {split.name!r} of {store.path} has no labelled {side} clips")
    untaught = sorted(set(store.labels[test].tolist()) - set(store.labels[train].tolist()))
    if untaught:
        names = ", ".join(store.classes[label] for label in untaught)
        raise EdgcnError(
            f"split {split.name!r} leaves {len(untaught)} classes without training clips: {names}; "
            f"choose another with --split"
        )
    if len(set(store.labels[train].tolist())) < 2:
        raise EdgcnError(
            f"split {split.name!r} has training clips of one class; expected 2 or more"
        )
    return Split(split.name, train, test)


def folder_name(config: EvaluateConfig, store: Store, split: Split) -> str:
    """store-split-protocol, as a folder may be called."""
    parts = [store.name, split.name, config.protocol]
    if config.readout != "mean":
        parts.append(config.readout)
    parts += [part for part in (config.skeleton, config.third) if part not in ("remap", "zero")]
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def fit_probe(config: EvaluateConfig, store: Store, rows: np.ndarray) -> Fit:
    """How this protocol fits a probe to the features of the training clips."""
    labels, classes = store.labels[rows], len(store.classes)

    def fit(features: np.ndarray) -> tuple[Probe, dict[str, Any]]:
        if config.protocol == "knn":
            return NearestProbe(features, labels, classes, config.k), {"k": config.k}
        if config.protocol == "logistic":
            subjects = store.subjects[rows]
            probe, c = fit_logistic(features, labels, subjects, classes=classes)
            return probe, {"C": c}
        settings: dict[str, Any] = {"classes": classes, "epochs": config.epochs}
        settings["seed"] = config.seed
        if config.lr == "auto":
            probe, lr = fit_best_rate(features, labels, store.subjects[rows], **settings)
            return probe, {"lr": lr}
        return fit_linear(features, labels, lr=config.lr, **settings), {}

    return fit


def score_all(
    config: EvaluateConfig, store: Store, split: Split, features: dict[str, np.ndarray]
) -> tuple[list[dict[str, Any]], Probe, np.ndarray]:
    """One row of metrics for the majority and for each kind of features; the last one's probe."""
    fit = fit_probe(config, store, split.train)
    labels, subjects = store.labels[split.test], store.subjects[split.test]
    classes = len(store.classes)
    scores = majority_scores(store.labels[split.train], classes=classes, tests=len(labels))
    metrics = measure(scores, labels, subjects, seed=config.seed)
    rows = [{"name": "majority class", "baseline": True, **metrics.to_dict()}]
    for name, values in features.items():
        probe, chosen = fit(values[split.train])
        scores = probe.scores(values[split.test])
        metrics = measure(scores, labels, subjects, seed=config.seed)
        rows.append({"name": name, "baseline": True, **metrics.to_dict(), **chosen})
    rows[-1]["baseline"] = False
    return rows, probe, scores


def describe_choice(rows: list[dict[str, Any]], name: str) -> str:
    """What was chosen for each kind of features, in one line."""
    chosen = [f"{row[name]:g} ({row['name']})" for row in rows if name in row]
    return f"{name} chosen on held-out training subjects: {', '.join(chosen)}"


def save_probe(
    folder: Path, config: EvaluateConfig, store: Store, probe: Probe, *, rebuilt: bool
) -> None:
    """The probe with its class names, beside the result and in the run.

    Not in the run where it reads a rebuilt encoder: the run's own would give it other numbers.
    """
    about = {
        "classes": list(store.classes),
        "readout": config.readout,
        "protocol": config.protocol,
        "store": str(store.path),
        "note": store.note,
        # An encoder that was rebuilt is kept with its probe: new stores come to it as to any other.
        "skeleton": "remap" if config.skeleton == "rebuild" else config.skeleton,
        "third": config.third,
    }
    save_tensors(folder / "probe.safetensors", probe_to_tensors(probe), about)
    if not rebuilt:
        save_tensors(config.run / "probe.safetensors", probe_to_tensors(probe), about)


def draw(
    folder: Path,
    store: Store,
    split: Split,
    rows: list[dict[str, Any]],
    matrix: np.ndarray,
    features: np.ndarray,
    seed: int,
) -> None:
    """Confusion matrix, map of the test clips' features, and bars beside the baselines."""
    confusion_matrix_plot(matrix, store.classes, folder / "confusion.png")
    embedding_map(
        features[split.test],
        store.labels[split.test],
        store.classes,
        folder / "embedding.png",
        seed=seed,
        subjects=store.subjects[split.test].tolist(),
    )
    results_bars(rows, folder / "results.png")
