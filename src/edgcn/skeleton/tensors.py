"""The one place that spells the axis order of a batch, and the moves that respect what is missing.

(N, C, T, V, M): clips, channels, time, joints, bodies. The first `dims` channels are geometry; a
third one that is not is a detector's confidence. A joint that was not seen is exactly 0 in all
geometry channels, and one that was seen never is: whatever can put a joint on the origin puts it
1e-8 beside it. So "missing" can be read off the coordinates at any point of the chain.
"""

from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgcn.skeleton.topology import Topology

Clips = Float[Tensor, "n c t v m"]
Visible = Bool[Tensor, "n 1 t v m"]
Visibility = Float[Tensor, "n 1 t v m"]

BESIDE_ZERO = 1e-8  # in the data's units: far below any sensor, and not 0 (float32, bfloat16)


def visible(x: Clips, *, dims: int) -> Visible:
    """Where a joint was seen: any of its geometry channels is not 0."""
    return x[:, :dims].abs().amax(dim=1, keepdim=True) != 0


def visibility(x: Clips, *, dims: int) -> Visibility:
    """`visible` as 1 and 0: a CPU multiplies by these three times as fast as by a bool."""
    return x[:, :dims].abs().amax(dim=1, keepdim=True).sign()


def with_geometry(x: Clips, geometry: Float[Tensor, "n d t v m"]) -> Clips:
    """The clips with their leading channels replaced, a confidence behind them kept."""
    dims = geometry.shape[1]
    return geometry if dims == x.shape[1] else torch.cat((geometry, x[:, dims:]), dim=1)


def translate(x: Clips, offset: Float[Tensor, "n d #t #v #m"]) -> Clips:
    """Add an offset to every joint that was seen; the offset's channels are the geometry."""
    dims = offset.shape[1]
    beside = BESIDE_ZERO * offset.sign().abs()  # an offset of 0 gives back every bit
    moved = (x[:, :dims] + offset).add_(beside).mul_(visibility(x, dims=dims))
    return with_geometry(x, moved)


def linear_map(x: Clips, matrix: Float[Tensor, "n d d"]) -> Clips:
    """Multiply the geometry of each clip by its own matrix."""
    n, dims, _ = matrix.shape
    mapped = torch.bmm(matrix.to(x), x[:, :dims].reshape(n, dims, -1))
    return with_geometry(x, mapped.view_as(x[:, :dims]))


def fill_gaps(x: Clips, *, dims: int) -> Clips:
    """Interpolate missing joints linearly between the nearest frames that have them.

    Held at both ends; a joint that no frame has stays 0. A confidence is not filled: it stays as
    it was, so that what has been guessed can still be told.
    """
    frames, seen = x.shape[2], visibility(x, dims=dims)
    if nothing_to_mend(seen, dim=2):
        return x
    now = torch.arange(frames, dtype=torch.float32, device=x.device).view(1, 1, -1, 1, 1)
    before = _so_far(torch.where(seen > 0, now, -1.0))
    after = -_so_far(-torch.where(seen > 0, now, float(frames)).flip(2)).flip(2)
    low = torch.where(before >= 0, before, after).clamp(max=frames - 1)
    high = torch.where(after < frames, after, before).clamp(min=0)
    fraction = (now - low) / (high - low).clamp(min=1)
    geometry = x[:, :dims]
    start = geometry.gather(2, low.long().expand_as(geometry))
    end = geometry.gather(2, high.long().expand_as(geometry))
    return with_geometry(x, torch.lerp(start, end, fraction.to(x)))


def _so_far(x: Float[Tensor, "n 1 t v m"]) -> Float[Tensor, "n 1 t v m"]:
    """The maximum of each frame and those before it: over 2, 4, 8, ... frames at a time.

    (As fast as `cummax`, which ONNX has not.)
    """
    step = 1
    while step < x.shape[2]:
        x = torch.cat((x[:, :, :step], x[:, :, step:].maximum(x[:, :, :-step])), dim=2)
        step *= 2
    return x


