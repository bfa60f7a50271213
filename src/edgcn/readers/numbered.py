"""Files, or pictures, of which each is one frame: recordings by name, frames by number.

paths -> `videos` -> the frames of each recording in order; numbers -> `slots` -> places in time
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from edgcn.base.errors import FileError
from edgcn.base.words import LISTED, named
from edgcn.readers.labelling import label_of_folder

NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")  # the last number of a name counts frames
DIGITS = 18  # the last of a number that tell its frame
AROUND = "_-. "  # what stands between a name and its number
FEWEST = 0.5  # of the frames that the numbers count; where there are less, they count no frames


class Video(NamedTuple):
    """The frames of one recording in order, each with its number."""

    name: str
    label: str
    frames: list[tuple[int, Path]]


class Slots(NamedTuple):
    """Where frames are in time, how many there would be, and what is said of it."""

    places: list[int]
    total: int
    note: str


def parted(stem: str) -> tuple[str, int]:
    """A name without its last number, and that number."""
    matched = NUMBERED.fullmatch(stem)
    before, number, after = matched.groups() if matched else (stem, "0", "")
    return before + after, int(number[-DIGITS:])


def videos(stems: Sequence[tuple[Path, str]], root: Path) -> dict[Path, Video]:
    """The recordings by their first file: files of one folder and one name before the number.

    Args:
        stems: the files, each with its name without the ending.
    """
    groups: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for file, stem in stems:
        own, number = parted(stem)
        groups.setdefault((file.parent, own), []).append((number, file))
    several = Counter(folder for folder, _ in groups)
    short = Counter((folder, own.strip(AROUND)) for folder, own in groups)
    made = {}
    for (folder, own), frames in groups.items():
        frames.sort()
        parts = [*folder.relative_to(root).parts]
        label = label_of_folder(tuple(parts))
        if several[folder] > 1:
            plain = own.strip(AROUND)
            parts.append(plain if plain and short[folder, plain] == 1 else own or "unnamed")
        name = "/".join(parts) or root.absolute().name
        made[frames[0][1]] = Video(name, label, frames)
    return made


def beside(made: Collection[Video]) -> str:
    """The note on recordings that share a folder."""
    folders = Counter(video.frames[0][1].parent for video in made)
    shared = [video.name for video in made if folders[video.frames[0][1].parent] > 1]
    if not shared:
        return ""
    told = "recordings in one folder, told apart by what stands before the number"
    return f"{told}: {named(shared, most=LISTED)}"


def slots(frames: Sequence[tuple[int, Path | None]], path: Path, *, what: str) -> Slots:
    """The place of each frame by its number; numbers that are left out are frames of nobody.

    Args:
        frames: sorted by number; the file of each, if it has one of its own.
        path, what: where the frames are, and what they are ("file"), for errors and notes.

    Raises:
        FileError: a number comes twice, or they count no frames.
    """
    numbers = [number for number, _ in frames]
    steps = [after - before for before, after in pairwise(numbers)]
    if 0 in steps:
        number, file = frames[steps.index(0) + 1]
        which = "" if file is not None else f" ({number})"
        reason = f"expected one {what} for each frame, got its number twice{which}"
        raise FileError(file or path, reason)
    step = math.gcd(*steps) or 1  # some detect in every fifth frame, say
    total = (numbers[-1] - numbers[0]) // step + 1
    if total > len(numbers) / FEWEST:
        raise FileError(
            path,
            f"expected {what}s whose numbers count frames, got {len(numbers)} of the {total} from "
            f"{numbers[0]} to {numbers[-1]}",
        )
    absent = total - len(numbers)
    note = f"{absent} of {total} frames have no {what}" if absent else ""
    return Slots([(number - numbers[0]) // step for number in numbers], total, note)
