"""`edgcn prepare`: recordings in, store out.

files -> reader -> recordings with segments -> (remap by joint name) -> store
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Field

from edgcn.annotations.attach import Attached
from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.parts import Setting, check_settings, settings_of
from edgcn.base.progress import Say, track
from edgcn.base.screen import tell
from edgcn.base.spelling import spelled_as
from edgcn.base.spool import by_parts
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.readers import READERS
from edgcn.readers.looks import look
from edgcn.readers.rates import picture_size
from edgcn.skeleton.layouts import topology_named
from edgcn.skeleton.recording import Recording, Recordings, Skipped, with_hashes
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from edgcn.store import Store, open_store, write_store
from edgcn.store.conventions import Units, Up, Y, as_declared
from edgcn.store.inspect import advice, health, skipped_lines, summary
from edgcn.store.union import read_stores

NO_PATH = ("synthetic", "procedural")  # readers that make what they read


class PrepareConfig(Config, coerce_numbers_to_str=True):
    """Read recordings into a store."""

    reader: Annotated[str, POSITIONAL] = ""
    """Which format to read; `edgcn --help` lists them. Left out, the files tell, which is said."""
    path: Annotated[Path | None, POSITIONAL] = None
    """File or folder with the recordings (not needed for `synthetic`)."""
    out: Path
    """Folder of the new store."""
    topology: str | None = None
    """Convert the skeletons to this topology, by joint name."""
    annotations: tuple[Path, ...] = ()
    """Files or folders with annotations of the recordings, matched by name: ELAN, BORIS, tables,
    label files of SMG and iMiGUE. They take the place of labels that the recordings come with."""
    leave_out: tuple[str, ...] = ()
    """Labels that are no gestures, such as `none` or `rest`: their clips are kept without a label,
    and in whole recordings they are background."""
    units: Units = "auto"
    """What lengths are in: m, cm or mm in space, px in a picture. `auto` goes by the length of
    people's torsos, and says so."""
    y: Y = "auto"
    """Where y points. `auto` goes by people's heads: up in space, down in a picture."""
    up: Up = "y"
    """The vertical axis, where it is not y: z of many motion capture systems, x of a picture that
    was turned. People are turned until it is y."""
    size: str | None = None
    """Width and height of the picture that x and y are fractions of, such as 1280x720."""
    options: dict[str, str] = Field(default={})
    """Reader options as NAME VALUE pairs, for example `--options seed 1`."""
    annotation_options: dict[str, str] = Field(default={})
    """Options of the annotations as NAME VALUE pairs, as `edgcn convert --help` has them."""
    dtype: Literal["float32", "float16"] = "float32"
    """How coordinates are kept on disk."""
    strict: bool = False
    """Stop at the first file that cannot be used, instead of skipping and counting it."""
    overwrite: bool = False
    """Replace an existing store."""


def command(config: PrepareConfig) -> str:
    """Prepare, and say what comes next."""
    store = prepare(config)
    few = advice(store)
    following = (
        f"edgcn evaluate edgcn-s {store} --protocol few-shot" if few else f"edgcn pretrain {store}"
    )
    return f"wrote {store}   next: edgcn info {store}, or {following}"


def prepare(config: PrepareConfig, *, say: Say = tell) -> Store:
    """Read recordings into a new store; says what was skipped, and why."""
    config = with_reader(config, say)
    read = open_recordings(config)
    known = "size" in reader_settings(config.reader)  # such a reader needs it itself
    size = None if known else picture_size(config.size)
    up = "y" if "up" in reader_settings(config.reader) else config.up
    recordings = as_declared(read, units=config.units, y=config.y, up=up, size=size)
    attached = None
    if config.annotations:
        own = {"leave_out": ",".join(config.leave_out)} | config.annotation_options
        table = read_events(config.annotations, settings=own)
        attached = Attached(recordings, table)
        recordings = attached.recordings
    elif config.leave_out:
        recordings = unlabelled(recordings, config.leave_out, say)
    if config.topology is not None:
        recordings = remapped(recordings, config.topology, say)
    keep_sources(recordings, config)
    skipped = write_store(
        recordings,
        config.out,
        overwrite=config.overwrite,
        strict=config.strict,
        dtype=config.dtype,
        progress=partial(track, label=f"reading {recordings.reader}", unit="recordings"),
    )
    store = open_store(config.out)
    notes = [*table.notes, *attached.notes()] if attached else []
    for line in (summary(store), *health(store), *skipped_lines(skipped), *notes, advice(store)):
        if line:
            say(line)
    return store


