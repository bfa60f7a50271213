"""One wrong input from a small valid sample: a file damaged, rewritten, lost or there twice.

files by name -> `Mutant`: files by name, and how each step came about. A seed gives the same.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from fuzz.damage import BYTES, LINES
from fuzz.formats import REWRITES, TEXTS, anything

Files = Mapping[str, bytes]
Sort = Literal["damaged", "rewritten", "moved"]
PLACES = ("link", "loop", "folder", "pipe")  # what stands where a file should be


@dataclass
class Mutant:
    """A changed sample.

    Args:
        content: of files that are changed or new.
        lost: files that are not there.
        places: what stands where a file was: a dangling link, a link to itself, a folder, a pipe.
        steps: how it came about, in order ("flip_bits a.csv").
        sorts: of the steps: what may be asked of a reader depends on it.
    """

    content: dict[str, bytes] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    places: dict[str, str] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    sorts: set[Sort] = field(default_factory=set)

    @property
    def touched(self) -> set[str]:
        """All names that something happened to."""
        return {*self.content, *self.lost, *self.places}

    def put(self, folder: Path) -> None:
        """Write it over the sample in a folder."""
        for name in self.lost:
            (folder / name).unlink(missing_ok=True)
        for name, content in self.content.items():
            path = folder / os.fsdecode(os.fsencode(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, place in self.places.items():
            path = folder / name
            path.unlink(missing_ok=True)
            match place:
                case "link":
                    path.symlink_to("/not/mounted/x")
                case "loop":
                    path.symlink_to(path.name)
                case "folder":
                    path.mkdir()
                case _:
                    os.mkfifo(path)


def restore(folder: Path, sample: Files, mutant: Mutant) -> None:
    """Put back what a mutant changed."""
    for name in mutant.touched:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if name in sample:
            path.write_bytes(sample[name])


def mutant_of(sample: Files, rng: Random) -> Mutant:
    """A sample with one thing changed, or two or three."""
    mutant = Mutant()
    names = sorted(sample)
    for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 2, 3))):
        name = rng.choice(names)
        if rng.random() < 0.06:
            _move(rng, mutant, sample, name)
        elif name not in mutant.lost and name not in mutant.places:
            _change(rng, mutant, sample, name)
    return mutant


def _change(rng: Random, mutant: Mutant, sample: Files, name: str) -> None:
    """Damage a file, or rewrite it as its format allows."""
    data, ending = mutant.content.get(name, sample[name]), Path(name).suffix
    if (rewrite := REWRITES.get(ending)) is not None and rng.random() < 0.6:
        try:
            mutant.content[name] = rewrite(rng, data)
        except Exception:  # damaged by an earlier step, or a value that the format cannot hold
            pass
        else:
            mutant.steps.append(f"{rewrite.__name__} {name}")
            mutant.sorts.add("rewritten")
            return
    changes = (*LINES, *LINES, *BYTES) if ending in TEXTS else BYTES
    change = anything if rng.random() < 0.02 else rng.choice(changes)
    mutant.content[name] = change(rng, data)
    mutant.steps.append(f"{change.__name__} {name}")
    mutant.sorts.add("damaged")


def _move(rng: Random, mutant: Mutant, sample: Files, name: str) -> None:
    """Lose, rename or copy a file, or put something else in its place."""
    mutant.sorts.add("moved")
    path = Path(name)
    pipe = len(sample) > 1 and rng.random() < 0.1  # one that is given by name may be waited for
    what = rng.choice(("lose", "copy", "rename", "exchange", *PLACES[: 4 if pipe else 3]))
    mutant.steps.append(f"{what} {name}")
    if what in PLACES:
        mutant.content.pop(name, None)
        mutant.places[name] = what
    elif what == "lose":
        mutant.content.pop(name, None)
        mutant.lost.add(name)
    elif what == "exchange":
        mutant.content[name] = sample[rng.choice(sorted(sample))]
    else:
        stem, ending = path.stem, path.suffix
        new = rng.choice(
            (f"{stem} (1){ending}", f"._{path.name}", f"{stem}_é{ending}", f"copy/{path.name}",
             f"{stem}{ending.upper()}", os.fsdecode(b"\xe4" + os.fsencode(path.name)),
             f"{path.name}.bak", f".{path.name}", path.name.replace("1", "7"),
             path.name.replace("0", "00"))
        )  # fmt: skip
        place = (path.parent / new).as_posix()
        if place != name:
            mutant.content[place] = mutant.content.pop(name, sample[name])
            if what == "rename":
                mutant.lost.add(name)
