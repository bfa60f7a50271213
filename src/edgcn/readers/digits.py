"""Tables of decimal numbers from text, all fields at once instead of one by one.

lines -> bytes -> ends of fields -> digits (places, numbers) -> mantissa / power of ten -> float64

A decimal of at most 15 digits is a whole number below 2**53 over a power of ten up to 10**22. Both
are exact in float64, so that their quotient is rounded once and equals what `float` gives, bit for
bit (Clinger, "How to read floating point numbers accurately", PLDI 1990). Other spellings are left
to `float`.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

BLOCK = 2**13  # fields at a time: their arrays stay in the cache, however long a recording is
WIDEST = 24  # characters of a field that are looked at together
EXACT = 2.0**53
POWERS = 10.0 ** np.arange(23)
ZERO, DOT, MINUS, SPACE, NEWLINE = b"0.- \n"
RARE_SPACE = "\t\r\x0b\x0c\x1c\x1d\x1e\x1f"  # what `str.split` splits at, too, in ASCII


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
    text = "\n".join(lines) + "\n"
    found = None
    if separator is not None or not any(rare in text for rare in RARE_SPACE):
        found = _fields(text, len(lines), count, separator)
    if found is None and separator is None:  # more than one space between fields, or around them
        text = "".join(" ".join(line.split()) + "\n" for line in lines)
        found = _fields(text, len(lines), count, separator)
    if found is None:
        return None
    data, starts, ends = found
    pick = np.asarray(columns)
    values = _numbers(data, starts[:, pick].ravel(), ends[:, pick].ravel())
    return None if values is None else values.reshape(-1, len(columns))


def _fields(
    text: str, lines: int, count: int, separator: str | None
) -> tuple[bytes, Int[np.ndarray, "rows count"], Int[np.ndarray, "rows count"]] | None:
    """Text as bytes, and where its fields start and end; None unless each line has `count`.

    None, too, where fields are empty that were separated by white space.
    """
    if not text.isascii():
        return None
    data = b"." * WIDEST + text.encode()  # so that there is something before the first field
    symbols = np.frombuffer(data, dtype=np.uint8)
    newline = symbols == NEWLINE
    ends = np.flatnonzero(newline | (symbols == ord(separator or " ")))
    ends = ends[np.searchsorted(ends, WIDEST) :]  # "." may itself be the separator
    if len(ends) != lines * count or np.count_nonzero(newline) != lines:
        return None
    starts = np.concatenate([[WIDEST], ends[:-1] + 1])
    if not newline[ends[count - 1 :: count]].all():
        return None
    if separator is None and (starts == ends).any():
        return None
    return data, starts.reshape(lines, count), ends.reshape(lines, count)


def _numbers(
    data: bytes, starts: Int[np.ndarray, "numbers"], ends: Int[np.ndarray, "numbers"]
) -> Float[np.ndarray, "numbers"] | None:
    """The finite numbers that stand from `starts` to `ends`, or None where one is none."""
    lengths = ends - starts
    width = int(min(lengths.max(), WIDEST))
    symbols = _windows(data, ends, width)
    inside = np.arange(width, 0, -1)[:, None] <= lengths
    digits = symbols - np.uint8(ZERO)  # wraps around: what is no digit becomes 10 or more
    is_digit = (digits < 10) & inside
    is_dot = (symbols == DOT) & inside
    minus = np.frombuffer(data, dtype=np.uint8)[starts] == MINUS
    places, dots = is_digit.sum(axis=0), is_dot.sum(axis=0)
    mantissa = _horner(digits, is_digit)
    decimals = np.arange(width - 1, -1, -1) @ is_dot
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
    windows = np.ndarray(
        len(data) - width + 1, dtype=f"V{max(width, 1)}", buffer=data, strides=(1,)
    )
    taken = windows[ends - width].view(np.uint8).reshape(len(ends), -1)
    return np.ascontiguousarray(taken[:, :width].T)


def _horner(
    digits: UInt8[np.ndarray, "places numbers"], is_digit: Bool[np.ndarray, "places numbers"]
) -> Float[np.ndarray, "numbers"]:
    """The digits of each number read as one whole number; what is no digit is passed over."""
    total = np.zeros(digits.shape[1])
    for digit, counts in zip(digits * is_digit, 1 + 9 * is_digit.view(np.uint8), strict=True):
        total *= counts
        total += digit
    return total
