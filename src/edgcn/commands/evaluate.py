"""`edgcn evaluate`: a model scored on labels beside the baselines, by one protocol or by all.

model + store -> vectors of all clips, once -> probe on training subjects -> scores of test subjects

The model, be it a run, a recognizer or released weights, is only read.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.adapted import Evaluation
from edgcn.commands.results import Results, earlier, write
from edgcn.commands.settings import POSITIONAL, Config, Part
from edgcn.commands.spotting import SPOTTING, spotting_of
from edgcn.evaluation.fitted import fitted, known_classes
from edgcn.evaluation.protocols import FUSES, PROTOCOLS, check_one_fold
from edgcn.evaluation.results import lines
from edgcn.inference.recognizer import Recognizer
from edgcn.pipeline.adapt import Skeleton
from edgcn.reports.tables import summary_table

PART = Part({**PROTOCOLS, "fitted": fitted, **SPOTTING}, given=("trial",), every="all",
            chooses="this evaluation is by")  # fmt: skip


class EvaluateConfig(Config):
    """Score an encoder or a recognizer on labelled clips, beside the baselines."""

    parts: ClassVar[dict[str, Part]] = {"protocol": PART}

    model: Annotated[str, POSITIONAL]
    """A run, a recognizer's file, or the name of released weights (edgcn-s)."""
    store: Annotated[Path, POSITIONAL]
    """Store with labels."""
    out: Path | None = None
    """Folder of evaluations; by default `evaluations` in the run, or `evaluations/MODEL` here."""
    protocol: str = "linear"
    """How it is judged: `linear` is the paper's layer, `logistic` regression with C chosen on
    held-out training subjects, `knn` by cosine, `semi` and `few-shot` on few labels, `retrieval`
    and `clustering` without a layer; in `finetune` the encoder learns, too, in `supervised` from
    random weights; `fitted` is a recognizer's own classifier; `spotting` finds events in whole
    recordings, `smg-online`, `imigue-online` and `mma82-detection` do with the split and the scores
    of these benchmarks; `all` are the first nine (without `clustering` where a split has several
    folds)."""
    protocol_settings: dict[str, Any] = Field(default={})
    """Settings of the protocol."""
    fuse: tuple[str, ...] = ()
    """Other models, of other streams, whose class probabilities are averaged with MODEL's (linear
    or logistic; late fusion as in 2s-AGCN)."""
    skeleton: Skeleton = "remap"
    """What is done if the joints differ: `remap` takes the clips to the encoder's joints by name,
    `rebuild` the encoder to the store's, `position` reads joint i as joint i."""
    depth: Literal["zero", "confidence"] = "zero"
    """What an encoder of 3-D clips reads as depth in clips of pixels."""
    split: str | None = None
    """A published split's name, `subject`, `subject:a,b`, `camera:a,b`, `given`, `loso` (leave one
    subject out), `recording`, or `time` (early trains, late tests)."""
    readout: Literal["mean", "pyramid", "parts", "peaks"] | None = None
    """How the encoder is read; by default as it was trained."""
    seed: int = 0
    """Random seed of the probes and of the resampled intervals."""
    accelerator: str = "auto"
    """Where to compute: cpu, cuda, mps or auto."""
    figures: bool = True
    """Draw bars and, where they say something, the confusion matrix and a map of the clips."""
    overwrite: bool = False
    """Replace an earlier result of the same store, split and protocol."""


def command(config: EvaluateConfig) -> str:
    """Score, and say what comes next."""
    results = evaluate(config)
    return f"wrote {results.folder}   next: edgcn report {home(config)} --out report"


def home(config: EvaluateConfig) -> Path:
    """The folder that the evaluations of a model are in."""
    if config.out is not None:
        return config.out
    path = Path(config.model)
    return path / "evaluations" if path.is_dir() else Path("evaluations") / path.stem


