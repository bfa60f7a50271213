"""Tables of decimal numbers from text, all fields at once instead of one by one.

lines -> bytes -> ends of fields -> digits (places, numbers) -> mantissa / power of ten -> float64

A decimal of at most 15 digits is a whole number below 2**53 over a power of ten up to 10**22. Both
are exact in float64, so that their quotient is rounded once and equals what `float` gives, bit for
bit (Clinger, "How to read floating point numbers accurately", PLDI 1990). Other spellings are left
to `float`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

BLOCK = 2**13  # fields at a time: their arrays stay in the cache, however long a recording is
WIDEST = 24  # characters of a field that are looked at together
EXACT = 2.0**53
POWERS = 10.0 ** np.arange(23)
ZERO, DOT, MINUS, NEWLINE, RETURN = b"0.-\n\r"
RARE_SPACE = b"\t\x0b\x0c\x1c\x1d\x1e\x1f"  # what `str.split` splits at, too, in ASCII


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
    chosen = table.first[:, None] + np.asarray(columns)
    values = parse_fields(table, chosen.ravel())
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
    data = b"." * WIDEST + data
    symbols = np.frombuffer(data, dtype=np.uint8)
    end = RETURN if RETURN in data else NEWLINE
    ends = np.flatnonzero((symbols == end) | (symbols == ord(separator or " ")))
    ends = ends[np.searchsorted(ends, WIDEST) :]  # "." may itself be the separator
    at_end = symbols[ends] == end
    if not len(ends) or data[ends[-1] :] not in (b"\n", b"\r\n"):
        return None
    starts = np.concatenate([[WIDEST], ends[:-1] + 1])
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


def parse_fields(
    fields: Fields, chosen: Int[np.ndarray, "numbers"]
) -> Float[np.ndarray, "numbers"] | None:
    """The finite numbers in the chosen fields, or None where one is none."""
    if not len(chosen):
        return np.empty(0)
    data, starts, ends = fields.data, fields.starts[chosen], fields.ends[chosen]
    lengths = ends - starts
    width = int(np.clip(lengths.max(), 1, WIDEST))
    symbols = _windows(data, ends, width)
    backwards = np.arange(width, 0, -1, dtype=np.uint8)[:, None]
    inside = backwards <= np.minimum(lengths, WIDEST).astype(np.uint8)
    digits = symbols - np.uint8(ZERO)  # wraps around: what is no digit becomes 10 or more
    is_digit = (digits < 10) & inside
    is_dot = (symbols == DOT) & inside
    minus = np.frombuffer(data, dtype=np.uint8)[starts] == MINUS
    places, dots = (seen.sum(axis=0, dtype=np.uint8) for seen in (is_digit, is_dot))
    mantissa = _horner(digits, is_digit)
    decimals = ((backwards - 1) * is_dot).sum(axis=0, dtype=np.uint8)
    plain = (places > 0) & (dots <= 1) & (places + dots + minus == lengths)
    plain &= (mantissa < EXACT) & (decimals < len(POWERS))
    values = mantissa / POWERS[np.where(plain, decimals, 0)]
    np.negative(values, out=values, where=minus)
    for odd in np.flatnonzero(~plain):
        field = data[starts[odd] : ends[odd]]
        try:
            values[odd] = float(field)
        except ValueError:
            return None
        if b"_" in field:  # Python reads 1_0 as 10
            return None
    return values if np.isfinite(values).all() else None


def _windows(
    data: bytes, ends: Int[np.ndarray, "numbers"], width: int
) -> UInt8[np.ndarray, "places numbers"]:
    """The last `width` characters before each end, the last ones in the last row."""
    windows = np.ndarray(len(data) - width + 1, dtype=f"V{width}", buffer=data, strides=(1,))
    taken = windows[ends - width].view(np.uint8).reshape(len(ends), -1)
    return np.ascontiguousarray(taken.T)


def _horner(
    digits: UInt8[np.ndarray, "places numbers"], is_digit: Bool[np.ndarray, "places numbers"]
) -> Float[np.ndarray, "numbers"]:
    """The digits of each number read as one whole number; what is no digit is passed over."""
    total = np.zeros(digits.shape[1])
    for digit, counts in zip(digits * is_digit, 1 + 9 * is_digit.view(np.uint8), strict=True):
        total *= counts
        total += digit
    return total
