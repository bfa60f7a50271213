"""`python -m benchmarks`: measure the sections one after the other, and write each when it is done.

flags -> names of sections -> bench/results.json, bench/tables.md, bench/roofline.png
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from benchmarks import encoders, long_tables, prepare, ranks, stock
from benchmarks.peer import check_peer
from benchmarks.report import SECTIONS, write, write_docs
from benchmarks.worker import ROOT, Worker
from edgcn.base.errors import EdgcnError, did_you_mean

PATIENCE = 10.0  # seconds beyond which an iteration is not run


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags, or one line about what is wrong with them."""

    def refuse(message: str) -> NoReturn:
        raise EdgcnError(f"{message}; see `python -m benchmarks --help`")

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed.")
    parser.error = refuse  # type: ignore[method-assign]
    parser.add_argument("--only", help="sections to measure, by commas: " + ", ".join(SECTIONS))
    parser.add_argument("--peer-msg3d", type=Path, help="a checkout of the public MS-G3D")
    parser.add_argument("--quick", action="store_true", help="few cells, for trying it out")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds of an iteration")
    parser.add_argument(
        "--fraction", type=float, default=prepare.FRACTION, help="of NTU 60 that is prepared"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "bench", help="folder of the results")
    parser.add_argument(
        "--docs",
        action="store_true",
        help="measure nothing; put the last results into docs/performance.md",
    )
    return parser.parse_args(arguments)


def chosen(only: str | None, peer: Path | None) -> list[str]:
    """Sections to measure, in their order; the ceilings always, as shares refer to them."""
    if peer is not None:
        check_peer(peer)
    names = list(SECTIONS) if only is None else only.split(",")
    for name in names:
        if name not in SECTIONS:
            raise EdgcnError(
                f"--only: there is no section {name!r}: there are "
                f"{', '.join(SECTIONS)}{did_you_mean(name, SECTIONS)}"
            )
    if peer is None and only is not None and "stock" in names:
        raise EdgcnError("section stock needs --peer-msg3d DIR, a checkout of the public MS-G3D")
    if peer is None:
        names = [name for name in names if name != "stock"]
    return [name for name in SECTIONS if name in names or name == "machine"]


def alone(name: str, quick: bool) -> Any:
    """A section that measures in the process it is called in gets a fresh one."""
    with Worker() as worker:
        return worker.ask("measure", section=name, quick=quick)


def command(options: argparse.Namespace) -> str:
    """What was asked for, to stand above the results; the folders mean nothing elsewhere."""
    flags = ["--only", options.only] if options.only else []
    flags += ["--peer-msg3d", "DIR"] if options.peer_msg3d else []
    flags += ["--quick"] if options.quick else []
    flags += ["--patience", f"{options.patience:g}"] if options.patience != PATIENCE else []
    flags += ["--fraction", f"{options.fraction:g}"] if options.fraction != prepare.FRACTION else []
    return f"make bench BENCH='{' '.join(flags)}'" if flags else "make bench"


def run(options: argparse.Namespace) -> None:
    """Measure what was chosen."""
    peer = options.peer_msg3d and options.peer_msg3d.resolve()
    names = chosen(options.only, peer)
    results: dict[str, Any] = {"command": command(options), "sections": {}}
    done = results["sections"]
    measures: dict[str, Callable[[], Any]] = {
        "encoders": lambda: encoders.measure(
            done["machine"]["ceilings"], quick=options.quick, patience=options.patience, say=say
        ),
        "stock": lambda: stock.measure(peer, quick=options.quick, say=say),
        "prepare": lambda: prepare.measure(fraction=options.fraction, quick=options.quick, say=say),
        "tables": lambda: long_tables.measure(quick=options.quick, say=say),
        "ranks": lambda: ranks.measure(quick=options.quick, say=say),
    }
    for name in names:
        say(f"{name} ...")
        started = time.monotonic()
        done[name] = measures.get(name, partial(alone, name, options.quick))()
        write(results, options.out)
        say(f"{name}: {time.monotonic() - started:.0f} s")
    say(f"wrote {options.out}/tables.md   next: python -m benchmarks --docs")


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 2 for what the user can mend."""
    try:
        options = parse(arguments)
        if options.docs:
            write_docs(options.out, ROOT / "docs" / "performance.md")
        else:
            run(options)
    except EdgcnError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
