"""OpenPose folders: the subject is followed, and every folder gives a clip or a reason."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers import numbered
from edgcn.readers.openpose import read_openpose
from edgcn.skeleton.hand_layouts import with_hands
from edgcn.skeleton.layouts import (
    BODY_25,
    BODY_25_HANDS,
    BODY_25B,
    BODY_135,
    COCO_17,
    COCO_18,
    HALPE_26,
    HALPE_136,
    MPI_15,
)
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped
from edgcn.skeleton.topology import Topology
from edgcn.store import open_store, write_store
from edgcn.store.inspect import health
from readers import standing
from readers.items import clip, clips, parted, reason, trimmed, wholes
from readers.writers import write_openpose


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def walk(
    rng: np.random.Generator, frames: int, *, start: float, speed: float = 0, sure: float = 0.8
) -> np.ndarray:
    """Someone (T, 25, 3) about 400 px tall around x = start + speed * frame."""
    xy = np.column_stack([rng.uniform(-60, 60, 25), np.linspace(100, 500, 25)])
    people = np.empty((frames, 25, 3))
    people[..., :2] = xy + rng.normal(scale=2, size=(frames, 25, 2))
    people[..., 0] += start + speed * np.arange(frames)[:, None]
    people[..., 2] = sure
    return people.astype(np.float32)


def read(folder: Path) -> np.ndarray:
    return clip(read_openpose(folder)).frames[:, 0]


def test_one_folder_is_one_clip(tmp_path: Path, rng: np.random.Generator) -> None:
    body = walk(rng, 12, start=600)
    body[4, 7] = 0  # a joint that was not seen
    frames = [[person] for person in body]
    frames[2] = []  # nobody
    body[2] = 0
    recordings = read_openpose(write_openpose(tmp_path / "wave", frames), fps=25)
    wave = clip(recordings)
    np.testing.assert_array_equal(wave.frames[:, 0], body)
    assert wave.frames.dtype == np.float32
    assert (wave.name, wave.label, recordings.classes) == ("wave", -1, ())
    assert (recordings.topology, recordings.dims, recordings.units) == (BODY_25, 2, "px")
    assert (recordings.fps, recordings.total, len(recordings.sources)) == (25, 1, 12)


def test_subject_is_the_surest_person_and_followed(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    subject = walk(rng, 30, start=400, speed=20)  # walks past the other one
    other = walk(rng, 30, start=700, sure=0.5)
    frames = [[[a, b], [b, a]][n % 2] for n, (a, b) in enumerate(zip(subject, other, strict=True))]
    # When their necks are within a step of each other, only the nearest tells who is who.
    assert np.abs(subject[:, 1, 0] - other[:, 1, 0]).min() < 20
    np.testing.assert_array_equal(read(write_openpose(tmp_path / "a", frames)), subject)


def test_someone_else_is_not_taken_for_the_subject(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    subject, other = walk(rng, 20, start=300), walk(rng, 20, start=1200, sure=0.5)
    frames = [[a] for a in subject]
    for n in range(8, 12):
        frames[n] = [other[n]]  # the subject is hidden, and someone turns up
    subject[8:12] = 0
    np.testing.assert_array_equal(read(write_openpose(tmp_path / "a", frames)), subject)


def test_surest_means_over_all_frames(tmp_path: Path, rng: np.random.Generator) -> None:
    subject = walk(rng, 20, start=300, sure=0.6)
    passer = walk(rng, 20, start=1500, sure=0.95)
    frames = [[a] for a in subject]
    frames[7].insert(0, passer[7])  # seen well, but once
    np.testing.assert_array_equal(read(write_openpose(tmp_path / "a", frames)), subject)


def test_a_neck_that_is_not_seen(tmp_path: Path, rng: np.random.Generator) -> None:
    # Far from the corner (0, 0), where a neck that is not seen would seem to be.
    subject, other = walk(rng, 10, start=1500), walk(rng, 10, start=2200, sure=0.5)
    subject[3:6, 1] = 0
    frames = [[b, a] for a, b in zip(subject, other, strict=True)]
    np.testing.assert_array_equal(read(write_openpose(tmp_path / "a", frames)), subject)


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path, rng: np.random.Generator) -> None:
    body = walk(rng, 12, start=300, speed=5)
    folder = write_openpose(tmp_path / "a", [[person] for person in body], pad=1)
    assert sorted(folder.iterdir())[1].name == "clip_10_keypoints.json"
    np.testing.assert_array_equal(read(folder), body)


def test_two_videos_in_one_folder_are_two_recordings(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    bodies = {"sit1_": walk(rng, 8, start=300), "sit2_": walk(rng, 5, start=900)}
    for name, body in bodies.items():
        made = write_openpose(tmp_path / name, [[person] for person in body], name=name)
        (tmp_path / "two" / "deep").mkdir(parents=True, exist_ok=True)
        for file in made.iterdir():
            file.rename(tmp_path / "two" / "deep" / file.name)
        made.rmdir()
    for folder, before in ((tmp_path / "two", "deep/"), (tmp_path / "two" / "deep", "")):
        recordings = read_openpose(folder)
        read = {part.name: part.frames[:, 0] for part in clips(recordings)}
        assert list(read) == [f"{before}sit1", f"{before}sit2"]
        for name, body in bodies.items():
            np.testing.assert_array_equal(read[before + name.strip("_")], body)
        assert f"in one folder, told apart by what stands before the number: {before}sit1, " in (
            recordings.note
        )
    labels = table(tmp_path, "sit2,nod")
    assert [part.label for part in clips(read_openpose(tmp_path / "two", labels=labels))] == [-1, 0]
    labels = table(tmp_path, "deep,nod")
    _, (lost,) = parted(read_openpose(tmp_path / "two", labels=labels).recordings)
    assert lost.reason == "line 1: there is no clip 'deep'"


def test_no_two_recordings_of_a_folder_have_one_name(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    for name in ("a_", "a-", "b_", ""):
        made = write_openpose(tmp_path / "x" / f"{name}1", [[walk(rng, 1, start=300)[0]]])
        (tmp_path / "in").mkdir(exist_ok=True)
        next(made.iterdir()).rename(tmp_path / "in" / f"{name}07_keypoints.json")
    names = [part.name for part in clips(read_openpose(tmp_path / "in"))]
    assert sorted(names) == ["a-", "a_", "b", "unnamed"]


def test_a_number_that_is_left_out_is_a_missing_frame(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    body = walk(rng, 12, start=300)
    folder = write_openpose(tmp_path / "a", [[person] for person in body])
    for number in (0, 4, 5, 11):
        (folder / f"clip_{number:012d}_keypoints.json").unlink()
    body[[4, 5]] = 0
    (whole,) = wholes(read_openpose(folder))
    np.testing.assert_array_equal(whole.frames[:, 0], body[1:11])
    assert whole.note == "the subject is missing in 2 of 10 frames; 2 of 10 frames have no file"


def test_every_fifth_frame_is_a_recording_without_gaps(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    body = walk(rng, 6, start=300)
    folder = write_openpose(tmp_path / "a", [[person] for person in body])
    for number in reversed(range(6)):
        file = folder / f"clip_{number:012d}_keypoints.json"
        file.rename(folder / f"clip_{5 * number + 3:012d}_keypoints.json")
    np.testing.assert_array_equal(read(folder), body)


def test_numbers_that_count_no_frames_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    folder = write_openpose(tmp_path / "a", [[person] for person in walk(rng, 3, start=300)])
    first = min(folder.iterdir())
    first.rename(folder / "clip_1700000000_keypoints.json")
    assert "got 3 of the 1700000000 from 1 to 1700000000" in reason(read_openpose(folder))
    for file in folder.iterdir():
        file.unlink()
    for name in ("clip_7", "clip_07"):
        write_openpose(tmp_path / name, [[walk(rng, 1, start=300)[0]]])
        next((tmp_path / name).iterdir()).rename(folder / f"{name}_keypoints.json")
    assert reason(read_openpose(folder)) == "expected one file for each frame, got its number twice"


def test_the_note_of_a_store_names_who_is_missing_where(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    body = [[person] for person in walk(rng, 10, start=300)]
    for number in range(7):
        write_openpose(tmp_path / "in" / f"{number}", [*body[: 3 + number], *[[]] * (7 - number)])
    write_store(read_openpose(tmp_path / "in"), tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert "; 0: the subject is missing in 7 of 10 frames; 1: the subject is " in store.note
    assert store.note.endswith("; as much was noted of 2 more recordings")
    text = "; ".join(health(store))
    assert "nobody in 40.00 % of the frames" in text
    assert "missing joints: 40.00 %" in text


def test_folders_spelled_in_two_forms_of_unicode_are_one_class(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    body = [[person] for person in walk(rng, 3, start=300)]
    for form in ("NFC", "NFD"):
        write_openpose(tmp_path / "in" / unicodedata.normalize(form, "tête") / form, body)
    write_openpose(tmp_path / "in" / "Tête" / "other", body)
    recordings = read_openpose(tmp_path / "in")
    assert recordings.classes == ("Tête", "tête")
    write_store(recordings, tmp_path / "store")
    assert "classes that differ in spelling only: 'Tête' and 'tête'" in (
        open_store(tmp_path / "store").note
    )


def test_classes_come_from_folders(tmp_path: Path, rng: np.random.Generator) -> None:
    for name in ("nod/one", "nod/two", "class10/one", "class9/one", "loose"):
        write_openpose(tmp_path / name, [[person] for person in walk(rng, 3, start=300)])
    recordings = read_openpose(tmp_path)
    assert recordings.classes == ("class9", "class10", "nod")
    labels = {read.name: read.label for read in clips(recordings)}
    assert labels == {"nod/one": 2, "nod/two": 2, "class10/one": 1, "class9/one": 0, "loose": -1}


def test_a_class_may_be_a_long_number(tmp_path: Path, rng: np.random.Generator) -> None:
    for name in ("one", "two", "three"):
        write_openpose(tmp_path / "data" / name, [[p] for p in walk(rng, 2, start=300)])
    words = ("9" * 5000, "10", "07")
    rows = zip(("one", "two", "three"), words, strict=True)
    labels = tmp_path / "labels.csv"
    labels.write_text("".join(f"{name},{word}\n" for name, word in rows))
    assert read_openpose(tmp_path / "data", labels=labels).classes == words[::-1]


def test_labels_come_from_a_csv(tmp_path: Path, rng: np.random.Generator) -> None:
    for name in ("nod/one", "nod/two", "shake/three"):
        write_openpose(tmp_path / "data" / name, [[p] for p in walk(rng, 3, start=300)])
    labels = tmp_path / "labels.csv"
    labels.write_text('name,label,subject\none,yes,S1\nshake/three,"no, never",S2\nfour,yes,S1\n')
    recordings = read_openpose(tmp_path / "data", labels=labels)
    kept, (lost,) = parted(recordings.recordings)
    assert recordings.total == 4
    assert lost == Skipped(str(labels), "line 4: there is no clip 'four'")
    assert recordings.classes == ("no, never", "yes")
    assert {(read.name, read.label, read.subject) for read in map(trimmed, kept)} == {
        ("nod/one", 1, "S1"),
        ("nod/two", -1, ""),
        ("shake/three", 0, "S2"),
    }
    labels.write_text("one\n")
    with pytest.raises(FileError, match=r"labels\.csv:1: expected name,label"):
        read_openpose(tmp_path / "data", labels=labels)
    write_openpose(tmp_path / "data" / "shake" / "one", [[]])
    labels.write_text("one,yes\n")
    with pytest.raises(FileError, match=r"labels\.csv:1: 'one' names 2 clips"):
        read_openpose(tmp_path / "data", labels=labels)
    labels.write_text("subject,label,name\nS1,yes,two\n,no,nod/two\n")
    with pytest.raises(FileError, match=r"labels\.csv:3: 'nod/two' has a label in line 2 already"):
        read_openpose(tmp_path / "data", labels=labels)


@pytest.fixture
def two(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Two recordings of 10 frames."""
    for name in ("day/one", "day/two"):
        write_openpose(tmp_path / "data" / name, [[p] for p in walk(rng, 10, start=300)])
    return tmp_path / "data"


