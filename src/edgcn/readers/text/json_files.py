"""JSON read as strictly as other text: each key once, numbers that are numbers, and finite."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.text.files import read_lines

_JSON = {str: "text", bool: "true or false", type(None): "null", list: "lists", dict: "objects"}


def read_json(path: Path) -> Any:
    """The content of a JSON file; a `FileError` names the line where it breaks."""
    return parse_json(path, "\n".join(read_lines(path)))


def parse_json(path: Path, text: str) -> Any:
    """What the text of a file says, likewise."""
    try:
        return json.loads(text, object_pairs_hook=each_once)
    except json.JSONDecodeError as error:
        raise FileError(path, f"expected JSON, got {error.msg}", line=error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise FileError(path, f"expected JSON, got {error}") from None


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, whose keys must not come twice: the last one would win in silence."""
    if len(found := dict(pairs)) < len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise ValueError(f"{twice[:40]!r} twice in one object")
    return found


def json_array(
    path: Path, nested: Any, shape: str, *, where: str, gaps: bool = False
) -> Float[np.ndarray, "..."]:
    """Nested lists out of JSON as float32, which must hold finite numbers and nothing else.

    numpy alone takes true for 1 and "1.5" for 1.5.

    Args:
        shape: how the error names it ("[T][20][3]").
        where: names the lists in the error ("skeletons").
        gaps: whether null, NaN and infinity may stand for what is missing: then they are NaN.
    """
    expected = f"expected {where} {shape} of finite numbers"
    flat, depth = nested, shape.count("[")
    try:
        for _ in range(depth - 1):
            flat = list(chain.from_iterable(flat))
        if kinds := set(map(type, flat)) - {int, float} - ({type(None)} if gaps else set()):
            found = ", ".join(sorted(_JSON.get(kind, kind.__name__) for kind in kinds))
            raise FileError(path, f"{expected}, got {found} among them")
        with np.errstate(over="ignore"):  # above 3e38 it is infinite
            values = np.array(nested, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:  # ragged, no lists, or above 1e308
        raise error if isinstance(error, FileError) else FileError(path, expected) from None
    if gaps:
        values[~np.isfinite(values)] = np.nan
    elif not np.isfinite(values).all():
        raise FileError(path, f"{expected}, got NaN, infinity or one beyond 3e38")
    return values
