"""The command line: verb + noun, flags from the configs, one line for what went wrong.

Only this table is loaded for `--help`. A command is loaded when it is called, with what its flags
come from; each has a config, and `command(config)`, which returns the last line.
"""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from edgcn.base import stops
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.process import is_first_rank
from edgcn.base.screen import tell

USAGE = """usage: edgcn COMMAND ...

Recognize (micro-)gestures from skeletons with few or no labels.

  prepare [READER] PATH --out STORE read recordings into a store
  convert A B                       annotations of one tool as another has them
  agree A B                         what two coders agree on: kappa, F1, onsets, by label
  events FILE                       counts, rates, shares and durations of events
  info STORE                        what a store holds, with a contact sheet to look at
  studio RECORDINGS                 code gestures in the browser, with suggestions that learn
  pretrain STORE                    learn an encoder without labels
  pretrain --resume RUN             continue a run that was stopped
  fit MODEL STORE --out FILE        teach a run, or edgcn-s, the gestures of your labels
  recognize MODEL STORE --out FOLDER  find gestures in recordings: events for ELAN, BORIS, tables
  stream MODEL --source camera:0    the same while it happens: camera, video, UDP, a pipe
  evaluate MODEL STORE              score it on labels, beside the baselines
  weights NAME --out FILE           a copy of weights that come with edgcn
  export MODEL --out FILE.onnx      a recognizer as ONNX, for programs without PyTorch
  errors RESULTS                    what an evaluation got wrong: a page to look at, a table
  report PATH... --out FOLDER       one page about the evaluations of several runs
  sweep FILE.yaml                   many settings, each with several seeds, in one table
  reproduce TABLE --data ROOT       a table of the paper, measured, beside what is printed
  demo                              all of it on synthetic clips, in a few minutes
  check-plugin FILE.py              whether an encoder, loss or reader of yours keeps its contract

Each takes --help, --config FILE.yaml (flags on the command line win), --plugin FILE.py (repeatable)
and --debug (tracebacks). Few labelled clips? Start with `edgcn evaluate edgcn-s STORE`.
Readers: azure_kinect, bvh, clips_npz, coco_results, dlc, events_npz, imigue, keraal, mediapipe,
msr_action3d, ntu, nw_ucla, openpose, pose, procedural, pyskl, smg, stgcn, stores, synthetic,
table, trc, utd_mhad, video. More: docs/ and README.md.
"""

# The module of each command, and its config there; loaded late, because most load PyTorch.
COMMANDS: dict[str, tuple[str, str]] = {
    "prepare": ("edgcn.commands.prepare", "PrepareConfig"),
    "convert": ("edgcn.commands.convert", "ConvertConfig"),
    "agree": ("edgcn.commands.agree", "AgreeConfig"),
    "events": ("edgcn.commands.events", "EventsConfig"),
    "info": ("edgcn.commands.info", "InfoConfig"),
    "studio": ("edgcn.commands.studio", "StudioConfig"),
    "pretrain": ("edgcn.commands.pretrain", "PretrainConfig"),
    "fit": ("edgcn.commands.fit", "FitConfig"),
    "recognize": ("edgcn.commands.recognize", "RecognizeConfig"),
    "stream": ("edgcn.commands.stream", "StreamConfig"),
    "evaluate": ("edgcn.commands.evaluate", "EvaluateConfig"),
    "weights": ("edgcn.commands.weights", "WeightsConfig"),
    "export": ("edgcn.commands.export", "ExportConfig"),
    "errors": ("edgcn.commands.errors", "ErrorsConfig"),
    "report": ("edgcn.commands.report", "ReportConfig"),
    "sweep": ("edgcn.experiments.sweep", "SweepConfig"),
    "reproduce": ("edgcn.experiments.reproduce", "ReproduceConfig"),
    "demo": ("edgcn.experiments.demo", "DemoConfig"),
    "check-plugin": ("edgcn.commands.check_plugin", "CheckPluginConfig"),
}
STOPPED = {
    "prepare video": "; the same command goes on with the videos that are left",
    "studio": "; everything coded is kept, the same command goes on from there",
    "pretrain": "; the run goes on with `edgcn pretrain --resume RUN`",
    "sweep": "; the same command goes on from here",
    "reproduce": "; the same command goes on from here",
}
FAILED, MISTAKEN, STOPPED_BY, DEAD_PIPE = 1, 2, 128, 141  # 130 of Ctrl-C, 143 of SIGTERM, ...


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; returns the exit status, 2 for what the user can mend."""
    words = [word for word in arguments if word != "--debug"]
    try:
        said = answer(words)
        if is_first_rank():
            tell(said)
        return 0 if words else MISTAKEN
    except BaseException as error:
        status, line = explain(error, words)
        if is_first_rank() and line:
            complain(f"{traceback_of(error)}{line}" if len(words) < len(arguments) else line)
        return status


def complain(text: str) -> None:
    """Say what went wrong, if anybody reads it."""
    try:
        tell(text, as_error=True)
    except BrokenPipeError:
        nobody_reads()


def traceback_of(error: BaseException) -> str:
    """Where an error comes from, as Python shows it."""
    import traceback

    return "".join(traceback.format_exception(error))


def answer(words: list[str]) -> str:
    """Do what the words say; the last line of it, or the help."""
    if not words or words[0] in ("-h", "--help"):
        return USAGE.rstrip("\n")
    if words[0] == "--version":
        import edgcn

        return f"edgcn {edgcn.__version__}"
    name, *arguments = words
    if name not in COMMANDS:
        hint = did_you_mean(name, COMMANDS)
        raise EdgcnError(f"there is no command {name!r}: there are {', '.join(COMMANDS)}{hint}")
    if name == "pretrain" and (run := take(arguments, "--resume")) is not None:
        load_plugins(arguments)
        store = arguments.pop(0) if arguments and not arguments[0].startswith("-") else None
        if arguments:
            raise EdgcnError(
                f"--resume continues a run with the settings it has and takes no others, only "
                f"where its store is now; leave out {' '.join(arguments)}"
            )
        again = import_module(COMMANDS[name][0]).resume_command
        return str(again(Path(run), store and Path(store)))
    if "--help" in arguments or "-h" in arguments:
        return explanation(name, arguments).rstrip("\n")
    config = parse(name, arguments)
    return str(import_module(COMMANDS[name][0]).command(config))


def parse(name: str, arguments: Sequence[str]) -> Any:
    """A command's config from its arguments, over the file of `--config`; plugins are loaded.

    Raises:
        EdgcnError: everything that is wrong with them.
    """
    model, left, values, file = prepared(name, arguments)
    from edgcn.commands.flags import read_flags
    from edgcn.commands.settings import make_config

    found, flags = read_flags(model, left, values, command=name)
    spelled = {key: flag for key, flag in flags.items() if key in found or key not in values}
    for key, value in found.items():
        both = isinstance(value, dict) and isinstance(values.get(key), dict)
        values[key] = {**values[key], **value} if both else value
    where = f"edgcn {name}{f' with {file}' if file else ''}" if found or not file else file
    return make_config(model, values, where=where, flags=spelled)


def explanation(name: str, arguments: Sequence[str]) -> str:
    """The help of a command with the parts that the arguments choose."""
    model, left, values, _ = prepared(name, arguments)
    from edgcn.commands.flags import help_text, peek

    return help_text(model, {**values, **peek(model, left)}, command=name)


def prepared(
    name: str, arguments: Sequence[str]
) -> tuple[Any, list[str], dict[str, Any], str | None]:
    """A command's model of a config, its other arguments, and the values and path of `--config`."""
    left = list(arguments)
    load_plugins(left)
    module, config = COMMANDS[name]
    model = getattr(import_module(module), config)
    file = take(left, "--config")
    if file is None:
        return model, left, {}, None
    from edgcn.commands.yaml_files import read_yaml

    return model, left, read_yaml(Path(file)), file