def table(folder: Path, *rows: str) -> Path:
    (folder / "labels.csv").write_text("".join(row + "\n" for row in rows))
    return folder / "labels.csv"


def test_a_table_with_start_and_end_gives_segments(tmp_path: Path, two: Path) -> None:
    labels = table(tmp_path, "name,label,start,end", "one,nod,0,3", "one,shake,3,3", "one,nod,9,9")
    recordings = read_openpose(two, labels=labels)
    one, other = wholes(recordings)
    assert recordings.classes == ("nod", "shake")
    assert [(whole.name, len(whole.frames)) for whole in (one, other)] == [
        ("day/one", 10),
        ("day/two", 10),
    ]
    assert one.segments == (
        Segment(0, 4, 0, "day/one_00002"),
        Segment(3, 4, 1, "day/one_00003"),
        Segment(9, 10, 0, "day/one_00004"),
    )
    assert other.segments == ()  # nothing is annotated there
    assert read_openpose(two, labels=labels, fps=7).fps == 7
    frames = clip(read_openpose(two / "day" / "one")).frames
    np.testing.assert_array_equal(one.frames, frames)


def test_a_table_in_seconds(tmp_path: Path, two: Path) -> None:
    rows = ("Subject,end_s,start_s,name,label", "S1,0.4,0,one,a", "S2,1.0,0.4,one,b")
    labels = table(tmp_path, *rows, "S1,0.51,0.5,day/two,a", ",.52,.519,two,a")
    one, other = wholes(read_openpose(two, labels=labels, fps=10))
    spans = [(part.start, part.stop, part.label, part.person) for part in one.segments]
    assert spans == [(0, 4, 0, "S1"), (4, 10, 1, "S2")]  # the end is open: no frame is in both
    spans = [(part.start, part.stop, part.label, part.person) for part in other.segments]
    assert spans == [(5, 6, 0, "S1"), (5, 6, 0, "")]  # shorter than a frame, and one frame still
    assert (one.subject, other.subject) == ("", "")
    labels = table(tmp_path, "name,label,start_s,end_s,subject", "one,a,0,1,S1", "one,b,0,.9,S1")
    one, _ = wholes(read_openpose(two, labels=labels, fps=10))
    assert (one.subject, {part.person for part in one.segments}) == ("S1", {""})


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("start,end", "0,10", "expected frames in order within 0..9, got 0..10"),
        ("start,end", "5,4", "expected frames in order within 0..9, got 5..4"),
        ("start,end", "-1,4", "expected frames in order within 0..9, got -1..4"),
        ("start,end", "1.5,4", "expected a whole number in column 1, got 1.5"),
        ("start,end", "x,4", "expected a finite number in column 1, got 'x'"),
        ("start_s,end_s", "0,1.1", "expected seconds in order within 0..1, got 0..1.1"),
        ("start_s,end_s", "0.5,0.4", "expected seconds in order within 0..1, got 0.5..0.4"),
    ],
)
def test_a_bad_span_costs_only_itself(
    tmp_path: Path, two: Path, header: str, row: str, problem: str
) -> None:
    labels = table(tmp_path, f"name,label,{header}", f"one,nod,{row}", "one,nod,0,1", "six,nod,0,1")
    recordings = read_openpose(two, labels=labels, fps=10)
    (one, _), (lost, bad) = parted(recordings.recordings)
    assert recordings.total == 3
    assert bad == Skipped(str(labels), f"line 2: {problem}")
    assert lost.reason == "line 4: there is no clip 'six'"
    assert [part.name for part in one.segments] == ["day/one_00003"]


