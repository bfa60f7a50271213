"""Barlow Twins by its definition, on outputs whose correlations are known."""

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, Reader
from edgcn.models.readout import body_parts
from edgcn.objectives import BarlowTwins, ClipStatistics, Views
from edgcn.objectives.barlow import barlow_loss, cross_correlation
from edgcn.objectives.heads import linear_decoder
from edgcn.skeleton import Topology
from helpers import SMALL_ENCODER, tiny_topology


def outputs(seed: int, n: int = 64, pieces: int = 1, d: int = 5) -> torch.Tensor:
    return torch.randn(n, pieces, d, generator=torch.Generator().manual_seed(seed))


class Still(torch.nn.Module):
    """An encoder whose map is the clips themselves."""

    in_channels, feature_dim, embed_dim, bodies = 3, 3, 3, 1

    def __init__(self, topology: Topology) -> None:
        super().__init__()
        self.topology = topology
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.features(clips).mean(dim=(2, 3))

    def features(self, clips: torch.Tensor) -> torch.Tensor:
        return self.weight * clips[..., 0]


def correlation(first: torch.Tensor, second: torch.Tensor) -> np.ndarray:
    d = first.shape[-1]
    return np.asarray(np.corrcoef(first.T.numpy(), second.T.numpy())[:d, d:])


def test_it_is_pearsons_correlation() -> None:
    first, second = outputs(0, pieces=3), outputs(1, pieces=3) + outputs(0, pieces=3)
    got = cross_correlation(first, second).numpy()
    for piece in range(3):
        expected = correlation(first[:, piece], second[:, piece])
        np.testing.assert_allclose(got[piece], expected, atol=1e-4)


def test_the_loss_by_hand() -> None:
    first, second = outputs(0, pieces=2), outputs(1, pieces=2)
    losses = []
    for piece in range(2):
        c = correlation(first[:, piece], second[:, piece])
        diagonal = np.diag(c)
        off = (c**2).sum() - (diagonal**2).sum()
        losses.append(((diagonal - 1) ** 2).sum() + 0.1 * off)
    expected = np.mean(losses)
    assert float(barlow_loss(first, second, off_diagonal=0.1)) == pytest.approx(expected, rel=1e-3)


def test_equal_views_whose_outputs_do_not_correlate_have_no_loss() -> None:
    apart = torch.from_numpy(hadamard(8)[:, 1:].astype(np.float32)).unsqueeze(1)
    assert float(barlow_loss(apart, apart, off_diagonal=1.0)) == pytest.approx(0, abs=1e-6)
    twice = torch.cat([apart, apart], dim=2)  # every output said twice: 14 pairs that correlate
    assert float(barlow_loss(twice, twice, off_diagonal=1.0)) == pytest.approx(14, rel=1e-3)


def test_scale_and_offset_of_an_output_do_not_matter() -> None:
    first, second = outputs(0), outputs(1)
    moved = 3 * first + torch.arange(5.0)
    plain, other = (barlow_loss(z, second, off_diagonal=0.1) for z in (first, moved))
    torch.testing.assert_close(other, plain, rtol=1e-4, atol=1e-4)


def test_outputs_that_never_change_give_finite_gradients() -> None:
    flat = torch.ones(8, 1, 5, requires_grad=True)
    loss = barlow_loss(flat, flat, off_diagonal=0.1)
    torch.autograd.backward(loss)
    assert float(loss.detach()) == pytest.approx(
        5
    )  # as far from the identity as no correlation at all
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_a_piece_is_correlated_with_itself_alone() -> None:
    """However alike two pieces are, it is no loss: a raised arm may tell what the trunk does."""
    first, second = outputs(0), outputs(1)
    alone = barlow_loss(first, second, off_diagonal=0.1)
    twice = [torch.cat([z, z], dim=1) for z in (first, second)]
    torch.testing.assert_close(barlow_loss(*twice, off_diagonal=0.1), alone)


