"""Learning rates and seeds follow from the epoch alone."""

from itertools import pairwise

import pytest
import torch

from edgcn.commands.config import PretrainConfig
from edgcn.training.schedule import epoch_generator, lr_factor
from edgcn.training.setup import lr_of


def test_step_divides_by_ten_from_half_of_the_epochs() -> None:
    factors = [lr_factor(float(epoch), schedule="step", epochs=60) for epoch in range(60)]
    assert factors == [1.0] * 30 + [0.1] * 30


def test_cosine_falls_from_one_to_zero() -> None:
    factors = [lr_factor(tenth / 10, schedule="cosine", epochs=20) for tenth in range(201)]
    assert factors[0] == 1
    assert factors[100] == pytest.approx(0.5)
    assert factors[-1] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(factors))


def test_constant_is_constant() -> None:
    assert {lr_factor(float(epoch), schedule="constant", epochs=9) for epoch in range(9)} == {1.0}


@pytest.mark.parametrize("schedule", ["step", "cosine", "constant"])
def test_warm_up_rises_in_a_line_and_joins_the_schedule(schedule: str) -> None:
    factors = [
        lr_factor(tenth / 10, schedule=schedule, epochs=40, warmup_epochs=4) for tenth in range(41)
    ]
    assert factors == pytest.approx([tenth / 40 for tenth in range(41)])


@pytest.mark.parametrize("schedule", ["step", "cosine", "constant"])
@pytest.mark.parametrize("warmup", [0, 3, 10])
def test_factors_stay_between_zero_and_one(schedule: str, warmup: int) -> None:
    for tenth in range(121):
        factor = lr_factor(tenth / 10, schedule=schedule, epochs=10, warmup_epochs=warmup)
        assert 0 <= factor <= 1


def test_rate_of_a_step_counts_epochs_from_one() -> None:
    config = PretrainConfig(
        recipe="paper", store="s", lr=0.5, epochs=4, schedule="cosine", warmup_epochs=1
    )
    rates = [lr_of(config, epoch, steps=2)(step) for epoch in (1, 2, 3, 4) for step in (0, 1)]
    expected = [0, 0.25, 0.5, 0.4665, 0.375, 0.25, 0.125, 0.0335]
    assert rates == pytest.approx(expected, abs=1e-4)


def numbers(seed: int, epoch: int) -> list[float]:
    return torch.rand(4, generator=epoch_generator(seed, epoch)).tolist()


def test_randomness_follows_from_seed_and_epoch() -> None:
    first = numbers(3, 7)
    torch.manual_seed(99)
    torch.rand(5)
    assert numbers(3, 7) == first


def test_other_seeds_and_epochs_have_other_randomness() -> None:
    seen = {tuple(numbers(seed, epoch)) for seed in range(8) for epoch in range(40)}
    assert len(seen) == 8 * 40


def test_global_randomness_is_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    epoch_generator(5, 2)
    assert torch.equal(torch.rand(3), expected)
