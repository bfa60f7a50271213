"""How many clips a step takes and how many passes a run makes, where the config leaves it open."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import PretrainConfig
from edgcn.training.rows import check, counted


def config(**settings) -> PretrainConfig:
    return PretrainConfig(store=Path("s"), **settings)


@pytest.mark.parametrize(
    ("clips", "ranks", "batch", "epochs"),
    [
        (2610, 1, 128, 10),  # 20 steps an epoch
        (2610, 2, 128, 20),  # of 256 clips
        (431, 1, 128, 67),
        (128, 1, 128, 200),
        (60, 1, 60, 200),
        (61, 2, 30, 200),
    ],
)
def test_best_takes_about_200_steps_of_128_clips(clips, ranks, batch, epochs):
    found = counted(config(devices=ranks), np.arange(clips))
    assert (found.batch_size, found.epochs) == (batch, epochs)
    check(found, np.arange(clips))


def test_what_is_given_stays():
    found = counted(config(epochs=7, batch_size=5), np.arange(100))
    assert (found.batch_size, found.epochs) == (5, 7)


@pytest.mark.parametrize("settings", [{}, {"recipe": "paper", "projector": True}])
def test_one_clip_a_step_has_nothing_to_be_compared_with(settings):
    with pytest.raises(EdgcnError, match="use a --batch-size of 2 or more"):
        check(config(batch_size=1, epochs=1, **settings), np.arange(9))


def test_one_clip_alone_is_too_few():
    with pytest.raises(EdgcnError, match="of 1 clips to learn from there is 1 a batch"):
        check(counted(config(), np.arange(1)), np.arange(1))
