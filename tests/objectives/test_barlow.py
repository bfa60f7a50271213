"""Barlow Twins by its definition, on outputs whose correlations are known."""

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard

from edgcn.encoders import ENCODERS, Reader
from edgcn.objectives.barlow import BarlowTwins, barlow_loss, cross_correlation
from helpers import SMALL_ENCODER, tiny_topology


def outputs(seed: int, n: int = 64, d: int = 5) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_it_is_pearsons_correlation() -> None:
    first, second = outputs(0), outputs(1) + outputs(0)
    expected = np.corrcoef(first.T.numpy(), second.T.numpy())[:5, 5:]
    np.testing.assert_allclose(cross_correlation(first, second).numpy(), expected, atol=1e-4)


def test_the_loss_by_hand() -> None:
    first, second = outputs(0), outputs(1)
    c = np.corrcoef(first.T.numpy(), second.T.numpy())[:5, 5:]
    diagonal = np.diag(c)
    off = (c**2).sum() - (diagonal**2).sum()
    expected = ((diagonal - 1) ** 2).sum() + 0.1 * off
    assert float(barlow_loss(first, second, off_diagonal=0.1)) == pytest.approx(expected, rel=1e-3)


def test_equal_views_whose_outputs_do_not_correlate_have_no_loss() -> None:
    apart = torch.from_numpy(hadamard(8)[:, 1:].astype(np.float32))
    assert float(barlow_loss(apart, apart, off_diagonal=1.0)) == pytest.approx(0, abs=1e-6)
    twice = torch.cat([apart, apart], dim=1)  # every output said twice: 14 pairs that correlate
    assert float(barlow_loss(twice, twice, off_diagonal=1.0)) == pytest.approx(14, rel=1e-3)


def test_scale_and_offset_of_an_output_do_not_matter() -> None:
    first, second = outputs(0), outputs(1)
    moved = 3 * first + torch.arange(5.0)
    plain, other = (barlow_loss(z, second, off_diagonal=0.1) for z in (first, moved))
    torch.testing.assert_close(other, plain, rtol=1e-4, atol=1e-4)


def test_outputs_that_never_change_give_finite_gradients() -> None:
    flat = torch.ones(8, 5, requires_grad=True)
    loss = barlow_loss(flat, flat, off_diagonal=0.1)
    loss.backward()
    assert float(loss) == pytest.approx(5)  # as far from the identity as no correlation at all
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize("readout", ["mean", "pyramid", "parts"])
def test_it_learns_through_any_readout(readout: str) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    objective = BarlowTwins(Reader(encoder, readout)).train()
    objective.loss((torch.randn(6, 3, 8, 5, 1), torch.randn(6, 3, 8, 5, 1))).backward()
    idle = [name for name, p in encoder.named_parameters() if p.grad is None]
    head = [] if readout == "mean" else ["head.weight", "head.bias"]  # these go past the head
    assert idle == head
