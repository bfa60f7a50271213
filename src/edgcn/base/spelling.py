"""Names that people type: sorted as they count, and known as one whatever their spelling."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from edgcn.base.errors import EdgcnError, did_you_mean

NOTHING = {
    "", "none", "null", "nil", "nan", "na", "n/a", "nothing", "nogesture", "nongesture",
    "nomovement", "nomotion", "noaction", "noevent", "nolabel", "unlabelled", "unlabeled",
    "unknown", "undefined", "unclear", "other", "others", "background", "bg", "idle", "rest",
    "resting", "restposition",
}  # fmt: skip  # labels that say that nothing happens, or nothing of interest

_INVISIBLE = re.compile("[\ufeff\u200b\u2060]")  # byte order marks and spaces of no width


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts 9 before 10 where numbers are not padded, however long they are."""
    return tuple(
        (len(digits := part.lstrip("0")), digits) if part[0] in "0123456789" else (-1, part)
        for part in re.split(r"([0-9]+)", name)
        if part
    )


def tidy(name: str) -> str:
    """The name in one form of Unicode (NFC), with single spaces and nothing invisible."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", name)).split())


def spelled_out(name: str) -> str:
    """The name with characters that cannot be seen written as Python does (`\\x1b`)."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def spelling(name: str) -> str:
    """What names have in common that differ in upper and lower case, spaces or Unicode only."""
    return tidy(unicodedata.normalize("NFKC", name).casefold())


def alike(names: Iterable[str]) -> list[list[str]]:
    """The names that are spelled alike, group by group; a name that is there twice as well.

    Beside what `spelling` overlooks: hyphens, underscores, and zeros before a number (P1, p_01).
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        joined = re.sub(r"(?<!\d)[\s_-]+|[\s_-]+(?!\d)", "", spelling(name))
        groups.setdefault(re.sub(r"(?<!\d)0+(?=\d)", "", joined), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def says_nothing(label: str) -> bool:
    """Whether a label's words say that there is no gesture: none, No Gesture, rest, -, ?."""
    return re.sub(r"[\s_.?<>()\[\]*-]+", "", spelling(label)) in NOTHING


def spelled_as(words: Iterable[str], names: Sequence[str], *, option: str) -> set[str]:
    """Those of the names that are meant, in any upper or lower case.

    Args:
        option: by which the words were given, for the message.

    Raises:
        EdgcnError: a word is none of the names.
    """
    known = {spelling(name) for name in names}
    if wrong := [word for word in words if spelling(word) not in known]:
        near = did_you_mean(wrong[0], names)
        there = ", ".join(map(repr, names[:20])) or "none"
        raise EdgcnError(f"{option}: no label is {wrong[0]!r}; there are {there}{near}")
    meant = {spelling(word) for word in words}
    return {name for name in names if spelling(name) in meant}


def legible(name: str, *, most: int = 40) -> str:
    """A name out of a file for a message: at most so long, and nothing that does not print."""
    short = name if len(name) <= most else f"{name[:most]}..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
