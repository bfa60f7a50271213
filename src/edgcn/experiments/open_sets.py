"""`python -m edgcn.experiments.open_sets`: every method on every open data set; docs/results.md.

methods x sets x seeds -> runs and their scores, kept
-> OUT/results.md, results.csv, differences.csv, results.png

Every run that is planned is in the tables, or named with the reason why it is not. Stopped at any
moment, the same command goes on where it was. Two processes share the work with --share 0/2 and
--share 1/2; the same command without --share then writes the tables.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import NoReturn

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.experiments.open_sets_plan import DEFAULT, METHODS, ON_REQUEST, SETS, plan
from edgcn.experiments.open_sets_tables import publish
from edgcn.experiments.plan import show_plan
from edgcn.experiments.runner import Task, tasks_of, work
from edgcn.experiments.shares import parse_share
from edgcn.experiments.sources import Source, describe, ensure_store, find_sources

UNION_TOPOLOGY = "kinect_v1"  # joints that the skeletons of all sensors have


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags, or one line about what is wrong with them."""

    def refuse(message: str) -> NoReturn:
        raise EdgcnError(f"{message}; see `python -m edgcn.experiments.open_sets --help`")

    parser = argparse.ArgumentParser(
        prog="python -m edgcn.experiments.open_sets",
        description="Pre-train every method on every open data set, score it, and write the "
        "tables. Resumes where it was stopped.",
    )
    parser.error = refuse  # type: ignore[method-assign]
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with the data sets, or with their stores")
    add("--out", type=Path, required=True, help="folder of stores, runs and tables")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="SEED",
        help="all of them for " + ", ".join(n for n, m in METHODS.items() if m.every_seed)
        + "; the first one for the other methods")  # fmt: skip
    add("--every-seed", action="store_true", help="all seeds for every method")
    add("--sets", nargs="+", default=[], metavar="SET", help="only these: " + ", ".join(SETS))
    add(
        "--methods",
        nargs="+",
        default=[],
        metavar="METHOD",
        help=f"only these: {', '.join(METHODS)} (default: all but {', '.join(ON_REQUEST)})",
    )
    add("--encoder", default="edgcn-s", help="of the methods that bring none (default: edgcn-s)")
    add("--finetune", action="store_true", help="also fine-tune, and train from scratch")
    add("--threads", type=int, default=1, help="CPU threads (default: 1)")
    add("--accelerator", default="auto", help="cpu, cuda, mps or auto")
    add("--share", help="I/N: be one of N processes, and write no tables")
    add("--quick", action="store_true", help="two epochs of short clips, to try the command")
    add("--tables", action="store_true", help="run nothing; write the tables of what is there")
    add("--dry-run", action="store_true", help="only list what would be run")
    options = parser.parse_args(arguments)
    options.share = options.share and parse_share(options.share)
    return options


def run(options: argparse.Namespace, say: Say) -> None:
    """Everything that was chosen; without --share, the tables as well."""
    methods = chosen(options.methods or DEFAULT, list(METHODS), flag="--methods")
    sources = {n: s for n, s in find_sources(options.data).items() if n in SETS}
    say(describe(sources))
    found = [name for name in SETS if name in sources]
    names = ("out", "every_seed", "finetune", "encoder", "quick")
    settings = {name: getattr(options, name) for name in names}
    jobs = plan(found_sets(options, found, say), methods, options.seeds, found=found, **settings)
    machine = {name: getattr(options, name) for name in ("threads", "accelerator")}
    tasks = tasks_of(jobs, options.out, machine=machine)
    if options.dry_run:
        places = {options.out / "stores" / n: s.store for n, s in sources.items() if s.store}
        show_plan(tasks, say, share=options.share, places=places)
        return
    outcomes = list(
        work(
            tasks,
            options.out,
            prepare=lambda task: prepare_stores(options.out, sources, task, say),
            share=options.share,
            kept_only=options.tables,
            say=say,
        )
    )
    if options.share:
        say("done; next: the same command without --share writes the tables")
        return
    page = publish(options.out, outcomes, command=command(options), encoder=options.encoder)
    say(f"wrote {page}, and beside it results.csv, differences.csv and results.png")


def chosen(names: Sequence[str], known: Sequence[str], *, flag: str) -> list[str]:
    """The names that were given, in the order of the known ones; all where none was."""
    for name in names:
        if name not in known:
            raise EdgcnError(
                f"{flag}: there is no {name!r}: there are {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )
    return [name for name in known if not names or name in names]


def found_sets(options: argparse.Namespace, found: Sequence[str], say: Say) -> list[str]:
    """The sets to score on: those that were named, or all that were found."""
    sets = chosen(options.sets, SETS, flag="--sets")
    lost = [name for name in sets if name not in found]
    if lost and (options.sets or not found):
        raise EdgcnError(f"no {' and no '.join(lost)} under {options.data}; mend --data or --sets")
    for name in lost:
        say(f"left out: {name}, which is not under {options.data}")
    return [name for name in sets if name in found]


def prepare_stores(out: Path, sources: Mapping[str, Source], task: Task, say: Say) -> None:
    """OUT/stores/SET of each set of a task, and OUT/unions/SET+SET where it learns from several."""
    members = task.job.cells["learns from"]
    stores = out / "stores"
    stores.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys((*members, *task.job.cells["scored on"])):
        source, link = sources[name], stores / name
        if source.store and not link.exists():
            link.unlink(missing_ok=True)  # of a store that was moved
            link.symlink_to(source.store.resolve())  # so that unions find all in one folder
        ensure_store(source, stores, say)
    if len(members) < 2 or task.pretrain is None:
        return
    union = task.pretrain.store
    if not union.exists():
        say(f"preparing {union.name}")
        others = sorted(at.parent.name for at in stores.glob("*/store.json"))
        left_out = ",".join(name for name in others if name not in members)
        options = {"leave_out": left_out} if left_out else {}
        config = PrepareConfig(
            reader="stores", path=stores, out=union, topology=UNION_TOPOLOGY, options=options
        )
        prepare(config, say=say)


def command(options: argparse.Namespace) -> str:
    """What makes these tables; the folders mean nothing elsewhere."""
    flags = ["--seeds", *map(str, options.seeds)] if options.seeds != [0, 1, 2] else []
    for name in ("sets", "methods"):
        flags += [f"--{name}", *map(quote, given)] if (given := getattr(options, name)) else []
    flags += ["--encoder", options.encoder] if options.encoder != "edgcn-s" else []
    for name in ("every_seed", "finetune", "quick"):
        flags += [f"--{name.replace('_', '-')}"] if getattr(options, name) else []
    return " ".join(["python -m edgcn.experiments.open_sets --data DATA --out OUT", *flags])


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 2 for what the user can mend."""
    try:
        run(parse(arguments), tell)
    except EdgcnError as error:
        tell(f"error: {' '.join(str(error).split())}", as_error=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
