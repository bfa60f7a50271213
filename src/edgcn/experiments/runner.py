"""One engine for every campaign: settings in, runs and their scores out, in one folder.

jobs x seeds -> tasks -> OUT/runs/NAME, each pre-trained once -> its evaluations -> an outcome each

A job may name a model that is there already; then nothing is pre-trained. What is finished is kept,
an unfinished run is continued, and a failure is noted while the rest goes on. A folder belongs to
one process at a time, or to several that each take a share.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from edgcn.base.errors import EdgcnError
from edgcn.base.locks import locked
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.evaluate import EvaluateConfig, evaluate, stored_result
from edgcn.commands.pretrain import PretrainConfig, pretrain, resume
from edgcn.commands.results import Results
from edgcn.commands.settings import make_config
from edgcn.experiments.shares import Share, in_turn
from edgcn.runs import Run
from edgcn.store import open_store

FOLDER = ("store", "split", "protocol", "readout", "skeleton", "depth", "fuse")  # of a result
FINISHED = "finished"  # a file of a run: that it has all its epochs


@dataclass(frozen=True)
class Job:
    """One setting of pre-training, run once for each seed, and what scores its runs.

    Args:
        key: names it in plans, tables and failures.
        pretrain: flat settings of `edgcn pretrain`, its store among them; nothing with a `model`.
        evaluate: flat settings of `edgcn evaluate`, its store among them, once for each score.
        cells: what a plan shows of it, by column.
        model: released weights or a recognizer's file, which is scored as it is.
    """

    key: str
    pretrain: Mapping[str, Any]
    evaluate: Sequence[Mapping[str, Any]]
    seeds: Sequence[int] = (0,)
    cells: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""


@dataclass(frozen=True)
class Task:
    """One run of a job, as checked configs; nothing has been run yet.

    Args:
        run: the folder of the run; of a model that is there already, of its evaluations.
        pretrain: what makes the run; None for a model that is there already.
        threads: of the CPU; None leaves them as they are.
    """

    job: Job
    seed: int
    run: Path
    pretrain: PretrainConfig | None
    evaluate: tuple[EvaluateConfig, ...]
    threads: int | None = None

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.job.key}, seed {self.seed}"

    @property
    def trained(self) -> bool:
        """Whether the model is there, and nothing is left to be pre-trained."""
        return self.pretrain is None or finished(self.run)


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Args:
        results: by the number of the evaluation; those that failed are not in it.
        failures: why others are not.
    """

    task: Task
    results: Mapping[int, Results] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    @property
    def minutes(self) -> float:
        """Minutes that the pre-training took."""
        return float(sum(row.get("seconds", 0) for row in Run(self.task.run).metrics())) / 60


def silent(_: str) -> None:
    """For lines that are shown in another way, or not at all."""


def tasks_of(jobs: Sequence[Job], out: Path, *, machine: Mapping[str, Any]) -> list[Task]:
    """All runs of all jobs, those of every job's first seed first.

    Args:
        out: the campaign's folder.
        machine: settings of this machine, such as accelerator and threads.

    Raises:
        EdgcnError: a setting is none, or two stores of one name would share a run.
    """
    rounds = range(max((len(job.seeds) for job in jobs), default=0))
    tasks = [
        _task(job, job.seeds[number], out, machine)
        for number in rounds
        for job in jobs
        if number < len(job.seeds)
    ]
    stores: dict[Path, Path] = {}
    for task in tasks:
        if task.pretrain is None:
            continue
        store = task.pretrain.store.absolute()
        if (other := stores.setdefault(task.run, store)) != store:
            raise EdgcnError(f"{other} and {store} have the same name; rename one of them")
    return tasks


def _task(job: Job, seed: int, out: Path, machine: Mapping[str, Any]) -> Task:
    if job.model:
        run = out / "runs" / f"{Path(job.model).stem}-as-it-is-seed{seed}"
        of = {"model": job.model, "out": run / "evaluations"}
        wanted = _evaluations(job, seed, of, machine.get("accelerator", "auto"))
        return Task(job, seed, run, None, wanted, machine.get("threads"))
    values = {"knn_every": 0, **machine, **job.pretrain, "seed": seed}
    config = make_config(PretrainConfig, values, where=job.key)
    if config.devices * config.nodes > 1:  # each rank would run the whole campaign again
        raise EdgcnError(f"{job.key}: a campaign trains on one device; leave out devices and nodes")
    run = out / "runs" / run_name(config)
    wanted = _evaluations(job, seed, {"model": str(run)}, config.accelerator)
    config = config.model_copy(update={"out": run})
    return Task(job, seed, run, config, wanted, config.threads)