def test_a_table_is_read_whatever_form_of_unicode_it_has(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    body = [[person] for person in walk(rng, 3, start=300)]
    write_openpose(tmp_path / "data" / unicodedata.normalize("NFD", "tête"), body)
    write_openpose(tmp_path / "data" / "other", body)
    labels = table(tmp_path, "\ufeffname,label,subject", "", "tête ,  né  gé,S1")
    recordings = read_openpose(tmp_path / "data", labels=labels)
    assert recordings.classes == ("né gé",)
    assert recordings.note.startswith("clips without a label: other")
    assert sorted(part.label for part in clips(recordings)) == [-1, 0]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["one,nod", "two,Nod"], ":2: label 'Nod' is 'nod' in line 1; write it one way"),
        (["one,nod,s1", "two,shake,S1"], ":2: subject 'S1' is 's1' in line 1; write it one way"),
        (["one,nod", "day/one,shake"], ":2: 'day/one' has a label in line 1 already"),
        (["one,nod", "one,nod"], ":2: 'one' has a label in line 1 already"),
        ([], ": expected name,label.*, got no rows"),
        (["name,label"], ": expected name,label.*, got no rows"),
        (["name,label,start,end", "one,nod,0,1", "two,NOD,0,1"], ":3: label 'NOD' is 'nod' in"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    tmp_path: Path, two: Path, rows: list[str], problem: str
) -> None:
    with pytest.raises(FileError, match=r"labels\.csv" + problem):
        read_openpose(two, labels=table(tmp_path, *rows))


