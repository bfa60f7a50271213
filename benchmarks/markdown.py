"""Tables as markdown text."""

from collections.abc import Iterable, Mapping, Sequence


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the first column is text, all others are numbers or stand in their place."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value: float) -> str:
    """Three digits, or whole."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def count(value: int, thing: str) -> str:
    """`1 thread`, `2 threads`."""
    return f"{value} {thing}{'s' * (value != 1)}"


def megabytes(used: Mapping[str, float | None]) -> str:
    """Held by tensors (added to the resident peak)."""
    resident = used["resident"]
    return f"{used['allocated']:.0f} ({'?' if resident is None else f'{resident:.0f}'})"
