"""Tables of decimal numbers from text, all fields at once instead of one by one.

lines -> bytes -> ends of fields -> words of eight digits -> mantissa / power of ten -> float64

A decimal of at most 15 digits is a whole number below 2**53 over a power of ten up to 10**22. Both
are exact in float64, so that their quotient is rounded once and equals what `float` gives, bit for
bit (Clinger, "How to read floating point numbers accurately", PLDI 1990). Other spellings are left
to `float`. Eight digits in a word become a number in three multiplications (Lemire, "Number parsing
at a gigabyte per second", Software: Practice and Experience 2021).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8, UInt64

BLOCK = 2**13  # fields at a time: their arrays stay in the cache, however long a recording is
LEAD = 16  # characters that are looked at before the end of a number
EXACT = 2**53
POWERS = 10.0 ** np.arange(23)
ZERO, DOT, MINUS, NEWLINE, RETURN = b"0.-\n\r"
ALL = np.uint64(2**64 - 1)
EACH = ALL // np.uint64(255)  # 1 in each byte of a word
ZEROS, DOTS, TOPS, LOWS = (EACH * np.uint64(byte) for byte in (ZERO, DOT, 128, 127))
TO_128 = EACH * np.uint64(128 - 10)  # takes 10 and more to the top bit of a byte, 9 not
ABOVE_9 = EACH * np.uint64(128 - ord(":"))  # the same for characters after "9", as "e" is
PAIRS, FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
RARE_SPACE = b"\t\x0b\x0c\x1c\x1d\x1e\x1f"  # what `str.split` splits at, too, in ASCII

Words = UInt64[np.ndarray, "numbers"]  # of eight characters, the first one the lowest byte


def parse_table(
    lines: Sequence[str], count: int, columns: Sequence[int], separator: str | None
) -> Float[np.ndarray, "rows columns"] | None:
    """These columns of a table of `count`; None where a line or a number is not as it should be.

    Args:
        separator: one character; None means any white space.
    """
    step = max(1, BLOCK // count)
    blocks = [np.empty((0, len(columns)))]
    for start in range(0, len(lines), step):
        block = _parse_block(lines[start : start + step], count, columns, separator)
        if block is None:
            return None
        blocks.append(block)
    return np.concatenate(blocks)


def _parse_block(
    lines: Sequence[str], count: int, columns: Sequence[int], separator: str | None
) -> Float[np.ndarray, "rows columns"] | None:
    table = split_fields("\n".join(lines).encode() + b"\n", separator)
    if table is None and separator is None:  # more than one space between fields, or around them
        text = "".join(" ".join(line.split()) + "\n" for line in lines)
        table = split_fields(text.encode(), None)
    if table is None or len(table.counts) != len(lines) or (table.counts != count).any():
        return None
    chosen = (table.first[:, None] + np.asarray(columns)).ravel()
    values = parse_numbers(table.data, table.starts[chosen], table.ends[chosen])
    return None if values is None else values.reshape(-1, len(columns))


class Fields(NamedTuple):
    """The fields of a text: where each starts and ends, and which ones stand on each line.

    Args:
        data: the text, with something before its first field.
    """

    data: bytes
    starts: Int[np.ndarray, "fields"]
    ends: Int[np.ndarray, "fields"]
    first: Int[np.ndarray, "lines"]
    counts: Int[np.ndarray, "lines"]


def split_fields(data: bytes, separator: str | None) -> Fields | None:
    """The fields of each line, which ends in LF or each in CR LF; None where it is not so simple.

    That is: not ASCII, a last line without its end, other or repeated white space.
    """
    if not data.isascii() or (separator is None and any(rare in data for rare in RARE_SPACE)):
        return None
    data = b"." * LEAD + data
    symbols = np.frombuffer(data, dtype=np.uint8)
    end = RETURN if RETURN in data else NEWLINE
    ends = np.flatnonzero((symbols == end) | (symbols == ord(separator or " ")))
    ends = ends[np.searchsorted(ends, LEAD) :]  # "." may itself be the separator
    at_end = symbols[ends] == end
    if not len(ends) or data[ends[-1] :] not in (b"\n", b"\r\n"):
        return None
    starts = np.concatenate([[LEAD], ends[:-1] + 1])
    if end == RETURN:
        lines = ends[at_end]
        if data.count(NEWLINE) != len(lines) or (symbols[lines + 1] != NEWLINE).any():
            return None
        starts[1:] += at_end[:-1]
    if separator is None and (starts == ends).any():
        return None
    last = np.flatnonzero(at_end)
    first = np.concatenate([[0], last[:-1] + 1])
    return Fields(data, starts, ends, first, last - first + 1)


def parse_numbers(
    data: bytes, starts: Int[np.ndarray, "numbers"], ends: Int[np.ndarray, "numbers"]
) -> Float[np.ndarray, "numbers"] | None:
    """The finite numbers between these places of an ASCII text, or None where one is none.

    Args:
        data: at least `LEAD` characters before the first start.
    """
    values, plain = plain_numbers(data, starts, ends)
    for odd in np.flatnonzero(~plain):
        field = data[starts[odd] : ends[odd]]
        try:
            values[odd] = float(field)
        except ValueError:
            return None
        if b"_" in field:  # Python reads 1_0 as 10
            return None
    return values if np.isfinite(values).all() else None


def plain_numbers(
    data: bytes, starts: Int[np.ndarray, "numbers"], ends: Int[np.ndarray, "numbers"]
) -> tuple[Float[np.ndarray, "numbers"], Bool[np.ndarray, "numbers"]]:
    """The numbers of at most 15 digits and nothing but a sign and a dot, and which ones they are.

    A number is looked at as two words of eight characters.
    """
    if not len(starts):
        return np.empty(0), np.empty(0, dtype=bool)
    left, right = _windows(data, ends)
    lengths = (ends - starts).astype(np.uint64)
    minus = np.frombuffer(data, dtype=np.uint8)[starts] == MINUS
    dots, decimals = _find_dot(left, right, lengths)
    size = lengths - minus
    digits = size - dots
    # What stands before the dot moves into its place; without a dot all stays where it is.
    stays = np.where(dots == 1, decimals, np.uint8(16)).astype(np.uint64)
    keep_left, keep_right = _of_left(stays), _of_right(stays)
    moved_left, moved_right = left << 8, (right << 8) | (left >> 56)
    left = ((left & keep_left) | (moved_left & ~keep_left)) ^ ZEROS
    right = ((right & keep_right) | (moved_right & ~keep_right)) ^ ZEROS
    left &= _of_left(digits)
    right &= _of_right(digits)
    mantissa = _eight_digits(left) * np.uint64(10**8) + _eight_digits(right)
    plain = ((left + TO_128) | (right + TO_128)) & TOPS == 0
    plain &= (mantissa < EXACT) & (size <= 16) & (digits > 0) & (dots <= 1)
    values = mantissa.view(np.int64) / POWERS[decimals]
    values.view(np.uint64)[:] ^= minus.astype(np.uint64) << 63
    return values, plain


def shortened(
    data: bytes, starts: Int[np.ndarray, "numbers"], ends: Int[np.ndarray, "numbers"]
) -> Int[np.ndarray, "numbers"]:
    """Ends of the numbers without decimals that float32 has no use for: 16 characters are left.

    A number whose dot does not stand in these, or that has an exponent, keeps its end.
    """
    most = starts + 16 + (np.frombuffer(data, dtype=np.uint8)[starts] == MINUS)
    (long,) = np.nonzero(ends > most)
    if not len(long):
        return ends
    kept, tail = _windows(data, most[long]), _windows(data, ends[long])
    dots, _ = _find_dot(*kept, np.full(len(long), 16, dtype=np.uint64))
    count = (ends[long] - most[long]).astype(np.uint64)
    left, right = (tail[0] ^ ZEROS) & _of_left(count), (tail[1] ^ ZEROS) & _of_right(count)
    digits = ((left + TO_128) | (right + TO_128)) & TOPS == 0
    digits &= ((kept[0] + ABOVE_9) | (kept[1] + ABOVE_9)) & TOPS == 0
    cut = long[(dots == 1) & digits & (count <= 16)]
    short = ends.copy()
    short[cut] = most[cut]
    return short


def _windows(data: bytes, ends: Int[np.ndarray, "numbers"]) -> tuple[Words, Words]:
    """The sixteen characters before each end."""
    windows = np.ndarray(len(data) - 15, dtype="V16", buffer=data, strides=(1,))
    left, right = np.ascontiguousarray(windows[ends - 16].view("<u8").reshape(-1, 2).T)
    return left, right


def _find_dot(
    left: Words, right: Words, lengths: Words
) -> tuple[UInt8[np.ndarray, "numbers"], UInt8[np.ndarray, "numbers"]]:
    """How many dots there are, and how many characters after the only one; else 0."""
    # A byte of 0 is one that 127 does not carry to 128; one that is ASCII carries nowhere else.
    in_left, in_right = (~((word ^ DOTS) + LOWS) & TOPS for word in (left, right))
    # Both words share one: a byte's top bit is the right word's, the one below it the left's.
    both = ((in_left & _of_left(lengths)) >> 1) | (in_right & _of_right(lengths))
    dots = np.bitwise_count(both)
    below = np.bitwise_count(both - np.uint64(1))
    decimals = ((63 - below) >> 3) + ((~below & 1) << 3)
    return dots, decimals * (dots == 1)


def _of_left(count: Words) -> Words:
    """The bytes of the left word that the last `count` characters take of it."""
    left: Words = ALL << (128 - 8 * np.minimum(count, 16))  # a shift by 64 or more leaves 0
    return left


def _of_right(count: Words) -> Words:
    right: Words = ~(ALL >> (8 * np.minimum(count, 8)))
    return right


def _eight_digits(word: Words) -> Words:
    """The number that eight bytes of 0 to 9 are, the first one the lowest: pairs, fours, all."""
    word = (word * np.uint64(10 * 2**8 + 1)) >> 8
    word = ((word & PAIRS) * np.uint64(100 * 2**16 + 1)) >> 16
    return ((word & FOURS) * np.uint64(10_000 * 2**32 + 1)) >> 32