def evaluate(
    config: EvaluateConfig, *, model: Recognizer | None = None, say: Say = tell
) -> Results:
    """Score a model on a store; writes results.json, predictions.csv and figures into a folder.

    All protocols: a folder each; what an earlier call finished is kept.

    Args:
        model: the recognizer itself, where a program holds one.

    Raises:
        EdgcnError: the model and the store do not fit, or a result exists already.
    """
    if config.protocol in SPOTTING:
        return spotted(config, model, say)
    evaluation, every = prepared(config, model), config.protocol == "all"
    names = tuple(PROTOCOLS) if every else (config.protocol,)
    if every and len(evaluation.task.folds) > 1:
        say("clustering is left out: it groups all test clips at once, and this split has folds")
        names = tuple(name for name in names if name != "clustering")
    kept = {} if config.overwrite else {n: stored(config, evaluation, n) for n in names}
    if not every and (result := kept.get(config.protocol)):
        raise EdgcnError(f"{result.folder} holds a result already; pass --overwrite to replace it")
    for line in evaluation.opening(config.protocol):
        say(line)
    results = {}
    for name in names:
        done = kept.get(name)
        if every:
            say(f"\n{name}" + (f": exists, in {done.folder}" if done else ""))
        results[name] = done or score(config, evaluation, name)
        data = results[name].data
        for line in lines(results[name].rows, protocol=name, metadata=data, seed=config.seed):
            say(line)
        for note in data["notes"]:
            say(f"note: {note}")
    if not every:
        return results[config.protocol]
    say("\nthe method beside its best baseline")
    say(summary_table({name: result.rows for name, result in results.items()}))
    rows = tuple(row for result in results.values() for row in result.rows)
    return Results(rows, home(config), {name: result.data for name, result in results.items()})


def spotted(config: EvaluateConfig, model: Recognizer | None, say: Say) -> Results:
    """Events found in the recordings of the store."""
    if config.fuse:
        raise EdgcnError("--fuse averages class probabilities of clips; spotting takes one model")
    made = spotting_of(
        model or config.model,
        config.store,
        home(config),
        protocol=config.protocol,
        split=config.split,
        settings=settings_for(config, config.protocol),
        config=comparable(config),
        accelerator=config.accelerator,
        figures=config.figures,
        overwrite=config.overwrite,
        say=say,
    )
    say(made.table())
    return made


def stored_result(config: EvaluateConfig) -> Results | None:
    """What an earlier evaluation with these settings found, or None.

    Raises:
        EdgcnError: in its place is one with other settings.
    """
    return stored(config, prepared(config, None), config.protocol)


def prepared(config: EvaluateConfig, model: Recognizer | None) -> Evaluation:
    """The models and the clips; refused where the protocol has no use for them."""
    if config.fuse and config.protocol not in FUSES:
        raise EdgcnError(
            f"--fuse averages class probabilities, which --protocol {config.protocol} does not "
            f"give; use {' or '.join(FUSES)}"
        )
    made = Evaluation(
        [model or config.model, *config.fuse],
        config.store,
        split=config.split,
        skeleton=config.skeleton,
        depth=config.depth,
        readout=config.readout,
        seed=config.seed,
        accelerator=config.accelerator,
        cache=home(config) / "features",
    )
    if config.protocol == "clustering":  # now, and not after the vectors
        check_one_fold(made.task)
    if config.protocol == "fitted":
        known_classes(made.task, made.classifier)
    return made


def settings_for(config: EvaluateConfig, protocol: str) -> dict[str, Any]:
    """All settings of one protocol: as given, perhaps for all protocols, or else its defaults."""
    given, own = config.protocol_settings, PART.settings(protocol)
    return {key: given.get(key, setting.default) for key, setting in own.items()}


def folder_of(config: EvaluateConfig, evaluation: Evaluation, protocol: str) -> Path:
    """Where the result of a protocol is."""
    parts = (config.skeleton, config.depth)
    other: list[str] = [config.readout] if config.readout else []
    other += [part for part in parts if part not in ("remap", "zero")]
    settings = settings_for(config, protocol)
    if whiten := settings.get("whiten"):
        other += [f"whitened{whiten}"]
    if (share := settings.get("finetune_share", 1.0)) < 1:
        other += [f"share{share:g}"]
    if config.fuse:
        other += ["fused", *(Path(name).resolve().stem for name in config.fuse)]
    return home(config) / evaluation.folder_name(protocol, *other)


def stored(config: EvaluateConfig, evaluation: Evaluation, protocol: str) -> Results | None:
    """The result that exists already, of the same model, store and settings."""
    folder = folder_of(config, evaluation, protocol)
    if not folder.exists():
        return None
    return earlier(folder, evaluation, comparable(config), settings_for(config, protocol))


def comparable(config: EvaluateConfig) -> dict[str, Any]:
    """The settings that numbers depend on: not where things are and what is drawn."""
    return config.model_dump(mode="json", include={"skeleton", "depth", "readout", "seed"})


def score(config: EvaluateConfig, evaluation: Evaluation, protocol: str) -> Results:
    """One protocol, written into its folder."""
    settings = settings_for(config, protocol)
    outcome = PART.registry[protocol](evaluation.trial, **settings)
    return write(
        folder_of(config, evaluation, protocol),
        evaluation,
        outcome,
        protocol=protocol,
        settings=settings,
        config=comparable(config),
        figures=config.figures,
        overwrite=config.overwrite,
    )
