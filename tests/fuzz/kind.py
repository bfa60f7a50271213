"""What the fuzzer needs to know of a kind of input, and what came of reading one."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category

LONGEST = 2000  # characters that one line may have

Fields = frozenset[str]


def steers(line: str) -> bool:
    """Whether a terminal does anything but show it: control characters, halves of characters."""
    return any(category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in line if sign not in "\n\t")


@dataclass(frozen=True)
class Reading:
    """What was read, and what was said about it.

    Args:
        facts: what a user relies on, by name.
        said: lines of notes, numbers left out.
        nonsense: what was accepted and cannot be, or nothing ("what: how it looks").
        doubtful: what may be, if something is said about it, or nothing.
    """

    facts: Mapping[str, Any]
    said: frozenset[str] = frozenset()
    nonsense: str = ""
    doubtful: str = ""


class Kept(NamedTuple):
    """Facts that may not change in silence when a file is damaged, or rewritten from within."""

    damaged: Fields = frozenset()
    rewritten: Fields = frozenset()

    @classmethod
    def of(cls, damaged: str, rewritten: str = "") -> "Kept":
        return cls(frozenset(damaged.split()), frozenset(rewritten.split()))


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Args:
        make: writes a sample into a folder and gives what reads it, wherever it is copied to.
        kept: by a pattern of file names, the first that fits.
        seconds, memory: that reading may take, memory in bytes.
    """

    make: Callable[[Path], Callable[[Path], Reading]]
    kept: Mapping[str, Kept] = field(default_factory=dict)
    seconds: float = 5.0
    memory: int = 2 * 2**30

    def must_keep(self, names: Iterable[str], sorts: set[Any]) -> Fields:
        """Facts that may not change in silence when these files were changed so."""
        fields = None
        for name in names:
            kept = next((k for p, k in self.kept.items() if fnmatch(name, p)), Kept())
            for sort in sorts:
                own = getattr(kept, sort, Fields())
                fields = own if fields is None else fields & own
        return fields or Fields()


def without_numbers(lines: Iterable[str]) -> frozenset[str]:
    """Single lines, for comparison: what is counted in them may differ."""
    return frozenset(re.sub(r"[\d.]+", "#", line) for text in lines for line in text.splitlines())
