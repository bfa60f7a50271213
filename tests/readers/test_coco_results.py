"""People found in pictures, in the shapes in which detectors write them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.coco_results import read_coco_results
from edgcn.skeleton.layouts import (
    COCO_17,
    COCO_WHOLEBODY,
    HALPE_26,
    HALPE_136,
)
from edgcn.skeleton.topology import Topology
from readers.items import clip, clips, parted, reason, wholes
from readers.standing import in_pixels, people

FRAMES = 12
Write = Callable[[np.ndarray], Any]


def walk(topology: Topology = COCO_17, *, at: float = 0, sure: float = 0.9) -> np.ndarray:
    """Somebody (T, V, 3) in pixels, who is seen from all sides."""
    points = in_pixels(people(topology))[24 : 24 + FRAMES]
    points[..., 0] += at
    points[..., 2] = sure
    return points


def alphapose(body: np.ndarray) -> list[dict[str, Any]]:
    """Not in the order of time, which is that of the numbers in the names."""
    made = [
        {"image_id": f"{n}.jpg", "category_id": 1, "keypoints": points.ravel().tolist(),
         "score": 2.9, "box": [1.0, 2.0, 3.0, 4.0], "idx": [[0.0]]}
        for n, points in enumerate(body)
    ]  # fmt: skip
    return sorted(made, key=lambda item: str(item["image_id"]))


def coco(body: np.ndarray) -> dict[str, Any]:
    """Ground truth as COCO has it, pictures by id."""
    images = [{"id": 700 - n, "file_name": f"clips/run_{n:04d}.png"} for n in range(len(body))]
    people = [
        {"id": n, "image_id": 700 - n, "keypoints": p.ravel().tolist()} for n, p in enumerate(body)
    ]
    return {"images": images, "annotations": people}


def instances(points: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"keypoints": points[:, :2].tolist(), "keypoint_scores": points[:, 2].tolist(),
         "bbox": [[0, 0, 1, 1]], "bbox_score": 0.9}
    ]  # fmt: skip


def mmpose(body: np.ndarray) -> dict[str, Any]:
    frames = [{"frame_id": n, "instances": instances(p)} for n, p in enumerate(body, 1)]
    return {"meta_info": {"dataset_name": "coco"}, "instance_info": frames}


def inferencer(body: np.ndarray) -> list[list[dict[str, Any]]]:
    return [instances(p) for p in body]


def rtmlib(body: np.ndarray) -> list[dict[str, Any]]:
    """Arrays of everybody in a frame."""
    return [
        {"frame": n, "keypoints": [p[:, :2].tolist()], "scores": [p[:, 2].tolist()]}
        for n, p in enumerate(body)
    ]


def pictures(body: np.ndarray) -> dict[str, Any]:
    """A map, as AlphaPose's other formats are."""
    return {f"{n}.jpg": {"people": [{"pose_keypoints_2d": p.ravel().tolist()}]}
            for n, p in enumerate(body)}  # fmt: skip


def yolo(body: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"frame": n, "instances": [{"keypoints": {"x": p[:, 0].tolist(), "y": p[:, 1].tolist(),
                                                  "visible": p[:, 2].tolist()}, "track_id": 4}]}
        for n, p in enumerate(body)
    ]  # fmt: skip


SHAPES: list[Write] = [alphapose, coco, mmpose, inferencer, rtmlib, pictures, yolo]


@pytest.mark.parametrize("write", SHAPES)
def test_every_shape_is_the_same_person(tmp_path: Path, write: Write) -> None:
    body = walk()
    body[3, 9] = 0
    (tmp_path / "a.json").write_text(json.dumps(write(body)))
    for path in (tmp_path, tmp_path / "a.json"):
        recordings = read_coco_results(path)
        whole = clip(recordings)
        np.testing.assert_allclose(whole.frames[:, 0], body, rtol=1e-6)
        assert (recordings.topology, recordings.units, recordings.dims) == (COCO_17, "px", 2)
        assert whole.name == "a"


@pytest.mark.parametrize("write", [inferencer, lambda body: [{"instances": v} for v in
                                                             inferencer(body)]])  # fmt: skip
