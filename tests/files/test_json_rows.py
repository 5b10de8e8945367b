"""JSON read by pieces: the same values as by Python's own parser, whatever the spacing, and a sentence for damaged files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posebench.errors import PosebenchError
from posebench.files import json_rows
from posebench.files.json_rows import ROOT, Collector, read_json


class Rows(Collector):
    """Keeps every row, and how many came at a time."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.pieces: list[int] = []

    def add(self, rows: list[Any]) -> None:
        self.rows += rows
        self.pieces.append(len(rows))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "PIECE", 100)
    monkeypatch.setattr(json_rows, "SMALL", 4)


def read(path: Path, text: str | bytes, *lists: str) -> Any:
    """The content of a file with this text; the rows of collected lists in the collectors' places."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    content = read_json(path, "a test file", dict.fromkeys(lists, Rows))
    if isinstance(content, dict):
        return {key: value.rows if isinstance(value, Rows) else value for key, value in content.items()}
    return content.rows if isinstance(content, Rows) else content


SPACINGS: dict[str, dict[str, Any]] = {
    "usual": {}, "compact": {"separators": (",", ":")}, "COCO's": {"separators": (",", ": ")}, "indented": {"indent": 2},
}  # fmt: skip
ROWS: list[Any] = [
    {"id": 1, "points": [0.1, -2.5e-7, 12345678901234567]},
    {"id": 2, "parts": [{"a": 1}, {"a": 2}, {"a": 3}], "of": {"counts": [1, 2], "size": [3, 4]}},
    {"id": 3, "text": 'it says }, { and "}]" and ends in \\', "name": "Zürich 日本 \U0001f600 \x7f"},
    {},
    {"id": 4, "empty": [], "nothing": None, "yes": True},
]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("spacing", SPACINGS.values(), ids=SPACINGS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_rows_are_those_of_the_json_module_in_any_spacing(
    spacing: dict[str, Any], ascii_only: bool, tmp_path: Path
) -> None:
    rows = ROWS * 40
    assert read(tmp_path / "a.json", json.dumps(rows, ensure_ascii=ascii_only, **spacing), ROOT) == rows
    content = {"info": {"rows": [7]}, "rows": rows, "other": ROWS, "last": [[]]}
    assert read(tmp_path / "a.json", json.dumps(content, ensure_ascii=ascii_only, **spacing), "rows") == content


@pytest.mark.usefixtures("small_pieces")
def test_a_list_comes_in_pieces_and_not_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"id": number} for number in range(100)]))
    found = read_json(tmp_path / "a.json", "a test file", {ROOT: Rows})
    assert sum(found.pieces) == 100
    assert max(found.pieces) < 20


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("odd", ["NaN", "-Infinity", '"x"', "[1, 2]", "17", '{"b": NaN}', '"' + "x" * 500 + '"'])
@pytest.mark.parametrize("place", [0, 13, 50])
def test_an_odd_row_stands_among_the_others(odd: str, place: int, tmp_path: Path) -> None:
    texts = [f'{{"id": {number}}}' for number in range(50)]
    texts.insert(place, odd)
    found = read(tmp_path / "a.json", f"[{','.join(texts)}]", ROOT)
    assert repr(found) == repr(json.loads(f"[{','.join(texts)}]"))


@pytest.mark.usefixtures("small_pieces")
def test_of_a_list_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    assert read(tmp_path / "a.json", '{"rows": [{"a": 1}], "rows": [{"a": 2}, {"a": 3}]}', "rows") == {
        "rows": [{"a": 2}, {"a": 3}]
    }


@pytest.mark.parametrize(
    "text", ["[]", "{}", " [ ] ", '{"rows": []}', '{"rows": 7}', '"text"', "17", '{"rows": {"a": []}}']
)
def test_files_without_rows_are_read_too(text: str, tmp_path: Path) -> None:
    assert read(tmp_path / "a.json", text, ROOT, "rows") == json.loads(text)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_byte_order_mark_and_other_encodings_are_understood(encoding: str, tmp_path: Path) -> None:
    rows = [{"name": "Zürich", "id": number} for number in range(50)]
    assert read(tmp_path / "a.json", json.dumps(rows, ensure_ascii=False).encode(encoding), ROOT) == rows


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("lists", [(), (ROOT, "rows")])
@pytest.mark.parametrize("content", [[*ROWS[:2], *ROWS], {"rows": ROWS[:3], "other": [1]}])
def test_a_file_cut_off_at_any_byte_is_a_sentence(content: Any, lists: tuple[str, ...], tmp_path: Path) -> None:
    text = json.dumps(content, ensure_ascii=False).encode()
    for end in range(1, len(text)):
        with pytest.raises(PosebenchError, match=r"a\.json is not readable JSON\. .*"):
            read(tmp_path / "a.json", text[:end], *lists)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "text, sentence",
    [
        ('[{"a": 1}] x', "Extra data at byte 11. Was it cut off?"),
        ('[{"a": 1},]', "Expecting value at byte 10. Was it cut off?"),
        ('[{"a": 1} {"a": 2}]', "Expecting ',' delimiter at byte 10."),
        ("[" + '{"a": 1}, ' * 100 + "oops]", "Expecting value at byte 1,001."),
        ('{"rows": [{}], oops}', "Expecting property name enclosed in double quotes at byte 15."),
        ('{"rows" 1}', "Expecting ':' delimiter at byte 8."),
        ("[" * 100_000, "Its lists or objects are nested too deeply."),
        ('{"a":' * 100_000, "Its lists or objects are nested too deeply."),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "It is not text. Is it another kind of file?"),
        (b'[{"a": "\xff"}]', "It is not text. Is it another kind of file?"),
    ],
)
def test_damage_is_a_sentence_that_says_where(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError) as caught:
        read(tmp_path / "a.json", text, ROOT, "rows")
    assert sentence in str(caught.value)
    assert str(tmp_path / "a.json") in str(caught.value)


@pytest.mark.usefixtures("small_pieces")
def test_all_bytes_are_hashed_once(tmp_path: Path) -> None:
    text = json.dumps({"rows": ROWS * 9, "last": 1}).encode() + b"\n\n"
    (tmp_path / "a.json").write_bytes(text)
    hashed = hashlib.sha256()
    read_json(tmp_path / "a.json", "a test file", {"rows": Rows}, hashed.update)
    assert hashed.hexdigest() == hashlib.sha256(text).hexdigest()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=9,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(VALUES, max_size=12), piece=st.integers(1, 60), spacing=st.sampled_from(list(SPACINGS.values())))
def test_any_list_is_what_the_json_module_makes_of_it(
    rows: list[Any], piece: int, spacing: dict[str, Any], tmp_path: Path
) -> None:
    text = json.dumps({"rows": rows}, ensure_ascii=False, **spacing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "PIECE", piece)
        # orjson makes a float of a number beyond 64 bits
        assert _rounded(read(tmp_path / "a.json", text, "rows")) == _rounded(json.loads(text))


def _rounded(value: Any) -> str:
    def float_of(text: str) -> Any:
        return float(text) if abs(int(text)) >= 2**63 else int(text)

    return repr(json.loads(json.dumps(value), parse_int=float_of))
