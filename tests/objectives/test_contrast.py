"""Momentum contrast: a ring of keys, the loss by its definition, a slowly following key encoder."""

import copy
import math
from collections import deque
from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS
from edgcn.objectives import MomentumContrast, Views
from edgcn.objectives.contrast import KeyQueue, info_nce
from edgcn.objectives.heads import mlp_projector
from helpers import SMALL_ENCODER, tiny_topology


def numbered(start: int, count: int) -> Tensor:
    return torch.arange(start, start + count, dtype=torch.float32)[:, None].expand(-1, 2)


def clips(seed: int, n: int = 6) -> Tensor:
    return torch.randn(n, 3, 8, 5, 1, generator=torch.Generator().manual_seed(seed))


def views(seed: int) -> Views:
    """Of six clips: `clips(seed)` and `clips(seed + 1)`."""
    return Views(clips(seed), clips(seed + 1), clips(seed))


def contrast(**settings: Any) -> MomentumContrast:
    torch.manual_seed(0)
    encoder = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    return MomentumContrast(encoder, **{"queue_size": 20, **settings})


def slow_info_nce(query: Tensor, key: Tensor, queue: Tensor, temperature: float) -> list[float]:
    """Equation 6 clip by clip, in float64."""
    losses = []
    for q, k in zip(query.double(), key.double(), strict=True):
        similar = [torch.cosine_similarity(q, other, dim=0) for other in (k, *queue.double())]
        parts = torch.stack(similar).div(temperature).exp()
        losses.append(float(-torch.log(parts[0] / parts.sum()).detach()))
    return losses


@pytest.mark.parametrize(("size", "batch"), [(7, 3), (7, 7), (6, 3), (5, 1)])
def test_queue_is_a_ring(size: int, batch: int) -> None:
    queue = KeyQueue(size=size, dim=2)
    model: deque[list[float]] = deque(maxlen=size)
    for start in range(0, 10 * batch, batch):
        queue.push(numbered(start, batch))
        model.extend(numbered(start, batch).tolist())
        assert sorted(queue.negatives().tolist()) == sorted(model)
        assert int(queue.filled) == len(model)
        assert int(queue.cursor) == (start + batch) % size


def test_queue_overwrites_its_oldest_keys_first() -> None:
    queue = KeyQueue(size=4, dim=2)
    queue.push(numbered(0, 3))
    queue.push(numbered(3, 3))
    assert queue.keys[:, 0].tolist() == [4, 5, 2, 3]


def test_a_batch_larger_than_the_queue_is_refused() -> None:
    with pytest.raises(EdgcnError, match="5 keys does not fit the queue of 4"):
        KeyQueue(size=4, dim=2).push(numbered(0, 5))


def test_queue_survives_its_state_dict() -> None:
    queue, copied = KeyQueue(size=7, dim=2), KeyQueue(size=7, dim=2)
    queue.push(numbered(0, 5))
    copied.load_state_dict(queue.state_dict())
    for ring in (queue, copied):
        ring.push(numbered(5, 4))
    assert torch.equal(queue.keys, copied.keys)
    assert (int(copied.cursor), int(copied.filled)) == (2, 7)


def test_loss_is_its_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key, queue = (torch.randn(n, 16, generator=generator) for n in (6, 6, 31))
    expected = slow_info_nce(query, key, queue, 0.06)
    got = info_nce(query, key, queue, temperature=0.06)
    assert float(got) == pytest.approx(sum(expected) / len(expected), rel=1e-5)


@pytest.mark.parametrize("size", [1, 20, 500])
def test_equal_keys_give_the_log_of_their_number(size: int) -> None:
    one = torch.randn(1, 8)
    loss = info_nce(torch.randn(4, 8), one.expand(4, 8), one.expand(size, 8), temperature=0.06)
    assert float(loss) == pytest.approx(math.log(1 + size), rel=1e-5)


def test_without_negatives_the_loss_is_zero() -> None:
    loss = info_nce(torch.randn(4, 8), torch.randn(4, 8), torch.empty(0, 8), temperature=0.06)
    assert float(loss) == 0


def test_order_of_the_queue_and_length_of_embeddings_change_nothing() -> None:
    query, key, queue = torch.randn(4, 8), torch.randn(4, 8), torch.randn(30, 8)
    loss = info_nce(query, key, queue, temperature=0.06)
    shuffled = info_nce(query, key, queue[torch.randperm(30)], temperature=0.06)
    longer = info_nce(3 * query, 0.2 * key, 7 * queue, temperature=0.06)
    torch.testing.assert_close(shuffled, loss)
    torch.testing.assert_close(longer, loss)


def test_loss_is_float32_under_autocast() -> None:
    query, key, queue = torch.randn(4, 8), torch.randn(4, 8), torch.randn(30, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = info_nce(query, key, queue, temperature=0.06)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, info_nce(query, key, queue, temperature=0.06))


def test_keys_are_queued_in_float32_under_autocast() -> None:
    objective = contrast().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        objective.fill(views(0))
        loss = objective.loss(views(2))
    assert loss.dtype == objective.queue.keys.dtype == torch.float32
    lengths = objective.queue.negatives().norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(6), rtol=1e-6, atol=1e-6)


