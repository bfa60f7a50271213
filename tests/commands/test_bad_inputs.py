"""Every bad input we could think of, through the command line: one line, exit 2, nothing left over.

The answers are in docs/bad-inputs.md; EDGCN_WRITE_DOCS=1 writes that file anew.
"""

import errno
import json
import math
import os
import pickle
import shlex
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.io import savemat

from edgcn import cli
from edgcn.base import files, tensorfile
from edgcn.inference import Recognizer
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.skeleton.recording import Recording, SplitRule, trimmed
from edgcn.skeleton.topology import Topology
from edgcn.store import growing, write_store
from helpers import (
    FEW_JOINTS,
    SMALL_ENCODER,
    make_clips,
    make_long,
    tiny_file,
    tiny_recordings,
    tiny_store,
    tiny_topology,
    twenty_joints,
)
from inference.waving import NOBODY, small_embedder, waving, waving_store
from plugin_files import nothing_registered
from readers.writers import person, write_ntu, write_openpose, write_smg
from tiny_runs import tiny_run

TABLE = Path(__file__).parents[2] / "docs" / "bad-inputs.md"
INTRO = """# What edgcn says to bad input

What the command line really answers, written by `tests/commands/test_bad_inputs.py`, which also
checks that the exit status is 2 and that nothing half-written is left behind. Where the input is
fine after all, it says so. `--debug` adds the traceback.

| bad input | command | what edgcn says |
|---|---|---|
"""

MADE: dict[str, Path] = {}  # what is slow to make, see `made`
Setup = Callable[[Path], object]
Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Case:
    """One bad input.

    Args:
        setup: makes the input in the current folder.
        patch: what the machine refuses.
        works: the input is used, as far as it can be.
        leaves: new files that are meant to be there after the error.
    """

    name: str
    command: str
    setup: Setup = lambda _: None
    patch: Patch = lambda _: None
    works: bool = False
    leaves: tuple[str, ...] = ()


# Inputs


def ntu_file(folder: Path, name: str = "S001C001P001R001A001", *, lines: int | None = None) -> None:
    """One NTU file of 15 frames, cut after some lines."""
    body = person(np.random.default_rng(0), 15)
    path = write_ntu(folder / f"{name}.skeleton", [[(7, joints)] for joints in body])
    if lines is not None:
        path.write_text("\n".join(path.read_text().splitlines()[:lines]) + "\n")


def no_poses(folder: Path) -> None:
    """A folder that no reader takes."""
    (folder / "study").mkdir()
    (folder / "study" / "thesis.docx").write_text("Chapter 1")


def two_formats(folder: Path) -> None:
    """One file of NTU RGB+D and one of OpenPose."""
    ntu_file(folder / "study")
    (folder / "study" / "nod_0001_keypoints.json").write_text('{"people": []}')


def ntu_folder(folder: Path) -> None:
    """Two whole files and one that was cut."""
    ntu_file(folder / "ntu", "S001C001P001R001A001")
    ntu_file(folder / "ntu", "S001C001P002R001A002")
    ntu_file(folder / "ntu", "S001C001P003R001A003", lines=100)


def beside_ntu(make: Callable[[Path], object]) -> Setup:
    """An NTU file, and beside it something else with such a name."""

    def setup(folder: Path) -> None:
        ntu_file(folder / "ntu", "S001C001P001R001A001")
        make(folder / "ntu" / "S001C001P009R001A001.skeleton")

    return setup


def escape_codes(folder: Path) -> None:
    """A pyskl pickle with a clip whose name would clear the terminal."""
    points = np.random.default_rng(0).uniform(50, 400, (1, 4, 17, 2)).astype(np.float32)
    names = {"a": 0, "\x1b[2J\x1b]0;owned\x07 b\ud800": "no label"}
    content = [{"frame_dir": name, "label": n, "keypoint": points} for name, n in names.items()]
    (folder / "clips.pkl").write_bytes(pickle.dumps(content))


def filmed(x: float, frames: int, *, sure: float = 0.9) -> list[np.ndarray]:
    """Somebody in pixels, (25, 3) a frame."""
    xy = np.column_stack([x + 20 * np.sin(np.arange(25)), np.linspace(100, 400, 25)])
    return [np.column_stack([xy, np.full(25, sure)])] * frames


def openpose(folder: Path, *labels: str) -> None:
    """Three clips of OpenPose, and a table of their labels."""
    for clip in ("one", "two", "three"):
        write_openpose(folder / "clips" / clip, [[person] for person in filmed(300, 5)])
    (folder / "labels.csv").write_text("".join(f"{row}\n" for row in labels))


def landmarks(**changes: str) -> Setup:
    """Fractions of a picture in a csv, as scripts around MediaPipe write them.

    Args:
        changes: texts in its first line that are something else.
    """

    def setup(folder: Path) -> None:
        first = ["time", *(f"{axis}{n}" for n in range(1, 34) for axis in "xyzv")]
        first = [changes.get(name, name) for name in first]
        rows = np.random.default_rng(0).uniform(0.2, 0.8, (9, 133))
        rows[:, 0] = 40 * np.arange(9)
        lines = [first, *([f"{value:.6f}" for value in row] for row in rows.tolist())]
        (folder / "clip.csv").write_text("".join(",".join(line) + "\n" for line in lines))

    return setup


def alphapose(keypoints: int) -> Setup:
    """People of so many keypoints."""

    def setup(folder: Path) -> None:
        rows = np.random.default_rng(0).uniform(0.2, 0.8, (9, 3 * keypoints)).tolist()
        people = [{"image_id": f"{n}.jpg", "keypoints": row} for n, row in enumerate(rows)]
        (folder / "people.json").write_text(json.dumps(people))

    return setup


def two_videos(folder: Path) -> None:
    for name, x in (("anna_", 300), ("ben_", 900)):
        write_openpose(folder / name, [[person] for person in filmed(x, 5)], name=name)
        (folder / "clips").mkdir(exist_ok=True)
        for file in (folder / name).iterdir():
            file.rename(folder / "clips" / file.name)
        (folder / name).rmdir()


def hidden_subject(folder: Path) -> None:
    """A subject who is hidden for a while, when somebody else comes in."""
    subject, other = filmed(400, 20), filmed(650, 20, sure=0.6)
    frames = [
        [] if 8 <= n < 10 else [other[n]] if 10 <= n < 14 else [person]
        for n, person in enumerate(subject)
    ]
    write_openpose(folder / "clips" / "one", frames)


