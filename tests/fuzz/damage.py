"""What accidents do to a file: bytes flipped, lost, repeated; lines swapped; odd numbers.

bytes -> bytes, each drawn from a `random.Random`, so that a seed gives the same file again.
"""

import re
from collections.abc import Callable
from random import Random

Change = Callable[[Random, bytes], bytes]

NUMBER = re.compile(rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
ODD_NUMBERS = (
    b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"1e308", b"-1e308", b"1e309", b"1e30", b"1e7",
    b"1e-320", b"-0", b"-1", b"0", b"1", b"2", b"00", b"+3", b"99", b"100", b"255", b"65536",
    b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775808", b"1e18", b"1_0", b"0x1F",
    b"1,5", b"1.5.2", b"--1", b"1e", b"\xd9\xa1", b"", b" ", b"true", b"null", b"None", b"#N/A",
    b"-999999", b"9" * 400, b"0." + b"1" * 400, b"9" * 5000,
)  # fmt: skip
ODD_BYTES = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b"\x0c", b"\x1a",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xa0", b"\xc3", b"\xed\xa0\x80", b"\x1b[2J", b'"', b"'", b",",
    b";", b"\t", b"  ", b"#", b"[", b"{", b"}", b"]", b":", b"\\", b"-", b".",
)  # fmt: skip
LONGEST = 2_000_000  # bytes that a file may grow to


def _place(rng: Random, data: bytes) -> int:
    """Anywhere, the first bytes often: headers are small and bodies long."""
    if data and rng.random() < 0.3:
        return rng.randrange(min(len(data), 256))
    return rng.randrange(len(data) + 1)


def _span(rng: Random, data: bytes) -> tuple[int, int]:
    """Two places, seldom far apart."""
    first = _place(rng, data)
    return first, min(len(data), first + int(2 ** rng.uniform(0, 14)))


def flip_bits(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        if changed:
            at = min(_place(rng, data), len(changed) - 1)
            changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def set_bytes(rng: Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    end = min(end, start + rng.choice((1, 1, 4, 8)))
    return (
        data[:start] + bytes([rng.choice((0, 255, 127, 128, 32, 48))]) * (end - start) + data[end:]
    )


def cut_off(rng: Random, data: bytes) -> bytes:
    return data[: _place(rng, data)]


def cut_front(rng: Random, data: bytes) -> bytes:
    return data[_place(rng, data) :]


def cut_out(rng: Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def insert_odd(rng: Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.choice(ODD_BYTES) + data[at:]


def insert_noise(rng: Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.randbytes(rng.choice((1, 4, 32, 1000))) + data[at:]


def repeat_part(rng: Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return (data[:end] + data[start:end] * rng.choice((1, 1, 3, 100)) + data[end:])[:LONGEST]


def copy_part(rng: Random, data: bytes) -> bytes:
    """A part written over another one."""
    start, end = _span(rng, data)
    at = _place(rng, data)
    return data[:at] + data[start:end] + data[at + end - start :]


def append_noise(rng: Random, data: bytes) -> bytes:
    return data + rng.choice((b"\0", b"\n", b"x", data[:100], rng.randbytes(64)))


def empty(_: Random, data: bytes) -> bytes:
    return b""


def only_odd(rng: Random, data: bytes) -> bytes:
    return rng.choice(ODD_BYTES) * rng.choice((1, 1000))


BYTES: tuple[Change, ...] = (
    flip_bits, flip_bits, flip_bits, set_bytes, set_bytes, cut_off, cut_front, cut_out, insert_odd,
    insert_noise, repeat_part, copy_part, append_noise, empty, only_odd,
)  # fmt: skip


def odd_number(rng: Random, data: bytes) -> bytes:
    """One number, or up to three, replaced by another spelling or value."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        found = NUMBER.search(data, _place(rng, data)) or NUMBER.search(data)
        if found is None:
            return insert_odd(rng, data)
        data = data[: found.start()] + rng.choice(ODD_NUMBERS) + data[found.end() :]
    return data


def another_digit(rng: Random, data: bytes) -> bytes:
    found = re.compile(rb"\d").search(data, _place(rng, data))
    if found is None:
        return data + b"7"
    return data[: found.start()] + bytes([rng.choice(b"0123456789")]) + data[found.end() :]


def _of_lines(change: Callable[[Random, list[bytes]], list[bytes]]) -> Change:
    def changed(rng: Random, data: bytes) -> bytes:
        return b"".join(change(rng, data.splitlines(keepends=True)))[:LONGEST]

    changed.__name__ = change.__name__
    return changed


def _row(rng: Random, lines: list[bytes]) -> int:
    if rng.random() < 0.3:
        return rng.randrange(min(4, max(1, len(lines))))
    return rng.randrange(max(1, len(lines)))


def swap_lines(rng: Random, lines: list[bytes]) -> list[bytes]:
    if len(lines) > 1:
        a, b = _row(rng, lines), rng.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    return lines


def drop_lines(rng: Random, lines: list[bytes]) -> list[bytes]:
    at = _row(rng, lines)
    return lines[:at] + lines[at + rng.choice((1, 1, 1, 2, 20, 27)) :]


def repeat_lines(rng: Random, lines: list[bytes]) -> list[bytes]:
    at, count = _row(rng, lines), rng.choice((1, 1, 1, 20, 27))
    return (
        lines[: at + count]
        + lines[at : at + count] * rng.choice((1, 1, 1, 50))
        + lines[at + count :]
    )


def blank_line(rng: Random, lines: list[bytes]) -> list[bytes]:
    lines.insert(
        _row(rng, lines), rng.choice((b"\n", b" \n", b"\r\n", b",,,\n", b"# x\n", b"\t\n"))
    )
    return lines


def drop_field(rng: Random, lines: list[bytes]) -> list[bytes]:
    """One field of a line, or of all lines, is lost or there twice."""
    if not lines:
        return lines
    at = _row(rng, lines)
    glue = b"," if b"," in lines[at] else b" "
    place, every, twice = rng.randrange(12), rng.random() < 0.3, rng.random() < 0.4
    for row in range(len(lines)) if every else (at,):
        fields = lines[row].split(glue)
        part = fields[place : place + 1]
        lines[row] = glue.join(fields[:place] + part * 2 * twice + fields[place + 1 :])
    return lines


def long_line(rng: Random, lines: list[bytes]) -> list[bytes]:
    lines.insert(_row(rng, lines), rng.choice((b"x", b"1 ", b"1,", b"9", b'"')) * 200_000 + b"\n")
    return lines


def line_ends(rng: Random, data: bytes) -> bytes:
    plain = data.replace(b"\r\n", b"\n")
    return plain.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b" \n", b"\x0c", b"\x0b")))


def some_line_ends(rng: Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at].replace(b"\n", b"\r\n") + data[at:]


def byte_order_mark(rng: Random, data: bytes) -> bytes:
    return (
        rng.choice((b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) + data
    )


def other_encoding(rng: Random, data: bytes) -> bytes:
    return data.decode("latin1").encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-7")))


def other_separator(rng: Random, data: bytes) -> bytes:
    old = b"," if data.count(b",") > data.count(b" ") else b" "
    return data.replace(old, rng.choice((b";", b"\t", b", ", b"  ", b"|", b"\xc2\xa0")))


LINES: tuple[Change, ...] = (
    odd_number, odd_number, odd_number, odd_number, another_digit, another_digit, line_ends,
    some_line_ends, byte_order_mark, other_encoding, other_separator,
    *map(_of_lines, (swap_lines, swap_lines, drop_lines, drop_lines, repeat_lines, repeat_lines,
                     blank_line, drop_field, drop_field, long_line)),
)  # fmt: skip