def _evaluations(
    job: Job, seed: int, of: Mapping[str, Any], accelerator: str
) -> tuple[EvaluateConfig, ...]:
    shared = {"figures": False, "accelerator": accelerator, "seed": seed}
    wanted = tuple(
        make_config(EvaluateConfig, {**shared, **one, **of}, where=job.key) for one in job.evaluate
    )
    places = set()
    for one in wanted:
        settings = one.protocol_settings
        place = (
            one.model_dump_json(include={*FOLDER}),
            settings.get("whiten", 0),
            settings.get("finetune_share", 1.0),
        )
        if one.protocol == "all" or place in places:
            raise EdgcnError(
                f"{job.key}: expected each evaluation once, by a protocol of its own, got "
                f"{one.protocol} on {one.store}{'' if one.protocol == 'all' else ' twice'}"
            )
        places.add(place)
    return wanted


def run_name(config: PretrainConfig) -> str:
    """A folder's name that no other settings share."""
    plain = config.model_dump(mode="json", exclude={"out", "store", "seed", "accelerator"})
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]
    moments = "-moments" if config.moments else ""
    return f"{config.store.name}-{config.encoder}{moments}-{digest}-seed{config.seed}"


def work(
    tasks: Sequence[Task],
    out: Path,
    *,
    prepare: Callable[[Task], None] | None = None,
    share: Share | None = None,
    kept_only: bool = False,
    say: Say = tell,
) -> Iterator[Outcome]:
    """Do the tasks one after the other; each gives its outcome when it is done.

    Args:
        prepare: makes the stores of a task where they are missing; shares take turns at it.
        share: the tasks of this one of several processes come first; then it helps the others,
            and passes over what another process is at.
        kept_only: run nothing; what is not there is a failure.

    Raises:
        EdgcnError: another process works in the folder.
    """
    with locked(out / ".lock", shared=share is not None) as ours:
        if not ours:
            raise EdgcnError(
                f"another process works in {out}; wait for it, or choose another --out"
            )
        for number, task in enumerate(in_turn(tasks, share or (0, 1)), start=1):
            say(f"{number}/{len(tasks)}: {task.name}")
            with locked(out / "locks" / task.run.name) as ours:
                if not ours:
                    say("  another process is at it")
                    continue
                outcome = attempt(task, prepare, kept_only, say)
            for failure in outcome.failures:
                say(f"  left out: {failure}")
            yield outcome


def attempt(
    task: Task, prepare: Callable[[Task], None] | None, kept_only: bool, say: Say
) -> Outcome:
    """A task's run and scores: those that are there, and otherwise made now."""
    started, threads = time.monotonic(), task.threads
    if threads:
        torch.set_num_threads(threads)
    try:
        if kept_only and not task.trained:
            raise EdgcnError("not run")
        if prepare and not kept_only:
            with locked(task.run.parents[1] / "locks" / "stores", wait=True):
                prepare(task)
        train(task, lambda line: say(f"  {line}"))
    except Exception as error:
        return Outcome(task, failures=(reason(error),))
    results, failures = {}, []
    for number, wanted in enumerate(task.evaluate):
        try:
            with threadpool_limits(threads):
                results[number] = score(wanted, kept_only)
        except Exception as error:
            failures.append(f"{wanted.protocol} on {wanted.store.name}: {reason(error)}")
    say(f"  {time.monotonic() - started:.0f} s")
    return Outcome(task, results, tuple(failures))


def score(wanted: EvaluateConfig, kept_only: bool = False) -> Results:
    """The result of an evaluation: the one that exists, or a new one.

    One with other settings, of other weights or other clips is replaced.
    """
    try:
        if kept := stored_result(wanted):
            return kept
    except EdgcnError:  # `evaluate` says so again if it is not that
        if kept_only:
            raise
        wanted = wanted.model_copy(update={"overwrite": True})
    if kept_only:
        raise EdgcnError("not scored")
    return evaluate(wanted, say=silent)


def reason(error: Exception) -> str:
    """An error in one line; of one that is not the user's, its kind as well."""
    kind = "" if isinstance(error, EdgcnError) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())


def train(task: Task, say: Say) -> None:
    """Leave a finished run in the task's folder: kept, continued, or new.

    Raises:
        EdgcnError: it cannot be trained, or its store has changed since it was.
    """
    run = task.run
    if task.pretrain is None:
        return
    if finished(run):
        store = open_store(task.pretrain.store)
        if Run(run).metadata["store_fingerprint"] != store.fingerprint:
            raise EdgcnError(
                f"{store.path} has changed since {run} learned from it; remove the run"
            )
        say(f"{run} is there already")
        return
    if (run / "run.json").exists():
        resume(run, say=say)
    else:
        shutil.rmtree(run, ignore_errors=True)  # stopped before anything was in it
        pretrain(task.pretrain, say=say)
    (run / FINISHED).touch()


def finished(run: Path) -> bool:
    """Whether a campaign has trained this run to its end."""
    return (run / FINISHED).exists()
