"""Room 1: what an encoder is trained for."""

from edgcn.objectives.contrast import MomentumContrast

OBJECTIVES = {"moco": MomentumContrast}

__all__ = ["OBJECTIVES", "MomentumContrast"]
