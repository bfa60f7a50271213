"""The command line: verb + noun, flags from the configs, one line for what went wrong.

Only the parser is loaded here. A command loads what it needs after its flags have been read, so
that help and mistakes are answered at once.
"""

import contextlib
import difflib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edgcn.base.errors import EdgcnError, did_you_mean

USAGE = """usage: edgcn COMMAND ...

Recognize (micro-)gestures from skeletons with few or no labels.

  prepare READER PATH --out STORE   read recordings into a store
  info STORE                        what a store holds, with a contact sheet to look at
  pretrain STORE                    learn an encoder without labels
  pretrain --resume RUN             continue a run that was stopped
  weights NAME --out RUN            a run of weights that come with edgcn
  evaluate RUN STORE                score it on labels, beside the three baselines
  reproduce TABLE --data ROOT       a table of the paper, measured, beside what is printed
  report RUN... --out FOLDER        one page about the evaluations of several runs
  demo                              all of it on synthetic clips, in a few minutes

Each takes --help, --config FILE.yaml (flags on the command line win) and --debug (tracebacks).
Readers: clips_npz, imigue, msr_action3d, ntu, nw_ucla, openpose, pyskl, smg, stgcn, stores,
synthetic, utd_mhad. More: docs/ and README.md of the project.
"""

Config = TypeVar("Config")  # a pydantic model; naming the bound would load pydantic for --help


# The parser's headings above what went wrong.
_TITLES = ("Parsing error", "Value error", "Invalid choice", "Required options", "Unrecognized")


def _take(arguments: list[str], flag: str) -> str | None:
    """Remove `flag VALUE` (or `flag=VALUE`) from the arguments and return the value."""
    for index, argument in enumerate(arguments):
        if argument == flag:
            if index + 1 == len(arguments):
                raise EdgcnError(f"{flag} needs a value after it")
            value = arguments[index + 1]
            del arguments[index : index + 2]
            return value
        if argument.startswith(flag + "="):
            del arguments[index]
            return argument.partition("=")[2]
    return None


def _peek(arguments: list[str], flag: str) -> str | None:
    """The value of `flag VALUE` or `flag=VALUE`, which stays among the arguments."""
    return _take(list(arguments), flag)


def _parse(config_model: type[Config], command: str, arguments: list[str]) -> Config:
    """A command's config from its arguments, over those of `--config` where it is given."""
    import tyro
    from pydantic import BaseModel, ValidationError

    from edgcn.commands.config_io import explain, make_config, read_yaml

    assert issubclass(config_model, BaseModel)
    model: type[BaseModel] = config_model
    file = _take(arguments, "--config")
    default: Any = None
    values = read_yaml(Path(file)) if file else {}
    recipe = _peek(arguments, "--recipe") if "recipe" in model.model_fields else None
    if recipe:
        values["recipe"] = recipe  # other settings' defaults hang on it
    if file or "recipe" in model.model_fields:
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        stand_ins: dict[str, Any] = {name: "-" for name in required if name not in values}
        if "runs" in stand_ins:
            stand_ins["runs"] = ["-"]
        where = file or f"edgcn {command}"
        checked = make_config(model, {**stand_ins, **values}, where=where)
        missing = {name: tyro.MISSING for name in stand_ins}
        default = model.model_construct(**{**dict(checked), **missing})
    _check_flags(list(model.model_fields), command, arguments)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            kwargs = {} if default is None else {"default": default}
            config: Config = tyro.cli(
                config_model, prog=f"edgcn {command}", args=arguments, **kwargs
            )
            return config
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        cause = stop.__context__
        while cause is not None and not isinstance(cause, ValidationError):
            cause = cause.__context__
        if cause is not None:
            raise explain(cause, model, f"edgcn {command}") from None
        raise EdgcnError(_one_line(said.getvalue(), command)) from None


def _check_flags(fields: list[str], command: str, arguments: list[str]) -> None:
    """Name every unknown flag at once, each with the nearest right one."""
    flags = ["--" + name.replace("_", "-") for name in fields]
    known = {*flags, *(flag.replace("--", "--no-", 1) for flag in flags), "--help"}
    given = [a.partition("=")[0].replace("_", "-") for a in arguments if a.startswith("--")]
    unknown = [flag for flag in dict.fromkeys(given) if flag not in known]
    if unknown:
        parts = []
        for flag in unknown:
            near = difflib.get_close_matches(flag, flags, n=1)
            parts.append(flag + (f" (did you mean {near[0]}?)" if near else ""))
        raise EdgcnError(
            f"edgcn {command} does not know {', '.join(parts)}; see `edgcn {command} --help`"
        )


def _one_line(text: str, command: str) -> str:
    """The parser's boxed message as one line."""
    lines = [line.strip("│╭╮╰╯─━┃ \t") for line in text.splitlines()]
    lines = [line for line in lines if line.strip("-")]  # no rules
    words = " ".join(lines)
    words = words.partition(" For full helptext")[0].partition(" Argument helptext")[0]
    for title in _TITLES:
        words = words.removeprefix(title).strip(" :─")
    words = words.replace(f"Missing from edgcn {command}:", "missing").removesuffix(".")
    return f"edgcn {command}: {words}; see `edgcn {command} --help`"


