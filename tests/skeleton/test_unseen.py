"""A joint that was not seen is 0, however a tool has written it."""

import numpy as np
import pytest

from edgcn.skeleton.recording import Recording, trimmed
from edgcn.skeleton.unseen import BEYOND, CORNER, DOUBTED, MARKED, NAN, without_unseen


def recording(*, channels: int = 3) -> Recording:
    frames = np.random.default_rng(0).normal(size=(6, 2, 5, channels)).astype(np.float32)
    return trimmed(frames, "one")


WRITTEN = {
    "NaN": (np.nan, NAN), "-1": (-1, MARKED), "-999": (-999, MARKED), "-9999": (-9999, MARKED),
    "-999999": (-999999, BEYOND), "1e20": (1e20, BEYOND), "infinite": (np.inf, BEYOND),
    "-infinite": (-np.inf, BEYOND), "largest": (np.finfo(np.float32).max, BEYOND),
}  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("dims", [2, 3])
def test_what_tools_write_for_not_seen_is_not_seen(written: str, dims: int) -> None:
    value, reason = WRITTEN[written]
    one = recording()
    one.frames[1:3, 0, 3, :dims] = value
    before = one.frames.copy()
    made = without_unseen(one, dims=dims)
    assert made.unseen == {reason: 2}
    assert not made.frames[1:3, 0, 3].any()
    others = np.ones(before.shape, dtype=bool)
    others[1:3, 0, 3] = False
    np.testing.assert_array_equal(made.frames[others], before[others])
    np.testing.assert_array_equal(one.frames, before)  # the reader's own array is left alone


def test_one_bad_channel_loses_the_point() -> None:
    one = recording()
    one.frames[0, 0, 0, 1] = np.nan
    assert not without_unseen(one, dims=3).frames[0, 0, 0].any()


def test_a_detector_s_confidence_of_0_is_not_seen_and_a_sensor_s_may_be() -> None:
    one = recording()
    one.frames[..., 2] = 0.5
    one.frames[0, 0, :2, 2] = 0
    assert without_unseen(one, dims=2).unseen == {DOUBTED: 2}
    assert not without_unseen(one, dims=2).frames[0, 0, :2].any()
    assert without_unseen(one, dims=2, doubt=False) is one
    assert without_unseen(one, dims=3) is one


def test_places_stay_where_they_are() -> None:
    one = recording()
    one.frames[0, 0, 0] = (-1, -1, -1.5)
    one.frames[0, 0, 1] = -2.5
    one.frames[0, 0, 2] = 99_999
    assert without_unseen(one, dims=3) is one


def test_points_are_counted_over_several_looks() -> None:
    one = recording()
    one.frames[0, 0, 0] = np.nan
    again = without_unseen(one, dims=3)
    assert without_unseen(again, dims=3) is again
    again.frames[1, 0, 0] = np.nan
    assert without_unseen(again, dims=3).unseen == {NAN: 2}


def test_a_confidence_at_the_corner_of_a_picture_is_none() -> None:
    frames = np.full((2, 1, 3, 3), 0.5, dtype=np.float32)
    frames[0, 0, 1, :2] = 0
    found = without_unseen(trimmed(frames, "one"), dims=2)
    assert found.unseen == {CORNER: 1}
    assert not found.frames[0, 0, 1].any()
