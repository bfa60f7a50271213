"""Long lists of JSON come item by item, as the whole file would be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgcn.base.errors import FileError
from edgcn.readers.text import json_stream
from edgcn.readers.text.json_stream import json_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    items=st.lists(VALUES | st.just(1.5e300), max_size=5),
    part=st.integers(1, 9),
    indent=st.sampled_from([None, 1]),
)
def test_items_are_those_of_the_whole_file_however_it_is_cut(
    items: list[Any], part: int, indent: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "items.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "PART", part)
        path.write_text(json.dumps(items, ensure_ascii=False, indent=indent), "utf-8-sig")
        assert [*json_items(path)] == items
        whole = {"before": 1, "list": items, "after": [2]}
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=indent))
        others: dict[str, Any] = {}
        assert [*json_items(path, key="list", others=others)] == items
        assert others == {"before": 1, "after": [2]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[1,\n2,\n"a" "b"]', "x.json:3: expected JSON, got Expecting ',' delimiter"),
        ("[1,\n]", "x.json:2: expected JSON, got Expecting value"),
        ("[1]\n[2]", "x.json:2: expected JSON, got Extra data"),
        ("[1,\n2", "x.json:2: expected JSON, got Expecting ',' delimiter"),
        ('[{"a": 1, "a": 2}]', "expected JSON, got 'a' twice in one object"),
        ("[" * 3000, "x.json"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FileError, match=r"x\.json") as error:
        [*json_items(path)]
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"list": [1],\n"list": [2]}', "'list' twice in one object"),
        ('{"list" [1]}', "Expecting ':' delimiter"),
        ("{1: [1]}", "Expecting property name"),
        ('{"list": [1]', "Expecting ',' delimiter"),
    ],
)
def test_an_object_of_a_list_is_as_strict(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FileError, match=says):
        [*json_items(path, key="list")]


def test_bytes_that_are_no_text_have_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'["a",\n"b\xff"]')
    with pytest.raises(FileError, match=r"x\.json:2: expected UTF-8 text, got byte 0xff"):
        [*json_items(path)]
