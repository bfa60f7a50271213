"""Settings in YAML files, which nobody has to trust.

file -> its keys and values, all keys names; or one line about what it is
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from edgcn.base.errors import EdgcnError
from edgcn.base.files import check_file

MOST_VALUES = 100_000  # of a file of settings


def plain_yaml(text: str) -> Any:
    """What YAML says, unless its aliases make much of little.

    Raises:
        EdgcnError: more than `MOST_VALUES` values, or one inside itself.
    """
    known: dict[int, int] = {}

    def count(node: yaml.Node) -> int:
        """Values of a node with all that its aliases stand for."""
        if id(node) not in known:
            known[id(node)] = MOST_VALUES  # that of one inside itself
            inner = node.value if isinstance(node, yaml.CollectionNode) else []
            parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
            known[id(node)] = min(1 + sum(map(count, parts)), MOST_VALUES)
        return known[id(node)]

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is not None and count(node) >= MOST_VALUES:
        raise EdgcnError(
            f"expected settings, got {MOST_VALUES} values or more, or an alias inside itself; "
            f"write them without aliases (*name)"
        )
    return yaml.safe_load(text)


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file."""
    check_file(path)
    try:
        values = plain_yaml(path.read_text())
    except (EdgcnError, RecursionError) as error:
        why = str(error) if isinstance(error, EdgcnError) else "lists in lists without end"
        raise EdgcnError(f"{path}: {why}") from None
    except OSError as error:
        raise EdgcnError(f"cannot read config {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        text, mark = " ".join(str(error).split()), getattr(error, "problem_mark", None)
        text = f"line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else text
        raise EdgcnError(f"{path} is not YAML: {text}") from error
    if not isinstance(values, dict):
        found = "nothing" if values is None else f"a {type(values).__name__}"
        raise EdgcnError(f"{path}: expected `key: value` lines, got {found}")
    if odd := [key for key in _keys(values) if not isinstance(key, str)]:
        raise EdgcnError(
            f"{path}: expected a name before each colon, got {odd[0]!r}; YAML reads on, yes and "
            f"numbers as no names"
        )
    return values


def _keys(values: Any) -> Iterator[Any]:
    """All keys, of settings inside settings, too."""
    if isinstance(values, dict):
        yield from values
    if isinstance(values, dict | list):
        for value in values.values() if isinstance(values, dict) else values:
            yield from _keys(value)
