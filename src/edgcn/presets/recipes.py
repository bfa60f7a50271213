"""Recipes of pre-training: settings that belong together, and the objectives they are made for.

{field of `PretrainConfig` or setting of the objective: value}; docs/recipe.md has the trials that
led to `best`.
"""

from typing import Any

# What differs from the defaults of `PretrainConfig`, which are the rest of `best`, and of the
# objectives. `paper` is EDGCN (ICPR 2022) and, where it is silent, AS-CAL.
RECIPES: dict[str, dict[str, Any]] = {
    "best": {"reconstruct": 50.0},
    "paper": {
        "encoder": "edgcn",
        "objective": "moco",
        "stream": "joint",
        "motion_gain": 1.0,
        "frames": 64,  # the paper gives none
        "normalize": "paper",
        "input_norm": True,
        "readout": "mean",
        "augmentation_settings": {},  # AS-CAL's strengths are the defaults
        "epochs": 60,
        "batch_size": 32,
        "lr": 0.01,  # AS-CAL's; the paper prints 1e-5, at which the encoder hardly moves
        "optimizer": "sgd",
        "schedule": "step",
    },
}

# The objectives that a recipe has been tried with. Others, a plugin's, take `best`.
MADE_FOR: dict[str, tuple[str, ...]] = {
    "best": ("barlow",),
    "paper": ("moco", "predict-cluster", "variational"),
}


def recipe_of(objective: object) -> str:
    """The recipe that is made for an objective; `best` where none is."""
    return next((name for name, made in MADE_FOR.items() if objective in made), "best")
