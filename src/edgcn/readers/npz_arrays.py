"""The arrays of a foreign `.npz` file, checked one by one; no pickles, and errors name the array.

A compressed member of an npz can only be read whole: the frames are held in memory once.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError

Array = Shaped[np.ndarray, "..."]
KINDS = {"U": "text", "iu": "whole numbers", "fiu": "numbers"}


class Arrays:
    """The named members of one file; `frames` and `scores` have an M axis.

    Args:
        needed, optional: the members that are read; others are ignored.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, members missing, or pickled objects in one.
    """

    def __init__(self, path: Path, needed: Iterable[str], optional: Iterable[str]) -> None:
        if not path.is_file():
            raise EdgcnError(f"expected an npz file at {path}, found no such file")
        self.path, self.members, needed = path, dict[str, Array](), tuple(needed)
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                if missing := [key for key in needed if key not in file.files]:
                    raise FileError(
                        path, f"expected the keys {', '.join(needed)}, without {', '.join(missing)}"
                    )
                for key in (*needed, *optional):
                    if key in file.files:
                        self.members[key] = _member(path, key, file)
        except (zipfile.BadZipFile, EOFError, AttributeError, TypeError, ValueError) as error:
            if isinstance(error, FileError):
                raise
            # numpy takes whatever it does not know for a pickle, and advises to trust it
            found = "another kind of file" if "pickle" in str(error) else str(error)
            raise FileError(path, f"expected an npz file, got {found}") from None
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
        self.expect("fps", self["fps"].size == 1 and self["fps"] > 0, "one number above 0")
        self.expect("lengths", lengths.ndim == 1 and (lengths >= 0).all(), "(N,) numbers >= 0")
        self.expect("classes", self["classes"].ndim == 1, "(K,) names")
        self.expect("joints", joints.ndim == 1, "(V,) names")
        self.expect(
            "frames",
            frames.ndim == 4 and frames.shape[2] == len(joints) and frames.shape[3] in (2, 3),
            f"(sum T[, M], {len(joints)}, 2 or 3)",
        )
        self.expect(
            "frames", len(frames) == lengths.sum(), f"{lengths.sum()} frames, as lengths say"
        )
        if "bones" in self:
            self.expect("bones", self["bones"].shape[1:] == (2,), "(B, 2)")


def _member(path: Path, key: str, file: Any) -> Array:
    """One array of the file."""
    try:
        array: Array = file[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise FileError(
            path,
            f"{key}: expected plain numbers or text, got pickled objects; "
            f"save it with np.asarray({key}, dtype=...), str, int or float",
        ) from None
    return array