def json_texts(folder: Path) -> None:
    frames = [[["1.5", True, 0.5]] * 20] * 3
    (folder / "clips").mkdir()
    (folder / "clips" / "a01_s01_e00_v01.json").write_text(
        json.dumps({"skeletons": frames, "label": 1})
    )


def changed_file(change: Callable[[list[Recording]], list[Recording]]) -> Setup:
    """A clips.npz whose clips were changed."""

    def setup(folder: Path) -> None:
        clips = change(make_clips(12, 3, 3, 0, twenty_joints()))
        tiny_file(folder / "clips.npz", clips=clips)

    return setup


def spoiled(value: float) -> Setup:
    """A clips.npz with one number replaced."""

    def change(clips: list[Recording]) -> list[Recording]:
        frames = clips[4].frames.copy()
        frames[2, 0, 5, 1] = value
        return [*clips[:4], replace(clips[4], frames=frames), *clips[5:]]

    return changed_file(change)


def scaled(factor: float) -> Setup:
    """A clips.npz of people whose coordinates are all so many times as large."""

    def change(clips: list[Recording]) -> list[Recording]:
        return [replace(c, frames=c.frames * np.float32(factor)) for c in clips]

    return changed_file(change)


def nobody(clips: list[Recording]) -> list[Recording]:
    return [replace(clips[0], frames=0 * clips[0].frames), *clips[1:]]


def twins(clips: list[Recording]) -> list[Recording]:
    return [replace(clips[0], name="again", subject="s9"), *clips]


def cut(clip: Recording, frames: int) -> Recording:
    """The first frames of a trimmed clip."""
    label = clip.segments[0].label
    return trimmed(clip.frames[:frames], clip.name, label=label, subject=clip.subject)


def labelled(clip: Recording, label: int) -> Recording:
    """A trimmed clip with another label."""
    return replace(clip, segments=(replace(clip.segments[0], label=label),))


def one_frame(clips: list[Recording]) -> list[Recording]:
    return [cut(clip, 1) for clip in clips]


def no_frames(clips: list[Recording]) -> list[Recording]:
    return [cut(clips[0], 0), *clips[1:]]


def unknown_class(clips: list[Recording]) -> list[Recording]:
    return [labelled(clips[0], 7), *clips[1:]]


def frozen(clips: list[Recording]) -> list[Recording]:
    return [replace(clip, frames=0 * clip.frames + clip.frames[:1]) for clip in clips]


def one_person(clips: list[Recording]) -> list[Recording]:
    return [replace(c, subject=("P1", "p_01", "P 1")[n % 3]) for n, c in enumerate(clips)]


def members(**changes: Any) -> Setup:
    """A clips.npz of which some members are others."""

    def setup(folder: Path) -> None:
        tiny_file(folder / "clips.npz", clips=12)
        with np.load(folder / "clips.npz") as file:
            np.savez(folder / "clips.npz", **({key: file[key] for key in file.files} | changes))

    return setup


def stgcn(folder: Path) -> None:
    """Two parts, of which one counts its labels from 1, and one that is cut off."""
    for part, first in (("train", 0), ("val", 1), ("test", 0)):
        data = np.random.default_rng(first).uniform(1, 2, (2, 3, 4, 20, 1)).astype(np.float32)
        np.save(folder / f"{part}_data.npy", data)
        names = [f"{part}{n}" for n in range(2)]
        (folder / f"{part}_label.pkl").write_bytes(pickle.dumps((names, [first, first + 1])))
    cut_off = folder / "test_data.npy"
    cut_off.write_bytes(cut_off.read_bytes()[:-4])


def run_and_copies(folder: Path) -> None:
    """A run, and a store in which everybody's first clip is another's under another name."""
    run(folder)
    clips = make_clips(24, 3, 4, 0, twenty_joints())
    copies = [
        replace(clips[0], name=f"copy{n}", subject=f"s{n}", frames=clips[0].frames[:3])
        for n in range(1, 5)
    ]
    tiny_store(folder, name="other", clips=[*clips, *(cut(one, 3) for one in copies)],
               topology=twenty_joints())  # fmt: skip


def smg_columns(folder: Path) -> None:
    """An SMG recording with a number missing in its third row."""
    frames = person(np.random.default_rng(0), 5)
    sample = write_smg(folder / "smg", 1, frames, [(1, 1, 5)])
    path = sample / "Sample0001_skeleton.csv"
    rows = path.read_text().splitlines()
    rows[2] = rows[2].rpartition(",")[0]
    path.write_text("\n".join(rows) + "\n")


class Gadget:
    """Unpickled by a reader that trusts it, this would run a command."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch owned",)


def malicious(folder: Path) -> None:
    content = {"split": {}, "annotations": [{"frame_dir": "a", "label": Gadget()}]}
    (folder / "clips.pkl").write_bytes(pickle.dumps(content))


def pyskl(
    *, joints: int = 17, third: float | None = None, split: Any = (), bodies: int = 1, **more: Any
) -> Setup:
    """A pickle of 12 clips in pixels."""

    def setup(folder: Path) -> None:
        rng, clips = np.random.default_rng(0), []
        for n in range(12):
            points = rng.uniform(100, 300, (bodies if n == 3 else 1, 9, joints, 2))
            if third is not None:
                points = np.concatenate([points, np.full_like(points[..., :1], third)], axis=-1)
            clips.append({"frame_dir": f"v{n}", "label": n % 3, "keypoint": points} | more)
        content = {"split": dict(split), "annotations": clips}
        (folder / "clips.pkl").write_bytes(pickle.dumps(content))

    return setup


def claiming(folder: Path) -> None:
    """A clips.npz whose frames are said to be more than there are."""
    tiny_file(folder / "clips.npz")
    with np.load(folder / "clips.npz") as file:
        members = {key: file[key] for key in file.files}
    with zipfile.ZipFile(folder / "clips.npz", "w") as archive:
        for key, array in members.items():
            with archive.open(f"{key}.npy", "w") as member:
                if key == "frames":
                    shape = {"descr": "<f4", "fortran_order": False, "shape": (10**12, 20, 3)}
                    np.lib.format.write_array_header_1_0(member, shape)
                else:
                    np.save(member, array)


def cut_mat(folder: Path) -> None:
    """Two MATLAB files, one of them cut."""
    (folder / "utd").mkdir()
    for name in ("a1_s1_t1", "a2_s1_t1"):
        file = folder / "utd" / f"{name}_skeleton.mat"
        savemat(file, {"d_skel": np.ones((20, 3, 2))})
    file.write_bytes(file.read_bytes()[:200])


def store(folder: Path) -> None:
    """24 clips of 20 joints."""
    tiny_store(folder, name="store", topology=twenty_joints())


def small_store(folder: Path) -> None:
    """24 clips of 5 joints."""
    tiny_store(folder, name="store")


@pytest.fixture(scope="module", autouse=True)
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A store of 20 joints and a run that learned from it, made once and copied by `run`."""
    MADE["folder"] = folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        store(folder)
        how = {"encoder": "ascal-lstm", "encoder_settings": {"embed_dim": 4}, "frames": 4}
        tiny_run(Path("store"), Path("run"), **how, epochs=2, augmentations=[])
        assert cli.run(["fit", "run", "store", "--out", "mine.edgcn"]) == 0
    yield
    MADE.clear()


