"""The trainer: exact steps, the obvious loop, any objective; what cannot be trained is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.objectives import Views
from edgcn.skeleton.tensors import Clips
from edgcn.training.optimizers import OptimizerName, make_optimizer
from edgcn.training.trainer import Trainer
from helpers import FEW_JOINTS
from tiny_training import RandomClips, inputs_of, tiny_trainer


class Line(nn.Module):
    """The smallest objective: a weight pulled to the mean of the second view."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.calls: list[str] = []
        self.seen: list[Tensor] = []

    def loss(self, views: Views) -> Tensor:
        self.calls.append("loss")
        self.seen.append(views.clip)
        loss: Tensor = (self.weight - views.second.mean()) ** 2
        return loss

    def after_step(self) -> None:
        self.calls.append("after_step")


class Filling(Line):
    fills = True

    def fill(self, views: Views) -> None:
        self.calls.append("fill")


class Plain:
    """No module: an encoder, a batch norm and a weight are its attributes."""

    def __init__(self, encoder: nn.Module, *, strength: float = 1.0) -> None:
        self.encoder, self.strength = encoder, strength
        self.norm, self.scale = nn.BatchNorm1d(6), nn.Parameter(torch.ones(6))

    def loss(self, views: Views) -> Tensor:
        out = self.scale * self.norm(self.encoder(views.first))
        loss: Tensor = self.strength * (out - self.encoder(views.second)).square().mean()
        return loss


class Still(nn.Module):
    """An encoder of two lines."""

    embed_dim = 6

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 6)

    def forward(self, clips: Clips) -> Tensor:
        out: Tensor = self.layer(clips.mean(dim=(2, 3, 4)))
        return out


def trainer_of(objective: Any, *, clips: int = 40, **changes: Any) -> Trainer:
    source = RandomClips(clips)
    values: dict[str, Any] = {"batch_size": 8, "lr": 0.25}
    if "steps" not in changes:
        values["epochs"] = 2
    return Trainer(
        objective,
        source,
        np.arange(clips),
        inputs=inputs_of(source),
        fabric=Fabric(accelerator="cpu", devices=1),
        **values | changes,
    )


def test_an_epoch_is_loss_step_after_step_at_the_lr_of_each_step() -> None:
    objective = Line()
    rows = list(trainer_of(objective, optimizer="sgd", weight_decay=0.0, epochs=1).fit())
    weight, speed, losses = 0.0, 0.0, []
    for clip in objective.seen:  # SGD with momentum 0.9, by hand
        target = float(clip.mean())
        losses.append((weight - target) ** 2)
        speed = 0.9 * speed + 2 * (weight - target)
        weight -= 0.25 * speed
    assert float(objective.weight.detach()) == pytest.approx(weight, rel=1e-4)
    assert rows[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert objective.calls == ["loss", "after_step"] * 5
    assert objective.weight.grad is None


def test_a_filling_epoch_takes_no_step() -> None:
    objective = Filling()
    first, second = trainer_of(objective).fit()
    assert objective.calls == ["fill"] * 5 + ["loss", "after_step"] * 5
    assert first["loss"] is None
    assert second["loss"] is not None


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (5, 1), (7, 2), (23, 5)])
def test_steps_are_exact(steps: int, epochs: int) -> None:
    objective = Line()
    trainer = trainer_of(objective, steps=steps)
    rows = list(trainer.fit())
    assert objective.calls.count("loss") == steps
    assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
    assert trainer.epochs == epochs


def test_a_filling_epoch_is_none_of_the_steps() -> None:
    objective = Filling()
    trainer = trainer_of(objective, steps=7)
    assert len(list(trainer.fit())) == trainer.epochs == 3
    assert objective.calls.count("loss") == 7


def test_lr_falls_over_the_steps_and_rises_over_warm_up_epochs() -> None:
    def lrs(**changes: Any) -> list[float | None]:
        return [row["lr"] for row in trainer_of(Line(), lr=0.5, **changes).fit()]

    assert lrs(epochs=4, schedule="cosine", warmup_epochs=1) == pytest.approx(
        [0, 0.5, 0.375, 0.125]
    )
    assert lrs(epochs=4, schedule="step") == pytest.approx([0.5, 0.5, 0.05, 0.05])
    assert lrs(steps=12, schedule="step") == pytest.approx([0.5, 0.5, 0.05])
    assert lrs(epochs=2) == [0.5, 0.5]


def test_every_clip_is_seen_but_the_incomplete_batch() -> None:
    objective = Line()
    list(trainer_of(objective, clips=30, epochs=1).fit())
    seen = torch.cat(objective.seen)
    assert len(seen) == 24
    assert len(torch.unique(seen.flatten(1), dim=0)) == 24


def test_a_row_says_how_fast_it_was_and_what_was_measured() -> None:
    trainer = tiny_trainer("predict-cluster", augmentations=())
    for row in trainer.fit():
        assert {"epoch", "loss", "lr", "seconds", "clips_per_second"} < set(row)
        assert row["reconstruction"] == pytest.approx(row["loss"], rel=1e-5)
        assert row["mean_pose"] is not None
        assert row["clip_mean_pose"] is not None


