"""The recognizer, ONE file: encoder, readout, input pipeline, classifier, classes, provenance.

clips -> vectors (N, D) -> classifier -> probabilities (N, K), class names. Training makes it, `fit`
completes it, everything after it takes it, and nothing changes one in place.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from edgcn.annotations.events import Events
from edgcn.base.errors import EdgcnError
from edgcn.base.files import as_path
from edgcn.base.tensorfile import save_tensors
from edgcn.evaluation.embed import embed
from edgcn.evaluation.logistic import fit_logistic
from edgcn.evaluation.probes import probe_to_tensors
from edgcn.inference.arrays import ArrayClips, clips_for, named, refuse_empty
from edgcn.inference.dense import reading_of
from edgcn.inference.examples import examples_of
from edgcn.inference.learn import learn
from edgcn.inference.located import check_run, located
from edgcn.inference.provenance import Provenance
from edgcn.inference.recorded import read_recorded
from edgcn.inference.spot import UNSPOTTED, Spotter
from edgcn.inference.spotter_file import spotter_tensors
from edgcn.inference.targets import check_settings, targets
from edgcn.inference.watch import watch, watched
from edgcn.models.embedder import Embedder
from edgcn.runs import Run
from edgcn.store import Selection, Store
from edgcn.store.learned import learned_from


class UnfittedError(EdgcnError, NotFittedError):
    """A recognizer that has learned no classes is asked for one; scikit-learn's error, too."""


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
            EdgcnError: no labels, labels of one class, or clips that cannot be read or are empty.
        """
        source = resolve(self.model).source()  # what an earlier fit has learned is forgotten
        embedder = source.embedder()
        clips = self._clips(X, embedder)
        refuse_empty(clips)
        rows, labels, classes, people = targets(clips, y, subjects)
        embedder, features = self._embed(embedder, clips, rows)
        probe, strength = fit_logistic(features, labels, people, classes=len(classes))
        fitted = learned_from(clips, rows) if isinstance(clips, Selection) else None
        self.provenance_: Provenance = replace(source.provenance_, fitted=fitted)
        self.embedder_, self.classes_ = embedder, classes
        self.classifier_, self.strength_ = probe, strength
        self.__dict__.pop("spotter_", None)  # of an earlier fit
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each clip, (N,); where nobody is seen "nobody", or -1."""
        return named(self.classes_of(), self.predict_proba(X))

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n k"]:
        """How likely each of `classes_` is, (N, K); rows sum to 1, or are NaN for nobody."""
        self.classes_of()
        embedder = self.embedder()
        clips = self._clips(X, embedder)
        likely = self.classifier_.probabilities(
            self._embed(embedder, clips, np.arange(len(clips)))[1]
        )
        return np.where(clips.empty[:, None], np.float32(np.nan), likely)

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
            clips = self._clips(X, self.embedder())
            if np.shape(y) != (len(clips),):
                raise EdgcnError(
                    f"expected one class for each of {len(clips)} clips, got {np.shape(y)}"
                )
            return float(super().score(X, y, sample_weight))
        clips = X.clips() if isinstance(X, Store) else X
        if not isinstance(clips, Selection):
            raise EdgcnError("expected the class of each clip as y, got none")
        kept = clips.take(np.flatnonzero(clips.labels >= 0))
        if unknown := sorted(set(clips.classes) - set(self.classes_of().tolist())):
            raise EdgcnError(f"this recognizer does not know the classes {', '.join(unknown)}")
        return float(super().score(kept, np.array(kept.classes)[kept.labels], sample_weight))

    def fit_spotter(self, X: Any, *, seed: int = 0) -> "Recognizer":
        """Learn to find the classes in whole recordings, after `fit`; see `inference/learn.py`.

        Args:
            X: a store or clips of it. Labelled clips that are left out are no background, either.
        """
        clips = X.clips() if isinstance(X, Store) else X
        if not isinstance(clips, Selection):
            raise EdgcnError("expected a store or its clips to learn a spotter from")
        classes = [str(name) for name in self.classes_of()]
        embedder, examples = examples_of(clips, self.embedder(), classes, **self._adapting())
        learnt = learn(reading_of(embedder), examples, classes=len(classes), seed=seed)
        self.spotter_, self.spotter_notes_ = learnt.spotter, learnt.notes
        return self

    def recognize(self, X: Any, *, fps: Any = None, none_of_these: bool = False) -> Events:
        """The events in whole recordings, with how sure each is.

        Args:
            X: a store, a `Recording`, frames (T, V, C) or (T, M, V, C), or a list of these.
            fps: of recordings that do not say it, and of frames.
            none_of_these: also tell what is like no class that was learned.
        """
        spotter, own = self.spotter(), {"topology": self.topology, **self._adapting()}
        embedder, seen, notes = watched(X, self.embedder(), fps=fps, **own)
        by = Path(str(getattr(self.model, "model", self.model))).stem
        reading, classes = reading_of(embedder), [str(name) for name in self.classes_of()]
        made = watch(reading, spotter, classes, seen, by=by, none_of_these=none_of_these)
        return replace(made, notes=notes)

    def spotter(self) -> Spotter:
        """`spotter_`, or an error that says how to learn one."""
        self.classes_of()
        if not hasattr(self, "spotter_"):
            raise UnfittedError(UNSPOTTED)
        return self.spotter_

    def _adapting(self) -> dict[str, Any]:
        check_settings(self.skeleton, self.depth, self.device)
        return {"skeleton": self.skeleton, "depth": self.depth}

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write the recognizer as one file, whole or not at all; returns its path.

        Raises:
            EdgcnError: the file cannot be written, or is there and not to be overwritten.
        """
        source = self.source()
        path = as_path(path, "the name of a file")
        embedder, provenance = source.embedder(), source.provenance_
        tensors = embedder.tensors()
        metadata: dict[str, Any] = {"embedder": embedder.metadata()}
        if hasattr(self, "classifier_"):
            probe = probe_to_tensors(self.classifier_)
            tensors |= {f"classifier.{name}": value for name, value in probe.items()}
            metadata["classes"] = self.classes_.tolist()
            metadata["strength"] = self.strength_
        if hasattr(self, "spotter_"):
            parts, metadata["spotter"] = spotter_tensors(self.spotter_)
            tensors |= {f"spotter.{name}": value for name, value in parts.items()}
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
            raise UnfittedError(
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
        return clips_for(X, self.topology, embedder.inputs)

    def _embed(
        self, embedder: Embedder, clips: Selection | ArrayClips, rows: np.ndarray
    ) -> tuple[Embedder, Float[np.ndarray, "n d"]]:
        """Vectors of some clips, and the embedder that made them."""
        if not len(rows):
            raise EdgcnError("expected at least one clip, got none")
        check_settings(self.skeleton, self.depth, self.device)
        embedder, adapted = embedder.adapted(
            clips, rows=rows, skeleton=self.skeleton, depth=self.depth
        )
        return embedder, embed(embedder, adapted.clips, rows, device=self.device)


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
    path = located(model)
    made = _read(path, model)
    check_run(model, path, made.provenance_.config)
    return made


def _read(path: Path, model: Any) -> Recognizer:
    recorded = read_recorded(path)
    made = Recognizer(model if isinstance(model, str) else str(model), **recorded.adapt)
    made.embedder_, made.provenance_ = recorded.embedder, recorded.provenance
    if recorded.classifier is not None:
        made.classifier_, made.strength_ = recorded.classifier, recorded.strength
        made.classes_ = recorded.classes
    if recorded.spotter is not None:
        made.spotter_ = recorded.spotter
    return made


def unfitted(embedder: Embedder, provenance: Provenance, *, model: str) -> Recognizer:
    """A recognizer without a classifier, as a training makes it.

    Args:
        model: where it will be found.
    """
    made = Recognizer(model)
    made.embedder_, made.provenance_ = embedder, provenance
    return made
