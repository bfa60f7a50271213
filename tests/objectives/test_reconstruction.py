"""What defines the objectives that reconstruct: which weights move, what is scored, the bound."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS
from edgcn.objectives import ClipStatistics, PredictCluster, Variational, Views
from edgcn.objectives.build import check_objective
from edgcn.objectives.predict_cluster import FixedState, FixedWeights
from edgcn.objectives.reconstruct import clip_errors, to_clips, to_frames, visible_joints
from edgcn.objectives.variational import draw, kl_to_prior
from helpers import tiny_topology


def encoder(**settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return ENCODERS["pc-gru"](tiny_topology(), **{"hidden": 24, "layers": 1} | settings)


def waves(n: int = 48, t: int = 12) -> Tensor:
    """Clips that move: every joint swings around a pose at the clip's own speed and phase."""
    generator = torch.Generator().manual_seed(1)
    pose = torch.randn(1, 3, 1, 5, 1, generator=generator)
    speed, phase = 3 * torch.rand(2, n, 1, 1, 1, 1, generator=generator)
    swing = torch.randn(1, 3, 1, 5, 1, generator=generator)
    time = torch.linspace(0, 2, t).view(1, 1, t, 1, 1)
    return pose + swing * torch.sin(2 * phase + speed * time)


def train(objective: Any, clips: Tensor, *, steps: int) -> list[dict[str, float]]:
    """AdamW over all clips at once; the measures of each step."""
    optimizer = torch.optim.AdamW(objective.learner.parameters(), lr=5e-3)
    rows = []
    for _ in range(steps):
        optimizer.zero_grad()
        objective.loss(Views(clips, clips, clips)).backward()
        optimizer.step()
        rows.append({name: float(value) for name, value in objective.measures().items()})
    return rows


def mean_pose(clips: Tensor) -> Tensor:
    return clips.mean(dim=(0, 2))


def statistics(clips: Tensor) -> ClipStatistics:
    return ClipStatistics(mean_pose(clips), torch.ones(3), clips.shape[2])


def around_zero() -> ClipStatistics:
    return ClipStatistics(torch.zeros(3, 5, 1), torch.ones(3), 12)


@pytest.mark.parametrize(("decoder", "part"), [("fixed-weights", 0.7), ("fixed-state", 0.5)])
def test_reconstruction_falls_below_every_still_guess(decoder: Any, part: float) -> None:
    clips = waves()
    objective = PredictCluster(encoder(), decoder=decoder, statistics=statistics(clips)).train()
    rows = train(objective, clips, steps=200)
    assert rows[-1]["reconstruction"] < part * rows[-1]["mean_pose"]
    assert rows[-1]["reconstruction"] < rows[-1]["clip_mean_pose"]


def test_fixed_weights_never_change_while_the_encoder_does() -> None:
    objective = PredictCluster(encoder(), statistics=around_zero()).train()
    before = copy.deepcopy(objective.learner.state_dict())
    train(objective, waves(), steps=3)
    after = objective.learner.state_dict()
    for name, value in before.items():
        moved = not torch.equal(after[name], value)
        assert moved == name.startswith("encoder."), name


def test_the_fixed_state_decoder_trains_and_never_uses_its_own_state() -> None:
    torch.manual_seed(0)
    decoder = FixedState(6, 15)
    frames, state = torch.randn(2, 5, 15), torch.randn(2, 6)
    expected = [frames[:, 0]]
    for _ in range(4):
        hidden = decoder.cell(expected[-1], state)  # the encoder's state, every time
        expected.append(expected[-1] + decoder.out(hidden))
    torch.testing.assert_close(decoder(state, frames), torch.stack(expected, dim=1))
    decoder(state, frames).sum().backward()
    assert all(p.grad is not None for p in decoder.parameters())


def test_the_decoders_see_nothing_of_the_clip_but_state_and_first_frame() -> None:
    torch.manual_seed(0)
    frames, state = torch.randn(2, 5, 15), torch.randn(2, 6)
    other = torch.cat((frames[:, :1], torch.randn(2, 4, 15)), dim=1)
    for decoder in (FixedWeights(6, 15), FixedState(6, 15)):
        assert torch.equal(decoder(state, frames), decoder(state, other))
    fixed = FixedWeights(6, 15)
    assert torch.equal(fixed(state, frames), fixed(state, torch.zeros_like(frames)))


def test_the_fixed_weights_decoder_goes_on_from_state_to_state() -> None:
    torch.manual_seed(0)
    decoder = FixedWeights(6, 15)
    cell = nn.GRUCell(1, 6)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in decoder.gru.state_dict().items()})
    hidden, expected = torch.randn(2, 6), []
    first = hidden
    for _ in range(5):
        hidden = cell(torch.zeros(2, 1), hidden)
        expected.append(decoder.out(hidden))
    torch.testing.assert_close(decoder(first, torch.zeros(2, 5, 15)), torch.stack(expected, 1))


