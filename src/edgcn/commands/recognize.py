"""`edgcn recognize`: recordings to events with confidence, for people to correct.

model + stores or recordings -> events -> events.csv, a .eaf per recording, events.boris, and the
page timeline.html

Several devices or machines share the recordings, started as those of a pre-training are.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field, PositiveInt

from edgcn.annotations.events import Events, events, joined, moved, with_ids
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.words import LISTED, count, named
from edgcn.commands.convert import clocks_of, events_of, listed, summary
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.commands.timeline import draw_timeline
from edgcn.inference.dense import reading_of
from edgcn.inference.footage import WHOLE, of_store
from edgcn.inference.recognizer import Recognizer, load
from edgcn.inference.watch import in_order, watch
from edgcn.store import Store, open_store
from edgcn.store.learned import overlap
from edgcn.training.fabric import make_fabric
from edgcn.training.ranks import ending_together

Written = Literal["csv", "eaf", "boris", "vtt"]


class RecognizeConfig(Config):
    """Find gestures in recordings, as events for ELAN, BORIS and tables."""

    model: Annotated[str, POSITIONAL]
    """A recognizer's file, from `edgcn fit` on recordings that show more than the gestures."""
    files: Annotated[tuple[Path, ...], POSITIONAL]
    """Stores, or files or folders of recordings, each of which becomes a store in `out`."""
    out: Path
    """Folder for the events."""
    reader: str | None = None
    """Reader of the files, as of `edgcn prepare`; by default they tell what they are."""
    options: dict[str, str] = Field(default={})
    """Options of the reader as NAME VALUE pairs."""
    formats: tuple[Written, ...] = ("csv", "eaf", "boris")
    """What to write: csv, eaf, boris, vtt."""
    least: Annotated[float, Field(ge=0, le=1)] | None = None
    """Confidence from which events are written; by default each class has a threshold of its own,
    chosen on held-out people."""
    none_of_these: bool = False
    """Also write what is an event but like none of the classes, under that label."""
    accelerator: str = "auto"
    """Where to compute: cpu, cuda, mps or auto."""
    devices: PositiveInt = 1
    """Processes on each machine that share the recordings."""
    nodes: PositiveInt = 1
    """Machines, each started with torchrun's environment."""
    threads: PositiveInt | None = None
    """CPU threads of each process; by default all."""
    overwrite: bool = False
    """Replace files that exist."""


def command(config: RecognizeConfig) -> str:
    """Recognize, and say what comes next."""
    table = recognize(config)
    return (
        f"wrote {config.out}: {count(len(table), 'event')}   next: open its timeline.html, correct "
        f"them in ELAN or BORIS, or edgcn events {config.out / 'events.csv'}"
    )


def recognize(config: RecognizeConfig, *, say: Say = tell) -> Events:
    """The events of all recordings, written to `config.out`.

    Raises:
        EdgcnError: the model finds no events, the recordings do not fit it, or files are there.
    """
    model = load(config.model)
    model.spotter()
    first = config.out / "events.csv"
    if first.exists() and not config.overwrite:
        raise EdgcnError(f"{first} exists already; choose another --out, or pass --overwrite")
    fabric = make_fabric(
        accelerator=config.accelerator,
        devices=config.devices,
        nodes=config.nodes,
        precision="float32",
        threads=config.threads,
    )
    say = say if fabric.is_global_zero else lambda _: None
    with ending_together(fabric):
        stores = stores_of(config, fabric, say)
        check_names(stores)
        parts = [share(config, model, store, fabric, say) for store in stores]
        table = with_ids(joined(parts))
        if fabric.is_global_zero:
            write(config, table, say)
            draw(config.out, stores, parts)
        fabric.barrier()
    return table


def stores_of(config: RecognizeConfig, fabric: Fabric, say: Say) -> list[Store]:
    """The stores that are given, or those that recordings become."""
    made = []
    for number, path in enumerate(config.files, start=1):
        if config.reader is None and (path / "store.json").is_file():
            made.append(open_store(path))
            continue
        if config.reader is None:
            check_recordings(path)
        out = config.out / ("recordings" if len(config.files) == 1 else f"recordings-{number}")
        if fabric.is_global_zero:
            settings = PrepareConfig(
                reader=config.reader or "",
                path=path,
                out=out,
                options=config.options,
                overwrite=config.overwrite,
            )
            prepare(settings, say=say)
        fabric.barrier()
        made.append(open_store(out))
    return made