def run(folder: Path) -> None:
    """A run as pre-training leaves it, and the store that it learned from."""
    for name in ("store", "run"):
        shutil.copytree(MADE["folder"] / name, folder / name)


def fitted(folder: Path) -> None:
    """A run with its store, and a recognizer of the three classes there."""
    run(folder)
    shutil.copy(MADE["folder"] / "mine.edgcn", folder)


def spotter(folder: Path) -> None:
    """A recognizer that finds events, and the recordings that it learned from."""
    home = MADE["folder"]
    if not (home / "spots.edgcn").exists():
        made = waving_store(home)
        bare = unfitted(small_embedder(made), Provenance("tiny", {}, NOBODY), model="tiny")
        clips = made.clips("train")
        Recognizer(bare).fit(clips).fit_spotter(clips).save(home / "spots.edgcn")
    shutil.copy(home / "spots.edgcn", folder)
    shutil.copytree(home / "waving", folder / "waving")


def spotter_and_points(folder: Path) -> None:
    spotter(folder)
    points_store(folder)


def spotter_and_empty_folder(folder: Path) -> None:
    spotter(folder)
    (folder / "empty").mkdir()


def spotter_and_events(folder: Path) -> None:
    spotter(folder)
    (folder / "P01.eaf").write_text("<ANNOTATION_DOCUMENT/>")


def one_person_waving(folder: Path) -> None:
    spotter(folder)
    alone = [waving(0, "s1"), waving(1, "s1")]
    tiny_store(folder, name="one", clips=alone, classes=2, subjects=1)


def overlapping_and_never(folder: Path) -> None:
    """Events over events, and a class of which there is none."""
    spotter(folder)
    made = []
    for number in range(3):
        item = waving(number, f"s{number + 1}", seconds=9)
        first = item.segments[0]
        over = replace(first, start=first.start + 5, stop=first.stop + 8, name="over")
        made.append(replace(item, segments=(*item.segments, over)))
    tiny_store(folder, name="over", clips=made, classes=3, subjects=3)


def run_and_other_joints(folder: Path) -> None:
    run(folder)
    tiny_store(folder, name="other")


def run_and_unnamed_joints(folder: Path) -> None:
    run(folder)
    points_store(folder, "other")


def points_store(folder: Path, name: str = "store") -> None:
    """24 clips of three joints that no other skeleton has."""
    points = Topology(
        "points", ("a", "b", "c"), (("b", "a"), ("c", "b")), "a", (), ("a", "c"), ("a", "b"), ""
    )
    tiny_store(folder, name=name, topology=points)


def run_and_two_bodies(folder: Path) -> None:
    run(folder)
    tiny_store(folder, name="pairs", topology=twenty_joints(), bodies=2)


def run_and(change: Callable[[Recording], Recording], **changes: Any) -> Setup:
    """A run, and a store of the same joints with changed clips."""

    def setup(folder: Path) -> None:
        run(folder)
        clips = [change(clip) for clip in make_clips(24, 3, 4, 0, twenty_joints())]
        tiny_store(folder, name="other", clips=clips, topology=twenty_joints(), **changes)

    return setup


def unlabelled(clip: Recording) -> Recording:
    return labelled(clip, -1)


def only_tested(clip: Recording) -> Recording:
    """The last subject, who tests, alone performs the last class."""
    label = clip.segments[0].label
    return clip if clip.subject == "s4" else labelled(clip, label % 2)


def two_stores(folder: Path, **second: Any) -> None:
    """A folder with two stores, to be joined."""
    tiny_store(folder / "stores", name="one", topology=twenty_joints())
    tiny_store(folder / "stores", name="two", **{"topology": twenty_joints(), "seed": 1} | second)


def settings(content: dict[str, object]) -> Setup:
    """A store of 20 joints and a settings file."""

    def setup(folder: Path) -> None:
        store(folder)
        (folder / "run.yaml").write_text(yaml.safe_dump(content))

    return setup


SMALL = {"encoder": "edgcn-s", "encoder_settings": SMALL_ENCODER, "frames": 8, "batch_size": 8}


def damaged_store(folder: Path) -> None:
    store(folder)
    path = folder / "store" / "frames.npy"
    path.write_bytes(path.read_bytes()[:-1000])


def edited_labels(folder: Path) -> None:
    store(folder)
    path = folder / "store" / "segments.npz"
    with np.load(path) as file:
        members = {name: file[name] for name in file.files}
    members["labels"][0] = 7
    np.savez(path, **members)


def mirrored_frames(folder: Path) -> None:
    """A store of which a third of the frames were mirrored in place."""
    run(folder)
    frames = np.load(folder / "store" / "frames.npy", mmap_mode="r+")
    frames[::3, ..., 0] *= -1
    frames.flush()


def cut_recognizer(folder: Path) -> None:
    run(folder)
    path = folder / "run" / "recognizer.edgcn"
    path.write_bytes(path.read_bytes()[:-100])


def another_store_now(folder: Path) -> None:
    run(folder)
    other = tiny_recordings(topology=twenty_joints(), seed=1)
    write_store(other, folder / "store", overwrite=True)


def letters(folder: Path) -> None:
    tiny_file(folder / "clips.npz")
    (folder / "letters").mkdir()
    (folder / "letters" / "dear.txt").write_text("dear")


def file_and_store(folder: Path) -> None:
    tiny_file(folder / "clips.npz")
    store(folder)


def run_and_one_subject(folder: Path) -> None:
    run(folder)
    tiny_store(folder, name="lonely", topology=twenty_joints(), subjects=1, splits={})


def run_and_other_classes(folder: Path) -> None:
    fitted(folder)
    tiny_store(folder, name="other", topology=twenty_joints(), clips=40, classes=5)


