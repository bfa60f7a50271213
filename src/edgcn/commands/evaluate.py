"""Scoring an encoder on labels, beside the three baselines, by one protocol or by all of them.

run + store -> features of all clips, once -> probe on training subjects -> metrics on test subjects
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import EvaluateConfig
from edgcn.commands.names import method_name
from edgcn.commands.pretrain import config_of
from edgcn.commands.protocols import FUSED, PROTOCOLS, Trial
from edgcn.commands.results import Results, earlier, save, tell
from edgcn.evaluation.baselines import random_encoder
from edgcn.evaluation.embed import cached_embed, raw_coordinates
from edgcn.evaluation.protocols import Task
from edgcn.models.build import load_encoder
from edgcn.pipeline.adapt import Match, match
from edgcn.released import released_folder
from edgcn.reports.tables import summary_table
from edgcn.runs import read_json
from edgcn.store import Store, open_store
from edgcn.store.splits import Split


def evaluate(config: EvaluateConfig, *, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Score a run on a store; returns what `results.json` holds.

    Writes results.json, probe.safetensors and figures into a folder of the run, and the probe
    into the run itself, where `edgcn.load` finds it. All protocols: a folder each, under
    "protocols"; what an earlier call finished is kept, and the run keeps the linear probe.
    """
    check_fusion(config)
    if released_folder(config.run):
        raise EdgcnError(
            f"{config.run} is the name of released weights; make a run of them first: "
            f"edgcn weights {config.run} --out runs/{config.run}"
        )
    store, trained = open_store(config.store), config_of(config.run)
    readouts = [readout_of(config, run) for run in (config.run, *config.fuse)]
    config = config.model_copy(update={"readout": readouts[0]})
    split = labelled(store, store.split(config.split))
    every = config.protocol == "all"
    asked = {
        name: config.model_copy(update={"protocol": name})
        for name in (PROTOCOLS if every else (config.protocol,))
    }
    folders = {name: config.run / folder_name(one, store, split) for name, one in asked.items()}
    done = [name for name, at in folders.items() if (at / "results.json").exists()]
    if done and not every and not config.overwrite:
        raise EdgcnError(
            f"{folders[done[0]]} holds a result already; pass --overwrite to replace it"
        )
    found = {} if config.overwrite else {n: earlier(folders[n], asked[n], store) for n in done}

    method = matched(config, config.run, store, split)
    for note in method.notes:
        say(f"transfer: {note}")
    device = choose_device(config.accelerator)
    title = method_name(trained)
    say(
        f"{config.protocol} protocol{'s' if every else ''}, split {split.name!r}: "
        f"{len(split.train)} training clips, {len(split.test)} test clips"
    )
    models = {"random encoder": untrained(config.run, method), title: method}
    members: tuple[dict[str, Any], ...] = ()
    if config.fuse:
        models, members = with_members(config, store, split, models)
        title = list(models)[1]
    reads = dict(zip(models, [readouts[0], *readouts], strict=True))
    features = {}
    for name, model in models.items() if len(found) < len(asked) else ():
        features[name] = cached_embed(
            config.run / "features",
            model.encoder.to(device),
            model.store,
            inputs=model.inputs,
            readout=reads[name],
            device=device,
            label=f"features of the {name}",
        )
    if features:
        raw = raw_coordinates(store, np.arange(len(store)), fit=split.train)
        features = {"raw coordinates": raw, **features}
    trial = Trial(
        store=store,
        split=split.name,
        task=task_of(store, split, config.seed),
        features=features,
        title=title,
        method=method,
        readout=readouts[0],
        untrained=models["random encoder"].encoder,
        trained=trained,
        device=device,
        members=members,
    )

    results = {}
    for name, one in asked.items():
        if every:
            say(f"\n{name}" + (f": already there, in {folders[name]}" if name in found else ""))
        results[name] = found.get(name) or score(one, trial, folders[name], every=every)
        tell(results[name], say)
    if store.note:
        say(f"note: {store.note}")
    if not every:
        return results[config.protocol] | {"folder": str(folders[config.protocol])}
    say("\nthe method beside its best baseline")
    say(summary_table({name: result["rows"] for name, result in results.items()}))
    placed = {name: result | {"folder": str(folders[name])} for name, result in results.items()}
    return {"folder": str(config.run), "protocols": placed}


