"""The learning rate follows from the step alone."""

from itertools import pairwise

import pytest

from edgcn.training.schedule import Schedule, lr_factor

EVERY: tuple[Schedule, ...] = ("step", "cosine", "constant")
every = pytest.mark.parametrize("schedule", EVERY)


def factors(schedule: Schedule, steps: int, warmup: int = 0) -> list[float]:
    return [
        lr_factor(step, schedule=schedule, steps=steps, warmup=warmup) for step in range(steps + 1)
    ]


def test_step_divides_by_ten_from_half_of_the_steps() -> None:
    assert factors("step", 60) == [1.0] * 30 + [0.1] * 31


def test_cosine_falls_from_one_to_zero() -> None:
    found = factors("cosine", 200)
    assert found[0] == 1
    assert found[100] == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(found))


def test_constant_is_constant() -> None:
    assert set(factors("constant", 9)) == {1.0}


@every
def test_warm_up_rises_in_a_line_and_joins_the_schedule(schedule: Schedule) -> None:
    found = factors(schedule, 400, warmup=40)
    assert found[:41] == pytest.approx([step / 40 for step in range(41)])


@every
@pytest.mark.parametrize("warmup", [0, 30, 100])
def test_factors_stay_between_zero_and_one(schedule: Schedule, warmup: int) -> None:
    assert all(0 <= factor <= 1 for factor in factors(schedule, 100, warmup))
