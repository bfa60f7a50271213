"""`edgcn demo`: the whole tool on synthetic clips, with released and with own weights.

It shows that everything works here and what the output looks like; its numbers say nothing about
recordings of people.
"""

import shutil
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.info import InfoConfig, info
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.report import ReportConfig, report
from edgcn.commands.settings import Config
from edgcn.evaluation.rows import Row
from edgcn.experiments.demo_interviews import TIMELINE, interviews
from edgcn.experiments.runner import Job, score, silent, tasks_of, train
from edgcn.reports.tables import results_table

PARTS = ("store", "runs", "report", "interviews")
INTRO = (
    "Synthetic people, made by a kinematic model, perform micro-gestures while seated. An encoder "
    "learned from the training people's clips without labels; then logistic regression learned "
    "the class names from their labels, and both were tested on people they had never seen.\n\n"
    "The rows to compare: the majority class, the same probe on raw coordinates and on the "
    "encoder before training, the released weights, and the encoder that learned here, by the "
    "recipe `best` with a part of its steps. The released weights learned from other made people, "
    "whose motions are random and none of these gestures. "
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
    interviews: Annotated[int, Field(ge=2)] = 40
    """Interviews of synthetic people, a tenth of which is coded; gestures are found in the rest."""
    minutes: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    """Length of each interview."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Random seed of the whole run."""
    overwrite: bool = False
    """Replace an earlier demo."""


def command(config: DemoConfig) -> str:
    """Run the demo, and say what comes next."""
    page, timeline = demo(config), config.out / "interviews" / TIMELINE
    return (
        f"wrote {page} and {timeline}   next, with your own files: edgcn prepare READER "
        f"PATH --out stores/mine (edgcn --help lists the readers)"
    )


def demo(config: DemoConfig, *, say: Say = tell) -> Path:
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
    say(f"1/5  {config.clips} synthetic clips of {config.subjects} seated people")
    options = {"clips": config.clips, "subjects": config.subjects, "seed": config.seed}
    texts = {name: str(value) for name, value in options.items()}
    prepare(PrepareConfig(reader="synthetic", out=store, options=texts), say=say)
    say(f"     what they look like: {info(InfoConfig(store=store), say=silent)}")
    scored = [{"store": store, "figures": True, "protocol": "logistic"}]
    learning: dict[str, Any] = {"store": store, "epochs": config.epochs, "knn_every": 5}
    jobs = [
        Job("edgcn-s", {}, scored, (config.seed,), model="edgcn-s"),
        Job("EDGCN", learning, scored, (config.seed,)),
    ]
    released, own = tasks_of(jobs, out, machine={})
    say(f"2/5  EDGCN: pre-training without labels, {config.epochs} epochs")
    train(own, say=lambda line: say(f"     {line}"))
    say("3/5  logistic regression on frozen vectors, tested on people not seen in training")
    rows: list[Row] = []
    for task in (released, own):
        results = score(task.evaluate[0])
        rows = [*results.rows[:-1], *(row for row in rows if not row.is_baseline), results.rows[-1]]
    say("4/5  the report")
    settings = ReportConfig(runs=(released.run, own.run), out=out / "report")
    page = report(settings, title="edgcn demo", intro=INTRO, say=silent)
    say(results_table(rows))
    for note in results.data["notes"]:
        say(f"note: {note}")
    say(
        f"5/5  gestures in {config.interviews} interviews of {config.minutes:g} minutes, a tenth "
        f"of them coded"
    )
    timeline = interviews(
        out / "interviews",
        count=config.interviews,
        minutes=config.minutes,
        subjects=config.subjects,
        seed=config.seed,
        say=say,
    )
    say(f"     found beside true gestures, with the moving skeletons: {timeline}")
    return page
