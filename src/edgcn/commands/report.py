"""`edgcn report`: evaluations on one page; seeds of one setting are one row.

folders -> every results.json below them -> a table for each store, split and protocol
-> report.html, report.md
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import is_unfinished, write_text
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.evaluation.compare import Compared, Measured, compare, measured
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.evaluation.recorded import read_results
from edgcn.reports.bars import results_bars
from edgcn.reports.html import Section, html_page
from edgcn.reports.plots import training_curves
from edgcn.reports.tables import (
    HEADINGS,
    columns_of,
    escape_markdown,
    format_cell,
    main_score,
    markdown_table,
    with_labels,
)
from edgcn.runs import Run

ORDER = (*(name for name in PROTOCOLS), "fitted")  # of tables
PAIRED = (
    "To the first method: the difference in points over the seeds that both have, and its standard "
    "deviation over these seeds."
)
PICTURES = ("confusion.png", "embedding.png")


class ReportConfig(Config):
    """Put evaluations on one page; seeds of one setting become one row."""

    runs: Annotated[tuple[Path, ...], POSITIONAL]
    """Folders of runs, of evaluations, or any others: all results below them are shown."""
    out: Path
    """Folder for report.html, report.md and the figures."""
    overwrite: bool = False
    """Replace an earlier report."""


@dataclass
class Table:
    """Rows of one store, split and protocol.

    Args:
        notes: what a reader must know, each once.
    """

    heading: str
    protocol: str
    found: list[Measured] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Compared]:
        """Means over seeds, baselines first."""
        return compare(self.found)


def command(config: ReportConfig) -> str:
    """Write the page, and say where it is."""
    return f"wrote {report(config)}   next: open it in a browser"


def report(
    config: ReportConfig,
    *,
    title: str = "edgcn: results",
    intro: str = "",
    say: Say = tell,
) -> Path:
    """Write `report.html` and `report.md` about all evaluations in these folders.

    Raises:
        EdgcnError: there is a report already, or a folder without any evaluation.
    """
    page = config.out / "report.html"
    if page.exists() and not config.overwrite:
        raise EdgcnError(f"{page} exists already; choose another --out, or pass --overwrite")
    if not page.exists() and (others := written_over(config.out)):
        raise EdgcnError(
            f"{config.out} holds {', '.join(others)}, but no report; nothing is written over: "
            f"choose another --out"
        )
    if not config.runs:
        raise EdgcnError("expected runs to report on, got none; name the folders of one or more")
    results = list(results_in(config.runs))
    sections = [Section("What this is", intro)] if intro else []
    lines = []
    for number, table in enumerate(collect(results), start=1):
        rows = table.rows
        columns = columns_of(table.protocol, rows)
        paired = [PAIRED] if "difference" in columns else []
        notes = "\n\n".join([*table.notes, *paired])
        bars = config.out / f"results-{number}.png"
        figure = results_bars(with_labels(rows), bars, score=main_score(table.protocol))
        cells = [[format_cell(row, column) for column in columns] for row in rows]
        header = [HEADINGS[column] for column in columns]
        sections.append(Section(table.heading, notes, (header, cells), [figure]))
        text = markdown_table(rows, columns)
        lines += [f"## {escape_markdown(table.heading)}", escape_markdown(notes), text]
        say(f"\n{table.heading}\n{notes}\n{text}")
    if curves := curves_in(config.runs):
        figure = training_curves(curves, config.out / "curves.png")
        sections.append(Section("Training", figures=[figure]))
    for path, data in results:
        pictures = [path.parent / name for name in PICTURES if (path.parent / name).exists()]
        foreign = [picture for picture in pictures if not own(path.parent, picture)]
        for picture in foreign:
            say(f"left out: {picture}, which is a link to a file elsewhere")
        if pictures := [picture for picture in pictures if picture not in foreign]:
            heading = f"{data.get('title', path.parent.name)}: confusion and map"
            sections.append(Section(heading, str(path.parent), figures=pictures))
    write_text(config.out / "report.md", "\n\n".join(filter(None, lines)) + "\n")
    return html_page(title, sections, page)


def written_over(out: Path) -> list[str]:
    """Files that a report would replace."""
    names = ("report.md", "curves.png", *(path.name for path in out.glob("results-*.png")))
    return [name for name in names if (out / name).exists()]


def own(folder: Path, path: Path) -> bool:
    """Whether a file lies in the folder itself: a link to one elsewhere is nobody's result."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def results_in(folders: Sequence[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every results.json in or below the folders, each once, with what it holds.

    Raises:
        EdgcnError: a folder has none below it.
    """
    known = set()
    for folder in folders:
        every = folder.rglob("results.json")
        found = sorted(p for p in every if own(folder, p) and not is_unfinished(p))
        if not found:
            raise EdgcnError(
                f"{folder} holds no evaluation; make one with `edgcn evaluate {folder} STORE`"
            )
        for path in found:
            if path.resolve() not in known:
                known.add(path.resolve())
                yield path, read_results(path)


def collect(results: Sequence[tuple[Path, Mapping[str, Any]]]) -> list[Table]:
    """The rows of each store, split and protocol, in the order of stores and then of protocols.

    Raises:
        FileError: one is no result of an evaluation.
    """
    tables: dict[tuple[str, str, str, str], Table] = {}
    for path, data in results:
        try:
            rows = measured(data)
            store, split, protocol = Path(data["store"]).name, data["split"], data["protocol"]
            contents, notes = str(data.get("store_fingerprint")), [*data["notes"]]
        except (EdgcnError, KeyError, TypeError) as error:
            raise FileError(path, f"{error}") from error
        heading = f"{store}, split {split}, {protocol}"
        others = {key[1] for key in tables if key[0] == store} - {contents}
        heading += f" (contents {contents[:8]})" if others else ""  # another store of that name
        table = tables.setdefault((store, contents, split, protocol), Table(heading, protocol))
        table.found += rows
        notes = [*table.notes, *notes, data.get("overlap_text")]
        table.notes = [note for note in dict.fromkeys(notes) if note]
    places = list(dict.fromkeys(key[:3] for key in tables))

    def order(key: tuple[str, str, str, str]) -> tuple[int, int]:
        known = key[3] in ORDER
        return places.index(key[:3]), ORDER.index(key[3]) if known else len(ORDER)

    return [tables[key] for key in sorted(tables, key=order)]


def curves_in(folders: Sequence[Path]) -> dict[str, list[dict[str, Any]]]:
    """What the runs in or below the folders logged, by name."""
    found = {path.parent.resolve(): path.parent for folder in folders
             for path in sorted(folder.rglob("metrics.jsonl")) if own(folder, path)}  # fmt: skip
    curves: dict[str, list[dict[str, Any]]] = {}
    for path in found.values():
        if rows := Run(path).metrics():
            name = path.resolve().name
            curves[str(path) if name in curves else name] = rows
    return curves
