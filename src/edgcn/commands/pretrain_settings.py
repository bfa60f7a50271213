"""The settings of `edgcn pretrain`; their defaults are the recipe `best` (docs/recipe.md)."""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from edgcn.base.errors import EdgcnError
from edgcn.base.plugins import require_plugins
from edgcn.commands.settings import POSITIONAL, Config, Part, Threads, make_config
from edgcn.models import ENCODERS
from edgcn.models.build import GIVEN as OF_ENCODER
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import GIVEN as OF_OBJECTIVE
from edgcn.presets.recipes import PROCEDURAL
from edgcn.runs import Run

Stream = Literal[
    "joint", "bone", "motion", "joint+bone", "joint+motion", "bone+motion", "joint+bone+motion",
]  # fmt: skip

STRENGTHS: dict[str, dict[str, float]] = {  # of `best`; docs/lab has the trials
    "crop_resize": {"cut": 0.2},
    "bone_scale": {"strength": 0.12},
    "posture": {"std": 0.03},
    "rotate": {"degrees": 15},
    "shear": {"strength": 0.1},
    "joint_mask": {"fewest": 3, "most": 8, "p": 0.2},
}


class PretrainConfig(Config):
    """Learn an encoder from clips without labels, by a recipe: ours, or EDGCN's (ICPR 2022)."""

    parts: ClassVar[dict[str, Part]] = {
        "objective": Part(OBJECTIVES, given=OF_OBJECTIVE, chooses="this run trains"),
        "encoder": Part(ENCODERS, given=OF_ENCODER, flat=False),
    }

    store: Annotated[Path, POSITIONAL]
    """Store to learn from, or `procedural`: people made from kinematics, clips without end."""
    out: Path | None = None
    """Folder of the new run; by default the next number in `runs/`."""
    from_: str | None = None
    """Go on from a recognizer or from released weights, such as `edgcn-s`, whose encoder and inputs
    are kept."""
    topology: str | None = None
    """Joints of procedural people, by name (default: kinect_v1)."""
    split: str | None = None
    """Learn from the training side of this split, or from `all` clips (default: the store's)."""
    learn_from: Literal["auto", "clips", "windows"] = "auto"
    """`clips` are the store's segments, `windows` all frames, labelled or not. `auto` takes windows
    where most frames are outside segments."""
    window_seconds: PositiveFloat = 2.0
    """Length of a window."""
    window_step: PositiveFloat = 1.0
    """Seconds from the start of a window to that of the next."""
    recipe: Literal["best", "continued", "weights", "paper"] = "best"
    """What the other settings are where they are not given: `best` is Barlow Twins on joints and
    motion of canonical skeletons, `continued` the same in a few small steps, as --from takes them,
    `weights` as the released weights learned by it from procedural people, `paper` is EDGCN's
    momentum contrast as published."""

    encoder: str = "edgcn-s"
    """Preset of the encoder; a config file may give `encoder_settings`."""
    encoder_settings: dict[str, Any] = Field(default={})
    """Arguments of the encoder that differ from its preset."""
    objective: str = "barlow"
    """What the encoder is trained for: Barlow Twins, momentum contrast (moco), P&C's reconstruction
    (predict-cluster), U-S-VAE's Z (variational), or a plugin's."""
    objective_settings: dict[str, Any] = Field(default={})
    """Settings of the objective."""
    moments: bool = False
    """Give second-order moments as input, 9 channels instead of 3 (A-EDGCN)."""
    stream: Stream = "joint+motion"
    """What the encoder sees of the skeleton; with +, several at once, as more channels."""
    motion_gain: PositiveFloat = 5.0
    """What the motion stream is multiplied by."""
    confidence_as_z: bool = False
    """Treat a detector's confidence as a third coordinate, as the paper does on iMiGUE."""
    frames: PositiveInt = 32
    """Frames that every clip is resampled to."""
    normalize: Literal["paper", "aligned", "canonical"] = "canonical"
    """`paper` centers on the first frame's center joint, `aligned` also fills gaps and turns to the
    front, as Predict & Cluster, and `canonical` also gives all bones their mean lengths."""
    input_norm: bool = False
    """Begin with a batch norm of every joint's coordinates, as MS-G3D; without it what hardly moves
    stays small."""
    readout: Literal["mean", "pyramid", "parts"] = "parts"
    """How the encoder's map becomes a vector: `mean` is the paper's embedding, `pyramid` has means
    over 1, 2 and 4 parts of the clip, `parts` such a pyramid of each arm, the legs, and the trunk
    with the head. An encoder without a map is read by `mean`."""
    read_by: Literal["pyramid", "parts", "peaks"] | None = None
    """How the finished encoder is read, where otherwise than it learns: `peaks` are `parts` of all
    blocks, and the most that each channel reached."""
    whiten: NonNegativeInt = 0
    """Directions of most variance that are kept of the vectors after the training, and whitened
    (PCA of what was learned from); 0 leaves the vectors as they are."""
    augmentations: tuple[str, ...] | None = None
    """Augmentations of the views in order; the objective's own by default."""
    augmentation_settings: dict[str, dict[str, float]] = Field(default=STRENGTHS)
    """Strengths that differ from the augmentations' defaults: {augmentation: {setting: value}}."""

    steps: PositiveInt | None = 200
    """Steps of the optimizer."""
    epochs: PositiveInt | None = None
    """Passes over the clips, in place of steps; with moco the first one only fills the queue."""
    batch_size: PositiveInt | Literal["auto"] = "auto"
    """Clips per step and rank; `auto` is 128, or all there are."""
    lr: PositiveFloat = 2e-3
    """Learning rate."""
    residual_lr: NonNegativeFloat = 1.0
    """Learning rate of EDGCN's learned edges between joints, times `lr`; 0 keeps the skeleton's."""
    optimizer: Literal["sgd", "adamw"] = "adamw"
    """Optimizer; `sgd` has momentum 0.9."""
    weight_decay: NonNegativeFloat = 1e-4
    """Decay of the weights per step."""
    schedule: Literal["step", "cosine", "constant"] = "cosine"
    """How the learning rate falls: `step` is x0.1 halfway (AS-CAL), `cosine` goes to zero."""
    warmup_epochs: NonNegativeInt = 0
    """Epochs over which the learning rate rises from zero."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Random seed of the whole run: initial weights, order, augmentation."""
    knn_every: NonNegativeInt = 5
    """Epochs between kNN checks on held-out training subjects; 0 makes none."""
    log: Literal["tensorboard"] | None = None
    """Write the numbers of each epoch for TensorBoard, too, into the run's folder."""
    accelerator: str = "auto"
    """Where to compute: cpu, cuda, mps or auto."""
    devices: PositiveInt = 1
    """Processes on this machine; each takes `batch_size` clips a step."""
    nodes: PositiveInt = 1
    """Machines."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the products; `auto` is bfloat16 where the device is fast at it."""
    threads: Threads | None = None
    """CPU threads per process; by default PyTorch's choice."""
    recompute: bool = False
    """Keep each layer's input only and compute the rest again (gradient checkpointing)."""


