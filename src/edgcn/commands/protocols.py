"""Each protocol of `evaluate` by name: the one place that turns its settings into arguments.

config + Trial (store, labels, encoders, features) -> Outcome (rows, perhaps a probe, an encoder)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.augment.draws import Draws
from edgcn.commands.config import EvaluateConfig, PretrainConfig
from edgcn.evaluation.embed import embed
from edgcn.evaluation.finetune import finetune
from edgcn.evaluation.probes import (
    LinearProbe,
    NearestProbe,
    Probe,
    fit_best_rate,
    fit_linear,
    fit_logistic,
)
from edgcn.evaluation.protocols import (
    BASELINES,
    Fit,
    Outcome,
    Task,
    classify,
    cluster,
    few_shot,
    fuse,
    retrieve,
    semi,
)
from edgcn.pipeline.adapt import Match
from edgcn.store import Store
from edgcn.training.setup import use_bfloat16
from edgcn.training.views import make_view

Trained = tuple[nn.Module, LinearProbe, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """What a protocol may use of a run and a store.

    Args:
        split: its name.
        method: the run's encoder, and the store's clips as it reads them.
        readout: of the run, and of the encoder before training.
        features: of all clips, by name: baselines first, then the method under `title`; with
            fusion, then those of the other runs.
        members: what results.json says of the fused runs, the run's own first.
    """

    store: Store
    split: str
    task: Task
    features: dict[str, np.ndarray]
    title: str
    method: Match
    readout: str
    untrained: nn.Module
    trained: PretrainConfig
    device: torch.device
    members: tuple[dict[str, Any], ...] = ()
    learned: dict[str, Trained] = field(default_factory=dict)  # for a second protocol to use


def probing(config: EvaluateConfig, trial: Trial) -> Outcome:
    """linear, logistic and knn: a probe on all training labels, or several runs' probes fused."""
    fit = fit_probe(config, trial.task)
    if not config.fuse:
        return classify(trial.task, trial.features, fit)
    streams = " + ".join(member["config"]["stream"] for member in trial.members)
    return fuse(trial.task, trial.features, fit, name=f"fusion of {streams}")


def fit_probe(config: EvaluateConfig, task: Task) -> Fit:
    """How this protocol fits a probe to the features of the training clips."""
    labels, subjects, classes = task.labels[task.train], task.subjects[task.train], task.classes

    def fit(features: np.ndarray) -> tuple[Probe, dict[str, Any]]:
        if config.protocol == "knn":
            return NearestProbe(features, labels, classes, config.k), {"k": config.k}
        if config.protocol == "logistic":
            probe, c = fit_logistic(features, labels, subjects, classes=classes)
            return probe, {"C": c}
        settings: dict[str, Any] = {"classes": classes, "epochs": config.epochs}
        settings["seed"] = config.seed
        if config.lr == "auto":
            probe, lr = fit_best_rate(features, labels, subjects, **settings)
            return probe, {"lr": lr}
        return fit_linear(features, labels, lr=config.lr, **settings), {}

    return fit


def tuning(config: EvaluateConfig, trial: Trial) -> Outcome:
    """finetune: the pre-trained encoder learns from all labels; beside it a random one that does,
    and the linear layer on both encoders frozen.
    """
    frozen = classify(trial.task, trial.features, fit_probe(config, trial.task))
    rows = [*frozen.rows[:-1], scratch_row(config, trial, baseline=True)]
    rows.append({**frozen.rows[-1], "name": f"{trial.title}, frozen"})
    encoder, probe, scores = learn(config, trial, trial.method.encoder, "fine-tuning")
    row = {"name": f"{trial.title}, fine-tuned", "baseline": False, **trial.task.score(scores)}
    return Outcome([*rows, row], probe, scores, encoder)


def scratch(config: EvaluateConfig, trial: Trial) -> Outcome:
    """supervised: the encoder learns from all labels, from random weights."""
    compared = {name: trial.features[name] for name in BASELINES}
    rows = classify(trial.task, compared, fit_probe(config, trial.task)).rows
    row = scratch_row(config, trial, baseline=False)
    encoder, probe, scores = trial.learned["from scratch"]
    return Outcome([*rows, row], probe, scores, encoder)


def scratch_row(config: EvaluateConfig, trial: Trial, *, baseline: bool) -> dict[str, Any]:
    """The row of the encoder trained from random weights, which is trained once."""
    scores = learn(config, trial, trial.untrained, "from scratch")[2]
    name = f"{trial.title}, from scratch"
    return {"name": name, "baseline": baseline, **trial.task.score(scores)}


def learn(config: EvaluateConfig, trial: Trial, encoder: nn.Module, label: str) -> Trained:
    """An encoder trained on the labels, its layer, and the test clips' scores."""
    if label in trial.learned:
        return trial.learned[label]
    task, inputs, device = trial.task, trial.method.inputs, trial.device
    where = {"accelerator": device.type}
    tuned, probe = finetune(
        encoder,
        viewing(config, trial),
        task.train,
        task.labels[task.train],
        classes=task.classes,
        epochs=config.finetune_epochs,
        lr=config.finetune_lr,
        seed=config.seed,
        readout=trial.readout,
        device=device,
        bfloat16=use_bfloat16(trial.trained.model_copy(update=where)),
        label=label,
    )
    about: dict[str, Any] = {
        "inputs": inputs,
        "readout": trial.readout,
        "device": device,
    }
    scores = probe.scores(embed(tuned, trial.method.store, task.test, **about))
    trial.learned[label] = tuned, probe, scores
    return trial.learned[label]


def viewing(
    config: EvaluateConfig, trial: Trial
) -> Callable[[np.ndarray, torch.Generator], Float[Tensor, "n c t v m"]]:
    """An encoder's input for rows of the store, augmented as in pre-training where asked for."""
    inputs, store = trial.method.inputs, trial.method.store

    def view(rows: np.ndarray, draws: torch.Generator) -> Float[Tensor, "n c t v m"]:
        x = inputs.clean(store.batch(rows, inputs.frames).to(trial.device))
        if not config.finetune_augment:
            return inputs.features(x)
        return make_view(x, Draws(draws, batch=len(rows)), inputs, trial.trained)

    return view


# In the order of `--protocol all`: the cheap ones first.
PROTOCOLS: dict[str, Callable[[EvaluateConfig, Trial], Outcome]] = {
    "linear": probing,
    "logistic": probing,
    "knn": probing,
    "semi": lambda config, trial: semi(
        trial.task, trial.features, fractions=config.fractions, draws=config.draws
    ),
    "few-shot": lambda config, trial: few_shot(
        trial.task, trial.features, shots=config.shots, draws=config.draws
    ),
    "retrieval": lambda config, trial: retrieve(trial.task, trial.features),
    "clustering": lambda config, trial: cluster(trial.task, trial.features),
    "supervised": scratch,
    "finetune": tuning,
}
FUSED = ("linear", "logistic")  # whose probes give probabilities to average
