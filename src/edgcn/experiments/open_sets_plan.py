"""The table of the open data sets as data: its methods, what scores them, its rows and its pairs.

methods x sets x seeds -> jobs: one pre-training each, and the sets its encoder is scored on

No score of a test subject chooses anything: the settings are those of the recipes, the same on
every set, and the probe's lr is chosen on held-out training subjects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgcn.base.errors import EdgcnError
from edgcn.experiments.paper import AS_CAL, P_AND_C, SKELETON_CLR
from edgcn.experiments.runner import Job
from edgcn.presets.datasets import DATA_SETS

SETS = ("isl30", "wmft", "utd", "msr-world")  # the long ones first, so that no process ends alone


@dataclass(frozen=True)
class Method:
    """A row of the table: what is pre-trained, and on what.

    Args:
        settings: flat, of pre-training; the encoder is the command's where they name none.
        learns: from the training side of the set it is scored on, of all sets, or of the others.
        every_seed: whether it is run with all seeds; the others with the first one only.
        ours: no rival of `best`, but a variant of it.
        row: which row of its evaluations it stands for.
    """

    title: str
    settings: Mapping[str, Any]
    learns: Literal["set", "all", "others"] = "set"
    every_seed: bool = False
    ours: bool = False
    row: Literal["method", "random"] = "method"


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
}

# What is scored: columns, and the settings of evaluation beside the protocol.
COLUMNS = {
    "linear": "linear 100 %",
    "semi": "10 % labels",
    "few-shot": "5-shot",
    "knn": "kNN top-1",
    "retrieval": "retrieval mAP",
}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "linear": {"lr": "auto"},
    "semi": {"fractions": (0.1,)},
    "few-shot": {"shots": (5,)},
    "knn": {},
    "retrieval": {},
}
TUNED = "best-union"  # the method that --finetune is about

# Rows: of which method (None: any, it is the same for all), and which kinds of its evaluations.
Of = tuple[str | None, tuple[str, ...]]
METHOD: tuple[str, ...] = ("method",)
RANDOM: tuple[str, ...] = ("random",)
LINES: dict[str, Of] = {
    "majority class": (None, ("majority", "chance")),  # chance: of retrieval
    "raw coordinates": (None, ("raw",)),
    "random encoder, as EDGCN": ("edgcn", RANDOM),
    "random encoder, as best": ("best", RANDOM),
    "random encoder, on common joints": ("best-union", RANDOM),
    **{method.title: (name, (method.row,)) for name, method in METHODS.items()},
}
OURS = {method.title for method in METHODS.values() if method.ours}
RIVALS = [line for line in LINES if line not in OURS]
GAINS = ("best", "best-union")  # whose gains over the strongest rival are tables

# Tables of one score beside another of the same seeds: what is compared, before and after.
Pairs = dict[str, tuple[Of, Of]]
WITH_MOMENTS: Pairs = {
    f"{METHODS[a].title} → {METHODS[b].title}": ((a, METHOD), (b, METHOD))
    for a, b in (("edgcn", "a-edgcn"), ("best", "best-moments"))
}
TRANSFER = "random encoder → pre-trained on the other sets"
UNSEEN: Pairs = {
    TRANSFER: (("best-left-out", RANDOM), ("best-left-out", METHOD)),
    "pre-trained on the set → on the others": (("best", METHOD), ("best-left-out", METHOD)),
    f"{TRANSFER}, with moments": (
        ("best-moments-left-out", RANDOM), ("best-moments-left-out", METHOD)),
    "pre-trained on the set → on the others, with moments": (
        ("best-moments", METHOD), ("best-moments-left-out", METHOD)),
}  # fmt: skip
FROM_SCRATCH: Pairs = {"from scratch → fine-tuned": ((TUNED, ("scratch",)), (TUNED, METHOD))}


# Headings and lines of the page that its sentences are about.
MEAN = "mean of the sets"
LINEAR, FEW, SHOTS, NEAREST = list(COLUMNS.values())[:4]
UNSEEN_SETS, MOMENTS_ALONE = "A set that was never seen", "Moments, everything else equal"
FINE_TUNED = f"Fine-tuned from {METHODS[TUNED].title}"
PLAIN_MOMENTS = next(iter(WITH_MOMENTS))  # of the published recipe


def gains_heading(method: str) -> str:
    """Of the table of a method's gains."""
    return f"Gain of {METHODS[method].title} over the strongest rival"


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
        protocols = PROTOCOLS | ({"finetune": {}} if finetune and name == TUNED else {})
        for scored in [tuple(sets)] if method.learns == "all" else [(one,) for one in sets]:
            others = tuple(other for other in found if other not in scored)
            if method.learns == "others" and not others:
                raise EdgcnError(
                    f"{name} learns from other sets than {scored[0]}, and there are none; leave it "
                    f"out with --methods"
                )
            members = {"set": scored, "all": tuple(found), "others": others}[method.learns]
            jobs.append(
                Job(
                    f"{name} on {'+'.join(members)}",
                    {"encoder": encoder, "learn_from": "clips", **method.settings, **small}
                    | store_of(members, out),
                    [
                        {**store_of((one,), out), "protocol": protocol, **values}
                        for one in scored
                        for protocol, values in protocols.items()
                    ],
                    seeds if method.every_seed or every_seed else seeds[:1],
                    {"method": name, "learns from": members, "scored on": scored},
                )
            )
    return jobs


def store_of(members: Sequence[str], out: Path) -> dict[str, Any]:
    """The store of a set, or of sets joined, and who tests in it."""
    if len(members) == 1:
        return {"store": out / "stores" / members[0], "split": DATA_SETS[members[0]].split}
    tests = [f"{name}/{subject}" for name in members for subject in DATA_SETS[name].tests]
    return {"store": out / "unions" / "+".join(members), "split": f"subject:{','.join(tests)}"}
