"""`edgcn errors`: what an evaluation, or a machine that finds events, got wrong: a page, a table.

folder of an evaluation + the store -> errors.html, errors.csv
events found + events annotated + the store -> the same
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.words import LISTED, named
from edgcn.commands.event_errors import write_found_errors
from edgcn.commands.events import is_store, read_any
from edgcn.commands.report import results_in
from edgcn.commands.results import RESULTS
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.commands.timeline import moving_clip
from edgcn.evaluation.clip_errors import by_class, by_group, confusion_of
from edgcn.evaluation.recorded import Judged, read_predictions
from edgcn.reports.errors import Wrong, chosen, write_errors
from edgcn.reports.exports import csv_table
from edgcn.reports.html import Section
from edgcn.reports.tables import text_table
from edgcn.store import Selection, open_store

CLASS_COLUMNS = {
    "class": "class", "clips": "clips", "predicted": "predicted", "right": "right",
    "precision": "precision %", "recall": "recall %", "f1": "F1 %",
    "confused_with": "most often taken for",
}  # fmt: skip
GROUP_COLUMNS = {
    "of": "of", "subjects": "subjects", "clips": "clips", "right": "right", "share": "right %",
    "interval": "95 % interval", "most_often": "most often wrong",
}  # fmt: skip
FILES = ("errors.html", "errors.csv")
FOUND, TRUE = "found.csv", "truth.csv"  # of an evaluation of events


class ErrorsConfig(Config):
    """Show what an evaluation, or a machine that found events, got wrong."""

    results: Annotated[Path, POSITIONAL]
    """Folder of one evaluation, of clips or of events in recordings, or one that holds a single
    one; with --truth, events found."""
    truth: Path | None = None
    """File, folder or store of what was annotated; `results` is then a file of events."""
    iou: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Intersection over union from which a found event is right."""
    out: Path | None = None
    """Folder for errors.html and errors.csv; by default the evaluation's own."""
    store: Path | None = None
    """Store of the recordings: with --truth, or where it is now if it was moved."""
    options: dict[str, str] = Field(default={})
    """Options of reading events as NAME VALUE pairs, as `edgcn convert --help` has them."""
    overwrite: bool = False
    """Replace earlier files of these names."""


def command(config: ErrorsConfig) -> str:
    """Write both files, and say where they are."""
    return f"wrote {errors(config)} and errors.csv   next: open the page in a browser"


def errors(config: ErrorsConfig, *, say: Say = tell) -> Path:
    """Write the page and the table, and print the classes; returns the page's path.

    Raises:
        EdgcnError: there are several evaluations, or one that names no clips.
    """
    if config.truth is not None:
        return found_errors(config, say)
    if config.results.is_file() and config.results.name != RESULTS:
        raise EdgcnError(
            f"{config.results} is a file of events: give what was annotated with --truth, or the "
            f"folder of an evaluation"
        )
    path, data = the_one(config.results)
    if (path.parent / FOUND).is_file():
        return spotted_errors(config, path.parent, data, say)
    out = free(config, path.parent)
    classes = tuple(map(str, data.get("classes", ())))
    judged = read_predictions(path.parent / "predictions.csv", classes)
    wrong = sorted((clip for clip in judged if not clip.right), key=lambda c: -c.confidence)
    clips, why_not = evaluated_clips(config.store or Path(data["store"]), data)
    if why_not:
        say(f"no skeletons are shown: {why_not}")
    picked = chosen([(clip.true, clip.predicted) for clip in wrong])
    rows = by_class(judged, classes)
    header, cells = list(CLASS_COLUMNS.values()), [in_percent(row, CLASS_COLUMNS) for row in rows]
    say(text_table([dict(zip(header, row, strict=True)) for row in cells], tuple(header)))
    groups = [
        Section(f"By {name}", table=(list(GROUP_COLUMNS.values()), grouped(judged, name)))
        for name in ("subject", "condition")
        if {getattr(clip, name) for clip in judged} - {""}
    ]
    write_errors(
        out / FILES[0],
        title=f"Errors of {data.get('title') or path.parent.name}",
        sections=[
            Section("Classes, the worst first", about(data, judged, why_not), (header, cells)),
            *groups,
        ],
        classes=classes,
        matrix=confusion_of(judged, classes),
        wrong=[shown(wrong[index], clips) for index in picked],
        total=len(wrong),
    )
    write_text(out / FILES[1], csv_table([vars(clip) for clip in wrong], COLUMNS))
    return out / FILES[0]


