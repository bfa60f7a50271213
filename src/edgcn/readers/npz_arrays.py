"""The arrays of a foreign `.npz` file, checked one by one; errors name the array.

A compressed member of an npz can only be read whole: the frames are held in memory once.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgcn.base.arrayfiles import Array, read_npz
from edgcn.base.errors import FileError
from edgcn.readers.rates import FASTEST

KINDS = {"U": "text", "iu": "whole numbers", "fiu": "numbers"}


class Arrays:
    """The named members of one file; `frames` and `scores` have an M axis.

    Args:
        needed, optional: the members that are read; others are ignored.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, members missing, or one that cannot be read.
    """

    def __init__(self, path: Path, needed: Iterable[str], optional: Iterable[str]) -> None:
        self.path, self.members = path, read_npz(path, needed, optional)
        if self["frames"].ndim == 3:
            self.members["frames"] = self["frames"][:, None]
            if "scores" in self and self["scores"].ndim == 2:
                self.members["scores"] = self["scores"][:, None]

    def __getitem__(self, key: str) -> Array:
        return self.members[key]

    def __contains__(self, key: str) -> bool:
        return key in self.members

    def get(self, key: str) -> Array | None:
        """The member, or None where the file has none of that name."""
        return self.members.get(key)

    @property
    def fps(self) -> float:
        """Frames per second, be it written as a number or as an array of one."""
        return float(self["fps"].item())

    def expect(self, key: str, holds: Any, expected: str) -> None:
        """Raise a `FileError` that names the member and what it is instead."""
        if not holds:
            array = self.members[key]
            raise FileError(
                self.path, f"{key}: expected {expected}, got {array.dtype} {array.shape}"
            )

    def expect_kind(self, kinds: str, keys: Iterable[str]) -> None:
        """The members are of these numpy kinds."""
        for key in keys:
            if key in self:
                self.expect(key, self[key].dtype.kind in kinds, KINDS[kinds])

    def expect_shape(self, keys: Iterable[str], shape: tuple[int, ...]) -> None:
        """The members have this shape."""
        for key in keys:
            if key in self:
                self.expect(key, self[key].shape == shape, f"shape {shape}")

    def expect_frames(self) -> None:
        """`frames`, `lengths`, `joints`, `bones`, `classes` and `fps` fit each other."""
        frames, lengths, joints = self["frames"], self["lengths"], self["joints"]
        self.expect_kind("U", ("joints", "classes"))
        self.expect_kind("iu", ("lengths", "bones"))
        self.expect_kind("fiu", ("frames", "fps"))
        self.expect("fps", self["fps"].size == 1, "one number above 0")
        if not 0 < self.fps <= FASTEST:
            raise FileError(
                self.path, f"fps: expected one number above 0, up to {FASTEST}, got {self.fps}"
            )
        self.expect("lengths", lengths.ndim == 1 and (lengths >= 0).all(), "(N,) numbers >= 0")
        self.expect("classes", self["classes"].ndim == 1, "(K,) names")
        self.expect("joints", joints.ndim == 1, "(V,) names")
        self.expect(
            "frames",
            frames.ndim == 4 and frames.shape[2] == len(joints) and frames.shape[3] in (2, 3),
            f"(sum T[, M], {len(joints)}, 2 or 3)",
        )
        total = sum(lengths.tolist())  # numpy's sum would wrap around
        self.expect("frames", len(frames) == total, f"{total} frames, as lengths say")
        if "bones" in self:
            self.expect("bones", self["bones"].shape[1:] == (2,), "(B, 2)")
