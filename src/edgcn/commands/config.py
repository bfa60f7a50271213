"""What each command can be told: flat frozen models whose defaults are the paper's or say why not.

What pre-training does by default is a recipe's choice (`RECIPES`, docs/recipe.md): a field that is
not given has the recipe's value, or else its own default, which is the paper's.

The flags of the command line, the keys of `--config run.yaml` and the arguments in Python are these
fields; their docs are the help.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from edgcn.presets.recipes import OWN_AUGMENTATIONS, RECIPES

Fraction = Annotated[float, Field(gt=0, lt=1)]
Precision = Literal["auto", "float32", "bfloat16"]
Skeleton = Literal["remap", "rebuild", "position"]
Readout = Literal["mean", "pyramid", "parts"]
Stream = Literal[
    "joint", "bone", "motion", "joint+bone", "joint+motion", "bone+motion", "joint+bone+motion",
]  # fmt: skip
Protocol = Literal[
    "linear", "logistic", "knn", "semi", "few-shot", "retrieval", "clustering", "finetune",
    "supervised", "all",
]  # fmt: skip


class PrepareConfig(BaseModel, frozen=True, extra="forbid", coerce_numbers_to_str=True):
    """Read recordings into a store."""

    reader: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="READER")]
    """Which format to read; `edgcn --help` lists them."""
    path: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")] = None
    """File or folder with the recordings (not needed for `synthetic`)."""
    out: Path
    """Folder of the new store."""
    topology: str | None = None
    """Convert the skeletons to this topology, by joint name."""
    options: dict[str, str] = {}
    """Reader options as NAME VALUE pairs, for example `--options seed 1`."""
    dtype: Literal["float32", "float16"] = "float32"
    """How coordinates are kept on disk."""
    strict: bool = False
    """Stop at the first file that cannot be used, instead of skipping and counting it."""
    overwrite: bool = False
    """Replace an existing store."""


class PretrainConfig(BaseModel, frozen=True, extra="forbid"):
    """Learn an encoder from clips without labels, by a recipe: ours, or EDGCN's (ICPR 2022)."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Store to learn from."""
    out: Path | None = None
    """Folder of the new run; by default the next number in `runs/`."""
    split: str | None = None
    """Learn from the training side of this split, or from `all` clips (default: the store's)."""
    recipe: Literal["best", "paper"] = "best"
    """What the other settings are where they are not given. best: Barlow Twins on joints and motion
    of canonical skeletons. paper: EDGCN's momentum contrast, as published."""

    encoder: str = "edgcn"
    """msg3d, msg3d-small, edgcn-table1, edgcn, edgcn-s, ascal-lstm, pc-gru, vae-lstm or
    stgcn-quarter."""
    encoder_options: tyro.conf.Suppress[dict[str, Any]] = {}
    """Arguments of the encoder that differ from its preset (in a config file or in Python)."""
    objective: Literal["barlow", "moco", "predict-cluster", "variational"] = "moco"
    """barlow: Barlow Twins. moco: momentum contrast. predict-cluster: P&C's reconstruction.
    variational: U-S-VAE's Z."""
    reconstruct: NonNegativeFloat = 0.0
    """With barlow: weight of the error of the clip as decoded from its augmented views."""
    decoder: Literal["fixed-weights", "fixed-state"] = "fixed-weights"
    """Of predict-cluster: weights that never train, or the encoder's state at every step."""
    moments: bool = False
    """Second-order moments as input, 9 channels instead of 3 (A-EDGCN)."""
    stream: Stream = "joint"
    """What of the skeleton the encoder sees; with +, several at once, as more channels."""
    motion_gain: PositiveFloat = 1.0
    """What the motion stream is multiplied by."""
    confidence_as_z: bool = False
    """Treat a detector's confidence as a third coordinate, as the paper does on iMiGUE."""
    frames: PositiveInt = 64
    """Frames that every clip is resampled to (the paper gives none)."""
    normalize: Literal["paper", "aligned", "canonical"] = "paper"
    """paper: center on the first frame's center joint. aligned: also fill and turn to the front, as
    Predict & Cluster. canonical: also unit bones."""
    input_norm: bool = True
    """Batch norm of every joint's coordinates first, as MS-G3D; without, the still stays small."""
    readout: Readout = "mean"
    """How the encoder's map becomes a vector. mean: the paper's embedding. pyramid: means over 1, 2
    and 4 parts of the clip. parts: such a pyramid of each arm, the legs, and trunk with head."""
    augmentations: tuple[str, ...] | None = None
    """In order. By default the objective's own: for moco the paper's seven after AS-CAL's
    random-joint subtraction, for barlow eight that change the person, for the others none."""
    augmentation_options: tyro.conf.Suppress[dict[str, dict[str, float]]] = {}
    """Strengths that differ from AS-CAL's, as {augmentation: {option: value}}."""

    epochs: NonNegativeInt = 60
    """Passes over the clips; with moco the first one only fills the queue. 0: 200 steps."""
    batch_size: NonNegativeInt = 32
    """Clips per step and rank. 0: 128, or all there are."""
    queue_size: PositiveInt = 500
    """Keys kept as negatives."""
    momentum: Fraction = 0.999
    """Of the key encoder (not of SGD)."""
    temperature: PositiveFloat = 0.06
    """Of the contrast."""
    projector: bool = False
    """Contrast behind a two-layer perceptron (the paper contrasts the embedding itself)."""
    lr: PositiveFloat = 0.01
    """Learning rate. AS-CAL's; the paper prints 1e-5, at which the encoder hardly moves."""
    residual_lr: NonNegativeFloat = 1.0
    """Of EDGCN's learned edges between joints, times `lr`; 0 leaves the skeleton's alone."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """sgd has momentum 0.9."""
    weight_decay: NonNegativeFloat = 1e-4
    """Decay of the weights per step."""
    schedule: Literal["step", "cosine", "constant"] = "step"
    """step: x0.1 at half of the epochs (AS-CAL: at 30 of 60)."""
    warmup_epochs: NonNegativeInt = 0
    """Epochs over which the learning rate rises from zero."""

    seed: int = 0
    """Of initialization, order and augmentation."""
    knn_every: NonNegativeInt = 5
    """Epochs between kNN checks on held-out training subjects; 0 for none."""
    accelerator: str = "auto"
    """cpu, cuda, mps or auto."""
    devices: PositiveInt = 1
    """Processes on this machine; each takes `batch_size` clips a step."""
    nodes: PositiveInt = 1
    """Machines."""
    precision: Precision = "auto"
    """auto: bfloat16 where the device is fast at it, else float32."""
    threads: NonNegativeInt = 0
    """CPU threads per process; 0 leaves PyTorch's choice."""
    recompute: bool = False
    """Gradient checkpointing: keep each layer's input only and compute the rest again."""

    @model_validator(mode="before")
    @classmethod
    def _by_recipe(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values  # for pydantic to refuse
        return RECIPES.get(str(values.get("recipe", "best")), {}) | values


class WeightsConfig(BaseModel, frozen=True, extra="forbid"):
    """Make a run of weights that come with edgcn, to evaluate them on your clips."""

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """edgcn-s, pre-trained without labels (docs/weights.md)."""
    out: Path
    """Folder of the new run."""


class EvaluateConfig(BaseModel, frozen=True, extra="forbid"):
    """Score a run's frozen encoder on labelled clips, beside the three baselines."""

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Run folder that `edgcn pretrain` wrote."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Store with labels."""
    protocol: Protocol = "linear"
    """linear: the paper's SGD. logistic: C chosen on held-out training subjects. knn: cosine.
    semi, few-shot: a linear layer on few labels. retrieval, clustering: no layer. finetune: the
    encoder learns, too. supervised: from random weights. all: one after the other; resumes."""
    fuse: tuple[Path, ...] = ()
    """Other runs, of other streams, whose class probabilities are averaged with RUN's (linear or
    logistic; late fusion as in 2s-AGCN)."""
    skeleton: Skeleton = "remap"
    """If the joints differ. remap: the clips go to the encoder's joints by name. rebuild: the
    encoder goes to the store's joints by name. position: joint i is joint i, names unread."""
    third: Literal["zero", "confidence"] = "zero"
    """What an encoder of 3D clips reads as depth in clips of pixels: 0, or the confidence."""
    split: str | None = None
    """A published split's name, `subject`, `subject:a,b`, `camera:a,b` or `given`."""
    readout: Readout | None = None
    """As for `edgcn pretrain`, and by default as the run was trained."""
    k: PositiveInt = 1
    """Neighbors, for knn."""
    lr: PositiveFloat | Literal["auto"] = 1.0
    """Of the linear protocol (AS-CAL's). auto: chosen on held-out training subjects."""
    epochs: PositiveInt = 90
    """Epochs of the linear protocol; x0.5 at 15, 35, 60 and 75."""
    fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.01, 0.05, 0.1)
    """Of each class's labels, for semi; at least one clip of a class keeps its label."""
    shots: tuple[PositiveInt, ...] = (1, 5, 10)
    """Labelled clips of each class, for few-shot."""
    draws: PositiveInt = 5
    """Random choices of the clips that keep their labels, averaged, for semi and few-shot."""
    finetune_epochs: PositiveInt = 30
    """Epochs of finetune and supervised."""
    finetune_lr: PositiveFloat = 1e-3
    """Of the encoder in finetune and supervised (AdamW, cosine to 0); the layer's is 10 times it.
    The best of 3e-4, 1e-3 and 3e-3 on held-out training subjects of UTD-MHAD, for both."""
    finetune_augment: bool = False
    """Augment the clips in finetune and supervised as the run did in pre-training."""
    seed: int = 0
    """Of the probe and the resampled interval (the random encoder has the run's)."""
    accelerator: str = "auto"
    """cpu, cuda, mps or auto."""
    figures: bool = True
    """Draw bars and, where they say something, the confusion matrix and the embedding map."""
    overwrite: bool = False
    """Replace an earlier result of the same store, split and protocol."""


