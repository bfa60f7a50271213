"""Which rows and columns the table of the open data sets has, and the runs that this takes.

methods x sets x seeds -> jobs: one pre-training each, and the sets its encoder is scored on
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.experiments.paper import AS_CAL, P_AND_C, SKELETON_CLR

SETS = ("isl30", "wmft", "utd", "msr-world")  # the long ones first, so that no process ends alone


@dataclass(frozen=True)
class Method:
    """A row of the table: what is pre-trained, and on what.

    Args:
        settings: of `PretrainConfig`; the encoder is the command's where they name none.
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
NARROW: dict[str, Any] = {"encoder_options": {"hidden": 256}}
BEST: dict[str, Any] = {"recipe": "best"}
# A control: the weights stay as they were drawn, and batch norm learns what the clips are like.
UNMOVED: dict[str, Any] = {"lr": 1e-12, "epochs": 10}
# The inputs that a random encoder likes better: steps as small as they are, each joint normalized.
PLAIN: dict[str, Any] = UNMOVED | {"motion_gain": 1.0, "input_norm": True, "epochs": 1}

METHODS: dict[str, Method] = {
    "as-cal": Method("AS-CAL", SIZE | AS_CAL),
    "skeletonclr": Method("SkeletonCLR", SIZE | SKELETON_CLR),
    "p&c": Method("P&C", SIZE | P_AND_C | NARROW),
    "edgcn": Method("EDGCN", SIZE, every_seed=True),
    "a-edgcn": Method("A-EDGCN", SIZE | {"moments": True}, every_seed=True),
    "plain": Method("random encoder, plain motion", BEST | PLAIN, every_seed=True, row="random"),
    "statistics": Method("random encoder, as best, its norms learned", BEST | UNMOVED),
    "best": Method("best", BEST, every_seed=True, ours=True),
    "best-moments": Method("best, with moments", BEST | {"moments": True}, ours=True),
    "best-union": Method("best, pre-trained on all sets", BEST, learns="all", ours=True),
    "best-left-out": Method(
        "best, pre-trained on the other sets", BEST, learns="others", ours=True
    ),
    "best-moments-left-out": Method(
        "best, with moments, on the other sets",
        BEST | {"moments": True},
        learns="others",
        ours=True,
    ),
}

# What is scored: columns, and the settings of `EvaluateConfig` beside the protocol.
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
FINETUNE: dict[str, dict[str, Any]] = {"finetune": {}}
TUNED = "best-union"  # the method that --finetune is about

# Rows: of which method (None: any, it is the same for all), and which row of its evaluations.
Of = tuple[str | None, str]
LINES: dict[str, Of] = {
    "majority class": (None, "majority"),
    "raw coordinates": (None, "raw"),
    "random encoder, as EDGCN": ("edgcn", "random"),
    "random encoder, as best": ("best", "random"),
    "random encoder, on common joints": ("best-union", "random"),
    **{method.title: (name, method.row) for name, method in METHODS.items()},
}
OURS = {method.title for method in METHODS.values() if method.ours}
RIVALS = [line for line in LINES if line not in OURS]
GAINS = ("best", "best-union")  # whose gains over the strongest rival are tables
MOMENTS = (("edgcn", "a-edgcn"), ("best", "best-moments"))


@dataclass(frozen=True)
class Job:
    """One pre-training, and the sets that its encoder is scored on.

    Args:
        members: the sets whose training sides it learns from.
    """

    method: str
    seed: int
    members: tuple[str, ...]
    scored_on: tuple[str, ...] = field(default=())

    @property
    def store(self) -> str:
        """What the store it learns from is called: a set, or sets joined."""
        return "+".join(self.members)


def plan(
    sets: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    *,
    found: Sequence[str],
    every_seed: bool = False,
) -> list[Job]:
    """The jobs, those of the first seed first.

    Args:
        sets: to be scored on.
        found: the sets that a union is made of, whether they are scored on or not.
    """
    jobs = []
    for seed in seeds:
        for name in methods:
            method = METHODS[name]
            if seed != seeds[0] and not (method.every_seed or every_seed):
                continue
            if method.learns == "all":
                jobs.append(Job(name, seed, tuple(found), tuple(sets)))
                continue
            for one in sets:
                others = tuple(other for other in found if other != one)
                if method.learns == "others" and not others:
                    raise EdgcnError(
                        f"{name} learns from other sets than {one}, and there are none; leave it "
                        f"out with --methods"
                    )
                members = others if method.learns == "others" else (one,)
                jobs.append(Job(name, seed, members, (one,)))
    return jobs


def in_turn(jobs: Sequence[Job], share: tuple[int, int]) -> list[Job]:
    """A share's own jobs, every so many-th, and then those of the others, to help with."""
    number, of = share
    own = list(jobs[number::of])
    return own + [job for job in jobs if job not in own]


def parse_share(text: str) -> tuple[int, int]:
    """`0/2` as (0, 2)."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and int(number) < int(of)):
        raise EdgcnError(f"--share: expected I/N with I from 0 to N - 1, as 0/2, got {text!r}")
    return int(number), int(of)


def chosen(names: Sequence[str], known: Sequence[str], *, flag: str) -> list[str]:
    """The names asked for, in the order of those there are; all where none is asked for."""
    for name in names:
        if name not in known:
            raise EdgcnError(
                f"{flag}: there is no {name!r}: there are {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )
    return [name for name in known if not names or name in names]


def values_of(job: Job, *, encoder: str, quick: bool) -> dict[str, Any]:
    """A job's settings of `PretrainConfig` but its store and machine."""
    small = {"epochs": 2, "frames": 8, "batch_size": 16} if quick else {}
    return {"encoder": encoder, **METHODS[job.method].settings, "seed": job.seed, **small}
