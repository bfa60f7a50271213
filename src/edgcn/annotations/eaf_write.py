"""Writes ELAN annotation documents (.eaf, format 3.0), one a recording.

events -> a tier for each subject, author and group; scores and states in tiers of their own below
it, associated one to one. Validates against EAFv3.0.xsd.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from edgcn.annotations.eaf import PROPERTY, SCORE, STATUS
from edgcn.annotations.events import Event, Events, of_recording, with_ids, without_overlap
from edgcn.base.files import write_text
from edgcn.base.words import named, quoted

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
STEREOTYPES = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps "
    "allowed within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations referring to "
    "the same parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps "
    "are allowed",
}
TYPES = {"wav": "audio/x-wav", "mp4": "video/mp4", "mpg": "video/mpeg", "mpeg": "video/mpeg"}
ID = re.compile(r"a[0-9]{1,15}")  # as ELAN numbers annotations
UNPRINTABLE = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def write_eaf(table: Events, path: Path) -> list[str]:
    """Write the events of one recording; returns what the format cannot hold.

    Times are kept to the millisecond. An id is kept if it is a number after an `a`.
    """
    text, lost = eaf_text(table)
    write_text(path, text)
    return [f"{path}: {line}" for line in lost]


def eaf_text(table: Events) -> tuple[str, list[str]]:
    """The document, and what it cannot hold."""
    name = table.recordings[0] if table.recordings else "recording"
    own = of_recording(table, name)
    table = with_ids(_numbered(own))
    pairs = zip(own.rows, table.rows, strict=True)
    lost = []
    if other := [row.id for row, now in pairs if row.id not in ("", now.id)]:
        lost.append(f"ids that ELAN does not number so, or twice, are new: {named(other)}")
    root = Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "edgcn", "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
        "FORMAT": "3.0", "VERSION": "3.0", "xmlns:xsi": XSI,
        "xsi:noNamespaceSchemaLocation": SCHEMA,
    })  # fmt: skip
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    media = table.media.get(name)
    for file in media.files if media else ():
        kind = TYPES.get(file.lower().rpartition(".")[2], "video/*")
        where = "./" + file.replace(" ", "%20")
        SubElement(header, "MEDIA_DESCRIPTOR", {
            "MEDIA_URL": where, "MIME_TYPE": kind, "RELATIVE_MEDIA_URL": where,
        })  # fmt: skip
    order = SubElement(root, "TIME_ORDER")
    numbers = count(1 + max((int(row.id[1:]) for row in table.rows), default=0))
    slots: dict[str, int] = {}
    names = _tiers(table)
    associated = False
    for tier, rows in names.items():
        subject, by, group = rows[0].subject, rows[0].by, rows[0].tier
        about = {"PARTICIPANT": clean(subject), "ANNOTATOR": clean(by)}
        about = {key: value for key, value in about.items() if value}
        element = SubElement(
            root, "TIER", {"LINGUISTIC_TYPE_REF": "gestures", "TIER_ID": tier} | about
        )
        if group != tier:
            SubElement(header, "PROPERTY", {"NAME": PROPERTY + tier}).text = clean(group)
        for row in rows:
            _annotation(element, row, slots, lost)
        scored = {r.id: f"{r.score:g}" for r in rows if r.score is not None}
        stated = (
            {r.id: r.status for r in rows} if any(r.status != "annotated" for r in rows) else {}
        )
        for ending, values in ((SCORE, scored), (STATUS, stated)):
            if not values:
                continue
            associated = True
            child = SubElement(root, "TIER", {
                "LINGUISTIC_TYPE_REF": "of a gesture", "PARENT_REF": tier,
                "TIER_ID": tier + ending,
            } | about)  # fmt: skip
            for parent, value in values.items():
                one = SubElement(SubElement(child, "ANNOTATION"), "REF_ANNOTATION", {
                    "ANNOTATION_ID": f"a{next(numbers)}", "ANNOTATION_REF": parent,
                })  # fmt: skip
                SubElement(one, "ANNOTATION_VALUE").text = value
    for slot, time in sorted(slots.items(), key=lambda item: (item[1], int(item[0][2:]))):
        SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(time)})
    last = SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"})
    last.text = str(next(numbers) - 1)
    _closing(root, table.labels, associated=associated)
    indent(root, "    ")
    body = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', lost


def _numbered(table: Events) -> Events:
    """The events, without the ids that ELAN would not keep."""
    rows = (row if ID.fullmatch(row.id) else replace(row, id="") for row in table.rows)
    return replace(table, rows=tuple(rows))


def _tiers(table: Events) -> dict[str, list[Event]]:
    """{name of a tier: its events}: one for each group, subject and author, as many as needed so
    that none overlap; named after the group alone where that is enough.
    """
    groups: dict[tuple[str, str, str], list[Event]] = {}
    for row in table.rows:
        groups.setdefault((row.tier, row.subject, row.by), []).append(row)
    tiers: dict[str, list[Event]] = {}
    for (tier, subject, by), rows in groups.items():
        for layer in without_overlap(rows):
            name = base = clean(tier) or "gestures"
            for more in (subject, by):
                if name in tiers and more:
                    name = base = f"{base} {clean(more)}"
            for number in count(2):
                if not any(taken in tiers for taken in (name, name + SCORE, name + STATUS)):
                    break
                name = f"{base} {number}"
            tiers[name] = layer
    return tiers


def _annotation(tier: Element, row: Event, slots: dict[str, int], lost: list[str]) -> None:
    """One annotation; its two times become slots of their own, as ELAN writes them."""
    start, end = round(row.start * 1000), round(row.end * 1000)
    if end <= start:
        lost.append(f"{quoted(row.label)} at {row.start:g} s has no duration; ELAN gets 1 ms")
        end = start + 1
    refs = {}
    for key, value in (("TIME_SLOT_REF1", start), ("TIME_SLOT_REF2", end)):
        refs[key] = f"ts{len(slots) + 1}"
        slots[refs[key]] = value
    one = SubElement(
        SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": row.id} | refs
    )
    if UNPRINTABLE.search(row.label):
        lost.append(f"{quoted(row.label)} has characters that XML cannot hold; they are left out")
    SubElement(one, "ANNOTATION_VALUE").text = clean(row.label)


def _closing(root: Element, labels: Iterable[str], *, associated: bool) -> None:
    """Types, language, constraints and the coding scheme as a controlled vocabulary."""
    labels = [clean(label) for label in labels]
    kinds = {"gestures": {"TIME_ALIGNABLE": "true"}}
    if labels:
        kinds["gestures"]["CONTROLLED_VOCABULARY_REF"] = "labels"
    if associated:
        kinds["of a gesture"] = {
            "TIME_ALIGNABLE": "false", "CONSTRAINTS": "Symbolic_Association",
        }  # fmt: skip
    for name, settings in kinds.items():
        about = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": name}
        SubElement(root, "LINGUISTIC_TYPE", about | settings)
    SubElement(root, "LANGUAGE", {
        "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001", "LANG_ID": "und",
        "LANG_LABEL": "undetermined (und)",
    })  # fmt: skip
    for name, description in STEREOTYPES.items():
        SubElement(root, "CONSTRAINT", {"DESCRIPTION": description, "STEREOTYPE": name})
    if not labels:
        return
    scheme = SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": "labels"})
    SubElement(scheme, "DESCRIPTION", {"LANG_REF": "und"})
    for number, label in enumerate(labels, 1):
        entry = SubElement(scheme, "CV_ENTRY_ML", {"CVE_ID": f"cveid{number}"})
        SubElement(entry, "CVE_VALUE", {"DESCRIPTION": "", "LANG_REF": "und"}).text = label


def clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return UNPRINTABLE.sub("", text)
