"""Models meet a store: its clips as each encoder reads them, and their vectors, once.

models + store -> task, features by kind, overlap with what was learned from
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.draws import Draws
from edgcn.base.errors import EdgcnError
from edgcn.base.words import count
from edgcn.evaluation.cautions import cautions
from edgcn.evaluation.embed import cached_embed, raw_coordinates
from edgcn.evaluation.rows import Kind
from edgcn.evaluation.trial import Classifier, Featured, Trainable, Trial, task_of
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import Recognizer, resolve
from edgcn.models.embedder import Embedder
from edgcn.models.readout import READOUTS
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import traits
from edgcn.pipeline.adapt import Adapted, Skeleton
from edgcn.store import Selection, open_store
from edgcn.store.learned import Overlap, merged, overlap
from edgcn.training.fabric import use_bfloat16
from edgcn.training.views import one_view


@dataclass(frozen=True)
class Model:
    """A recognizer, and the clips as its encoder reads them.

    Args:
        name: what the user called it.
    """

    name: str
    recognizer: Recognizer
    embedder: Embedder
    adapted: Adapted[Selection]

    @property
    def origin(self) -> Provenance:
        """Where it comes from."""
        return self.recognizer.provenance_

    @cached_property
    def digest(self) -> str:
        """Of all that its numbers depend on: a run that was continued has another."""
        own = self.recognizer.embedder().read_by(self.embedder.readout)
        digest = hashlib.sha256(own.digest().encode())
        if hasattr(self.recognizer, "classifier_"):
            digest.update(self.recognizer.classifier_.weight.tobytes())
        return digest.hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        """What results.json says of it."""
        about = {"name": self.name, "title": self.origin.title, "seed": self.origin.seed}
        return about | {"config": dict(self.origin.config), "digest": self.digest}


class Evaluation:
    """One model, or several to be fused, on a store; what it computes serves every protocol.

    Args:
        models: recognizers, or what names them.
        cache: folder of the vectors.
    """

    def __init__(
        self,
        models: Sequence[Recognizer | str],
        store: Path,
        *,
        split: str | None,
        skeleton: Skeleton,
        depth: Literal["zero", "confidence"],
        readout: str | None,
        seed: int,
        accelerator: str,
        cache: Path,
    ) -> None:
        self.device, self.cache = choose_device(accelerator), cache
        self.clips = open_store(store).clips()
        self.split = self.clips.split(split)
        self.task = task_of(self.clips, self.split, seed=seed)
        train = np.unique(np.concatenate([fold.train for fold in self.task.folds]))
        self.train = self.clips.by_name(train)
        self.models = []
        for each in models:
            recognizer = resolve(each).source()
            name = str(each.model if isinstance(each, Recognizer) else each)
            embedder = read_as(name, recognizer.embedder(), readout)
            fitting = embedder.adapted(self.clips, rows=self.train, skeleton=skeleton, depth=depth)
            self.models.append(Model(name, recognizer, *fitting))
        self.cautions = cautions(self.clips, self.split, self.task)
        self.main = self.models[0]
        check_fusion(self.models)

    def opening(self, protocol: str) -> Iterator[str]:
        """What is compared, and what had to be done for it."""
        for note in self.main.adapted.notes:
            yield f"transfer: {note}"
        folds = f" in {len(self.task.folds)} folds" if len(self.task.folds) > 1 else ""
        yield (
            f"{protocol} protocol{'s' if protocol == 'all' else ''}, split {self.split.name!r}: "
            f"{count(len(self.train), 'training clip')}, "
            f"{count(len(self.task.tested), 'test clip')}{folds}"
        )

    def folder_name(self, *parts: str) -> str:
        """store-split-protocol..., as a folder may be called."""
        return re.sub(r"[^\w.-]+", "_", "-".join((self.clips.name, self.split.name, *parts)))

    @cached_property
    def overlap(self) -> Overlap:
        """Which test clips and people the encoders had learned from."""
        learned = reduce(merged, [model.origin.pretrained for model in self.models])
        return overlap(learned, self.clips, self.task.tested)

    @property
    def notes(self) -> list[str]:
        """What must be read with every number."""
        origins = [note for model in self.models for note in model.origin.notes]
        notes = [self.split.warning, self.overlap.text(), *self.cautions, self.clips.note, *origins]
        return [note for note in dict.fromkeys(notes) if note]

    def named(self) -> dict[str, Model]:
        """The models by title; with their streams where several are fused."""
        if len(self.models) == 1:
            return {self.main.origin.title: self.main}
        named: dict[str, Model] = {}
        for model in self.models:
            title = f"{model.origin.title}, {model.embedder.inputs.stream} stream"
            named[f"{title} ({Path(model.name).stem})" if title in named else title] = model
        return named

    @cached_property
    def features(self) -> list[Featured]:
        """Vectors of all clips: raw coordinates, the encoder before training, the models."""
        rows = np.arange(len(self.clips))
        raw = raw_coordinates(self.clips, rows, fit=self.train, label="raw coordinates")
        random = replace(self.main, embedder=self.main.embedder.untrained(self.main.origin.seed))
        return [
            Featured("raw", "raw coordinates", raw),
            self._featured("random", "random encoder", random),
            *(self._featured("method", name, model) for name, model in self.named().items()),
        ]

    def _featured(self, kind: Kind, name: str, model: Model) -> Featured:
        label, clips = f"features of the {name}", model.adapted.clips
        values = cached_embed(self.cache, model.embedder, clips, device=self.device, label=label)
        return Featured(kind, name, values, self.overlap.short() if kind == "method" else "")

    @cached_property
    def trial(self) -> Trial:
        """What the protocols use."""
        streams = " + ".join(model.embedder.inputs.stream for model in self.models)
        return Trial(
            self.task,
            self.features,
            trainable_of(self.main, self.device),
            self.classifier,
            fused=f"fusion of {streams}",
        )

    @cached_property
    def classifier(self) -> Classifier | None:
        """The recognizer's own, with the test people that it was fitted on."""
        recognizer = self.main.recognizer
        if not hasattr(recognizer, "classifier_"):
            return None
        found = overlap(self.main.origin.fitted, self.clips, self.task.tested)
        text = found.text(where="the clips that it was fitted on")
        return Classifier(
            tuple(map(str, recognizer.classes_)),
            recognizer.classifier_,
            recognizer.strength_,
            found.short(),
            (text,) if text else (),
        )


