"""`edgcn demo`: the whole tool on synthetic clips, with and without moments, in a few minutes.

It shows that everything works here and what the output looks like; its numbers say nothing about
recordings of people.
"""

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.commands.info import InfoConfig, info
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.report import ReportConfig, report
from edgcn.commands.settings import Config
from edgcn.evaluation.rows import Row
from edgcn.experiments.runner import Job, score, silent, tasks_of, train
from edgcn.reports.tables import results_table

PARTS = ("store", "runs", "report")
INTRO = (
    "Synthetic people, made by a kinematic model, perform micro-gestures while seated. An encoder "
    "learned from the training people's clips without labels; then a linear layer learned the "
    "class names from their labels, and both were tested on people they had never seen.\n\n"
    "The rows to compare: the majority class, the same linear layer on raw coordinates and on the "
    "encoder before training, and EDGCN without and with second-order moments (A-EDGCN). "
    "Pre-training was by the recipe `best`, with a part of its steps. "
    "These numbers are about synthetic clips and say nothing about recordings of people."
)


class DemoConfig(Config):
    """The whole tool on synthetic clips in a few minutes."""

    out: Path = Path("demo")
    """Folder for the store, the runs and the report."""
    clips: PositiveInt = 720
    """Synthetic clips to make."""
    subjects: Annotated[int, Field(ge=3)] = 12
    """Synthetic people."""
    epochs: PositiveInt = 35
    """Pre-training epochs, of a few steps each: about half of the steps of `best`."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Random seed of the whole run."""
    overwrite: bool = False
    """Replace an earlier demo."""


def command(config: DemoConfig) -> str:
    """Run the demo, and say what comes next."""
    return (
        f"wrote {demo(config)}   next, with your own files: edgcn prepare READER PATH --out "
        f"stores/mine (edgcn --help lists the readers)"
    )


def demo(config: DemoConfig, *, say: Say = print) -> Path:
    """Run everything into `config.out`; returns the report's path.

    Raises:
        EdgcnError: the folder exists.
    """
    out = config.out
    if out.exists():
        if not config.overwrite:
            raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
        for name in PARTS:  # and nothing else that may lie in it
            shutil.rmtree(out / name, ignore_errors=True)
    store = out / "store"
    say(f"1/4  {config.clips} synthetic clips of {config.subjects} seated people")
    options = {"clips": config.clips, "subjects": config.subjects, "seed": config.seed}
    texts = {name: str(value) for name, value in options.items()}
    prepare(PrepareConfig(reader="synthetic", out=store, options=texts), say=say)
    say(f"     what they look like: {info(InfoConfig(store=store), say=silent)}")
    jobs = [
        Job(
            name,
            {"store": store, "moments": moments, "epochs": config.epochs, "knn_every": 5},
            [{"store": store, "figures": True}],
            (config.seed,),
        )
        for name, moments in (("EDGCN", False), ("A-EDGCN", True))
    ]
    tasks = tasks_of(jobs, out, machine={})
    for number, task in enumerate(tasks, start=2):
        say(f"{number}/4  {task.job.key}: pre-training without labels, {config.epochs} epochs")
        train(task, say=lambda line: say(f"     {line}"))
    say("4/4  a linear layer on the frozen features, tested on people not seen in training")
    rows: list[Row] = []
    for task in tasks:
        results = score(task.evaluate[0])
        rows += results.rows if not rows else results.rows[-1:]
    settings = ReportConfig(runs=tuple(task.run for task in tasks), out=out / "report")
    page = report(settings, title="edgcn demo", intro=INTRO, say=silent)
    say(results_table(rows))
    for note in results.data["notes"]:
        say(f"note: {note}")
    return page
