"""What files of each format look like: which reader takes a path that comes without a name.

file or folder -> names of its files, a look into a few -> `Found`: a reader, the path it takes
"""

import re
import zipfile
from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from edgcn.base.arrayfiles import map_npy, npz_shapes
from edgcn.base.errors import EdgcnError
from edgcn.base.files import check_file
from edgcn.base.words import LISTED, named
from edgcn.readers.mediapipe_arrays import blocks_of
from edgcn.readers.mediapipe_names import PARTS
from edgcn.readers.text.folders import visible
from edgcn.readers.video import KEPT

HEAD = 65536  # bytes of a file that are looked at
LOOKED_INTO = 5  # files of one pattern

Holds = Callable[[Path], bool]


class Look(NamedTuple):
    """How files of a format are known.

    Args:
        names: patterns of file names, in lower case.
        holds: whether a file of such a name holds what the format has.
        rank: the lowest one counts: what is read where nothing else is there is higher.
        alone: the reader takes one file, not a folder.
    """

    names: tuple[str, ...]
    holds: Holds = lambda _: True
    rank: int = 0
    alone: bool = False


class Found(NamedTuple):
    """The reader that takes a path, and the sentence that says why."""

    reader: str
    path: Path
    why: str


def begins(pattern: bytes) -> Holds:
    """Whether the first bytes of a file have this, in upper or lower case."""
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def holds(path: Path) -> bool:
        with open(path, "rb") as file:
            return compiled.search(file.read(HEAD)) is not None

    return holds


def members(*names: str) -> Holds:
    """Whether an .npz has arrays of all these names."""

    def holds(path: Path) -> bool:
        with zipfile.ZipFile(path) as file:
            return {f"{name}.npy" for name in names} <= set(file.namelist())

    return holds


def beside(ending: str, other: str) -> Holds:
    """Whether there is a file of the same name but for its ending."""
    return lambda path: path.with_name(path.name[: -len(ending)] + other).exists()


def landmarks(path: Path) -> bool:
    """Whether a table's header, or an array's shape, is that of MediaPipe's landmarks."""
    if path.suffix.lower() == ".csv":
        return begins(rb"\A[^\n]*(pinky|\bx[01],y[01],z[01])")(path)
    if path.suffix.lower() == ".npy":
        shapes = {"": map_npy(path).shape}
    elif "lengths" in (shapes := npz_shapes(path)):  # `clips_npz` and its like
        return False
    return any(
        len(shape) > 1
        and ((shape[-2] in PARTS and 2 <= shape[-1] <= 5) or blocks_of(shape[-1]) is not None)
        for shape in shapes.values()
    )


# In a header: two joints, or one column for all of them.
JOINTS = (
    rb"\A[^\n]*(shoulder|elbow|wrist)[^\n]*(shoulder|elbow|wrist)|"
    rb"\A[^\n]*\b(joint|keypoint|landmark|body_?part)s?(_name|_id|_index)?\b[^\n]*\bx\b[^\n]*\by\b"
)
# One line a reader; names of readers that are not there are passed over.
LOOKS: dict[str, Look] = {
    "stores": Look(("store.json",), rank=-1),
    "ntu": Look(("*.skeleton",), begins(rb"\A\W*\d+\s")),
    "smg": Look(("sample*_skeleton.csv",)),
    "imigue": Look(("[0-9]*_light_hand.csv", "[0-9]*_2.xlsx", "labels_20200831.csv")),
    "openpose": Look(("*.json",), begins(rb'"people"\s*:\s*\[')),
    "pyskl": Look(("*.pkl",), begins(rb"annotations|frame_dir|split"), alone=True),
    "stgcn": Look(("*_data.npy",), beside("_data.npy", "_label.pkl")),
    "clips_npz": Look(("*.npz",), members("frames", "lengths", "labels", "names"), alone=True),
    "events_npz": Look(("*.npz",), members("frames", "lengths", "rec", "start_frame"), alone=True),
    "utd_mhad": Look(("a*_s*_t*_skeleton.mat",)),
    "msr_action3d": Look(("a*_s*_e*_skeleton*.txt",)),
    "nw_ucla": Look(("a*_s*_e*_v*.json",), begins(rb'"skeletons"')),
    "mediapipe": Look(("*.csv", "*.npz", "*.npy"), landmarks),
    "coco_results": Look(("*.json",), begins(rb'"(image_id|instances|keypoint_scores)"\s*:')),
    "bvh": Look(("*.bvh",), begins(rb"\A\W*HIERARCHY")),
    "pose": Look(("*.pose",)),
    "dlc": Look(("*.csv", "*.h5"), begins(rb"\A\W*scorer|\A[^\n]*instance\.score|\A\x89HDF")),
    "azure_kinect": Look(("*.json",), begins(rb'"(joint_names|bone_list|joint_positions)"\s*:')),
    "trc": Look(("*.trc",)),
    "keraal": Look(("g*-*-*-*.json", "g*-*-*-*.txt")),
    "table": Look(("*.csv", "*.tsv"), begins(JOINTS), rank=1),
    "video": Look(("*.mp4", "*.avi", "*.mov", "*.mkv", "*.webm", "*.mpg"), rank=2),
}