def choose_device(accelerator: str) -> torch.device:
    """The device of an accelerator's name; auto takes a GPU where there is one."""
    if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "cpu"):
        return torch.device("cpu")
    if accelerator == "mps" and torch.backends.mps.is_available():
        return torch.device("mps")
    raise EdgcnError(f"accelerator {accelerator!r} is not available here; use cpu or auto")


def read_as(name: str, embedder: Embedder, readout: str | None) -> Embedder:
    """The embedder with the readout that is asked for; its own by default."""
    if readout == "mean" and embedder.readout != "mean":
        raise EdgcnError(
            f"{name} learned through readout {embedder.readout!r}, and the embedding that "
            f"--readout mean reads was never trained; leave --readout out, or use another"
        )
    return embedder.read_by(readout) if readout else embedder


def check_fusion(models: Sequence[Model]) -> None:
    """Models that are fused are different ones that have learned from the same clips."""
    first = models[0]
    places = [Path(model.name).resolve() for model in models]
    if len(set(places)) < len(places):
        raise EdgcnError(f"--fuse: expected other models than {first.name}, each once")
    for other in models[1:]:
        if not np.array_equal(first.origin.pretrained.frames, other.origin.pretrained.frames):
            raise EdgcnError(
                f"{other.name} was trained on other clips than {first.name}; models that are fused "
                f"learn from the same clips"
            )


def trainable_of(model: Model, device: torch.device) -> Trainable:
    """The encoders that finetune and supervised train, and what they read."""
    embedder, clips, config = model.embedder, model.adapted.clips, model.origin.config
    inputs, augmentations = embedder.inputs, config.get("augmentations")
    if augmentations is None and config.get("objective") in OBJECTIVES:
        augmentations = traits(OBJECTIVES[config["objective"]]).augmentations

    def clean(rows: np.ndarray) -> Float[Tensor, "n c t v m"]:
        return inputs.clean(clips.batch(rows, inputs.frames).to(device))

    def view(rows: np.ndarray, draws: torch.Generator) -> Float[Tensor, "n features t v m"]:
        return inputs.features(clean(rows))

    def augmented(rows: np.ndarray, draws: torch.Generator) -> Float[Tensor, "n features t v m"]:
        settings = config.get("augmentation_settings", {})
        chain: dict[str, Any] = {"augmentations": augmentations or (), "settings": settings}
        return one_view(clean(rows), Draws(draws, batch=len(rows)), inputs=inputs, **chain)

    return Trainable(
        pretrained=lambda: embedder.encoder,
        untrained=lambda: embedder.untrained(model.origin.seed).encoder,
        read=lambda encoder, x: READOUTS[embedder.readout](encoder, x, inputs.topology),
        view=view,
        augmented=augmented,
        device=device,
        bfloat16=use_bfloat16(config.get("precision", "auto"), device.type),
    )
