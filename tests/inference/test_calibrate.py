"""Confidence says how often events were right, whatever the probabilities said."""

import numpy as np
from scipy.special import expit, logit

from edgcn.annotations.events import Event
from edgcn.inference.calibrate import calibrated, is_hidden, weights
from edgcn.inference.dense import Footage
from edgcn.inference.examples import Example


def confidence(probability: np.ndarray, slope: float, offset: float) -> np.ndarray:
    return np.asarray(expit(slope * logit(probability) + offset))


def test_many_events_say_how_often_they_are_right() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.3, 0.99, 4000)
    meant = confidence(probability, 0.5, -0.8)  # too sure of itself
    right = (rng.random(4000) < meant).astype(np.int64)
    found = confidence(probability, *calibrated(probability, right, np.ones(4000)))
    assert np.abs(found - meant).max() < 0.05


def test_few_events_keep_near_the_share_of_all_that_are_right() -> None:
    probability = np.array([0.5, 0.6, 0.9, 0.95])
    for right in ([0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]):
        found = confidence(probability, *calibrated(probability, np.array(right), np.ones(4)))
        share = np.mean(right)
        assert (found > 0.02).all()
        assert (found < 0.98).all()
        assert abs(found.mean() - share) < 0.25
        assert (np.diff(found) > 0).all()  # the likelier, the surer


def test_background_counts_as_much_as_the_events_that_are_shown() -> None:
    footage = Footage("r", lambda a, b: np.zeros((b - a, 1, 2, 3)), 99, 10.0, 3)
    example = Example(footage, ((0.0, 1.0, 0),), hidden=((4.0, 5.0), (6.0, 7.0), (8.0, 9.0)))
    truth = [Event("0", "0", 0.0, 1.0)]
    found = [Event("0", "0", 0.1, 1.0), Event("0", "1", 0.5, 1.5), Event("0", "0", 2.0, 3.0)]
    right = np.array([1, 0, 0])
    np.testing.assert_allclose(weights(truth, found, right, [example]), [1, 1, 0.25])
    assert is_hidden(Event("0", "0", 3.9, 4.5), example)
    assert not is_hidden(found[2], example)
