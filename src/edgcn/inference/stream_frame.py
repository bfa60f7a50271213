"""One frame of a stream, checked: whoever is in it, by name.

(V, 3), (M, V, 3), {name: (V, 3)} or None -> {name: (M, V, 3)}
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.files import named_type
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import FAR

MOST = 32  # people at once
LONGEST = 64  # characters of a name


def people_of(
    frame: Any, topology: Topology, where: str, *, one: str, together: bool
) -> dict[str, np.ndarray]:
    """Whoever is in a frame.

    Args:
        where: what an error begins with.
        one: the name of one person who comes without.
        together: all are one, for an encoder of several bodies; in the order of their names.

    Raises:
        EdgcnError: other joints, numbers that are none, or too many people.
    """
    if frame is None:
        return {}
    if not isinstance(frame, Mapping):
        points = checked(frame, topology, where, several=True)
        refuse_crowd(len(points), where)
        if together or len(points) == 1:
            return {one: points}
        return {str(number): points[number - 1 : number] for number in range(1, len(points) + 1)}
    refuse_crowd(len(frame), where)
    if long := [name for name in frame if len(str(name)) > LONGEST]:
        raise EdgcnError(f"{where}: expected names of at most {LONGEST} characters, got {long[0]}")
    people = {str(k): checked(v, topology, f"{where}, {k}")[None] for k, v in frame.items()}
    if not (people and together):
        return people
    return {one: np.concatenate([people[name] for name in sorted(people)])}


def refuse_crowd(count: int, where: str) -> None:
    """Raise an `EdgcnError` where there are too many people."""
    if count > MOST:
        raise EdgcnError(f"{where}: expected at most {MOST} people, got {count}")


def checked(frame: Any, topology: Topology, where: str, *, several: bool = False) -> np.ndarray:
    """The points of a frame as float32."""
    joints = len(topology)
    try:
        values = np.asarray(frame)
        if values.dtype.kind not in "iuf":
            raise ValueError
    except (TypeError, ValueError):
        found = named_type(frame)
        raise EdgcnError(f"{where}: expected ({joints}, 3) numbers, got {found}") from None
    points = values[None] if several and values.ndim == 2 else values
    if points.ndim != 2 + several or points.shape[-2:] != (joints, 3) or not len(points):
        more = f" or (M, {joints}, 3)" if several else ""
        raise EdgcnError(
            f"{where}: expected ({joints}, 3){more} for topology {topology.name!r}, got "
            f"{np.shape(frame)}"
        )
    if not (np.abs(points) < FAR).all():  # NaN is not less, either
        raise EdgcnError(
            f"{where}: has NaN or infinite coordinates, or some beyond {FAR:,.0f}; a joint that "
            f"was not seen is 0"
        )
    return np.array(points, dtype=np.float32)  # whoever gave them may write others there


def positive(value: Any, what: str, *, zero: bool = False) -> float:
    """A number above 0, or an error that says what was given."""
    number = not isinstance(value, bool) and isinstance(value, Real)
    if not number or not (float(value) > 0 or (zero and float(value) == 0)):
        raise EdgcnError(f"expected {what} to be a number above 0, got {value!r}")
    return float(value)