def load_plugins(arguments: list[str]) -> None:
    """Load the file of each `--plugin FILE.py`, which are removed from the arguments."""
    while (path := take(arguments, "--plugin")) is not None:
        from edgcn.base.plugins import load_plugin

        load_plugin(path)


def take(arguments: list[str], flag: str) -> str | None:
    """Remove `flag VALUE` (or `flag=VALUE`) from the arguments; its value."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name != flag:
            continue
        if not equals and index + 1 == len(arguments):
            raise EdgcnError(f"{flag} needs a value after it")
        value = value if equals else arguments[index + 1]
        del arguments[index : index + (1 if equals else 2)]
        return value
    return None


def explain(error: BaseException, words: Sequence[str]) -> tuple[int, str]:
    """The exit status of an error and the one line about it; none for a pipe that nobody reads."""
    if isinstance(error, KeyboardInterrupt) or stops.signals:
        number = stops.signals[-1] if stops.signals else signal.SIGINT
        more = next((STOPPED[key] for n in (2, 1) if (key := " ".join(words[:n])) in STOPPED), "")
        return STOPPED_BY + number, f"stopped{more}"
    if isinstance(error, BrokenPipeError) and nobody_reads():
        return DEAD_PIPE, ""
    text = str(error)
    if isinstance(error, OSError):  # a folder that may not be read, a disk that is full, ...
        text = f"{error.filename}: " * bool(error.filename) + (error.strerror or text)
    elif isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        text = "there is not enough memory; try a smaller --batch-size, or fewer frames or clips"
    elif not isinstance(error, EdgcnError):
        text = f"{type(error).__name__}: {text}"
        report = write_report(error, words)
        return FAILED, (
            f"error: {' '.join(text.split())[:200]}; this is a fault of edgcn: the report is in "
            f"{report} (--debug shows it here)"
        )
    return MISTAKEN, f"error: {' '.join(text.split())}"


def nobody_reads() -> bool:
    """Whether the other end of the output has been closed (`| head`); it is then left alone."""
    import select

    closed = []
    for stream in (sys.stdout, sys.stderr):
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # errors are always reported
        closed += [stream.fileno()] if poll.poll(0) else []
    for descriptor in closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # for what is flushed at exit
    return bool(closed)


def write_report(error: BaseException, words: Sequence[str]) -> Path:
    """A file in the temporary folder with what is needed to find a fault."""
    import platform
    import tempfile

    import edgcn

    versions = f"edgcn {edgcn.__version__}, Python {sys.version.split()[0]}, {platform.platform()}"
    handle, path = tempfile.mkstemp(prefix="edgcn-", suffix=".txt")
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{versions}\nedgcn {' '.join(words)}\n\n{traceback_of(error)}")
    return Path(path)


def main() -> None:
    """Entry point of the `edgcn` script."""
    try:
        stops.listen()
        status = run(sys.argv[1:])
        stops.leave()
    except KeyboardInterrupt as error:  # in between
        status = explain(error, sys.argv[1:])[0]
    if stops.signals:
        os._exit(status)  # Python itself would die of the signal, or wait for threads
    sys.exit(status)