def test_frames_of_two_labels_keep_the_first_and_name_the_other(tmp_path: Path, two: Path) -> None:
    rows = ("one,nod,0,3", "one,shake,0,3", "one,shake,0,4")
    labels = table(tmp_path, "name,label,start,end", *rows)
    recordings = read_openpose(two, labels=labels)
    (one, _), (lost,) = parted(recordings.recordings)
    assert lost.reason == "line 3: these frames have the label 'nod' in line 2 already"
    assert [(part.start, part.stop, part.label) for part in one.segments] == [(0, 4, 0), (0, 5, 1)]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["one,nod,0,3"], r":1: expected name,label.* with a header, .* got 'one,nod,0,3'"),
        (["name,label,start", "one,nod,0"], ":1: expected the columns .*, got start as well"),
        (["name,label,start,end,start_s,end_s"], ":1: .*, got start, end as well"),
        (["name,label,start,end,end"], ":1: .*, got end, end as well"),
        (["name,label,start,end", "one,nod,0"], ":2: expected name,label.*, got 'one,nod,0'"),
        (["name,label,start,end", "one,,0,1"], ":2: expected name,label.*, got 'one,,0,1'"),
    ],
)
def test_a_table_of_another_form_is_one_clear_error(
    tmp_path: Path, two: Path, rows: list[str], problem: str
) -> None:
    with pytest.raises(FileError, match=r"labels\.csv" + problem):
        read_openpose(two, labels=table(tmp_path, *rows))


