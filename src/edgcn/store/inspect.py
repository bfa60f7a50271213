"""What a store holds, in words: for the commands that make one or look at one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from edgcn.base.words import count, percent
from edgcn.skeleton.recording import Skipped
from edgcn.store.read import Store
from edgcn.store.views import Selection

LISTED = 12  # skipped files that are named one by one
SHEET_ROWS = 12  # clips on a contact sheet
SECONDS = 4.0  # of a window, where nothing is annotated
FEW = 300  # clips: below, released weights do better than an encoder learned from these


def summary(store: Store) -> str:
    """One paragraph about a store."""
    clips, table = store.clips(), store.recordings
    classes = len(set(clips.labels[clips.labels >= 0].tolist()))
    people = set((clips.subjects if len(clips) else table.subjects).tolist()) - {""}
    bodies = "1 body" if store.bodies == 1 else f"up to {store.bodies} bodies"
    lengths = clips.lengths if len(clips) else table.lengths
    parts = (count(len(clips), "clip"), count(classes, "class"), count(len(people), "subject"))
    text = ", ".join(parts)
    if not store.trimmed:
        text += (
            f", in {count(len(table), 'recording')} ({store.duration / 60:.1f} minutes, "
            f"{100 * store.covered:.0f} % of them inside clips)"
        )
    text = (
        f"{store}: {text}; {store.topology.name} ({count(len(store.topology), 'joint')}), "
        f"{bodies}, {store.fps:g} fps; frames {lengths.min()} to {lengths.max()}, "
        f"median {int(np.median(lengths))}"
    )
    return text + (f"\nnote: {store.note}" if store.note else "")


def advice(store: Store) -> str:
    """What to do with few labelled clips; nothing where there are many, or none."""
    labels = store.clips().labels
    labelled = labels[labels >= 0]
    if not 0 < len(labelled) < FEW or len(set(labelled.tolist())) < 2:
        return ""
    return (
        f"{len(labelled)} labelled clips are few to learn an encoder from; one that comes trained "
        f"may do better: `edgcn evaluate edgcn-s {store} --protocol few-shot`"
    )


def skipped_lines(skipped: Sequence[Skipped]) -> list[str]:
    """How many could not be used, and the first of them by name; all are in store.json."""
    if not skipped:
        return []
    known = sum(item.known for item in skipped)
    lines = [f"skipped {len(skipped)} ({known} of them listed as bad by the data set itself):"]
    for item in skipped[:LISTED]:
        line = f"{item.path}: {item.reason.removeprefix(f'{item.path}:')}"
        lines.append(f"  {' '.join(line.split())}")
    if len(skipped) > LISTED:
        lines.append(f"  and {len(skipped) - LISTED} more, all listed in store.json")
    return lines


def health(store: Store) -> list[str]:
    """What the one pass over the recordings found: the numbers, then what looks wrong."""
    found = store.metadata["health"]
    torso = found["torso"] and f"a torso is {found['torso']:g} {store.units} long; "
    often = ", ".join(f"{joint} {percent(share)}" for joint, share in found["often"].items())
    lines = [
        f"health: {torso or ''}nobody in {percent(found['nobody'])} of the frames",
        f"missing joints: {percent(found['missing'])}, of all clips and frames"
        + (f"; most often {often}" if often else ""),
        *(f"check: {note}" for note in found["notes"]),
    ]
    return lines


def sample(store: Store) -> list[tuple[str, Float[np.ndarray, "t m v c"]]]:
    """One clip of each of the first classes, with its class and name, for a contact sheet."""
    clips = _parts(store)
    firsts = {int(label): int(row) for row, label in reversed(list(enumerate(clips.labels)))}
    rows = [row for _, row in sorted(firsts.items())][:SHEET_ROWS]
    if len(rows) < SHEET_ROWS:
        spread = np.linspace(0, len(clips) - 1, min(SHEET_ROWS, len(clips))).astype(int)
        others = [row for row in spread.tolist() if row not in rows]
        rows = sorted([*rows, *others[: SHEET_ROWS - len(rows)]])
    titles = [
        f"{store.classes[clips.labels[row]] if clips.labels[row] >= 0 else 'unlabelled'} · "
        f"{clips.names[row]}"
        for row in rows
    ]
    return [(title, clips.clip(row)) for title, row in zip(titles, rows, strict=True)]


def _parts(store: Store) -> Selection:
    """The clips, or windows where there are none."""
    clips = store.clips()
    return clips if len(clips) else store.windows(SECONDS, SECONDS)
