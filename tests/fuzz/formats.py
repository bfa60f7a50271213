"""Files rewritten from within: valid JSON, arrays, zips and pickles that say something else.

bytes of a format -> bytes of the same format, its checksums made anew. Where a change cannot be
written, it is left to `damage.py`.
"""

import ast
import io
import json
import pickle
import re
import warnings
import zipfile
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any
from xml.etree import ElementTree

import numpy as np
import yaml
from safetensors.torch import load

from edgcn.base.tensorfile import checksum
from fuzz.damage import BYTES, LINES, Change
from fuzz.edits import edited, edited_array, other

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
SHAPES = (
    "()", "(0,)", "(1,)", "(-1,)", "(10**12,)", "(2**31,)", "(2**63,)", "(1000000000000, 20, 3)",
    "(3.0,)", "'x'", "None", "(True,)", "(0, 20, 3)", "(1, 20, 3)", "[7]", "(7, )" * 40,
)  # fmt: skip
DESCRS = (
    "'<f4'", "'>f4'", "'<f8'", "'|O'", "'|V8'", "'<U5'", "'<U1000000000'", "'|S0'", "'<M8[s]'",
    "[('a', '<f4')]", "'f'", "'x'", "None", "'<i8'", "'|b1'", "('<f4', (1000000,))",
)  # fmt: skip
BOMBS = (
    b"\x80\x02K\x01r\x00\x00\x00\x10.",  # a memo of 2**28 entries
    b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a frame that large
    b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a text that long
    b"\x80\x04\x8e\xff\xff\xff\xff\x00\x00\x00\x00.",
    b"\x80\x02\x8b\xff\xff\xff\x7f.",  # a whole number of 2 GB
    b"cos\nsystem\n(S'true'\ntR.",
    b"c__builtin__\neval\n(S'1'\ntR.",
    b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".",  # nested
    b"(l" * 20_000 + b"a" * 19_999 + b".",
    b"]q\x00h\x00a.",  # a list that holds itself
    b"}q\x00(X\x0b\x00\x00\x00annotationsh\x00u.",
    b"\x80\x02\x82\x01.", b"P1\n.", b"I" + b"9" * 100_000 + b"\n.", b"F1e999\n.", b"N.", b".",
    b"cnumpy\nndarray\n(I1000000000\ntR.", b"c__builtin__\nbytes\n(I2000000000\ntR.",
    b"c__builtin__\nset\n(]" + b"K\x01a" * 3 + b"tR.",
)  # fmt: skip


def json_text(rng: Random, data: bytes) -> bytes:
    """A node of the tree changed, a key there twice, or a tree too deep."""
    match rng.randrange(8):
        case 0:
            found = [*re.finditer(rb'"(\w+)"\s*:', data[:100_000])]
            if found:
                twin = rng.choice(found)
                value = rng.choice((b"null", b"0", b"[]", b'"x"', b"-1", b"NaN"))
                return data[: twin.start()] + twin[0] + value + b", " + data[twin.start() :]
        case 1:
            depth = rng.choice((500, 5000, 100_000))
            at = rng.randrange(len(data) + 1)
            return data[:at] + b"[" * depth + b"]" * (depth - rng.randrange(2)) + data[at:]
    return json.dumps(edited(rng, json.loads(data))).encode()


def xml_text(rng: Random, data: bytes) -> bytes:
    """An attribute, a text or an element changed, lost, moved or there twice; a document type."""
    if rng.random() < 0.05:
        kinds = (b'<!ENTITY a "ha">', b'<!ENTITY % p SYSTEM "file:///etc/passwd">', b"")
        return b"<!DOCTYPE x [" + rng.choice(kinds) + b"]>" + data.partition(b"?>")[2]
    root = ElementTree.fromstring(data)
    parents = [element for element in root.iter() if len(element)]
    parent = rng.choice(parents)
    at = rng.randrange(len(parent))
    match rng.randrange(8):
        case 0:
            parent.remove(parent[at])
        case 1:
            parent.append(deepcopy(parent[at]))
        case 2:
            rng.choice(parents).append(deepcopy(parent[at]))
        case 3:
            parent[at].text = f"{edited(rng, parent[at].text or 'x')}"
        case _:
            element = rng.choice([e for e in root.iter() if e.attrib])
            key = rng.choice([*element.attrib])
            if rng.random() < 0.3:
                del element.attrib[key]
            else:
                others = [e.attrib[key] for e in root.iter() if key in e.attrib]
                odd = f"{edited(rng, element.attrib[key])}"
                element.attrib[key] = rng.choice((*others[:3], odd, odd))
    return b'<?xml version="1.0"?>' + ElementTree.tostring(root, "unicode").encode()