def test_a_table_that_is_not_there_is_refused(tmp_path: Path, two: Path) -> None:
    with pytest.raises(EdgcnError, match=r"a table of labels at .*nope\.csv, found no such file"):
        read_openpose(two, labels=tmp_path / "nope.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: expected JSON"),
        ('{"version": 1.3,\n "people": [}', "line 2: expected JSON"),
        ('{"version": 1.3}', 'expected an object with a list "people"'),
        ("[]", 'expected an object with a list "people"'),
        ('{"people": [{}]}', "expected 75 numbers (body_25) in pose_keypoints_2d of person 0"),
        ('{"people": [3]}', "expected 75 numbers"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0.5] * 54}]}), "got 54"),
        (json.dumps({"people": [{"pose_keypoints_2d": ["1"] * 75}]}), "got text among them"),
        (json.dumps({"people": [{"pose_keypoints_2d": [True] * 75}]}), "got true or false"),
        (json.dumps({"people": [{"pose_keypoints_2d": [float("nan")] * 75}]}), "got NaN"),
        (json.dumps({"people": [{"pose_keypoints_2d": [10**400] * 75}]}), "of finite numbers"),
    ],
)
def test_a_bad_frame_costs_only_its_own_clip(
    tmp_path: Path, rng: np.random.Generator, text: str, problem: str
) -> None:
    for name in ("bad", "good"):
        write_openpose(tmp_path / name, [[person] for person in walk(rng, 3, start=300)])
    file = tmp_path / "bad" / f"clip_{1:012d}_keypoints.json"
    file.write_text(text)
    (good,), (bad,) = parted(read_openpose(tmp_path).recordings)
    assert trimmed(good).name == "good"
    assert bad.path == str(file)
    assert problem in bad.reason


