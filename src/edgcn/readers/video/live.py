"""Who is who in pictures that come one by one: each person keeps a number while they are seen.

people of a picture (V, 3) -> {number: (V, 3)}
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

Person = Float[np.ndarray, "v 3"]

REACH = 0.6  # of a body's size: whoever moves further between pictures is someone else
KEPT = 60  # pictures that somebody who is hidden is remembered for


class Followed:
    """The people seen lately."""

    def __init__(self) -> None:
        self.last: dict[str, tuple[Person, int]] = {}
        self.number = self.picture = 0

    def named(self, people: Sequence[Person]) -> dict[str, Person]:
        """The people of the next picture: as they were called before, or by a new number."""
        self.picture += 1
        self.last = {k: v for k, v in self.last.items() if self.picture - v[1] <= KEPT}
        known = list(self.last)
        found: dict[str, Person] = {}
        if known and people:
            costs = np.array([[apart(self.last[k][0], one) for k in known] for one in people])
            for row, column in zip(*linear_sum_assignment(costs), strict=True):
                if costs[row, column] <= REACH:
                    found[known[column]] = people[row]
        taken = [id(one) for one in found.values()]
        for one in people:
            if id(one) not in taken:
                self.number += 1
                found[str(self.number)] = one
        self.last |= {name: (one, self.picture) for name, one in found.items()}
        return found


def apart(one: Person, other: Person) -> float:
    """Mean distance of the joints that both show, in body sizes; much where there are none."""
    both = (one[:, 2] > 0) & (other[:, 2] > 0)
    if not both.any():
        return 1e6
    size = float(np.ptp(one[one[:, 2] > 0, :2], axis=0).max())
    steps = np.linalg.norm(one[both, :2] - other[both, :2], axis=1)
    return float(steps.mean()) / max(size, 1e-6)