def readout_of(config: EvaluateConfig, run: Path) -> str:
    """How a run's encoder is read: as asked for, or as it was trained."""
    own = config_of(run).readout
    if config.readout == "mean" and own != "mean":
        raise EdgcnError(
            f"{run} learned through readout {own!r}, and the embedding that --readout mean reads "
            f"was never trained; leave --readout out, or use pyramid or parts"
        )
    return config.readout or own


def score(config: EvaluateConfig, trial: Trial, folder: Path, *, every: bool) -> Results:
    """One protocol, and its folder. Of all protocols, the linear one names clips afterwards."""
    outcome = PROTOCOLS[config.protocol](config, trial)
    for_run = not every or config.protocol == "linear"
    return save(folder, config, trial, outcome, for_run=for_run)


def task_of(store: Store, split: Split, seed: int) -> Task:
    """The store's labels and the split's rows, as plain arrays."""
    return Task(
        names=store.names,
        labels=store.labels,
        subjects=store.subjects,
        train=split.train,
        test=split.test,
        classes=len(store.classes),
        seed=seed,
    )


def check_fusion(config: EvaluateConfig) -> None:
    """Refuse fusion where there are no probabilities to average, and a run fused with itself."""
    if config.fuse and config.protocol not in FUSED:
        raise EdgcnError(
            f"--fuse averages class probabilities, which --protocol {config.protocol} does not "
            f"give; use {' or '.join(FUSED)}"
        )
    places = [run.resolve() for run in (config.run, *config.fuse)]
    if len(set(places)) < len(places):
        raise EdgcnError(f"--fuse: expected other runs than {config.run}, each once")


def matched(config: EvaluateConfig, run: Path, store: Store, split: Split) -> Match:
    """A run's encoder, and the store's clips as it reads them."""
    encoder, inputs, about = load_encoder(run / "encoder.safetensors")
    how: dict[str, Any] = {"skeleton": config.skeleton, "third": config.third}
    return match(encoder, inputs, about, store, rows=split.train, **how)


def untrained(run: Path, method: Match) -> Match:
    """The same encoder before pre-training, for the same clips."""
    trained, inputs = config_of(run), method.inputs
    options = dict(trained.encoder_options)
    random = random_encoder(trained.encoder, inputs, options, seed=trained.seed)
    return replace(method, encoder=random)


def with_members(
    config: EvaluateConfig, store: Store, split: Split, models: dict[str, Match]
) -> tuple[dict[str, Match], tuple[dict[str, Any], ...]]:
    """The models with those of the fused runs, named by stream, and what is to be told of them."""
    (_, random), (_, own) = models.items()
    named = {"random encoder": random}
    members: list[dict[str, Any]] = []
    for run in (config.run, *config.fuse):
        pretrained = config_of(run)
        check_same_clips(config.run, run)
        title = method_name(pretrained)
        name = f"{title}, {pretrained.stream} stream"
        name += f" ({run.name})" if name in named else ""
        named[name] = matched(config, run, store, split) if members else own
        about = {"run": str(run), "row": name, "name": title}
        members.append({**about, "config": pretrained.model_dump(mode="json")})
    return named, tuple(members)


def check_same_clips(run: Path, other: Path) -> None:
    """Runs that are fused have learned from the same clips."""
    abouts = [read_json(path / "run.json") for path in (run, other)]
    stores = [about["store_fingerprint"] for about in abouts]
    splits = [about["config"]["split"] for about in abouts]
    for what, (mine, its) in {"store": stores, "split": splits}.items():
        if mine != its:
            told = f" ({its}, not {mine})" if what == "split" else ""
            raise EdgcnError(
                f"{other} was trained on another {what} than {run}{told}; runs that are fused "
                f"learn from the same clips"
            )


def stored_result(config: EvaluateConfig) -> Results | None:
    """What an earlier evaluation with these settings found, or None.

    Raises:
        EdgcnError: in its place is one with other settings.
    """
    store = open_store(config.store)
    config = config.model_copy(update={"readout": readout_of(config, config.run)})
    folder = config.run / folder_name(config, store, labelled(store, store.split(config.split)))
    there = (folder / "results.json").exists()
    return earlier(folder, config, store) if there else None


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
    if config.readout not in (None, "mean"):
        parts.append(str(config.readout))
    parts += [part for part in (config.skeleton, config.third) if part not in ("remap", "zero")]
    if config.fuse:
        parts += ["fused", *(run.resolve().name for run in config.fuse)]
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))
