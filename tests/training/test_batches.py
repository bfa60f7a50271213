"""Batches: the same ones on any number of ranks, of as many clips as there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from edgcn.base.errors import EdgcnError
from edgcn.base.seeds import stream
from edgcn.training.batches import LocalBatch, batch_size_of, local_batches


def batches(
    rows: np.ndarray, batch_size: int, ranks: int, rank: int, epoch: int = 1
) -> list[LocalBatch]:
    generator = stream(0, "order", epoch)
    return list(
        local_batches(rows, batch_size=batch_size, ranks=ranks, rank=rank, generator=generator)
    )


@given(count=some.integers(1, 60), batch_size=some.integers(1, 5), ranks=some.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_slices_of_all_ranks_are_one_ranks_batches(count: int, batch_size: int, ranks: int) -> None:
    rows = np.arange(100, 100 + count)
    alone = batches(rows, batch_size * ranks, 1, 0)
    together = [batches(rows, batch_size, ranks, rank) for rank in range(ranks)]
    assert {len(parts) for parts in together} == {len(alone)}
    for step, whole in enumerate(alone):
        parts = [together[rank][step] for rank in range(ranks)]
        assert np.concatenate([part.rows for part in parts]).tolist() == whole.rows.tolist()
        assert [part.start for part in parts] == [rank * batch_size for rank in range(ranks)]
        assert {part.total for part in parts} == {whole.total} == {batch_size * ranks}


@given(count=some.integers(1, 60), batch_size=some.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_no_clip_twice_and_only_the_incomplete_batch_left_out(count: int, batch_size: int) -> None:
    rows = np.arange(count) * 3
    taken = [row for batch in batches(rows, batch_size, 1, 0) for row in batch.rows]
    assert len(taken) == len(set(taken)) == count - count % batch_size
    assert set(taken) <= set(rows.tolist())


def test_the_clips_left_out_differ_from_epoch_to_epoch() -> None:
    rows = np.arange(11)
    left = set()
    for epoch in range(12):
        taken = {row for batch in batches(rows, 4, 1, 0, epoch) for row in batch.rows}
        left |= set(rows.tolist()) - taken
    assert len(left) > 6


@pytest.mark.parametrize(
    ("clips", "ranks", "size"),
    [(2610, 1, 128), (2610, 2, 128), (128, 1, 128), (60, 1, 60), (61, 2, 30), (1, 1, 1)],
)
def test_auto_is_128_or_all_there_are(clips: int, ranks: int, size: int) -> None:
    assert batch_size_of("auto", clips=clips, ranks=ranks) == size


def test_a_batch_of_more_clips_than_there_are_is_refused() -> None:
    assert batch_size_of(18, clips=36, ranks=2) == 18
    with pytest.raises(EdgcnError, match=r"batch of 40 .* 36 clips to learn from; .* at most 36"):
        batch_size_of(40, clips=36)
    with pytest.raises(EdgcnError, match="a --batch-size of at most 18"):
        batch_size_of(20, clips=36, ranks=2)
    with pytest.raises(EdgcnError, match="there are 1 clips to learn from, and 2 ranks"):
        batch_size_of("auto", clips=1, ranks=2)
