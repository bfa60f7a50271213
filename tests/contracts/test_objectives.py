"""What every objective keeps, present and future: one suite over `OBJECTIVES`, with any encoder.

Two objectives as a user writes them, one a module and one not, keep it too.
"""

from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.augment import AUGMENTATIONS
from edgcn.base.errors import EdgcnError
from edgcn.base.parts import settings_of
from edgcn.models import ENCODERS
from edgcn.objectives import OBJECTIVES, ClipStatistics, Views, traits, variational
from edgcn.objectives.base import GIVEN
from edgcn.objectives.build import build_objective, check_objective
from edgcn.training.learner import Learner
from helpers import SMALL_ENCODER, tiny_topology

SMALL: dict[str, dict[str, Any]] = {
    "edgcn-s": SMALL_ENCODER,
    "ascal-lstm": {"embed_dim": 16},
    "pc-gru": {"hidden": 8},
    "vae-lstm": {"hidden": 8, "embed_dim": 6},
    "stgcn-quarter": {"widths": [4, 8], "strides": [1, 2], "dropout": 0.0},
}


class Alike(nn.Module):
    """Two views of a clip have the same embedding.

    Args:
        strength: Weight of the loss.
    """

    def __init__(self, encoder: nn.Module, *, strength: float = 1.0) -> None:
        super().__init__()
        self.encoder, self.strength = encoder, strength

    def loss(self, views: Views) -> Tensor:
        first, second = self.encoder(torch.cat((views.first, views.second))).chunk(2)
        loss: Tensor = self.strength * (first - second).square().mean()
        return loss


class Plain:
    """`Alike`, without being a module.

    Args:
        strength: Weight of the loss.
    """

    def __init__(self, encoder: nn.Module, *, strength: float = 1.0) -> None:
        self.encoder, self.strength = encoder, strength

    def loss(self, views: Views) -> Tensor:
        difference: Tensor = self.encoder(views.first) - self.encoder(views.second)
        return self.strength * difference.abs().mean()


BUILT_IN = tuple(OBJECTIVES)
EVERY = (*BUILT_IN, "alike", "plain")
NAMES = [(objective, encoder) for objective in EVERY for encoder in SMALL]
every = pytest.mark.parametrize("name", EVERY)
with_any_encoder = pytest.mark.parametrize(("name", "encoder"), NAMES)


@pytest.fixture(autouse=True)
def users_objectives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two are registered, as a plugin's would be."""
    monkeypatch.setitem(OBJECTIVES, "alike", Alike)
    monkeypatch.setitem(OBJECTIVES, "plain", Plain)


@pytest.fixture(autouse=True)
def one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same noise for every clip and step: what is left are the objective's own properties."""

    def still(mean: Tensor, log_variance: Tensor) -> Tensor:
        return mean + 0.5 * (0.5 * log_variance).exp()

    monkeypatch.setattr(variational, "draw", still)


def views(seed: int, n: int = 6) -> Views:
    generator = torch.Generator().manual_seed(seed)
    return Views(*torch.randn(3, n, 3, 8, 5, 1, generator=generator).unbind(0))


def network(encoder: str) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = ENCODERS[encoder](tiny_topology(), **SMALL[encoder])
    return made


def around(encoder: nn.Module, name: str, **settings: Any) -> Any:
    """A new objective in training mode, after one batch of the filling epoch if it has one."""
    statistics = ClipStatistics(torch.zeros(3, 5, 1), torch.ones(3), 8)
    made = build_objective(name, encoder, settings, statistics=statistics)
    Learner(made).train()
    fill(made, views(0))
    return made


def ready(name: str, encoder: str) -> Any:
    return around(network(encoder), name)


def fill(objective: Any, batch: Views) -> None:
    known = traits(objective)
    if known.fills:
        assert known.fill is not None
        known.fill(batch)


@with_any_encoder
def test_trains_the_encoder_it_was_given(name: str, encoder: str) -> None:
    given = network(encoder)
    loss = around(given, name).loss(views(1))
    assert loss.shape == ()
    assert loss.isfinite()
    loss.backward()
    moved = [p.grad is not None and bool(p.grad.any()) for p in given.parameters()]
    assert sum(moved) > len(moved) / 2


@with_any_encoder
def test_descending_its_gradient_lowers_the_loss(name: str, encoder: str) -> None:
    given = network(encoder)
    objective, weights = around(given, name), list(given.parameters())
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


@with_any_encoder
def test_its_state_is_in_its_state_dict(name: str, encoder: str) -> None:
    one, other = ready(name, encoder), ready(name, encoder)
    optimizer = torch.optim.SGD(one.encoder.parameters(), lr=0.1)
    for step in range(3):
        one.loss(views(step)).backward()
        optimizer.step()
        traits(one).after_step()
    Learner(other).load_state_dict(Learner(one).state_dict())
    assert torch.equal(one.loss(views(9)), other.loss(views(9)))