def readers() -> dict[str, Callable[..., Recordings]]:
    """All readers by name: of files, of a plugin, and the one that joins stores."""
    return {**READERS, "stores": read_stores}


def with_reader(config: PrepareConfig, say: Say) -> PrepareConfig:
    """The config with a reader; where only a path is given, its files tell, which is said."""
    known = readers()
    if config.reader and (config.path is not None or config.reader in known):
        return config
    if not config.reader and config.path is None:
        raise EdgcnError(
            "give the recordings: `edgcn prepare PATH`, or `edgcn prepare READER PATH`"
        )
    path = config.path or Path(config.reader)
    if not path.exists():
        hint = did_you_mean(config.reader, known)
        raise EdgcnError(
            f"no file, folder or reader is named {str(path)!r}: there are {', '.join(known)}{hint}"
        )
    found = look(path, known)
    say(found.why)
    return config.model_copy(update={"reader": found.reader, "path": found.path})


def open_recordings(config: PrepareConfig) -> Recordings:
    """The reader's view of a path, its options checked."""
    known = readers()
    if config.reader not in known:
        hint = did_you_mean(config.reader, known)
        raise EdgcnError(
            f"no reader is named {config.reader!r}: there are {', '.join(known)}{hint}"
        )
    if config.path is None and config.reader not in NO_PATH:
        there = f"; a folder of this name is ./{config.reader}" * Path(config.reader).exists()
        raise EdgcnError(f"reader {config.reader!r} needs the path of its recordings{there}")
    read, settings = known[config.reader], reader_settings(config.reader)
    own = {"size": config.size or "", "up": config.up if config.up != "y" else ""}
    given = {name: text for name, text in own.items() if text and name in settings}
    values = {
        name: from_text(text, settings[name].annotation if name in settings else None)
        for name, text in (given | config.options).items()
    }
    options = check_settings(read, values, what=f"reader {config.reader!r}")
    path = next(iter(inspect.signature(read).parameters), None)
    return read(config.path, **options) if path else read(**options)


def reader_settings(name: str) -> dict[str, Setting]:
    """The options of a reader by name."""
    return settings_of(readers()[name])


def from_text(text: str, hint: Any) -> Any:
    """What an option's text stands for, where its type does not tell: a choice, a topology."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    known = {str(value): value for value in choices}
    if Topology in kinds and text not in known:
        return topology_named(text.lower())
    return known.get(text, text)


def keep_sources(recordings: Recordings, config: PrepareConfig) -> None:
    """Refuse to replace a folder by a store that is made of what lies in it."""
    out = config.out.resolve()
    if config.overwrite and out.exists():
        for source in recordings.sources:
            if source.resolve().is_relative_to(out):
                raise EdgcnError(
                    f"--out {config.out} would be written over {source}, which is read; choose "
                    f"another --out"
                )


def unlabelled(recordings: Recordings, words: tuple[str, ...], say: Say) -> Recordings:
    """The recordings; clips of these labels have none."""
    out = spelled_as(words, recordings.classes, option="--leave-out")
    classes = tuple(name for name in recordings.classes if name not in out)
    numbers = {
        old: classes.index(name) if name in classes else -1
        for old, name in enumerate(recordings.classes)
    }
    say(f"clips of {', '.join(map(repr, sorted(out)))} are kept without a label, as was asked for")

    def convert() -> Iterator[Recording | Skipped]:
        for item in recordings.recordings:
            if isinstance(item, Recording):
                parts = (replace(s, label=numbers.get(s.label, s.label)) for s in item.segments)
                item = replace(item, segments=tuple(parts))
            yield item

    return replace(recordings, classes=classes, recordings=convert())


def remapped(recordings: Recordings, name: str, say: Say) -> Recordings:
    """The same recordings on another topology, joints matched by name."""
    topology = topology_named(name)
    skeletons = recordings.skeletons or {"": recordings.topology}
    plans = {part: plan_remap(own, topology) for part, own in skeletons.items()}
    for part, plan in plans.items():
        say(f"{part}: {plan.summary()}" if part else plan.summary())

    def convert() -> Iterator[Recording | Skipped]:
        for item in recordings.recordings:
            if isinstance(item, Recording) and item.frames.ndim == 4:
                plan = plans[item.skeleton]
                if item.frames.shape[2] == len(plan.source):
                    item = with_hashes(item, dims=recordings.dims)
                    frames = by_parts(item.frames, partial(plan.apply, dims=recordings.dims))
                    item = replace(item, frames=frames, scores=None)
            yield item

    return replace(recordings, topology=topology, recordings=convert(), skeletons={})
