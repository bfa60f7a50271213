"""Arrays come back as numpy wrote them; what a file claims beyond its bytes is refused."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from edgcn.base.arrayfiles import map_npy, read_npz
from edgcn.base.errors import EdgcnError, FileError

ARRAYS: dict[str, Any] = {
    "half": np.linspace(-1, 1, 6, dtype=np.float16).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big": np.arange(3, dtype=">i4"),
    "text": np.array(["S001", "é"]),
    "nothing": np.zeros((0, 3)),
    "no_axes": np.array(2.5),
    "empty_text": np.array([""]),
    "truth": np.array([True, False]),
}


def npz(path: Path, *, compressed: bool = True, **members: bytes) -> Path:
    """A file with these members, as they are."""
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(shape: tuple[int, ...], kind: str = "<f4") -> bytes:
    """An array's header, without its numbers."""
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "a.npz", **ARRAYS)
    read = read_npz(tmp_path / "a.npz", ARRAYS, ["other"])
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype.newbyteorder("=")


def test_an_npy_stays_on_disk(tmp_path: Path) -> None:
    for name in ("half", "fortran", "nothing"):
        np.save(tmp_path / "a.npy", ARRAYS[name])
        np.testing.assert_array_equal(map_npy(tmp_path / "a.npy"), ARRAYS[name])


CLAIMS = {
    "it claims float32 .* more than the file holds": header((10**12, 20, 3)),
    "it claims float32 .*, 4000 bytes": header((1000,)) + b"\0" * 100,
    "claims": header((0, 2**63)),
    r"it claims float32 \(5,\), which is less than it holds": header((5,)) + b"\0" * 24,
    "expected a numpy array, got ValueError": b"hello",
    "got pickled objects; save it with np.asarray": header((1,), "|O"),
    "plain numbers or text": header((1,), "|V8") + b"\0" * 8,
    "no Unicode": header((1,), "<U1") + b"\xff" * 4,
    "expected text": header((1,), "<U1") + (0xD800).to_bytes(4, "little"),
    "expected plain numbers or text, got float32": header((-1,)),
}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("message", CLAIMS)
def test_a_claim_is_held_against_the_bytes(tmp_path: Path, message: str, compressed: bool) -> None:
    path = npz(tmp_path / "a.npz", compressed=compressed, a=CLAIMS[message])
    with pytest.raises(FileError, match=rf"a\.npz: a: .*{message}"):
        read_npz(path, ["a"])
    (tmp_path / "a.npy").write_bytes(CLAIMS[message])
    if "text" not in message and "Unicode" not in message:
        with pytest.raises(FileError, match=rf"a\.npy: .*{message}"):
            map_npy(tmp_path / "a.npy")


def damaged(path: Path, change: dict[int, int], *, near: bytes = b"PK\x03\x04") -> None:
    """Change bytes of a file, counted from a signature."""
    content = bytearray(path.read_bytes())
    for place, value in change.items():
        content[content.index(near) + place] = value
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "near", "message"),
    [
        (
            {60: 0xFF, 61: 0xFF, 62: 0xFF},
            b"PK\x03\x04",
            "a: expected an array that can be read, got ",
        ),  # deflated
        ({14: 0x55}, b"PK\x03\x04", ""),  # a checksum of the local header is not looked at
        ({16: 0x55}, b"PK\x01\x02", "a: expected an array that can be read, got BadZipFile"),
        ({10: 99}, b"PK\x01\x02", r"a: expected an array as np\.savez .*, got zip method 99"),
        ({10: 14}, b"PK\x01\x02", "got zip method 14"),
        ({8: 1}, b"PK\x01\x02", "got an encrypted one"),
        (
            {16: 0, 19: 0x80},
            b"PK\x05\x06",
            "expected an .* that can be read",
        ),  # the directory's place
        ({24: 0xFF, 27: 0x7F}, b"PK\x01\x02", ""),  # the size unpacked
    ],
)
def test_damage_is_named(tmp_path: Path, change: dict[int, int], near: bytes, message: str) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(500.0))
    damaged(tmp_path / "a.npz", change, near=near)
    if message:
        with pytest.raises(FileError, match=message):
            read_npz(tmp_path / "a.npz", ["a"])
    else:
        read = read_npz(tmp_path / "a.npz", ["a"])["a"]
        np.testing.assert_array_equal(read, np.arange(500.0))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    one, two = (header((1,)) + bytes([n, 0, 0, 0]) for n in (1, 2))
    path = npz(tmp_path / "a.npz", a=one)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a.npy", two)
    with pytest.raises(FileError, match="a: expected one such array, got 2"):
        read_npz(path, ["a"])


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"expected an npz file at .*none\.npz, found no such"):
        read_npz(tmp_path / "none.npz", ["a"])
    np.savez(tmp_path / "a.npz", a=1)
    with pytest.raises(FileError, match="expected the keys a, b, without b"):
        read_npz(tmp_path / "a.npz", ["a", "b"])
    (tmp_path / "b.npz").write_bytes(b"")
    with pytest.raises(FileError, match=r"b\.npz: expected an npz file, got another kind of file"):
        read_npz(tmp_path / "b.npz", ["a"])
