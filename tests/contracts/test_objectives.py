"""What every objective keeps, present and future: one suite over `OBJECTIVES`, with any encoder."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.models import ENCODERS
from edgcn.objectives import OBJECTIVES, variational
from helpers import SMALL_ENCODER, tiny_topology

SMALL: dict[str, dict[str, Any]] = {
    "edgcn-s": SMALL_ENCODER,
    "ascal-lstm": {"embed_dim": 16},
    "pc-gru": {"hidden": 8},
    "vae-lstm": {"hidden": 8, "embed_dim": 6},
    "stgcn-quarter": {"widths": [4, 8], "strides": [1, 2], "dropout": 0.0},
}
NAMES = [(objective, encoder) for objective in OBJECTIVES for encoder in SMALL]


@pytest.fixture(autouse=True)
def one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same noise for every clip and step: what is left are the objective's own properties."""

    def still(mean: Tensor, log_variance: Tensor) -> Tensor:
        return mean + 0.5 * (0.5 * log_variance).exp()

    monkeypatch.setattr(variational, "draw", still)


def views(seed: int, n: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, n, 3, 8, 5, 1, generator=generator).unbind(0)
    return first, second


def ready(objective: str, encoder: str) -> Any:
    """An objective over a new encoder, in training mode, after one batch of the filling epoch."""
    torch.manual_seed(0)
    made = OBJECTIVES[objective](ENCODERS[encoder](tiny_topology(), **SMALL[encoder])).train()
    made.fill(views(0))
    return made


@pytest.mark.parametrize(("name", "encoder"), NAMES)
def test_trains_the_encoder_it_was_given(name: str, encoder: str) -> None:
    torch.manual_seed(0)
    network = ENCODERS[encoder](tiny_topology(), **SMALL[encoder])
    objective = OBJECTIVES[name](network).train()
    assert objective.encoder is network
    objective.fill(views(0))
    loss = objective.loss(views(1))
    assert loss.shape == ()
    assert loss.isfinite()
    loss.backward()
    moved = [p.grad is not None and bool(p.grad.any()) for p in network.parameters()]
    assert sum(moved) > len(moved) / 2


@pytest.mark.parametrize(("name", "encoder"), NAMES)
def test_descending_its_gradient_lowers_the_loss(name: str, encoder: str) -> None:
    objective = ready(name, encoder)
    weights = list(objective.encoder.parameters())
    optimizer = torch.optim.SGD(weights, lr=0.02)
    losses = []
    for _ in range(8):
        loss = objective.loss(views(1))
        optimizer.zero_grad()
        loss.backward()
        length = torch.nn.utils.get_total_norm([p.grad for p in weights if p.grad is not None])
        for weight in weights:  # steps of one length, however flat the loss is
            if weight.grad is not None:
                weight.grad /= length
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("name", "encoder"), NAMES)
def test_its_state_is_in_its_state_dict(name: str, encoder: str) -> None:
    one, other = ready(name, encoder), ready(name, encoder)
    optimizer = torch.optim.SGD(one.encoder.parameters(), lr=0.1)
    for step in range(3):
        one.loss(views(step)).backward()
        optimizer.step()
        one.after_step()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.loss(views(9)), other.loss(views(9)))


@pytest.mark.parametrize(("name", "encoder"), NAMES)
def test_filling_leaves_encoder_and_views_alone(name: str, encoder: str) -> None:
    objective, batch = ready(name, encoder), views(3)
    kept = tuple(view.clone() for view in batch)
    before = {key: value.clone() for key, value in objective.encoder.state_dict().items()}
    objective.fill(batch)
    objective.loss(batch)
    objective.fill(batch)
    assert all(torch.equal(view, old) for view, old in zip(batch, kept, strict=True))
    parameters = dict(objective.encoder.named_parameters())
    assert all(torch.equal(parameters[key], before[key]) for key in parameters)


@pytest.mark.parametrize(("name", "encoder"), NAMES)
def test_batch_order_does_not_matter(name: str, encoder: str) -> None:
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    first, second = views(1)
    plain = ready(name, encoder).loss((first, second))
    shuffled = ready(name, encoder).loss((first[order], second[order]))
    torch.testing.assert_close(shuffled, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_is_a_module_so_that_modes_and_devices_reach_its_parts(name: str) -> None:
    objective = ready(name, "edgcn-s")
    assert isinstance(objective, nn.Module)
    objective.eval()
    assert not any(module.training for module in objective.modules())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_learner_holds_the_encoder_and_all_that_trains(name: str) -> None:
    objective = ready(name, "vae-lstm")
    learning = {id(p) for p in objective.learner.parameters() if p.requires_grad}
    assert {id(p) for p in objective.parameters() if p.requires_grad} == learning
    assert {id(p) for p in objective.encoder.parameters()} <= learning


@pytest.mark.parametrize("name", OBJECTIVES)
def test_measures_are_numbers_since_they_were_last_taken(name: str) -> None:
    objective = ready(name, "vae-lstm")
    assert objective.measures() == {}
    objective.loss(views(1))
    once = objective.measures()
    for _ in range(2):
        objective.loss(views(1))
    assert objective.measures().keys() == once.keys()
    assert all(value.shape == () and value.isfinite() for value in once.values())
    assert objective.measures() == {}
