"""Room 1: what an encoder is trained for: `OBJECTIVES[name](encoder, **settings)`."""

from collections.abc import Callable

from edgcn.objectives.contrast import MomentumContrast
from edgcn.objectives.predict_cluster import PredictCluster
from edgcn.objectives.variational import Variational

Objective = MomentumContrast | PredictCluster | Variational

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "moco": MomentumContrast,
    "predict-cluster": PredictCluster,
    "variational": Variational,
}

__all__ = ["OBJECTIVES", "MomentumContrast", "Objective", "PredictCluster", "Variational"]
