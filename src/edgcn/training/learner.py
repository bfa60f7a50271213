"""An objective of any kind as one module: what devices, ranks and checkpoints take."""

from torch import Tensor, nn

from edgcn.models import synchronize_batch_norm
from edgcn.objectives.base import Objective, Views
from edgcn.skeleton.tensors import Clips


class Learner(nn.Module):
    """All modules and weights of an objective; the forward pass is its loss.

    An objective that is no module itself has those that are its attributes.
    """

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.objective, self.parts = objective, nn.Module()
        if not isinstance(objective, nn.Module):
            for name, value in vars(objective).items():
                if isinstance(value, nn.Module | nn.Parameter):
                    setattr(self.parts, name, value)

    def forward(self, first: Clips, second: Clips, clip: Clips) -> Tensor:
        return self.objective.loss(Views(first, second, clip))

    def synchronize(self) -> None:
        """Let every batch norm see the batches of all ranks."""
        synchronize_batch_norm(self)
        for name, part in self.parts.named_children():
            setattr(self.objective, name, part)  # a batch norm was replaced
