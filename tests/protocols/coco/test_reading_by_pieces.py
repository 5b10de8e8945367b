"""Large COCO files are read by pieces: every row keeps its number and its value, with simdjson and without."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.files import json_rows
from posebench.plugins.registry import protocol

COCO = protocol("coco")
PARSERS = sys.modules["posebench.protocols.coco.numeric_rows"]
BOX = [1.5, 2, 30, 40]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of one row to a few, so that small files are cut too."""
    monkeypatch.setattr(json_rows, "PIECE", 2000)


@pytest.fixture(params=["simdjson", "orjson"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The parser of rows of numbers."""
    if request.param == "orjson":
        monkeypatch.setattr(PARSERS, "simdjson", None)
    elif PARSERS.simdjson is None:
        pytest.skip("simdjson is not installed: it has no wheel for this Python")
    return str(request.param)


def detection(row: int, **changes: Any) -> dict[str, Any]:
    """Every number of the file is another one."""
    points = [round(1000 * row + 10.1 * k + part / 7, 3) for k in range(17) for part in range(3)]
    return {"image_id": (3, 5, 9)[row % 3], "category_id": 1, "keypoints": points, "score": row / 7} | changes


def found(folder: Path, entries: list[Any], text: str | None = None) -> Predictions:
    people = COCO.instances(written(folder / "gt.json", dataset(annotation())), "val")
    (folder / "dt.json").write_text(json.dumps(entries) if text is None else text)
    return COCO.read_predictions(folder / "dt.json", people)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("more", [{}, {"bbox": BOX}, {"id": 7}, {"center": [45.0, 60.0], "scale": [0.3, 0.4]}])
def test_all_numbers_of_a_result_list_are_read_to_the_bit(more: dict[str, Any], tmp_path: Path) -> None:
    entries = [detection(row, **more) for row in range(40)]
    made = found(tmp_path, entries)
    points = np.array([entry["keypoints"] for entry in entries]).reshape(40, 17, 3)
    assert made.keypoints.tolist() == points[..., :2].tolist()
    assert made.scores.tolist() == points[..., 2].tolist()
    assert made.score.tolist() == [row / 7 for row in range(40)]
    assert [made.images[i] for i in made.image[:4]] == ["003.jpg", "005.jpg", "009.jpg", "003.jpg"]
    assert (None if made.bbox is None else made.bbox.tolist()) == ([BOX] * 40 if "bbox" in more else None)
    assert made.region is None or np.allclose(made.region, [44.5, 59.5, 60.0, 80.0])
    assert (made.region is None) == ("center" not in more)


NUMBERS = "0.1", "-0.0", "-0", "1e-320", "9007199254740993", "18446744073709551615", "5e-324", "1.7976931348623157e308"


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("number", [*NUMBERS, "123456789012345678901234567890", "0.1000000000000000055511151231257827"])
def test_a_number_is_the_float_that_python_makes_of_it(number: str, tmp_path: Path) -> None:
    entries = [detection(row) for row in range(40)]
    entries[33]["keypoints"] = ["NUMBER", *entries[33]["keypoints"][1:]]
    made = found(tmp_path, [], json.dumps(entries).replace('"NUMBER"', number))
    assert made.keypoints[33, 0, 0].tobytes() == np.float64(float(number)).tobytes() or number == "-0"
    assert made.keypoints[33, 0, 0] == float(number)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("row", [0, 1, 17, 39])
@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"image_id": 4}, "image_id 4 is not among the 3 images of gt.json"),
        ({"image_id": [3]}, "not a detection of 17 keypoints"),
        ({"category_id": 2}, r"category_id 2 is not that of people \(1\)"),
        ({"keypoints": [1, 2, 0.5] * 16}, "not a detection of 17 keypoints"),
        ({"keypoints": [[1, 2, 0.5]] * 17}, "not a detection of 17 keypoints"),
        ({"keypoints": [[1], 2, 0.5] * 17}, "not a detection of 17 keypoints"),
        ({"keypoints": ["1", 2, 0.5] * 17}, "not a detection of 17 keypoints"),
        ({"keypoints": [None, 2, 0.5] * 17}, "not a detection of 17 keypoints"),
        ({"keypoints": {"x": 1}}, "not a detection of 17 keypoints"),
        ({"score": "0.5"}, "not a detection of 17 keypoints"),
    ],
)
def test_a_wrong_row_of_any_piece_is_named(row: int, changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    entries = [detection(row) for row in range(40)]
    entries[row] |= changes
    with pytest.raises(PosebenchError, match=rf"dt\.json, row {row}: {sentence}"):
        found(tmp_path, entries)


@pytest.mark.usefixtures("parser")
def test_a_missing_field_and_a_number_that_is_not_finite_are_named(tmp_path: Path) -> None:
    entries = [detection(row) for row in range(40)]
    del entries[21]["score"]
    with pytest.raises(PosebenchError, match=r"row 21: it lacks 'score'"):
        found(tmp_path, entries)
    entries[21]["score"] = float("nan")
    with pytest.raises(PosebenchError, match=r"a score of row 21 \(003.jpg\) is not finite"):
        found(tmp_path, entries)
    entries[21] |= {"score": 1, "keypoints": [float("inf"), 2, 0.5] * 17}
    with pytest.raises(PosebenchError, match=r"the first is nose of row 21 \(003.jpg\)"):
        found(tmp_path, entries)


@pytest.mark.usefixtures("parser")
def test_the_first_of_two_wrong_rows_is_named(tmp_path: Path) -> None:
    entries = [detection(row) for row in range(40)]
    entries[12] |= {"score": None}
    entries[35] |= {"image_id": 4}
    with pytest.raises(PosebenchError, match="row 12: "):
        found(tmp_path, entries)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("twice", ['"score": 0.25, "score": 0.5', '"score": 0.25, "sc\\u006fre": 0.5'])
def test_of_a_field_that_is_there_twice_the_last_counts(twice: str, tmp_path: Path) -> None:
    entries = [detection(row) for row in range(40)]
    entries[30]["score"] = "TWICE"
    assert found(tmp_path, [], json.dumps(entries).replace('"score": "TWICE"', twice)).score[30] == 0.5


@pytest.mark.usefixtures("parser")
def test_boxes_of_all_results_are_needed_where_the_first_has_one(tmp_path: Path) -> None:
    entries = [detection(row, bbox=BOX) for row in range(40)]
    entries[29]["bbox"] = [1, 2, 3]
    with pytest.raises(PosebenchError, match=r"row 29: bbox is \[1, 2, 3\], but row 0 has x, y, width and height"):
        found(tmp_path, entries)
    entries[29]["bbox"] = [1, 2, 3, 2e9]
    with pytest.raises(
        PosebenchError, match=r"row 29: a box should be finite numbers .* not \[1.0, 2.0, 3.0, 2000000000.0\]"
    ):
        found(tmp_path, entries)


@pytest.mark.usefixtures("parser")
def test_regions_are_read_where_every_row_has_one(tmp_path: Path) -> None:
    entries = [detection(row, center=[45.0, 60.0], scale=[0.3, 0.4]) for row in range(40)]
    entries[5]["scale"] = "large"
    with pytest.raises(
        PosebenchError, match=r"row 5: a box should be finite numbers .* not \[\[45.0, 60.0\], 'large'\]"
    ):
        found(tmp_path, entries)
    del entries[38]["scale"]
    assert found(tmp_path, entries).region is None


def test_an_annotation_in_many_pieces_has_its_people_in_order_of_image_and_file(tmp_path: Path) -> None:
    entries = [annotation(id=number, image_id=(9, 3, 5)[number % 3], area=float(number)) for number in range(1, 41)]
    for entry in entries[::3]:
        entry["segmentation"] = [[10.0, 10.0, 20.5, 10.0, 20.5, 30.25]]
    entries[7] |= {"iscrowd": 1, "segmentation": {"counts": [1, 2, 3], "size": [200, 300]}}
    people = COCO.instances(written(tmp_path / "gt.json", dataset(*entries)), "val")
    ids = [*range(1, 41, 3), *range(2, 41, 3), *range(3, 41, 3)]
    assert people.person.tolist() == ids
    assert people.measures["area"].tolist() == ids
    assert people.measures["iscrowd"].nonzero()[0].tolist() == [ids.index(8)]
    assert people.keypoints[-1].tolist() == [[20.0 + 3 * k, 30.0 + 2 * k] for k in range(17)]


@pytest.mark.parametrize("order", [("images", "annotations"), ("annotations", "images")])
def test_images_may_stand_before_or_after_the_annotations(order: tuple[str, str], tmp_path: Path) -> None:
    content = dataset(*(annotation(id=number) for number in range(1, 21)))
    moved = {"categories": content["categories"]} | {key: content[key] for key in order}
    assert COCO.instances(written(tmp_path / "gt.json", moved), "val").person.tolist() == list(range(1, 21))
    moved["annotations"][15]["image_id"] = 4
    moved["annotations"][18]["area"] = None
    with pytest.raises(PosebenchError, match="annotation 15: image_id 4 is not among 'images'"):
        COCO.instances(written(tmp_path / "gt.json", moved), "val")
    moved["annotations"][15]["image_id"] = 3
    with pytest.raises(PosebenchError, match="annotation 18: TypeError"):
        COCO.instances(written(tmp_path / "gt.json", moved), "val")


def test_only_a_few_rows_at_the_beginning_become_python_objects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if PARSERS.simdjson is None:
        pytest.skip("simdjson is not installed: it has no wheel for this Python")
    monkeypatch.setattr(json_rows, "PIECE", 1 << 18)
    columns = sys.modules["posebench.protocols.coco.json_columns"].Columns
    add, rows_of_calls = columns.add, []
    monkeypatch.setattr(columns, "add", lambda self, rows: (rows_of_calls.append(len(rows)), add(self, rows))[1])
    made = found(tmp_path, [detection(row) for row in range(100)])
    # Of one annotation; of 4 KiB of results, 500 bytes each; and the last row, which no other follows.
    assert rows_of_calls[0] == 1 and 5 < rows_of_calls[1] < 15
    assert len(made) == 100 and sum(rows_of_calls) < 18


def test_a_box_of_a_later_piece_is_named_by_its_row(tmp_path: Path) -> None:
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    boxes: list[Any] = [
        {"image_id": 3, "category_id": 1, "bbox": [1, 2, 3, row + 1], "score": 0.5} for row in range(200)
    ]
    assert COCO.detected(people, written(tmp_path / "b.json", boxes), 0.0).bbox[:, 3].tolist() == list(range(1, 201))
    for wrong, sentence in (
        ("x", "row 150 is no box: 'x'"), (boxes[150] | {"score": True}, "row 150: True is no number"),
        (boxes[150] | {"bbox": [1, 2, 3, 1e16]}, "row 150: a number is not finite or too large"),
    ):  # fmt: skip
        boxes[150] = wrong
        with pytest.raises(PosebenchError, match=sentence):
            COCO.detected(people, written(tmp_path / "b.json", boxes), 0.0)
        boxes[150] = boxes[0]


needs_simdjson = pytest.mark.skipif(
    PARSERS.simdjson is None, reason="simdjson is not installed: it has no wheel for this Python"
)


def read_numbers(rows: str) -> Any:
    return PARSERS.NumericRows().read(memoryview(rows.encode()))


ROWS = '{"nn": 7, "xy": [1, 2.5]}, {"nn": 8, "xy": [3, 4]}'


@needs_simdjson
@pytest.mark.parametrize(
    "text",
    [
        f"[{ROWS}]",
        '[{"nn":7,"xy":[1,2.5]},{"nn":8,"xy":[3,4]}]',
        '[ {"nn" : 7.0, "xy" : [ 1 , 25e-1 ] } , {"nn" : 8, "xy" : [ 3 , 4 ] }]',
        json.dumps(json.loads(f"[{ROWS}]"), indent=2),
        '[{"xy": [1, 2.5], "nn": 7}, {"xy": [3, 4], "nn": 8}]',
    ],
    ids=["usual", "compact", "spaces", "indented", "other order"],
)
def test_rows_of_numbers_are_read_in_any_spacing_and_order(text: str) -> None:
    found = read_numbers(text.removeprefix("[").removesuffix("]").rstrip())
    assert found["nn"].tolist() == [7.0, 8.0]
    assert found["xy"].tolist() == [[1.0, 2.5], [3.0, 4.0]]


@needs_simdjson
@pytest.mark.parametrize(
    "second",
    [
        '{"nn": 8, "xy": [3, 4], "more": 1}', '{"nn": 8, "nn": 9, "xy": [3, 4]}', '{"nn": 8, "mm": 9}', '{"xy": [3, 4], "nn": 8}',
        '{"nn": 8, "xy":  [3, 4]}', '{"nn": 8, "xy": [3, [4]]}', '{"nn": 8, "xy": [[3], 4]}', '{"nn": 8, "xy": [3, 4, 5]}',
        '{"nn": 8, "xy": [3]}', '{"nn": 8, "xy": []}', '{"nn": [8], "xy": [3, 4]}', '{"nn": 8, "xy": 3, 4}',
        '{"nn": 8, 9, "xy": [3]}',
        '{"nn": , "xy": [8, 3, 4]}', '{"nn": 8, "xy": [3, 4], 5}', '{"nn": 8, "xy": [3, NaN]}', '{"nn": 8, "xy": [3, true]}',
        '{"nn": 8, "xy": [3, null]}', '{"nn": 8, "xy": [3, "4"]}', '{"nn": 8, "xy": [3, {}]}', '{"nn": 08, "xy": [3, 4]}',
        '{"nn": 8, "xy": [3, 4.]}', '{"nn": 8 9, "xy": [3, 4]}', '{"nn": 8, "xy": [3, 1e999]}', "[8, 9]", "8", '"x"', "{}",
        '{"nn": 8, "xy": [3, 4, -8e9, 9, -8e9, 5, 6]}', '{"nn": 8, "xy": [3, -8e9]}', '{"nn": 8, "xy": [3',
        '{"n\\u006e": 8, "xy": [3, 4]}',
    ],
)  # fmt: skip
def test_rows_of_another_form_than_the_first_are_left_to_the_caller(second: str) -> None:
    first = '{"nn": 7, "xy": [1, 2.5]}'
    reader = PARSERS.NumericRows()
    for rows in ((first, second), (first, first, second), (first, second, first), (second, first)):
        found = reader.read(memoryview(", ".join(rows).encode()))
        assert found is None, rows
        # A refused piece does not stop the next.
        assert reader.read(memoryview(f"{first}, {first}".encode()))["nn"].tolist() == [7, 7]


@needs_simdjson
def test_rows_with_outlines_are_read_without_them() -> None:
    rows = (
        '{"oo": [[1,2.5],[3,-4]],"nn": 7}',
        '{"oo": {"counts": [5, 6],"size": [7, 8]},"nn": 8}',
        '{"oo": [[9, 10]],"nn": 9}',
    )
    found = read_numbers(",".join(rows))
    assert list(found) == ["nn"] and found["nn"].tolist() == [7.0, 8.0, 9.0]
    assert read_numbers('{"nn": 7, "oo": [[1]]}, {"nn": 8, "oo": [[2], [3]]}')["nn"].tolist() == [7.0, 8.0]


@needs_simdjson
@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["0", "1", "25", ".", "3.5", "-", ",", ", ", "],[", "[", "]", " ", "e1"]), max_size=9))
def test_an_outline_that_is_taken_out_is_json(parts: list[str]) -> None:
    outline = f"[[{''.join(parts)}]]"
    if read_numbers(f'{{"oo": [[1]],"nn": 7}},{{"oo": {outline},"nn": 8}}') is not None:
        assert all(isinstance(part, list) for part in json.loads(outline))


JSON_NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-10000, 10000, places=3).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
)


@needs_simdjson
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(JSON_NUMBERS, JSON_NUMBERS, JSON_NUMBERS), min_size=2, max_size=6))
def test_any_number_is_read_as_python_reads_it_or_left_to_the_caller(rows: list[tuple[str, str, str]]) -> None:
    text = ", ".join(f'{{"n1": {n}, "xy": [{x}, {y}]}}' for n, x, y in rows)
    found = read_numbers(text)
    if found is None:  # simdjson has no whole numbers beyond 64 bits, nor any that is infinite as float64
        assert any(
            "." not in n and "e" not in n.lower() and abs(int(n)) > 2**63 - 1 for row in rows for n in row
        ) or any(
            number in ("-8e9", "-8E9") or float(number) in (-8e9, float("inf"), -float("inf"))
            for row in rows
            for number in row
        )
        return
    read = np.column_stack([found["n1"], found["xy"]])
    expected = np.array([[float(number) for number in row] for row in rows])
    assert np.where(read == 0, 0.0, read).tobytes() == np.where(expected == 0, 0.0, expected).tobytes()
