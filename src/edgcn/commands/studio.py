"""`edgcn studio`: a page on this machine to code recordings, with suggestions that learn.

recordings, a store or a recognizer -> http://127.0.0.1:PORT, until Ctrl-C
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from edgcn.annotations.events import Events, moved
from edgcn.annotations.formats import read_events
from edgcn.base.arrayfiles import npz_names
from edgcn.base.errors import EdgcnError, require
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.agree import rows_of as agreed_rows
from edgcn.commands.convert import events_of
from edgcn.commands.events import known, rows_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.evaluation.agreement import Agreement
from edgcn.inference.recognizer import Recognizer, load
from edgcn.readers.synthetic import read_synthetic
from edgcn.store import Store, open_store, write_store
from edgcn.web import exchange
from edgcn.web.serve import serve
from edgcn.web.studio import Studio

DEMO = "demo"
DEMO_OF: dict[str, Any] = {"subjects": 3, "interviews": 3, "minutes": 3.0, "gestures": 7}
STARTED = "start"  # who writes what was there before anybody coded
OVERLAP = 0.6


class StudioConfig(Config, coerce_numbers_to_str=True):
    """Code recordings in the browser: a timeline, suggestions that learn from you, export."""

    path: Annotated[Path, POSITIONAL]
    """Store, or folder of recordings, or a recognizer's file; `demo` for made interviews."""
    recordings: Path | None = None
    """Store or folder of recordings, where PATH is a recognizer."""
    annotations: tuple[Path, ...] = ()
    """Files or folders with annotations to begin with: ELAN, BORIS, tables."""
    videos: Path | None = None
    """Folder with a video of each recording, by name; shown beside the skeleton if the browser can
    play it."""
    reader: str | None = None
    """Format of a folder of recordings; by default what the files' names say."""
    model: str = "edgcn-s"
    """Encoder that suggests: a recognizer's file or the name of released weights."""
    coder: Annotated[str, Field(max_length=60)] = ""
    """Your initials, kept with every event."""
    out: Path | None = None
    """Folder for what is coded; by default beside the recordings, as NAME.studio."""
    port: Annotated[int, Field(ge=1, le=65535)] | Literal["auto"] = "auto"
    """Port on this machine; `auto` takes a free one."""
    open: bool = True
    """Open the page in the browser."""


def command(config: StudioConfig) -> str:
    """Serve until it is stopped, and say what comes next."""
    place_of(config)
    require("fastapi", extra="studio")
    studio = opened(config)
    serve(studio, port=0 if config.port == "auto" else config.port, open_page=config.open, say=tell)
    return f"{studio.folder} has everything; the same command goes on from there"


def opened(config: StudioConfig, *, say: Say = tell) -> Studio:
    """The studio of these settings, with what was annotated before.

    Raises:
        EdgcnError: there are no recordings, or they cannot be read.
    """
    place, model = place_of(config)
    demo = not place.exists()
    out = config.out or place.with_name(f"{place.resolve().name}.studio")
    store = made_store(out) if demo else store_of(place, out, config.reader, say)
    recognizer = load(model)
    check_fit(recognizer, store)
    studio = Studio(
        store=store, model=recognizer, title=model, folder=out, coder=config.coder,
        rates=rates_in(store), agreed=agreed, videos=config.videos,
    )  # fmt: skip
    begin(studio, config.annotations, say, demo=demo)
    return studio


def place_of(config: StudioConfig) -> tuple[Path, str]:
    """Where the recordings are, and which encoder looks at them.

    Raises:
        EdgcnError: nothing is there, or a recognizer comes without recordings or twice.
    """
    place, model = config.path, config.model
    if place.suffix == ".edgcn" or (place / "run.json").is_file():
        if config.recordings is None:
            raise EdgcnError(f"{place} is a recognizer: which recordings? give --recordings STORE")
        place, model = config.recordings, str(place)
    elif config.recordings is not None:
        raise EdgcnError(f"{place} has the recordings; --recordings goes with a recognizer")
    if not place.exists() and str(place) != DEMO:
        raise EdgcnError(f"{place} does not exist; give a store, a folder of recordings or `demo`")
    if config.videos is not None and not config.videos.is_dir():
        raise EdgcnError(f"--videos {config.videos}: expected a folder")
    return place, model


def check_fit(model: Recognizer, store: Store) -> None:
    """Refuse recordings that the encoder cannot read, before the page is there."""
    windows = store.windows(1.6, 1.6)
    if not len(windows):
        raise EdgcnError(f"{store.path}: nobody is seen in any recording")
    model.transform(windows.take(np.arange(1)))


def store_of(place: Path, out: Path, reader: str | None, say: Say) -> Store:
    """A store, or the recordings of a folder as one, which is made once."""
    if (place / "store.json").is_file():
        return open_store(place)
    made = out / "store"
    if (made / "store.json").is_file():
        return open_store(made)
    out.mkdir(parents=True, exist_ok=True)
    chosen = reader or reader_of(place)
    return prepare(PrepareConfig(reader=chosen, path=place, out=made), say=say)


def reader_of(place: Path) -> str:
    """What the names of the files say about their format.

    Raises:
        EdgcnError: they say nothing.
    """
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    for ending, reader in (
        ("_keypoints.json", "openpose"), (".skeleton", "ntu"), ("_skeleton.mat", "utd_mhad"),
        (".pkl", "pyskl"),
    ):  # fmt: skip
        if any(file.name.lower().endswith(ending) for file in files):
            return reader
    arrays = [file for file in files if file.suffix == ".npz"]
    if len(arrays) == 1:
        return "events_npz" if "rec" in npz_names(arrays[0]) else "clips_npz"
    raise EdgcnError(f"{place}: the names of its files do not say their format; give --reader NAME "
                     f"(edgcn --help lists them)")  # fmt: skip


def made_store(out: Path) -> Store:
    """Three made interviews."""
    if not (out / "store" / "store.json").is_file():
        out.mkdir(parents=True, exist_ok=True)
        write_store(read_synthetic(**DEMO_OF), out / "store")
    return open_store(out / "store")


def begin(studio: Studio, annotations: Sequence[Path], say: Say, *, demo: bool) -> None:
    """What was annotated before, where nothing is coded yet."""
    coding = studio.coding
    if coding.journal.document.number:
        if annotations:
            say(f"{coding.journal.path} is there and goes on; import other files in the page")
        return
    table = moved(events_of(studio.store), {n: -s for n, s in coding.clocks.items()})
    if annotations:
        table, notes = exchange.matched(coding, read_events(annotations))
        for note in notes:
            say(note)
    rows: dict[str, Any] = {f"label:{label}": {"key": ""} for label in table.labels}
    if demo:  # for the machine and the person to find
        rows["coder:maker"] = exchange.as_coder(table)
    elif table.rows:
        rows |= exchange.changes(coding, table, back=False)[0]
    if rows:
        coding.journal.change(coding.checked(rows), tab="", by=STARTED)


def rates_in(store: Store) -> Any:
    """Counts, rates and shares of events in these recordings."""

    def rates(table: Events, by: str) -> list[dict[str, Any]]:
        about = known(table, store, lambda _: None)
        return list(rows_of(table, about, by))

    return rates


def agreed(one: Events, two: Events, whole: Agreement) -> list[dict[str, Any]]:
    """What two coders agree on, by label and subject."""
    return list(agreed_rows(one, two, OVERLAP, whole))
