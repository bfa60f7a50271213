"""A part's settings are the keyword arguments of its constructor: names, types, defaults, helps.

An encoder, an objective, a protocol or a reader declares nothing twice: its signature has the
settings, its docstring's `Args:` their helps, pydantic's annotations their limits:

    def __init__(self, encoder, *, queue_size: PositiveInt = 500) -> None
"""

import difflib
import inspect
import re
import reprlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_type_hints

from docstring_parser import DocstringStyle, parse
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from edgcn.base.errors import EdgcnError

# How pydantic calls the members of a union, among the names of where a mistake is.
UNION = re.compile(r"\[|^(constrained|function)-|^(int|float|str|bool)$")
SHORT = reprlib.Repr()  # of what came: it may be nested a billionfold, as aliases in YAML can be
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxtuple = 3, 8, 8, 8
SHORT.maxstring = SHORT.maxother = 80
MOST = 20  # mistakes that are told one by one
REQUIRED = inspect.Parameter.empty  # the default of a setting that has none


@dataclass(frozen=True)
class Setting:
    """One keyword argument of a part; `help` is its sentence in the docstring, or empty."""

    name: str
    annotation: Any
    default: Any
    help: str


def settings_of(part: Callable[..., Any], *, given: Collection[str] = ()) -> dict[str, Setting]:
    """The settings of a class or function: its keyword-only arguments that are not `given`.

    Args:
        part: A class, a function, or a `functools.partial` of one, whose values are defaults.
        given: Names of arguments that the caller provides, such as `in_channels`.

    Raises:
        EdgcnError: an annotation cannot be evaluated.
    """
    whole = part
    while isinstance(part, partial):
        part = part.func
    made: Any = part.__init__ if isinstance(part, type) else part
    try:
        hints = get_type_hints(made, include_extras=True)
    except NameError as error:
        raise EdgcnError(f"the settings of {part.__name__} cannot be read: {error}") from error
    docs = (part.__doc__ or "", (made.__doc__ or "") if isinstance(part, type) else "")
    helps = {
        argument.arg_name: " ".join((argument.description or "").split())
        for doc in docs
        for argument in parse(doc, DocstringStyle.GOOGLE).params
    }
    return {
        name: Setting(
            name, hints.get(name, _type_of(argument.default)), argument.default, helps.get(name, "")
        )
        for name, argument in inspect.signature(whole).parameters.items()
        if argument.kind is argument.KEYWORD_ONLY and name not in given
    }


def _type_of(default: Any) -> Any:
    """The type of an argument that has no annotation."""
    return Any if default is REQUIRED or default is None else type(default)


def check_settings(
    part: Callable[..., Any],
    values: Mapping[str, Any],
    *,
    what: str,
    given: Collection[str] = (),
) -> dict[str, Any]:
    """The values as the types that the part declares; settings without a value are left out.

    Args:
        values: By name, as they come from Python, YAML, JSON or text.
        what: What the part is called in the error, such as `objective 'moco'`.
        given: As for `settings_of`.

    Raises:
        EdgcnError: one message for all unknown, missing and wrong values.
    """
    settings = settings_of(part, given=given)
    checked, wrong = {}, []
    for name in settings.keys() - values.keys():
        if settings[name].default is REQUIRED:
            wrong.append(f"{name} is missing")
    for name, value in values.items():
        if name not in settings:
            wrong.append(f"unknown setting {name!r}{meant(name, settings)}")
            continue
        try:
            checked[name] = convert(settings[name].annotation, value)
        except ValidationError as error:
            wrong += explain(error, name)
    if wrong:
        names = f"it has {', '.join(settings)}" if settings else "it has no settings"
        raise EdgcnError(f"{what}: {'; '.join(wrong)}; {names}")
    return checked


def convert(annotation: Any, value: Any) -> Any:
    """The value as this type, within its limits; pydantic's ValidationError where it is not."""
    try:
        adapter = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a pydantic model brings a configuration of its own
        adapter = TypeAdapter(annotation)
    return adapter.validate_python(value)


def explain(error: ValidationError, *place: str) -> list[str]:
    """What is wrong with which value: `shots.0: Input should be greater than 0, got -1`.

    Args:
        place: Names of what was validated, before those that the error has.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for item in error.errors(include_url=False, include_context=False)[:MOST]:
        names = [str(part) for part in item["loc"] if not UNION.search(str(part))]
        where = (".".join([*place, *names]), f", got {SHORT.repr(item['input'])}")
        text = re.sub(r", unable to parse .*", "", item["msg"]).removeprefix("Value error, ")
        found.setdefault(where, []).append(text)
    wrong = []
    for (name, got), texts in found.items():
        text = " or ".join(dict.fromkeys(texts)).replace(" or Input should be", " or")
        missing = texts == ["Field required"]
        whole = text if not name else f"{name}: {text}{got}"  # without a name it is about them all
        wrong.append(f"{name} is missing" if missing else whole)
    if (more := error.error_count() - MOST) > 0:
        wrong.append(f"and {more:,} more")
    return wrong


def meant(name: str, known: Collection[str]) -> str:
    """` (did you mean 'the nearest known name'?)`, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
