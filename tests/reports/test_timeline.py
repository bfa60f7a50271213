"""The timeline: what its data say, how exactly and how large; every name stays a name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.reports.moving import BUDGET, MOST_FPS, UNSEEN, Moving, packed, rate_for
from edgcn.reports.timeline import write_timeline
from edgcn.skeleton.layouts import KINECT_V2
from helpers import tiny_topology
from reports.pages import check_closed, data_of, points_of

NASTY = "<b>neck</b> & \"'</script><script>alert(1)</script> \u202e ${x} \ud800"


def moving(name: str = "P01", frames: int = 60, fps: float = 30.0) -> Moving:
    """A person whose joints move; the head is lost in the second half."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(frames, 1, 5, 3)).cumsum(axis=0).astype(np.float32) * 0.01 + 1
    points[frames // 2 :, :, 2] = 0
    return Moving(name, points, np.arange(frames) / fps, tiny_topology(), 3, frames / fps)


def test_all_events_are_there_in_the_order_of_time(tmp_path: Path) -> None:
    found = [
        Event("P02", "rub", 1.0, 1.5, score=0.25, by="m"),
        Event("P01", "touch", 0.5, 1.0, score=0.9),
    ]
    gone = replace(found[0], status="rejected")
    coded = [Event("P01", "touch", 0.4, 1.0, subject="anna")]
    page = write_timeline(
        tmp_path / "t.html", [moving(), moving("P02")], [*found, gone], coded,
        verdicts=["false", "right", "", "right"],
    )  # fmt: skip
    check_closed(page)
    data = data_of(page)
    assert data["labels"] == ["rub", "touch"]
    assert [recording["name"] for recording in data["recordings"]] == ["P01", "P02"]
    assert data["events"] == [
        [0, 1, 0.4, 1.0, None, 1, "right", "anna", ""],
        [0, 1, 0.5, 1.0, 0.9, 0, "right", "", ""],
        [1, 0, 1.0, 1.5, 0.25, 0, "false", "", "m"],
    ]
    assert "2 recordings, 0.1 minutes: 2 found, 1 annotated" in page.read_text()


@pytest.mark.parametrize("y_down", [False, True])
def test_joints_are_where_they_were(y_down: bool) -> None:
    shown = replace(moving(), image_y_down=y_down)
    clip = packed(shown, 15.0)
    points = points_of(clip, 5)
    assert (clip["fps"], clip["frames"], clip["bodies"]) == (15.0, 30, 1)
    picked = shown.frames[1::2, ..., :2].astype(float) * (1, -1 if y_down else 1)
    lost = (points == UNSEEN).all(axis=-1)
    np.testing.assert_array_equal(
        lost[:, 0], [[False, False, i >= 15, False, False] for i in range(30)]
    )
    kept, true = points[~lost].astype(float), picked[~lost]
    scale = np.ptp(true[:, 0]) / np.ptp(kept[:, 0])
    wrong = (kept - kept.mean(0)) * scale - (true - true.mean(0))
    assert np.abs(wrong).max() < 2e-4 * np.ptp(true, axis=0).max()


def test_every_frame_comes_into_the_page(tmp_path: Path) -> None:
    (shown,) = data_of(write_timeline(tmp_path / "t.html", [moving(frames=3000)], []))["recordings"]
    assert len(points_of(shown, 5)) == shown["frames"] == 2500


def test_frames_go_by_their_times() -> None:
    """A recording with a pause: what is shown in it is what was seen last."""
    shown = replace(moving(frames=4), times=np.array([0.0, 0.1, 2.0, 2.1]), seconds=2.2)
    points = points_of(packed(shown, 10.0), 5)
    assert len(points) == 22
    assert all((points[i] == points[1]).all() for i in range(1, 20))
    assert not (points[19] == points[20]).all()


def test_long_recordings_stay_small() -> None:
    hour = np.broadcast_to(np.float32(1.5), (108_000, 1, 25, 3))
    shown = Moving("P", hour, np.arange(108_000) / 30, KINECT_V2, 3, 3600.0)
    assert len(packed(shown, rate_for([shown]))["xy"]) == 4_800_000
    many = rate_for([shown] * 40)
    assert 0 < 40 * len(packed(shown, many)["xy"]) <= BUDGET
    assert rate_for([moving()]) == MOST_FPS


def test_bodies_that_never_come_are_left_out() -> None:
    alone = moving()
    pair = np.concatenate([alone.frames, np.zeros_like(alone.frames)], axis=1)
    assert packed(replace(alone, frames=pair), 10.0)["bodies"] == 1
    nobody = packed(replace(alone, frames=np.zeros_like(pair)), 10.0)
    assert (points_of(nobody, 5) == UNSEEN).all()


def test_no_name_becomes_code(tmp_path: Path) -> None:
    event = Event(NASTY, NASTY, 0.0, 1.0, subject=NASTY, by=NASTY, score=0.5)
    page = write_timeline(
        tmp_path / "t.html", [replace(moving(NASTY), about=NASTY)], [event], title=NASTY,
        notes=[NASTY] * 5,
    )  # fmt: skip
    check_closed(page)
    assert "\u202e" not in page.read_text(encoding="utf-8")
    assert data_of(page)["labels"][0].startswith("<b>neck</b> & \"'</script><script>")


def test_what_cannot_be_shown_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.html"
    with pytest.raises(EdgcnError, match="no recording of the timeline is called P02"):
        write_timeline(path, [moving()], [Event("P02", "rub", 0.0, 1.0)])
    with pytest.raises(EdgcnError, match="different names"):
        write_timeline(path, [moving(), moving()], [])
