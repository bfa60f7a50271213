"""What the user reads on the screen passes here: no name of a file or clip can steer a terminal."""

import re
import sys

# Control characters but tab and line end, line separators of Unicode, what turns the direction of
# writing, and halves of characters (bytes of a file name that are not UTF-8).
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


LONGEST = 2000  # characters of one line


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and end where it is longer."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} [...] {text[-(most // 4) :]}"


def printable(text: str) -> str:
    """The text with what would steer a terminal, or cannot be printed, spelled out (`\\x1b`)."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def readable(text: str) -> str:
    """Printable text for a screen: a line of over 2,000 characters is cut in its middle."""
    return "\n".join(shortened(line, LONGEST) for line in printable(text).split("\n"))


def tell(text: str, *, as_error: bool = False) -> None:
    """Print a line at once, whatever is in it and whatever characters the terminal knows."""
    stream = sys.stderr if as_error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = readable(text).encode(encoding, "backslashreplace").decode(encoding)
    print(shown, file=stream, flush=True)