class InfoConfig(BaseModel, frozen=True, extra="forbid"):
    """Show what a store holds."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Store to look at."""
    figure: Path | None = None
    """Where the contact sheet goes; by default into the store."""


class ReportConfig(BaseModel, frozen=True, extra="forbid"):
    """Put the evaluations of several runs on one page; seeds of one setting become one row."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Run folders."""
    out: Path
    """Folder for report.html, report.md and the figures."""
    overwrite: bool = False
    """Replace an earlier report."""


class ReproduceConfig(BaseModel, frozen=True, extra="forbid"):
    """Run a table of the paper, row by row, and set it beside what is printed."""

    table: Annotated[
        Literal["table1", "table2", "table3"],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="table1|table2|table3"),
    ]
    """I: encoders on SMG. II: against other methods, SMG and iMiGUE. III: across data sets."""
    data: Path
    """Folder with the data sets, as released or as stores."""
    out: Path = Path("reproduced")
    """Folder for stores, runs and tables; what is there already is kept."""
    rows: tuple[str, ...] = ()
    """Only these rows, by name (--dry-run lists them)."""
    seeds: tuple[int, ...] = (0,)
    """One run of each row per seed."""
    stand_in: bool = False
    """Let open recordings play SMG, iMiGUE and NTU: WMFT, MSR Action3D's images, ISL30."""
    roles: dict[str, str] = {}
    """Other players, as ROLE DATA pairs: `--roles smg utd`."""
    dry_run: bool = False
    """Only say what would be run, and about how long it takes."""
    encoder_width: PositiveInt = 96
    """Channels of an encoder's first block (the paper: 96); others in proportion."""
    epochs: PositiveInt = 60
    """Pre-training epochs."""
    frames: PositiveInt = 64
    """Frames that every clip is resampled to."""
    accelerator: str = "auto"
    """cpu, cuda, mps or auto."""
    precision: Precision = "auto"
    """auto: bfloat16 where the device is fast at it, else float32."""
    threads: NonNegativeInt = 0
    """CPU threads; 0 leaves PyTorch's choice."""


class DemoConfig(BaseModel, frozen=True, extra="forbid"):
    """The whole tool on synthetic clips in a few minutes."""

    out: Path = Path("demo")
    """Folder for the store, the runs and the report."""
    clips: PositiveInt = 720
    """Synthetic clips to make."""
    subjects: Annotated[int, Field(ge=3)] = 12
    """Synthetic people."""
    epochs: PositiveInt = 35
    """Pre-training epochs, 3 steps each: a third of the steps of `best`."""
    seed: int = 0
    """Of everything."""
    overwrite: bool = False
    """Replace an earlier demo."""


def augmentations_of(config: PretrainConfig) -> tuple[str, ...]:
    """The augmentations that were asked for, or else the objective's own."""
    if config.augmentations is None:
        return OWN_AUGMENTATIONS[config.objective]
    return config.augmentations
