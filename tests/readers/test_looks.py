"""Which reader takes a path that comes without a name: one, or a line that says what to do."""

import json
import shutil
from pathlib import Path

import pytest

import edgcn
from contracts.test_readers import OF_FILES, SETS
from edgcn.base.errors import EdgcnError
from edgcn.commands.prepare import NO_PATH, PrepareConfig, prepare, readers
from edgcn.readers import READERS
from edgcn.readers.looks import LOOKS, look


def test_every_reader_of_files_says_what_they_look_like() -> None:
    built_in = {name for name, read in READERS.items() if read.__module__.startswith("edgcn.")}
    assert built_in - set(NO_PATH) <= set(LOOKS)


@pytest.mark.parametrize("name", OF_FILES)
def test_each_set_is_taken_for_what_it_is(name: str, tmp_path: Path) -> None:
    small = SETS[name](tmp_path)
    assert small.path is not None
    found = look(small.path, readers())
    assert (found.reader, found.path) == (name.partition(" ")[0], small.path)
    assert "\n" not in found.why


def test_a_path_alone_is_read_and_it_is_said_by_which_reader(tmp_path: Path) -> None:
    small = SETS["ntu"](tmp_path / "recordings")
    lines: list[str] = []
    prepare(PrepareConfig(reader=str(small.path), out=tmp_path / "store"), say=lines.append)
    assert lines[0] == (
        f"{small.path} is taken for ntu, as S001C001P001R001A001.skeleton looks; otherwise: "
        f"`edgcn prepare READER {small.path}`"
    )


def test_in_python_a_path_alone_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = SETS["clips_npz"](tmp_path)
    assert small.path is not None
    one = edgcn.prepare(small.path, out=tmp_path / "one")
    two = edgcn.prepare(path=str(small.path), out=tmp_path / "two")
    named = edgcn.prepare("clips_npz", small.path, out=tmp_path / "three")
    assert one.fingerprint == two.fingerprint == named.fingerprint
    assert capsys.readouterr().out.count("is taken for clips_npz") == 2


def test_one_file_in_a_folder_is_taken_where_the_reader_takes_files(tmp_path: Path) -> None:
    small = SETS["clips_npz"](tmp_path)
    assert small.path is not None
    (tmp_path / "notes.txt").write_text("recorded in March")
    assert look(tmp_path, readers())[:2] == ("clips_npz", small.path)
    shutil.copy(small.path, tmp_path / "more.npz")
    with pytest.raises(EdgcnError, match=r"has 2 files for the reader clips_npz, which takes one"):
        look(tmp_path, readers())


def test_what_lies_beside_recordings_is_no_format_of_its_own(tmp_path: Path) -> None:
    """Coders' files and videos lie where poses do; a damaged first file tells nothing."""
    small = SETS["openpose"](tmp_path)
    assert small.path is not None
    (small.path / "P01.eaf").write_text("<ANNOTATION_DOCUMENT/>")
    (small.path / "labels.csv").write_text("name,label\none,a\n")
    (small.path / "data.json").write_text(json.dumps({"name": "x"}))
    assert small.damage is not None
    small.damage.write_bytes(b"")
    assert look(small.path, readers()).reader == "openpose"


def test_several_formats_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    SETS["ntu"](tmp_path)
    SETS["clips_npz"](tmp_path)
    with pytest.raises(EdgcnError) as raised:
        look(tmp_path, readers())
    assert str(raised.value) == (
        f"{tmp_path} may be for several readers, ntu (as S001C001P001R001A001.skeleton "
        f"looks), clips_npz (as clips.npz looks); say which: `edgcn prepare READER {tmp_path}`"
    )


def test_what_no_reader_takes_is_one_line_that_says_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"PK")
    with pytest.raises(EdgcnError, match=r"none of its 1 files .* there are .*ntu.*openpose"):
        look(tmp_path, readers())
    (tmp_path / "one.skeleton").write_bytes(b"bones")
    with pytest.raises(EdgcnError, match="of a known format, though named as those of ntu are"):
        look(tmp_path, readers())


def test_a_store_and_a_folder_of_stores_are_known(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    small = SETS["stgcn"](tmp_path / "recordings")
    prepare(PrepareConfig(path=small.path, out=tmp_path / "stores" / "one"), say=lambda _: None)
    with pytest.raises(EdgcnError, match="is a store already"):
        look(tmp_path / "stores" / "one", readers())
    assert look(tmp_path / "stores", readers()).reader == "stores"


@pytest.mark.parametrize(("reader", "expected"), [
    ("", "give the recordings"),
    ("nowhere/at/all", "no file, folder or reader is named"),
    ("opnpose", "did you mean 'openpose'"),
])  # fmt: skip
def test_neither_reader_nor_path_is_one_line(reader: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=expected):
        prepare(PrepareConfig(reader=reader, out=tmp_path / "store"), say=lambda _: None)