def test_the_objectives_own_augmentations_are_the_default() -> None:
    assert trainer_of(Line()).augmentations == ()
    assert tiny_trainer("moco").augmentations == FEW_JOINTS
    with pytest.raises(EdgcnError, match=r"joint_mask: expected .* most <= 5"):
        tiny_trainer("moco", augmentations=None)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_programs_own_randomness_is_left_alone(seed: int) -> None:
    settings = {"hidden": 8, "embed_dim": 6}
    trainer = tiny_trainer("variational", encoder="vae-lstm", encoder_settings=settings)
    torch.manual_seed(seed)
    expected = torch.rand(3)
    torch.manual_seed(seed)
    losses = [row["loss"] for row in trainer.fit()]
    assert torch.equal(torch.rand(3), expected)
    again = tiny_trainer("variational", encoder="vae-lstm", encoder_settings=settings)
    assert [row["loss"] for row in again.fit()] == losses


def test_training_learns() -> None:
    trainer = tiny_trainer(
        "barlow", settings={"outputs": 16}, augmentations=("noise",), batch_size=20,
        optimizer="adamw", lr=3e-3, epochs=8,
    )  # fmt: skip
    losses = [row["loss"] or 0 for row in trainer.fit()]
    assert 0 < losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("kind", ["module", "plain"])
def test_a_users_own_objective_trains(kind: str) -> None:
    torch.manual_seed(0)
    encoder = Still()
    plain = Plain(encoder)
    objective: Any = plain
    if kind == "module":
        objective = nn.Module()
        objective.parts = nn.ModuleList([encoder, plain.norm])
        objective.register_parameter("scale", plain.scale)
        objective.loss = plain.loss
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    trainer = trainer_of(objective, augmentations=("noise",), lr=0.1, epochs=3)
    losses = [row["loss"] for row in trainer.fit()]
    assert (losses[-1] or 0) < (losses[0] or 0)
    assert all(not torch.equal(x, before[name]) for name, x in encoder.state_dict().items())
    assert not torch.equal(plain.scale, torch.ones(6))
    assert int(plain.norm.num_batches_tracked or 0) == 15


def test_an_encoder_that_is_hidden_is_missed() -> None:
    class Hidden:
        def __init__(self, encoder: nn.Module) -> None:
            self.encoders = [encoder]

        def loss(self, views: Views) -> Tensor:
            return self.encoders[0](views.first).mean()  # type: ignore[no-any-return]

    with pytest.raises(EdgcnError, match="no weights to train; keep the encoder as an attribute"):
        trainer_of(Hidden(Still()))


def test_a_loss_for_each_clip_is_refused() -> None:
    class Each(Line):
        def loss(self, views: Views) -> Tensor:
            return (self.weight - views.second).flatten(1).mean(dim=1)

    with pytest.raises(EdgcnError, match=r"'Each' has shape \(8,\); expected one number"):
        list(trainer_of(Each()).fit())


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    class Broken(Line):
        def loss(self, views: Views) -> Tensor:
            return super().loss(views) * (float("nan") if len(self.calls) > 5 else 1)

    rows = trainer_of(Broken(), clips=24, batch_size=12).fit()
    assert next(rows)["loss"] is not None
    with pytest.raises(EdgcnError, match="loss became nan in epoch 2; the state after epoch 1"):
        next(rows)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "both": ({"steps": 3, "epochs": 3}, "either `steps` or `epochs`"),
    "neither": ({"epochs": None}, "either `steps` or `epochs`"),
    "batch": ({"batch_size": 41}, "a batch of 41 clips is larger than the 40 clips"),
    "augmentation": ({"augmentations": ("rotat",)}, "did you mean 'rotate'"),
    "strength": ({"augmentation_settings": {"noise": {"stdd": 1.0}}}, "did you mean 'std'"),
    "edges": ({"residual_lr": 2.0}, "no learned edges; leave out --residual-lr"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_explained(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        trainer_of(Line(), **changes)


def edges_of(trainer: Trainer) -> dict[str, nn.Parameter]:
    return {
        name: value
        for name, value in trainer.module.named_parameters()
        if name.endswith("residual") and "key" not in name
    }


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("residual_lr", [0.0, 1.0, 10.0])
def test_every_weight_is_in_one_group_and_edges_have_their_own_lr(
    optimizer: OptimizerName, residual_lr: float
) -> None:
    trainer = tiny_trainer("barlow")
    made = make_optimizer(trainer.module, optimizer, lr=0.1, residual_lr=residual_lr)
    times = {
        id(weight): group.get("times_lr", 1)
        for group in made.param_groups
        for weight in group["params"]
    }
    assert sum(len(group["params"]) for group in made.param_groups) == len(times)
    edges = {id(weight) for weight in edges_of(trainer).values()}
    assert len(edges) > 0
    for weight in trainer.module.parameters():
        assert times[id(weight)] == (residual_lr if id(weight) in edges else 1)


def test_the_lr_of_the_edges_reaches_the_training() -> None:
    def moved(residual_lr: float) -> float:
        trainer = tiny_trainer("moco", lr=1e-3, residual_lr=residual_lr)
        list(trainer.fit())
        return max(float(edges.detach().abs().max()) for edges in edges_of(trainer).values())

    still, slow, fast = moved(0.0), moved(1.0), moved(10.0)
    assert still <= 1e-6 < slow
    assert 5 * slow < fast < 20 * slow
