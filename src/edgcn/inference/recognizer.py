"""The recognizer, ONE file: encoder, readout, input pipeline, classifier, classes, provenance.

clips -> vectors (N, D) -> classifier -> probabilities (N, K), class names. Training makes it, `fit`
completes it, everything after it takes it, and nothing changes one in place.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import Tags

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.plugins import require_plugins
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.evaluation.embed import embed
from edgcn.evaluation.probes import LinearProbe, fit_logistic, probe_from_tensors, probe_to_tensors
from edgcn.inference.arrays import ArrayClips, array_clips
from edgcn.inference.provenance import Provenance
from edgcn.inference.released import RELEASED, released
from edgcn.models.embedder import Embedder
from edgcn.runs import Run
from edgcn.store import Selection, Store
from edgcn.store.learned import Learned, learned_from


class Recognizer(ClassifierMixin, TransformerMixin, BaseEstimator):
    """Names clips: an encoder learned without labels and a classifier on its vectors.

    Follows scikit-learn's contract (`fit`, `predict`, `predict_proba`, `transform`, `score`,
    `get_params`; learned state ends in `_`). X is a store, a selection of its clips, or a list of
    raw clips (T, V, C) or (T, M, V, C) in the encoder's unit; y are class names or numbers.

    Args:
        model: a run, a recognizer or its file, or the name of released weights.
        topology: a `Topology`, where raw clips have other joints than the encoder's.
        skeleton: what is done where the joints differ: "remap", "rebuild" or "position".
        depth: what an encoder of 3-D clips reads as depth in flat ones: "zero" or "confidence".
        device: "cpu", "cuda" or "mps".
    """

    def __init__(
        self,
        model: Any = "edgcn-s",
        *,
        topology: Any = None,
        skeleton: Any = "remap",
        depth: Any = "zero",
        device: Any = "cpu",
    ) -> None:
        self.model = model
        self.topology = topology
        self.skeleton = skeleton
        self.depth = depth
        self.device = device

    def fit(self, X: Any, y: Any = None, *, subjects: Any = None) -> "Recognizer":
        """Learn the classifier: standardized logistic regression on the encoder's vectors.

        Its strength is chosen on held-out people among these clips.

        Args:
            y: a class of each clip; by default the labels of the store, unlabelled clips left out.
            subjects: who is in each clip; by default the store's. Without any, every fourth clip
                is held out instead.

        Raises:
            EdgcnError: no labels, labels of one class, or clips that the encoder cannot read.
        """
        source = resolve(self.model).source()  # what an earlier fit has learned is forgotten
        embedder = source.embedder()
        clips = self._clips(X, embedder)
        rows, labels, classes, people = self._targets(clips, y, subjects)
        embedder, features = self._embed(embedder, clips, rows)
        probe, strength = fit_logistic(features, labels, people, classes=len(classes))
        fitted = learned_from(clips, rows) if isinstance(clips, Selection) else None
        self.provenance_: Provenance = replace(source.provenance_, fitted=fitted)
        self.embedder_, self.classes_ = embedder, classes
        self.classifier_, self.strength_ = probe, strength
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each clip, (N,)."""
        return np.asarray(self.classes_of()[self.predict_proba(X).argmax(1)])

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n k"]:
        """How likely each class is, (N, K); rows sum to 1, columns are those of `classes_`."""
        self.classes_of()
        return self.classifier_.probabilities(self.transform(X))

    def transform(self, X: Any) -> Float[np.ndarray, "n d"]:
        """The encoder's vector of each clip, (N, D); needs no classifier."""
        embedder = self.embedder()
        clips = self._clips(X, embedder)
        return self._embed(embedder, clips, np.arange(len(clips)))[1]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Share of clips whose class is predicted; y by default the labels of the store.

        Raises:
            EdgcnError: a store whose class names the recognizer does not know.
        """
        if y is not None:
            return float(super().score(X, y, sample_weight))
        clips = X.clips() if isinstance(X, Store) else X
        if not isinstance(clips, Selection):
            raise EdgcnError("expected the class of each clip as y, got none")
        kept = clips.take(np.flatnonzero(clips.labels >= 0))
        if unknown := sorted(set(clips.classes) - set(self.classes_of().tolist())):
            raise EdgcnError(f"this recognizer does not know the classes {', '.join(unknown)}")
        return float(super().score(kept, np.array(kept.classes)[kept.labels], sample_weight))

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write the recognizer as one file, whole or not at all; returns its path.

        Raises:
            EdgcnError: the file cannot be written, or is there and not to be overwritten.
        """
        source = self.source()
        path, embedder, provenance = Path(path), source.embedder(), source.provenance_
        tensors = embedder.tensors()
        metadata: dict[str, Any] = {"embedder": embedder.metadata()}
        if hasattr(self, "classifier_"):
            probe = probe_to_tensors(self.classifier_)
            tensors |= {f"classifier.{name}": value for name, value in probe.items()}
            metadata["classes"] = self.classes_.tolist()
            metadata["strength"] = self.strength_
        for name in ("pretrained", "fitted"):
            if (learned := getattr(provenance, name)) is not None:
                tensors[f"{name}.frames"], metadata[name] = learned.to_tensors()
        rebuilt = self.skeleton == "rebuild"  # and kept: other clips come to it as to any other
        metadata["adapt"] = {"skeleton": "remap" if rebuilt else self.skeleton, "depth": self.depth}
        metadata["provenance"] = {
            name: getattr(provenance, name)
            for name in ("title", "config", "notes", "versions", "plugins")
        }
        save_tensors(path, tensors, metadata, overwrite=overwrite)
        return path

    def source(self) -> "Recognizer":
        """The recognizer that has the encoder: this one, or else what `model` names."""
        return self if hasattr(self, "embedder_") else resolve(self.model).source()

    def embedder(self) -> Embedder:
        """The encoder with its inputs and its readout."""
        embedder: Embedder = self.source().embedder_
        return embedder

    def classes_of(self) -> np.ndarray:
        """`classes_`, or an error that says how to learn some."""
        if not hasattr(self, "classifier_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                "this recognizer has learned no classes yet; fit it on labelled clips with "
                "`fit`, or `edgcn fit MODEL STORE --out NEW.edgcn`"
            )
        return self.classes_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # clips have any number of frames
        tags.input_tags.three_d_array = False
        tags.no_validation = True
        assert tags.transformer_tags is not None
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.target_tags.required = False  # a store brings its labels
        return tags

    def _clips(self, X: Any, embedder: Embedder) -> Selection | ArrayClips:
        if isinstance(X, Store):
            return X.clips()
        if isinstance(X, Selection | ArrayClips):
            return X
        topology, sensor = self.topology or embedder.inputs.topology, embedder.inputs.sensor
        return array_clips(X, topology=topology, dims=sensor.dims, units=sensor.units)

    def _embed(
        self, embedder: Embedder, clips: Selection | ArrayClips, rows: np.ndarray
    ) -> tuple[Embedder, Float[np.ndarray, "n d"]]:
        """Vectors of some clips, and the embedder that made them."""
        if not len(rows):
            raise EdgcnError("expected at least one clip, got none")
        embedder, adapted = embedder.adapted(
            clips, rows=rows, skeleton=self.skeleton, depth=self.depth
        )
        return embedder, embed(embedder, adapted.clips, rows, device=self.device)

    def _targets(
        self, clips: Selection | ArrayClips, y: Any, subjects: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rows that have a label, their labels as numbers, the classes, who is in each."""
        if y is None and not isinstance(clips, Selection):
            raise EdgcnError("expected the class of each clip as y, got none")
        rows = np.arange(len(clips))
        if y is None:
            assert isinstance(clips, Selection)
            rows = rows[clips.labels >= 0]
            classes, labels = np.array(clips.classes), clips.labels[rows]
        else:
            y = np.asarray(y)
            if y.shape != (len(clips),):
                raise EdgcnError(
                    f"expected one class for each of {len(clips)} clips, got {y.shape}"
                )
            classes, labels = np.unique(y, return_inverse=True)
        if (found := len(np.unique(labels))) < 2:
            raise EdgcnError(
                f"expected labelled clips of at least 2 classes to learn from, got {len(labels)} "
                f"clips of {found} class{'' if found == 1 else 'es'}"
            )
        if subjects is None:
            subjects = clips.subjects if isinstance(clips, Selection) else [""] * len(clips)
        people = np.asarray(subjects, dtype=str)
        if len(people) != len(clips):
            raise EdgcnError(
                f"expected a subject for each of {len(clips)} clips, got {len(people)}"
            )
        return rows, np.asarray(labels, dtype=np.int64), classes, people[rows]


def resolve(model: Any) -> Recognizer:
    """A recognizer from a run, a file, a name of released weights, or one itself.

    Raises:
        EdgcnError: there is no such run, file or name, or it needs a plugin that is missing.
    """
    return model if isinstance(model, Recognizer) else load(model)


def load(model: Run | str | Path) -> Recognizer:
    """The recognizer of a run, of a file, or of released weights by their name.

    Raises:
        EdgcnError: there is no such run, file or name, or it needs a plugin that is missing.
    """
    path = Path(model)
    if path.is_dir():
        path = Run(path).recognizer
    elif str(model) in RELEASED and not path.exists():
        path = released(str(model))
    elif not path.is_file():
        hint = did_you_mean(str(model), RELEASED)
        raise EdgcnError(
            f"{model} does not exist; expected a run, a recognizer's file, or the name of released "
            f"weights: {', '.join(RELEASED)}{hint}"
        )
    return _read(path, model)


def _read(path: Path, model: Any) -> Recognizer:
    tensors, metadata = load_tensors(path)
    if "embedder" not in metadata:
        raise EdgcnError(f"{path}: expected a recognizer, got another file of edgcn")
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    origin = dict(metadata["provenance"])
    require_plugins(origin["plugins"])
    made = Recognizer(model if isinstance(model, str) else str(model), **metadata["adapt"])
    try:
        made.embedder_ = Embedder.load(metadata["embedder"], parts)
    except (KeyError, RuntimeError, EdgcnError) as error:  # RuntimeError: shapes that do not fit
        reason = str(error).splitlines()[0].rstrip(":")
        raise EdgcnError(
            f"{path}: its encoder {metadata['embedder'].get('encoder')!r} is not the one that this "
            f"edgcn makes: {reason}; use the version or the plugin that wrote it"
        ) from error
    learned = {
        name: Learned.from_tensors(parts[name]["frames"], metadata[name])
        for name in ("pretrained", "fitted")
        if name in metadata
    }
    origin |= {"notes": tuple(origin["notes"]), "plugins": tuple(origin["plugins"]), **learned}
    made.provenance_ = Provenance(**origin)
    if "classifier" in parts:
        probe = probe_from_tensors(parts["classifier"])
        assert isinstance(probe, LinearProbe)
        made.classifier_, made.strength_ = probe, metadata["strength"]
        made.classes_ = np.array(metadata["classes"])
    return made


def unfitted(embedder: Embedder, provenance: Provenance, *, model: str) -> Recognizer:
    """A recognizer without a classifier, as a training makes it.

    Args:
        model: where it will be found.
    """
    made = Recognizer(model)
    made.embedder_, made.provenance_ = embedder, provenance
    return made
