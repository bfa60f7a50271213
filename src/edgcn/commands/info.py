"""`edgcn info`: what a store holds, in numbers and as a picture."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.reports.plots import contact_sheet
from edgcn.reports.tables import count_table
from edgcn.skeleton.recording import Skipped
from edgcn.store import Selection, open_store
from edgcn.store.inspect import advice, missing_joints, sample, skipped_lines, summary


class InfoConfig(Config):
    """Show what a store holds."""

    store: Annotated[Path, POSITIONAL]
    """Store to look at."""
    figure: Path | None = None
    """Where the contact sheet goes; by default into the store."""


def command(config: InfoConfig) -> str:
    """Show, and say what comes next."""
    picture = info(config)
    return f"drew {picture}   next: edgcn pretrain {config.store}"


def info(config: InfoConfig, *, say: Say = tell) -> Path:
    """Print what a store holds and draw a contact sheet; returns the picture's path."""
    store = open_store(config.store)
    clips = store.clips()
    say(summary(store))
    labels = Counter(clips.labels.tolist())
    unlabelled = [("(unlabelled)", labels[-1])] if labels[-1] else []
    say(count_table([*((n, labels[i]) for i, n in enumerate(store.classes)), *unlabelled]))
    people = Counter(str(subject) or "(none)" for subject in clips.subjects)
    say(count_table(sorted(people.items()), of="subject"))
    for name in [*store.rules, *([] if store.rules else ["subject"])]:
        say(split_line(clips, name))
    say(missing_joints(store))
    for line in skipped_lines([Skipped(**item) for item in store.metadata["skipped"]]):
        say(line)
    if few := advice(store):
        say(few)
    return contact_sheet(
        sample(store),
        store.topology,
        config.figure or store.path / "contact_sheet.png",
        dims=store.dims,
        image_y_down=store.units == "px",
    )


def split_line(clips: Selection, name: str) -> str:
    """How many clips are on either side of a split, or why it cannot be used here."""
    try:
        split = clips.split(name)
    except EdgcnError as error:
        return str(error)
    return f"split {name!r}: {len(split.train)} training clips, {len(split.test)} test clips"
