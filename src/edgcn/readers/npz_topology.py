"""Which skeleton a file means that gives joint names and perhaps bones, but nothing more.

A known topology where it has these names and bones; else one built from the bones, with center,
shoulders and spine found by the names that skeletons commonly use. A skeleton that is no body, such
as a hand, has stand-ins for them around the joint where most bones meet; its source names them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.npz_arrays import Arrays
from edgcn.skeleton.layouts import TOPOLOGIES, topology_of
from edgcn.skeleton.match import match_joints
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

_CENTERS = ("spine", "hips", "chest", "neck", "nose", "head")
_LOWER = ("hips", "spine", "left_hip", "neck")
_UPPER = ("chest", "neck", "left_shoulder", "head", "nose")
_SHOULDERS = ("left_shoulder", "right_shoulder")


def arrange(arrays: Arrays) -> tuple[Topology, list[str]]:
    """The topology of a file, and what is to be said of it.

    Joints of a known skeleton in another order or spelling, or only some of them, are brought into
    its own order, in `frames` and `scores`; those that the file does not have are not seen.

    Raises:
        FileError: as for `find_topology`.
    """
    joints, bones = tuple(arrays["joints"].tolist()), arrays.get("bones")
    known = any(joints == topology.joints for topology in TOPOLOGIES.values())
    if bones is not None or known or (found := match_joints(joints)) is None:
        return find_topology(arrays.path, joints, bones), []
    for key in ("frames", "scores"):
        if key in arrays:
            arrays.members[key] = found.apply(arrays[key])
    return found.topology, [found.remark]


def find_topology(
    path: Path, joints: tuple[str, ...], bones: Shaped[np.ndarray, "bones 2"] | None
) -> Topology:
    """The topology with these joints; `bones` are rows of (child, parent) indices into them.

    Raises:
        FileError: no joints, unknown joints without bones, bones that are no tree, or names that
            do not say where shoulders and spine are.
    """
    if not joints:
        raise FileError(path, "joints: expected at least one, got none")
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
    for known in alike:  # whichever end of a bone the file calls the child
        if set(map(frozenset, known.bones)) == set(map(frozenset, pairs)):
            return known
    try:
        if alike:
            return replace(alike[0], name=_name(path), bones=pairs, source=_source(path))
        return _build(path, joints, pairs)
    except EdgcnError as error:
        raise FileError(path, str(error)) from None


def _build(path: Path, joints: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> Topology:
    """A topology out of names and bones."""
    ends, source = (joints[0], joints[0]), _source(path)
    tree = Topology(_name(path), joints, pairs, joints[0], (), ends, ends, source)
    by_name = {canonical(joint): joint for joint in joints}
    hub = max(joints, key=lambda joint: sum(joint in pair for pair in pairs))
    limbs = [joint for joint in joints if {(joint, hub), (hub, joint)} & set(pairs)]
    mirror = tuple(
        (joint, by_name[other])
        for name, joint in by_name.items()
        if name.startswith("left_") and (other := name.replace("left_", "right_", 1)) in by_name
    )
    if len(limbs) > 2 and not by_name.keys() & {*_CENTERS, *_LOWER, *_UPPER, *_SHOULDERS}:
        fingers = [joint for joint in limbs if "thumb" not in canonical(joint)]
        limbs = fingers if len(fingers) > 1 else limbs
        middle = limbs[(len(limbs) - 1) // 2]
        source += (
            f"; stand-ins: center {hub}, shoulders {limbs[0]} and {limbs[-1]}, "
            f"spine {hub} to {middle}"
        )
        shoulders, spine = (limbs[0], limbs[-1]), (hub, middle)
        return replace(
            tree, center=hub, mirror=mirror, shoulders=shoulders, spine=spine, source=source
        )
    lower = _first(by_name, _LOWER, "the lower end of the spine")
    others = {name: joint for name, joint in by_name.items() if joint != lower}
    return replace(
        tree,
        center=_first(by_name, _CENTERS, "the center"),
        mirror=mirror,
        shoulders=(
            _first(by_name, _SHOULDERS[:1], "the left shoulder"),
            _first(by_name, _SHOULDERS[1:], "the right shoulder"),
        ),
        spine=(lower, _first(others, _UPPER, "the upper end of the spine")),
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