def test_the_given_frame_is_not_scored() -> None:
    objective = PredictCluster(encoder(), decoder="fixed-state", statistics=around_zero()).train()
    clips = waves(6)
    guess = objective.learner(clips)
    torch.testing.assert_close(guess[:, :, 0], clips[:, :, 0])
    expected = (guess - clips)[:, :, 1:].abs().mean()
    torch.testing.assert_close(objective.loss(Views(clips, clips, clips)), expected)


def test_what_is_missing_counts_nowhere() -> None:
    clips = waves(4)
    clips[1, :, 3:6, 2] = 0
    clips[2] = 0
    guess, visible = torch.randn_like(clips), visible_joints(clips)
    for number, error in enumerate(clip_errors(guess, clips, visible)):
        values = (guess[number] - clips[number]).abs()[clips[number] != 0]
        assert float(error) == pytest.approx(float(values.mean()) if len(values) else 0.0)


@pytest.mark.parametrize("make", [PredictCluster, Variational])
def test_the_baselines_are_the_best_guesses_without_motion(make: Any) -> None:
    clips = waves(8)
    pose = mean_pose(clips)
    objective = make(encoder(), statistics=statistics(clips))
    objective.loss(Views(clips, clips, clips))
    found = objective.measures()
    expected = (clips - pose.unsqueeze(1)).abs().mean()
    torch.testing.assert_close(found["mean_pose"], expected)
    expected = (clips - clips.mean(dim=2, keepdim=True)).abs().mean()
    torch.testing.assert_close(found["clip_mean_pose"], expected)
    assert objective.measures() == {}  # taken once


def test_frames_and_clips_are_inverse() -> None:
    clips = torch.randn(2, 3, 4, 5, 2)
    assert torch.equal(to_clips(to_frames(clips), (3, 5, 2)), clips)


def test_unknown_decoders_are_refused() -> None:
    with pytest.raises(EdgcnError, match=r"'predict-cluster': decoder: .* 'fixed-weights' or"):
        check_objective("predict-cluster", {"decoder": "fixed-weight"}, batch=8)


def test_divergence_is_zero_for_the_prior_alone() -> None:
    zeros = torch.zeros(3, 4)
    assert torch.equal(kl_to_prior(zeros, zeros), torch.zeros(3))
    for mean, log_variance in ((zeros + 0.1, zeros), (zeros, zeros + 0.1), (zeros, zeros - 0.1)):
        assert bool((kl_to_prior(mean, log_variance) > 0).all())


def test_divergence_equals_its_definition_by_sampling() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(3, 4), 0.5 * torch.randn(3, 4)
    many = 40_000
    z = draw(mean.repeat(many, 1), log_variance.repeat(many, 1)).view(many, 3, 4)
    posterior: Any = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    prior: Any = torch.distributions.Normal(0.0, 1.0)
    sampled = (posterior.log_prob(z) - prior.log_prob(z)).sum(dim=2).mean(dim=0)
    torch.testing.assert_close(sampled, kl_to_prior(mean, log_variance), rtol=0.03, atol=0.03)


def test_the_bound_is_the_laplace_likelihood_less_the_divergence() -> None:
    clips = waves(4)
    objective = Variational(encoder(embed_dim=4), hidden=8, statistics=around_zero()).eval()
    objective.loss(Views(clips, clips, clips))
    mean, log_variance, guess = objective.learner(clips)  # in evaluation mode Z is its mean
    noise: Any = torch.distributions.Laplace(guess, objective.beta)
    per_clip = noise.log_prob(clips).sum(dim=(1, 2, 3, 4)) - kl_to_prior(mean, log_variance)
    expected = per_clip.mean() / clips[0].numel()
    torch.testing.assert_close(objective.measures()["elbo"], expected)
    assert torch.equal(mean, objective.encoder(clips))


def test_the_bound_rises_and_draws_of_the_prior_decode() -> None:
    clips = waves()
    objective = Variational(encoder(embed_dim=4), hidden=32, statistics=statistics(clips)).train()
    rows = train(objective, clips, steps=250)
    assert rows[-1]["elbo"] > rows[0]["elbo"] + 1
    assert rows[-1]["reconstruction"] < rows[-1]["mean_pose"]
    assert rows[-1]["kl"] > 0.5  # Z is used
    made = objective.sample(64, frames=12, generator=torch.Generator().manual_seed(0))
    again = objective.sample(64, frames=12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made, again)
    nearest = torch.cdist(made.flatten(1), clips.flatten(1)).amin(dim=1)
    still = torch.cdist(mean_pose(clips).unsqueeze(1).expand(3, 12, 5, 1).reshape(1, -1),
                        clips.flatten(1)).mean()  # fmt: skip
    assert float(nearest.median()) < 0.5 * float(still)
    assert math.isfinite(float(made.abs().max()))