def nothing_to_mend(seen: Visibility, *, dim: int) -> bool:
    """Whether all are seen along this axis, or none: a look that saves a CPU most of the work.

    Never on a GPU, which would have to stop for the look and mends faster than it stops; nor in a
    graph that is compiled or exported, which holds for whatever clips come.
    """
    traced: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    if seen.device.type != "cpu" or traced or torch.compiler.is_compiling():
        return False
    return bool((seen == seen.narrow(dim, 0, 1)).all())


def take_frames(x: Clips, index: Int[Tensor, "n new_t"]) -> Float[Tensor, "n c new_t v m"]:
    """Whole frames of each clip by number: rows copied whole (gather would read one by one)."""
    n, c, t, v, m = x.shape
    start = t * torch.arange(n * c, device=x.device).view(n, c, 1)
    rows = start + index.to(x.device)[:, None]
    taken = x.reshape(n * c * t, v * m).index_select(0, rows.flatten())
    return taken.view(n, c, index.shape[1], v, m)


def bone_vectors(
    x: Clips, *, topology: Topology, dims: int
) -> tuple[Float[Tensor, "n d t v m"], Visible]:
    """Each joint as seen from its parent, and where both of them were seen.

    The root holds its position. A missing joint holds 0; the children of a missing joint are
    given from the nearest ancestor that was seen (from the origin, where there is none), so that
    `joints_from_bones` puts every joint that was seen back where it was.
    """
    step = _step_up(topology.from_root, len(topology)).to(x)
    seen = visibility(x, dims=dims)
    joints = _stand_ins(x[:, :dims], seen, step)
    whole = seen * over_joints(seen, step) > 0
    return joints - over_joints(joints, step), whole


def joints_from_bones(
    vectors: Float[Tensor, "n d t v m"], seen: Visible, *, topology: Topology
) -> Float[Tensor, "n d t v m"]:
    """Add the vectors up along the path from the root; joints that were not seen become 0."""
    joints = over_joints(vectors, _paths(topology.from_root, len(topology)).to(vectors))
    return (joints + BESIDE_ZERO) * seen  # a centered joint's sum can cancel to exactly 0


def over_joints(x: Clips, matrix: Float[Tensor, "v v"]) -> Clips:
    """Multiply by a matrix along the joints.

    A body rides along in a larger matrix: to bring the joints to the end would copy the clips.
    """
    bodies = torch.eye(x.shape[4], dtype=x.dtype, device=x.device)
    size = x.shape[3] * x.shape[4]
    wide = (matrix.T[:, None, :, None] * bodies[None, :, None]).reshape(size, size)  # Kronecker's
    return (x.reshape(-1, size) @ wide).view(x.shape)


def _stand_ins(
    joints: Float[Tensor, "n d t v m"], seen: Visibility, step: Float[Tensor, "v v"]
) -> Float[Tensor, "n d t v m"]:
    """Every joint, or where it is missing its nearest ancestor that was seen (0 for none)."""
    if nothing_to_mend(seen, dim=3):
        return joints
    for _ in range((len(step) - 1).bit_length()):  # 1, 2, 4, ... generations up
        joints = joints + (1 - seen) * over_joints(joints, step)
        seen = seen + (1 - seen) * over_joints(seen, step)
        step = step @ step
    return joints


@lru_cache(maxsize=64)
def _step_up(from_root: tuple[tuple[int, int], ...], joints: int) -> Float[Tensor, "v v"]:
    """Row v picks v's parent; the root's row is 0."""
    matrix = torch.zeros(joints, joints)
    for child, parent in from_root:
        matrix[child, parent] = 1
    return matrix


@lru_cache(maxsize=64)
def _paths(from_root: tuple[tuple[int, int], ...], joints: int) -> Float[Tensor, "v v"]:
    """Row v has a 1 at every joint on the path from the root to v, both included."""
    paths: Tensor = torch.linalg.inv(torch.eye(joints) - _step_up(from_root, joints))
    return paths  # 1 + step + step^2 + ..., whole
