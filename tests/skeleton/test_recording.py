"""Recordings: a frame's hash tells it from others and is the same wherever it turns up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.skeleton import recording
from edgcn.skeleton.recording import (
    Recording,
    Segment,
    fit_bodies,
    frame_hashes,
    trimmed,
    with_hashes,
)


def frames(length: int = 40, bodies: int = 2, joints: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(length, bodies, joints, 3)).astype(np.float32)


def test_a_trimmed_recording_is_one_segment() -> None:
    x = frames(7)
    clip = trimmed(x, "a", label=2, subject="s", camera="c", condition="d", split="t", skeleton="k")
    assert clip == Recording(
        x, "a", (Segment(0, 7, 2),), "s", "c", "d", "t", skeleton="k", scores=clip.scores
    )
    assert trimmed(x, "a").segments[0].label == -1


def test_a_hash_depends_on_its_frame_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x = frames(700)
    whole = frame_hashes(x, dims=3)
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_array_equal(frame_hashes(x[order], dims=3), whole[order])
    monkeypatch.setattr(recording, "PART", 3)
    np.testing.assert_array_equal(frame_hashes(x, dims=3), whole)


def test_the_hash_of_a_frame_is_that_of_every_version() -> None:
    """Runs keep them: the same frame must be known again on any machine, for years."""
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    assert frame_hashes(x, dims=3).tolist() == [2920329735131746233]


@given(st.integers(0, 1), st.integers(0, 4), st.integers(0, 2), st.integers(0, 31))
def test_every_bit_counts(body: int, joint: int, channel: int, bit: int) -> None:
    x = frames(1)
    before = frame_hashes(x, dims=3)
    x.view(np.uint32)[0, body, joint, channel] ^= np.uint32(1 << bit)
    assert frame_hashes(x, dims=3) != before


def test_round_numbers_in_any_order_do_not_collide() -> None:
    """Small whole numbers have few bits set, all at the same places."""
    x = np.random.default_rng(0).integers(0, 4, (20_000, 1, 5, 3)).astype(np.float32)
    different = np.unique(x.reshape(len(x), -1), axis=0)
    assert len(np.unique(frame_hashes(x, dims=3))) == len(different)


def test_absent_bodies_change_nothing_and_order_does() -> None:
    x = frames()
    x[:, 1] = 0
    alone = frame_hashes(x[:, :1], dims=3)
    np.testing.assert_array_equal(frame_hashes(x, dims=3), alone)
    np.testing.assert_array_equal(frame_hashes(fit_bodies(x, 5), dims=3), alone)
    assert not np.isin(frame_hashes(x[:, ::-1], dims=3), alone).any()


def test_minus_zero_is_zero_and_nobody_is_nothing() -> None:
    x = frames()
    x[x < 0] = 0
    minus = np.where(x == 0, np.float32(-0.0), x)
    np.testing.assert_array_equal(frame_hashes(minus, dims=3), frame_hashes(x, dims=3))
    x[::2] = 0
    hashes = frame_hashes(x, dims=3)
    assert ((hashes == 0) == (np.arange(len(x)) % 2 == 0)).all()
    assert frame_hashes(x[:0], dims=3).shape == (0,)


def test_a_confidence_is_no_geometry() -> None:
    x, other = frames(), frames()
    other[..., 2] = 0.5
    np.testing.assert_array_equal(frame_hashes(x, dims=2), frame_hashes(other, dims=2))
    assert (frame_hashes(x, dims=3) != frame_hashes(other, dims=3)).all()


def test_hashes_are_of_the_frames_that_there_were_first() -> None:
    clip = with_hashes(trimmed(frames(), "a"), dims=3)
    np.testing.assert_array_equal(clip.hashes, frame_hashes(clip.frames, dims=3))
    moved = replace(clip, frames=clip.frames + 1)
    assert with_hashes(moved, dims=3).hashes is clip.hashes


@pytest.mark.parametrize("bodies", [1, 2, 4])
def test_bodies_are_cut_or_padded_with_zeros(bodies: int) -> None:
    x = frames()
    for values in (x, x[..., 0]):  # frames, scores
        fitting = fit_bodies(values, bodies)
        assert fitting.shape[:2] == (len(values), bodies)
        np.testing.assert_array_equal(fitting[:, :2], values[:, :bodies])
        assert not fitting[:, 2:].any()
    assert np.shares_memory(fit_bodies(x, 2), x)
