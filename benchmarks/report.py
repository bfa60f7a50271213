"""What was measured, as it comes in: results.json, tables.md and the roofline, and into the docs.

{"command", "sections": {name: result}} -> one heading and its tables per section
"""

import shutil
from pathlib import Path
from typing import Any

from benchmarks import (
    around,
    encoders,
    long_tables,
    machine,
    prepare,
    probes,
    ranks,
    roofline,
    scale,
    stock,
)
from edgcn.base.errors import EdgcnError
from edgcn.base.files import read_json, write_json, writing

SECTIONS = {
    "machine": ("This machine's ceilings", machine.table),
    "stock": ("Beside the public MS-G3D", stock.table),
    "encoders": ("Encoders", encoders.table),
    "ranks": ("Two ranks", ranks.table),
    "around": ("Around the encoder", around.table),
    "scale": ("Scale", scale.table),
    "prepare": ("Preparing", prepare.table),
    "tables": ("Long tables", long_tables.table),
    "probes": ("Probes", probes.table),
}
FIGURE = "roofline.png"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def write(results: dict[str, Any], folder: Path) -> None:
    """All that is known so far; called after every section, so that a stopped run keeps it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "results.json", results)
    done = results["sections"]
    if "encoders" in done:
        roofline.draw(done["machine"], done["encoders"], folder / FIGURE)
    with writing(folder / "tables.md") as waiting:
        waiting.write_text(f"# Speed\n\n{tables(results, figure=FIGURE)}\n")


def tables(results: dict[str, Any], *, figure: str) -> str:
    """Machine, date and command, then one heading per section that was measured.

    Args:
        figure: where the roofline lies, seen from the page.
    """
    done = results["sections"]
    parts = [f"Measured with `{results['command']}` on {machine.describe(done['machine'])}."]
    for name, (title, table) in SECTIONS.items():
        if name not in done:
            continue
        parts += [f"## {title}", table(done[name])]
        if name == "encoders":
            parts.append(f"![Roofline]({figure})\n\n{roofline.NOTE}")
    return "\n\n".join(parts)


def write_docs(folder: Path, page: Path) -> None:
    """Put the tables of the last run between the page's marks, and the figure beside it."""
    path = folder / "results.json"
    if not path.is_file():
        raise EdgcnError(f"{path} does not exist: measure first, with `python -m benchmarks`")
    results = read_json(path)
    text = page.read_text() if page.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise EdgcnError(f"{page}: expected the lines {BEGIN} and {END}, found not both; add them")
    figure = page.with_name(f"{page.stem}-{FIGURE}")
    if (folder / FIGURE).exists():
        shutil.copyfile(folder / FIGURE, figure)
    made = tables(results, figure=figure.name)
    with writing(page) as waiting:
        waiting.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")
