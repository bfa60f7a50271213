"""Settings from outside: from plain values, or from a YAML file, with one error for all mistakes.

{key: value} -> a checked config
"""

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from edgcn.base.errors import EdgcnError

Config = TypeVar("Config", bound=BaseModel)


def explain(error: ValidationError, model: type[BaseModel], where: str) -> EdgcnError:
    """All wrong keys of a config in one message, each misspelt one with the nearest right one."""
    known = list(model.model_fields)
    parts = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, known, n=1)
            parts.append(f"unknown key {key!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        elif item["type"] == "missing":
            parts.append(f"{key} is missing")
        else:
            parts.append(f"{key}: {item['msg']}, got {item['input']!r}")
    return EdgcnError(f"{where}: {'; '.join(parts)}")


def make_config(model: type[Config], values: dict[str, Any], *, where: str) -> Config:
    """A config from plain values, or one error that names everything wrong with them."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(error, model, where) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file."""
    try:
        values = yaml.safe_load(path.read_text())
    except OSError as error:
        raise EdgcnError(f"cannot read config {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EdgcnError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise EdgcnError(f"{path}: expected `key: value` lines, got {type(values).__name__}")
    return values
