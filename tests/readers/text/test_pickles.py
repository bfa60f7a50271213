"""A foreign pickle gives data or one clear error, and never runs anything."""

import builtins
import os
import pickle
import resource
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import suppress
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.text.pickles import as_array, as_numbers, described, load_pickle

ARRAYS = {
    "half": np.linspace(-1, 1, 6, dtype=np.float16).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big endian": np.arange(3, dtype=">i4"),
    "text": np.array(["S001", "é"]),
    "bytes": np.array([b"a", b"bc"]),
    "truth": np.array([True, False]),
    "nothing": np.zeros((0, 3)),
    "no axes": np.array(2.5),
}
PLAIN = {
    "list": [1, 2.5, None, True, "é"],
    "tuple": (b"", b"\xff\x00"),
    "set": {1, 2},
    "numpy scalar": np.float32(0.1),
    "nested": {"a": [{"b": ()}]},
    "ordered": OrderedDict(a=OrderedDict()),
    "counted": Counter("aab"),
}
AS_OTHERS = {  # value, and what comes of it
    "default": (defaultdict(list, {"train": ["a"]}), {"train": ["a"]}),
    "queue": (deque([1, 2], maxlen=3), [1, 2]),
    "frozen": (frozenset({1}), frozenset({1})),
    "path": (Path("a", "v0"), "a/v0"),
    "whole path": (PurePosixPath("/a/v0"), "/a/v0"),
    "Windows": (PureWindowsPath("C:\\a\\v0"), "C:/a/v0"),
}


