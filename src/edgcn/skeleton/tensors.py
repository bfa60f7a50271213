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
Seen = Bool[Tensor, "n 1 t v m"]

BESIDE_ZERO = 1e-8  # in the data's units: far below any sensor, and not 0 (float32, bfloat16)


def present(x: Clips, *, dims: int) -> Seen:
    """Where a joint was seen: any of its geometry channels is not 0."""
    seen = x[:, 0] != 0
    for channel in range(1, dims):
        seen = seen | (x[:, channel] != 0)
    return seen.unsqueeze(1)


def with_geometry(x: Clips, geometry: Float[Tensor, "n d t v m"]) -> Clips:
    """The clips with their leading channels replaced, a confidence behind them kept."""
    dims = geometry.shape[1]
    return geometry if dims == x.shape[1] else torch.cat((geometry, x[:, dims:]), dim=1)


def translate(x: Clips, offset: Float[Tensor, "n d #t #v #m"]) -> Clips:
    """Add an offset to every joint that was seen; the offset's channels are the geometry."""
    dims = offset.shape[1]
    moved = (x[:, :dims] + offset + BESIDE_ZERO) * present(x, dims=dims)
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
    frames = x.shape[2]
    seen = present(x, dims=dims)
    now = torch.arange(frames, device=x.device).view(1, 1, -1, 1, 1)
    before = torch.where(seen, now, -1).cummax(dim=2).values
    after = torch.where(seen, now, frames).flip(2).cummin(dim=2).values.flip(2)
    low = torch.where(before >= 0, before, after).clamp(max=frames - 1)
    high = torch.where(after < frames, after, before).clamp(min=0)
    fraction = (now - low).to(x) / (high - low).clamp(min=1)
    geometry = x[:, :dims]
    start = geometry.gather(2, low.expand_as(geometry))
    end = geometry.gather(2, high.expand_as(geometry))
    return with_geometry(x, start + fraction * (end - start))


def blend(low: Clips, high: Clips, fraction: Float[Tensor, "n t"], *, dims: int) -> Clips:
    """The frames `fraction` of the way from `low` to `high`; where one is missing, the other."""
    fraction = fraction[:, None, :, None, None].to(low)
    from_low = (1 - fraction) * present(low, dims=dims)
    from_high = fraction * present(high, dims=dims)
    total = from_low + from_high
    return (low * from_low + high * from_high) / torch.where(total > 0, total, 1)


def even_positions(last: Int[Tensor, "n 1"], frames: int) -> Float[Tensor, "n frames"]:
    """Frame positions spread evenly over 0 .. last of each clip, for resampling to `frames`.

    Multiplied first and divided then, so that as many frames as there are fall exactly on them;
    `linspace` lands a rounding error beside, where a missing joint would be filled in.
    """
    return last * torch.arange(frames, dtype=torch.float64) / max(frames - 1, 1)


def resample_time(
    x: Clips, positions: Float[Tensor, "n new_t"], *, dims: int | None = None
) -> Float[Tensor, "n c new_t v m"]:
    """Read each clip at fractional frame positions, by linear interpolation.

    Where a joint is missing in one of the two neighboring frames the other's is taken; where it is
    missing in both, or the position is exactly that of a missing frame, it stays missing.

    Args:
        positions: in frames, within 0 .. T - 1 (clamped to that).
        dims: how many channels are geometry; all of them where not given.
    """
    positions = positions.clamp(0, x.shape[2] - 1)
    floor = positions.floor()
    low = floor.long()
    high = (low + 1).clamp(max=x.shape[2] - 1)
    return blend(
        _frames_at(x, low),
        _frames_at(x, high),
        positions - floor,
        dims=x.shape[1] if dims is None else dims,
    )


def _frames_at(x: Clips, index: Tensor) -> Tensor:
    """Whole frames by number: one row copy each (gather would read element by element)."""
    rows = x.transpose(1, 2)[torch.arange(len(x), device=x.device)[:, None], index.to(x.device)]
    return rows.transpose(1, 2)


def bone_vectors(
    x: Clips, *, topology: Topology, dims: int
) -> tuple[Float[Tensor, "n d t v m"], Seen]:
    """Each joint as seen from its parent, and where both of them were seen.

    The root holds its position. A missing joint holds 0; the children of a missing joint are
    given from the nearest ancestor that was seen (from the origin, where there is none), so that
    `joints_from_bones` puts every joint that was seen back where it was.
    """
    seen = present(x, dims=dims)
    joints, flags = list(x[:, :dims].unbind(3)), list(seen.unbind(3))
    stand_ins, vectors = list(joints), list(joints)
    whole = [torch.zeros_like(flag) for flag in flags]
    for child, parent in topology.from_root:
        stand_ins[child] = torch.where(flags[child], joints[child], stand_ins[parent])
        vectors[child] = stand_ins[child] - stand_ins[parent]
        whole[child] = flags[child] & flags[parent]
    return torch.stack(vectors, dim=3), torch.stack(whole, dim=3)


def joints_from_bones(
    vectors: Float[Tensor, "n d t v m"], seen: Seen, *, topology: Topology
) -> Float[Tensor, "n d t v m"]:
    """Add the vectors up along the path from the root; joints that were not seen become 0."""
    paths = torch.tensor(_paths(topology.from_root, len(topology))).to(vectors)
    joints = torch.einsum("vw,ndtwm->ndtvm", paths, vectors)
    return (joints + BESIDE_ZERO) * seen  # a centered joint's sum can cancel to exactly 0


@lru_cache(maxsize=64)
def _paths(from_root: tuple[tuple[int, int], ...], joints: int) -> tuple[tuple[float, ...], ...]:
    """Row v has a 1 at every joint on the path from the root to v, both included."""
    rows = [[float(v == w) for w in range(joints)] for v in range(joints)]
    for child, parent in from_root:
        rows[child] = [max(a, b) for a, b in zip(rows[child], rows[parent], strict=True)]
    return tuple(tuple(row) for row in rows)