def run_and_result(folder: Path) -> None:
    run(folder)
    assert cli.run(shlex.split("evaluate run store --protocol knn --no-figures")) == 0


def never_tested(clip: Recording) -> Recording:
    """The last subject, who tests, never performs the last class."""
    label = clip.segments[0].label
    return labelled(clip, label % 2) if clip.subject == "s4" else clip


def absurd_clip(clip: Recording) -> Recording:
    if clip.name != "clip004":
        return clip
    frames = clip.frames.copy()
    frames[0, 0, :] = 9e4
    return replace(clip, frames=frames)


def begun_run(folder: Path) -> None:
    run(folder)
    (folder / "run" / "recognizer.edgcn").unlink()


def changed_header(name: str, change: Callable[[dict[str, Any]], object]) -> Setup:
    """A run and a recognizer, of which one says something else now."""

    def setup(folder: Path) -> None:
        fitted(folder)
        tensors, header = tensorfile.load_tensors(folder / name)
        change(header)
        tensorfile.save_tensors(folder / name, tensors, header)

    return setup


unfinished_run = changed_header(
    "run/recognizer.edgcn",
    lambda header: header["provenance"]["notes"].append(
        "the pre-training is not finished: 1 of 2 epochs are done"
    ),
)
other_header = changed_header(
    "mine.edgcn", lambda header: header["embedder"]["inputs"].update(frames="many")
)
fewer_classes = changed_header("mine.edgcn", lambda header: header["classes"].pop())


def nan_weights(folder: Path) -> None:
    run(folder)
    path = folder / "run" / "recognizer.edgcn"
    tensors, header = tensorfile.load_tensors(path)
    name = next(name for name, value in tensors.items() if value.is_floating_point())
    tensors[name].view(-1)[:2] = math.nan
    tensorfile.save_tensors(path, tensors, header)


def moved_store(folder: Path) -> None:
    run(folder)
    (folder / "store").rename(folder / "elsewhere")