class Calls:
    """Pickles as a call of anything with anything."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.pkl"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("module", ["numpy._core", "numpy.core"])
def test_arrays_and_containers_come_back(file: Path, protocol: int, module: str) -> None:
    others = {name: value for name, (value, _) in AS_OTHERS.items()}
    content = pickle.dumps({**ARRAYS, **PLAIN, **others}, protocol)
    if protocol < 4:  # from protocol 4 on the length of a name is written before it
        content = content.replace(b"numpy._core", module.encode())
    file.write_bytes(content)
    loaded = load_pickle(file)
    for name, array in ARRAYS.items():
        got = as_array(loaded[name])
        assert got is not None
        assert got.dtype == array.dtype, name
        np.testing.assert_array_equal(got, array)
    for name, value in PLAIN.items():
        assert loaded[name] == value
        assert as_array(loaded[name]) is None
    for name, (_, value) in AS_OTHERS.items():
        assert loaded[name] == value
        assert type(loaded[name]) is type(value)


@pytest.mark.parametrize("bomb", [b"\x80\x02K\x01r\x00\x00\x00\x10.", b"I1\np268435456\n."])
def test_ten_bytes_take_no_gigabytes(file: Path, bomb: bytes) -> None:
    file.write_bytes(bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileError, match=r"object number 268435456 in a file of 1. bytes"):
        load_pickle(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("opcode", [b"\x8d", b"\x8e", b"\x96"])  # text, bytes, bytearray
def test_what_is_said_to_follow_is_there(file: Path, opcode: bytes) -> None:
    file.write_bytes(b"\x80\x05" + opcode + (2**40).to_bytes(8, "little") + b"abc.")
    with pytest.raises(FileError, match="got a file that ends too early"):
        load_pickle(file)
    file.write_bytes(pickle.dumps([1]) + opcode * 9)  # behind the end is nothing of it
    assert load_pickle(file) == [1]


def test_lists_are_arrays_where_they_are_of_numbers(file: Path) -> None:
    numbers = np.arange(6.0).reshape(1, 2, 3)
    endless: list[Any] = [0, 0]
    for _ in range(40):
        endless = [endless, endless]
    file.write_bytes(pickle.dumps([numbers.tolist(), list(numbers), [[1], [2, 3]], "a", endless]))
    lists, arrays, *others = load_pickle(file)
    for values in (as_numbers(lists), as_numbers(arrays)):
        assert values is not None
        np.testing.assert_array_equal(values, numbers)
    assert [as_numbers(other) for other in others] == [None, None, None]
    assert [len(described(value)) < 200 for value in (lists, arrays[0], *others)] == [True] * 5
    assert described(arrays[0]) == "an array of float64 (2, 3)"


def test_python_2_array(file: Path) -> None:
    """As Python 2 writes it: bytes are its text, and are not marked as bytes."""
    file.write_bytes(
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I2\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
        b"I00\nS'\\x00\\x00\\x80?\\x00\\x00\\x00\\xc0'\ntb."
    )
    got = as_array(load_pickle(file))
    assert got is not None
    assert got.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("attack", "named"),
    [
        (Calls(os.system, "touch pwned"), r"(posix|nt)\.system"),
        (Calls(eval, "open('pwned', 'w')"), r"eval"),
        (Calls(exec, "open('pwned', 'w')"), r"exec"),
        (Calls(getattr, np.ndarray, "tofile"), r"getattr"),
        (Calls(open, "pwned", "w"), r"open"),
        (Calls(__import__, "os"), r"__import__"),
        (Calls(np.load, "pwned.npy"), r"numpy.*load"),
        (Calls(np.fromfile, "pwned"), r"numpy.*fromfile"),
        (Calls(pickle.loads, b"N."), r"pickle\.loads"),
        (Calls(Path.touch, Path("pwned")), r"pathlib|getattr"),
        (Fraction(1, 2), r"fractions\.Fraction"),
        ({"fine": [1, Calls(os.system, "touch pwned")]}, r"(posix|nt)\.system"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_code_is_refused_and_not_run(
    file: Path, attack: Any, named: str, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    file.write_bytes(pickle.dumps(attack, protocol))
    with pytest.raises(FileError, match=rf"data\.pkl: expected a pickle of .*{named}.*refused"):
        load_pickle(file)
    assert os.listdir() == ["data.pkl"]


@pytest.mark.parametrize(
    "content",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(S'1'\nibuiltins\neval\n.",  # INST
        b"(cbuiltins\neval\nS'1'\no.",  # OBJ
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",  # STACK_GLOBAL
        b"\x80\x04\x8c\x0enumpy._codecs\x8c\x06encode\x93.",
        b"\x80\x04\x8c\x05numpy\x8c\x14ndarray.tofile.whole\x93.",  # dotted names
        b"\x80\x02\x82\x01.",  # EXT1, the extension registry
        b"\x80\x02U\x01aQ.",  # BINPERSID
        b"cnumpy\ndtype\n(S'O8'\ntR.",
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"cnumpy\ndtype\n((lS'f4'\natR.",
        b"cbuiltins\nbytes\n(I1000000000000\ntR.",
        b"c_codecs\nencode\n(V1\nVrot13\ntR.",
        b"cbuiltins\nset\n(I1\ntR.",
        b"",
        b"\x80\x04]",
        b"not a pickle",
        b"\x80\x63.",
        b"\x80\x04" + b"]" * 10 + b"a" * 20 + b".",
    ],
)
def test_what_is_no_data_is_one_clear_error(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(FileError, match=r"data\.pkl: expected a pickle of numpy arrays and plain"):
        load_pickle(file)


def forged(dtype_state: str, raw: str, code: str = "f8") -> bytes:
    """An array of one number whose dtype state or bytes somebody changed."""
    return (
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        f"(I1\n(I1\ntcnumpy\ndtype\n(S'{code}'\nI0\nI1\ntR{dtype_state}bI00\nS'{raw}'\ntb."
    ).encode()


def test_a_forged_dtype_state_changes_nothing(file: Path) -> None:
    """Flags that call 8 plain bytes a pointer would crash numpy's own rebuilding."""
    raw = "".join(f"\\x{byte:02x}" for byte in struct.pack("<d", 1.5))
    file.write_bytes(forged("(I4\nS'<'\nNNNI8\nI8\nI63\nt", raw))
    got = as_array(load_pickle(file))
    assert got is not None
    assert got.dtype == np.float64
    assert got.tolist() == [1.5]
    assert np.dtype("f8").flags == 0


def test_too_few_bytes_for_the_shape(file: Path) -> None:
    file.write_bytes(forged("(I3\nS'<'\nNNNI-1\nI-1\nI0\nt", "\\x00"))
    with pytest.raises(FileError, match="expected a pickle"):
        load_pickle(file)


def test_objects_in_an_array_are_refused(file: Path) -> None:
    file.write_bytes(pickle.dumps(np.array([[1], [2, 3]], dtype=object)))
    with pytest.raises(FileError, match="an array of 'O8', expected numbers or text"):
        load_pickle(file)


def test_reading_changes_nothing_outside(file: Path) -> None:
    """BUILD may set attributes of what the pickle holds; the next reading must not see them."""
    file.write_bytes(b"c_codecs\nencode\n}S'func'\nS'evil'\nsb.")
    with suppress(FileError):
        load_pickle(file)
    file.write_bytes(pickle.dumps(b"\xff", 2))
    assert load_pickle(file) == b"\xff"
    assert builtins.set is set


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"expected a pickle file at .*none\.pkl"):
        load_pickle(tmp_path / "none.pkl")
