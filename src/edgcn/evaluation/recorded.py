"""results.json and predictions.csv, read with distrust: as `edgcn evaluate` wrote them, or not.

file -> its values, of the types that tables and pages take; or one line naming file and field
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import read_json
from edgcn.base.records import Record, checked
from edgcn.evaluation.rows import MEASURES, Kind


class ModelRecord(Record):
    """What was evaluated."""

    name: str = ""
    title: str = ""
    seed: int | None = None
    config: dict[str, Any] = Field(default={})
    digest: str = ""


class RowRecord(Record, extra="forbid"):
    """As `edgcn.evaluation.rows.Row`."""

    kind: Kind
    name: str
    scores: dict[str, float]
    n: int
    labels: str = ""
    amount: float = 0.0
    n_labels: int | None = None
    chosen: dict[str, float] = Field(default={})
    held_out: float | None = None
    by_subject: dict[str, tuple[float, int]] = Field(default={})
    learned: str = ""
    seeds: tuple[int, ...] = ()
    spread: float | None = None


class ResultsRecord(Record):
    """Of one protocol on one store."""

    rows: tuple[RowRecord, ...]
    protocol: str
    protocol_settings: dict[str, Any]
    readout: str
    split: str
    store: str
    store_fingerprint: str = ""
    transfer: dict[str, Any] | None = None
    title: str = ""
    model: ModelRecord
    members: tuple[ModelRecord, ...] = ()
    notes: tuple[str, ...]
    overlap_text: str = ""
    classes: tuple[str, ...] = ()
    config: dict[str, Any] = Field(default={})


def read_results(path: Path) -> dict[str, Any]:
    """What a results.json holds, as it is there.

    Raises:
        EdgcnError: it is none, or says what no evaluation would.
    """
    data: dict[str, Any] = read_json(path)
    record = checked(path, ResultsRecord, data)
    for number, row in enumerate(record.rows):
        if not any(name in row.scores for name in MEASURES):
            raise FileError(path, f"rows.{number}.scores: expected one of {', '.join(MEASURES)}")
        for name, score in row.scores.items():
            if not -1 <= score <= 1:
                raise FileError(path, f"rows.{number}.scores.{name}: not a fraction, {score:g}")
    methods = sum(row.kind == "method" for row in record.rows)
    if record.members and methods != len(record.members):
        raise FileError(path, f"members: expected {methods}, as many as methods among its rows")
    return data


@dataclass(frozen=True)
class Judged:
    """A tested clip, and what was said of it.

    Args:
        clip, nearest_clip: numbers in the store.
        nearest: name of the training clip with the nearest vector.
        confidence: probability of the predicted class; `of_true` that of the true one.
    """

    clip: int
    name: str
    subject: str
    condition: str
    true: str
    predicted: str
    nearest_clip: int
    nearest: str
    confidence: float
    of_true: float

    @property
    def right(self) -> bool:
        """Whether the clip was recognized."""
        return self.true == self.predicted


COLUMNS = ("clip", "name", "subject", "condition", "true", "predicted", "nearest_clip", "nearest")


def read_predictions(path: Path, classes: tuple[str, ...]) -> list[Judged]:
    """The lines of predictions.csv.

    Raises:
        EdgcnError: there is none, or it says what no evaluation would.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if lacking:
                raise FileError(
                    path, f"expected a column {lacking[0]!r}; evaluate again with --overwrite"
                )
            return [_judged(path, table.line_num, row, classes) for row in table]
    except FileNotFoundError:
        raise EdgcnError(
            f"{path} does not exist: this protocol names no clips; evaluate with another, such as "
            f"--protocol logistic"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(path, f"cannot read it as a table: {error}") from error


def _judged(path: Path, line: int, row: dict[str, Any], classes: tuple[str, ...]) -> Judged:
    """One line, checked."""
    values: dict[str, Any] = {name: row[name] for name in COLUMNS}
    try:
        values |= {name: int(values[name]) for name in ("clip", "nearest_clip")}
        confidence, of_true = (float(row[f"p({row[of]})"]) for of in ("predicted", "true"))
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(path, f"line {line}: not what edgcn writes: {error}") from None
    if None in values.values() or min(values["clip"], values["nearest_clip"]) < 0:
        raise FileError(path, f"line {line}: not what edgcn writes: {row}")
    if unknown := [row[of] for of in ("true", "predicted") if row[of] not in classes]:
        raise FileError(path, f"line {line}: {unknown[0]!r} is no class of results.json")
    if not (0 <= of_true <= confidence <= 1):
        raise FileError(
            path, f"line {line}: expected probabilities, the highest that of the predicted class, "
            f"got {confidence:g} and {of_true:g}"
        )  # fmt: skip
    return Judged(**values, confidence=confidence, of_true=of_true)