def changed_json(name: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Change a JSON file of a folder."""

    def setup(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return setup


def other_settings(folder: Path) -> None:
    run(folder)
    changed_json("run/run.json", lambda c: c["config"].update(epochs="two"))(folder)


def other_log(folder: Path) -> None:
    run(folder)
    (folder / "run" / "metrics.jsonl").write_text('{"epoch": "first", "loss": 1}\n')


def other_result(folder: Path) -> None:
    run_and_result(folder)
    name = next((folder / "run").rglob("results.json")).relative_to(folder).as_posix()
    changed_json(name, lambda c: c["rows"][0]["scores"].update(top1="most"))(folder)


def other_predictions(folder: Path) -> None:
    run_and_result(folder)
    path = next((folder / "run").rglob("predictions.csv"))
    header, first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([header, first.replace("gesture", "gestures"), *rest]))


def events_table(folder: Path) -> None:
    (folder / "found.csv").write_text("recording,label,start_s,end_s\nP01,touch,0.5,1.5\n")


def events_of_others(folder: Path) -> None:
    small_store(folder)
    events_table(folder)


def laughs() -> str:
    """Nine lists of nine, each of the one before: 400 million values in 300 letters."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join([*lines, "lr: *i"])


def thesis(folder: Path) -> None:
    run_and_result(folder)
    (folder / "page").mkdir()
    (folder / "page" / "report.md").write_text("my thesis")


def not_annotated(folder: Path) -> None:
    """A run, and a store of long recordings in which there is no segment."""
    run(folder)
    whole = make_long(make_clips(24, 3, 4, 0, twenty_joints()), 3)
    bare = [replace(recording, segments=()) for recording in whole]
    tiny_store(folder, name="other", clips=bare, topology=twenty_joints())


def plugin(text: str) -> Setup:
    """A store, and a plugin of this text."""

    def setup(folder: Path) -> None:
        store(folder)
        (folder / "mine.py").write_text(text)

    return setup


def run_and_plugin(change: Setup) -> Setup:
    """A run that was made with a plugin, to which something happened since."""

    def setup(folder: Path) -> None:
        run(folder)
        file = folder / "mine.py"
        file.write_text("import edgcn\n")
        known = {"name": file.name, "path": file.name, "sha256": "0" * 64}
        tensors, metadata = tensorfile.load_tensors(folder / "run" / "recognizer.edgcn")
        metadata["provenance"]["plugins"] = [known]
        tensorfile.save_tensors(folder / "run" / "recognizer.edgcn", tensors, metadata)
        change(file)

    return setup


# What the machine refuses (an administrator would be allowed what chmod forbids)


def refuse_folders(patch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    patch.setattr(files, "locked", refused)


def refuse_runs(patch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def refused(self: Path, *arguments: Any, **options: Any) -> None:
        if self.name.startswith(".run."):
            raise OSError(errno.EROFS, "Read-only file system")
        make(self, *arguments, **options)

    patch.setattr(Path, "mkdir", refused)


def full_disk(patch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(growing.Growing, "append", full)


def full_disk_for_weights(patch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(tensorfile, "save", full)


PREPARE_NTU = "prepare ntu ntu --out store"
PREPARE_NPZ = "prepare clips_npz clips.npz --out store"
PREPARE_MEDIAPIPE = "prepare mediapipe clip.csv --out store"
PREPARE_LABELS = "prepare openpose clips --out store --options labels labels.csv"
PREPARE_PKL = "prepare pyskl clips.pkl --out store"
PREPARE_STORES = "prepare stores stores --out union"
TRAIN_LSTM = "pretrain store --encoder ascal-lstm --batch-size 8 --out run"
CASES = (
    # Recordings
    Case("missing path", PREPARE_NTU),
    Case("a path alone, and nothing is there", "prepare recordings --out store"),
    Case("a path alone, of no known format", "prepare study --out store", no_poses),
    Case("a path alone, of two formats", "prepare study --out store", two_formats),
    Case("neither a reader nor a path", "prepare --out store"),
    Case("empty folder", PREPARE_NTU, lambda folder: (folder / "ntu").mkdir()),
    Case("a file where a folder belongs", PREPARE_NTU, lambda f: (f / "ntu").write_text("")),
    Case("truncated NTU file", PREPARE_NTU, lambda f: ntu_file(f / "ntu", lines=100)),
    Case("truncated NTU file, strict", f"{PREPARE_NTU} --strict", ntu_folder),
    Case("truncated NTU file among good ones", PREPARE_NTU, ntu_folder, works=True),
    Case("a link to nothing among good files", PREPARE_NTU,
         beside_ntu(lambda path: path.symlink_to("/not/mounted")), works=True),
    Case("a folder named like a file", PREPARE_NTU, beside_ntu(Path.mkdir), works=True),
    Case("a named pipe among good files", PREPARE_NTU, beside_ntu(os.mkfifo), works=True),
    Case("a file name that is not UTF-8", PREPARE_NTU,
         beside_ntu(lambda path: path.with_name(f"\udce4{path.name}").touch()), works=True),
    Case("escape codes in a clip's name (spelled out)", "prepare pyskl clips.pkl --out store",
         escape_codes, works=True),
    Case("coordinates that are texts", "prepare nw_ucla clips --out store", json_texts),
    Case("two videos in one folder (two recordings)", "prepare openpose clips --out store",
         two_videos, works=True),
    Case("somebody else while the subject is hidden", "prepare openpose clips --out store",
         hidden_subject, works=True),
    Case("fractions of a picture whose size is not given", PREPARE_MEDIAPIPE, landmarks()),
    Case("a size that is none", f"{PREPARE_MEDIAPIPE} --size 720p", landmarks()),
    Case("a landmark that is there twice", PREPARE_MEDIAPIPE, landmarks(x2="x1")),
    Case("people of an unknown number of keypoints", "prepare coco_results people.json --out store",
         alphapose(29)),
    Case("a clip with two labels in the table", PREPARE_LABELS,
         lambda f: openpose(f, "one,touch", "two,rub", "one,rub")),
    Case("a label spelled in two ways", PREPARE_LABELS,
         lambda f: openpose(f, "name,label", "one,touch", "two,Touch")),
    Case("labels of clips that are not there", PREPARE_LABELS,
         lambda f: openpose(f, "one,touch", "tow,rub"), works=True),
    Case("a table whose columns are no joints", "prepare table a.csv --out store",
         lambda f: (f / "a.csv").write_text("time,paw_l_x,paw_l_y,tail_x,tail_y\n0,1,2,3,4\n")),
    Case("a joint that no skeleton has",
         "prepare table a.csv --out store --options joints paw=left_wirst",
         lambda f: (f / "a.csv").write_text("paw_x,paw_y\n1,2\n")),
    Case("a joint that comes twice in a frame of a long table", "prepare table a.csv --out store",
         lambda f: (f / "a.csv").write_text(
             "frame,keypoint,x,y\n0,nose,1,2\n0,left_eye,1,2\n0,right_eye,3,4\n0,nose,1,2\n")),
    Case("markers in feet", "prepare trc a.trc --out store",
         lambda f: (f / "a.trc").write_text(
             "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tUnits\n30\tfeet\n"
             "Frame#\tTime\tNose\t\t\n\t\tX1\tY1\tZ1\n1\t0\t1\t2\t3\n")),
    Case("a BVH that is cut off", "prepare bvh a.bvh --out store",
         lambda f: (f / "a.bvh").write_text("HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\n}\nMOTION\n")),
    Case("a .pose file that is cut off", "prepare pose a.pose --out store",
         lambda f: (f / "a.pose").write_bytes(b"\xcd\xccL>\x00\x05")),
    Case("NaN for a joint", PREPARE_NPZ, spoiled(np.nan), works=True),
    Case("infinite coordinates, strict", f"{PREPARE_NPZ} --strict", spoiled(np.inf)),
    Case("infinite coordinates", PREPARE_NPZ, spoiled(np.inf), works=True),
    Case("1e30 for a coordinate", PREPARE_NPZ, spoiled(1e30), works=True),
    Case("too large for float16", f"{PREPARE_NPZ} --dtype float16 --strict", spoiled(9e4)),
    Case("millimeters for meters", PREPARE_NPZ, scaled(150), works=True),
    Case("pixels declared in space", f"{PREPARE_NPZ} --units px", scaled(1)),
    Case("no size of a picture", f"{PREPARE_NPZ} --size 1280", scaled(1)),
    Case("clips with nobody", PREPARE_NPZ, changed_file(nobody), works=True),
    Case("only clips with nobody", PREPARE_NPZ, scaled(0)),
    Case("the same clip under several names", PREPARE_NPZ, changed_file(twins), works=True),
    Case("frames that stand still", PREPARE_NPZ, changed_file(frozen), works=True),
    Case("one person in three spellings", PREPARE_NPZ, changed_file(one_person), works=True),
    Case("the time of a frame for frames per second", PREPARE_NPZ,
         members(fps=np.array(0.033)), works=True),
    Case("names that a program writes for none", PREPARE_NPZ,
         members(classes=np.array(["a", "nan", "None"])), works=True),
    Case("a label to leave out that there is not", f"{PREPARE_NPZ} --leave-out nonne",
         members(classes=np.array(["a", "b", "none"]))),
    Case("parts of a data set that are cut off or count from 1", "prepare stgcn . --out store",
         stgcn, works=True),
    Case("axes M and T exchanged", PREPARE_PKL, pyskl(total_frames=1, bodies=1)),
    Case("zero-length clip", f"{PREPARE_NPZ} --strict", changed_file(no_frames)),
    Case("zero-length clip among good ones", PREPARE_NPZ, changed_file(no_frames), works=True),
    Case("one-frame clips (they are repeated)", PREPARE_NPZ, changed_file(one_frame), works=True),
    Case("unknown class id", PREPARE_NPZ, changed_file(unknown_class)),
    Case("wrong column count", "prepare smg smg --out store", smg_columns),
    Case("malicious pickle (it is not run)", "prepare pyskl clips.pkl --out store", malicious),
    Case("ten bytes of pickle that ask for gigabytes", PREPARE_PKL,
         lambda f: (f / "clips.pkl").write_bytes(b"\x80\x02K\x01r\x00\x00\x00\x10.")),
    Case("objects in a pickle", PREPARE_PKL, pyskl(fps=Fraction(30))),
    Case("a number of joints that no skeleton has", PREPARE_PKL, pyskl(joints=19)),
    Case("a topology that is not known", f"{PREPARE_PKL} --options topology coco18", pyskl()),
    Case("a topology of other joints", f"{PREPARE_PKL} --options topology coco_18", pyskl()),
    Case("a channel that is neither confidence nor depth", PREPARE_PKL, pyskl(third=5.0)),
    Case("a frame rate without end", f"{PREPARE_PKL} --options fps inf", pyskl()),
    Case("labels without bound", PREPARE_PKL, pyskl(label=2_000_000_000)),
    Case("parts of a split that overlap, or are no parts", PREPARE_PKL,
         pyskl(split={"Training": ["v1", "v2"], "Testing": ["v2", "v4"], "fold": ["v5"]}.items()),
         works=True),
    Case("one clip of 40 people", PREPARE_PKL, pyskl(bodies=40), works=True),
    Case("labels that count from 0 where they should from 1", "prepare smg smg --out store",
         lambda f: write_smg(f / "smg", 1, person(np.random.default_rng(0), 9), [(0, 1, 5)])),
    Case("a cut MATLAB file among good ones", "prepare utd_mhad utd --out store", cut_mat,
         works=True),
    Case("an npz that claims more than it holds", PREPARE_NPZ, claiming),
    Case("a file that is no npz", PREPARE_NPZ, lambda f: (f / "clips.npz").write_text("x")),
    Case("no stores to join", PREPARE_STORES, lambda f: (f / "stores").mkdir()),
    Case("stores of several skeletons", PREPARE_STORES,
         lambda f: two_stores(f, topology=tiny_topology())),
    Case("stores of meters and of pixels", PREPARE_STORES,
         lambda f: two_stores(f, units="px", dims=2)),
    Case("one store under two names", PREPARE_STORES, lambda f: two_stores(f, seed=0)),
    Case("stores of which one tests on what the other learns from", PREPARE_STORES,
         lambda f: two_stores(f, seed=0, splits={"s1": SplitRule("subject", test=("s1",))})),
    Case("a store to leave out that is not there", f"{PREPARE_STORES} --options leave_out tow",
         two_stores),
    # Names
    Case("unknown command", "pretrian store"),
    Case("unknown reader", "prepare nut ntu --out store"),
    Case("unknown reader option", f"{PREPARE_NTU} --options bodies 1", ntu_folder),
    Case("reader option of another type", f"{PREPARE_NTU} --options max_bodies two", ntu_folder),
    Case("reader option without a value", f"{PREPARE_NTU} --options max_bodies", ntu_folder),
    Case("unknown topology", f"{PREPARE_NTU} --topology kinect", ntu_folder),
    Case("unknown encoder", "pretrain store --encoder edgnc --batch-size 8 --out run", store),
    Case("unknown objective", "pretrain store --objective barlo --out run", store),
    Case("unknown protocol", "evaluate run store --protocol few-shots", run),
    Case("a protocol of one's own", "evaluate run store --protocol svm", run),
    Case("unknown released weights", "weights edgcn-l --out edgcn.edgcn"),
    Case("recompute where there is nothing to compute again", f"{TRAIN_LSTM} --recompute", store),
    Case("no number for a learning rate of the probe", "evaluate run store --lr fast", run),
    Case("unknown augmentation", "pretrain store --augmentations rotat --out run", store),
    Case("unknown split", "pretrain store --split xsub --out run", store),
    # Settings
    Case("unknown flags", "pretrain store --epohcs 3 --bach-size 8"),
    Case("flags out of range", "pretrain store --lr -1 --epochs -1"),
    Case("a flag without its value", "pretrain store --lr --epochs 3"),
    Case("a word too many", "info store other"),
    Case("no store", "pretrain --epochs 3"),
    Case("a setting of another objective", "pretrain store --queue-size 64 --out run", store),
    Case("a recipe that is for another objective",
         "pretrain store --recipe best --objective moco --out run", store),
    Case("a setting of another protocol", "evaluate run store --protocol knn --lr 3", run),
    Case("two lengths of one training", "pretrain store --steps 5 --epochs 5 --out run", store),
    Case("misspelt keys in the config", "pretrain --config run.yaml",
         settings({"store": "store", "epohcs": 3, "bach_size": 8, "lr": "fast"})),
    Case("a key of another objective in the config", "pretrain --config run.yaml --out run",
         settings({"store": "store", "queue_size": 64})),
    Case("a recipe for another objective in the config", "pretrain --config run.yaml --out run",
         settings({"store": "store", "recipe": "best", "objective": "moco"})),
    Case("two lengths of one training in the config", "pretrain --config run.yaml --out run",
         settings({"store": "store", "steps": 5, "epochs": 5})),
    Case("an unknown setting of the encoder", "pretrain --config run.yaml --out run",
         settings({"store": "store", "encoder_settings": {"width": 8}})),
    Case("a config that is missing", "pretrain --config run.yaml"),
    Case("a config that is not YAML", "pretrain --config run.yaml",
         lambda f: (f / "run.yaml").write_text("lr: [1")),
    Case("an empty config", "pretrain --config run.yaml", lambda f: (f / "run.yaml").touch()),
    Case("a config without keys", "pretrain --config run.yaml",
         lambda f: (f / "run.yaml").write_text("fast")),
    # Plugins
    Case("a plugin that is missing", "pretrain store --plugin mine.py", store),
    Case("a plugin that fails", "pretrain store --plugin mine.py",
         plugin("import numpy as np\nnp.zeros(3).no_such_thing()\n")),
    Case("a plugin that is not Python", "pretrain store --plugin mine.py", plugin("def f(:\n")),
    Case("a plugin with a name that exists", "pretrain store --plugin mine.py",
         plugin("import edgcn\nedgcn.register_encoder('edgcn', dict)\n")),
    Case("a plugin that registers nothing", "check-plugin mine.py", plugin("x = 1\n")),
    Case("an objective of a plugin without its plugin", "pretrain store --objective mine", store),
    Case("a run whose plugin is gone", "evaluate run store", run_and_plugin(Path.unlink)),
    Case("a run whose plugin has changed", "evaluate run store", run_and_plugin(Path.exists)),
    # Outputs
    Case("existing output", PREPARE_NPZ, file_and_store),
    Case("overwriting what is not a store", "prepare clips_npz clips.npz --out letters --overwrite",
         letters),
    Case("read-only output", PREPARE_NPZ, lambda f: tiny_file(f / "clips.npz"), refuse_folders),
    Case("full disk", f"{PREPARE_NPZ} --overwrite", file_and_store, full_disk),
    Case("existing run", TRAIN_LSTM, run),
    Case("read-only runs", TRAIN_LSTM, store, refuse_runs),
    Case("full disk while training", "pretrain --config run.yaml --out run",
         settings({"store": "store", **SMALL}), full_disk_for_weights,
         leaves=("run", "run/metrics.jsonl", "run/run.json")),
    Case("existing recognizer", "fit run store --out mine.edgcn", fitted),
    Case("a stream of nothing", "stream edgcn-s --source recordings"),
    Case("a stream of what there is not", "stream edgcn-s --source radio:1"),
    Case("a camera without a number", "stream edgcn-s --source camera:front"),
    Case("a port that is none", "stream edgcn-s --source udp:70000"),
    Case("a stream without classes", "stream edgcn-s --source stdin"),
    Case("a folder where a recognizer belongs", "fit run store --out store --overwrite", run),
    Case("existing weights", "weights edgcn-s --out mine.edgcn", fitted),
    Case("an export over an existing file", "export edgcn-s --out a.onnx",
         lambda folder: (folder / "a.onnx").touch()),
    Case("an export to a file of another kind", "export edgcn-s --out mine.edgcn"),
    Case("a store for a graph", "export edgcn-s store --out a.onnx", store),
    Case("vectors of no store", "export edgcn-s --format projector --out vectors"),
    Case("joints for vectors", "export edgcn-s store --format projector --topology coco17 "
         "--out vectors", store),
    Case("a graph for unknown joints", "export edgcn-s --topology kinect --out a.onnx"),
    Case("existing result", "evaluate run store --protocol knn", run_and_result),
    # Stores and training
    Case("a store that is missing", "pretrain store"),
    Case("a folder that is no store", "pretrain store", lambda f: (f / "store").mkdir()),
    Case("damaged store", "info store", damaged_store),
    Case("no recordings to code", "studio nothing"),
    Case("a recognizer without recordings to code", "studio touch.edgcn"),
    Case("a port that no machine has", "studio store --port 99999"),
    Case("a label that no class has, in a store", "info store", edited_labels),
    Case("frames changed in a store", "evaluate run store --protocol knn", mirrored_frames),
    Case("batch larger than the set", "pretrain store --batch-size 32 --out run", store),
    Case("a batch with nothing to compare", "pretrain store --batch-size 1 --out run", store),
    Case("queue smaller than the batch",
         "pretrain store --recipe paper --batch-size 16 --queue-size 8 --out run", store),
    Case("more joints masked than there are",
         "pretrain store --encoder edgcn-s --batch-size 8 --out run", small_store),
    Case("an accelerator that is not there", "pretrain store --accelerator tpu --out run", store),
    Case("clips to learn from where nothing is annotated",
         "pretrain other --learn-from clips --out new", not_annotated),
    Case("a split of several folds to learn from", "pretrain store --split loso --out run", store),
    Case("loss that is not a number", "pretrain --config run.yaml --lr 1e30 --out run",
         settings({"store": "store", "recipe": "paper", **SMALL}),
         leaves=("run", "run/metrics.jsonl", "run/recognizer.edgcn", "run/run.json",
                 "run/state.safetensors")),
    Case("loss that is not a number in the first epoch",
         "pretrain --config run.yaml --lr 1e30 --out run",
         settings({"store": "store", "epochs": 2, **SMALL}),
         leaves=("run", "run/metrics.jsonl", "run/run.json")),
    Case("resuming what is no run", "pretrain --resume store", store),
    Case("resuming on a store that has changed", "pretrain --resume run", another_store_now),
    Case("resuming with other settings", "pretrain --resume run --lr 1", run),
    # Models and labels
    Case("evaluating what is neither a run nor released weights", "evaluate edgcn-l store", store),
    Case("evaluating a folder that is no run", "evaluate store store", store),
    Case("evaluating a file that is no recognizer", "evaluate clips.npz store", file_and_store),
    Case("cut recognizer", "evaluate run store", cut_recognizer),
    Case("another number of joints, taken by position",
         "evaluate run other --skeleton position", run_and_other_joints),
    Case("joints without a name in common", "evaluate run other", run_and_unnamed_joints),
    Case("more bodies than the recognizer knows",
         "evaluate run pairs --epochs 1 --no-figures", run_and_two_bodies, works=True),
    Case("one subject, so nobody to test on", "evaluate run lonely", run_and_one_subject),
    Case("split that leaves a class without training clips", "evaluate run other",
         run_and(only_tested)),
    Case("clips without labels", "evaluate run other", run_and(unlabelled)),
    Case("no clips at all", "evaluate run other", not_annotated),
    Case("split that leaves no training clips",
         "evaluate run store --split subject:s1,s2,s3,s4", run),
    Case("a subject that is not there", "evaluate run store --split subject:s9", run),
    Case("clusters of several folds", "evaluate run store --protocol clustering --split loso", run),
    Case("a model fused with itself", "evaluate run store --fuse run", run),
    Case("fusion where there are no probabilities",
         "evaluate run store --protocol knn --fuse other", run),
    Case("fitting on clips without labels", "fit run other --out new.edgcn", run_and(unlabelled)),
    Case("fitting on clips of one class", "fit run other --out new.edgcn",
         run_and(lambda clip: labelled(clip, 1))),
    Case("fitting on one subject", "fit run lonely --out new.edgcn", run_and_one_subject),
    Case("fitting on one side of several folds", "fit run store --out new.edgcn --split loso", run),
    Case("the classifier of a run that has none", "evaluate run store --protocol fitted", run),
    Case("a classifier of other classes", "evaluate mine.edgcn other --protocol fitted",
         run_and_other_classes),
    Case("the store before the model", "evaluate store run --overwrite", run),
    Case("the store before the model to fit", "fit store run --out new.edgcn", run),
    Case("a run in place of a store", "pretrain run --out new", run),
    Case("a run of which no epoch is finished", "evaluate run store", begun_run),
    Case("a run that is not finished (it is used, and named)",
         "evaluate run store --protocol knn --no-figures", unfinished_run, works=True),
    Case("resuming when the store is elsewhere", "pretrain --resume run", moved_store),
    Case("more neighbors than clips (all vote)",
         "evaluate run store --protocol knn --k 1000 --no-figures", run, works=True),
    Case("a class that nobody tests (it is named)",
         "evaluate run other --protocol knn --no-figures", run_and(never_tested), works=True),
    Case("a share of labels that is less than a clip (one is kept)",
         "evaluate run store --protocol semi --fractions 0.01 --draws 1 --no-figures", run,
         works=True),
    Case("test clips that are training clips, too",
         "evaluate run other --protocol knn --no-figures", run_and_copies, works=True),
    Case("one clip of absurd size", "evaluate run other --protocol knn",
         run_and(absurd_clip)),
    Case("weights that are not a number", "evaluate run store", nan_weights),
    Case("a recognizer of which a field was changed", "evaluate mine.edgcn store", other_header),
    Case("a recognizer with fewer classes than its classifier", "evaluate mine.edgcn store",
         fewer_classes),
    Case("a run of which a setting was changed", "pretrain --resume run", other_settings),
    Case("a log that was changed", "pretrain --resume run", other_log),
    Case("a result that was changed", "report run --out page", other_result),
    Case("errors of a result that was changed", "errors run", other_result),
    Case("errors of a run without evaluations", "errors run", run),
    Case("errors of which the clips were changed", "errors run", other_predictions),
    Case("errors of events without a store", "errors found.csv --truth found.csv", events_table),
    Case("errors of events without the truth", "errors found.csv", events_table),
    Case("a published protocol on other data", "evaluate run store --protocol smg-online", run),
    Case("weights beside that do not exist",
         "evaluate run store --protocol spotting --beside other", run),
    Case("a model beside itself", "evaluate run store --protocol spotting --beside run", run),
    Case("a benchmark of that name there is none", "agree found.csv found.csv --protocol smg",
         events_table),
    Case("a benchmark of other labels", "agree found.csv found.csv --protocol smg-online",
         events_table),
    Case("an option that no file of events has",
         "agree found.csv found.csv --protocol mma82-detection --options classes smg",
         events_table),
    Case("recognizing with a model that names gestures only",
         "recognize mine.edgcn store --out found", fitted),
    Case("recognizing with a model without classes", "recognize run store --out found", run),
    Case("recognizing in a folder without files", "recognize spots.edgcn empty --out found",
         spotter_and_empty_folder),
    Case("recognizing in recordings that are not there",
         "recognize spots.edgcn nowhere --out found", spotter),
    Case("recognizing in a file of events", "recognize spots.edgcn P01.eaf --out found",
         spotter_and_events),
    Case("recognizing one store twice", "recognize spots.edgcn waving waving --out found",
         spotter),
    Case("recognizing recordings of other joints", "recognize spots.edgcn store --out found",
         spotter_and_points),
    Case("a confidence above 1", "recognize spots.edgcn waving --out found --least 2", spotter),
    Case("processes beyond reason",
         "recognize spots.edgcn waving --out found --accelerator cpu --devices 9999", spotter),
    Case("learning to find gestures from one person", "fit spots.edgcn one --out mine.edgcn",
         one_person_waving),
    Case("learning from events over events, and a class without any",
         "fit spots.edgcn over --out mine.edgcn", overlapping_and_never, works=True),
    Case("a timeline without a store", "events found.csv --timeline t.html", events_table),
    Case("a timeline that is no page", "events store --timeline t.png", small_store),
    Case("a timeline of other recordings", "events found.csv --store store --timeline t.html",
         events_of_others),
    Case("clips and interviews at once",
         "prepare synthetic --options clips 10 interviews 4 --out store"),
    Case("an interview without end",
         "prepare synthetic --options interviews 4 minutes 1e9 --out store"),
    Case("threads beyond reason", "pretrain store --threads 1000000000 --out run", store),
    Case("a config that unfolds without end", "pretrain --config run.yaml --out run",
         lambda f: (f / "run.yaml").write_text(laughs())),
    Case("a config inside itself", "pretrain --config run.yaml --out run",
         lambda f: (f / "run.yaml").write_text("lr: &a [*a]")),
    Case("a report over files that are none", "report run --out page --overwrite", thesis),
    Case("report on a run without evaluations", "report run --out page", run),
    Case("a table that is not in the paper", "reproduce table9 --data ."),
)  # fmt: skip


def listing(folder: Path) -> dict[str, bytes]:
    """Every file and folder below a folder, hidden ones too, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def answer(
    case: Case, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Run the case's command; check that it left nothing behind; what it said."""
    patch.chdir(folder)
    patch.setattr("edgcn.base.progress.PLAIN_SECONDS", math.inf)  # however slow this machine is
    case.setup(folder)
    case.patch(patch)
    before = listing(folder)
    capsys.readouterr()
    with nothing_registered():
        status = cli.run(shlex.split(case.command))
    said = capsys.readouterr()
    after = listing(folder)
    if case.works:
        assert (status, said.err) == (0, "")
        return "works: " + "<br>".join(line.strip() for line in said.out.splitlines()[:-1])
    assert status == 2, said
    assert said.err.startswith("error: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err + said.out
    assert str(folder) not in said.err
    assert {name: after.get(name) for name in before} == before
    assert sorted(after.keys() - before.keys()) == sorted(case.leaves)
    return said.err.strip()


def row(case: Case, text: str) -> str:
    """One line of the table."""
    escaped = text.replace("|", "\\|").replace("][", "]\\[")  # no column, no link
    return f"| {case.name} | `edgcn {case.command}` | {escaped} |\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input(
    case: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = row(case, answer(case, tmp_path, monkeypatch, capsys))
    if "EDGCN_WRITE_DOCS" not in os.environ:
        assert line in TABLE.read_text(), "run it with EDGCN_WRITE_DOCS=1 if this is meant"


def test_the_table_has_these_cases_and_no_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "EDGCN_WRITE_DOCS" in os.environ:
        lines = []
        for number, case in enumerate(CASES):
            folder = tmp_path / str(number)
            folder.mkdir()
            with pytest.MonkeyPatch.context() as patch:
                lines.append(row(case, answer(case, folder, patch, capsys)))
        TABLE.write_text(INTRO + "".join(lines))
    text = TABLE.read_text()
    assert text.startswith(INTRO)
    listed = [line.split("` |")[0] for line in text.removeprefix(INTRO).splitlines()]
    assert listed == [f"| {case.name} | `edgcn {case.command}" for case in CASES]
    assert len({case.name for case in CASES}) == len(CASES)


def test_one_frame_clips_train_and_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clip of one frame stands still; that is no reason to fail anywhere on the way."""
    monkeypatch.chdir(tmp_path)
    clips = one_frame(make_clips(24, 3, 4, 0, tiny_topology()))
    write_store(tiny_recordings(clips=clips), tmp_path / "store")
    content = {"store": "store", **SMALL, "epochs": 2, "augmentations": list(FEW_JOINTS)}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(content))
    assert cli.run(["pretrain", "--config", "run.yaml", "--out", "run"]) == 0
    assert cli.run(["evaluate", "run", "store", "--no-figures", "--epochs", "2"]) == 0
    assert "nan" not in capsys.readouterr().out.lower()
