"""iMiGUE, micro-gestures at press conferences (Liu et al., CVPR 2021): OpenPose keypoints, 2D.

Full release: 0001_2.xlsx, (T, 411) = 137 keypoints x (x, y, confidence), and one label table ->
videos (T, 1, 25 or 22, 3), in pixels, with segments. The MiGA release is read by imigue_miga.py.
"""

import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError, require
from edgcn.readers.imigue_gestures import (
    BODY,
    CLASSES,
    DOUBTFUL,
    EMPTY,
    Gesture,
    Video,
    unlabelled,
    whole,
)
from edgcn.readers.imigue_miga import ENDING, read_miga
from edgcn.readers.imigue_table import NAME, TRAIN, read_table
from edgcn.readers.rates import Rate
from edgcn.readers.text.files import (
    read_lines,
    rows,
    stream,
)
from edgcn.readers.text.folders import check_folder
from edgcn.skeleton.layouts import BODY_25, MIGA_22
from edgcn.skeleton.recording import Recording, Recordings, Skipped, SplitRule

LABELS = Path("Label", NAME)
SKELETONS = "mg_skeleton_only"
FPS = 25.0  # frame = floor(25 t) in all rows of the label table

LARGEST = 2**30  # bytes of a workbook, unpacked: an hour is a third of it
KEYPOINTS = 137  # BODY_25, 21 of the left hand, 21 of the right hand, 70 of the face
LEFT_HAND, RIGHT_HAND = 25, 46
TIPS = (4, 8, 12, 16, 20)  # of thumb, index, middle, ring and little finger in a 21-point hand
KEPT = {
    "body_25": tuple(range(25)),
    "miga_22": (*BODY, *(RIGHT_HAND + tip for tip in TIPS), *(LEFT_HAND + tip for tip in TIPS)),
}


def read_imigue(
    path: Path, *, joints: Literal["body_25", "miga_22"] = "body_25", fps: Rate = FPS
) -> Recordings:
    """iMiGUE in its full release (`Label/`, `mg_skeleton_only/`) or its MiGA release.

    Each video is one recording, each label row one of its segments. All-zero frames are failures
    of the detector and stay 0. `condition` is "win" or "lose" (full release only), or "doubtful"
    for the two videos the data set doubts. A video without label rows is kept whole, as the note
    says.

    Args:
        joints: of the full release; "miga_22" takes arms, face and finger tips, as the MiGA
            release has them (that release is always read so).
        fps: frames a second, which the files do not say; the label table's times give 25.

    Raises:
        EdgcnError: the folder is missing or is neither release.
        FileError: the label table of the full release lacks a column.
    """
    check_folder(path, what="iMiGUE")
    full = (path / LABELS).is_file()
    if not full or (not (path / SKELETONS).is_dir() and any(path.glob(f"**/*{ENDING}"))):
        return read_miga(path, fps=float(fps))
    check_folder(path / SKELETONS, what="iMiGUE's skeletons")
    table, bad = read_table(path / LABELS)
    for folder in sorted((path / SKELETONS).iterdir()):
        if folder.is_dir() and folder.name.isascii() and folder.name.isdigit():
            table.setdefault(int(folder.name), [])  # a video without labels is read too
    videos = {_video_path(path / SKELETONS, video): video for video in sorted(table)}

    def read_one(file: Path) -> Iterator[Recording | Skipped]:
        video = videos[file]
        return _read_video(file, video, table[video], labels=path / LABELS, joints=joints)

    return Recordings(
        reader="imigue",
        topology=BODY_25 if joints == "body_25" else MIGA_22,
        classes=CLASSES,
        recordings=chain(bad, stream(videos, read_one)),
        fps=float(fps),
        units="px",
        dims=2,
        total=len(bad) + len(videos),
        splits={"subject": SplitRule("subject", train=tuple(map(str, TRAIN)))},
        sources=(path / LABELS, *(file for file in videos if file.is_file())),
        note=unlabelled([f"{v:04d}" for file, v in videos.items() if not (table[v] or v in EMPTY)]),
    )


def _video_path(folder: Path, video: int) -> Path:
    """The workbook of a video, or a csv of the same name where there is no workbook."""
    workbook = folder / f"{video:04d}" / f"{video:04d}_2.xlsx"
    table = workbook.with_suffix(".csv")
    return table if table.is_file() and not workbook.is_file() else workbook


def _read_video(
    file: Path, video: int, gestures: list[Gesture], *, labels: Path, joints: str
) -> Iterator[Recording | Skipped]:
    if video in EMPTY:
        yield Skipped(str(file), "listed as empty by the data set", known=True)
        return
    if not file.is_file():
        reason = f"expected the keypoints of {len(gestures)} labelled segments here, found no file"
        raise FileError(file, reason)
    yield from whole(
        read_keypoints(file)[:, list(KEPT[joints])],
        gestures,
        name=f"{video:04d}",
        labels=labels,
        condition="doubtful" if video in DOUBTFUL else "",
    )


def read_keypoints(file: Path) -> Video:
    """All 137 keypoints of a video, from its workbook or csv: (T, 137, 3)."""
    if file.suffix == ".csv":
        values = rows(file, read_lines(file), 3 * KEYPOINTS, separator=",")
    else:
        values = np.array(list(_workbook_rows(file)))
    if not len(values):
        raise FileError(file, f"expected rows of {3 * KEYPOINTS} numbers, got an empty file")
    return values.reshape(-1, KEYPOINTS, 3)


def _workbook_rows(file: Path) -> Iterator[Float[np.ndarray, "411"]]:
    """The rows of the first sheet, each checked to be 411 finite numbers."""
    blank = False
    for line_no, row in enumerate(_cells(file), 1):
        if all(cell is None for cell in row):
            blank = True  # rows that were only formatted, harmless at the end
            continue
        if blank or len(row) != 3 * KEYPOINTS:
            got = "an empty row before this one" if blank else f"{len(row)}"
            raise FileError(file, f"expected {3 * KEYPOINTS} numbers, got {got}", line=line_no)
        try:
            values = np.array(row, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise FileError(file, f"expected numbers, got {error}", line=line_no) from None
        if not np.isfinite(values).all():
            column = int(np.flatnonzero(~np.isfinite(values))[0])
            reason = f"expected a finite number in column {column + 1}, got {row[column]!r}"
            raise FileError(file, reason, line=line_no)
        yield values


def _cells(file: Path) -> Iterator[tuple[Any, ...]]:
    """The cells of the first sheet, row by row."""
    openpyxl = require("openpyxl", extra="xlsx")
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())  # no more is unpacked
        if size > LARGEST:
            reason = f"expected at most {LARGEST:,} bytes, unpacked, got {size:,}"
            raise FileError(file, reason)
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        try:
            sheet = workbook.worksheets[0]
            sheet.reset_dimensions()  # some writers state wrong ones, and rows come out cut
            yield from sheet.iter_rows(values_only=True)
        finally:
            workbook.close()
    except (FileError, OSError):
        raise
    except Exception as error:  # a damaged workbook fails anywhere in zip, XML or openpyxl
        raise FileError(file, f"expected an Excel workbook, got {error or type(error)}") from error
