"""Settings from outside, the same for flags, YAML files and Python: sorted, checked, explained.

{key: value} -> values of the recipe -> fields of a config, with the settings of the parts it names

A config with parts, such as an objective, lists them in `parts`. From outside, the settings of a
flat part are keys like all others (`queue_size: 64`); the config keeps them in a field of their
own (`objective_settings`). A setting of a part that is not chosen is refused by name.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.parts import REQUIRED, Setting, convert, explain, meant, settings_of
from edgcn.base.plugins import REGISTRIES
from edgcn.presets.recipes import MADE_FOR, RECIPES, recipe_of

POSITIONAL = "positional"  # marks a field that has no flag: Annotated[Path, POSITIONAL]
NO_FLAGS: Mapping[str, str] = {}
Threads = Annotated[int, Field(gt=0, le=1024)]  # OpenMP ends the process at absurd numbers
LENGTHS = ("steps", "epochs")  # of a training: one of them is None

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Part:
    """A field of a config that names a part; the field `NAME_settings` keeps the part's settings.

    Args:
        registry: Parts by name.
        given: Keyword arguments that are no settings, because the command provides them.
        flat: Whether the settings are keys like the config's own, of which the config then keeps
            all. Otherwise they are keys of `NAME_settings`, which keeps those that were given.
        every: A name that stands for all parts, and takes the settings of all.
        chooses: What an error says before the name that is chosen.
    """

    registry: Mapping[str, Callable[..., Any]]
    given: Collection[str] = ()
    flat: bool = True
    every: str = ""
    chooses: str = "this run takes"

    @property
    def names(self) -> list[str]:
        """What can be chosen."""
        return [*self.registry, *([self.every] if self.every else [])]

    def settings(self, name: str) -> dict[str, Setting]:
        """The settings of a part, by name."""
        if self.every and name == self.every:
            return {k: v for one in self.registry for k, v in self.settings(one).items()}
        return settings_of(self.registry[name], given=self.given)

    def owners(self, key: str) -> list[str]:
        """The parts that have a setting of this name."""
        return [name for name in self.registry if key in self.settings(name)]


class Config(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The settings of one command: its fields, whose docs are the help of its flags."""

    parts: ClassVar[dict[str, Part]] = {}

    @model_validator(mode="before")
    @classmethod
    def _sorted(cls, values: Any) -> Any:
        """What `make_config` does first, for configs that are made directly."""
        if not isinstance(values, dict):
            return values  # for pydantic to refuse
        wrong: list[str] = []
        values = sort_settings(cls, values, wrong)
        if wrong:
            raise ValueError("; ".join(wrong))
        return values


def parts_of(model: type[BaseModel]) -> dict[str, Part]:
    """The parts of a config, by field."""
    parts: dict[str, Part] = getattr(model, "parts", {})
    return parts


def make_config(
    model: type[Model],
    values: Mapping[str, Any],
    *,
    where: str,
    flags: Mapping[str, str] = NO_FLAGS,
) -> Model:
    """A config from plain values, or one error that names everything wrong with them.

    Args:
        values: Fields of the config, settings of its flat parts, or both as a run has saved them.
        where: What the error begins with: a file, or a command.
        flags: How keys are spelled where they come from the command line: {"out": "--out"}.

    Raises:
        EdgcnError: unknown, missing, wrong or contradictory values.
    """
    wrong: list[str] = []
    sorted_values = sort_settings(model, values, wrong, flags)
    try:
        made = model.model_validate(sorted_values)
    except ValidationError as error:
        if not wrong or any(item["loc"] for item in error.errors()):
            wrong += [spelled(line, flags) for line in explain(error)]
    if wrong:
        raise EdgcnError(f"{where}: {'; '.join(wrong)}")
    return made


