"""Settings that belong together: what each recipe of pre-training chooses, and each objective.

{field of `PretrainConfig`: value}; docs/recipe.md has the trials that led to `best`.
"""

from typing import Any

# What each objective does to its views where `augmentations` is not given: the paper's seven after
# AS-CAL's random-joint subtraction, or nothing where a clip is to be reconstructed.
OWN_AUGMENTATIONS: dict[str, tuple[str, ...]] = {
    "moco": (
        "subtract",
        "rotate",
        "shear",
        "reverse",
        "noise",
        "blur",
        "joint_mask",
        "channel_mask",
    ),
    "barlow": (
        "crop_resize",
        "time_warp",
        "amplitude",
        "bone_scale",
        "posture",
        "rotate",
        "shear",
        "joint_mask",
    ),
    "predict-cluster": (),
    "variational": (),
}

# What differs from the fields' own defaults; docs/recipe.md has the trials that led to `best`.
RECIPES: dict[str, dict[str, Any]] = {
    "paper": {},
    "best": {
        "encoder": "edgcn-s",
        "objective": "barlow",
        "reconstruct": 50.0,
        "stream": "joint+motion",
        "motion_gain": 5.0,
        "frames": 32,
        "normalize": "canonical",
        "input_norm": False,
        "readout": "parts",
        "augmentation_options": {
            "crop_resize": {"cut": 0.2},
            "bone_scale": {"strength": 0.12},
            "posture": {"std": 0.03},
            "rotate": {"degrees": 15},
            "shear": {"strength": 0.1},
            "joint_mask": {"fewest": 3, "most": 8, "p": 0.2},
        },
        "epochs": 0,
        "batch_size": 0,
        "lr": 2e-3,
        "optimizer": "adamw",
        "schedule": "cosine",
    },
}
STEPS, BATCH = 200, 128  # where epochs or batch size are 0: steps count, not passes
