"""Recipes of pre-training: settings that belong together, and the objectives they are made for.

{field of `PretrainConfig` or setting of the objective: value}; docs/lab has the trials that
led to `best` and `weights`.
"""

from typing import Any

PROCEDURAL = "procedural"  # in place of a store: people made from kinematics, clips without end

# What differs from the defaults of `PretrainConfig`, which are the rest of `best`, and of the
# objectives. `weights` is what the released weights learned by, from procedural people, and
# `continued` how they go on with other clips. `paper` is EDGCN (ICPR 2022) and, where it is silent,
# AS-CAL.
RECIPES: dict[str, dict[str, Any]] = {
    "best": {"reconstruct": 50.0},
    "continued": {"reconstruct": 50.0, "lr": 5e-4, "steps": 100},
    "weights": {
        "reconstruct": 50.0,
        "augmentation_settings": {
            "crop_resize": {"cut": 0.1},
            "time_warp": {"strength": 0.2},
            "amplitude": {"strength": 0.1},
            "bone_scale": {"strength": 0.06},
            "posture": {"std": 0.015},
            "rotate": {"degrees": 8},
            "shear": {"strength": 0.05},
            "joint_mask": {"fewest": 1, "most": 4, "p": 0.1},
        },
        "stream": "joint+bone+motion",
        "read_by": "peaks",
        "whiten": 1024,
    },
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
    "weights": ("barlow",),
    "continued": ("barlow",),
    "paper": ("moco", "predict-cluster", "variational"),
}


def recipe_of(objective: object, store: object = None, begun: object = None) -> str:
    """The recipe that is made for an objective, `best` where none is.

    In place of `best`: `continued` where an encoder goes on from weights (`begun`), `weights` for
    procedural people.
    """
    recipe = next((name for name, made in MADE_FOR.items() if objective in made), "best")
    if recipe != "best":
        return recipe
    if begun is not None:
        return "continued"
    return "weights" if str(store) == PROCEDURAL else "best"
