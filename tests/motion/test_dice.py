"""Draws by clip: the same whatever is drawn beside them, and spread as they say."""

import numpy as np
import torch

from edgcn.motion.dice import Dice

MANY = Dice(0, torch.arange(20_000))


def test_a_clips_draws_do_not_depend_on_the_batch() -> None:
    alone = Dice(3, torch.tensor([17]))
    for draw in ("uniform", "normal"):
        among = getattr(Dice(3, torch.tensor([4, 17, 9])), draw)("x", 5, 2)
        torch.testing.assert_close(getattr(alone, draw)("x", 5, 2)[0], among[1], rtol=0, atol=0)


def test_names_seeds_and_clips_are_independent() -> None:
    columns = [
        MANY.uniform("one"),
        MANY.uniform("two"),
        Dice(1, MANY.clips).uniform("one"),
        MANY.uniform("one").roll(1),
        MANY.uniform("pair", 2)[:, 1],
        MANY.normal("one"),
    ]
    correlation = np.corrcoef(torch.stack(columns).numpy())
    assert np.abs(correlation - np.eye(len(columns))).max() < 0.03


def test_uniform_draws_fill_their_range_evenly() -> None:
    drawn = MANY.uniform("even", low=2.0, high=6.0)
    assert 2 <= float(drawn.min()) < float(drawn.max()) < 6
    counts = torch.histc(drawn, bins=10, min=2, max=6)
    assert ((counts - 2000).abs() < 200).all()


def test_normal_draws_have_the_moments_of_a_normal() -> None:
    drawn = MANY.normal("bell", 3)
    moments = torch.stack([drawn.pow(power).mean() for power in (1, 2, 3, 4)])
    torch.testing.assert_close(moments, torch.tensor([0.0, 1, 0, 3]), atol=0.1, rtol=0)


def test_choices_come_as_often_as_their_weights() -> None:
    drawn = MANY.choice("which", [1.0, 0.0, 3.0])
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.0, 0.75]), atol=0.02, rtol=0)
    assert abs(float(MANY.chance("rare", 0.1).float().mean()) - 0.1) < 0.01
    logarithms = MANY.logarithmic("scale", low=0.01, high=100.0).log10()
    assert -2 <= float(logarithms.min()) < float(logarithms.max()) < 2
    assert abs(float(logarithms.mean())) < 0.03