def test_pieces_are_what_each_part_did_in_each_segment() -> None:
    """A change of one arm in the first quarter reaches the pieces that have it, and no other."""
    torch.manual_seed(0)
    topology = tiny_topology()
    encoder = Still(topology)
    twin = BarlowTwins(read(encoder, "parts")).learner.eval()
    arm = body_parts(topology)[0][0]
    x = torch.randn(2, 3, 8, len(topology), 1)
    moved = x.clone()
    moved[:, :, 0, arm] += 1
    (before, _), (after, _) = twin(x), twin(moved)
    changed = (before != after).any(dim=2).all(dim=0)
    assert changed.nonzero().flatten().tolist() == [0, 1, 3]  # whole clip, first half and quarter
    assert len(changed) == 7 * len(body_parts(topology))


def read(encoder: torch.nn.Module, readout: str) -> Reader:
    return Reader(encoder, readout, topology=tiny_topology(), in_channels=3, bodies=1)


def statistics(shape: tuple[int, ...] = (3, 8, 5, 1)) -> ClipStatistics:
    c, frames, v, m = shape
    return ClipStatistics(torch.randn(c, v, m), torch.rand(c) + 0.5, frames)


def test_reconstructing_without_statistics_is_refused() -> None:
    encoder = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    with pytest.raises(EdgcnError, match=r"reconstruct=50 decodes clips, .* needs `statistics`"):
        BarlowTwins(encoder, reconstruct=50.0)


def test_the_clip_is_decoded_from_both_views_and_what_is_missing_is_no_error() -> None:
    torch.manual_seed(0)
    encoder = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    shape, known = (3, 8, 5, 1), statistics()
    objective = BarlowTwins(read(encoder, "parts"), reconstruct=0.5, statistics=known).train()
    views = Views(torch.randn(6, *shape), torch.randn(6, *shape), torch.randn(6, *shape))
    views.clip[:, :, 2:5, 1] = 0
    outputs_of, decoded = objective.learner(torch.cat((views.first, views.second)))
    expected = 0.0
    for guess, clip in zip(decoded.detach(), torch.cat((views.clip, views.clip)), strict=True):
        visible = clip.abs().sum(dim=0) > 0
        wanted = (clip - known.pose.unsqueeze(1)) / known.spread.view(3, 1, 1, 1)
        expected += float(((guess.view(shape) - wanted) ** 2)[:, visible].sum()) / 12 / clip.numel()
    halves = outputs_of.detach().chunk(2)
    alone = barlow_loss(*halves, off_diagonal=objective.off_diagonal)
    got = objective.loss(views)
    assert float(got.detach()) == pytest.approx(float(alone) + 0.5 * expected, rel=1e-4)
    torch.autograd.backward(got)
    assert objective.learner.decoder is not None
    assert all(p.grad is not None for p in objective.learner.decoder.parameters())


def test_guessing_the_mean_pose_is_an_error_of_one() -> None:
    known = statistics()
    away = known.spread.view(3, 1, 1, 1) * torch.randn(4000, 3, 8, 5, 1)
    clips = known.pose.unsqueeze(1) + away
    assert float(known.error(torch.zeros(4000, known.size), clips)) == pytest.approx(1, abs=0.02)


def test_a_decoder_is_linear_whatever_its_rank() -> None:
    torch.manual_seed(0)
    decoder = linear_decoder(30, out=20).eval()
    x, y = torch.randn(2, 5, 30).unbind(0)
    middle = decoder((x + y) / 2)
    torch.testing.assert_close(middle, (decoder(x) + decoder(y)) / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reconstruct", [0.0, 0.1])
@pytest.mark.parametrize("readout", ["mean", "pyramid", "parts"])
def test_it_learns_through_any_readout(readout: str, reconstruct: float) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    objective = BarlowTwins(
        read(encoder, readout), reconstruct=reconstruct, statistics=statistics()
    ).train()
    torch.autograd.backward(objective.loss(Views(*torch.randn(3, 6, 3, 8, 5, 1))))
    idle = [name for name, p in encoder.named_parameters() if p.grad is None]
    head = [] if readout == "mean" else ["head.weight", "head.bias"]  # these go past the head
    assert idle == head
