"""`edgcn info`: what a store holds, in numbers and as a picture."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.words import count
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.reports.plots import contact_sheet
from edgcn.reports.tables import count_table
from edgcn.skeleton.recording import Skipped
from edgcn.store import Selection, open_store
from edgcn.store.inspect import advice, health, sample, skipped_lines, summary
from edgcn.store.learned import repeated


class InfoConfig(Config):
    """Show what a store holds."""

    store: Annotated[Path, POSITIONAL]
    """Store to look at."""
    figure: Path | None = None
    """Where the contact sheet goes; by default into the store."""


def command(config: InfoConfig) -> str:
    """Show, and say what comes next."""
    picture = info(config)
    drew = f"drew {picture}   " if picture else ""
    return f"{drew}next: edgcn pretrain {config.store}"


def info(config: InfoConfig, *, say: Say = tell) -> Path | None:
    """Print what a store holds and draw a contact sheet; returns the picture's path.

    None where the store's own folder cannot be written to, which is said.
    """
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
    skipped = [Skipped(**item) for item in store.metadata["skipped"]]
    for line in (*health(store), *skipped_lines(skipped)):
        say(line)
    if few := advice(store):
        say(few)
    path = config.figure or store.path / "contact_sheet.png"
    try:
        return contact_sheet(
            sample(store),
            store.topology,
            path,
            dims=store.dims,
            image_y_down=store.units == "px",
        )
    except (EdgcnError, OSError) as error:
        if config.figure:
            raise
        say(f"no contact sheet: {reason_of(error)}; choose a place with --figure FILE.png")
        return None


def reason_of(error: Exception) -> str:
    """What the system says, without a number."""
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


def split_line(clips: Selection, name: str) -> str:
    """How many clips are on either side of a split, or why it cannot be used here."""
    try:
        split = clips.split(name)
    except EdgcnError as error:
        return str(error)
    train, test = (count(len(rows), f"{side} clip") for side, rows in
                   (("training", split.train), ("test", split.test)))  # fmt: skip
    again = repeated(clips, split.folds)
    return f"split {name!r}: {train}, {test}" + (f"; check: {again}" if again else "")
