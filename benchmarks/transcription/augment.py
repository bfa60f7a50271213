"""Augmentations, one clip (C, T, V, M) at a time in plain numpy loops: slow and obvious.

`drawn` holds this clip's random numbers in the order in which the augmentation draws them.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgcn.skeleton.topology import Topology

Array = np.ndarray

Drawn = Sequence[Any]  # random numbers: floats and arrays


def visible(clip: Array, dims: int) -> Array:
    """(T, V, M): any geometry channel is not 0."""
    return np.asarray((clip[:dims] != 0).any(axis=0))


def subtract(clip: Array, drawn: Drawn, topology: Topology, dims: int, p: float = 1.0) -> Array:
    joint = int(drawn[0] * len(topology))
    if not drawn[1] < p:
        return clip
    out = clip.copy()
    frames = clip.shape[1]
    known = [t for t in range(frames) if visible(clip, dims)[t, joint, 0]]
    if not known:
        return clip
    for t in range(frames):
        for c in range(dims):
            where = np.interp(t, known, [clip[c, k, joint, 0] for k in known])
            out[c, t] = np.where(visible(clip, dims)[t], clip[c, t] - where, 0)
    return out


def rotate(
    clip: Array, drawn: Drawn, topology: Topology, dims: int, degrees: float = 30.0
) -> Array:
    angle, axis = math.radians(degrees) * drawn[0], int(drawn[1] * 3)
    cos, sin = math.cos(angle), math.sin(angle)
    if dims == 2:
        matrix = np.array([[cos, -sin], [sin, cos]])
    else:
        matrix = {
            0: np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]),
            1: np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]),
            2: np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]),
        }[axis]
    return _apply(clip, matrix)


def shear(clip: Array, drawn: Drawn, topology: Topology, dims: int, strength: float = 1.0) -> Array:
    matrix = np.eye(dims)
    for i in range(dims):
        for j in range(dims):
            if i != j:
                matrix[i, j] = (2 * drawn[0][i, j] - 1) * strength
    return _apply(clip, matrix)


def _apply(clip: Array, matrix: Array) -> Array:
    out = clip.copy()
    dims = len(matrix)
    for t, v, m in np.ndindex(clip.shape[1:]):
        out[:dims, t, v, m] = matrix @ clip[:dims, t, v, m]
    return out


def reverse(clip: Array, drawn: Drawn, topology: Topology, dims: int, p: float = 0.5) -> Array:
    return clip[:, ::-1] if drawn[0] < p else clip


def mirror(clip: Array, drawn: Drawn, topology: Topology, dims: int, p: float = 0.5) -> Array:
    if not drawn[0] < p:
        return clip
    other = dict(topology.mirror) | {right: left for left, right in topology.mirror}
    out = np.empty_like(clip)
    for v, joint in enumerate(topology.joints):
        out[:, :, v] = clip[:, :, topology.index(other.get(joint, joint))]
    out[0] *= -1
    return out


def bone_scale(
    clip: Array, drawn: Drawn, topology: Topology, dims: int, strength: float = 0.2
) -> Array:
    """Only for clips without missing joints, where the rule is one line."""
    other = dict(topology.mirror) | {right: left for left, right in topology.mirror}
    out = clip.copy()
    for child, parent in topology.from_root:
        joint = topology.joints[child]
        first = min(child, topology.index(other.get(joint, joint)))
        factor = 1 + strength * (2 * drawn[0][first] - 1)
        bone = clip[:dims, :, child] - clip[:dims, :, parent]
        out[:dims, :, child] = out[:dims, :, parent] + factor * bone
    return out


def crop_resize(
    clip: Array, drawn: Drawn, topology: Topology, dims: int, cut: float = 0.5
) -> Array:
    last = clip.shape[1] - 1
    dropped = cut * drawn[0][0]
    first = drawn[1][0] * dropped * last
    return resample(clip, [first + t * (1 - dropped) for t in range(last + 1)], dims)


def time_warp(
    clip: Array, drawn: Drawn, topology: Topology, dims: int, strength: float = 0.5
) -> Array:
    last = clip.shape[1] - 1
    positions = []
    for t in range(last + 1):
        position = float(t)
        for k in (1, 2, 3):
            amplitude = (2 * drawn[0][k - 1] - 1) * strength / 3
            wave = math.sin(math.pi * k * t / max(last, 1)) / (math.pi * k)
            position += last * amplitude * wave
        positions.append(position)
    return resample(clip, positions, dims)


def resample(clip: Array, positions: Sequence[float], dims: int) -> Array:
    """Linear between two frames; of two neighbors the one that has the joint."""
    out = np.zeros((clip.shape[0], len(positions), *clip.shape[2:]))
    last = clip.shape[1] - 1
    for i, position in enumerate(positions):
        position = min(max(position, 0), last)
        low = math.floor(position)
        high, part = min(low + 1, last), position - low
        for v, m in np.ndindex(clip.shape[2:]):
            has_low, has_high = (visible(clip, dims)[t, v, m] for t in (low, high))
            if has_low and has_high:
                out[:, i, v, m] = (1 - part) * clip[:, low, v, m] + part * clip[:, high, v, m]
            elif has_low:
                out[:, i, v, m] = clip[:, low, v, m]
            elif has_high and part > 0:
                out[:, i, v, m] = clip[:, high, v, m]
    return out


def noise(clip: Array, drawn: Drawn, topology: Topology, dims: int, std: float = 0.05) -> Array:
    out = clip.copy()
    for t, v, m in np.ndindex(clip.shape[1:]):
        if visible(clip, dims)[t, v, m]:
            out[:dims, t, v, m] += std * drawn[0][:, t, v, m]
    return out


def blur(
    clip: Array,
    drawn: Drawn,
    topology: Topology,
    dims: int,
    p: float = 0.5,
    kernel: int = 15,
    narrowest: float = 0.1,
    widest: float = 2.0,
) -> Array:
    if not drawn[0] < p:
        return clip
    sigma = narrowest + (widest - narrowest) * drawn[1][0]
    taps = range(-(kernel // 2), kernel // 2 + 1)
    out, last = clip.copy(), clip.shape[1] - 1
    for t, v, m in np.ndindex(clip.shape[1:]):
        if not visible(clip, dims)[t, v, m]:
            continue
        total, weights = np.zeros(dims), 0.0
        for tap in taps:
            source = min(max(t + tap, 0), last)
            if visible(clip, dims)[source, v, m]:
                weight = math.exp(-0.5 * (tap / sigma) ** 2)
                total += weight * clip[:dims, source, v, m]
                weights += weight
        out[:dims, t, v, m] = total / weights
    return out


def joint_mask(
    clip: Array,
    drawn: Drawn,
    topology: Topology,
    dims: int,
    fewest: int = 5,
    most: int = 15,
    shortest: float = 1 / 3,
    longest: float = 2 / 3,
) -> Array:
    frames = clip.shape[1]
    count = fewest + int(drawn[0] * (most - fewest + 1))
    hidden = np.argsort(drawn[1])[:count]
    length = math.ceil((shortest + (longest - shortest) * drawn[2]) * frames)
    first = math.floor(drawn[3] * (frames - length + 1))
    out = clip.copy()
    for joint in hidden:
        out[:, first : first + length, joint] = 0
    return out


def posture(clip: Array, drawn: Drawn, topology: Topology, dims: int, std: float = 0.1) -> Array:
    out = clip.copy()
    for t, v, m in zip(*np.nonzero(visible(clip, dims)), strict=True):
        out[:dims, t, v, m] += std * drawn[0][:, 0, v, m]
    return out


def amplitude(
    clip: Array, drawn: Drawn, topology: Topology, dims: int, strength: float = 0.3
) -> Array:
    factor = 1 + strength * (2 * drawn[0] - 1)
    out, mask = clip.copy(), visible(clip, dims)
    for v, m in np.ndindex(clip.shape[2:]):
        frames = np.flatnonzero(mask[:, v, m])
        if len(frames):
            middle = clip[:dims, frames, v, m].mean(axis=1, keepdims=True)
            out[:dims, frames, v, m] = middle + factor * (clip[:dims, frames, v, m] - middle)
    return out


def channel_mask(clip: Array, drawn: Drawn, topology: Topology, dims: int, p: float = 1.0) -> Array:
    out = clip.copy()
    if drawn[0] < p:
        out[int(drawn[1] * dims)] = 0
    return out


SLOW: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        subtract,
        rotate,
        shear,
        reverse,
        noise,
        blur,
        joint_mask,
        channel_mask,
        mirror,
        bone_scale,
        posture,
        amplitude,
        crop_resize,
        time_warp,
    )
}
