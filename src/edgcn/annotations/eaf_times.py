"""Times in ELAN documents: slots without one, the order of parts, clocks of several videos.

time slots -> seconds; media files -> seconds at which the document's time begins in them
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from edgcn.base.errors import FileError, did_you_mean
from edgcn.base.words import named, quoted

ALIGNED, REFERRING = "ALIGNABLE_ANNOTATION", "REF_ANNOTATION"
LONGEST_NUMBER = 15  # digits: 30,000 years of milliseconds


class Clocks:
    """The media files of a document: ELAN plays each so much later than its own beginning."""

    def __init__(self, path: Path, header: Element) -> None:
        self.path = path
        self.files = dict[str, float]()  # seconds of the file at which the document's time begins
        self.notes: list[str] = []
        self._videos: list[str] = []
        for item in header.iter("MEDIA_DESCRIPTOR"):
            url = item.get("RELATIVE_MEDIA_URL") or item.get("MEDIA_URL") or ""
            name = url.replace("\\", "/").rpartition("/")[2]  # its folder is nobody's business
            origin = item.get("TIME_ORIGIN", "0")
            if not (origin.removeprefix("-").isdecimal() and len(origin) <= LONGEST_NUMBER):
                line = int(item.get("line", 0)) or None
                reason = f"expected a TIME_ORIGIN in milliseconds, got {origin[:40]!r}"
                raise FileError(path, reason, line=line)
            if name and name not in self.files:
                self.files[name] = int(origin) / 1000
                self._videos += [name] * item.get("MIME_TYPE", "").startswith("video")

    def begins(self, media: str) -> float:
        """Seconds of a media file at which the document's time begins; said where it is not 0.

        Args:
            media: its name, or nothing for the first video.
        """
        if media and media not in self.files:
            near = did_you_mean(media, self.files)
            there = named([quoted(name) for name in self.files]) or "none"
            raise FileError(self.path, f"no media file is named {media!r}; there are {there}{near}")
        clock = media or next(iter([*self._videos, *self.files]), "")
        if any(self.files.values()):
            begin = named([f"{start:g} s of {name}" for name, start in self.files.items()])
            self.notes.append(
                f"{self.path}: its time begins at {begin}: times are now those of {clock}; "
                f"`--options media NAME` takes another's"
            )
        return self.files.get(clock, 0.0)


def divided(chain: Sequence[tuple[str, str]], known: Mapping[str, float]) -> dict[str, float]:
    """Times of the slots that have none: what lies between two known times, in equal parts.

    Args:
        chain: start and end slot of each annotation of a tier, one after the other.
    """
    found: dict[str, float] = {}
    run: list[tuple[str, str]] = []
    for start, end in chain:
        if run and start in known:
            run = []  # it never came to an end
        if run or (start in known and end not in known):
            run.append((start, end))
        if not run or end not in known:
            continue
        first, last = known[run[0][0]], known[end]
        for index, (a, b) in enumerate(run):
            for slot, part in ((a, index), (b, index + 1)):
                if slot not in known:
                    found[slot] = first + (last - first) * part / len(run)
        run = []
    return found


def ends(item: Element) -> tuple[str, str]:
    """The time slots of an annotation."""
    return item.get("TIME_SLOT_REF1", ""), item.get("TIME_SLOT_REF2", "")


def in_order(items: Sequence[Element]) -> Sequence[Element]:
    """Parts of one annotation as each names the one before it, where that makes one chain."""
    after = {item.get("PREVIOUS_ANNOTATION", ""): item for item in items}
    ordered: list[Element] = []
    name = ""
    while (item := after.pop(name, None)) is not None:
        ordered.append(item)
        name = item.get("ANNOTATION_ID", "")
    return ordered if len(ordered) == len(items) else items
