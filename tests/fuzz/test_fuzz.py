"""The fuzzer finds what is planted, and a small fixed share of it runs here: see `make fuzz`."""

import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from fuzz.kind import Kept, Kind, Reading
from fuzz.kinds import KINDS
from fuzz.mutants import mutant_of, restore
from fuzz.trial import FATAL, Hunt

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are limited as Linux does it"
)

SEED = 0
COUNT, COUNTS = 4, {"imigue": 2}  # inputs of a kind here; workbooks are slow
OPEN: tuple[str, ...] = ()  # kinds that are not yet mended

UNMENDED: tuple[str, ...] = ()  # causes that are not yet mended

SAMPLE = "\n".join(f"clip{n} {n % 3} {n}.5" for n in range(9)) + "\n"


def honest(path: Path) -> Reading:
    """Three fields a line; another number of them is refused."""
    names, labels = [], []
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise EdgcnError("expected a text file") from None
    for line in lines:
        fields = line.split(" ")
        if len(fields) != 3:
            raise EdgcnError("expected three fields")
        names.append(fields[0])
        labels.append(fields[1])
    return Reading({"count": len(names), "names": names, "labels": labels})


def planted(fault: Callable[[bytes], Any], **changes: Any) -> Kind:
    """The honest reader, but for what it does first with a file's bytes."""

    def make(folder: Path) -> Callable[[Path], Reading]:
        (folder / "clips.txt").write_text(SAMPLE)

        def read(copy: Path) -> Reading:
            path = copy / "clips.txt"
            answer = fault(path.read_bytes()) if path.is_file() else None
            return answer if isinstance(answer, Reading) else honest(path)

        return read

    return Kind(make, **changes)


def raises(data: bytes) -> None:
    if b"\xff" in data:
        raise KeyError("joints")


def drops(data: bytes) -> Reading:
    """Lines of other than three fields are left out, and nobody is told."""
    whole = [line.split() for line in data.splitlines() if len(line.split()) == 3]
    return Reading({"count": len(whole), "names": [], "labels": []})


def far_off(data: bytes) -> Reading:
    return Reading({"count": 9}, doubtful="a coordinate beyond 1e6" if b"1e30" in data else "")


def sleeps(data: bytes) -> None:
    if not data:
        time.sleep(30)


def dies(data: bytes) -> None:
    if not data:
        os.kill(os.getpid(), signal.SIGSEGV)


def leaves(data: bytes) -> None:
    if not data:
        os._exit(3)


def grows(data: bytes) -> None:
    if not data:
        block = mmap.mmap(-1, 2**28)  # new memory, whatever the process has to spare
        for page in range(0, len(block), mmap.PAGESIZE):
            block[page] = 1


def only_then(data: bytes) -> None:
    """A refusal that needs all memory first."""
    if not data:
        try:
            raise MemoryError
        except MemoryError:
            raise EdgcnError("too large") from None


def rings(data: bytes) -> None:
    if b"\0" in data:
        error = EdgcnError()
        error.args = ("expected this, got that\a",)  # the constructor would spell it out
        raise error


ONLY_COUNT = {"*": Kept.of("count")}
PLANTED: dict[str, tuple[Kind, str, str]] = {
    "raises": (planted(raises), "traceback", "KeyError"),
    "drops": (planted(drops, kept=ONLY_COUNT), "silent", "count changed"),
    "far": (planted(far_off), "silent", "beyond 1e6"),
    "sleeps": (planted(sleeps, seconds=0.5), "hang", "over 0.5 s"),
    "dies": (planted(dies), "died", "SIGSEGV"),
    "leaves": (planted(leaves), "died", "exit 3"),
    "grows": (planted(grows, memory=2**26), "memory", "over what it may take"),
    "only then": (planted(only_then), "memory", "refused only when memory ended"),
    "message": (planted(rings), "message", "not one printable line"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_its_seed_finds_it_again(name: str, tmp_path: Path) -> None:
    kind, fault, cause = PLANTED[name]
    hunt = Hunt(name, kind, tmp_path)
    found = next(find for find in hunt.go(SEED, 0, count=2000) if find is not None)
    assert (found.fault, cause in found.cause) == (fault, True), found
    if fault not in FATAL:  # those were tried twice
        (again,) = hunt.go(SEED, found.number, count=1)
        assert again == found


def says(data: bytes) -> Reading:
    """Nothing is left, and somebody is told."""
    return Reading({"count": 0 if data != SAMPLE.encode() else 9}, frozenset({f"lost: {data!r}"}))


@pytest.mark.parametrize(
    "kind", [planted(lambda _: None), planted(says, kept=ONLY_COUNT)], ids=["refuses", "says"]
)
def test_who_refuses_or_says_what_is_lost_is_not_blamed(kind: Kind, tmp_path: Path) -> None:
    found = Hunt("honest", kind, tmp_path).go(SEED, 0, count=100)
    assert not [find for find in found if find is not None]


def test_a_mutant_is_the_same_again_and_is_taken_back_whole(tmp_path: Path) -> None:
    sample = {"a.txt": SAMPLE.encode(), "b/c.json": b'{"a": [1, 2, {"b": "x"}]}'}

    def on_disk() -> dict[str, bytes]:
        paths = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in paths}

    for name, content in sample.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for number in range(100):
        first, second = (mutant_of(sample, random.Random(number)) for _ in "ab")
        assert first == second
        first.put(tmp_path)
        restore(tmp_path, sample, first)
        assert on_disk() == sample


@pytest.mark.parametrize("name", [name for name in KINDS if name not in OPEN])
def test_wrong_inputs_are_refused_or_named(name: str, tmp_path: Path) -> None:
    hunt = Hunt(name, KINDS[name], tmp_path)
    answers = hunt.go(SEED, 0, count=COUNTS.get(name, COUNT))
    found = [find for find in answers if find is not None]
    new = [find for find in found if not any(cause in find.cause for cause in UNMENDED)]
    assert not new, "\n".join(f"{find.line()}\n{find.detail}" for find in new)
