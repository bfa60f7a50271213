"""Reading between frames: exact where a frame is hit, and even in time where times are given."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgcn.pipeline.resample import even_positions, even_times, resample, resample_time

LENGTHS = (1, 2, 3, 9, 40)
LAST = torch.tensor(LENGTHS)[:, None] - 1


@pytest.mark.parametrize("frames", [1, 2, 3, 17, 40])
def test_even_positions_go_from_the_first_frame_to_the_last(frames: int) -> None:
    positions = even_positions(LAST, frames)
    for own, last in zip(positions.numpy(), LAST.flatten().tolist(), strict=True):
        expected = np.linspace(0, last, frames)
        np.testing.assert_allclose(own, expected, atol=1e-12)
        if frames == last + 1:
            assert own.tolist() == list(range(frames))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 60), scale=st.sampled_from([1e-3, 1, 1e3]))
def test_times_are_even_between_the_first_and_the_last(
    seed: int, frames: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    clips = [np.cumsum(scale * rng.exponential(size=length) + 1e-6) for length in LENGTHS]
    times = torch.from_numpy(np.concatenate(clips))
    positions = even_times(times, LAST, frames).numpy()
    for own, clip in zip(positions, clips, strict=True):
        wanted = np.linspace(clip[0], clip[-1], frames) if frames > 1 else clip[:1]
        slow = np.interp(wanted, clip, np.arange(len(clip)))
        np.testing.assert_allclose(own, slow, atol=2e-6)
        assert own.min() >= 0
        assert own.max() <= len(clip) - 1


@pytest.mark.parametrize("step", [1 / 30, 0.04, 1e-3, 7.0])
def test_even_times_hit_frames_exactly(step: float) -> None:
    times = torch.cat([100 * torch.arange(n, dtype=torch.float64) * step for n in LENGTHS])
    for row, length in enumerate(LENGTHS):
        own = even_times(times, LAST, length)[row]
        assert own.tolist() == list(range(length))


def test_clips_of_one_length_and_clips_that_lie_anywhere_are_read_alike() -> None:
    x = torch.randn(4, 3, 9, 5, 2) * (torch.rand(4, 1, 9, 5, 2) > 0.3)
    positions = 8 * torch.rand(4, 6)
    last = torch.full((4, 1), 8)

    def frames_at(index: torch.Tensor) -> torch.Tensor:
        return torch.stack([clip[:, own] for clip, own in zip(x, index, strict=True)])

    anywhere = resample(frames_at, positions, last, dims=2)
    assert torch.equal(anywhere, resample_time(x, positions, dims=2))
