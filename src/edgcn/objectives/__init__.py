"""What an encoder is trained for: `OBJECTIVES[name](encoder, **settings)` has `loss(views)`."""

from typing import Any

from edgcn.base.plugins import registry
from edgcn.objectives.barlow import BarlowTwins
from edgcn.objectives.base import Views, traits
from edgcn.objectives.contrast import MomentumContrast
from edgcn.objectives.predict_cluster import PredictCluster
from edgcn.objectives.reconstruct import ClipStatistics
from edgcn.objectives.variational import Variational

OBJECTIVES: dict[str, Any] = registry(
    "objective",
    {
        "barlow": BarlowTwins,
        "moco": MomentumContrast,
        "predict-cluster": PredictCluster,
        "variational": Variational,
    },
)

__all__ = [
    "OBJECTIVES",
    "BarlowTwins",
    "ClipStatistics",
    "MomentumContrast",
    "PredictCluster",
    "Variational",
    "Views",
    "traits",
]