def sort_settings(
    model: type[BaseModel],
    values: Mapping[str, Any],
    wrong: list[str],
    flags: Mapping[str, str] = NO_FLAGS,
) -> dict[str, Any]:
    """The values as the config's fields; what is wrong with them is put into `wrong`, and left out.

    To sort what is sorted changes nothing.
    """
    fields, known = model.model_fields, list(model.model_fields)
    values, of_recipe = with_recipe(model, values, wrong)
    for field, part in parts_of(model).items():
        name, nested = values.get(field, fields[field].default), f"{field}_settings"
        if name not in part.names:
            wrong.append(no_such_part(field, name, part))
            name = values[field] = fields[field].default
        settings, given = part.settings(name), values.get(nested, {})
        known += (
            [key for one in part.registry for key in part.settings(one)]
            if part.flat
            else [f"{nested}.{key}" for key in settings]
        )
        if not isinstance(given, Mapping):
            continue  # for pydantic to refuse
        chosen: dict[str, Any] = {}
        if part.flat:
            flat = [key for key in values if key not in fields and part.owners(key)]
            given = {**given, **{key: values.pop(key) for key in flat}}
            if name != part.every:
                chosen = {key: setting.default for key, setting in settings.items()}
                chosen |= {key: value for key, value in of_recipe.items() if key in settings}
            wrong += [
                f"{field} {name!r} has a setting {key!r}, which the command has, too; rename it"
                for key in settings.keys() & fields.keys()
            ]
        for key, value in given.items():
            if key not in settings:
                wrong.append(not_its_setting(field, name, part, key))
                continue
            try:
                chosen[key] = convert(settings[key].annotation, value)
            except ValidationError as error:
                wrong += [spelled(line, flags) for line in explain(error, key)]
        wrong += [f"{key} is missing" for key, value in chosen.items() if value is REQUIRED]
        values[nested] = chosen
    for key in [key for key in values if key not in fields]:
        wrong.append(unknown_key(key, known))
        del values[key]
    return values


def with_recipe(
    model: type[BaseModel], values: Mapping[str, Any], wrong: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values, over those of the recipe; and the settings that it has for its objective."""
    fields = model.model_fields
    # A run has saved None for the length that it does not have.
    values = {k: v for k, v in values.items() if v is not None or k not in LENGTHS}
    if "recipe" not in fields:
        return values, {}
    if all(name in values for name in LENGTHS):
        wrong.append("--steps and --epochs: give one of the two")
        del values["epochs"]
    objective = values.get("objective")
    better = recipe_of(objective, values.get("store"), values.get("from_"))
    recipe = values.setdefault("recipe", better)
    if recipe not in list(RECIPES):
        return values, {}  # for pydantic to refuse
    if objective not in (None, *MADE_FOR[recipe]) and objective in MADE_FOR[better]:
        wrong.append(
            f"--recipe {recipe} is made for {listed(MADE_FOR[recipe])}, not for {objective}; "
            f"leave it out, or say --recipe {better}"
        )
        values["recipe"] = recipe = better
    chosen = {key: value for key, value in RECIPES[recipe].items() if key in fields}
    if any(name in values for name in LENGTHS):
        chosen = {key: value for key, value in chosen.items() if key not in LENGTHS}
    made = {**chosen, **values}
    made |= {
        other: None for name, other in zip(LENGTHS, LENGTHS[::-1], strict=True) if name in made
    }
    known = made.get("objective", fields["objective"].default) in MADE_FOR[recipe]
    return made, RECIPES[recipe] if known else {}


def spelled(line: str, flags: Mapping[str, str]) -> str:
    """A line whose first word is a key, with the key as it was given."""
    key = line.partition(" ")[0].rstrip(":").partition(".")[0]
    return flags.get(key, key) + line.removeprefix(key)


def no_such_part(field: str, name: Any, part: Part) -> str:
    """That there is no part of this name, and which there are."""
    hint = did_you_mean(str(name), part.names)
    if not hint and field in REGISTRIES:
        hint = "; one of your own needs --plugin FILE.py"
    return f"no {field} is named {name!r}: there are {', '.join(part.names)}{hint}"


def not_its_setting(field: str, name: str, part: Part, key: str) -> str:
    """Whose setting it is, or that there is none of this name."""
    owners = part.owners(key)
    if owners and part.flat:
        return (
            f"{flag_of(key)} belongs to {listed(owners)}; {part.chooses} {name} "
            f"(say {flag_of(field)} {owners[0]})"
        )
    return f"{field} {name!r} has no setting {key!r}{meant(key, part.settings(name))}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def unknown_key(key: str, known: Collection[str]) -> str:
    """That there is no such key, and which may be meant."""
    inside = [name for name in known if name.endswith(f".{key}")]
    near = f" (did you mean {inside[0]!r}?)" if inside else meant(key, known)
    return f"unknown key {key!r}{near}"


def flag_of(key: str) -> str:
    """--queue-size for queue_size; --from for from_, which Python does not let be a name."""
    return f"--{key.rstrip('_').replace('_', '-')}"
