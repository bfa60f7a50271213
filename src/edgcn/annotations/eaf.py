"""ELAN annotation documents (.eaf), read as tolerantly as people's files need.

TIER > ANNOTATION > ALIGNABLE_ANNOTATION (two time slots, a value) -> events; a tier that depends on
another has the other's times. (EAF 2.x and 3.0: www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0)
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from edgcn.annotations.eaf_times import (
    ALIGNED,
    LONGEST_NUMBER,
    REFERRING,
    Clocks,
    divided,
    ends,
    in_order,
)
from edgcn.annotations.events import STATUSES, Event, Events, Media, events, joined, moved
from edgcn.annotations.xml import read_xml
from edgcn.base.errors import FileError, did_you_mean
from edgcn.base.words import named, quoted

SCORE, STATUS = " score", " status"  # endings of the child tiers that our writer makes
PROPERTY = "edgcn tier "  # before the name of a tier: the tier that its events are of
Labels = Literal["value", "tier", "tier and value"]


def read_eaf(path: Path, *, tiers: str = "", labels: Labels = "value", media: str = "") -> Events:
    """The events of a document, one recording named as the file.

    Args:
        tiers: names of the tiers to read, with commas between them; all by default.
        labels: what a label is: an annotation's value, the name of its tier, or TIER: VALUE.
        media: the video whose clock times are on, where several begin at other moments; by
            default the first.

    Raises:
        FileError: no such document, a tier that is not there, or times that do not fit.
    """
    root = read_xml(path)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise FileError(path, f"expected an ELAN document, got an XML file of {quoted(root.tag)}")
    document = _Document(path, root)
    chosen = [name.strip() for name in tiers.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in document.tiers]:
        near = did_you_mean(unknown[0], document.tiers)
        there = named([quoted(name) for name in document.tiers], most=20) or "none"
        raise FileError(path, f"no tier is named {quoted(unknown[0])}; there are {there}{near}")
    parts = [document.events(name, labels) for name in chosen or document.tiers]
    table, later = joined(parts), document.clocks.begins(media)
    scheme = document.scheme if labels == "value" else ()
    used = list(dict.fromkeys(row.tier for row in table.rows))
    if len(used) > 1 and not chosen:
        document.notes.append(
            f"{path}: {len(table)} events of {len(used)} tiers in one list: "
            f"{named(used, most=20)}; `--options tiers NAME` takes some (of prepare, "
            f"`--annotation-options tiers NAME`)"
        )
    own = events(
        table.rows,
        recordings=(path.stem,),
        labels=scheme,
        media={path.stem: Media(tuple(document.clocks.files))},
        notes=[*document.notes, *document.clocks.notes, *table.notes],
    )
    return moved(own, {path.stem: later})


class _Document:
    """What is in an ELAN document, by id."""

    def __init__(self, path: Path, root: Element) -> None:
        self.path = path
        self.notes: list[str] = []
        self.tiers = self._once(root, "TIER", "TIER_ID")
        header = next(root.iter("HEADER"), Element("HEADER"))
        self.names = {
            name[len(PROPERTY) :]: (item.text or "")
            for item in header.iter("PROPERTY")
            if (name := item.get("NAME", "")).startswith(PROPERTY)
        }
        self.clocks = Clocks(path, header)
        self.slots = self._slots(root, header)
        self.spans = self._spans(root)
        self.scheme = tuple(
            dict.fromkeys(
                (value.text or "").strip()
                for vocabulary in root.iter("CONTROLLED_VOCABULARY")
                for value in (*vocabulary.iter("CVE_VALUE"), *vocabulary.iter("CV_ENTRY"))
                if (value.text or "").strip()
            )
        )

    def _once(self, root: Element, tag: str, key: str) -> dict[str, Element]:
        """Elements by what names them, which must be one each."""
        found: dict[str, Element] = {}
        for item in root.iter(tag):
            if found.setdefault(name := item.get(key, ""), item) is not item:
                raise self._wrong(item, f"expected each {key} once, got {quoted(name)} again")
        return found

    def _slots(self, root: Element, header: Element) -> dict[str, float]:
        """Seconds of each time slot; those without a value divide what lies around them evenly."""
        units = header.get("TIME_UNITS", "milliseconds")
        rates = {"milliseconds": 1000.0, "PAL-frames": 25.0, "NTSC-frames": 30000 / 1001}
        if units not in rates:
            raise FileError(self.path, f"expected times in {', '.join(rates)}, got {quoted(units)}")
        known, order = dict[str, float](), list[str]()
        for name, slot in self._once(root, "TIME_SLOT", "TIME_SLOT_ID").items():
            text = slot.get("TIME_VALUE")
            order.append(name)
            if text is None:
                continue
            if not (text.isdecimal() and len(text) <= LONGEST_NUMBER):
                raise self._wrong(slot, f"expected a time in {units}, got {text[:40]!r}")
            known[name] = int(text) / rates[units]
        self.named = set(order)
        if missing := len(self.named - known.keys()):
            self.notes.append(
                f"{self.path}: {missing} time slots have no time; annotations between them divide "
                f"the time around them evenly, as ELAN shows them"
            )
            for tier in self.tiers.values():
                known |= divided([ends(item) for item in tier.iter(ALIGNED)], known)
            known |= divided(list(pairwise(order)), known)
        return known

    def _spans(self, root: Element) -> dict[int, tuple[float, float]]:
        """Start and end of each annotation, whether its own or its parent's, by `id(element)`."""
        own: dict[int, tuple[float, float]] = {}
        spans: dict[str, tuple[float, float]] = {}  # by ANNOTATION_ID

        def keep(item: Element, span: tuple[float, float]) -> None:
            own[id(item)] = span
            if (name := item.get("ANNOTATION_ID")) and spans.setdefault(name, span) != span:
                self.notes.append(f"{self.path}: two annotations have the id {quoted(name)}")

        for item in root.iter(ALIGNED):
            keep(item, self._span(item))
        waiting = list(root.iter(REFERRING))
        while waiting:
            shares: dict[str, list[Element]] = {}
            for item in waiting:
                shares.setdefault(item.get("ANNOTATION_REF", ""), []).append(item)
            ready = [parent for parent in shares if parent in spans]
            if not ready:
                raise self._wrong(waiting[0], "it refers to an annotation that is not there")
            for parent in ready:
                by_tier: dict[str, list[Element]] = {}
                for item in shares[parent]:
                    by_tier.setdefault(self._tier_of(item), []).append(item)
                start, end = spans[parent]
                for items in by_tier.values():
                    step = (end - start) / len(items)
                    for index, item in enumerate(in_order(items)):
                        keep(item, (start + index * step, start + (index + 1) * step))
            done = {id(item) for parent in ready for item in shares[parent]}
            waiting = [item for item in waiting if id(item) not in done]
        return own

    def _tier_of(self, item: Element) -> str:
        if not hasattr(self, "_tiers_of"):
            self._tiers_of = {
                id(one): name for name, tier in self.tiers.items() for one in tier.iter(REFERRING)
            }
        return self._tiers_of.get(id(item), "")

    def _span(self, item: Element) -> tuple[float, float]:
        span = []
        for slot in ends(item):
            if slot not in self.slots:
                lacks = (
                    "has no time, nor has one after it" if slot in self.named else "is not there"
                )
                raise self._wrong(item, f"its time slot {quoted(slot)} {lacks}")
            span.append(self.slots[slot])
        if span[0] > span[1]:
            raise self._wrong(item, f"it ends at {span[1]:g} s, before its start at {span[0]:g} s")
        return span[0], span[1]

    def _wrong(self, item: Element, reason: str) -> FileError:
        return FileError(self.path, reason, line=int(item.get("line", 0)) or None)

    def events(self, name: str, labels: Labels) -> Events:
        """The events of one tier; none of a tier that holds scores or states of another."""
        tier = self.tiers[name]
        parent = tier.get("PARENT_REF", "")
        if parent and name in (parent + SCORE, parent + STATUS):
            return events(())
        scores, states = (self._values(name + ending) for ending in (SCORE, STATUS))
        rows, empty = [], 0
        for item in tier.iter():
            if item.tag not in (ALIGNED, REFERRING):
                continue
            value = (item.findtext("ANNOTATION_VALUE") or "").strip()
            empty += not value
            mark = item.get("ANNOTATION_ID", "")
            span = self.spans[id(item)]
            label = {"value": value, "tier": name, "tier and value": f"{name}: {value}"}[labels]
            if not label:
                continue
            row = Event(
                recording=self.path.stem,
                label=label,
                start=span[0],
                end=span[1],
                subject=tier.get("PARTICIPANT", "").strip(),
                tier=self.names.get(name, name).strip(),
                by=tier.get("ANNOTATOR", "").strip(),
                id=mark.strip(),
            )
            rows.append(self._marked(item, row, scores.get(mark, ""), states.get(mark, "")))
        notes = (
            [f"{self.path}: tier {name!r}: left out {empty} annotations without a value"]
            if empty and labels == "value"
            else []
        )
        return events(rows, notes=notes)

    def _values(self, name: str) -> dict[str, str]:
        """Values of a child tier by the annotation that they belong to."""
        if name not in self.tiers:
            return {}
        return {
            item.get("ANNOTATION_REF", ""): (item.findtext("ANNOTATION_VALUE") or "").strip()
            for item in self.tiers[name].iter(REFERRING)
        }

    def _marked(self, item: Element, row: Event, score: str, status: str) -> Event:
        """An event with its score and status, which somebody may have typed."""
        if score:
            try:
                value = float(score.replace(",", "."))
            except ValueError:
                value = -1.0
            if not 0 <= value <= 1:
                raise self._wrong(item, f"expected its score within 0..1, got {score[:40]!r}")
            row = replace(row, score=value)
        if status and status not in STATUSES:
            expected = ", ".join(STATUSES)
            raise self._wrong(item, f"expected its status of {expected}; got {status[:40]!r}")
        return replace(row, status=status) if status else row
