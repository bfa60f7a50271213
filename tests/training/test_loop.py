"""Batches: the same ones on any number of ranks. Epochs: the obvious loop, step by step."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from lightning_fabric import Fabric
from torch import Tensor, nn

from edgcn.training.loop import Share, fill_epoch, shares, train_epoch
from edgcn.training.schedule import epoch_generator


def batches(
    rows: np.ndarray, batch_size: int, ranks: int, rank: int, epoch: int = 1
) -> list[Share]:
    generator = epoch_generator(0, epoch)
    given = {"batch_size": batch_size, "ranks": ranks, "rank": rank, "generator": generator}
    return list(shares(rows, **given))


@given(count=some.integers(1, 60), batch_size=some.integers(1, 5), ranks=some.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_slices_of_all_ranks_are_one_ranks_batches(count: int, batch_size: int, ranks: int) -> None:
    rows = np.arange(100, 100 + count)
    alone = batches(rows, batch_size * ranks, 1, 0)
    together = [batches(rows, batch_size, ranks, rank) for rank in range(ranks)]
    assert {len(parts) for parts in together} == {len(alone)}
    for step, whole in enumerate(alone):
        parts = [together[rank][step] for rank in range(ranks)]
        assert np.concatenate([part.rows for part in parts]).tolist() == whole.rows.tolist()
        assert [part.start for part in parts] == [rank * batch_size for rank in range(ranks)]
        assert {part.batch for part in parts} == {whole.batch} == {batch_size * ranks}


@given(count=some.integers(1, 60), batch_size=some.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_no_clip_twice_and_only_the_incomplete_batch_left_out(count: int, batch_size: int) -> None:
    rows = np.arange(count) * 3
    seen = [row for share in batches(rows, batch_size, 1, 0) for row in share.rows]
    assert len(seen) == len(set(seen)) == count - count % batch_size
    assert set(seen) <= set(rows.tolist())


def test_the_clips_left_out_differ_from_epoch_to_epoch() -> None:
    rows = np.arange(11)
    left = set()
    for epoch in range(12):
        seen = {row for share in batches(rows, 4, 1, 0, epoch) for row in share.rows}
        left |= set(rows.tolist()) - seen
    assert len(left) > 6


class Line(nn.Module):
    """The smallest objective: a weight pulled to the mean of what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.calls: list[str] = []

    def loss(self, views: tuple[Tensor, Tensor]) -> Tensor:
        self.calls.append("loss")
        return (self.weight - views[0].mean()) ** 2

    def fill(self, views: tuple[Tensor, Tensor]) -> None:
        self.calls.append("fill")

    def after_step(self) -> None:
        self.calls.append("after_step")


def shown(share: Share) -> tuple[Tensor, Tensor]:
    x = torch.as_tensor(share.rows, dtype=torch.float32).view(-1, 1, 1, 1, 1)
    return x, x


def two_batches() -> Iterator[Share]:
    yield Share(np.array([1, 3]), 2, 0)
    yield Share(np.array([5, 7]), 2, 0)


def test_an_epoch_is_loss_step_after_step_at_the_rate_of_each_step() -> None:
    objective, done = Line(), []
    fabric = Fabric(accelerator="cpu", devices=1)
    optimizer = torch.optim.SGD(objective.parameters(), lr=1.0)
    wrapped = fabric.setup_optimizers(optimizer)
    rate = (0.5, 0.25).__getitem__
    loss = train_epoch(fabric, objective, wrapped, two_batches(), shown, rate, done.append)
    # weight 0, target 2, rate 0.5 -> 2; then target 6, rate 0.25 -> 4; losses 4 and 16
    assert float(objective.weight.detach()) == pytest.approx(4)
    assert loss == pytest.approx(10)
    assert objective.calls == ["loss", "after_step"] * 2
    assert done == [2, 2]
    assert objective.weight.grad is None


def test_a_filling_epoch_takes_no_step() -> None:
    objective, done = Line(), []
    fabric = Fabric(accelerator="cpu", devices=1)
    fill_epoch(fabric, objective, two_batches(), shown, done.append)
    assert objective.calls == ["fill", "fill"]
    assert objective.weight.item() == 0
    assert done == [2, 2]
