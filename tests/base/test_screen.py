"""Whatever a name holds, the terminal only ever shows it."""

import io
import sys

import pytest

from edgcn.base.screen import printable, readable, tell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tête 点頭 नमस्ते\n\ttwo", "tête 点頭 नमस्ते\n\ttwo"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("gone\rback\x9b", "gone\\rback\\x9b"),
        ("b\udce4r", "b\\udce4r"),
        ("abc\u202egpj.exe\u2028", "abc\\u202egpj.exe\\u2028"),
    ],
)
def test_what_would_steer_a_terminal_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_that_nobody_could_read_is_cut_on_a_screen_and_nowhere_else() -> None:
    text = f"begins {'x' * 9000} ends\nand goes on"
    assert printable(text) == text
    assert len(readable(text)) < 2100
    assert readable(text).startswith("begins xxx")
    assert readable(text).endswith("xxx ends\nand goes on")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_every_character_can_be_told_whatever_the_terminal_knows(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding=encoding, newline=""))
    tell("".join(map(chr, range(0x110000))), as_error=True)
    shown = raw.getvalue()
    assert shown.endswith(b"\n")
    assert not set(shown) & ({*range(32), 127} - set(b"\n\t"))
