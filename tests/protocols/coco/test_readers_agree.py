"""Whatever is in a file, simdjson's readers and Python's objects make the same columns of it, or the same sentence."""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written

from posebench.errors import PosebenchError
from posebench.files import json_rows
from posebench.plugins.registry import protocol

COCO = protocol("coco")
NUMERIC_ROWS = sys.modules["posebench.protocols.coco.numeric_rows"]
ODD: tuple[Any, ...] = (
    None, True, "x", "7", [], [1], {}, {"a": 1}, -1, 0, 1.5, -0.0, 7.0, 2**53 + 1, 2**63, 2**64, 10**30, 1e308, 1e-320, -8e9,
    float("nan"), float("inf"), [[1, 2], 3], "\\u0041 \"keypoints\": [1]",
)  # fmt: skip
SPACINGS: tuple[dict[str, Any], ...] = ({}, {"separators": (",", ":")}, {"separators": (",", ": ")}, {"indent": 1})
pytestmark = pytest.mark.skipif(NUMERIC_ROWS.simdjson is None, reason="simdjson has no wheel for this Python")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few rows."""
    monkeypatch.setattr(json_rows, "PIECE", 1500)


def content_of(made: Any) -> dict[str, Any]:
    """Every attribute of Instances or Predictions, arrays as their type, shape and bytes."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.dtype.str, value.shape, np.where(value == 0, 0, value).tobytes()
        return {key: plain(part) for key, part in value.items()} if isinstance(value, dict) else value

    return {one.name: plain(getattr(made, one.name)) for one in fields(made)}


