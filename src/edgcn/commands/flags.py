"""The flags of a command, made from its config and the settings of the parts that are chosen.

arguments -> {key: text, texts, pairs or a switch}, which `make_config` checks; and `--help`
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from edgcn.base.errors import EdgcnError
from edgcn.base.parts import REQUIRED, meant
from edgcn.commands.settings import POSITIONAL, flag_of, parts_of, with_recipe

EVERYWHERE = (
    ("--config FILE.yaml", "Read settings from a file; flags on the command line win."),
    ("--plugin FILE.py", "Load encoders, objectives or readers of your own; repeatable."),
    ("--debug", "Show the traceback of an error."),
)
WIDTH, INDENT = 100, 30  # of the help, in columns
METAVARS = {int: "INT", float: "FLOAT", str: "TEXT", Path: "PATH", bool: "BOOL"}


@dataclass(frozen=True)
class Flag:
    """One flag or positional argument; `key` is its name in a file, `part` whose setting it is."""

    key: str
    annotation: Any
    default: Any
    help: str
    positional: bool = False
    part: str = ""

    @property
    def name(self) -> str:
        """--queue-size, or STORE."""
        return self.key.upper() if self.positional else flag_of(self.key)

    @property
    def takes(self) -> str:
        """How many words: a "switch", "one", "many", "pairs"; "" for what only a file can say."""
        kinds = members(self.annotation)
        origins = [get_origin(kind) or kind for kind in kinds]
        inner = [part for kind in kinds for part in get_args(kind)]
        if kinds == [bool]:
            return "switch"
        if any(isinstance(kind, type) and issubclass(kind, Mapping) for kind in origins):
            return "pairs" if set(inner) <= set(METAVARS) else ""
        if any(kind is not str and isinstance(kind, type) and issubclass(kind, Sequence)
               for kind in origins):  # fmt: skip
            nested = [part for kind in inner for part in members(kind) if get_args(part)]
            return "" if any(get_origin(part) is not Literal for part in nested) else "many"
        return "one"

    @property
    def metavar(self) -> str:
        """What stands for a value in the help."""
        words: list[str] = []
        for kind in members(self.annotation):
            for one in members(get_args(kind)[0]) if self.takes == "many" else [kind]:
                choices = [str(choice) for choice in get_args(one)]
                words += choices if get_origin(one) is Literal else [METAVARS.get(one, "VALUE")]
        return "NAME VALUE" if self.takes == "pairs" else "|".join(dict.fromkeys(words))


def members(annotation: Any) -> list[Any]:
    """The types that a union allows beside None, without their limits."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [kind for one in get_args(annotation) for kind in members(one)]
    return [] if annotation is NoneType else [annotation]


def flags_of(model: type[BaseModel], values: Mapping[str, Any]) -> list[Flag]:
    """The flags of a command where these values are known, from its file or from a recipe.

    Raises:
        EdgcnError: the settings of a part cannot be read.
    """
    resolved, of_recipe = with_recipe(model, values, [])
    parts, flags = parts_of(model), []
    for key, field in model.model_fields.items():
        if key.removesuffix("_settings") in parts and key not in parts:
            continue
        default = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
        annotation: Any = field.annotation
        if part := parts.get(key):
            annotation = Literal[tuple(part.names)]
        text = " ".join((field.description or "").split())
        place = POSITIONAL in field.metadata
        flags.append(Flag(key, annotation, resolved.get(key, default), text, place))
    for key, part in parts.items():
        name, nested = resolved.get(key, model.model_fields[key].default), f"{key}_settings"
        if name not in part.names:
            continue  # for `make_config` to refuse
        inner = resolved.get(nested)
        inner = inner if isinstance(inner, Mapping) else {}
        known = {**of_recipe, **resolved, **inner} if part.flat else inner
        for setting in part.settings(name).values():
            outer = setting.name if part.flat else f"{nested}.{setting.name}"
            default = known.get(setting.name, setting.default)
            flag = Flag(outer, setting.annotation, default, setting.help, part=f"{key} {name}")
            flags.append(flag)
    return [flag for flag in flags if flag.takes]


def other_flags(model: type[BaseModel]) -> list[Flag]:
    """The flags of all flat parts, chosen or not: those that are known, and may be refused."""
    return [
        Flag(key, setting.annotation, setting.default, setting.help, part=field)
        for field, part in parts_of(model).items()
        if part.flat
        for name in part.registry
        for key, setting in part.settings(name).items()
    ]


def peek(model: type[BaseModel], arguments: Sequence[str]) -> dict[str, Any]:
    """What other flags hang on, from arguments that may be wrong: the parts and the recipe."""
    found = {}
    for key in (*parts_of(model), *({"recipe"} & model.model_fields.keys())):
        for word, following in zip(arguments, [*arguments[1:], "--"], strict=False):
            name, equals, value = word.partition("=")
            if name == flag_of(key) and (equals or not following.startswith("--")):
                found[key] = value if equals else following
    return found