def test_a_file_for_each_picture(tmp_path: Path, write: Write) -> None:
    for n, picture in enumerate(write(walk())):
        (tmp_path / f"cam1.{n:04d}.json").write_text(json.dumps(picture))
    (tmp_path / "cam1.0005.json").unlink()
    whole = clip(read_coco_results(tmp_path))
    expected = walk()
    expected[5] = 0
    np.testing.assert_allclose(whole.frames[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("keypoints", "topology", "places", "kept"),
    [
        (26, HALPE_26, range(26), HALPE_26),
        (133, COCO_WHOLEBODY, [*range(23), *range(91, 133)], COCO_17),
        (136, HALPE_136, [*range(26), *range(94, 136)], HALPE_26),
    ],
)
def test_whole_bodies_keep_their_hands_and_no_face(
    tmp_path: Path, keypoints: int, topology: Topology, places: list[int], kept: Topology
) -> None:
    whole = np.full((FRAMES, keypoints, 3), 0.5)
    whole[:, places] = walk(topology)
    (tmp_path / "a.json").write_text(json.dumps(alphapose(whole)))
    recordings = read_coco_results(tmp_path)
    assert recordings.topology is topology
    np.testing.assert_allclose(clip(recordings).frames[:, 0], walk(topology), rtol=1e-6)
    assert (f"of {keypoints} keypoints {len(topology)} are kept" in recordings.note) == (
        keypoints > len(topology)
    )
    bare = read_coco_results(tmp_path, hands=False)
    assert bare.topology is kept
    np.testing.assert_allclose(clip(bare).frames[:, 0], walk(topology)[:, : len(kept)], rtol=1e-6)


def two(first: list[object], second: list[object]) -> list[dict[str, Any]]:
    """Two people who cross, with ids, the second one less sure."""
    made = []
    for n in range(FRAMES):
        one = walk(at=-240 + 40 * n)[6]
        other = walk(at=240 - 40 * n, sure=0.6)[6]
        for points, name in ((one, first[n]), (other, second[n])):
            made.append({"image_id": n, "keypoints": points.ravel().tolist(), "idx": name})
    return made


def test_people_are_followed_by_their_ids(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(two([1] * FRAMES, [[2]] * FRAMES)))
    frames = clip(read_coco_results(tmp_path)).frames[:, 0]
    np.testing.assert_allclose(frames[:, 0, 0], walk()[6, 0, 0] - 240 + 40 * np.arange(FRAMES))
    assert (frames[..., 2] == np.float32(0.9)).all()


def test_ids_that_stay_with_nobody_are_no_tracks(tmp_path: Path) -> None:
    """As numbers of the people in each picture are."""
    made = []
    for n in range(FRAMES):
        bodies = [walk(at=-300)[n], walk(at=300, sure=0.6)[n]]
        for name, points in enumerate(bodies if n % 2 else bodies[::-1]):
            made.append({"image_id": n, "keypoints": points.ravel().tolist(), "idx": name})
    (tmp_path / "a.json").write_text(json.dumps(made))
    frames = clip(read_coco_results(tmp_path)).frames[:, 0]
    np.testing.assert_allclose(frames, walk(at=-300), rtol=1e-6)


def test_which_of_several_people_is_chosen(tmp_path: Path) -> None:
    bodies = [walk(at=-300, sure=0.5), walk(at=300, sure=0.8)]
    bodies[0][..., :2] *= 1.5
    frames = [{"frame": n, "instances": [i for b in bodies for i in instances(b[n])]}
              for n in range(FRAMES)]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(frames))
    for keep, body in (("surest", 1), ("left", 0), ("right", 1), ("largest", 0)):
        chosen = clip(read_coco_results(tmp_path, people=keep)).frames  # type: ignore[arg-type]
        np.testing.assert_allclose(chosen[:, 0], bodies[body], rtol=1e-6)
    together = clip(read_coco_results(tmp_path, people="together")).frames
    np.testing.assert_allclose(together, np.stack(bodies[::-1], axis=1), rtol=1e-6)
    apart = read_coco_results(tmp_path, people="apart")
    kept, _ = parted(apart.recordings)
    assert [(whole.name, whole.subject) for whole in kept] == [("a/1", "a/1"), ("a/2", "a/2")]
    np.testing.assert_allclose(kept[1].frames[:, 0], bodies[1], rtol=1e-6)
    assert "2 people kept apart" in kept[0].note
    with pytest.raises(EdgcnError, match="with people apart there are several of one: choose one"):
        read_coco_results(tmp_path, people="apart", labels=tmp_path / "labels.csv")


