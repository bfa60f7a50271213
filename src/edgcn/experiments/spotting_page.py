"""The page of spotting results, written from the evaluations: the numbers in it are theirs.

python -m edgcn.experiments.spotting_page EVALUATIONS ... > docs/results-spotting.md
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from edgcn.evaluation.recorded import read_results
from edgcn.evaluation.rows import Row, mean_over_seeds
from edgcn.reports.tables import columns_of, markdown_table

HEAD = """# Events found in whole recordings

Made by `python -m edgcn.experiments.spotting_page`, from evaluations by the protocol `spotting`.
Who tests chose nothing. A true and a found event of one class count one to one; mAP and confidence
go by IoU 0.5. Seeds are those of the evaluation, which draw the windows that are learned from, the
examples and the random encoder. What was tried: [lab/spotting.md](lab/spotting.md).
"""


def page(folders: Sequence[Path]) -> str:
    """A table for each store and split; seeds of one setting are one row."""
    results: dict[tuple[str, str], list[tuple[int, list[Row]]]] = {}
    notes: dict[tuple[str, str], list[str]] = {}
    for file in sorted(path for folder in folders for path in folder.rglob("results.json")):
        data = read_results(file)
        if data["protocol"] != "spotting":
            continue
        key = (Path(data["store"]).name, data["split"])
        rows = [Row.from_dict(row) for row in data["rows"]]
        results.setdefault(key, []).append((int(data["seed"]), rows))
        kept = [note for note in data["notes"] if "held-out" not in note]
        notes.setdefault(key, []).extend(kept)
    parts = [HEAD]
    for (store, split), runs in results.items():
        groups: dict[tuple[float, str, str], list[Row]] = {}
        for seed, rows in runs:
            for row in rows:
                made = Row(**{**row.__dict__, "seeds": (seed,)})
                groups.setdefault((row.amount or float("inf"), row.kind, row.name), []).append(made)
        order = sorted(groups, key=lambda key: key[0])  # few examples first
        means = [mean_over_seeds(groups[key]) for key in order]
        parts.append(f"## {store}, split {split}\n")
        parts.append(markdown_table(means, columns_of("spotting", means)) + "\n")
        parts += [f"- {note}" for note in dict.fromkeys(notes[store, split])]
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    print(page([Path(word) for word in sys.argv[1:]]), end="")