@with_any_encoder
def test_neither_filling_nor_the_loss_changes_encoder_or_views(name: str, encoder: str) -> None:
    objective, batch, kept = ready(name, encoder), views(3), views(3)
    before = {key: value.clone() for key, value in objective.encoder.named_parameters()}
    fill(objective, batch)
    objective.loss(batch)
    fill(objective, batch)
    for view in fields(Views):
        assert torch.equal(getattr(batch, view.name), getattr(kept, view.name))
    after = dict(objective.encoder.named_parameters())
    assert all(torch.equal(after[key], value) for key, value in before.items())


@with_any_encoder
def test_batch_order_does_not_matter(name: str, encoder: str) -> None:
    order, batch = torch.tensor([3, 0, 5, 1, 4, 2]), views(1)
    shuffled = Views(batch.first[order], batch.second[order], batch.clip[order])
    expected = ready(name, encoder).loss(batch)
    torch.testing.assert_close(ready(name, encoder).loss(shuffled), expected, rtol=1e-4, atol=1e-5)


@every
def test_modes_reach_its_parts(name: str) -> None:
    module = Learner(ready(name, "edgcn-s"))
    module.eval()
    assert not any(part.training for part in module.modules())


@every
def test_the_learner_holds_the_encoder_and_all_that_trains(name: str) -> None:
    objective = ready(name, "vae-lstm")
    module = Learner(objective)
    learner = traits(objective).learner or module
    learning = {id(p) for p in learner.parameters() if p.requires_grad}
    assert {id(p) for p in module.parameters() if p.requires_grad} == learning
    assert {id(p) for p in objective.encoder.parameters()} <= learning


@every
def test_measures_are_numbers_since_they_were_last_taken(name: str) -> None:
    objective = ready(name, "vae-lstm")
    measures = traits(objective).measures
    assert measures() == {}
    objective.loss(views(1))
    once = measures()
    for _ in range(2):
        objective.loss(views(1))
    again = measures()
    assert again.keys() == once.keys()
    assert all(value.shape == () and value.isfinite() for value in again.values())
    assert measures() == {}


@every
def test_its_traits_are_what_training_knows(name: str) -> None:
    known = traits(OBJECTIVES[name])
    assert known.title
    assert set(known.augmentations) <= set(AUGMENTATIONS)
    assert set(known.needs) <= {"statistics", "embedding", "batch"}
    assert known.fills == (known.fill is not None)
    assert known == traits(OBJECTIVES[name])


@every
def test_every_setting_has_a_type_a_default_and_a_sentence(name: str) -> None:
    settings = settings_of(OBJECTIVES[name], given=GIVEN)
    assert settings
    for setting in settings.values():
        assert setting.annotation is not Any
        assert setting.help[:1].isupper(), setting.name
        assert setting.help.rstrip(")").endswith("."), setting.name
    defaults = {key: setting.default for key, setting in settings.items()}
    assert check_objective(name, defaults, batch=8) == defaults


@every
def test_unknown_settings_are_answered(name: str) -> None:
    known = next(iter(settings_of(OBJECTIVES[name], given=GIVEN)))
    with pytest.raises(EdgcnError, match=f"objective '{name}': .*did you mean '{known}'"):
        check_objective(name, {f"{known}x": 1}, batch=8)


@pytest.mark.parametrize("name", BUILT_IN)
def test_numbers_out_of_range_are_refused(name: str) -> None:
    for setting in settings_of(OBJECTIVES[name], given=GIVEN).values():
        if isinstance(setting.default, int | float) and not isinstance(setting.default, bool):
            with pytest.raises(EdgcnError, match=f"objective '{name}': {setting.name}: .*greater"):
                check_objective(name, {setting.name: -1}, batch=8)


def test_a_batch_of_one_has_nothing_to_be_compared_with() -> None:
    for name in BUILT_IN:
        if "batch" in traits(OBJECTIVES[name]).needs:
            with pytest.raises(EdgcnError, match="use a --batch-size of 2 or more"):
                check_objective(name, {}, batch=1)
        else:
            check_objective(name, {}, batch=1)
    with pytest.raises(EdgcnError, match="use a --batch-size of 2 or more"):
        check_objective("moco", {"projector": True}, batch=1)


def test_what_decodes_the_embedding_refuses_other_readouts() -> None:
    for name in BUILT_IN:
        if "embedding" in traits(OBJECTIVES[name]).needs:
            with pytest.raises(EdgcnError, match=r"readout 'parts' goes past it; .* mean"):
                check_objective(name, {}, batch=8, readout="parts")
        else:
            check_objective(name, {}, batch=8, readout="parts")


def test_a_misspelt_objective_is_answered() -> None:
    with pytest.raises(
        EdgcnError, match=r"no objective is named 'barlo'; .* did you mean 'barlow'"
    ):
        check_objective("barlo", {}, batch=8)
