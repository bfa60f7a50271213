"""`python -m benchmarks.open_sets`: every method on every open data set; the tables of results.md.

methods x sets x seeds -> runs and their scores, kept -> OUT/results.md, results.csv, results.png

No score of a test subject chooses anything here: the settings are those of the recipes, the same on
every set, the probe's rate is chosen on held-out training subjects, and every run that is planned
is in the tables. Stopped at any moment, the same command goes on where it was. Two processes share
the work with --share 0/2 and --share 1/2; the same command without --share then writes the tables.
"""

import argparse
import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any, NoReturn

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.open_sets_plan import (
    FINETUNE,
    METHODS,
    PROTOCOLS,
    SETS,
    TUNED,
    Job,
    chosen,
    in_turn,
    parse_share,
    plan,
    values_of,
)
from benchmarks.open_sets_tables import Missing, Record, publish, records_of
from edgcn.base.errors import EdgcnError
from edgcn.commands.config import EvaluateConfig, PrepareConfig, PretrainConfig
from edgcn.commands.config_io import make_config
from edgcn.commands.evaluate import evaluate, stored_result
from edgcn.commands.prepare import prepare
from edgcn.commands.pretrain import config_of
from edgcn.experiments.paper_runs import estimate, finished, run_name, silent, trained
from edgcn.experiments.sources import Source, describe, ensure_store, find_sources
from edgcn.reports.tables import text_table
from edgcn.runs import read_metrics

Say = Callable[[str], None]

UNION_TOPOLOGY = "kinect_v1"  # joints that all four sensors' skeletons have


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags, or one line about what is wrong with them."""

    def refuse(message: str) -> NoReturn:
        raise EdgcnError(f"{message}; see `python -m benchmarks.open_sets --help`")

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.open_sets",
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
    add("--methods", nargs="+", default=[], metavar="METHOD",
        help="only these: " + ", ".join(METHODS))  # fmt: skip
    add("--encoder", default="edgcn-s", help="of the methods that bring none (default: edgcn-s)")
    add("--finetune", action="store_true", help="also fine-tune best, and train it from scratch")
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
    """Everything that was asked for; without --share, the tables as well."""
    methods = chosen(options.methods, list(METHODS), flag="--methods")
    sources = {n: s for n, s in find_sources(options.data).items() if n in SETS}
    say(describe(sources))
    found = [name for name in SETS if name in sources]
    sets = found_sets(options, found, say)
    jobs = plan(sets, methods, options.seeds, found=found, every_seed=options.every_seed)
    if options.dry_run:
        dry_run(options, jobs, sources, say)
        return
    if not options.tables:
        needed = {name for job in jobs for name in (*job.members, *job.scored_on)}
        prepare_stores(options.out, [sources[name] for name in found if name in needed], jobs, say)
    records: list[Record] = []
    missing: list[Missing] = []
    with threadpool_limits(options.threads):
        torch.set_num_threads(options.threads)
        for number, job in enumerate(in_turn(jobs, options.share or (0, 1)), start=1):
            say(f"{number}/{len(jobs)}: {job.method} on {job.store}, seed {job.seed}")
            try:
                records += work(options, job, say)
            except EdgcnError as error:
                missing.append(Missing(job, str(error)))
                say(f"  left out: {error}")
    if options.share:
        say("done; next: the same command without --share writes the tables")
        return
    page = publish(options.out, records, missing, command=command(options), encoder=options.encoder)
    say(f"wrote {page}, {page.with_suffix('.csv')} and {page.with_suffix('.png')}")


def found_sets(options: argparse.Namespace, found: Sequence[str], say: Say) -> list[str]:
    """The sets to score on: those asked for, or all that were found."""
    sets = chosen(options.sets, SETS, flag="--sets")
    lost = [name for name in sets if name not in found]
    if lost and (options.sets or not found):
        raise EdgcnError(f"no {' and no '.join(lost)} under {options.data}; mend --data or --sets")
    for name in lost:
        say(f"left out: {name}, which is not under {options.data}")
    return [name for name in sets if name in found]


def prepare_stores(out: Path, sources: Sequence[Source], jobs: Sequence[Job], say: Say) -> None:
    """OUT/stores/SET for each set, and OUT/unions/SET+SET for what is learned from several."""
    with turn(out / "locks" / "stores", wait=True):
        (out / "stores").mkdir(exist_ok=True)
        for source in sources:
            if source.store and not (link := out / "stores" / source.name).exists():
                link.unlink(missing_ok=True)  # of a store that was moved
                link.symlink_to(source.store.resolve())  # so that unions find all in one folder
            ensure_store(source, out / "stores", say)
        for job in jobs:
            if len(job.members) > 1 and not (union := store_of(out, job)).exists():
                there = sorted(at.parent.name for at in (out / "stores").glob("*/store.json"))
                left_out = [name for name in there if name not in job.members]
                prepare_union(out / "stores", union, left_out, say)


def prepare_union(stores: Path, union: Path, left_out: Sequence[str], say: Say) -> None:
    """The training sides of all sets in a folder but those left out, on common joints."""
    say(f"preparing {union.name}")
    values: dict[str, Any] = {"reader": "stores", "path": stores, "out": union}
    values |= {"topology": UNION_TOPOLOGY}
    values |= {"options": {"leave_out": ",".join(left_out)}} if left_out else {}
    prepare(make_config(PrepareConfig, values, where=f"union {union.name}"), say=say)


def store_of(out: Path, job: Job) -> Path:
    """The store that a job learns from."""
    return out / ("unions" if len(job.members) > 1 else "stores") / job.store


@contextmanager
def turn(path: Path, *, wait: bool) -> Iterator[bool]:
    """Whether this piece of work is ours alone: for as long as it takes, others wait or pass on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True  # the lock goes with the process, however it ends


