"""The table of the open data sets as data: its methods, what scores them, its rows and its pairs.

methods x sets x seeds -> jobs: one pre-training each, and the sets its encoder is scored on

No score of a test subject chooses anything: the settings are those of the recipes, the same on
every set, and each probe's strength is chosen on held-out training subjects. Released weights are
scored as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edgcn.base.errors import EdgcnError
from edgcn.experiments.paper import AS_CAL, P_AND_C, SKELETON_CLR
from edgcn.experiments.runner import Job
from edgcn.inference.released import RELEASED
from edgcn.presets.datasets import DATA_SETS

# The long ones first, so that no process ends alone.
SETS = ("isl30", "wmft", "utd", "msr-world", "msr-screen")
UNITED = tuple(name for name in SETS if DATA_SETS[name].units == "m")  # what a union is made of


@dataclass(frozen=True)
class Method:
    """A row of the table: what is pre-trained, and on what.

    Args:
        settings: flat, of pre-training; the encoder is the command's where they name none.
        learns: from the training side of the set it is scored on, of all sets, of the others, or
            from nothing: `model` is scored as it is.
        every_seed: whether it is run with all seeds; the others with the first one only.
        ours: no rival of `best`, but a variant of it.
        row: which row of its evaluations it stands for.
        model: released weights.
    """

    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    learns: Literal["set", "all", "others", "nothing"] = "set"
    every_seed: bool = False
    ours: bool = False
    row: Literal["method", "random"] = "method"
    model: str = ""


# Published methods at this machine's size, the same for all of them: 10 passes of the
# paper's 60 at the frames of `best`; P&C a quarter as wide as published.
SIZE: dict[str, Any] = {"recipe": "paper", "epochs": 10, "frames": 32}
BEST: dict[str, Any] = {"recipe": "best"}
MOMENTS: dict[str, Any] = BEST | {"moments": True}
# A control: the weights stay as they were drawn, and batch norm learns what the clips are like.
UNMOVED: dict[str, Any] = {"lr": 1e-12, "epochs": 10}
# The inputs that a random encoder likes better: steps as small as they are, each joint normalized.
PLAIN: dict[str, Any] = UNMOVED | {"motion_gain": 1.0, "input_norm": True, "epochs": 1}

METHODS: dict[str, Method] = {
    "as-cal": Method("AS-CAL", SIZE | AS_CAL),
    "skeletonclr": Method("SkeletonCLR", SIZE | SKELETON_CLR),
    "p&c": Method("P&C", SIZE | P_AND_C | {"encoder_settings": {"hidden": 256}}),
    "edgcn": Method("EDGCN", SIZE, every_seed=True),
    "a-edgcn": Method("A-EDGCN", SIZE | {"moments": True}, every_seed=True),
    "plain": Method("random encoder, plain motion", BEST | PLAIN, every_seed=True, row="random"),
    "statistics": Method("random encoder, as best, its norms learned", BEST | UNMOVED),
    "best": Method("best", BEST, every_seed=True, ours=True),
    "best-moments": Method("best, with moments", MOMENTS, ours=True),
    "best-union": Method("best, pre-trained on all sets", BEST, "all", ours=True),
    "best-left-out": Method("best, pre-trained on the other sets", BEST, "others", ours=True),
    "best-moments-left-out": Method(
        "best, with moments, on the other sets", MOMENTS, "others", ours=True
    ),
    **{
        f"released-{name}": Method(
            f"released {name}", learns="nothing", every_seed=True, ours=True, model=name
        )
        for name in RELEASED
    },
    "continued": Method(
        "released edgcn-s, then own clips",
        {"recipe": "continued", "encoder": "edgcn-s", "from_": "edgcn-s"},
        every_seed=True,
        ours=True,
    ),
}
ON_REQUEST = (  # run where --methods names them
    "statistics", "best-moments", "best-union", "best-moments-left-out",
)  # fmt: skip
DEFAULT = tuple(name for name in METHODS if name not in ON_REQUEST)

# What is scored, by column: the settings of its evaluation.
PROBES: dict[str, dict[str, Any]] = {
    "linear": {"protocol": "linear", "lr": "auto"},
    "logistic": {"protocol": "logistic"},
    "logistic-whitened": {"protocol": "logistic", "whiten": 256},
    "semi": {"protocol": "semi", "fractions": (0.1,)},
    "few-shot": {"protocol": "few-shot", "shots": (5,)},
    "knn": {"protocol": "knn"},
    "knn-whitened": {"protocol": "knn", "whiten": 256},
    "retrieval": {"protocol": "retrieval"},
}
# Of several columns the one that is best on held-out training subjects, run by run.
STRONGEST: dict[str, tuple[str, ...]] = {
    "all": ("linear", "logistic", "logistic-whitened"),
    "nearest": ("knn", "knn-whitened"),
}
COLUMNS = {
    "all": "all labels",
    "semi": "10 % labels",
    "few-shot": "5-shot",
    "nearest": "neighbors",
    "retrieval": "retrieval mAP",
    "linear": "linear layer",
    "logistic": "logistic",
    "logistic-whitened": "logistic, whitened",
    "knn": "kNN",
    "knn-whitened": "kNN, whitened",
}
MAIN = {key: COLUMNS[key] for key in ("all", "semi", "few-shot", "nearest", "retrieval")}
ALL, TENTH, SHOTS, NEAREST = list(MAIN.values())[:4]
TUNED = ("best", "released-edgcn-s")  # the methods that --finetune is about
TUNING: dict[str, dict[str, Any]] = {
    "finetune": {"protocol": "finetune"},
    "finetune-tenth": {"protocol": "finetune", "finetune_share": 0.1},
}

# Rows: of which method (None: any, it is the same for all), and which kinds of its evaluations.
Of = tuple[str | None, tuple[str, ...]]
METHOD: tuple[str, ...] = ("method",)
RANDOM: tuple[str, ...] = ("random",)
LINES: dict[str, Of] = {
    "majority class": (None, ("majority", "chance")),  # chance: of retrieval
    "raw coordinates": (None, ("raw",)),
    "random encoder, as EDGCN": ("edgcn", RANDOM),
    "random encoder, as best": ("best", RANDOM),
    "random encoder, on common joints": ("best-left-out", RANDOM),
    **{f"random encoder, as released {name}": (f"released-{name}", RANDOM) for name in RELEASED},
    **{method.title: (name, (method.row,)) for name, method in METHODS.items()},
}
OURS = {method.title: name for name, method in METHODS.items() if method.ours}
RIVALS = [line for line in LINES if line not in OURS]

# One score beside another of the same seeds: what is compared, before and after.
Pairs = dict[str, tuple[Of, Of]]
MOMENTS_PAIR = "EDGCN → A-EDGCN"
PAIRS: Pairs = {
    MOMENTS_PAIR: (("edgcn", METHOD), ("a-edgcn", METHOD)),
    "best → best, with moments": (("best", METHOD), ("best-moments", METHOD)),
    "pre-trained on the other sets → on the set": (("best-left-out", METHOD), ("best", METHOD)),
    "best → released edgcn-s, then own clips": (("best", METHOD), ("continued", METHOD)),
}
FROM_SCRATCH: Pairs = {
    f"from scratch → fine-tuned from {METHODS[name].title}": ((name, ("scratch",)), (name, METHOD))
    for name in TUNED
}
TUNED_COLUMNS = {"finetune": ALL, "finetune-tenth": TENTH}

# Headings and lines of the page that its sentences are about.
MEAN = "mean of the sets"
SUMMARY = "All labels, by the strongest probe"
OVER_RIVAL, OVER_RANDOM = "Over the strongest rival", "Over the same encoder before training"
BESIDE = "Other differences"
FINE_TUNED = "Fine-tuned"


def plan(
    sets: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    *,
    found: Sequence[str],
    out: Path = Path(),
    every_seed: bool = False,
    finetune: bool = False,
    encoder: str = "edgcn-s",
    quick: bool = False,
) -> list[Job]:
    """The jobs; their cells name the method, the sets it learns from and those it is scored on.

    Args:
        sets: to be scored on.
        found: the sets that a union is made of, whether they are scored on or not.
        out: where stores and unions are.
        encoder: of the methods that bring none.
        quick: two epochs of short clips.

    Raises:
        EdgcnError: a method learns from other sets, and there are none.
    """
    jobs, small = [], {"epochs": 2, "frames": 8, "batch_size": 16} if quick else {}
    for name in methods:
        method = METHODS[name]
        probes = PROBES | (TUNING if finetune and name in TUNED else {})
        together = method.learns in ("all", "nothing")
        for scored in [tuple(sets)] if together else [(one,) for one in sets]:
            members = {
                "set": scored,
                "all": tuple(other for other in found if other in UNITED),
                "others": unseen(scored, found),
                "nothing": (),
            }[method.learns]
            if not members and not method.model:
                raise EdgcnError(
                    f"{name} learns from other sets than {scored[0]}, and there are none; leave it "
                    f"out with --methods"
                )
            settings = {"encoder": encoder, "learn_from": "clips", **method.settings, **small}
            jobs.append(
                Job(
                    f"{name} on {'+'.join(members)}" if members else method.title,
                    {} if method.model else settings | store_of(members, out),
                    [
                        {**store_of((one,), out), **probe}
                        for one in scored
                        for probe in probes.values()
                    ],
                    seeds if method.every_seed or every_seed else seeds[:1],
                    {"method": name, "learns from": members, "scored on": scored},
                    model=method.model,
                )
            )
    return jobs


def unseen(scored: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """The sets that a union is made of which has none of the recordings that are scored on.

    (MSR Action3D in pixels is of the same recordings as in meters, and of the same page.)
    """
    pages = {DATA_SETS[name].page for name in scored}
    return tuple(n for n in found if n in UNITED and DATA_SETS[n].page not in pages)


def store_of(members: Sequence[str], out: Path) -> dict[str, Any]:
    """The store of a set, or of sets joined, and who tests in it."""
    if len(members) == 1:
        return {"store": out / "stores" / members[0], "split": DATA_SETS[members[0]].split}
    tests = [f"{name}/{subject}" for name in members for subject in DATA_SETS[name].tests]
    return {"store": out / "unions" / "+".join(members), "split": f"subject:{','.join(tests)}"}