def json_lines(rng: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    lines[at] = json_text(rng, lines[at]) + b"\n"
    return b"".join(lines)


def yaml_text(rng: Random, data: bytes) -> bytes:
    """A node changed, or names for lists of names for lists: 9**8 words in a few lines."""
    if rng.random() < 0.1:
        lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
        pairs = zip("abcdefgh", "bcdefghi", strict=True)
        lines += [f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in pairs]
        return "\n".join([*lines, "epochs: *i", ""]).encode()
    return yaml.safe_dump(edited(rng, yaml.safe_load(data)), encoding="utf-8")


def npy(rng: Random, data: bytes) -> bytes:
    """Another array, or a header that claims another one."""
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if rng.random() < 0.5:
        return _npy_of(edited_array(rng, array))
    start = 10 if data[6] == 1 else 12
    end = start + int.from_bytes(data[8:start], "little")
    header: dict[str, Any] = ast.literal_eval(data[start:end].decode())
    words = {"descr": repr(header["descr"]), "fortran_order": "False", "shape": str(array.shape)}
    match rng.randrange(6):
        case 0 | 1:
            shape = list(array.shape) or [1]
            at = rng.randrange(len(shape))
            shape[at] += rng.choice((-1, 1, 1000, 10**11))
            words["shape"] = rng.choice((*SHAPES, f"{tuple(shape)}", f"{tuple(shape)}"))
        case 2:
            words["descr"] = rng.choice(DESCRS)
        case 3:
            words["fortran_order"] = rng.choice(("True", "None", "1", "[]"))
        case 4:
            del words[rng.choice([*words])]
        case _:
            words[rng.choice(("extra", "shape2"))] = rng.choice(("1", "[" * 300 + "]" * 300))
    text = "{" + ", ".join(f"'{key}': {word}" for key, word in words.items()) + "}"
    text = written_out(text)
    raw = text.encode()
    size = end - start if len(raw) < end - start else len(raw) + 64
    version = rng.choice((data[6:8],) * 8 + (b"\x02\x00", b"\x03\x00", b"\x09\x00", b"\x00\x00"))
    return (
        data[:6]
        + version
        + size.to_bytes(start - 8, "little")
        + raw.ljust(size - 1)
        + b"\n"
        + data[end:]
    )


def written_out(text: str) -> str:
    """A header is read as a literal: powers are written out."""
    return re.sub(r"(\d+)\*\*(\d+)", lambda m: str(int(m[1]) ** int(m[2])), text)


def _npy_of(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asanyarray(value), allow_pickle=True)
    return file.getvalue()


Members = list[tuple[str, bytes]]


def zipped(rng: Random, data: bytes) -> bytes:
    """A member changed, lost, renamed or there twice; methods, sizes and places that lie."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = [(info.filename, file.read(info)) for info in file.infolist()]
        method = file.infolist()[0].compress_type
    at = rng.randrange(len(members))
    name, content = members[at]
    match rng.randrange(14):
        case 0:
            del members[at]
        case 1:
            members[at] = (
                rng.choice((name.upper(), f"x/{name}", f"../{name}", name[:-1])),
                content,
            )
        case 2:
            members.append((name, rng.choice(members)[1]))
        case 3:
            members[at] = (name, rng.choice((b"", b"hello", content[:60], pickle.dumps([1]), data)))
        case 4:
            method = rng.choice(METHODS)
        case 5 | 6:
            return _lying(rng, data)
        case _:
            members[at] = (name, _inside(rng, name, content))
    return _zip_of(members, method)


def _inside(rng: Random, name: str, content: bytes) -> bytes:
    """A member as its own format allows, or damaged, its checksum made anew."""
    if name.endswith(".npy") and rng.random() < 0.8:
        return npy(rng, content)
    changes = (*BYTES, *LINES) if name.endswith((".xml", ".rels")) else BYTES
    return rng.choice(changes)(rng, content)


def _zip_of(members: Members, method: int) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as new:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in members:
            new.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return file.getvalue()


def _lying(rng: Random, data: bytes) -> bytes:
    """One field of the zip's own records set to something else."""
    changed = bytearray(data)
    entries = [m.start() for m in re.finditer(b"PK\x01\x02", data)]
    ends = [m.start() for m in re.finditer(b"PK\x05\x06", data)]
    # Of a directory entry: version, flags, method, time, checksum, sizes, lengths, offset.
    at, size = rng.choice(((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2),
                           (42, 4)))  # fmt: skip
    place = rng.choice(entries) + at
    if rng.random() < 0.3 and ends:  # of the end: entries, size, offset, comment
        at, size = rng.choice(((8, 2), (10, 2), (12, 4), (16, 4), (20, 2)))
        place = ends[-1] + at
    value = rng.choice((0, 1, 8, 99, 14, 2**15, 2**16 - 1, 2**31, 2**32 - 1, 2**20))
    changed[place : place + size] = (value % 256**size).to_bytes(size, "little")
    return bytes(changed)


def pickled(rng: Random, data: bytes) -> bytes:
    """The same content with a node changed, in any protocol; or a program instead of data."""
    if rng.random() < 0.1:
        return rng.choice(BOMBS)
    return pickle.dumps(edited(rng, pickle.loads(data)), protocol=rng.randrange(6))


def matlab(rng: Random, data: bytes) -> bytes:
    from scipy.io import loadmat, savemat

    variables = {k: v for k, v in loadmat(io.BytesIO(data)).items() if not k.startswith("__")}
    name = rng.choice([*variables])
    match rng.randrange(5):
        case 0:
            variables[name[:-1]] = variables.pop(name)
        case 1:
            variables[name] = rng.choice(("text", {"a": 1}, np.array([[1, "x"]], dtype=object)))
        case 2:
            pass
        case _:
            variables[name] = edited_array(rng, variables[name])
    file = io.BytesIO()
    form = rng.choice(("5", "5", "4"))
    savemat(file, variables, format=form, do_compression=form == "5" and rng.random() < 0.5)
    return file.getvalue()


def safetensors(rng: Random, data: bytes) -> bytes:
    """The header, what the header describes in JSON, or the numbers; often signed anew."""
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    match rng.randrange(6):
        case 0:
            body = _odd_numbers(rng, body)
        case 1:
            header = edited(rng, header)
        case 2:
            name = rng.choice([key for key in header if key != "__metadata__"])
            header[name] = edited(rng, header[name])
        case 3:
            first, second = (rng.choice([*header]) for _ in "ab")
            header[first], header[second] = header[second], header[first]
        case _:
            texts = header["__metadata__"]
            signed, _, text = texts["edgcn"].partition(" ")
            texts["edgcn"] = f"{signed} {json.dumps(edited(rng, json.loads(text)))}"
    if rng.random() < 0.8:
        with suppress(Exception):  # where it is no such file any more
            _, _, text = header["__metadata__"]["edgcn"].partition(" ")
            signed = checksum(load(_file_of(header, body)), text)
            header["__metadata__"]["edgcn"] = f"{signed} {text}"
    return _file_of(header, body)


def _file_of(header: Any, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def _odd_numbers(rng: Random, body: bytes) -> bytes:
    values = np.frombuffer(body[: len(body) // 4 * 4], dtype="<f4").copy()
    odd = rng.choice((np.nan, np.inf, -np.inf, 1e38, 0, -1))
    at = rng.randrange(len(values))
    values[at : at + rng.choice((1, 1, 100, len(values)))] = odd
    return values.tobytes() + body[len(values) * 4 :]


def anything(rng: Random, data: bytes) -> bytes:
    """A small file of another kind."""
    return rng.choice(
        (_npy_of(np.zeros(3)), b"{}", b"[]", b"null", pickle.dumps({}), _zip_of([], 0),
         b"\x89PNG\r\n\x1a\n", b"%PDF-1.4", b"<html></html>", _npy_of(other(rng))
         if rng.random() < 0.1 else b"0\n")
    )  # fmt: skip


# By ending: what rewrites such a file.
REWRITES: dict[str, Change] = {
    ".json": json_text,
    ".boris": json_text,
    ".eaf": xml_text,
    ".jsonl": json_lines,
    ".yaml": yaml_text,
    ".npy": npy,
    ".npz": zipped,
    ".xlsx": zipped,
    ".pkl": pickled,
    ".mat": matlab,
    ".edgcn": safetensors,
    ".safetensors": safetensors,
}
# Whose lines mean something.
TEXTS = (
    ".json", ".jsonl", ".csv", ".tsv", ".txt", ".bvh", ".skeleton", ".yaml", ".boris", ".eaf",
)  # fmt: skip