def both(read: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `read` makes, or the sentence that it raises: with simdjson, and without."""
    results = []
    for parser in (NUMERIC_ROWS.simdjson, None):
        monkeypatch.setattr(NUMERIC_ROWS, "simdjson", parser)
        try:
            results.append(content_of(read()))
        except PosebenchError as error:
            results.append(str(error))
    monkeypatch.undo()
    return results


def changed(rows: list[dict[str, Any]], draw: random.Random) -> list[dict[str, Any]]:
    """Rows of which some have something odd, at any place."""
    for _ in range(draw.choice([0, 1, 1, 2])):
        row = draw.choice(rows[draw.choice([0, 5, 12]) :])
        name = draw.choice([*row, "more"])
        value = row.get(name)
        where = draw.randrange(5)
        if where == 0:
            row.pop(name, None)
        elif where == 1 and isinstance(value, list) and value:
            value[draw.randrange(len(value))] = draw.choice(ODD)
        elif where == 2 and isinstance(value, list):
            row[name] = value[: draw.randrange(len(value) + 1)] + [1] * draw.randrange(3)
        elif where == 3:
            row.pop(name, None)
            row[name] = value  # the last one now
        else:
            row[name] = draw.choice(ODD)
    return rows


@pytest.mark.parametrize("seed", range(120))
def test_of_results(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)  # noqa: S311  # a test is no secret
    more = draw.choice(
        [{}, {"bbox": [1.5, 2, 30, 40]}, {"id": 7}, {"center": [45.0, 60.0], "scale": [0.3, 0.4]}, {"area": 9.5}]
    )
    rows = [
        {
            "image_id": draw.choice((3, 5, 9)), "category_id": 1,
            "keypoints": [draw.choice([round(draw.uniform(-9, 999), 3), draw.random(), 17]) for _ in range(51)],
            "score": draw.random(),
        } | json.loads(json.dumps(more))
        for _ in range(20)
    ]  # fmt: skip
    (tmp_path / "dt.json").write_text(json.dumps(changed(rows, draw), **draw.choice(SPACINGS)))
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    with_simdjson, without = both(lambda: COCO.read_predictions(tmp_path / "dt.json", people), monkeypatch)
    assert with_simdjson == without


@pytest.mark.parametrize("seed", range(120))
def test_of_annotations(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)  # noqa: S311  # a test is no secret
    outlines: list[Any] = [
        [[1.5, 2, 3, 4.25, 5, 6]],
        [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]],
        {"counts": [3, 4], "size": [5, 6]},
    ]
    has_outlines = draw.random() < 0.6
    rows = [
        annotation(id=number, image_id=draw.choice((3, 5, 9)), area=draw.choice([draw.uniform(1, 9999), 300]))
        | ({"segmentation": json.loads(json.dumps(draw.choice(outlines)))} if has_outlines else {})
        for number in range(1, 21)
    ]
    content = dataset(*changed(rows, draw))
    (tmp_path / "gt.json").write_text(json.dumps(content, **draw.choice(SPACINGS)))
    with_simdjson, without = both(lambda: COCO.instances(tmp_path / "gt.json", "val"), monkeypatch)
    assert with_simdjson == without


@pytest.mark.parametrize(
    "outline",
    [
        "[[1,2],[3,4]]", "[[1.5, 2], [3, 4]]", "[[-1.5,-2],[-0,0.25]]", '{"counts": [3,4],"size": [5,6]}', "[[1e5]]", "[[]]", "[]",
        "[[1],2]", "[[[1]]]", "[[1,2]  ]", "7", '"x"', "null", '{"counts": "3x","size": [5,6]}', '{"counts": [3]}',
        "[[1,,2]]", "[[1,2,]]", "[[,1]]", "[[01]]", "[[1,00]]", "[[1.2.3]]", "[[1.]]", "[[.5]]", "[[-]]", "[[--1]]", "[[+1]]",
        "[[1 2]]",
        "[[1],,[2]]", "[[1][2]]", "[[1],]", "[[1,2]", "[[1]]]", "[[1]],[[2]]", "[[1,NaN]]", '{"counts": [3,,4],"size": [5,6]}',
        '{"counts": [3],"size": []}', '{"counts": [3],"size": [5,06]}',
    ],
)  # fmt: skip
def test_of_annotations_with_an_odd_outline(outline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [annotation(id=number, segmentation=[[1, 2.5, 3]]) for number in range(1, 21)]
    rows[12]["segmentation"] = "OUTLINE"
    (tmp_path / "gt.json").write_text(json.dumps(dataset(*rows)).replace('"OUTLINE"', outline))
    with_simdjson, without = both(lambda: COCO.instances(tmp_path / "gt.json", "val"), monkeypatch)
    assert with_simdjson == without
    try:
        json.loads(outline)
    except ValueError:
        assert "is not readable JSON" in with_simdjson or "annotation 12" in with_simdjson
    else:
        assert len(with_simdjson["image"][2]) == 20 * 8


@pytest.mark.parametrize(
    "more", [{}, {"bbox": [1.5, 2, 30, 40]}, {"id": 7, "area": 9.5}, {"center": [45.0, 60.0], "scale": [0.3, 0.4]}]
)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_usual_results_do_not_become_python_objects(
    more: dict[str, Any], spacing: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"image_id": 3, "category_id": 1, "keypoints": [1.5] * 51, "score": 0.5} | more for _ in range(60)]
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    as_objects = counted_rows(monkeypatch)
    (tmp_path / "dt.json").write_text(json.dumps(rows, **spacing))
    assert len(COCO.read_predictions(tmp_path / "dt.json", people)) == 60
    assert sum(as_objects) < 20  # the first piece


@pytest.mark.parametrize("outline", [None, [[1.5, 2, 3, 4.25, 5, 6]]])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_usual_annotations_do_not_become_python_objects(
    outline: Any, spacing: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {} if outline is None else {"segmentation": outline}
    content = dataset(*(annotation(id=number, **more) for number in range(1, 61)))
    as_objects = counted_rows(monkeypatch)
    (tmp_path / "gt.json").write_text(json.dumps(content, **spacing))
    assert len(COCO.instances(tmp_path / "gt.json", "val")) == 60
    assert sum(as_objects) < 20


@pytest.mark.parametrize("box", [[[20.0], 30, 50, 60], [[], [20, 30], 50, 60], [20, [[30]], 50, 60]])
def test_a_list_within_a_box_is_refused_also_where_its_numbers_are_as_many(box: Any, tmp_path: Path) -> None:
    content = dataset(*(annotation(id=number, segmentation=[[1.5, 2, 3, 4.25, 5, 6]]) for number in range(1, 21)))
    content["annotations"][12]["bbox"] = box
    with pytest.raises(PosebenchError, match="annotation 12: TypeError"):
        COCO.instances(written(tmp_path / "gt.json", content), "val")


def counted_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of rows that become Python objects at a time, while files are read."""
    columns = sys.modules["posebench.protocols.coco.json_columns"].Columns
    found: list[int] = []
    add = columns.add
    monkeypatch.setattr(columns, "add", lambda self, rows: (found.append(len(rows)), add(self, rows))[1])
    return found


@pytest.mark.parametrize("seed", range(20))
def test_of_people_in_several_lists_with_further_numbers(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COCO-WholeBody: five lists of keypoints, scores of parts, padding of each keypoint."""
    draw = random.Random(seed)  # noqa: S311  # a test is no secret
    wholebody = protocol("wholebody")
    counts = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
    part_score = draw.choice([{}, {"foot_score": 0.25}, {"face_score": 0.5, "wholebody_score": 1}])
    padding = draw.choice([{}, {"pad_to_contain": [1.0, 2.0, *[1.1] * 131]}])

    def lists() -> dict[str, list[float]]:
        return {
            name: [draw.choice([1.5, 7, 2]) if n % 3 < 2 else draw.choice([0, 1, 2]) for n in range(3 * count)]
            for name, count in counts.items()
        }

    rows = [
        {"image_id": 3, "category_id": 1, "score": draw.random()} | json.loads(json.dumps(part_score)) | lists()
        for _ in range(14)
    ]
    people = [annotation(id=number) | json.loads(json.dumps(padding)) | lists() for number in range(14)]
    which = seed % 2
    truth = written(tmp_path / "gt.json", dataset(*(people if which else changed(people, draw))))
    (tmp_path / "dt.json").write_text(json.dumps(changed(rows, draw) if which else rows, **draw.choice(SPACINGS)))
    monkeypatch.setattr(json_rows, "PIECE", 9000)

    def read() -> Any:
        found = wholebody.instances(truth, "val")
        return wholebody.read_predictions(tmp_path / "dt.json", found) if which else found

    with_simdjson, without = both(read, monkeypatch)
    assert with_simdjson == without
