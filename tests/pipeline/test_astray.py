"""Numbers that cannot be compared are named by their clips, and nothing else is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.embed import check_features, raw_coordinates
from edgcn.pipeline.astray import FAR, astray, input_astray, named_astray
from edgcn.pipeline.inputs import canonical, fit_inputs
from edgcn.skeleton.recording import Recording
from edgcn.store import Selection
from helpers import make_clips, tiny_store, tiny_topology

ROWS = np.arange(24)


def stored(folder: Path, frames: dict[int, float], name: str = "tiny") -> Selection:
    """24 clips, of which some have a first frame where all is at one place."""
    clips: list[Recording] = make_clips(24, 3, 4, 0, tiny_topology())
    for number, value in frames.items():
        changed = clips[number].frames.copy()
        changed[0] = value
        clips[number] = replace(clips[number], frames=changed)
    return tiny_store(folder, name=name, clips=clips).clips()


def test_what_is_astray() -> None:
    sizes = np.array([1.0, 2.0, 3.0, 2.5])
    assert not astray(sizes).any()
    assert not astray(np.zeros(3)).any()
    assert astray(np.array([0.0, 0.0, 0.0, 1.0])).sum() == 0  # most are of nobody
    assert astray(np.append(sizes, 2 * FAR * 2.5)).tolist() == [False] * 4 + [True]
    assert astray(np.append(sizes, 0.9 * FAR * 2)).sum() == 0
    for value in (np.nan, np.inf):
        assert astray(np.append(sizes, value)).tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("value", [2e4, 9e4])
def test_one_absurd_clip_is_refused_by_name_and_spoils_no_other(
    tmp_path: Path, value: float
) -> None:
    whole, spoiled = stored(tmp_path, {}), stored(tmp_path, {4: value}, "spoiled")
    with pytest.raises(EdgcnError, match=r"raw coordinates of 1 of 24 clips of spoiled .*clip004"):
        raw_coordinates(spoiled, ROWS, fit=ROWS)
    others = np.delete(ROWS, 4)
    one, other = (np.array(canonical(clips, ROWS).bone_lengths) for clips in (whole, spoiled))
    np.testing.assert_allclose(one, other, rtol=0.05)
    first = raw_coordinates(whole, others, fit=others)
    np.testing.assert_array_equal(first, raw_coordinates(spoiled, others, fit=others))


def test_the_input_of_a_training_is_told_from_its_learning_rate(tmp_path: Path) -> None:
    clips = stored(tmp_path, {7: 9e4})
    inputs = fit_inputs(clips, ROWS, frames=8, normalize="paper")
    assert "1 of 24 clips" in input_astray(clips, ROWS, inputs)
    assert "clip007" in input_astray(clips, ROWS, inputs)
    assert input_astray(clips, np.delete(ROWS, 7), inputs) == ""


def test_features_that_are_no_numbers_stop_an_evaluation(tmp_path: Path) -> None:
    clips = stored(tmp_path, {})
    features = np.ones((24, 3), dtype=np.float32)
    check_features(features, clips, ROWS, what="features")
    features[[3, 5], 1] = np.nan
    with pytest.raises(EdgcnError, match=r"2 of 24 clips of tiny are not finite: clip003, clip005"):
        check_features(features, clips, ROWS, what="features")
    features[:] = np.inf
    with pytest.raises(EdgcnError, match=r"all 24 clips of tiny .* its file is damaged"):
        check_features(features, clips, ROWS, what="features")
    assert named_astray("x", np.ones(24), clips, ROWS) == ""
