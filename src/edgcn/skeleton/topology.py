"""A skeleton as data: named joints, bones as (child, parent), and what alignment needs.

Indices are derived from names, never typed. Sources: each topology cites its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edgcn.base.errors import EdgcnError


@dataclass(frozen=True)
class Topology:
    """Named joints joined by bones into one tree.

    Args:
        bones: (child, parent) pairs; every joint but one root is a child exactly once.
        center: the joint that clips are centered on.
        mirror: (left, right) pairs that swap when a body is mirrored.
        shoulders: (left, right), the horizontal axis of a body for alignment.
        spine: (lower, upper), the vertical axis of a body for alignment.
        source: where joint order and bones are published.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...]
    center: str
    mirror: tuple[tuple[str, str], ...]
    shoulders: tuple[str, str]
    spine: tuple[str, str]
    source: str

    def __post_init__(self) -> None:
        named = {*sum(self.bones, ()), *sum(self.mirror, ()), self.center, *self.shoulders}
        unknown = sorted((named | set(self.spine)) - set(self.joints))
        if unknown:
            raise EdgcnError(
                f"topology {self.name!r} names joints it does not have: {', '.join(unknown)}; "
                f"its joints are {', '.join(self.joints)}"
            )
        if len(set(self.joints)) != len(self.joints):
            raise EdgcnError(f"topology {self.name!r} names a joint twice")
        children = [child for child, _ in self.bones]
        if len(set(children)) != len(children) or len(children) != len(self.joints) - 1:
            raise EdgcnError(
                f"topology {self.name!r}: expected bones to form one tree of {len(self.joints)} "
                f"joints ({len(self.joints) - 1} bones, each joint a child once), got "
                f"{len(self.bones)} bones"
            )
        if len(self.from_root) != len(self.bones):
            raise EdgcnError(f"topology {self.name!r}: its bones form a loop, expected one tree")

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Position of a joint, by name."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise EdgcnError(
                f"topology {self.name!r} has no joint {joint!r}; it has {', '.join(self.joints)}"
            ) from None

    @cached_property
    def root(self) -> str:
        """The one joint that is nobody's child."""
        (root,) = set(self.joints) - {child for child, _ in self.bones}
        return root

    @cached_property
    def from_root(self) -> tuple[tuple[int, int], ...]:
        """Bones as (child, parent) indices, every parent placed before its children."""
        parents = {self.index(child): self.index(parent) for child, parent in self.bones}
        placed, ordered = {self.index(self.root)}, []
        while ready := [c for c, p in parents.items() if p in placed and c not in placed]:
            ordered += [(child, parents[child]) for child in ready]
            placed.update(ready)
        return tuple(ordered)

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Bones as (child, parent) indices, in the order they were given."""
        return tuple((self.index(child), self.index(parent)) for child, parent in self.bones)

    @cached_property
    def mirrored(self) -> tuple[int, ...]:
        """For each joint, the index of the joint on the other side (itself on the midline)."""
        other = {left: right for left, right in self.mirror}
        other |= {right: left for left, right in self.mirror}
        return tuple(self.index(other.get(joint, joint)) for joint in self.joints)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, for stores and checkpoints."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "bones": [list(bone) for bone in self.bones],
            "center": self.center,
            "mirror": [list(pair) for pair in self.mirror],
            "shoulders": list(self.shoulders),
            "spine": list(self.spine),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Topology":
        """Inverse of `to_dict`."""
        return cls(
            name=data["name"],
            joints=tuple(data["joints"]),
            bones=tuple((child, parent) for child, parent in data["bones"]),
            center=data["center"],
            mirror=tuple((left, right) for left, right in data["mirror"]),
            shoulders=(data["shoulders"][0], data["shoulders"][1]),
            spine=(data["spine"][0], data["spine"][1]),
            source=data["source"],
        )


def sides(joints: Sequence[str], left: str, right: str) -> tuple[tuple[str, str], ...]:
    """Mirror pairs of joints whose names differ only in `left` and `right`."""
    return tuple(
        (joint, joint.replace(left, right))
        for joint in joints
        if left in joint and joint.replace(left, right) in joints
    )
