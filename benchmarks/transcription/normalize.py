"""Normalization and streams, one clip (C, T, V, M) at a time in plain numpy: slow and obvious."""

from collections.abc import Sequence

import numpy as np

from edgcn.pipeline.normalize import Normalize
from edgcn.skeleton.topology import Topology

Array = np.ndarray


def visible(clip: Array, dims: int) -> Array:
    """(T, V, M): any geometry channel is not 0."""
    return np.asarray((clip[:dims] != 0).any(axis=0))


def fill(clip: Array, dims: int) -> Array:
    out = clip.copy()
    frames = np.arange(clip.shape[1])
    for v, m in np.ndindex(clip.shape[2:]):
        known = frames[visible(clip, dims)[:, v, m]]
        if len(known):
            for c in range(dims):
                out[c, :, v, m] = np.interp(frames, known, clip[c, known, v, m])
    return out


def unit_bones(clip: Array, lengths: Sequence[float], topology: Topology, dims: int) -> Array:
    """Frame by frame and body by body, walking down from the root."""
    target = {child: length for (child, _), length in zip(topology.edges, lengths, strict=True)}
    mask = visible(clip, dims)
    parents = dict(topology.from_root)

    def nearest(t: int, v: int | None, m: int) -> int | None:
        while v is not None and not mask[t, v, m]:
            v = parents.get(v)
        return v

    def settable(t: int, child: int, m: int) -> tuple[bool, float]:
        parent = parents[child]
        length = np.linalg.norm(clip[:dims, t, child, m] - clip[:dims, t, parent, m])
        whole = mask[t, child, m] and mask[t, parent, m]
        return bool(whole and length > 1e-4 * target[child] and target[child] > 0), float(length)

    wanted = found = 0.0
    for t in range(clip.shape[1]):
        for child, _ in topology.from_root:
            counts, length = settable(t, child, 0)
            wanted += target[child] if counts else 0
            found += length if counts else 0
    size = wanted / found if found else 1.0

    out = clip.copy()
    root = topology.index(topology.root)
    for t, m in np.ndindex(clip.shape[1], clip.shape[3]):
        out[:dims, t, root, m] = size * clip[:dims, t, root, m]
        for child, parent in topology.from_root:
            if not mask[t, child, m]:
                continue
            above = nearest(t, parent, m)
            start = clip[:dims, t, above, m] if above is not None else 0
            placed = out[:dims, t, above, m] if above is not None else 0
            counts, length = settable(t, child, m)
            factor = target[child] / length if counts else size
            out[:dims, t, child, m] = placed + factor * (clip[:dims, t, child, m] - start)
    return out


def _between(clip: Array, ends: tuple[str, str], topology: Topology, dims: int) -> Array:
    """The first body's vectors (frames that have both ends, D)."""
    start, end = (topology.index(joint) for joint in ends)
    both = visible(clip, dims)[:, start, 0] & visible(clip, dims)[:, end, 0]
    return np.transpose(clip[:dims, both, end, 0] - clip[:dims, both, start, 0])


def align(clip: Array, topology: Topology, dims: int) -> Array:
    """For clips whose spine and shoulders can be read off."""
    up = _between(clip, topology.spine, topology, dims).sum(axis=0)
    up /= np.linalg.norm(up)
    if dims == 2:
        rotation = np.array([[up[1], -up[0]], [up[0], up[1]]])
    else:
        side = _between(clip, topology.shoulders, topology, dims).sum(axis=0)
        side -= (side @ up) * up
        side /= np.linalg.norm(side)
        rotation = np.stack([side, up, np.cross(side, up)])
    out = clip.copy()
    out[:dims] = np.einsum("ij,jtvm->itvm", rotation, clip[:dims])
    return out


def torso(clip: Array, topology: Topology, dims: int) -> Array:
    size = 1.0
    for ends in (topology.shoulders, topology.spine):
        lengths = np.linalg.norm(_between(clip, ends, topology, dims), axis=1)
        lengths = np.sort(lengths[lengths > 1e-6])
        if len(lengths):
            size = lengths[(len(lengths) - 1) // 2]
    out = clip.copy()
    out[:dims] /= size
    return out


def center(clip: Array, how: str, topology: Topology, dims: int) -> Array:
    joint = topology.index(topology.center)
    mask = visible(clip, dims)
    if mask[:, joint, 0].any():
        path, known = clip[:dims, :, joint, 0], mask[:, joint, 0]
    else:
        known = np.asarray(mask.any(axis=(1, 2)))
        count = mask.sum(axis=(1, 2)).clip(min=1)
        path = clip[:dims].sum(axis=(2, 3)) / count
    frames = np.arange(clip.shape[1])
    out = clip.copy()
    if not known.any():
        return out
    for c in range(dims):
        whole = np.interp(frames, frames[known], path[c, known])
        whole = whole if how == "every" else np.full_like(whole, whole[0])
        out[c] = np.where(mask, clip[c] - whole[:, None, None], 0)
    return out


def normalize(clip: Array, settings: Normalize, topology: Topology, dims: int) -> Array:
    if settings.fill:
        clip = fill(clip, dims)
    if settings.unit_bones and settings.bone_lengths is not None:
        clip = unit_bones(clip, settings.bone_lengths, topology, dims)
    if settings.align:
        clip = align(clip, topology, dims)
    if settings.scale == "torso":
        clip = torso(clip, topology, dims)
    if settings.center != "none":
        clip = center(clip, settings.center, topology, dims)
    return clip


def bones(clip: Array, topology: Topology, dims: int) -> Array:
    out = clip.copy()
    out[:dims] = 0
    mask = visible(clip, dims)
    for child, parent in topology.edges:
        for t, m in np.ndindex(clip.shape[1], clip.shape[3]):
            if mask[t, child, m] and mask[t, parent, m]:
                out[:dims, t, child, m] = clip[:dims, t, child, m] - clip[:dims, t, parent, m]
    return out


def motion(clip: Array, dims: int) -> Array:
    out = clip.copy()
    out[:dims] = 0
    mask = visible(clip, dims)
    for t, v, m in np.ndindex(clip.shape[1] - 1, *clip.shape[2:]):
        if mask[t, v, m] and mask[t + 1, v, m]:
            out[:dims, t, v, m] = clip[:dims, t + 1, v, m] - clip[:dims, t, v, m]
    return out
