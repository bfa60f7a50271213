"""The items of a long list in a JSON file, one after the other, with little of it in memory.

file -> text, some at a time -> the items of the list that is the file, or of one of its keys
"""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from edgcn.base.errors import FileError
from edgcn.base.files import check_file
from edgcn.readers.text.json_files import each_once

PART = 2**20  # bytes read at a time
AFTER = frozenset(",]} \t\n\r")  # where a number is over: `1` may be the beginning of `1e5`
_SPACE = re.compile(r"[ \t\n\r]*")


def json_items(path: Path, *, key: str = "", others: dict[str, Any] | None = None) -> Iterator[Any]:
    """The items of a list that is a whole JSON file; else all of it as one.

    Args:
        key: of an object that is the file: the items of the list that is there, instead.
        others: what else that object has, filled on the way.

    Raises:
        FileError: no UTF-8 text, or no JSON; it names the line.
    """
    check_file(path)
    with path.open("rb") as file:
        text = _Text(path, file)
        try:
            if text.next() == "[" and not key:
                yield from text.items()
            elif text.next() == "{" and key:
                yield from _of_key(text, key, {} if others is None else others)
            else:
                yield text.value()
        except json.JSONDecodeError as error:
            text.fail(error.msg, error.pos)
        except (RecursionError, ValueError) as error:
            if isinstance(error, FileError):
                raise
            raise FileError(path, f"expected JSON, got {error}") from None
        if text.next():
            text.fail("Extra data")


def _of_key(text: "_Text", key: str, others: dict[str, Any]) -> Iterator[Any]:
    """The items of one value of an object, if that is a list; the other values go to `others`."""
    seen = set[str]()
    for _ in text.parts("{", "}"):
        name = text.value() if text.next() == '"' else text.fail("Expecting property name")
        if name in seen:
            raise ValueError(f"{name[:40]!r} twice in one object")
        seen.add(name)
        text.take(":")
        if name == key and text.next() == "[":
            yield from text.items()
        else:
            others[name] = text.value()


class _Text:
    """What of a file's text is at hand, and where in it the next value begins."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(object_pairs_hook=each_once)
        self._text, self._at, self._line = "", 0, 1  # the line that the text begins in
        self._over = False

    def next(self) -> str:
        """The next character that is no white space; nothing at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._over:
                return self._text[self._at : self._at + 1]
            self._more()

    def take(self, character: str) -> None:
        """Go past a character, which must come next."""
        if self.next() != character:
            self.fail(f"Expecting {character!r} delimiter")
        self._at += 1

    def items(self) -> Iterator[Any]:
        """The values of a list."""
        for _ in self.parts("[", "]"):
            yield self.value()

    def parts(self, opens: str, closes: str) -> Iterator[None]:
        """Stop before each part of a list or an object."""
        self.take(opens)
        if self.next() == closes:
            self._at += 1
            return
        while True:
            yield
            if self.next() == closes:
                self._at += 1
                return
            self.take(",")

    def value(self) -> Any:
        """The next value; it may be cut where the text at hand ends, and then more is read."""
        self.next()
        while True:
            try:
                found, end = self._json.raw_decode(self._text, self._at)
                whole = self._text[end : end + 1] in AFTER or not isinstance(found, int | float)
                if self._over or (end < len(self._text) and whole):
                    self._at = end
                    return found
            except json.JSONDecodeError:
                if self._over:
                    raise
            self._more()

    def _more(self) -> None:
        """Have more text, at least as much again as is left of it."""
        self._line += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :], 0
        data = self._file.read(max(PART, len(self._text)))
        self._over = not data
        try:
            self._text += self._decoder.decode(data, final=self._over)
        except UnicodeDecodeError as error:
            line = self._line + self._text.count("\n") + error.object.count(b"\n", 0, error.start)
            reason = f"expected UTF-8 text, got byte 0x{error.object[error.start]:02x}"
            raise FileError(self._path, reason, line=line) from None

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Raise the `FileError`, with the line of what is wrong."""
        line = self._line + self._text.count("\n", 0, self._at if at is None else at)
        raise FileError(self._path, f"expected JSON, got {reason}", line=line) from None