def test_scores_above_1_are_made_1_and_this_is_said(tmp_path: Path) -> None:
    body = walk()
    body[:2, 0, 2] = 1.07
    (tmp_path / "a.json").write_text(json.dumps(mmpose(body)))
    (whole,) = wholes(read_coco_results(tmp_path))
    assert (whole.frames[:2, 0, 0, 2] == 1).all()
    assert whole.note == "2 confidences above 1 were made 1"


def test_points_below_a_confidence_are_not_seen(tmp_path: Path) -> None:
    body = walk()
    body[2, 5, 2] = 0.2
    (tmp_path / "a.json").write_text(json.dumps(mmpose(body)))
    frames = clip(read_coco_results(tmp_path, min_confidence=0.3)).frames[:, 0]
    body[2, 5] = 0
    np.testing.assert_allclose(frames, body, rtol=1e-6)


def test_pictures_of_two_videos_in_a_file_are_two_recordings(tmp_path: Path) -> None:
    made = [
        {"image_id": f"{video}/{n:03d}.jpg", "keypoints": p.ravel().tolist()}
        for video in ("anna", "ben") for n, p in enumerate(walk()) if n not in (4, 5)
    ]  # fmt: skip
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "alphapose-results.json").write_text(json.dumps(made))
    anna, ben = clips(read_coco_results(tmp_path))
    assert (anna.name, ben.name) == ("day/anna", "day/ben")
    assert np.flatnonzero(~anna.frames.any((1, 2, 3))).tolist() == [4, 5]
    made[0]["image_id"] = "amna/000.jpg"
    (tmp_path / "day" / "alphapose-results.json").write_text(json.dumps(made))
    odd = {one.name: one for one in wholes(read_coco_results(tmp_path))}["day/amna"]
    assert odd.note == "one picture alone, by its name, beside others in the file: is it right?"


@pytest.mark.parametrize("lost", ["NaN", "null", "-Infinity"])
def test_a_keypoint_that_is_no_number_is_not_seen(tmp_path: Path, lost: str) -> None:
    people = [
        {"image_id": n, "keypoints": [1.5 + joint for joint in range(51)], "score": 1}
        for n in range(3)
    ]
    text = json.dumps(people).replace("13.5", lost, 1)
    (tmp_path / "a.json").write_text(text)
    (one,) = wholes(read_coco_results(tmp_path / "a.json"))
    assert not one.frames[0, 0, 4].any()
    assert (one.frames[:, 0] != 0).all(-1).sum() == 3 * 17 - 1
    assert "1 keypoint with null, NaN or infinity, taken as not seen" in one.note


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ([], "expected people found in pictures, got an empty list"),
        ({"a": 1}, "expected a list with image_id and keypoints, or frames with instances, got"),
        ([{"image_id": 1, "keypoints": [1, 2, 3, 4]}], "of person 0 in item 0, got 4 numbers"),
        ([{"image_id": 1, "keypoints": [1, 2, "3"]}], "got text among them"),
        ([{"image_id": [], "keypoints": [1, 2, 3]}], "expected a number or a name of a picture in"),
        ([{"image_id": 1, "keypoints": [0.5] * 9}], "expected people of 15, 17, 18, 25, 26,"),
        ([{"frame": 1, "instances": [{"keypoints": [[1, 2, 3]] * 17,
                                      "keypoint_scores": [1] * 17}]}], "and these are in space"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_one_line(tmp_path: Path, content: Any, problem: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(EdgcnError) as raised:
        read_coco_results(tmp_path / "a.json")
    assert problem in str(raised.value)
    assert "a.json" in str(raised.value)


def test_a_file_cut_anywhere_is_an_error_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps(mmpose(walk())))
    whole = json.dumps(alphapose(walk()))
    for size in np.random.default_rng(0).integers(1, len(whole) - 1, 12):
        (tmp_path / "a.json").write_text(whole[:size])
        _, (lost,) = parted(read_coco_results(tmp_path).recordings)
        assert lost.path == str(tmp_path / "a.json")
        with pytest.raises(FileError, match="expected JSON"):
            read_coco_results(tmp_path / "a.json")


def test_nobody_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"frame": n, "instances": []} for n in range(4)]))
    assert reason(read_coco_results(tmp_path)) == "nobody in any of its 4 frames"
