"""Results of several evaluations in one table: a row for each setting, named by what differs.

results.json of one store, split and protocol -> rows of one seed each, with all that they depend on
-> means over seeds, differences of the same seeds, the best baseline with as many labels
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.rows import CONSTANT, KINDS, Paired, Row, mean_over_seeds, paired
from edgcn.reports.tables import best_baseline

# Settings of pre-training that make no other row.
NO_OTHER_ROW = (
    "seed", "out", "accelerator", "threads", "knn_every", "devices", "nodes", "precision",
    "recompute",
)  # fmt: skip
# Those that an untrained encoder depends on, beside the encoder's own.
UNTRAINED = (
    "encoder", "moments", "stream", "motion_gain", "confidence_as_z", "frames", "normalize",
    "input_norm",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A row of one evaluation, and all that it depends on but the seed and the machine."""

    row: Row
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """The mean row of a setting, beside the others of its table.

    Args:
        difference: to the first method with as many labels, where it is another and seeds are
            the same.
        best_baseline: the best baseline's score with as many labels, for methods.
    """

    row: Row
    difference: Paired | None = None
    best_baseline: float | None = None

    def cells(self) -> dict[str, Any]:
        """What a table or figure shows, by column."""
        difference = None if self.difference is None else str(self.difference)
        beside = {"difference": difference, "best_baseline": self.best_baseline}
        return self.row.cells() | beside


def measured(results: Mapping[str, Any]) -> list[Measured]:
    """The rows of one results.json.

    Of a fusion, each member's row is named and set as if it had been evaluated alone.

    Raises:
        EdgcnError: it holds something else.
    """
    try:
        rows = [Row.from_dict(row) for row in results["rows"]]
        members = iter(results.get("members") or ())
        found = []
        for row in rows:
            model = results["model"]
            if row.kind == "method" and results.get("members"):
                model = next(members)
                row = replace(row, name=model.get("title", row.name))
            seed = model.get("seed")
            seeds = () if seed is None else (int(seed),)
            settings = depends_on(row, model, results)
            found.append(Measured(replace(row, seeds=seeds), settings))
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        raise EdgcnError(
            f"not what `edgcn evaluate` writes ({type(error).__name__}: {error})"
        ) from error
    return found


def depends_on(row: Row, model: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """All that a row's numbers depend on, but for the seed and the machine."""
    if row.kind in CONSTANT:
        return {}
    settings = {f"probe {name}": value for name, value in results["protocol_settings"].items()}
    if row.kind == "raw":
        return settings
    saved, transfer = model.get("config") or {}, results.get("transfer") or {}
    config = flat(saved)
    settings["readout"] = results["readout"]
    settings |= {name: transfer[name] for name in ("skeleton", "depth") if name in transfer}
    if row.kind in ("random", "scratch") or results["protocol"] == "supervised":
        if transfer.get("notes"):  # this encoder too read the clips as those of that store
            settings["store"] = config["store"]
        names = (*UNTRAINED, *saved.get("encoder_settings", ()))
        return settings | {name: config[name] for name in names if name in config}
    settings = config | settings  # the readout is the evaluation's
    if row.kind == "fitted" or not config:
        settings["model"] = model.get("name")
    if row.kind == "fused":
        settings["fused"] = [flat(member["config"]) for member in results["members"]]
    return settings


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a pre-training that make another row, those of its parts among them."""
    settings: dict[str, Any] = {}
    for name, value in config.items():
        if name.endswith("_settings") and isinstance(value, Mapping):
            settings |= value
        elif name not in NO_OTHER_ROW:
            settings[name] = Path(value).name if name == "store" else value
    return settings


def compare(found: Sequence[Measured]) -> list[Compared]:
    """The rows of one table: by amount of labels, baselines first, methods as they come."""
    groups: dict[str, list[Measured]] = {}
    for each in found:
        key = [each.row.kind, each.row.labels, each.settings]
        groups.setdefault(json.dumps(key, sort_keys=True, default=str), []).append(each)
    firsts = [group[0] for group in groups.values()]
    means = [
        (mean_over_seeds([each.row for each in group]), group, differs(group[0], firsts))
        for group in groups.values()
    ]
    means.sort(key=lambda mean: (mean[0].amount, KINDS.index(mean[0].kind)
                                 if mean[0].is_baseline else len(KINDS)))  # fmt: skip
    methods: dict[str, list[Row]] = {}
    compared = []
    for row, group, words in means:
        rows, baseline, difference = [each.row for each in group], None, None
        if not row.is_baseline:
            first = methods.setdefault(row.labels, rows)
            difference = paired(first, rows) if first is not rows else None
            baseline = best_baseline([each for each, *_ in means], row.measure, row.labels)
        named = replace(row, name=f"{row.name}{words}")
        compared.append(Compared(named, difference, baseline))
    return compared


def differs(one: Measured, others: Sequence[Measured]) -> str:
    """The settings in which a row differs from others of its kind and name, for its name."""
    alike = [each.settings for each in others
             if (each.row.kind, each.row.name) == (one.row.kind, one.row.name)]  # fmt: skip
    apart = [key for key in one.settings
             if any(each.get(key) != one.settings[key] for each in alike)]  # fmt: skip
    return "".join(f", {key.replace('_', ' ')} {words(one.settings[key])}" for key in apart)


def words(value: Any) -> str:
    """A setting's value in a name."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {words(each)}" for key, each in value.items()) or "none"
    return " ".join(map(words, value)) or "none" if isinstance(value, list | tuple) else str(value)
