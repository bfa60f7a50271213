"""The first fields of each line of a text at once; those behind them are only counted.

bytes -> bits (a separator or not) in words of 64 -> lines (ends, counts) -> fields (starts, ends)

What asks each character becomes a word for 64 of them: a long line costs little more than a short
one (Langdale and Lemire, "Parsing gigabytes of JSON per second", VLDB Journal 2019).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64

from edgcn.readers.text.digits import LEAD, NEWLINE, RETURN

SPACE = ord(" ")
ONE = np.uint64(1)


class Lines(NamedTuple):
    """The lines of a text: where each starts, where it ends, and how many fields it has.

    Args:
        data: the text, with `LEAD` characters before it and some after it.
        separators: a bit for each character of data, the first one the lowest of its word.
    """

    data: bytes
    separators: UInt64[np.ndarray, "words"]
    starts: Int[np.ndarray, "lines"]
    ends: Int[np.ndarray, "lines"]
    counts: Int[np.ndarray, "lines"]


def split_lines(text: bytes) -> Lines | None:
    """Lines of fields with one space between them; None where it is not so simple.

    That is: not ASCII, line ends that are neither all LF nor all CR LF, a last line without its
    end, other or repeated white space.
    """
    if not text.isascii() or not text.endswith(b"\n"):
        return None
    data = b"." * LEAD + text + b"." * (128 - (LEAD + len(text)) % 64)
    symbols = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(symbols == NEWLINE)
    returns = int((symbols[ends - 1] == RETURN).all())
    if np.count_nonzero(symbols < SPACE) != len(ends) * (1 + returns):
        return None
    separators = np.packbits(symbols <= SPACE, bitorder="little").view("<u8")
    # Only CR and LF stand side by side, and nothing stands before the first field.
    beside = separators[:-1] & ((separators[:-1] >> 1) | (separators[1:] << 63))
    if np.bitwise_count(beside).sum() != len(ends) * returns or symbols[LEAD] <= SPACE:
        return None
    before = np.cumsum(np.bitwise_count(separators), dtype=np.int64)[(ends >> 6) - 1]
    before[ends < 64] = 0
    below = (ONE << (ends & 63).astype(np.uint64)) - ONE
    before += np.bitwise_count(separators[ends >> 6] & below)
    counts = np.diff(before, prepend=-1) - returns
    starts = np.concatenate([[LEAD], ends[:-1] + 1])
    return Lines(data, separators, starts, ends - returns, counts)


def first_fields(
    lines: Lines, chosen: Int[np.ndarray, "chosen"], count: int
) -> tuple[Int[np.ndarray, "count chosen"], Int[np.ndarray, "count chosen"]] | None:
    """Starts and ends of the first fields of these lines; None where they take 64 characters.

    Each of the lines has more fields than that.
    """
    first = lines.starts[chosen]
    start = first.copy()
    word, shift = start >> 6, (start & 63).astype(np.uint64)
    left = lines.separators[word] >> shift
    left |= (lines.separators[word + 1] << ONE) << (np.uint64(63) - shift)
    fields = np.empty((2, count, len(chosen)), dtype=np.int64)
    for starts, ends in zip(*fields, strict=True):
        if not left.all():
            return None
        starts[:] = start
        np.add(first, np.bitwise_count(left ^ (left - ONE)) - 1, out=ends)
        np.add(ends, 1, out=start)
        left &= left - ONE
    return fields[0], fields[1]
