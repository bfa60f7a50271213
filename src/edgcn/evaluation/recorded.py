"""results.json, read with distrust: what `edgcn evaluate` wrote, or somebody else since.

file -> its values, of the types that tables and pages take; or one line naming file and field
"""

from pathlib import Path
from typing import Any

from pydantic import Field

from edgcn.base.errors import FileError
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
