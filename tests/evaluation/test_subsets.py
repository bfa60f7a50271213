"""Few labels: by class, nested, and the same whatever the method is."""

import itertools

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.subsets import digest, shortages, shots_label, some_share, some_shots

LABELS = np.random.default_rng(0).choice(5, size=400, p=[0.5, 0.3, 0.15, 0.04, 0.01])
SIZES = np.bincount(LABELS, minlength=5)


def counts(kept: np.ndarray) -> list[int]:
    return [int(n) for n in np.bincount(LABELS[kept], minlength=5)]


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.05, 0.1, 0.5, 1.0])
def test_a_share_is_one_of_every_class_and_at_least_a_clip(fraction: float) -> None:
    kept = some_share(LABELS, fraction, seed=3)
    assert counts(kept) == [max(1, round(fraction * size)) for size in SIZES.tolist()]
    assert len(set(kept.tolist())) == len(kept)


@pytest.mark.parametrize("shots", [1, 5, 10, 1000])
def test_shots_are_so_many_of_every_class_or_all(shots: int) -> None:
    assert counts(some_shots(LABELS, shots, seed=3)) == [min(shots, n) for n in SIZES.tolist()]


def test_larger_subsets_contain_the_smaller_ones() -> None:
    for draw in range(3):
        amounts = [some_shots(LABELS, k, seed=1, draw=draw) for k in (1, 2, 5, 10, 30)]
        shares = [some_share(LABELS, f, seed=1, draw=draw) for f in (0.01, 0.05, 0.1, 0.9)]
        for chain in (amounts, shares):
            for small, large in itertools.pairwise(chain):
                assert set(small.tolist()) < set(large.tolist())


def test_a_seed_and_a_draw_choose() -> None:
    first = some_shots(LABELS, 1, seed=0)
    assert np.array_equal(first, some_shots(LABELS, 1, seed=0, draw=0))
    others = [some_shots(LABELS, 1, seed=s, draw=d) for s, d in ((0, 1), (1, 0), (1, 1))]
    assert len({tuple(kept.tolist()) for kept in (first, *others)}) == 4


def test_every_clip_of_a_class_is_as_likely() -> None:
    labels = np.repeat([0, 1], [4, 8])
    drawn = [some_shots(labels, 1, seed=0, draw=draw) for draw in range(2000)]
    share = np.bincount(np.concatenate(drawn), minlength=12) / 2000
    np.testing.assert_allclose(share, np.repeat([1 / 4, 1 / 8], [4, 8]), atol=0.04)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.5])
def test_no_fraction(fraction: float) -> None:
    with pytest.raises(EdgcnError, match=f"fraction of the labels .* got {fraction}"):
        some_share(LABELS, fraction, seed=0)
    with pytest.raises(EdgcnError, match="at least 1 labelled clip of each class, got 0"):
        some_shots(LABELS, 0, seed=0)


def test_a_digest_tells_clips_apart() -> None:
    names = np.array(["a", "b", "ab"])
    assert digest(names[:2]) != digest(names[2:])
    assert digest(names) == digest(names.copy())


def test_classes_with_fewer_clips_are_in_the_label() -> None:
    sides = [np.repeat([0, 1, 2], [9, 4, 6]), np.repeat([0, 1, 2], [9, 5, 3])]
    classes = ("wave", "touch neck", "sit", "never trained")
    assert shortages(sides, 5, classes) == {"touch neck": 4, "sit": 3}  # of any fold the fewest
    assert shots_label(5, {}) == "5 per class"
    assert shots_label(5, {"touch neck": 4}) == "5 per class (4 of touch neck)"
    assert shots_label(5, {"touch neck": 4, "sit": 3}) == "5 per class (4 of touch neck, 3 of sit)"
    many = {name: 1 for name in classes}
    assert shots_label(5, many) == "5 per class (fewer of 4)"
