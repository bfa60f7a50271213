"""Checksums of a store's files: what was written is what is read.

CRC-32, 1.4 GB a second here (SHA-256: 0.9): it finds damage and slips of the hand, and is no
protection against somebody who means to deceive.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
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


def checksum(files: Sequence[Path]) -> dict[str, Any]:
    """One SHA-256 over the names and contents of all source files."""
    digest, size = hashlib.sha256(), 0
    ordered = sorted(files)
    with ThreadPool() as pool:  # hashing needs no Python, so that threads do use all cores
        for path, (own, count) in zip(ordered, pool.imap(_digest, ordered, 16), strict=True):
            digest.update(f"{path.name} {own}".encode())
            size += count
    return {"files": len(files), "bytes": size, "sha256": digest.hexdigest()}


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
