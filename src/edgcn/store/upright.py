"""Who is not upright, by where torsos point: everybody, or some recordings, in a line each."""

from collections.abc import Sequence

from edgcn.base.words import count, named
from edgcn.store.posture import Postures

LYING = 0.8  # of its length, that a torso points along another axis than y
UPRIGHT = 0.5  # of its length, that it points along y


def not_upright(recorded: Sequence[str], postures: Postures, *, flat: bool) -> list[str]:
    """What to say of it.

    Args:
        recorded: names of all recordings.
        flat: whether they are of a picture, whose y points down.
    """
    notes, axis = [], postures.axis
    tall = [name for name, torso in zip(recorded, postures.torsos, strict=True) if torso]
    each = list(zip(tall, postures.axes, strict=True))
    lying = [name for name, own in each if any(abs(way) > LYING for way in (own[0], *own[2:]))]
    if axis and not flat and abs(axis[2]) > LYING:
        notes.append(
            "everybody lies down: the torso points along z; is z the vertical axis? see --up z"
        )
    elif axis and abs(axis[0]) > LYING:
        notes.append(
            "everybody lies on the side: the torso points along x; is y exchanged with x, or x "
            "the vertical? see --up x"
        )
    elif lying:
        notes.append(f"{count(len(lying), 'recording')} in which people lie: {named(lying)}")
    down = 1 if flat else -1
    upside = [name for name, own in each if down * own[1] > UPRIGHT]
    if axis and down * axis[1] > UPRIGHT:
        notes.append("everybody stands on the head: y points the other way; see --y")
    elif upside:
        notes.append(
            f"{count(len(upside), 'recording')} in which people stand on the head: {named(upside)}"
        )
    return notes