def look(path: Path, readers: Collection[str]) -> Found:
    """The reader of a file or folder.

    Args:
        readers: names of those there are.

    Raises:
        EdgcnError: nothing is there, no reader takes it, or several might.
    """
    if not path.exists():
        raise EdgcnError(f"{path} does not exist")
    if (path / "store.json").is_file():
        raise EdgcnError(f"{path} is a store already; see `edgcn info {path}`")
    files = _files(path)
    known = {name: LOOKS[name] for name in LOOKS if name in readers}
    by_name = {name: found for name in known if (found := _matching(files, known[name]))}
    claims = {n: file for n in by_name if (file := _one_that_holds(by_name[n], known[n]))}
    best = min((known[name].rank for name in claims), default=0)
    claims = {name: file for name, file in claims.items() if known[name].rank == best}
    say = f"say which: `edgcn prepare READER {path}`"
    if not claims:
        near = named(list(by_name), most=LISTED)
        among = f"none of its {len(files)} files" if path.is_dir() else "it"
        among += " is of a known format" if path.is_dir() else " is of no known format"
        if by_name:
            among += f", though named as those of {near} are"
        others = "" if by_name else f"; there are {', '.join(sorted(readers))}"
        raise EdgcnError(f"cannot tell what {path} holds: {among}; {say}{others}")
    if len(claims) > 1:
        listed = ", ".join(f"{name} (as {file.name} looks)" for name, file in claims.items())
        raise EdgcnError(f"{path} may be for several readers, {listed}; {say}")
    ((reader, file),) = claims.items()
    which = path
    if known[reader].alone:
        which = file
        if (total := len(by_name[reader])) > 1:
            raise EdgcnError(
                f"{path} has {total} files for the reader {reader}, which takes one: give its "
                f"path, such as {file}"
            )
    why = f"{which} is taken for {reader}, as {file.name} looks"
    return Found(reader, which, f"{why}; otherwise: `edgcn prepare READER {which}`")


def _files(path: Path) -> list[Path]:
    """The visible files of a folder but the poses kept of videos, sorted; a file is itself."""
    if not path.is_dir():
        return [path]
    files = (file for file, is_file in visible(path, deep=True) if is_file)
    return sorted(file for file in files if KEPT not in file.relative_to(path).parts)


def _matching(files: Sequence[Path], known: Look) -> list[Path]:
    return [f for f in files if any(fnmatchcase(f.name.lower(), name) for name in known.names)]


def _one_that_holds(files: Sequence[Path], known: Look) -> Path | None:
    """One of a few files, from all of them, that holds what it should."""
    for file in files[:: max(1, len(files) // LOOKED_INTO)]:
        try:
            check_file(file)
            if known.holds(file):
                return file
        except (OSError, EdgcnError, zipfile.BadZipFile, ValueError, NotImplementedError):
            continue  # it is damaged: another one may tell
    return None