def test_only_what_is_filled_serves_as_negatives() -> None:
    objective = contrast(queue_size=20).train()
    objective.fill(views(0))
    filled = objective.queue.keys[:6].clone()
    slow, fast = copy.deepcopy(objective.key), copy.deepcopy(objective.learner)
    loss = objective.loss(views(2))
    expected = slow_info_nce(fast(clips(2)), slow(clips(3)), filled, 0.06)
    assert float(loss.detach()) == pytest.approx(sum(expected) / 6, rel=1e-4)


def test_keys_wait_for_the_step() -> None:
    objective = contrast().train()
    objective.fill(views(0))
    before = objective.queue.keys.clone()
    objective.loss(views(2))
    assert torch.equal(objective.queue.keys, before)
    objective.after_step()
    assert int(objective.queue.filled) == 12
    objective.after_step()  # nothing waits any more
    assert int(objective.queue.filled) == 12


@pytest.mark.parametrize("projector", [False, True])
def test_momentum_covers_every_parameter(projector: bool) -> None:
    objective = contrast(momentum=0.9, projector=projector)
    with torch.no_grad():
        for number, parameter in enumerate(objective.learner.parameters(), start=1):
            parameter.add_(torch.randn_like(parameter) * number)
    expected = {
        name: 0.9 * slow.double() + 0.1 * dict(objective.learner.named_parameters())[name].double()
        for name, slow in objective.key.named_parameters()
    }
    objective.after_step()
    for name, slow in objective.key.named_parameters():
        torch.testing.assert_close(slow.double(), expected[name], rtol=1e-5, atol=1e-6)


def test_key_starts_as_a_copy_that_shares_nothing() -> None:
    objective = contrast(projector=True)
    fast, slow = objective.learner.state_dict(), objective.key.state_dict()
    assert list(fast) == list(slow)
    for name, value in fast.items():
        assert torch.equal(value, slow[name])
        assert value.data_ptr() != slow[name].data_ptr()


def test_no_gradient_reaches_the_key() -> None:
    objective = contrast().train()
    objective.fill(views(0))
    first = clips(2).requires_grad_()
    second = clips(3).requires_grad_()
    torch.autograd.backward(objective.loss(Views(first, second, clips(2))))
    assert second.grad is None
    assert all(p.grad is None and not p.requires_grad for p in objective.key.parameters())
    assert first.grad is not None
    assert any(p.grad.abs().sum() > 0 for p in objective.encoder.parameters() if p.grad is not None)


def test_batch_norm_statistics_are_each_encoders_own() -> None:
    objective = contrast().train()
    start = {name: value.clone() for name, value in objective.learner.state_dict().items()}
    alone = copy.deepcopy(objective.key)
    objective.fill(views(0))
    assert all(torch.equal(v, start[k]) for k, v in objective.learner.state_dict().items())
    with torch.no_grad():
        alone(clips(1))
    expected = dict(alone.named_buffers())
    assert any(not torch.equal(value, start[name]) for name, value in expected.items())
    objective.after_step()  # momentum moves parameters, and no statistics
    for name, value in objective.key.named_buffers():
        assert torch.equal(value, expected[name]), name


def test_a_queue_smaller_than_a_batch_is_refused_before_training() -> None:
    settings = {"queue_size": 63, "projector": False}
    MomentumContrast.check(settings, batch=21, ranks=3)
    with pytest.raises(
        EdgcnError, match=r"queue of 63 .* batch of 64; .* --queue-size of at least"
    ):
        MomentumContrast.check(settings, batch=32, ranks=2)


def test_filling_learns_nothing() -> None:
    objective = contrast().train()
    before = {name: value.clone() for name, value in objective.named_parameters()}
    objective.fill(views(0))
    assert int(objective.queue.filled) == 6
    assert all(torch.equal(value, before[name]) for name, value in objective.named_parameters())


@pytest.mark.parametrize("projector", [False, True])
def test_state_dict_carries_everything(projector: bool) -> None:
    first, second = contrast(projector=projector), contrast(projector=projector)
    optimizer = torch.optim.SGD(first.learner.parameters(), lr=0.1)
    first.train().fill(views(0))
    torch.autograd.backward(first.loss(views(2)))
    optimizer.step()
    first.after_step()
    second.train().load_state_dict(first.state_dict())
    assert torch.equal(first.loss(views(4)), second.loss(views(4)))


def test_projector_halves_the_embedding_and_stays_out_of_the_encoder() -> None:
    objective = contrast(projector=True).train()
    assert objective.queue.keys.shape == (20, SMALL_ENCODER["embed_dim"] // 2)
    objective.fill(views(0))
    torch.autograd.backward(objective.loss(views(2)))
    head = objective.learner[1]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())
    assert len(objective.encoder.state_dict()) < len(objective.learner.state_dict())
    assert mlp_projector(16, hidden=16, out=8)(torch.randn(4, 16)).shape == (4, 8)
