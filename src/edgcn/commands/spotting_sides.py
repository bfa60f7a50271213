"""Who trains and who tests where events are found in whole recordings.

store + split -> clips of the training recordings, rows of those that test
"""

from dataclasses import dataclass

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.words import count
from edgcn.evaluation.online import Published
from edgcn.store import Selection, Store


@dataclass(frozen=True)
class Sides:
    """Recordings that train and that test.

    Args:
        train: clips of the training recordings.
        tests: rows of the recordings that test.
        note: of the split, where it is not by subject.
    """

    name: str
    train: Selection
    tests: np.ndarray
    note: str = ""


def sides_of(store: Store, split: str | None) -> Sides:
    """Who trains and who tests; by recording where no subject is given."""
    clips = store.clips()
    if split is None and not store.rules and len(set(clips.subjects.tolist()) - {""}) < 2:
        split = "recording"
    made = clips.split(split)
    train, test = store.sides(split)
    if not train.any():
        raise EdgcnError(f"split {made.name!r} leaves no recording to learn from; choose another")
    own = clips.take(np.flatnonzero(~test[clips.recordings] & (clips.labels >= 0)))
    tests = np.flatnonzero(test)
    if not len(own) or not len(tests):
        raise EdgcnError(f"split {made.name!r} leaves one side of {store.path} without recordings")
    return Sides(made.name, own, tests, made.warning)


def tested(store: Store, sides: Sides) -> tuple[Selection, np.ndarray]:
    """The clips of the test recordings."""
    clips = store.clips()
    return clips, np.flatnonzero(np.isin(clips.recordings, sides.tests))


def check_data(protocol: str, published: Published, store: Store) -> None:
    """Refuse a store of other data than a published protocol is of."""
    if published.classes and store.classes != published.classes:
        raise EdgcnError(
            f"--protocol {protocol} is of {published.title} with its {len(published.classes)} "
            f"classes ({published.classes[0]}, ...), and {store.path} has "
            f"{count(len(store.classes), 'class', 'classes')} ({', '.join(store.classes[:3])}); "
            f"take --protocol spotting"
        )


def notes_of(published: Published, tests: int) -> list[str]:
    """What was chosen where the papers say nothing, and what lacks of the published side."""
    lacking = (
        f"{tests} of the {published.sizes} recordings that test as published: these numbers are "
        f"none of {published.title}"
    ) * (tests < published.sizes)
    return [f"{published.title}: {published.left_open}", lacking]
