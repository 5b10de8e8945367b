"""The plot of scores on parts of the data: parts of one criterion beside each other."""

from records import record
from test_rows import board

from posebench.report.plots.plot_parts import parts


def part(by: str, name: str, value: float, people: int = 7) -> dict[str, object]:
    return {
        "by": by,
        "name": name,
        "value": value,
        "interval": [value - 1, value + 2],
        "people": people,
        "keypoints": 9,
    }


def test_parts_of_one_criterion_stand_beside_each_other_with_their_intervals() -> None:
    slices = [
        part("visibility", "visible", 90),
        part("activity", "dancing", 40),
        part("visibility", "occluded", 60, 1234),
    ]
    figure = parts(board(record(slices=slices)))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_xticklabels()] == [
        "visibility:\nvisible\n7 people", "visibility:\noccluded\n1,234 people", "activity:\ndancing\n7 people",
    ]  # fmt: skip
    intervals, marks = axis.collections
    assert marks.get_offsets().tolist() == [[0, 90], [1, 60], [2, 40]]
    assert [line[:, 1].tolist() for line in intervals.get_segments()] == [[89, 92], [59, 62], [39, 42]]
    assert figure.texts[0].get_text().startswith("PCKh@0.5 on parts of the data, mpii val")


def test_records_without_parts_have_no_plot() -> None:
    assert parts(board(record())) is None