def read_flags(
    model: type[BaseModel], arguments: Sequence[str], values: Mapping[str, Any], *, command: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the arguments say, over the values of a file; and how its keys are spelled as flags.

    Raises:
        EdgcnError: an unknown flag, each with the nearest right one; a flag without its value; a
            word too many.
    """
    flags = flags_of(model, {**values, **peek(model, arguments)})
    named = {flag.name: flag for flag in (*other_flags(model), *flags)}
    places = [flag for flag in flags if flag.positional]
    found: dict[str, Any] = {}
    unknown, words, queue = [], [], list(arguments)
    while queue:
        word = queue.pop(0)
        if not word.startswith("--"):
            words.append(word)
            continue
        name, equals, inline = word.partition("=")
        name = name.replace("_", "-")
        flag = named.get(name) or named.get(name.replace("--no-", "--", 1))
        if not flag or flag.positional or (name != flag.name and flag.takes != "switch"):
            unknown.append(name + meant(name, named).replace("'", ""))
        elif flag.takes == "switch":
            found[flag.key] = inline if equals else name == flag.name
        else:
            following = next((i for i, w in enumerate(queue) if w.startswith("--")), len(queue))
            count = 0 if equals else min(following, 1) if flag.takes == "one" else following
            texts, queue = [inline] if equals else queue[:count], queue[count:]
            found[flag.key] = value_of(flag, texts, found.get(flag.key))
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        raise EdgcnError(f"edgcn {command} does not know {names}; see `edgcn {command} --help`")
    for flag in places:
        if words:
            texts, words = (words, []) if flag.takes == "many" else (words[:1], words[1:])
            found[flag.key] = value_of(flag, texts)
    if words:
        raise EdgcnError(
            f"edgcn {command} takes {' '.join(flag.name for flag in places) or 'flags only'}; "
            f"leave out {' '.join(words)}"
        )
    return nested(found), {flag.key: flag.name for flag in named.values()}


def value_of(flag: Flag, texts: list[str], earlier: Any = None) -> Any:
    """What a flag's words stand for; a flag of many that is repeated adds to what it has.

    Raises:
        EdgcnError: the flag has no word, or one of a pair.
    """
    if flag.takes == "pairs":
        if len(texts) % 2:
            raise EdgcnError(f"{flag.name} takes pairs of NAME VALUE, got {' '.join(texts)}")
        return {**(earlier or {}), **dict(zip(texts[::2], texts[1::2], strict=True))}
    if flag.takes == "many":
        return [*(earlier or []), *(choice(flag, text) for text in texts)]
    if not texts:
        raise EdgcnError(f"{flag.name} needs a value after it")
    return choice(flag, texts[0])


def choice(flag: Flag, text: str) -> Any:
    """The text, or the choice that it spells where choices are numbers."""
    kinds = [one for kind in members(flag.annotation) for one in (kind, *get_args(kind))]
    choices = [c for kind in kinds if get_origin(kind) is Literal for c in get_args(kind)]
    return {str(value): value for value in choices}.get(text, text)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`encoder_settings.hidden` as a key inside `encoder_settings`."""
    made: dict[str, Any] = {}
    for key, value in values.items():
        outer, dot, inner = key.partition(".")
        if dot:
            made.setdefault(outer, {})[inner] = value
        else:
            made[key] = value
    return made


def help_text(model: type[BaseModel], values: Mapping[str, Any], *, command: str) -> str:
    """The help of a command: its flags, and those of the parts that these values choose."""
    flags = flags_of(model, values)
    places = [flag for flag in flags if flag.positional]
    usage = [flag.name if flag.default is REQUIRED else f"[{flag.name}]" for flag in places]
    groups: dict[str, list[tuple[str, str]]] = {}
    for flag in (*places, *(flag for flag in flags if not flag.positional)):
        title = "settings of " + flag.part if flag.part else "settings"
        groups.setdefault("arguments" if flag.positional else title, []).append(entry(flag))
    lines = [f"usage: {' '.join(['edgcn', command, *usage])} [--FLAG VALUE ...]", ""]
    lines += textwrap.wrap(" ".join((model.__doc__ or "").split()), WIDTH)
    for title, entries in (*groups.items(), ("every command", EVERYWHERE)):
        lines += ["", f"{title}:"]
        for left, right in entries:
            first, indent = f"  {left}".ljust(INDENT), " " * INDENT
            if not first.endswith("  "):
                lines.append(first)
                first = indent
            lines += textwrap.wrap(right, WIDTH, initial_indent=first, subsequent_indent=indent)
    return "\n".join(lines) + "\n"


def entry(flag: Flag) -> tuple[str, str]:
    """A flag with what it takes, and its help with its default."""
    several = " ..." if flag.takes in ("many", "pairs") else ""
    left = flag.name if flag.positional else f"{flag.name} {flag.metavar}"
    default = flag.default
    if flag.takes == "switch":
        left = f"{flag.name}, --no-{flag.name[2:]}" if default else flag.name
        default = None
    if isinstance(default, list | tuple):
        default = " ".join(str(value) for value in default)
    shown = f" (default: {default})" if default not in (None, "", {}, REQUIRED) else ""
    needed = " (required)" if default is REQUIRED and not flag.positional else ""
    return left + several, f"{flag.help}{shown}{needed}".strip() or "-"