def settings_of(options: argparse.Namespace, job: Job) -> PretrainConfig:
    """A job's pre-training: the method's settings, this machine's, and the folder of the run."""
    machine = {name: getattr(options, name) for name in ("threads", "accelerator")}
    values = {"store": store_of(options.out, job), "knn_every": 0, **machine}
    values |= values_of(job, encoder=options.encoder, quick=options.quick)
    made = make_config(PretrainConfig, values, where=f"method {job.method}")
    return made.model_copy(update={"out": options.out / "runs" / run_name(made)})


def work(options: argparse.Namespace, job: Job, say: Say) -> list[Record]:
    """A job's run and scores: those that are there, and otherwise made now.

    A share passes on what another process is at; nothing is returned of that.
    """
    config = settings_of(options, job)
    assert config.out is not None
    with turn(options.out / "locks" / config.out.name, wait=not options.share) as ours:
        if not ours:
            say("  another process is at it")
            return []
        if options.tables and not finished(config):
            raise EdgcnError("not run")
        started = time.monotonic()
        run = trained(config, say)
        records = [record for name in job.scored_on for record in scores(options, job, run, name)]
        say(f"  {time.monotonic() - started:.0f} s")
    return records


def scores(options: argparse.Namespace, job: Job, run: Path, name: str) -> list[Record]:
    """What the protocols say of a run on one set, beside the baselines."""
    minutes = sum(row["seconds"] for row in read_metrics(run / "metrics.jsonl")) / 60
    about = {"set": name, "method": job.method, "seed": job.seed, "minutes": minutes}
    protocols = PROTOCOLS | (FINETUNE if options.finetune and job.method == TUNED else {})
    records: list[Record] = []
    for protocol, settings in protocols.items():
        values = {"run": run, "store": options.out / "stores" / name, "protocol": protocol}
        values |= {"seed": job.seed, "accelerator": options.accelerator, "figures": False}
        wanted = make_config(EvaluateConfig, values | settings, where=f"protocol {protocol}")
        result = stored_result(wanted)
        if result is None and options.tables:
            raise EdgcnError(f"not scored on {name}, protocol {protocol}")
        records += records_of(result or evaluate(wanted, say=silent), about)
    return records


def dry_run(
    options: argparse.Namespace, jobs: Sequence[Job], sources: Mapping[str, Source], say: Say
) -> None:
    """Say what would be run, how far it is, and about how long the rest takes here."""
    rows, minutes = [], dict[tuple[str, str], float | None]()
    total = 0.0
    own = in_turn(jobs, options.share)[: len(jobs[options.share[0] :: options.share[1]])] if (
        options.share
    ) else list(jobs)  # fmt: skip
    for job in own:
        config = settings_of(options, job)
        source = sources[job.members[0]].store if len(job.members) == 1 else None
        trial = config.model_copy(update={"store": source or config.store})
        assert config.out is not None
        done, epochs = progress(config.out)
        key = job.method, job.store
        if key not in minutes:
            there = (trial.store / "store.json").exists()
            minutes[key] = estimate(trial) / 60 if there else None
        left = (minutes[key] or 0.0) * (1 - done / epochs)
        total += left
        rows.append({
            "method": job.method, "learns from": job.store, "scored on": job.scored_on,
            "seed": job.seed, "epochs": f"{done} of {epochs}" if done else "none yet",
            "minutes left": "once prepared" if minutes[key] is None else f"{left:.0f}",
        })  # fmt: skip
    say(text_table(rows, tuple(rows[0])))
    unknown = ", and what is not prepared yet" if None in minutes.values() else ""
    say(f"{len(own)} runs, about {total:.0f} minutes of pre-training here{unknown} (an estimate)")


def progress(run: Path) -> tuple[int, int]:
    """How many epochs a run has, and of how many."""
    begun = (run / "run.json").exists()
    return (len(read_metrics(run / "metrics.jsonl")), config_of(run).epochs) if begun else (0, 1)


def command(options: argparse.Namespace) -> str:
    """What makes these tables; the folders mean nothing elsewhere."""
    flags = ["--seeds", *map(str, options.seeds)] if options.seeds != [0, 1, 2] else []
    for name in ("sets", "methods"):
        flags += [f"--{name}", *map(quote, given)] if (given := getattr(options, name)) else []
    flags += ["--encoder", options.encoder] if options.encoder != "edgcn-s" else []
    for name in ("every_seed", "finetune", "quick"):
        flags += [f"--{name.replace('_', '-')}"] if getattr(options, name) else []
    return " ".join(["python -m benchmarks.open_sets --data DATA --out OUT", *flags])


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 2 for what the user can mend."""
    try:
        run(parse(arguments), lambda text: print(text, flush=True))
    except EdgcnError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
