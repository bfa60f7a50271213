"""Tables I, II and III of EDGCN (Shah, Chen, Shi, Zhao, ICPR 2022) as data: one entry a row.

A row says what is pre-trained on and probed on, with which encoder, input, objective and settings,
what the paper prints, and where. Rows without a printed value are ours: other readings of what the
paper leaves open, and baselines of today under the same protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Table = Literal["table1", "table2", "table3"]


@dataclass(frozen=True)
class PaperRow:
    """One row: names of data sets, settings of pre-training and probing, and the printed top-1.

    Args:
        key: names the row within its table, for `--rows`.
        name: of the method, as the paper prints it.
        source, target: the data set pre-trained on and the one probed on.
        settings: flat, of pre-training, where they differ from the published defaults.
        probe: flat, of evaluation, likewise.
        printed: top-1 in percent; None for a row of ours.
        place: where in the paper, or why the row is there.
    """

    key: str
    name: str
    source: str
    target: str
    place: str
    printed: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    probe: Mapping[str, Any] = field(default_factory=dict)


TITLES: dict[str, str] = {
    "table1": "Table I: encoders on SMG",
    "table2": "Table II: against unsupervised methods, on SMG and iMiGUE",
    "table3": "Table III: pre-trained on one data set, probed on another",
}

# The paper reads iMiGUE's confidence as a third coordinate; other sets have a real one.
OF_DATASET: dict[str, dict[str, Any]] = {"imigue": {"confidence_as_z": True}}

# What of an encoder's arguments makes it wide, at full size. (A quarter-width ST-GCN is narrow.)
_WIDTHS: dict[str, tuple[int, ...] | int] = {"widths": (96, 192, 384)}
FULL_WIDTHS: dict[str, dict[str, tuple[int, ...] | int]] = {
    **dict.fromkeys(("msg3d", "msg3d-small", "edgcn-table1", "edgcn"), _WIDTHS),
    "pc-gru": {"hidden": 1024},
    "vae-lstm": {"hidden": 256},
    "ascal-lstm": {"hidden": 256},
}

EDGCN: dict[str, Any] = {
    "encoder": "edgcn-table1"
}  # what the printed count of parameters, 1.9 M, is the count of
A_EDGCN: dict[str, Any] = EDGCN | {"moments": True}
SIMPLIFIED: dict[str, Any] = {"encoder": "msg3d-small"}

# Both papers train with Adam; lr: by kNN on held-out training subjects of open recordings.
RECONSTRUCT: dict[str, Any] = {
    "normalize": "aligned",
    "optimizer": "adamw",
    "lr": 1e-3,
    "schedule": "cosine",
}
P_AND_C = RECONSTRUCT | {"objective": "predict-cluster", "encoder": "pc-gru"}
VAE = RECONSTRUCT | {"objective": "variational", "encoder": "vae-lstm"}
AS_CAL: dict[str, Any] = {"encoder": "ascal-lstm"}
SKELETON_CLR: dict[str, Any] = {
    "encoder": "stgcn-quarter",
    "projector": True,
    "augmentations": ("shear", "crop_resize"),
    "augmentation_settings": {"shear": {"strength": 0.5}},
    "temperature": 0.07,
}

TABLE_1 = (
    PaperRow("full", "MS-G3D full model (13, 6)", "smg", "smg", "printed as (13, 6); its count of "
             "parameters is that of (13, 13)", 37.2, {"encoder": "msg3d"}),
    PaperRow("simplified", "MS-G3D simplified (6, 3)", "smg", "smg", "printed", 44.6, SIMPLIFIED),
    PaperRow("edgcn", "EDGCN (1, 1)", "smg", "smg", "row 3, by its count of parameters", 46.9,
             EDGCN),
    PaperRow("full-13-6", "MS-G3D (13, 6)", "smg", "smg", "ours: the scales that are printed",
             None, {"encoder": "msg3d", "encoder_settings": {"g3d_scales": 6}}),
    PaperRow("edgcn-text", "EDGCN, hops {0, 1}, one window", "smg", "smg", "ours: what the text "
             "describes", None, {"encoder": "edgcn"}),
    PaperRow("edgcn-hop-0", "EDGCN, hops {0}, one window", "smg", "smg", "ours: the text with the "
             "identity as its one scale", None,
             {"encoder": "edgcn", "encoder_settings": {"hops": [0]}}),
    PaperRow("edgcn-two-windows", "EDGCN, hops {0, 1}, windows 3 and 5", "smg", "smg", "ours: the "
             "text with both windows", None,
             {"encoder": "edgcn", "encoder_settings": {"windows": [3, 5]}}),
    PaperRow("edgcn-printed-lr", "EDGCN (1, 1), lr 1e-5", "smg", "smg", "ours: the learning rate "
             "that is printed; the others take AS-CAL's 0.01", None, EDGCN | {"lr": 1e-5}),
)  # fmt: skip


def _methods(target: str, printed: Mapping[str, float]) -> tuple[PaperRow, ...]:
    """The rows of Table II for one data set; all methods on both, printed there or not."""
    methods: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
        "p-and-c": ("P&C (fixed weights)", P_AND_C | {"decoder": "fixed-weights"}, {}),
        "p-and-c-state": ("P&C (fixed state)", P_AND_C | {"decoder": "fixed-state"}, {}),
        "p-and-c-knn": ("P&C (fixed weights), kNN", P_AND_C | {"decoder": "fixed-weights"},
                        {"protocol": "knn"}),
        "p-and-c-state-knn": ("P&C (fixed state), kNN", P_AND_C | {"decoder": "fixed-state"},
                              {"protocol": "knn"}),
        "vae": ("U-S-VAE Z", VAE, {}),
        "as-cal": ("AS-CAL", AS_CAL, {}),
        "skeleton-clr": ("SkeletonCLR (ST-GCN, 1/4 width)", SKELETON_CLR, {}),
        "msg3d": ("MS-G3D", SIMPLIFIED, {}),
        "edgcn": ("EDGCN", EDGCN, {}),
        "a-edgcn": ("A-EDGCN", A_EDGCN, {}),
    }  # fmt: skip
    place = {True: "printed", False: "ours: not printed for this set"}
    return tuple(
        PaperRow(f"{target}-{key}", name, target, target, place[key in printed],
                 printed.get(key), OF_DATASET.get(target, {}) | dict(settings), probe)
        for key, (name, settings, probe) in methods.items()
    )  # fmt: skip


TABLE_2 = (
    *_methods("smg", {"msg3d": 44.6, "edgcn": 46.9, "a-edgcn": 47.9}),
    *_methods(
        "imigue", {"p-and-c": 31.67, "vae": 32.43, "msg3d": 36.9, "edgcn": 36.8, "a-edgcn": 37.5}
    ),
)

# (pre-trained on, probed on): plain, with moments.
TRANSFERS = {
    ("smg", "smg"): (46.9, 47.9),
    ("ntu60", "smg"): (48.4, 40.2),
    ("imigue", "smg"): (39.2, 39.8),
    ("imigue", "imigue"): (36.8, 37.5),
    ("ntu60", "imigue"): (34.0, 34.9),
    ("smg", "imigue"): (35.3, 34.9),
}
READINGS = {
    "position": ("EDGCN, by position", "joint i as joint i, whatever their names"),
    "rebuild": ("EDGCN, rebuilt", "what was learned of a joint moves to the joint of that name"),
}


def _transfers() -> tuple[PaperRow, ...]:
    """The rows of Table III, then ours: skeletons adapted in other ways than by remapping clips."""
    rows = []
    for (source, target), values in TRANSFERS.items():
        for suffix, name, encoder, printed in zip(
            ("", "-moments"), ("EDGCN", "A-EDGCN"), (EDGCN, A_EDGCN), values, strict=True
        ):
            settings = OF_DATASET.get(source, {}) | encoder
            key = f"{source}-to-{target}{suffix}"
            probe = {"depth": "confidence"}
            rows.append(PaperRow(key, name, source, target, "printed", printed, settings, probe))
    for source, target in TRANSFERS:
        for skeleton, (name, reading) in READINGS.items() if source != target else ():
            settings = OF_DATASET.get(source, {}) | EDGCN
            key, place = f"{source}-to-{target}-{skeleton}", f"ours: {reading}"
            probe = {"depth": "confidence", "skeleton": skeleton}
            rows.append(PaperRow(key, name, source, target, place, None, settings, probe))
    return tuple(rows)


TABLES: dict[str, tuple[PaperRow, ...]] = {
    "table1": TABLE_1,
    "table2": TABLE_2,
    "table3": _transfers(),
}

# Open recordings that play the part of those that need a signed agreement.
STAND_INS = {"smg": "wmft", "imigue": "msr-screen", "ntu60": "isl30"}
