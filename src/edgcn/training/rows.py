"""Which clips of a store to learn from, whether they suffice, and how often to pass over them."""

import numpy as np

from edgcn.augment.compose import check_augmentations
from edgcn.base.errors import EdgcnError
from edgcn.commands.config import PretrainConfig, augmentations_of
from edgcn.presets.recipes import BATCH, STEPS
from edgcn.store import Store


def training_rows(store: Store, config: PretrainConfig) -> np.ndarray:
    """The clips to learn from: the training side of the split, or all.

    Without a published split and with one subject there is no test side to keep away from: all.
    """
    alone = not store.rules and len(set(store.subjects.tolist())) == 1
    if config.split == "all" or (config.split is None and alone):
        return np.arange(len(store))
    return store.split(config.split).train


def counted(config: PretrainConfig, rows: np.ndarray) -> PretrainConfig:
    """The config with what these clips want where epochs or batch size are 0."""
    ranks = config.devices * config.nodes
    batch = config.batch_size or max(1, min(BATCH, len(rows) // ranks))
    epochs = config.epochs or -(-STEPS // max(1, len(rows) // (batch * ranks)))
    return config.model_copy(update={"batch_size": batch, "epochs": epochs})


def check(config: PretrainConfig, rows: np.ndarray) -> None:
    """Refuse what cannot work, before anything is written."""
    check_augmentations(augmentations_of(config), config.augmentation_options)
    batch = config.batch_size * config.devices * config.nodes
    if batch > len(rows):
        raise EdgcnError(
            f"a batch of {batch} clips is larger than the {len(rows)} clips to learn from; "
            f"use a --batch-size of at most {len(rows) // (config.devices * config.nodes)}"
        )
    if config.batch_size < 2 and (config.objective == "barlow" or config.projector):
        raise EdgcnError(
            f"objective {config.objective!r} compares the clips of a batch with each other, and of "
            f"{len(rows)} clips to learn from there is 1 a batch and rank; use a --batch-size of 2 "
            f"or more, or prepare more clips"
        )
    if config.readout != "mean" and config.objective in ("predict-cluster", "variational"):
        raise EdgcnError(
            f"objective {config.objective!r} reconstructs clips from the encoder's embedding, and "
            f"readout {config.readout!r} goes past it; use --readout mean, or --recipe paper"
        )
    if config.objective == "moco" and batch > config.queue_size:
        raise EdgcnError(
            f"the queue of {config.queue_size} keys is smaller than a batch of {batch}; "
            f"use a --queue-size of at least {batch}, or a smaller --batch-size"
        )