def test_a_clip_of_nobody(tmp_path: Path) -> None:
    write_openpose(tmp_path / "empty", [[], [np.zeros((25, 3))]])
    assert reason(read_openpose(tmp_path)) == "nobody in any of its 2 frames"


def test_a_file_cut_anywhere_is_an_error_of_that_file(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    folder = write_openpose(tmp_path / "a", [[walk(rng, 1, start=300)[0]]])
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for size in rng.integers(0, len(whole) - 1, 40):
        file.write_bytes(whole[:size])
        assert "expected" in reason(read_openpose(folder))


def test_a_folder_without_frames(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="--write_json"):
        read_openpose(tmp_path)


@pytest.mark.parametrize("topology", [BODY_25, BODY_25B, COCO_18], ids=lambda known: known.name)
def test_the_model_is_told_by_number_and_places_of_joints(
    tmp_path: Path, topology: Topology
) -> None:
    people = standing.in_pixels(standing.people(topology))[:12]
    write_openpose(tmp_path / "one", [[body] for body in people])
    recordings = read_openpose(tmp_path)
    assert recordings.topology is topology
    np.testing.assert_array_equal(clip(recordings).frames[:, 0], people)
    assert (f"taken for {topology.name}" in recordings.note) == (len(topology) == 25)
    given = read_openpose(tmp_path, topology=BODY_25)
    assert (given.topology, given.note) == (BODY_25, "")
    if topology is COCO_18:
        assert "expected 75 numbers (body_25) in" in reason(given)


MODELS = [
    (BODY_25, 25, range(25), BODY_25), (BODY_25B, 25, range(25), BODY_25B),
    (COCO_18, 18, range(18), COCO_18), (COCO_17, 17, range(17), COCO_17),
    (MPI_15, 15, range(15), MPI_15), (HALPE_26, 26, range(26), HALPE_26),
    (BODY_135, 135, range(65), BODY_25B), (HALPE_136, 136, [*range(26), *range(94, 136)], HALPE_26),
]  # fmt: skip


@pytest.mark.parametrize(("whole", "keypoints", "places", "bare"), MODELS)
def test_every_model_is_known_by_its_keypoints(
    tmp_path: Path, whole: Topology, keypoints: int, places: Sequence[int], bare: Topology
) -> None:
    body = np.full((12, keypoints, 3), 0.5, dtype=np.float32)
    body[:, list(places)] = standing.in_pixels(standing.people(whole))[:12]
    write_openpose(tmp_path / "one", [[person] for person in body])
    for hands, topology in ((False, bare), (True, whole)):
        if hands and keypoints <= 26:
            topology = with_hands(bare)  # of files that have no hand, in which none is seen
        recordings = read_openpose(tmp_path, hands=hands)
        assert recordings.topology == topology
        kept = [n for n in places if hands or n < len(bare)]
        frames = clip(recordings).frames[:, 0]
        np.testing.assert_array_equal(frames[:, : len(kept)], body[:, kept])
        assert not frames[:, len(kept) :].any()


def test_hands_are_kept_if_they_are_asked_for(tmp_path: Path, rng: np.random.Generator) -> None:
    body, fingers = walk(rng, 6, start=300), rng.uniform(100, 200, (6, 42, 3)).astype(np.float32)
    fingers[..., 2] = 0.5
    fingers[2, 21:] = 0
    folder = write_openpose(tmp_path / "one", [[person] for person in body])
    for file, hands in zip(sorted(folder.iterdir()), fingers, strict=True):
        content = json.loads(file.read_text())
        (person,) = content["people"]
        person["hand_left_keypoints_2d"] = hands[:21].ravel().tolist()
        person["hand_right_keypoints_2d"] = hands[21:].ravel().tolist() if hands[21:].any() else []
        file.write_text(json.dumps(content))
    bare, whole = read_openpose(tmp_path), read_openpose(tmp_path, hands=True)
    assert "hands are left out (--options hands true keeps them)" in bare.note
    assert (bare.topology, whole.topology) == (BODY_25, BODY_25_HANDS)
    np.testing.assert_array_equal(clip(whole).frames[:, 0], np.concatenate([body, fingers], axis=1))


@pytest.mark.parametrize("name", ["cam01.{:04d}.json", "{}.json", "take 2 frame-{:03d}_pose.json"])
def test_frames_are_numbered_at_the_end_of_any_name(
    tmp_path: Path, rng: np.random.Generator, name: str
) -> None:
    body = walk(rng, 12, start=300, speed=5)
    folder = write_openpose(tmp_path / "a", [[person] for person in body])
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / name.format(number))
    np.testing.assert_array_equal(read(folder), body)
    (folder / "settings.json").write_text("{}")
    _, lost = parted(read_openpose(folder).recordings)
    assert [item.path for item in lost] == [str(folder / "settings.json")]


