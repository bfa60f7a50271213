"""Random numbers, one row per clip, that do not depend on how a batch is split over ranks.

Every rank draws for the whole global batch and keeps the rows of its own clips: N ranks holding
slices of a batch see what one rank holding all of it would see.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgcn.base.errors import EdgcnError

Number = int | float  # a setting of an augmentation, as it comes out of a config


class Draws:
    """Per-clip random numbers from one generator, on that generator's device.

    Args:
        generator: In the same state on every rank; it advances with each draw.
        batch: Clips in the global batch.
        start: Position of the first clip held here.
        count: Number of clips held here; by default all from `start` on.
    """

    def __init__(
        self, generator: torch.Generator, *, batch: int, start: int = 0, count: int | None = None
    ) -> None:
        count = batch - start if count is None else count
        if not 0 <= start <= start + count <= batch:
            raise EdgcnError(
                f"expected a slice of a batch of {batch} clips, got start {start} and count {count}"
            )
        self.generator, self.batch, self.start, self.count = generator, batch, start, count

    def uniform(self, *shape: int) -> Float[Tensor, "n *shape"]:
        """(count, *shape) numbers in [0, 1)."""
        return self._rows(torch.rand, shape)

    def normal(self, *shape: int) -> Float[Tensor, "n *shape"]:
        """(count, *shape) numbers with mean 0 and variance 1."""
        return self._rows(torch.randn, shape)

    def coin(self, p: Number) -> Bool[Tensor, " n"]:
        """For each clip, true with probability p."""
        return self.uniform() < p

    def below(self, limit: int) -> Int[Tensor, " n"]:
        """For each clip, a whole number in 0 .. limit - 1."""
        return (self.uniform() * limit).long()

    def _rows(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        device = self.generator.device
        numbers = draw(self.batch, *shape, generator=self.generator, device=device)
        return numbers[self.start : self.start + self.count]


def per_clip(numbers: Tensor) -> Tensor:
    """One number per clip, shaped to multiply (N, C, T, V, M)."""
    return numbers.view(-1, 1, 1, 1, 1)
