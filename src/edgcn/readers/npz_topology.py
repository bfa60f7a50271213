"""Which skeleton a file means that gives joint names and perhaps bones, but nothing more.

A known topology where names and bones are its own; else one built from the bones, with center,
shoulders and spine found by the names that skeletons commonly use.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.skeleton.layouts import TOPOLOGIES, topology_of
from edgcn.skeleton.remap import canonical
from edgcn.skeleton.topology import Topology

_CENTERS = ("spine", "hips", "chest", "neck", "nose", "head")
_LOWER = ("hips", "spine", "left_hip", "neck")
_UPPER = ("chest", "neck", "left_shoulder", "head", "nose")


def find_topology(
    path: Path, joints: tuple[str, ...], bones: Shaped[np.ndarray, "bones 2"] | None
) -> Topology:
    """The topology with these joints; `bones` are rows of (child, parent) indices into them.

    Raises:
        FileError: unknown joints without bones, bones that are no tree, or names that do not say
            where shoulders and spine are.
    """
    if bones is None:
        try:
            return topology_of(joints)
        except EdgcnError as error:
            raise FileError(path, str(error)) from None
    if bones.size and (bones.min() < 0 or bones.max() >= len(joints)):
        raise FileError(
            path,
            f"bones: expected indices 0..{len(joints) - 1} into joints, "
            f"got {bones.min()}..{bones.max()}",
        )
    pairs = tuple((joints[child], joints[parent]) for child, parent in bones.tolist())
    alike = [known for known in TOPOLOGIES.values() if known.joints == joints]
    for known in alike:
        if set(known.bones) == set(pairs):
            return known
    try:
        if alike:
            return replace(alike[0], name=_name(path), bones=pairs, source=_source(path))
        return _build(path, joints, pairs)
    except EdgcnError as error:
        raise FileError(path, str(error)) from None


def _build(path: Path, joints: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> Topology:
    """A topology out of names and bones."""
    by_name = {canonical(joint): joint for joint in joints}
    lower = _first(by_name, _LOWER, "the lower end of the spine")
    return Topology(
        name=_name(path),
        joints=joints,
        bones=pairs,
        center=_first(by_name, _CENTERS, "the center"),
        mirror=tuple(
            (joint, by_name[other])
            for name, joint in by_name.items()
            if name.startswith("left_") and (other := name.replace("left_", "right_", 1)) in by_name
        ),
        shoulders=(
            _first(by_name, ("left_shoulder",), "the left shoulder"),
            _first(by_name, ("right_shoulder",), "the right shoulder"),
        ),
        spine=(
            lower,
            _first(
                {n: joint for n, joint in by_name.items() if joint != lower},
                _UPPER,
                "the upper end of the spine",
            ),
        ),
        source=_source(path),
    )


def _first(by_name: dict[str, str], names: tuple[str, ...], what: str) -> str:
    """The first joint that has one of these canonical names."""
    for name in names:
        if name in by_name:
            return by_name[name]
    raise EdgcnError(
        f"joints: expected one for {what} (a name like {', '.join(names)}), "
        f"got {', '.join(by_name.values())}"
    )


def _name(path: Path) -> str:
    return path.stem


def _source(path: Path) -> str:
    return f"the bones in {path.name}"
