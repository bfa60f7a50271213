"""What has been learned from, frame by frame, and which of the people tested were among it.

clips -> hashes of their frames and the names of people -> overlap with other clips

Frames are known again by their hash (`edgcn.skeleton.recording.frame_hashes`) wherever they turn
up: in another split, another store, or on another skeleton.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int, Int64, UInt64
from torch import Tensor

from edgcn.base.words import count, named
from edgcn.store.splits import Fold, Rows, natural
from edgcn.store.views import Selection, inside

LIMIT = 200_000  # hashes that are all kept (1.6 MB); of more, a part
MODULUS = 8  # a hash that this divides is in the part: the same ones in any data


@dataclass(frozen=True)
class Learned:
    """What an encoder or a classifier has learned from.

    Args:
        frames: hashes, each once, rising.
        modulus: only hashes that this divides are among them.
        people: by name.
        stores: by name.
    """

    frames: UInt64[np.ndarray, " n"]
    modulus: int
    people: tuple[str, ...]
    stores: tuple[str, ...]

    def to_tensors(self) -> tuple[Int64[Tensor, " n"], dict[str, Any]]:
        """The hashes as a tensor, and the rest as JSON takes it."""
        rest = {"modulus": self.modulus, "people": self.people, "stores": self.stores}
        return torch.from_numpy(self.frames.view(np.int64)), rest

    @classmethod
    def from_tensors(cls, frames: Int64[Tensor, " n"], metadata: Mapping[str, Any]) -> "Learned":
        """What `to_tensors` gave."""
        people, stores = (tuple(metadata[name]) for name in ("people", "stores"))
        return cls(frames.numpy().view(np.uint64), int(metadata["modulus"]), people, stores)

    def has(self, hashes: UInt64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which of these frames were learned from, as far as it is known."""
        return np.asarray(np.isin(hashes, self.frames) & (hashes != 0))


@dataclass(frozen=True)
class Overlap:
    """How many of some clips, and whose, have been learned from.

    Args:
        people: who has been.
        of_people: how many people are in the clips.
        clips: how many have been.
        of_clips: how many there are.
    """

    people: tuple[str, ...]
    of_people: int
    clips: int
    of_clips: int

    def text(self, *, where: str = "the pre-training") -> str:
        """One sentence; nothing where nothing overlaps."""
        if not self.people and not self.clips:
            return ""
        return (
            f"{len(self.people)} of {self.of_people} test people were in {where} "
            f"({self.clips} of {self.of_clips} test clips)"
        )

    def short(self) -> str:
        """The same for a cell of a table."""
        if not self.people and not self.clips:
            return ""
        if not self.people:
            return f"{self.clips}/{self.of_clips} clips"
        return f"{len(self.people)}/{self.of_people} people"


def learned_from(clips: Selection, rows: Rows) -> Learned:
    """All frames of these clips, and the people in them."""
    store = clips.store
    chosen = inside(clips.offsets[rows], clips.lengths[rows], len(store.hashes))
    return _limited(store.hashes[chosen], 1, set(clips.subjects[rows].tolist()), {store.name})


def merged(one: Learned, other: Learned) -> Learned:
    """What either has learned from."""
    return _limited(
        np.concatenate([one.frames, other.frames]),
        max(one.modulus, other.modulus),
        {*one.people, *other.people},
        {*one.stores, *other.stores},
    )


def _limited(
    frames: UInt64[np.ndarray, " n"], modulus: int, people: set[str], stores: set[str]
) -> Learned:
    frames = np.unique(frames[(frames != 0) & (frames % np.uint64(modulus) == 0)])
    if modulus == 1 and len(frames) > LIMIT:
        modulus = MODULUS
        frames = frames[frames % np.uint64(modulus) == 0]
    return Learned(frames, modulus, tuple(natural(people - {""})), tuple(natural(stores)))


def overlap(learned: Learned | None, clips: Selection, rows: Rows) -> Overlap:
    """Which of these clips and people have been learned from.

    A clip has been if any of its frames has; a person if any of their clips has, or if somebody of
    that name was learned from and the store has any frame in common with what was.
    """
    subjects = clips.subjects[rows]
    everybody = set(subjects.tolist()) - {""}
    if learned is None:
        return Overlap((), len(everybody), 0, len(rows))
    of: Int[np.ndarray, " total"] = np.repeat(np.arange(len(rows)), clips.lengths[rows])
    known = np.bincount(of, weights=learned.has(clips.hashes_of(rows)), minlength=len(rows)) > 0
    people = set(subjects[known].tolist()) - {""}
    namesakes = {name for name in everybody - people if _named(name, learned.people)}
    if namesakes and learned.has(np.asarray(clips.store.hashes)).any():
        people |= namesakes
    return Overlap(tuple(natural(people)), len(everybody), int(known.sum()), len(rows))


def repeated(clips: Selection, folds: Sequence[Fold]) -> str:
    """Which test clips have frames that training clips of their fold have, too, or nothing."""
    found, tested = set[int](), set[int]()
    for train, test in ((fold.train, fold.test) for fold in folds):
        learned = learned_from(clips, train)
        of: Int[np.ndarray, " total"] = np.repeat(np.arange(len(test)), clips.lengths[test])
        known = np.bincount(of, weights=learned.has(clips.hashes_of(test)), minlength=len(test)) > 0
        found, tested = found | {*test[known].tolist()}, tested | {*test.tolist()}
    if not found:
        return ""
    names = [f"{clips.names[row]} ({clips.subjects[row]})" for row in sorted(found)]
    return (
        f"{len(names)} of {count(len(tested), 'test clip')} have frames that training clips have, "
        f"too: {named(names)}"
    )


def _named(name: str, people: tuple[str, ...]) -> bool:
    """Whether it is the name of any of these; a union of stores calls A's s1 A/s1."""
    return any(
        name == other or name.endswith(f"/{other}") or other.endswith(f"/{name}")
        for other in people
    )
