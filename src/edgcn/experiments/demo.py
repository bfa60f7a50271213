"""The whole tool on synthetic clips: prepare, pre-train with and without moments, evaluate, report.

It shows that everything works here and what the output looks like; its numbers say nothing about
recordings of people.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import DemoConfig, EvaluateConfig, PrepareConfig, PretrainConfig
from edgcn.commands.evaluate import evaluate
from edgcn.commands.prepare import info, prepare
from edgcn.commands.pretrain import pretrain
from edgcn.commands.report import report
from edgcn.reports.tables import results_table

PARTS = ("store", "edgcn", "a-edgcn", "report")
INTRO = (
    "Synthetic people, made by a kinematic model, perform micro-gestures while seated. An encoder "
    "learned from the training people's clips without labels; then a linear layer learned the "
    "class names from their labels, and both were tested on people they had never seen.\n\n"
    "The rows to compare: the majority class, the same linear layer on raw coordinates and on the "
    "encoder before training, and EDGCN without and with second-order moments (A-EDGCN). "
    "Pre-training was by the recipe `best`, with a third of its steps. "
    "These numbers are about synthetic clips and say nothing about recordings of people."
)


def demo(config: DemoConfig, *, say: Callable[[str], None] = print) -> Path:
    """Run everything into `config.out`; returns the report's path."""
    out = config.out
    if out.exists():
        if not config.overwrite:
            raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
        for name in PARTS:  # and nothing else that may lie there
            shutil.rmtree(out / name, ignore_errors=True)
    store = out / "store"
    say(f"1/4  {config.clips} synthetic clips of {config.subjects} seated people")
    options = {"clips": config.clips, "subjects": config.subjects, "seed": config.seed}
    texts = {name: str(value) for name, value in options.items()}
    prepare(PrepareConfig(reader="synthetic", out=store, options=texts), say=say)
    sheet = info(store, say=_quiet)
    say(f"     what they look like: {sheet}")

    runs = []
    for number, moments in enumerate((False, True), start=2):
        name = "A-EDGCN" if moments else "EDGCN"
        say(f"{number}/4  {name}: pre-training without labels, {config.epochs} epochs")
        settings = PretrainConfig(
            store=store,
            out=out / name.lower(),
            moments=moments,
            epochs=config.epochs,
            seed=config.seed,
        )
        runs.append(pretrain(settings, say=lambda line: say(f"     {line}")))

    say("4/4  a linear layer on the frozen features, tested on people not seen in training")
    rows: list[dict[str, Any]] = []
    for run in runs:
        results = evaluate(EvaluateConfig(run=run, store=store), say=_quiet)
        rows += results["rows"] if not rows else results["rows"][-1:]
    page = report(runs, out / "report", title="edgcn demo", intro=INTRO, say=_quiet)
    say(results_table(rows))
    say(f"note: {results['note']}")
    return page


def _quiet(_: str) -> None:
    """Steps whose lines the demo shows in its own way, or not at all."""