def check_recordings(path: Path) -> None:
    """Refuse what is no recording, before a reader is asked."""
    if not path.exists():
        raise EdgcnError(f"{path}: there is no such file or folder of recordings, and no store")
    if path.is_dir() and not any(each.is_file() for each in path.rglob("*")):
        raise EdgcnError(f"{path} has no recordings: there is no file in it")
    if path.suffix.lower() in (".eaf", ".boris"):
        raise EdgcnError(f"{path} has events; expected recordings, in which events are found")


def share(
    config: RecognizeConfig, model: Recognizer, store: Store, fabric: Fabric, say: Say
) -> Events:
    """The events of a store; each process finds those of its share of the recordings."""
    embedder, by_row, notes = of_store(
        store, model.embedder(), skeleton=model.skeleton, depth=model.depth
    )
    for note in notes:
        say(f"transfer: {note}")
    if known := already_learned(model, store):
        say(f"note: {known}")
    seen, spotter = list(by_row.values()), model.spotter()
    if config.least is not None:
        spotter = replace(spotter, thresholds=np.full_like(spotter.thresholds, config.least))
    longest_first = sorted(seen, key=lambda each: -each.footage.seconds)
    own = watch(
        reading_of(embedder.to(fabric.device)),
        spotter,
        [str(name) for name in model.classes_of()],
        longest_first[fabric.global_rank :: fabric.world_size],
        by=Path(config.model).stem,
        none_of_these=config.none_of_these,
        label="recognizing" if fabric.is_global_zero else "",
    )
    table, names = gathered(own, fabric), [each.footage.name for each in seen]
    if empty := len(store.recordings) - len(seen):
        say(f"note: nobody is seen in {count(empty, 'recording')} of {store.path}")
    found = events(
        in_order(table.rows, names), recordings=names, labels=table.labels, media=table.media
    )
    return moved(found, clocks_of(store))


def already_learned(model: Recognizer, store: Store) -> str:
    """Which recordings and people the model has learned from; nothing where there are none."""
    whole = store.windows(WHOLE, WHOLE)
    parts = []
    for learned, where in (
        (model.provenance_.fitted, "the gestures"),
        (model.provenance_.pretrained, "its encoder"),
    ):
        found = overlap(learned, whole, np.arange(len(whole)))
        if found.clips or found.people:
            people = f" of {named(found.people, most=LISTED)}" if found.people else ""
            parts.append(f"{where} from {found.clips} of {found.of_clips} recordings{people}")
    if not parts:
        return ""
    return (
        f"the model has learned {' and '.join(parts)}: what is found in these looks better than it "
        f"would with others"
    )


def gathered(own: Events, fabric: Fabric) -> Events:
    """The events of all processes."""
    if fabric.world_size == 1:
        return own
    parts: list[Events | None] = [None] * fabric.world_size
    torch.distributed.all_gather_object(parts, own)
    return joined(part for part in parts if part is not None)


def check_names(stores: Sequence[Store]) -> None:
    """Refuse recordings that files could not tell apart."""
    names = [str(name) for store in stores for name in store.recordings.names]
    if len(set(names)) < len(names):
        raise EdgcnError(
            "two recordings have one name: recognize their stores one by one, into folders of "
            "their own"
        )


def write(config: RecognizeConfig, table: Events, say: Say) -> None:
    """Files of every format."""
    lost: list[str] = []
    for name in config.formats:
        lost += write_events(table, config.out, format=name, overwrite=config.overwrite)[1]
    say(summary(table))
    for line in (*by_label(table), *listed(lost)):
        say(line)


def draw(out: Path, stores: Sequence[Store], parts: Sequence[Events]) -> None:
    """A page for each store: what was found beside what is annotated, over moving skeletons."""
    for number, (store, found) in enumerate(zip(stores, parts, strict=True), start=1):
        name = "timeline.html" if len(stores) == 1 else f"timeline-{number}.html"
        draw_timeline(out / name, store, found, events_of(store))


def by_label(table: Events) -> Sequence[str]:
    """How many events of each label, and how sure."""
    lines = []
    for label in table.labels:
        scores = [row.score or 0.0 for row in table.rows if row.label == label]
        if scores:
            lines.append(f"  {label}: {len(scores)}, confidence {np.median(scores):.2f} (median)")
    return lines
