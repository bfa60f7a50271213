"""From one skeleton to another by joint NAME: taken as it is, derived from neighbors, or missing.

(T, M, V source, C) -> (T, M, V target, C). What a joint may be derived from is written in two
tables: `_NEAR` (mean over whichever are visible) and `_BETWEEN` (midpoint, all must be visible).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.names import canonical
from edgcn.skeleton.recording import Frames
from edgcn.skeleton.topology import Topology

Remapped = Float[np.ndarray, "t m target c"]

# Points within about a hand's length of each other; `*` stands for either side. The first row that
# the source has any of is used. Eyes, ears and most fingers get no stand-in from head or hand: many
# copies of one point would be invented detail.
_NEAR = {
    "head": (("nose", "left_ear", "right_ear"), ("left_eye", "right_eye")),
    "nose": (("left_eye", "right_eye"), ("left_ear", "right_ear"), ("head",)),
    "neck": (("chest",),),
    "chest": (("neck",),),  # OpenPose's neck is the midpoint of the shoulders
    "*_eye": (("*_eye_inner", "*_eye_outer"),),
    "*_eye_inner": (("*_eye",),),
    "*_eye_outer": (("*_eye",),),
    "*_wrist": (("*_hand",),),
    "*_hand_wrist": (("*_wrist",),),
    "*_hand": (
        ("*_index_mcp", "*_little_mcp"),
        ("*_index", "*_middle", "*_ring", "*_little"),
        ("*_wrist",),
    ),
    "*_hand_tip": (("*_index_tip", "*_middle_tip"), ("*_index", "*_middle"), ("*_hand",)),
    "*_thumb": (("*_thumb_tip",),),
    "*_index": (("*_index_tip",), ("*_hand_tip",)),
    "*_middle": (("*_middle_tip",), ("*_hand_tip",)),
    "*_ring": (("*_ring_tip",),),
    "*_little": (("*_little_tip",),),
    "*_foot": (("*_big_toe", "*_small_toe"), ("*_foot_index",), ("*_ankle",)),
    "*_foot_index": (("*_big_toe", "*_small_toe"), ("*_foot",)),
    "*_big_toe": (("*_foot_index",), ("*_foot",)),
}

# Points half way between others that are far apart: one of them alone would be far off.
_BETWEEN = {
    "neck": (("left_shoulder", "right_shoulder"),),
    "chest": (("left_shoulder", "right_shoulder"),),
    "hips": (("left_hip", "right_hip"),),
    "spine": (
        ("hips", "chest"),
        ("hips", "neck"),
        ("left_hip", "right_hip", "left_shoulder", "right_shoulder"),
    ),
}


@dataclass(frozen=True)
class Derived:
    """The source joints that a joint is the mean of, and whether all of them must be seen."""

    joints: tuple[str, ...]
    needs_all: bool


@dataclass(frozen=True)
class RemapPlan:
    """Where each target joint comes from; every one is in exactly one of the three.

    Args:
        exact: target joint -> the source joint that is the same point.
        derived: target joint -> the source joints whose mean stands in for it.
        missing: target joints that the source has nothing for; they stay 0.
    """

    source: Topology
    target: Topology
    exact: dict[str, str]
    derived: dict[str, Derived]
    missing: tuple[str, ...]

    def apply(self, frames: Frames, *, dims: int = 3) -> Remapped:
        """Frames of the source as frames of the target.

        A joint that is not seen (0 in its first `dims` channels) adds nothing to a mean; with none
        seen, the derived joint is not seen either.

        Raises:
            EdgcnError: the frames have another number of joints than the source.
        """
        if frames.shape[2] != len(self.source):
            raise EdgcnError(
                f"expected frames (T, M, {len(self.source)}, C) for topology "
                f"{self.source.name!r}, got {frames.shape}; plan with the topology they are in"
            )
        result = np.zeros((*frames.shape[:2], len(self.target), frames.shape[3]), frames.dtype)
        to = [self.target.index(joint) for joint in self.exact]
        result[:, :, to] = frames[:, :, [self.source.index(j) for j in self.exact.values()]]
        for joint, rule in self.derived.items():
            parts = frames[:, :, [self.source.index(j) for j in rule.joints]]
            result[:, :, self.target.index(joint)] = _mean_of_seen(parts, dims, rule.needs_all)
        return result

    @property
    def dropped(self) -> tuple[str, ...]:
        """Source joints that no target joint is made of."""
        used = {*self.exact.values(), *(j for rule in self.derived.values() for j in rule.joints)}
        return tuple(joint for joint in self.source.joints if joint not in used)

    def summary(self) -> str:
        """One line that says what was taken, derived, missing and dropped."""
        derived = [f"{joint} from {'+'.join(d.joints)}" for joint, d in self.derived.items()]
        return (
            f"{self.source.name} -> {self.target.name}: {len(self.exact)} joints taken, "
            f"{len(derived)} derived{_listed(derived)}, "
            f"{len(self.missing)} missing{_listed(self.missing)}, "
            f"{len(self.dropped)} dropped{_listed(self.dropped)}"
        )


def plan_remap(source: Topology, target: Topology) -> RemapPlan:
    """How to turn clips of `source` into clips of `target`; compute once, apply to every clip."""
    have = {canonical(joint): joint for joint in source.joints}
    exact = {j: have[canonical(j)] for j in target.joints if canonical(j) in have}
    others = [joint for joint in target.joints if joint not in exact]
    derived = {joint: rule for joint in others if (rule := _derive(canonical(joint), have))}
    missing = tuple(joint for joint in others if joint not in derived)
    return RemapPlan(source, target, exact, derived, missing)


def remap(frames: Frames, source: Topology, target: Topology, *, dims: int = 3) -> Remapped:
    """One clip's frames as another skeleton; for many clips keep the plan of `plan_remap`."""
    return plan_remap(source, target).apply(frames, dims=dims)


def _derive(joint: str, have: dict[str, str]) -> Derived | None:
    """The first rule of the tables that the source can follow."""
    side = next((s for s in ("left", "right") if joint.startswith(f"{s}_")), "")
    key = joint.replace(f"{side}_", "*_", 1) if side else joint
    for row in _NEAR.get(key, ()):
        there = tuple(have[p] for part in row if (p := part.replace("*", side)) in have)
        if there:
            return Derived(there, needs_all=False)
    for row in _BETWEEN.get(key, ()):
        if all(part in have for part in row):
            return Derived(tuple(have[part] for part in row), needs_all=True)
    return None


def _mean_of_seen(
    parts: Float[np.ndarray, "t m parts c"], dims: int, needs_all: bool
) -> Float[np.ndarray, "t m c"]:
    """Mean over the joints that are seen."""
    seen = (parts[..., :dims] != 0).any(axis=-1, keepdims=True)
    count = seen.sum(axis=2)
    total = np.where(seen, parts, 0).sum(axis=2)
    usable = count == parts.shape[2] if needs_all else count > 0
    return np.where(usable, total / np.maximum(count, 1), 0).astype(parts.dtype)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return f" ({', '.join(names)})" if names else ""
