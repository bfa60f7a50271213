"""JSON that edgcn wrote, or somebody else since: checked before anything in it is believed.

file -> plain values of the types that a `Record` declares, or one line naming file and field
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.parts import explain

MOST = 3  # faults that an error names
Value = TypeVar("Value")


class Record(BaseModel, frozen=True, extra="allow", allow_inf_nan=False):
    """What must be in a JSON object, and of which type; there may be more."""


def checked(
    path: Path, model: type[Value], values: Any, *, at: str = "", line: int | None = None
) -> Value:
    """The values as this type.

    Args:
        at: the field of the file that they are in.

    Raises:
        FileError: they are not of this type; names the fields.
    """
    try:
        return TypeAdapter(model).validate_python(values)
    except ValidationError as error:
        wrong = explain(error, *([at] if at else []))
        more = f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
        text = f"{'; '.join(wrong[:MOST])}{more}"
        raise FileError(path, f"not what edgcn writes: {text}", line=line) from error


@contextmanager
def within(path: Path, name: str) -> Iterator[None]:
    """Whatever goes wrong inside is the fault of this field of a file.

    Raises:
        FileError: in place of any error of a value.
    """
    try:
        yield
    except FileError:
        raise
    except EdgcnError as error:
        raise FileError(path, f"{name}: {error}") from error
    except KeyError as error:
        raise FileError(path, f"{name}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RuntimeError,
            MemoryError, RecursionError, AssertionError) as error:  # fmt: skip
        typed = isinstance(error, TypeError | AttributeError)  # their texts are about Python
        reason = "a value of another type" if typed else (str(error).splitlines() or ["damaged"])[0]
        raise FileError(path, f"{name}: not what edgcn writes ({reason.rstrip(':')})") from error
