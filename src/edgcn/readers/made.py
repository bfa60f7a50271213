"""What readers that make their clips check before they do."""

from pathlib import Path

from edgcn.base.errors import EdgcnError


def check_made(reader: str, path: Path | None, **numbers: tuple[int, int]) -> None:
    """Refuse a path, and numbers that are too small.

    Args:
        numbers: by name, what was given and the least that makes sense.
    """
    if path is not None:
        raise EdgcnError(
            f"the {reader} reader makes its clips and reads no file, got path {str(path)!r}; "
            f"leave the path out"
        )
    for name, (value, least) in numbers.items():
        if value < least:
            raise EdgcnError(f"{reader}: expected {name} of at least {least}, got {value}")