def free(config: ErrorsConfig, default: Path) -> Path:
    """The folder to write to.

    Raises:
        EdgcnError: one of the files exists.
    """
    out = config.out or default
    if existing := [name for name in FILES if (out / name).exists() and not config.overwrite]:
        raise EdgcnError(
            f"{out / existing[0]} exists already; choose another --out, or pass --overwrite"
        )
    return out


def found_errors(config: ErrorsConfig, say: Say) -> Path:
    """Compare what was found with what was annotated.

    Raises:
        EdgcnError: there is no store, or no recording that both have.
    """
    truth, found = (
        read_any(path, config.options) for path in (config.truth, config.results) if path
    )
    place = config.truth if config.truth and is_store(config.truth) else None
    if (place := config.store or place) is None:
        raise EdgcnError("expected the store of the recordings; give --store STORE")
    out = free(config, config.results.parent)
    return write_found_errors(out, open_store(place), truth, found, least=config.iou, say=say)


def spotted_errors(config: ErrorsConfig, folder: Path, data: dict[str, Any], say: Say) -> Path:
    """Compare what an evaluation found in recordings with what is annotated there."""
    truth, found = (read_any(folder / name, {}) for name in (TRUE, FOUND))
    out, store = free(config, folder), open_store(config.store or Path(data["store"]))
    return write_found_errors(out, store, truth, found, least=config.iou, say=say)


COLUMNS = ("clip", "name", "subject", "condition", "true", "predicted", "confidence", "of_true",
           "nearest_clip", "nearest")  # fmt: skip


def the_one(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The only evaluation in or below a folder.

    Raises:
        EdgcnError: there are none, or several.
    """
    found = list(results_in([folder]))
    own = [item for item in found if item[0].parent == folder]
    if len(found) > 1 and not own:
        names = named([str(path.parent) for path, _ in found], most=LISTED)
        raise EdgcnError(f"{folder} holds {len(found)} evaluations; name one of them: {names}")
    return (own or found)[0]


def evaluated_clips(path: Path, data: dict[str, Any]) -> tuple[Selection | None, str]:
    """The clips that were evaluated, or why they cannot be shown."""
    try:
        clips = open_store(path).clips()
        same = clips.fingerprint == data.get("store_fingerprint")
    except EdgcnError as error:
        return None, f"{error}; if it was moved, say --store"
    return (clips, "") if same else (None, f"{path} has other contents than what was evaluated")


def about(data: dict[str, Any], judged: Sequence[Judged], why_not: str) -> str:
    """What was evaluated, and what must be known with it."""
    right = sum(clip.right for clip in judged)
    opening = (
        f"{data['protocol']}, split {data['split']} of {Path(data['store']).name}: {right} of "
        f"{len(judged)} test clips right."
    )
    missing = f"Without skeletons: {why_not}." if why_not else ""
    return "\n\n".join(filter(None, (opening, missing, *map(str, data["notes"]))))


def shown(clip: Judged, clips: Selection | None) -> Wrong:
    """A wrong clip with what moves."""
    known = clips is not None and clip.nearest_clip < len(clips) and clip.clip < len(clips)
    label = clips.labels[clip.nearest_clip] if clips is not None and known else -1
    return Wrong(
        clip.name,
        clip.subject,
        clip.condition,
        clip.true,
        clip.predicted,
        clip.confidence,
        (clip.nearest, clips.classes[label] if clips is not None and label >= 0 else ""),
        moving_clip(clips, clip.clip) if clips is not None and known else None,
        moving_clip(clips, clip.nearest_clip) if clips is not None and known else None,
    )


def grouped(judged: Sequence[Judged], name: str) -> list[list[str]]:
    """The cells of a table by subject or condition."""
    rows = by_group(judged, lambda clip: str(getattr(clip, name)))
    for row in rows:
        low, high = row.pop("low"), row.pop("high")
        row["interval"] = None if low is None else f"{100 * low:.1f}–{100 * high:.1f}"
    return [in_percent(row, GROUP_COLUMNS) for row in rows]


def in_percent(row: dict[str, Any], columns: dict[str, str]) -> list[str]:
    """Cells: shares in percent, "-" for what is not known."""
    return [
        "-" if row[key] is None
        else f"{100 * row[key]:.1f}" if isinstance(row[key], float)
        else str(row[key])
        for key in columns
    ]  # fmt: skip
