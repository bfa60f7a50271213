"""Typed rows: one method or baseline, as one protocol scored it; and rows of several seeds as one.

Row -> JSON and back, -> cells of a table; rows of one setting's seeds -> their mean and spread

Rows are distinguished by `kind`, amount of labels and settings, never by the name people read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.metrics import resampled

Kind = Literal[
    "majority", "chance", "one_cluster", "nothing", "raw", "random", "scratch", "bursts", "frozen",
    "method", "fused", "fitted",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)  # in the order of a table
CONSTANT: tuple[Kind, ...] = (
    "majority",
    "chance",
    "one_cluster",
    "nothing",
)  # depend on the labels alone
BASELINES: tuple[Kind, ...] = (*CONSTANT, "raw", "random", "scratch", "bursts")
NAMES: dict[Kind, str] = {
    "majority": "majority class",
    "chance": "chance",
    "one_cluster": "one cluster",
    "raw": "raw coordinates",
    "random": "random encoder",
    "nothing": "nothing found",
    "bursts": "bursts of motion, named by the method",
}
MEASURES = (
    "map",
    "accuracy",
    "top1",
    "f1_50",
)  # the main score is the first of these that a row has


@dataclass(frozen=True)
class Row:
    """The scores of one method or baseline by one protocol.

    Args:
        kind: what was scored. "scratch" stands beside fine-tuning; "method" is what the protocol
            is about, and "fitted" a recognizer's own classifier.
        scores: fractions by name; `low` and `high` bound the main one.
        n: tested clips; where events are found, the true ones (in tables: `true events`).
        labels: how many labels were used, in words ("5 per class"); empty where all were.
        amount: the same as a number to sort by.
        n_labels: labelled clips that this is.
        chosen: settings that were chosen on held-out training subjects ({"lr": 0.3}).
        held_out: share of held-out training clips that was right with what was chosen.
        by_subject: sum of the main score over the clips of each tested subject, and how many.
        learned: which tested people the encoder had learned from ("6/6 people"), or empty.
        seeds: of the pre-trainings that this is the mean of.
        spread: standard deviation of the main score over these seeds.
    """

    kind: Kind
    name: str
    scores: Mapping[str, float]
    n: int
    labels: str = ""
    amount: float = 0.0
    n_labels: int | None = None
    chosen: Mapping[str, float] = field(default_factory=dict)
    held_out: float | None = None
    by_subject: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    learned: str = ""
    seeds: tuple[int, ...] = ()
    spread: float | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether the row is there for comparison only."""
        return self.kind in BASELINES

    @property
    def measure(self) -> str:
        """The name of the main score."""
        return next(name for name in MEASURES if name in self.scores)

    @property
    def main(self) -> float:
        """The main score."""
        return self.scores[self.measure]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self) | {"seeds": list(self.seeds)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Row":
        """Inverse of `to_dict`.

        Raises:
            EdgcnError: it is not a row.
        """
        if data.get("kind") not in KINDS:
            raise EdgcnError(
                f"expected a kind of row among {', '.join(KINDS)}, got {data.get('kind')!r}"
            )
        try:
            people = {who: tuple(sums) for who, sums in data.get("by_subject", {}).items()}
            seeds = tuple(data.get("seeds", ()))
            return cls(**{**data, "seeds": seeds, "by_subject": people})
        except TypeError as error:
            raise EdgcnError(f"expected a row of results, got {dict(data)}: {error}") from error

    def cells(self) -> dict[str, Any]:
        """What a table or figure shows, by column."""
        flat = self.to_dict()
        del flat["by_subject"]
        return {
            **flat.pop("scores"),
            **flat.pop("chosen"),
            **flat,
            "events": self.n,
            "baseline": self.is_baseline,
        }


def mean_over_seeds(rows: Sequence[Row]) -> Row:
    """Rows of one setting as one: means of their scores, spread of the main one over seeds.

    What they do not all have is left out; the rest is the first row's.
    """
    first, several = rows[0], len(rows) > 1
    scores = [name for name in first.scores if all(name in row.scores for row in rows)]
    chosen = {k: v for k, v in first.chosen.items() if all(row.chosen.get(k) == v for row in rows)}
    shares = [row.held_out for row in rows if row.held_out is not None]
    return replace(
        first,
        scores={name: float(np.mean([row.scores[name] for row in rows])) for name in scores},
        chosen=chosen,
        held_out=float(np.mean(shares)) if len(shares) == len(rows) else None,
        by_subject=_mean_by_subject(rows),
        learned=", ".join(dict.fromkeys(row.learned for row in rows if row.learned)),
        seeds=tuple(sorted({seed for row in rows for seed in row.seeds})),
        spread=float(np.std([row.main for row in rows])) if several else first.spread,
    )


def _mean_by_subject(rows: Sequence[Row]) -> dict[str, tuple[float, int]]:
    """The means of each subject's sums; nothing where the rows are not of the same clips."""
    clips = _clips(rows[0])
    if any(_clips(row) != clips for row in rows):
        return {}
    return {
        who: (float(np.mean([row.by_subject[who][0] for row in rows])), n)
        for who, n in clips.items()
    }


def _clips(row: Row) -> dict[str, int]:
    """How many clips of each subject were tested."""
    return {who: clips for who, (_, clips) in row.by_subject.items()}


@dataclass(frozen=True)
class Paired:
    """How much more one setting scores than another, seed by seed.

    Args:
        differences: of the main score as fractions, in the order of `seeds`.
        interval: 95 % of their mean, by resampling tested subjects, each with its clips' scores by
            both settings; None where they were not tested on the same clips, clip by clip.
    """

    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    interval: tuple[float, float] | None = None

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(self.differences))

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds, where there are several."""
        return float(np.std(self.differences)) if len(self.seeds) > 1 else None

    def __str__(self) -> str:
        """In points, such as `+1.2 ±0.3`."""
        spread = "" if self.spread is None else f" ±{100 * self.spread:.1f}"
        return f"{100 * self.mean:+.1f}{spread}"


def paired(before: Sequence[Row], after: Sequence[Row]) -> Paired | None:
    """How much more `after` scores than `before`, over the seeds that both have; None without any.

    Args:
        before, after: rows of one seed each.
    """
    first, second = _by_seed(before), _by_seed(after)
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        return None
    means = [
        mean_over_seeds([row for row in side if set(row.seeds) <= {*seeds}])
        for side in (before, after)
    ]
    return Paired(seeds, tuple(second[s] - first[s] for s in seeds), _interval(*means))


def _interval(before: Row, after: Row) -> tuple[float, float] | None:
    clips = _clips(before)
    if not clips or _clips(after) != clips:
        return None
    sums = [after.by_subject[who][0] - before.by_subject[who][0] for who in clips]
    return resampled(np.array(sums), np.array([*clips.values()]))


def _by_seed(rows: Sequence[Row]) -> dict[int, float]:
    """The main score of each seed; the mean where a seed was scored several times."""
    scores: dict[int, list[float]] = {}
    for row in rows:
        for seed in row.seeds:
            scores.setdefault(seed, []).append(row.main)
    return {seed: float(np.mean(each)) for seed, each in scores.items()}


# What papers call an encoder trained by an objective; SkeletonCLR has a projector, AS-CAL has none.
PAPERS = {
    ("ascal-lstm", "moco", False): "AS-CAL",
    ("stgcn-quarter", "moco", True): "SkeletonCLR",
    ("pc-gru", "predict-cluster", False): "P&C",
    ("vae-lstm", "variational", False): "U-S-VAE Z",
}
WEAK = {"fixed-weights": "FW", "fixed-state": "FS"}  # decoders of P&C


def method_title(
    encoder: str,
    objective: str,
    *,
    title: str,
    moments: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """EDGCN, A-EDGCN with moments, the paper's method, or else the encoder and the objective.

    Args:
        encoder, objective: by the names they are registered by.
        title: of the objective.
        settings: of the objective; `projector` and `decoder` are read.
    """
    settings = settings or {}
    weak = ""
    if objective == "predict-cluster":
        weak = f" {WEAK[settings.get('decoder', 'fixed-weights')]}"
    paper = PAPERS.get(
        (encoder, objective, bool(settings.get("projector")) and objective == "moco")
    )
    if paper:
        return f"{paper}{weak} ({encoder}{', moments' if moments else ''})"
    name = encoder + (" + moments" if moments else "")
    if encoder.startswith("edgcn"):
        name = f"{'A-EDGCN' if moments else 'EDGCN'} ({encoder})"
    return name if objective == "moco" else f"{name}, {title}{weak}"
