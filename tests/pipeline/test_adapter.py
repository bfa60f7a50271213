"""Frames through an adapter: up is up, what was seen stays seen, and nothing else appears."""

from dataclasses import replace

import numpy as np
import pytest

from edgcn.pipeline.adapter import Adapter, Depth
from edgcn.pipeline.sensor import Sensor, signs
from edgcn.skeleton.layouts import ISL, KINECT_V2
from edgcn.skeleton.remap import plan_remap

METERS = Sensor("m", 3, torso=0.5, shoulders=0.35, up=0.9, right=0.9)
PICTURE = Sensor("px", 2, torso=50.0, shoulders=35.0, up=-0.9, right=-0.9)
STILL = Adapter(None, ISL, given=3, dims=3, units="m", bodies=1)


def frames(bodies: int = 1) -> np.ndarray:
    rng = np.random.default_rng(0)
    made = rng.uniform(0.5, 2, (6, bodies, len(ISL), 3)).astype(np.float32)
    made[rng.random(made.shape[:3]) < 0.3] = 0
    return made


def test_where_all_fits_nothing_changes() -> None:
    np.testing.assert_array_equal(STILL.apply(frames()), frames())


def test_joints_go_as_the_plan_says() -> None:
    plan = plan_remap(ISL, KINECT_V2)
    adapter = replace(STILL, plan=plan, topology=KINECT_V2)
    np.testing.assert_array_equal(adapter.apply(frames()), plan.apply(frames(), dims=3))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (METERS, METERS, (1, 1)),
        (PICTURE, METERS, (-1, -1)),  # a camera's picture: turned by half a circle
        (replace(PICTURE, right=0.9), METERS, (1, -1)),  # a Kinect's, mirrored: flipped
        (METERS, PICTURE, (-1, -1)),
        (replace(PICTURE, right=0.05), METERS, (1, -1)),  # people seen from the side: x is left
    ],
)
def test_up_is_up_and_right_is_right(
    source: Sensor, target: Sensor, expected: tuple[int, int]
) -> None:
    assert signs(source, target) == expected


@pytest.mark.parametrize("depth", ["zero", "confidence", "visible"])
def test_what_was_seen_stays_seen_and_nothing_else(depth: Depth) -> None:
    given, dims = (3, 2) if depth == "visible" else (2, 3)
    adapter = replace(STILL, given=given, dims=dims, depth=depth, signs=(1, -1))
    x = frames()
    x[0, 0, 0] = (0, 0, 2)  # straight ahead of the camera, or a confidence without a place
    result = adapter.apply(x, np.full(len(x), 0.01, dtype=np.float32))
    before, after = ((y[..., :d] != 0).any(-1) for y, d in ((x, given), (result, dims)))
    if depth == "confidence":
        before[0, 0, 0] = True  # a reader leaves no confidence where there is no place
    np.testing.assert_array_equal(before, after)


def test_third_channels() -> None:
    x = frames()
    visible = (x != 0).any(-1)
    flat = replace(STILL, given=2, depth="zero").apply(x)
    np.testing.assert_array_equal(flat, x * np.array([1, 1, 0], dtype=np.float32))
    sizes = np.full(len(x), 0.5, dtype=np.float32)
    sure = replace(STILL, given=2, depth="confidence").apply(x, sizes)
    np.testing.assert_array_equal(sure, x * np.array([0.5, 0.5, 1], dtype=np.float32))
    picture = replace(STILL, dims=2, depth="visible").apply(x, sizes)
    np.testing.assert_array_equal(picture[..., 2], visible)
    np.testing.assert_array_equal(picture[..., :2], 0.5 * x[..., :2])


def test_bodies_are_added_as_absent_or_left_out() -> None:
    two = replace(STILL, bodies=2).apply(frames())
    np.testing.assert_array_equal(two[:, :1], frames())
    assert not two[:, 1:].any()
    np.testing.assert_array_equal(STILL.apply(frames(2)), frames(2)[:, :1])
