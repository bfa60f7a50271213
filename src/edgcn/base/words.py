"""Counts and lists in a sentence."""

from collections.abc import Sequence

NAMED, LISTED = 3, 5  # of many, where they are listed: in an error or check, in a note


def count(number: int, noun: str, plural: str = "") -> str:
    """1 clip, 2 clips, 1 class, 0 classes."""
    more = "es" if noun.endswith("s") else "s"
    return f"{number} {noun if number == 1 else plural or noun + more}"


def named(names: Sequence[str], *, most: int = NAMED) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def quoted(text: str, *, most: int = 60) -> str:
    """A text from a file, in quotes and no longer than can be read."""
    return repr(text if len(text) <= most else f"{text[:most]}...")


def percent(part: float | int, whole: float | int = 1) -> str:
    """A share with two decimals; never 0.00 where there is any."""
    share = 100 * part / max(whole, 1)
    return f"{share:.2f} %" if share >= 0.005 or not part else "under 0.01 %"
