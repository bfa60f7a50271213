"""Room 1: what an encoder is trained for: `OBJECTIVES[name](encoder, **settings)`."""

from collections.abc import Callable

from edgcn.objectives.barlow import BarlowTwins
from edgcn.objectives.contrast import MomentumContrast
from edgcn.objectives.predict_cluster import PredictCluster
from edgcn.objectives.reconstruct import Usual
from edgcn.objectives.variational import Variational

Objective = BarlowTwins | MomentumContrast | PredictCluster | Variational

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "barlow": BarlowTwins,
    "moco": MomentumContrast,
    "predict-cluster": PredictCluster,
    "variational": Variational,
}

__all__ = [
    "OBJECTIVES",
    "BarlowTwins",
    "MomentumContrast",
    "Objective",
    "PredictCluster",
    "Usual",
    "Variational",
]
