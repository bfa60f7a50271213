"""Arrays of MediaPipe's landmarks: files of recordings, and folders with a file for each frame.

npy, npz: (T, P, 2 to 5) or (T, all numbers of a frame), or several of these -> `Source`
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.base.arrayfiles import map_npy, npz_names, read_npz
from edgcn.base.errors import FileError
from edgcn.readers.mediapipe_names import PARTS
from edgcn.readers.mediapipe_sources import SIZES, Raw, Source
from edgcn.readers.numbered import slots

SAMPLE = 200  # frames that tell where the face is
KINDS = "fiu"  # of numpy types: numbers
TIMES = ("times", "time", "timestamps", "timestamp", "time_s", "time_ms", "timestamps_ms")
RATES = ("fps", "frame_rate", "framerate")
SIZE = ("width", "height")
SIDES = {"left_hand": "left", "right_hand": "right", "lh": "left", "rh": "right"}


def blocks_of(width: int) -> tuple[tuple[str, int, int], ...] | None:
    """Parts, points and numbers of each point, by how many numbers a frame has in one row."""
    for parts in PARTS.values():
        for body, others in ((4, 4), (4, 3), (3, 3), (2, 2)):
            blocks = tuple((part, size, body if n == 0 else others)
                           for n, (part, size) in enumerate(parts))  # fmt: skip
            if sum(size * channels for _, size, channels in blocks) == width:
                return blocks
    if width == 33 * 4 + 2 * 21 * 3:  # without the face, as many tutorials keep it
        return (("pose", 33, 4), ("left", 21, 3), ("right", 21, 3))
    return None


def split_array(path: Path, array: Shaped[np.ndarray, "..."], where: str = "") -> list[Raw]:
    """The recordings in an array: (T, P, C), (T, W), or several of a length with N before."""
    shape = array.shape
    if array.dtype.kind not in KINDS or array.ndim < 2 or not array.size:
        raise _no_landmarks(path, array, where)
    if array.ndim == 4 and shape[2] in PARTS and 2 <= shape[3] <= 5:
        own = [array[:, 0]] if shape[1] == 1 else list(array)
        return [_of_points(part) for part in own]
    if array.ndim == 3 and shape[1] in PARTS and 2 <= shape[2] <= 5:
        return [_of_points(array)]
    if array.ndim == 3 and blocks_of(shape[2]):
        return [_of_rows(part) for part in array]
    if array.ndim == 2 and blocks_of(shape[1]):
        return [_of_rows(array)]
    raise _no_landmarks(path, array, where)


def _no_landmarks(path: Path, array: Shaped[np.ndarray, "..."], where: str) -> FileError:
    counts = ", ".join(map(str, PARTS))
    return FileError(
        path,
        f"{where and f'{where}: '}expected landmarks (T, P, 3 or 4) with P one of {counts}, or "
        f"(T, all their numbers), got {array.dtype} {array.shape}",
    )


def _of_points(array: Shaped[np.ndarray, "t p c"]) -> Raw:
    count = array.shape[1]
    parts = PARTS[count]
    if count == 543 and _spread(array[:, 489:522]) > _spread(array[:, :33]):  # face first
        parts = (("face", 468), ("left", 21), ("pose", 33), ("right", 21))
    blocks, at = {}, 0
    for part, size in parts:
        blocks[part] = array[:, at : at + size].astype(np.float32)
        at += size
    return _raw(blocks)


def _of_rows(array: Shaped[np.ndarray, "t w"]) -> Raw:
    blocks, at = {}, 0
    for part, size, channels in blocks_of(array.shape[1]) or ():
        own = array[:, at : at + size * channels].astype(np.float32)
        blocks[part] = own.reshape(len(own), size, channels)
        at += size * channels
    return _raw(blocks)


def _spread(points: Shaped[np.ndarray, "t n c"]) -> float:
    """How far points of a frame are from each other: a body's further than those of a face."""
    some = points[:: max(1, len(points) // SAMPLE), :, 1].astype(np.float64)
    some = np.where(some == 0, np.nan, some)
    known = some[np.isfinite(some).sum(1) > 1]
    return float(np.median(np.nanstd(known, axis=1))) if len(known) else 0.0


def _raw(blocks: dict[str, Float[np.ndarray, "t n c"]]) -> Raw:
    points, sure = {}, None
    for part, own in blocks.items():
        if part not in SIZES:
            continue
        xyz = np.zeros((*own.shape[:2], 3), dtype=np.float32)
        xyz[..., : min(3, own.shape[2])] = own[..., :3]
        points[part] = xyz
        if part == "pose" and own.shape[2] >= 4:
            sure = own[..., 3]
    return Raw(points, sure, note="the face is left out" if "face" in blocks else "")


def array_source(path: Path) -> Source:
    """The recordings in an .npy or .npz file."""
    raws, size, fps = _read(path)
    return Source(
        path,
        tuple(raw.name for raw in raws),
        frozenset(part for raw in raws for part in raw.points),
        lambda _: [iter([raw]) for raw in _read(path)[0]],
        lambda: _read(path)[0][:3],
        notes=tuple(dict.fromkeys(raw.note for raw in raws if raw.note)),
        size=size,
        fps=fps,
    )


def _read(path: Path) -> tuple[list[Raw], tuple[int, int] | None, float | None]:
    """Its recordings, and the size of the picture and the frame rate, if it says them."""
    if path.suffix == ".npy":
        return _named(split_array(path, map_npy(path)), ""), None, None
    members = read_npz(path, (), npz_names(path))
    numbers = {
        name: a.item() for name, a in members.items() if a.size == 1 and a.dtype.kind in KINDS
    }
    size = tuple(int(numbers[name]) for name in SIZE if numbers.get(name, 0) > 0)
    fps = next((float(numbers[name]) for name in RATES if numbers.get(name, 0) > 0), None)
    times = next((name for name in TIMES if name in members and members[name].ndim == 1), None)
    arrays = {name: a for name, a in members.items() if a.ndim > 1 and a.dtype.kind in KINDS}
    hands = {side: arrays.pop(name) for name, side in SIDES.items() if name in arrays}
    if not arrays:
        held = ", ".join(f"{name} {a.shape}" for name, a in members.items()) or "nothing"
        raise FileError(path, f"expected arrays of landmarks (T, 33, 3 or 4), got {held}")
    raws: list[Raw] = []
    for name, array in arrays.items():
        found = split_array(path, array, name)
        if len(found) == len(arrays) == 1:
            (raw,) = found
            fits = {side: a for side, a in hands.items() if a.shape == (len(raw), 21, 3)}
            own = {side: hand.astype(np.float32) for side, hand in fits.items()}
            found = [replace(raw, points=raw.points | own)]
        raws += _named(found, name if len(arrays) > 1 else "")
    if times is not None:
        values = members[times].astype(np.float64)
        raws = [
            replace(raw, times=(times, values)) if len(raw) == len(values) else raw for raw in raws
        ]
    return raws, (size[0], size[1]) if len(size) == len(SIZE) else None, fps


def _named(raws: list[Raw], name: str) -> list[Raw]:
    """With names where there are several."""
    numbers = [f"{n}" for n in range(len(raws))] if len(raws) > 1 else [""]
    return [
        replace(raw, name="/".join(filter(None, (name, number))))
        for raw, number in zip(raws, numbers, strict=True)
    ]


def is_frame(path: Path) -> bool:
    """Whether an .npy file is one frame alone: a row of numbers."""
    try:
        return path.suffix == ".npy" and map_npy(path).ndim == 1
    except (FileError, OSError):
        return False


def frames_source(files: list[tuple[int, Path]]) -> Source:
    """A folder with an array for each frame, in the order of their numbers."""
    found = slots(files, files[0][1].parent, what="file")

    def whole() -> Raw:
        rows = [np.array(map_npy(file)) for _, file in files]
        for (_, file), row in zip(files, rows, strict=True):
            if row.shape != rows[0].shape or row.dtype.kind not in KINDS:
                raise FileError(file, f"expected {rows[0].shape} numbers, got {row.shape}")
        whole = np.zeros((found.total, len(rows[0])), dtype=np.float32)
        whole[found.places] = np.stack(rows)
        (raw,) = split_array(files[0][1], whole)
        return replace(raw, note="; ".join(filter(None, (raw.note, found.note))))

    first = files[0][1]
    blocks = blocks_of(len(map_npy(first)))
    if blocks is None:
        raise _no_landmarks(first, map_npy(first), "")
    parts = frozenset(part for part, *_ in blocks if part in SIZES)
    return Source(first, ("",), parts, lambda _: [iter([whole()])], lambda: [whole()])
