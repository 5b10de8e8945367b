"""Many arrays of a MATLAB file at once are what each is alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from posebench.files import matlab_columns
from posebench.files.arrays import load_structs
from posebench.files.matlab import Element
from posebench.files.matlab_columns import Elements

EMPTY = np.zeros((0, 0))
NUMBERS: list[Any] = [
    1.5, 300, -2, np.uint8(200), np.int16(-300), np.float32(0.1), 2.0**60, True, np.int64(2**60 + 1), np.uint64(2**63),
    "7", "-2.5", "x", "", EMPTY, np.zeros((3, 0)), np.arange(5), 2 + 1j, np.full((1, 1, 1), 4.5),
]  # fmt: skip


def struct(records: list[dict[str, Any]]) -> Any:
    """A 1×N struct array."""
    array = np.empty((1, len(records)), dtype=[(name, object) for name in records[0]])
    for row, record in enumerate(records):
        array[0, row] = tuple(record.values())
    return array


def people(count: int) -> Any:
    """Of each number's kind some, with 1 to 3 points; of the fields that people may lack, every combination."""
    persons: list[Any] = []
    for row in range(count):
        points = [{"x": NUMBERS[(row + 5 * i) % len(NUMBERS)], "id": i} for i in range(1 + row % 3)]
        points = [point | {"seen": row} for point in points] if row % 4 == 1 else points
        person = {"scale": NUMBERS[row % len(NUMBERS)], "points": EMPTY if row % 5 == 2 else struct(points)}
        persons.append(7 if row % 11 == 3 else "text" if row % 11 == 4 else struct([person] * (1 + (row % 7 == 0))))
    return struct([{"person": person} for person in persons])


def elements(tmp_path: Path, count: int = 200, compressed: bool = True) -> list[Element]:
    savemat(tmp_path / "a.mat", {"people": people(count)}, do_compression=compressed)
    return load_structs(tmp_path / "a.mat", "people").fields()["person"]


def alone(arrays: list[Element]) -> tuple[list[int], dict[str, list[Element | None]]]:
    """`Records` from one array at a time."""
    of: list[int] = []
    fields = [one.fields() for one in arrays]
    names = dict.fromkeys(name for own in fields for name in own)
    columns: dict[str, list[Element | None]] = {name: [] for name in names}
    for row, own in enumerate(fields):
        count = len(next(iter(own.values()), []))
        of += [row] * count
        for name, column in columns.items():
            column += own.get(name, [None] * count)
    return of, columns


def same(found: Elements, expected: list[Element | None]) -> None:
    places = [(0, 0) if one is None else (one.start, one.end) for one in expected]
    assert list(zip(found.start.tolist(), found.end.tolist(), strict=True)) == places


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("fewest", [2, 16, 10**6])
def test_records_and_numbers_are_those_of_each_array(
    fewest: int, compressed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matlab_columns, "FEWEST", fewest)
    arrays = elements(tmp_path, compressed=compressed)
    found, (of, columns) = Elements.of(arrays).records(), alone(arrays)
    assert found.of.tolist() == of
    assert sorted(found.fields) == sorted(columns) == ["points", "scale"]
    for name, column in columns.items():
        same(found.fields[name], column)
    scales = [one.number() for one in columns["scale"] if one]
    np.testing.assert_array_equal(found.numbers("scale"), scales)
    assert set(np.array(scales)[np.isfinite(scales)]) == {
        1.5, 300, -2, 200, -300, float(np.float32(0.1)), 2.0**60, 1, 2.0**63, 7, -2.5, 4.5
    }  # fmt: skip
    points = found.records("points")
    of, columns = alone([one for one in columns["points"] if one])
    assert points.of.tolist() == of
    for name in ("x", "id", "seen"):
        same(points.fields[name], columns[name])
        numbers = [np.nan if one is None else one.number() for one in columns[name]]
        np.testing.assert_array_equal(points.numbers(name), numbers)


def test_the_first_record_of_each_array_is_taken_and_what_is_not_there_is_empty(tmp_path: Path) -> None:
    arrays = elements(tmp_path)
    first = Elements.of(arrays).first()
    assert first.of.tolist() == list(range(200))
    fields = [one.fields().get("scale") for one in arrays]
    same(first.fields["scale"], [None if own is None else own[0] for own in fields])
    assert np.isnan(first.numbers("nothing")).all()
    assert first.first("nothing").fields == first.records("nothing").fields == {}
    assert len(Elements.of([]).first().of) == 0
    assert len(Elements.of([]).numbers()) == 0


@pytest.mark.parametrize("old, new", [([14, 56], [13, 56]), ([14, 56], [14, 2**31])])
def test_an_array_that_cannot_be_is_refused_as_it_is_alone(old: list[int], new: list[int], tmp_path: Path) -> None:
    alike = [{"person": struct([{"scale": row + 0.5, "name": "abc"}])} for row in range(40)]
    savemat(tmp_path / "a.mat", {"people": struct(alike)})
    content, before = (tmp_path / "a.mat").read_bytes(), np.array(old, "<u4").tobytes()
    place = [i for i in range(len(content)) if content.startswith(before, i)][20]
    (tmp_path / "a.mat").write_bytes(content[:place] + np.array(new, "<u4").tobytes() + content[place + 8 :])
    arrays = load_structs(tmp_path / "a.mat", "people").fields()["person"]
    with pytest.raises(ValueError) as expected:
        alone(arrays)
    with pytest.raises(ValueError) as found:
        Elements.of(arrays).records()
    assert str(found.value) == str(expected.value)
    assert "an array of kind" in str(found.value)
