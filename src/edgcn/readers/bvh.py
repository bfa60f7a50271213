"""BVH motion capture (Mixamo, MotionBuilder, Xsens, Perception Neuron, Poser, CMU, SMPL, ...).

angles of a tree of joints -> forward kinematics -> the joints of a Kinect v2 by name, (T, 1, 25, 3)

A BVH names bones by where they begin (LeftArm begins at the shoulder) or joints by themselves
(LeftShoulder, LeftElbow); both are known. There is no camera: people, who face z in their rest
pose, are seen from the front.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.spelling import legible
from edgcn.base.words import LISTED, named
from edgcn.readers.bvh_tree import Motion, Node, parse_bvh, positions
from edgcn.readers.file_each import find_files, first_of, recordings_of
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import joint_map, joint_of
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.names import canonical
from edgcn.skeleton.recording import Recordings

PREFIX = re.compile(
    r"^(?:j_)?(?:mixamorig|bip|character|m_avg|smpl)\d*[ _](?:c_)?", re.IGNORECASE
)  # what tools put before the name of a joint
FEWEST = ("left_shoulder", "right_shoulder", "left_wrist", "right_wrist")
TORSO = 0.15, 1.5  # meters
WRITTEN = 2e-4  # of a frame time, that its few digits are off; 29.97 fps is further from 30
ORIGIN = 1e-6  # for 0: a joint in the origin is there, and 0 would say that it is not
# Names of a side's joints, letters only, the first that is there: a shoulder is where an arm
# begins, and only without one is LeftShoulder the joint (else the collar bone).
SIDED = {
    "shoulder": ("arm", "upperarm", "uparm", "shldr", "shoulder"),
    "elbow": ("elbow", "forearm", "lowerarm", "lowarm"),
    "wrist": ("wrist", "hand"),
    "hip": ("upleg", "upperleg", "thigh", "hip"),
    "knee": ("knee", "lowerleg", "lowleg", "calf", "shin", "leg"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toe", "toes", "ball", "foot"),
}
MIDDLE = {
    "hips": ("hips", "pelvis", "hip", "root"),
    "neck": ("neck", "neck1", "neck01"),
    "head": ("head",),
}

Rule = tuple[int, ...]  # nodes whose mean a joint is


def read_bvh(
    path: Path,
    *,
    labels: Path | None = None,
    joints: str = "",
    up: Literal["auto", "y", "z"] = "auto",
    scale: float | None = None,
) -> Recordings:
    """BVH files, a recording each; every ROOT of a file is a person.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        joints: joints of the files that are known by other names, as in
            `arm_upper_l=left_shoulder,hand_l=left_wrist`.
        up: the axis that points up; by default the one along which most heads are above hips.
        scale: meters of a unit (0.056444 in CMU's); by default torsos tell m, cm or mm.

    Raises:
        EdgcnError: nothing there, or no BVH.
    """
    files = find_files(path, ["*.bvh", "*.BVH"], what="BVH files", hint="export them as BVH")
    pairs = {name.casefold(): joint_of(joint) for name, joint in joint_map(joints).items()}
    read = partial(_takes, pairs=pairs, up=up, scale=scale)
    return recordings_of(
        "bvh",
        files,
        read,
        topology=KINECT_V2,
        dims=3,
        labels=labels,
        found_fps=first_of(files, lambda file: _fps(parse_bvh(file))),
        remarks=[
            "BVH has no camera: people seen from the front of their rest pose; SpineShoulder is "
            "the middle of the shoulders, SpineMid half way from it to the hips"
        ],
    )


def _fps(motion: Motion) -> float:
    """Frames per second; a whole number where 0.016667 is meant for 60."""
    fps = 1 / motion.seconds
    return float(round(fps)) if abs(fps - round(fps)) < WRITTEN * fps else round(fps, 3)


def _takes(
    path: Path, pairs: Mapping[str, str], up: Literal["auto", "y", "z"], scale: float | None
) -> Iterator[Take]:
    motion = parse_bvh(path)
    roots = [number for number, node in enumerate(motion.nodes) if node.parent < 0]
    ends = [*roots[1:], len(motion.nodes)]
    for root, end in zip(roots, ends, strict=True):
        rules, missing = _rules(path, motion.nodes, range(root, end), pairs)
        wanted = sorted({node for rule in rules.values() for node in rule})
        places = positions(motion, wanted)
        frames = np.zeros((len(places), 1, len(KINECT_V2), 3), dtype=np.float32)
        for joint, rule in rules.items():
            at = [wanted.index(node) for node in rule]
            place = places[:, at].mean(1)
            place[~place.any(-1), 0] = ORIGIN
            frames[:, 0, KINECT_V2.index(joint)] = place
        frames, notes = _from_the_front(frames, up)
        if scale is not None:
            frames *= np.float32(scale)
        notes += [_size(frames)]
        if missing:
            notes.append(f"no joints for {named(missing, most=LISTED)}, taken as not seen")
        person = motion.nodes[root].name if len(roots) > 1 else ""
        yield Take(frames, person, fps=_fps(motion), note="; ".join(filter(None, notes)))


def _from_the_front(
    frames: Float[np.ndarray, "t 1 25 3"], up: Literal["auto", "y", "z"]
) -> tuple[Float[np.ndarray, "t 1 25 3"], list[str]]:
    """With y up, turned by half a circle around it: the rest pose faces z, a camera's people -z."""
    trunk = frames[:, 0, KINECT_V2.index("SpineShoulder")] - frames[:, 0, 0]
    said = []
    if up == "auto":
        upright = np.abs(np.median(trunk, axis=0))
        up = "z" if upright[2] > 2 * upright[1] else "y"
        said = ["z taken to point up (option up)"] if up == "z" else []
    x, y, z = np.moveaxis(frames, -1, 0)
    turned = (-x, z, y) if up == "z" else (-x, y, -z)
    return np.stack(turned, axis=-1) + np.float32(0), said  # -0 is 0


def _size(frames: Float[np.ndarray, "t 1 25 3"]) -> str:
    """Named where a torso is that of a person in no unit."""
    trunk = frames[:, 0, KINECT_V2.index("SpineShoulder")] - frames[:, 0, 0]
    torso = float(np.median(np.linalg.norm(trunk, axis=-1)))
    if any(TORSO[0] <= torso * factor <= TORSO[1] for factor in (1, 0.01, 0.001)):
        return ""
    return f"a torso is {torso:.3g} long, in neither m, cm nor mm (option scale)"


def _rules(
    path: Path, nodes: Sequence[Node], own: range, pairs: Mapping[str, str]
) -> tuple[dict[str, Rule], list[str]]:
    """The nodes whose mean each joint of the topology is, and the joints without any."""
    known = _known(nodes, own, pairs)
    if lacking := [joint for joint in FEWEST if joint not in known]:
        names = [legible(nodes[number].name) for number in own if nodes[number].name]
        raise FileError(
            path,
            f"expected joints of a person, found no {named(lacking)} among "
            f"{named(names, most=3 * LISTED)}; say which are, as in --options joints "
            f"NAME={lacking[0]}",
        )
    found: dict[str, Rule] = {}
    for joint in KINECT_V2.joints:
        if (name := canonical(joint)) in known:
            found[joint] = known[name]
    return found, [joint for joint in KINECT_V2.joints if joint not in found]


def _known(nodes: Sequence[Node], own: range, pairs: Mapping[str, str]) -> dict[str, Rule]:
    """Joints by canonical name."""
    by_name, known = dict[str, int](), dict[str, Rule]()
    for number in own:
        if name := nodes[number].name:
            bare = PREFIX.sub("", name.rpartition(":")[2])
            by_name.setdefault(_plain(bare), number)
            if name.casefold() in pairs:
                known[pairs[name.casefold()]] = (number,)

    def take(joint: str, names: Sequence[str], side: str = "") -> None:
        used = {node for rule in known.values() for node in rule}
        at = next((by_name[side + name] for name in names if side + name in by_name), -1)
        if at >= 0 and at not in used:
            known.setdefault(f"{side}_{joint}" if side else joint, (at,))

    for side in ("left", "right"):
        for joint, names in SIDED.items():
            take(joint, names, side)
    for joint, names in MIDDLE.items():
        take(joint, names)
    if "hips" not in known:
        known["hips"] = (own.start,)
    for side in ("left", "right"):
        _hand(nodes, own, by_name, known, side)
        if f"{side}_foot" not in known and f"{side}_ankle" in known:
            _end(nodes, own, known, f"{side}_ankle", f"{side}_foot")
    if "head" in known:
        top = _tip(nodes, own, known["head"][0], ("top", "end", "nub", "site"))
        known["head"] += (top,) if top >= 0 else ()
    if {"left_shoulder", "right_shoulder"} <= known.keys():
        known.setdefault("chest", known["left_shoulder"] + known["right_shoulder"])
        if len(known["hips"]) == 1:
            chest = known["chest"]
            known.setdefault("spine", (*known["hips"] * len(chest), *chest))
    return known


def _plain(name: str) -> str:
    return canonical(name).replace("_", "")


def _children(nodes: Sequence[Node], own: range, parent: int) -> list[int]:
    return [number for number in own if nodes[number].parent == parent]


def _tip(nodes: Sequence[Node], own: range, node: int, words: Sequence[str]) -> int:
    """A child away from its joint that is its end by name, or an end site; -1 where none is."""
    for child in _children(nodes, own, node):
        name = _plain(nodes[child].name) if nodes[child].name else "site"
        if any(word in name for word in words) and nodes[child].offset.any():
            return child
    return -1


def _end(nodes: Sequence[Node], own: range, known: dict[str, Rule], of: str, joint: str) -> None:
    end = _tip(nodes, own, known[of][0], ("end", "nub", "site", "toe"))
    if end >= 0:
        known[joint] = (end,)


def _hand(
    nodes: Sequence[Node], own: range, by_name: Mapping[str, int], known: dict[str, Rule], side: str
) -> None:
    """Palm, tip and thumb: from the fingers where there are any, else from the end of the wrist."""
    if f"{side}_wrist" not in known:
        return
    (wrist,) = known[f"{side}_wrist"]
    fingers = {
        finger: [at for name, at in by_name.items() if name.startswith(side) and finger in name]
        for finger in ("middle", "index", "thumb")
    }
    long = fingers["middle"] or fingers["index"]
    if f"{side}hand" in by_name and by_name[f"{side}hand"] != wrist:
        known.setdefault(f"{side}_hand", (by_name[f"{side}hand"],))
    if long:
        known.setdefault(f"{side}_hand", (wrist, min(long)))
        known.setdefault(f"{side}_hand_tip", (_last(nodes, own, max(long)),))
    elif (end := _tip(nodes, own, wrist, ("end", "nub", "site"))) >= 0:
        known.setdefault(f"{side}_hand", (wrist, end))
        known.setdefault(f"{side}_hand_tip", (end,))
    if fingers["thumb"]:
        known.setdefault(f"{side}_thumb", (_last(nodes, own, max(fingers["thumb"])),))


def _last(nodes: Sequence[Node], own: range, node: int) -> int:
    """The end of a finger: the end site of its last joint, where it is away from it."""
    end = _tip(nodes, own, node, ("end", "nub", "site"))
    return end if end >= 0 else node
