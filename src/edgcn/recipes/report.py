"""Several runs on one page: every evaluation they hold, seeds of one setting in one row.

runs/*/*/results.json -> rows by (store, split, protocol, setting) -> report.html, report.md
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.errors import EdgcnError
from edgcn.reports.html import Section, html_page
from edgcn.reports.plots import results_bars, training_curves
from edgcn.reports.tables import HEADINGS, RESULT_COLUMNS, format_cell, markdown_table
from edgcn.runs import read_json, read_metrics

SCORES = ("top1", "top5", "macro_f1", "mean_class", "low", "high")
Row = dict[str, Any]

# Settings of pre-training that make no other row, and those that an untrained encoder depends on.
SEED_OR_MACHINE = ("seed", "out", "accelerator", "threads", "knn_every")
UNTRAINED = (
    "encoder", "encoder_options", "moments", "stream", "confidence_as_z", "frames", "normalize",
)  # fmt: skip


def report(
    runs: Sequence[Path],
    out: Path,
    *,
    overwrite: bool = False,
    title: str = "edgcn: results",
    intro: str = "",
    say: Callable[[str], None] = print,
) -> Path:
    """Write `report.html` and `report.md` about all evaluations of these runs into `out`."""
    page = out / "report.html"
    if page.exists() and not overwrite:
        raise EdgcnError(f"{page} exists already; choose another --out, or pass --overwrite")
    if not runs:
        raise EdgcnError("expected runs to report on, got none; name the folders of one or more")
    tables = collect(runs)
    out.mkdir(parents=True, exist_ok=True)
    sections = [Section("What this is", intro)] if intro else []
    lines = []
    for number, (heading, rows) in enumerate(tables.items(), start=1):
        figure = results_bars(rows, out / f"results-{number}.png")
        notes = "\n\n".join(dict.fromkeys(row["note"] for row in rows if row["note"]))
        sections.append(Section(heading, notes, _cells(rows), [figure]))
        lines += [f"## {heading}", *([notes] if notes else [])]
        lines.append(markdown_table(rows, RESULT_COLUMNS))
        say(f"\n{heading}\n{notes}\n{markdown_table(rows, RESULT_COLUMNS)}")
    curves = {run.name: read_metrics(run / "metrics.jsonl") for run in runs}
    curves = {name: rows for name, rows in curves.items() if rows}
    if curves:
        figure = training_curves(curves, out / "curves.png")
        sections.append(Section("Training", figures=[figure]))
    for run in runs:
        pictures = sorted(run.glob("*/confusion.png")) + sorted(run.glob("*/embedding.png"))
        if pictures:
            sections.append(Section(f"{run.name}: confusion and map", figures=pictures))
    (out / "report.md").write_text("\n\n".join(lines) + "\n")
    return html_page(title, sections, page)


def _cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    header = [HEADINGS[column] for column in RESULT_COLUMNS]
    return header, [[format_cell(row, column) for column in RESULT_COLUMNS] for row in rows]


def collect(runs: Sequence[Path]) -> dict[str, list[Row]]:
    """Mean scores over seeds, by store, split and protocol; baselines above the methods."""
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        found = sorted(run.glob("*/results.json"))
        if not found:
            raise EdgcnError(
                f"{run} holds no evaluation; make one with `edgcn evaluate {run} STORE`"
            )
        config = read_json(run / "run.json")["config"]
        for path in found:
            results = read_json(path)
            name = Path(results["store"]).name
            heading = f"{name}, split {results['split']}, {results['protocol']}"
            for row in results["rows"]:
                extra = {
                    "seed": results["run_seed"],
                    "note": results["note"],
                    "label": row_label(row, config, results),
                    "settings": settings_of(row, config, results),
                }
                key = json.dumps([extra["label"], extra["settings"]])
                groups[heading][key].append({**row, **extra})
    tables = {}
    for heading, settings in groups.items():
        ordered = sorted(settings.values(), key=_order)
        firsts = [rows[0] for rows in ordered]
        tables[heading] = [average(rows, difference(rows[0], firsts)) for rows in ordered]
    return tables


def settings_of(row: Row, config: Row, results: Row) -> Row:
    """All that a row's numbers depend on, but for the seed and the machine."""
    if row["name"] == "majority class":
        return {}
    probe = {"linear": ("lr", "epochs"), "logistic": (), "knn": ("k",)}[results["protocol"]]
    settings = {f"probe {name}": results["config"][name] for name in probe}
    if row["name"] == "raw coordinates":
        return settings
    settings["readout"] = results["readout"]
    transfer = {"skeleton": "remap", "third": "keep", "notes": []} | results.get("transfer", {})
    settings |= {name: transfer[name] for name in ("skeleton", "third")}
    if transfer["notes"]:  # the random encoder too read the clips as that store's
        settings["store"] = Path(config["store"]).name
    if row["baseline"]:
        return settings | {name: config[name] for name in UNTRAINED}
    trained = {name: value for name, value in config.items() if name not in SEED_OR_MACHINE}
    return settings | trained | {"store": Path(config["store"]).name}


def difference(row: Row, others: Sequence[Row]) -> str:
    """The settings in which a row differs from others of its name, to be told in its name."""
    alike = [other["settings"] for other in others if other["label"] == row["label"]]
    mine = row["settings"]
    apart = [key for key in mine if any(other.get(key) != mine[key] for other in alike)]
    return "".join(f", {key.replace('_', ' ')} {_words(mine[key])}" for key in apart)


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def row_label(row: Row, config: Row, results: Row) -> str:
    """The row's name with what is most often varied; `difference` adds what else varies."""
    if row["name"] in ("majority class", "raw coordinates"):
        return str(row["name"])
    if row["baseline"]:
        parts = [f"{row['name']} ({config['encoder']}{', moments' if config['moments'] else ''})"]
        return ", ".join(parts + ([results["readout"]] if results["readout"] != "mean" else []))
    parts = [str(row["name"])]
    parts += [f"lr {config['lr']:g}", f"{config['epochs']} epochs"]
    parts += [results["readout"]] if results["readout"] != "mean" else []
    return ", ".join(parts)


def _order(rows: Sequence[Row]) -> int:
    names = ("majority class", "raw coordinates", "random encoder")
    return names.index(rows[0]["name"]) if rows[0]["name"] in names else len(names)


def average(rows: Sequence[Row], apart: str = "") -> Row:
    """One row for all seeds of a setting: means, and the spread of top-1 over seeds."""
    seeds = sorted({row["seed"] for row in rows})
    means: Row = {key: float(np.mean([row[key] for row in rows])) for key in SCORES}
    return {
        "name": rows[0]["label"] + apart,
        **means,
        "n": rows[0]["n"],
        "seeds": seeds,
        "spread": float(np.std([row["top1"] for row in rows])),
        "baseline": rows[0]["baseline"],
        "note": rows[0]["note"],
    }