def _prepare(arguments: list[str]) -> str:
    from edgcn.commands.config import PrepareConfig

    config = _parse(PrepareConfig, "prepare", arguments)
    from edgcn.commands.prepare import prepare

    store = prepare(config)
    return f"wrote {store}   next: edgcn info {store}, or edgcn pretrain {store}"


def _info(arguments: list[str]) -> str:
    from edgcn.commands.config import InfoConfig

    config = _parse(InfoConfig, "info", arguments)
    from edgcn.commands.prepare import info

    picture = info(config.store, figure=config.figure)
    return f"drew {picture}   next: edgcn pretrain {config.store}"


def _pretrain(arguments: list[str]) -> str:
    from edgcn.commands.config import PretrainConfig

    resume = _take(arguments, "--resume")
    if resume and arguments:
        raise EdgcnError(
            f"--resume continues a run with the settings it has and takes no others; "
            f"leave out {' '.join(arguments)}"
        )
    parsed = None if resume else _parse(PretrainConfig, "pretrain", arguments)
    from edgcn.commands.pretrain import config_of, pretrain

    config = parsed or config_of(Path(resume or ""))
    run = pretrain(config, resume=Path(resume) if resume else None)
    return f"saved {run}   next: edgcn evaluate {run} {config.store} --protocol linear"


def _weights(arguments: list[str]) -> str:
    from edgcn.commands.config import WeightsConfig

    config = _parse(WeightsConfig, "weights", arguments)
    from edgcn.released import copy_released

    run = copy_released(config.name, config.out)
    return f"wrote {run}   next: edgcn evaluate {run} STORE"


def _evaluate(arguments: list[str]) -> str:
    from edgcn.commands.config import EvaluateConfig

    config = _parse(EvaluateConfig, "evaluate", arguments)
    from edgcn.commands.evaluate import evaluate

    results = evaluate(config)
    folder = results["folder"]
    return f"wrote {folder}   next: edgcn report {config.run} --out report"


def _report(arguments: list[str]) -> str:
    from edgcn.commands.config import ReportConfig

    config = _parse(ReportConfig, "report", arguments)
    from edgcn.commands.report import report

    page = report(config.runs, config.out, overwrite=config.overwrite)
    return f"wrote {page}   next: open it in a browser"


def _reproduce(arguments: list[str]) -> str:
    from edgcn.commands.config import ReproduceConfig

    config = _parse(ReproduceConfig, "reproduce", arguments)
    from edgcn.experiments.reproduce import reproduce

    page = reproduce(config)
    if page is None:
        return "nothing was run   next: the same without --dry-run"
    return f"wrote {page}, with .csv, .tex and .png beside it   next: open it, or add --seeds 0 1 2"


def _demo(arguments: list[str]) -> str:
    from edgcn.commands.config import DemoConfig

    config = _parse(DemoConfig, "demo", arguments)
    from edgcn.experiments.demo import demo

    page = demo(config)
    return (
        f"wrote {page}   next, with your own files: edgcn prepare READER PATH --out stores/mine "
        f"(edgcn --help lists the readers)"
    )


COMMANDS: dict[str, Callable[[list[str]], str]] = {
    "prepare": _prepare,
    "info": _info,
    "pretrain": _pretrain,
    "weights": _weights,
    "evaluate": _evaluate,
    "reproduce": _reproduce,
    "report": _report,
    "demo": _demo,
}


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; returns the exit status (2 for what the user can mend)."""
    left = list(arguments)
    debug = "--debug" in left
    left = [argument for argument in left if argument != "--debug"]
    if not left or left[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if left else 2
    if left[0] == "--version":
        import edgcn

        print(f"edgcn {edgcn.__version__}")
        return 0
    try:
        if left[0] not in COMMANDS:
            raise EdgcnError(_unknown(left[0]))
        said = COMMANDS[left[0]](left[1:])
        if _speaks():
            print(said)
    except EdgcnError as error:
        return _failed(str(error), debug)
    except OSError as error:  # a folder that may not be read, a disk that is full, ...
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", debug)
    except KeyboardInterrupt:
        print(
            "stopped; a run goes on with `edgcn pretrain --resume RUN`, "
            "a table of the paper with the same command",
            file=sys.stderr,
        )
        return 130
    return 0


def _failed(text: str, debug: bool) -> int:
    """Say in one line what went wrong, after the traceback where that is wanted."""
    if debug:
        traceback.print_exc()
    if _speaks():
        print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def _speaks() -> bool:
    """Whether this process is the first of those that share a training, or alone."""
    ranks = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    return all(os.environ.get(name, "0") == "0" for name in ranks)


def _unknown(command: str) -> str:
    hint = did_you_mean(command, COMMANDS)
    return f"there is no command {command!r}: there are {', '.join(COMMANDS)}{hint}"


def main() -> None:
    """Entry point of the `edgcn` script."""
    sys.exit(run(sys.argv[1:]))
