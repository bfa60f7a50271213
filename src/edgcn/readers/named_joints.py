"""Joints that a file names as it likes: which of a known skeleton's they are, by name.

names of a file -> the known topology that has most of them -> where each of its joints is
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgcn.base.errors import EdgcnError, FileError, did_you_mean
from edgcn.base.spelling import legible
from edgcn.base.words import LISTED, named
from edgcn.skeleton.layouts import HAND_LAYOUTS, TOPOLOGIES
from edgcn.skeleton.match import FEWEST, Match
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

# What else people call a part, letters only.
SYNONYMS = {
    "hips": "hip midhip hipmid root pelvis hipcenter spinebase",
    "chest": "thorax sternum spineshoulder shouldercenter midshoulder",
    "spine": "spinemid spinenavel spinenaval",
    "head": "forehead",
    "shoulder": "shldr sho",
    "elbow": "elb",
    "wrist": "wri",
    "knee": "kne",
    "ankle": "ank",
    "little": "pinky pinkie",
    "eye_inner": "innereye",
    "eye_outer": "outereye",
    "big_toe": "toe toes hallux",
    "small_toe": "littletoe",
}
ORDERED = sorted(TOPOLOGIES.values(), key=lambda own: (own in HAND_LAYOUTS, len(own)))


@dataclass(frozen=True)
class Joints:
    """The joints of a file on a known topology.

    Args:
        match: where they are among the names of the file.
        left_out: names that the topology has no joint for.
        absent: names that stand for joints, as the user says, and are none of the file's.
    """

    match: Match
    left_out: tuple[str, ...]
    absent: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What was done, in words."""
        said = [self.match.remark]
        for what, names in (
            ("left out", self.left_out),
            ("joints that are not there", self.absent),
        ):
            if names:
                said.append(f"{what}: {named([*map(legible, names)], most=LISTED)}")
        return "; ".join(said)


def joint_map(text: str) -> dict[str, str]:
    """`paw_l=left_wrist,paw_r=right_wrist` as names of a file and the joints that they are."""
    pairs = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, joint = (word.strip() for word in part.partition("="))
        if not equals or not name or not joint:
            raise EdgcnError(
                f"joints: expected NAME=JOINT pairs such as paw_l=left_wrist, got {part[:40]!r}"
            )
        if joint_of(joint) not in (known := {joint_of(own) for own in _spellings().values()}):
            hint = did_you_mean(joint, sorted(known))
            raise EdgcnError(f"joints: no known skeleton has a joint {joint[:40]!r}{hint}")
        pairs[name] = joint
    return pairs


def find_joints(
    path: Path,
    names: Sequence[str],
    *,
    topology: Topology | None = None,
    joints: Mapping[str, str] | None = None,
) -> Joints:
    """The known topology that has most of these names, and where its joints are among them.

    Of those that have as many the smallest, without fingers rather than with. Upper and lower
    case, order, separators, `left` before or behind and `l` for it make no difference; what stands
    before a colon, or before all names, is no part of them.

    Args:
        path: the file, for the error.
        topology: take this one.
        joints: names of the file that stand for joints; those of none are left out.

    Raises:
        FileError: fewer than `FEWEST` joints are known, or two names are one joint.
    """
    pairs = {key.casefold(): value for key, value in (joints or {}).items()}
    spelled = [pairs.get(name.casefold(), short) for name, short in _shortened(names)]
    known = [joint_of(name) for name in spelled]
    chosen = [topology] if topology is not None else ORDERED
    taken = max(chosen, key=lambda own: len(set(_own(own)) & set(known)))
    found = sorted(set(_own(taken)) & set(known))
    if len(found) < FEWEST:
        of = "a known skeleton" if topology is None else topology.name
        raise FileError(
            path,
            f"expected names of at least {FEWEST} joints of {of}, got "
            f"{named([*map(legible, names)], most=LISTED) or 'none'}; say which is which, as in "
            f"`--options joints {_example(names)}`",
        )
    for joint in found:
        if known.count(joint) > 1:
            same = [legible(name) for name, own in zip(names, known, strict=True) if own == joint]
            raise FileError(path, f"expected one {joint}, got {named(same)}; rename them")
    places = tuple(known.index(joint) if joint in known else -1 for joint in _own(taken))
    rest = [name for name, joint in zip(names, known, strict=True) if joint not in found]
    there = {name.casefold() for name in names}
    absent = [name for name in joints or {} if name.casefold() not in there]
    return Joints(Match(taken, places), tuple(rest), tuple(absent))


def _example(names: Sequence[str]) -> str:
    return ",".join(
        f"{legible(name).replace(' ', '_')}={joint}"
        for name, joint in zip(names, ("left_wrist", "right_wrist", "nose"), strict=False)
    )


def _own(topology: Topology) -> list[str]:
    return [joint_of(joint) for joint in topology.joints]


def _shortened(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Each name, and without a namespace, nor what all names begin with if more are known so."""
    bare = [name.rpartition(":")[2] for name in names]
    words = [re.split(r"(?<=[_. -])", name) for name in bare]
    while len(words) > 1 and all(len(own) > 1 for own in words):
        if len({own[0].casefold() for own in words}) > 1:
            break
        words = [own[1:] for own in words]
    short = ["".join(own) for own in words]
    better = sum(map(_is_known, short)) > sum(map(_is_known, bare))
    return zip(names, short if better else bare, strict=True)


def _is_known(name: str) -> bool:
    return _letters(name) in _spellings()


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def joint_of(name: str) -> str:
    """The canonical joint of a name in any spelling; its own canonical name where it is none."""
    return _spellings().get(_letters(name)) or canonical(name)


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    """The joints of all known skeletons by their letters: leftwrist, wristleft, lwrist, wristl."""
    found = dict[str, str]()
    known = [canonical(joint) for own in TOPOLOGIES.values() for joint in own.joints]
    for style in ("{0}{1}", "{1}{0}", "{2}{1}", "{1}{2}"):
        for joint in known:
            side, part = _side(joint)
            for word in (part.replace("_", ""), *SYNONYMS.get(part, "").split()):
                found.setdefault(style.format(side, word, side[:1]), joint)
    return found


def _side(joint: str) -> tuple[str, str]:
    side, _, part = joint.partition("_")
    return (side, part) if side in ("left", "right") else ("", joint)
