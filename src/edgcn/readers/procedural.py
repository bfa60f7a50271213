"""Procedural people as a data set: what the released weights learned from, to look at and to keep.

seed, number of clips -> unlabelled clips at 30 fps, meters, each of another person
"""

from pathlib import Path
from typing import TYPE_CHECKING

from edgcn.readers.made import check_made
from edgcn.skeleton.layouts import topology_named
from edgcn.skeleton.recording import Recording, Recordings, trimmed

if TYPE_CHECKING:
    from edgcn.motion.people import People

FPS = 30.0
NOTE = "procedural people: made from kinematics, not recorded"


def read_procedural(
    path: Path | None = None, *, seed: int = 0, clips: int = 1000, topology: str = "kinect_v1"
) -> Recordings:
    """Clips of random human motion (`edgcn.motion`), (T, 1, V, 3) in meters at 30 fps.

    The clips of a seed are those that `edgcn pretrain procedural` learns from, in its order.

    Args:
        path: must be None; there is no file to read.
        seed: everything follows from it.
        topology: which joints the sensor finds, by name.

    Raises:
        EdgcnError: a path, fewer than 1 clip, a negative seed, or no such topology.
    """
    from edgcn.motion.people import People  # here, because it loads torch, which no file needs

    check_made("procedural", path, clips=(clips, 1), seed=(seed, 0))
    people = People(seed=seed, topology=topology_named(topology))
    return Recordings(
        reader="procedural",
        topology=people.topology,
        classes=(),
        recordings=(read_clip(people, number) for number in range(clips)),
        fps=FPS,
        total=clips,
        note=NOTE,
    )


def read_clip(people: "People", number: int) -> Recording:
    """Clip `number` at its own length."""
    name = f"{number + 1:05d}"
    return trimmed(people.clip(number, FPS), f"procedural_{name}", subject=f"p{name}")
