"""Checksums of a store's files: what was written is what is read.

CRC-32, 1.4 GB a second here (SHA-256: 0.9): it finds damage and slips of the hand, and is no
protection against somebody who means to deceive.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
TABLES = ("recordings.npz", "segments.npz")
ARRAYS = ("frames.npy", "hashes.npy", "times.npy", "scores.npy")  # the last two not in every store
OWN = "store.json"


def file_sum(path: Path) -> str:
    """Of a whole file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            value = zlib.crc32(block, value)
    return f"{value:08x}"


def file_sums(folder: Path) -> dict[str, str]:
    """Of all files of a store but store.json."""
    return {name: file_sum(folder / name) for name in (*TABLES, *ARRAYS)
            if (folder / name).exists()}  # fmt: skip


def sum_of(metadata: Mapping[str, Any]) -> str:
    """Of what store.json says, but for its own sum."""
    rest = {key: value for key, value in metadata.items() if key != "sum"}
    return f"{zlib.crc32(json.dumps(rest, sort_keys=True).encode()):08x}"


def changed(folder: Path, sums: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The first of these files that is not as it was written, or None."""
    for name in names:
        if name in sums or (folder / name).exists():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if name not in sums or file_sum(folder / name) != sums[name]:
                return f"{name} is not as it was written"
    return None
