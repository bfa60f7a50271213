"""The page of spotting results, written from the evaluations: the numbers in it are theirs.

python -m edgcn.experiments.spotting_page EVALUATIONS ... > docs/results-spotting.md
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgcn.evaluation.recorded import read_results
from edgcn.evaluation.rows import BASELINES, Row, mean_over_seeds
from edgcn.reports.tables import columns_of, markdown_table

HEAD = """# Events found in whole recordings

Made by `python -m edgcn.experiments.spotting_page`, from evaluations by the protocol `spotting`.
Who tests chose nothing. A true and a found event of one class count one to one; mAP and confidence
go by IoU 0.5. Seeds are those of the evaluation, which draw the windows that are learned from, the
examples and the random encoder. What was tried: [lab/spotting.md](lab/spotting.md).
"""


def page(folders: Sequence[Path]) -> str:
    """A table for each store and split; seeds of one setting are one row.

    A baseline that several evaluations have with one seed counts once.
    """
    rows: dict[tuple[str, str], dict[tuple[float, str, str], dict[int, Row]]] = {}
    notes: dict[tuple[str, str], list[str]] = {}
    for file in sorted(path for folder in folders for path in folder.rglob("results.json")):
        data = read_results(file)
        if data["protocol"] != "spotting":
            continue
        key, seed = (Path(data["store"]).name, data["split"]), int(data["seed"])
        for row in map(Row.from_dict, data["rows"]):
            own = learned_here(data) if row.name == data.get("title") else ""
            made = replace(row, name=row.name + own, seeds=(seed,))
            groups = rows.setdefault(key, {})
            of = (made.amount or float("inf"), made.kind, made.name)
            groups.setdefault(of, {}).setdefault(seed, made)
        kept = [note for note in data["notes"] if "held-out" not in note]
        notes.setdefault(key, []).extend([*kept, *how_learned(data)])
    parts = [HEAD]
    for (store, split), groups in sorted(rows.items()):
        order = sorted(
            groups, key=lambda key: (key[0], key[1] not in BASELINES)
        )  # few labels first
        means = [mean_over_seeds(list(groups[key].values())) for key in order]
        parts.append(f"## {store}, split {split}\n")
        parts.append(markdown_table(means, columns_of("spotting", means)) + "\n")
        own_notes = list(dict.fromkeys(notes[store, split]))
        parts += [f"- {note}" for note in own_notes] + [""] * bool(own_notes)
    return "\n".join(parts).rstrip() + "\n"


def learned_here(data: Mapping[str, Any]) -> str:
    """What a name says of weights that learned from the training recordings themselves."""
    config = data["model"]["config"]
    same = Path(str(config.get("store", ""))).name == Path(data["store"]).name
    return ", own recordings" if same else ""


def how_learned(data: Mapping[str, Any]) -> list[str]:
    """How such weights learned."""
    config = data["model"]["config"]
    if not learned_here(data):
        return []
    return [
        f"own recordings: `edgcn pretrain` on the training recordings, no labels, recipe "
        f"{config.get('recipe')}, {config.get('steps')} steps of the optimizer"
    ]


if __name__ == "__main__":
    print(page([Path(word) for word in sys.argv[1:]]), end="")