def test_a_number_of_any_length_is_one() -> None:
    assert numbered.parted(f"a_{'9' * 5000}") == ("a_", 10**18 - 1)


def test_other_json_beside_frames_named_as_openpose_does_is_none(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    folder = write_openpose(tmp_path / "a", [[person] for person in walk(rng, 3, start=300)])
    (folder / "settings.json").write_text("{}")
    assert len(clip(read_openpose(folder)).frames) == 3


def test_two_people_apart_or_together(tmp_path: Path, rng: np.random.Generator) -> None:
    one, two = walk(rng, 6, start=300), walk(rng, 6, start=1200, sure=0.6)
    folder = write_openpose(tmp_path / "a", [[b, a] for a, b in zip(one, two, strict=True)])
    left, right = wholes_of_two(read_openpose(folder, people="apart"))
    np.testing.assert_array_equal(left.frames[:, 0], two)
    np.testing.assert_array_equal(right.frames[:, 0], one)
    both = read_openpose(folder, people="together")
    assert both.bodies == 2
    np.testing.assert_array_equal(clip(both).frames, np.stack([one, two], axis=1))
    np.testing.assert_array_equal(clip(read_openpose(folder, people="right")).frames[:, 0], two)


def wholes_of_two(recordings: Recordings) -> tuple[Recording, Recording]:
    (first, second), lost = parted(recordings.recordings)
    assert not lost
    return first, second


@pytest.mark.data
def test_a_genuine_body_25b(data_dir: Path) -> None:
    """Of Pose2Sim's demonstration: their default model of some years."""
    recordings = read_openpose(data_dir / "genuine" / "pose2sim_body25b")
    assert recordings.topology is BODY_25B
    assert clip(recordings).frames.shape == (20, 1, 25, 3)