def found_again(config: PretrainConfig, run: Run, store: Path | None = None) -> PretrainConfig:
    """The same settings with the store, and what it goes on from, where they are seen from here.

    Both were given as seen from the folder that the training was started in, which follows from
    where the run lies and how its own folder was given.

    Raises:
        EdgcnError: the store is in neither of the two folders.
    """
    typed = config.out or Path("runs") / run.path.name
    place, parts = Path(os.path.abspath(run.path)), Path(os.path.normpath(typed)).parts
    started = Path()
    if place.parts[-len(parts) :] == parts and not typed.is_absolute():
        started = Path(os.path.relpath(Path(*place.parts[: -len(parts)])))
    changes: dict[str, object] = {"store": store} if store else {}
    if config.from_ is not None and (started / config.from_).exists():
        changes["from_"] = str(started / config.from_)
    if store is None and config.store != Path(PROCEDURAL):
        looked = list(dict.fromkeys((started / config.store, config.store)))
        there = [path for path in looked if path.exists()]
        if not there:
            raise EdgcnError(
                f"the store that {run} learned from is not at "
                f"{' nor at '.join(map(str, looked))}; say where it is: "
                f"`edgcn pretrain STORE --resume {run}`"
            )
        changes["store"] = there[0]
    return config.model_copy(update=changes)


def config_of(run: Run) -> PretrainConfig:
    """The settings that a run was made with; loads the plugins that it needs."""
    require_plugins(run.metadata.get("plugins", ()))
    return make_config(PretrainConfig, run.config, where=str(run.path / "run.json"))
