"""The fields of a table that hold a number, or nothing: NaN.

fields -> those that are plain -> the others in one go -> one by one, where one of them is a word
"""

import warnings

import numpy as np
from jaxtyping import Float, Int

from edgcn.readers.text.digits import Fields, plain_numbers, shortened

MISSING = {b"", b"nan", b"na", b"n/a", b"none", b"null", b"-", b"--", b"nat"}


def numbers_or_nothing(
    fields: Fields, chosen: Int[np.ndarray, "chosen"], *, whole: bool
) -> tuple[Float[np.ndarray, "chosen"], Int[np.ndarray, "wrong"]]:
    """The numbers in these fields, NaN for what is missing, and which of them are none."""
    starts, ends = fields.starts[chosen], fields.ends[chosen]
    if not whole:
        ends = shortened(fields.data, starts, ends)
    values, plain = plain_numbers(fields.data, starts, ends)
    values[starts == ends] = np.nan
    odd = np.flatnonzero(~plain & (starts != ends))
    if not len(odd):
        return values, odd
    spans = zip(starts[odd].tolist(), ends[odd].tolist(), strict=True)
    texts = [fields.data[start:end] for start, end in spans]
    try:
        with warnings.catch_warnings(action="error"):  # numpy only warns of what it cannot read
            values[odd] = np.fromstring(b",".join(texts), sep=",")
    except (ValueError, DeprecationWarning):
        wrong = []
        for place, text in zip(odd, texts, strict=True):
            values[place] = number = _number(text.strip().lower())
            wrong += [] if number is not None else [place]
        return values, np.array(wrong, dtype=np.int64)
    return values, odd[:0]


def _number(text: bytes) -> float | None:
    """What a field says that is no plain number: NaN for what is missing, None for a word."""
    try:
        return np.nan if text in MISSING else None if b"_" in text else float(text)
    except ValueError:
        return None
