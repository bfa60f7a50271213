"""Events whose labels say that nothing happens: named, and left out where that is asked for.

What no event covers is background everywhere; a label such as `none` is a class as any other.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from edgcn.annotations.events import Events
from edgcn.base.spelling import says_nothing, spelled_as
from edgcn.base.words import count


def without_labels(table: Events, words: Iterable[str]) -> Events:
    """The events but for those of these labels, which is said.

    Raises:
        EdgcnError: there is no such label.
    """
    given = [word.strip() for word in words]
    out = spelled_as([word for word in given if word], table.labels, option="leave_out")
    rows = tuple(row for row in table.rows if row.label not in out)
    if not out:
        return table
    labels = tuple(label for label in table.labels if label not in out)
    lost = count(len(table.rows) - len(rows), "event")
    said = f"left out {lost} of {', '.join(map(repr, sorted(out)))}: background, as was asked for"
    return replace(table, rows=rows, labels=labels, notes=(*table.notes, said))


def of_nothing(table: Events) -> list[str]:
    """The note on labels that say that nothing happens."""
    found = Counter(row.label for row in table.rows if says_nothing(row.label))
    if not found:
        return []
    named = ", ".join(f"{label!r} ({count(times, 'event')})" for label, times in found.items())
    words = ",".join(found)
    return [
        f"labels that say that nothing happens count as any other: {named}; "
        f"`--options leave_out {words!r}` makes it background"
    ]
