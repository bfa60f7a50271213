"""Every bad input we could think of, through the command line: one line, exit 2, nothing left over.

What each one is answered stands in docs/bad-inputs.md. EDGCN_WRITE_DOCS=1 writes that file anew.
"""

import errno
import math
import os
import pickle
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from edgcn import checkpoint, cli
from edgcn.commands.config import PretrainConfig
from edgcn.models.build import build_encoder, save_encoder
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.runs import write_json
from edgcn.skeleton.recording import Clip
from edgcn.skeleton.topology import Topology
from edgcn.store import open_store, write, write_store
from helpers import (
    FEW_JOINTS,
    SMALL_ENCODER,
    make_clips,
    tiny_file,
    tiny_recordings,
    tiny_store,
    tiny_topology,
    twenty_joints,
)
from readers.writers import person, write_ntu, write_smg

TABLE = Path(__file__).parents[2] / "docs" / "bad-inputs.md"
INTRO = """# What edgcn says to bad input

Each line is what the command line really answered, taken down by `tests/commands/test_bad_inputs.py`
(which also checks that the exit status is 2 and that nothing half-written is left behind; where the
input is fine after all, it says so). `--debug` adds the traceback.

| bad input | command | what edgcn says |
|---|---|---|
"""

Setup = Callable[[Path], None]
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


def ntu_folder(folder: Path) -> None:
    """Two whole files and one that was cut."""
    ntu_file(folder / "ntu", "S001C001P001R001A001")
    ntu_file(folder / "ntu", "S001C001P002R001A002")
    ntu_file(folder / "ntu", "S001C001P003R001A003", lines=100)


def changed_file(change: Callable[[list[Clip]], list[Clip]]) -> Setup:
    """A clips.npz whose clips were changed."""

    def setup(folder: Path) -> None:
        clips = change(make_clips(12, 3, 3, 0, twenty_joints()))
        tiny_file(folder / "clips.npz", clips=clips)

    return setup


def spoiled(value: float) -> Setup:
    """A clips.npz with one number replaced."""

    def change(clips: list[Clip]) -> list[Clip]:
        frames = clips[4].frames.copy()
        frames[2, 0, 5, 1] = value
        return [*clips[:4], replace(clips[4], frames=frames), *clips[5:]]

    return changed_file(change)


def one_frame(clips: list[Clip]) -> list[Clip]:
    return [replace(clip, frames=clip.frames[:1]) for clip in clips]


def no_frames(clips: list[Clip]) -> list[Clip]:
    return [replace(clips[0], frames=clips[0].frames[:0]), *clips[1:]]


def unknown_class(clips: list[Clip]) -> list[Clip]:
    return [replace(clips[0], label=7), *clips[1:]]


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


def store(folder: Path) -> None:
    """24 clips of 20 joints."""
    tiny_store(folder, name="store", topology=twenty_joints())


def small_store(folder: Path) -> None:
    """24 clips of 5 joints."""
    tiny_store(folder, name="store")


def run(folder: Path) -> None:
    """A run as pre-training leaves it, for 20 joints."""
    store(folder)
    opened = open_store(Path("store"))
    config = PretrainConfig(
        recipe="paper",
        store=Path("store"),
        encoder="ascal-lstm",
        encoder_options={"embed_dim": 4},
        frames=4,
        batch_size=8,
    )
    inputs = Inputs(
        topology=opened.topology, dims=3, bodies=1, frames=4, normalize=NORMALIZATIONS["paper"]
    )
    (folder / "run").mkdir()
    about = {"config": config.model_dump(mode="json"), "store_fingerprint": opened.fingerprint}
    write_json(folder / "run" / "run.json", about)
    encoder = build_encoder(config.encoder, inputs, config.encoder_options)
    path, options = folder / "run" / "encoder.safetensors", config.encoder_options
    save_encoder(path, encoder, name=config.encoder, options=options, inputs=inputs)


def run_and_other_joints(folder: Path) -> None:
    run(folder)
    tiny_store(folder, name="other")


def run_and_unnamed_joints(folder: Path) -> None:
    run(folder)
    points = Topology(
        "points", ("a", "b", "c"), (("b", "a"), ("c", "b")), "a", (), ("a", "c"), ("a", "b"), ""
    )
    tiny_store(folder, name="other", topology=points)


def run_and_two_bodies(folder: Path) -> None:
    run(folder)
    tiny_store(folder, name="pairs", topology=twenty_joints(), bodies=2)


def run_and(change: Callable[[Clip], Clip]) -> Setup:
    """A run, and a store of the same joints with changed clips."""

    def setup(folder: Path) -> None:
        run(folder)
        clips = [change(clip) for clip in make_clips(24, 3, 4, 0, twenty_joints())]
        write_store(tiny_recordings(clips=clips, topology=twenty_joints()), folder / "other")

    return setup


