"""Several runs on one page: every evaluation they hold, seeds of one setting in one row.

runs/*/*/results.json -> rows by (store, split, protocol, setting) -> report.html, report.md
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.protocols import SETTINGS
from edgcn.reports.html import Section, html_page
from edgcn.reports.plots import results_bars, training_curves
from edgcn.reports.tables import (
    HEADINGS,
    SCORES,
    columns_of,
    format_cell,
    main_score,
    markdown_table,
    with_labels,
)
from edgcn.runs import read_json, read_metrics

Row = dict[str, Any]
KNOWN = ("majority class", "chance", "one cluster")  # rows that depend on the labels alone

# Settings of pre-training that make no other row, and those that an untrained encoder depends on.
SEED_OR_MACHINE = ("seed", "out", "accelerator", "threads", "knn_every")
UNTRAINED = (
    "encoder", "encoder_options", "moments", "stream", "motion_gain", "confidence_as_z", "frames",
    "normalize", "input_norm",
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
        protocol = rows[0]["protocol"]
        columns = columns_of(protocol)
        figure = results_bars(
            with_labels(rows), out / f"results-{number}.png", score=main_score(protocol)
        )
        notes = "\n\n".join(dict.fromkeys(row["note"] for row in rows if row["note"]))
        sections.append(Section(heading, notes, _cells(rows, columns), [figure]))
        lines += [f"## {heading}", *([notes] if notes else [])]
        lines.append(markdown_table(rows, columns))
        say(f"\n{heading}\n{notes}\n{markdown_table(rows, columns)}")
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


def _cells(rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    header = [HEADINGS[column] for column in columns]
    return header, [[format_cell(row, column) for column in columns] for row in rows]


def collect(runs: Sequence[Path]) -> dict[str, list[Row]]:
    """Mean scores over seeds, by store, split and protocol; baselines above the methods."""
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        found = sorted(run.glob("*/results.json"))
        if not found:
            raise EdgcnError(
                f"{run} holds no evaluation; make one with `edgcn evaluate {run} STORE`"
            )
        pretrained = read_json(run / "run.json")["config"]
        for path in found:
            results = read_json(path)
            name = Path(results["store"]).name
            heading = f"{name}, split {results['split']}, {results['protocol']}"
            for row in results["rows"]:
                row, config = as_evaluated_alone(row, pretrained, results)
                extra = {
                    "seed": config["seed"],
                    "protocol": results["protocol"],
                    "note": results["note"],
                    "label": row_label(row, config, results),
                    "settings": settings_of(row, config, results),
                }
                key = json.dumps([extra["label"], extra["settings"], row.get("labels")])
                groups[heading][key].append({**row, **extra})
    tables = {}
    for heading, settings in groups.items():
        ordered = sorted(settings.values(), key=_order)
        firsts = [rows[0] for rows in ordered]
        tables[heading] = [average(rows, difference(rows[0], firsts)) for rows in ordered]
    return tables


def as_evaluated_alone(row: Row, config: Row, results: Row) -> tuple[Row, Row]:
    """The row and the pre-training it is of; a fused run's row is named as in its own table."""
    for member in results.get("members", ()):
        if member["row"] == row["name"]:
            return {**row, "name": member["name"]}, member["config"]
    return row, config


def settings_of(row: Row, config: Row, results: Row) -> Row:
    """All that a row's numbers depend on, but for the seed and the machine."""
    if row["name"] in KNOWN:
        return {}
    settings = {f"probe {name}": results["config"][name] for name in SETTINGS[results["protocol"]]}
    if row["name"] == "raw coordinates":
        return settings
    settings["readout"] = results["readout"]
    transfer = {"skeleton": "remap", "third": "keep", "notes": []} | results.get("transfer", {})
    settings |= {name: transfer[name] for name in ("skeleton", "third")}
    if transfer["notes"]:  # the random encoder too read the clips as that store's
        settings["store"] = Path(config["store"]).name
    if row["baseline"] or results["protocol"] == "supervised":
        return settings | {name: config[name] for name in UNTRAINED}
    settings |= _pretraining(config)
    if row["name"].startswith("fusion of "):
        settings["fused"] = [_pretraining(member["config"]) for member in results["members"]]
    return settings


def _pretraining(config: Row) -> Row:
    """The settings of a run that make another row, and its store by name."""
    settings = {name: value for name, value in config.items() if name not in SEED_OR_MACHINE}
    return settings | {"store": Path(config["store"]).name}


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
    if row["name"] in (*KNOWN, "raw coordinates") or row["name"].endswith("from scratch"):
        return str(row["name"])
    if row["baseline"]:
        parts = [f"{row['name']} ({config['encoder']}{', moments' if config['moments'] else ''})"]
        return ", ".join(parts + ([results["readout"]] if results["readout"] != "mean" else []))
    parts = [str(row["name"])]
    parts += [f"lr {config['lr']:g}", f"{config['epochs']} epochs"]
    parts += [results["readout"]] if results["readout"] != "mean" else []
    return ", ".join(parts)


def _order(rows: Sequence[Row]) -> tuple[float, int]:
    names = (*KNOWN, "raw coordinates", "random encoder")
    place = names.index(rows[0]["name"]) if rows[0]["name"] in names else len(names)
    return rows[0].get("amount", 0.0), place


def average(rows: Sequence[Row], apart: str = "") -> Row:
    """One row for all seeds of a setting: means, and the spread of the main score over seeds."""
    seeds = sorted({row["seed"] for row in rows})
    means: Row = {
        key: float(np.mean([row[key] for row in rows])) for key in SCORES if key in rows[0]
    }
    main = main_score(rows[0]["protocol"])
    return {
        "name": rows[0]["label"] + apart,
        **means,
        "n": rows[0]["n"],
        "seeds": seeds,
        "spread": float(np.std([row[main] for row in rows])),
        "baseline": rows[0]["baseline"],
        "note": rows[0]["note"],
        "protocol": rows[0]["protocol"],
        **{key: rows[0][key] for key in ("labels", "n_labels") if key in rows[0]},
    }