def only_tested(clip: Clip) -> Clip:
    """The last subject, who tests, alone performs the last class."""
    return replace(clip, label=clip.label if clip.subject == "s4" else clip.label % 2)


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


SMALL = {"encoder": "edgcn-s", "encoder_options": SMALL_ENCODER, "frames": 8, "batch_size": 8}


def damaged_store(folder: Path) -> None:
    store(folder)
    path = folder / "store" / "frames.npy"
    path.write_bytes(path.read_bytes()[:-1000])


def cut_checkpoint(folder: Path) -> None:
    run(folder)
    path = folder / "run" / "encoder.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def another_store_now(folder: Path) -> None:
    run(folder)
    arguments = {"topology": twenty_joints(), "seed": 1}
    write_store(tiny_recordings(**arguments), folder / "store", overwrite=True)


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


# What the machine refuses (an administrator would be allowed what chmod forbids)


def refuse_folders(patch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    patch.setattr(tempfile, "mkdtemp", refused)


def refuse_runs(patch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def refused(self: Path, *arguments: object, **options: object) -> None:
        if self.name == "run":
            raise OSError(errno.EROFS, "Read-only file system")
        make(self, *arguments, **options)

    patch.setattr(Path, "mkdir", refused)


def full_disk(patch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(write._Growing, "append", full)


def full_disk_for_checkpoints(patch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(checkpoint, "save_file", full)


PREPARE_NTU = "prepare ntu ntu --out store"
PREPARE_NPZ = "prepare clips_npz clips.npz --out store"
PREPARE_STORES = "prepare stores stores --out union"
CASES = (
    # Recordings
    Case("missing path", PREPARE_NTU),
    Case("empty folder", PREPARE_NTU, lambda folder: (folder / "ntu").mkdir()),
    Case("a file where a folder belongs", PREPARE_NTU, lambda f: (f / "ntu").write_text("")),
    Case("truncated NTU file", PREPARE_NTU, lambda f: ntu_file(f / "ntu", lines=100)),
    Case("truncated NTU file, strict", f"{PREPARE_NTU} --strict", ntu_folder),
    Case("truncated NTU file among good ones", PREPARE_NTU, ntu_folder, works=True),
    Case("NaN coordinates", f"{PREPARE_NPZ} --strict", spoiled(np.nan)),
    Case("infinite coordinates", f"{PREPARE_NPZ} --strict", spoiled(np.inf)),
    Case("NaN coordinates among good clips", PREPARE_NPZ, spoiled(np.nan), works=True),
    Case("too large for float16", f"{PREPARE_NPZ} --dtype float16 --strict", spoiled(1e6)),
    Case("zero-length clip", f"{PREPARE_NPZ} --strict", changed_file(no_frames)),
    Case("zero-length clip among good ones", PREPARE_NPZ, changed_file(no_frames), works=True),
    Case("one-frame clips (they are repeated)", PREPARE_NPZ, changed_file(one_frame), works=True),
    Case("unknown class id", PREPARE_NPZ, changed_file(unknown_class)),
    Case("wrong column count", "prepare smg smg --out store", smg_columns),
    Case("malicious pickle (it is not run)", "prepare pyskl clips.pkl --out store", malicious),
    Case("a file that is no npz", PREPARE_NPZ, lambda f: (f / "clips.npz").write_text("x")),
    Case("no stores to join", PREPARE_STORES, lambda f: (f / "stores").mkdir()),
    Case("stores of several skeletons", PREPARE_STORES,
         lambda f: two_stores(f, topology=tiny_topology())),
    Case("stores of meters and of pixels", PREPARE_STORES,
         lambda f: two_stores(f, units="px", dims=2)),
    Case("one store under two names", PREPARE_STORES, lambda f: two_stores(f, seed=0)),
    Case("a store to leave out that is not there", f"{PREPARE_STORES} --options leave_out tow",
         two_stores),
    # Names
    Case("unknown command", "pretrian store"),
    Case("unknown reader", "prepare nut ntu --out store"),
    Case("unknown reader option", f"{PREPARE_NTU} --options bodies 1", ntu_folder),
    Case("reader option of another type", f"{PREPARE_NTU} --options max_bodies two", ntu_folder),
    Case("unknown topology", f"{PREPARE_NTU} --topology kinect", ntu_folder),
    Case("unknown encoder", "pretrain store --encoder edgnc --batch-size 8 --out run", store),
    Case("recompute where there is nothing to compute again",
         "pretrain store --encoder ascal-lstm --recompute --batch-size 8 --out run", store),
    Case("no number for a learning rate of the probe", "evaluate run store --lr fast", run),
    Case("unknown augmentation", "pretrain store --augmentations rotat --out run", store),
    Case("unknown split", "pretrain store --split xsub --out run", store),
    Case("unknown flags", "pretrain store --epohcs 3 --bach-size 8"),
    Case("flags out of range", "pretrain store --lr -1 --epochs -1"),
    Case(
        "misspelt keys in the config",
        "pretrain --config run.yaml",
        settings({"store": "store", "epohcs": 3, "bach_size": 8, "lr": "fast"}),
    ),
    Case("a config that is not YAML", "pretrain --config run.yaml",
         lambda f: (f / "run.yaml").write_text("lr: [1")),
    # Outputs
    Case("existing output", PREPARE_NPZ, file_and_store),
    Case("overwriting what is not a store", "prepare clips_npz clips.npz --out letters --overwrite",
         letters),
    Case("read-only output", PREPARE_NPZ, lambda f: tiny_file(f / "clips.npz"), refuse_folders),
    Case("full disk", f"{PREPARE_NPZ} --overwrite", file_and_store, full_disk),
    # Stores and runs
    Case("a folder that is no store", "pretrain store", lambda f: (f / "store").mkdir()),
    Case("damaged store", "info store", damaged_store),
    Case("existing run", "pretrain store --encoder ascal-lstm --batch-size 8 --out run", run),
    Case("read-only runs", "pretrain store --encoder ascal-lstm --batch-size 8 --out run", store,
         refuse_runs),
    Case("full disk while training", "pretrain --config run.yaml --out run",
         settings({"store": "store", **SMALL}), full_disk_for_checkpoints,
         leaves=("run", "run/metrics.jsonl", "run/run.json")),
    Case("batch larger than the set", "pretrain store --batch-size 32 --out run", store),
    Case("queue smaller than the batch",
         "pretrain store --recipe paper --batch-size 16 --queue-size 8 --out run", store),
    Case("more joints masked than there are",
         "pretrain store --encoder edgcn-s --batch-size 8 --out run", small_store),
    Case("one subject, so nobody to test on", "evaluate run lonely", run_and_one_subject),
    Case("loss that is not a number", "pretrain --config run.yaml --lr 1e30 --out run",
         settings({"store": "store", "recipe": "paper", **SMALL}),
         leaves=("run", "run/encoder.safetensors", "run/metrics.jsonl", "run/run.json",
                 "run/state.safetensors")),
    Case("resuming on a store that has changed", "pretrain --resume run", another_store_now),
    Case("resuming with other settings", "pretrain --resume run --lr 1", run),
    Case("evaluating a folder that is no run", "evaluate store store", store),
    Case("cut checkpoint", "evaluate run store", cut_checkpoint),
    Case("another number of joints, taken by position",
         "evaluate run other --skeleton position", run_and_other_joints),
    Case("joints without a name in common", "evaluate run other", run_and_unnamed_joints),
    Case("more bodies than the checkpoint knows",
         "evaluate run pairs --epochs 1 --no-figures", run_and_two_bodies, works=True),
    Case("split that leaves a class without training clips", "evaluate run other",
         run_and(only_tested)),
    Case("clips without labels", "evaluate run other", run_and(lambda c: replace(c, label=-1))),
    Case("split that leaves no training clips",
         "evaluate run store --split subject:s1,s2,s3,s4", run),
    Case("a subject that is not there", "evaluate run store --split subject:s9", run),
    Case("report on a run without evaluations", "report run --out page", run),
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
    escaped = text.replace("|", "\\|")
    return f"| {case.name} | `edgcn {case.command}` | {escaped} |\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input(case: Case, tmp_path: Path, monkeypatch, capsys):
    line = row(case, answer(case, tmp_path, monkeypatch, capsys))
    if "EDGCN_WRITE_DOCS" not in os.environ:
        assert line in TABLE.read_text(), "run it with EDGCN_WRITE_DOCS=1 if this is meant"


def test_the_table_has_these_cases_and_no_others(tmp_path: Path, capsys):
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


def test_one_frame_clips_train_and_evaluate(tmp_path: Path, monkeypatch, capsys):
    """A clip of one frame stands still; that is no reason to fail anywhere on the way."""
    monkeypatch.chdir(tmp_path)
    clips = one_frame(make_clips(24, 3, 4, 0, tiny_topology()))
    write_store(tiny_recordings(clips=clips), tmp_path / "store")
    content = {"store": "store", **SMALL, "epochs": 2, "augmentations": list(FEW_JOINTS)}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(content))
    assert cli.run(["pretrain", "--config", "run.yaml", "--out", "run"]) == 0
    assert cli.run(["evaluate", "run", "store", "--no-figures", "--epochs", "2"]) == 0
    assert "nan" not in capsys.readouterr().out.lower()
