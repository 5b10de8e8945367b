"""The plot of scores by keypoint: what is drawn for each row and side, and on which scale."""

import pytest
from matplotlib.colors import to_hex
from records import FLIC, record
from test_rows import board

from posebench.report.plots.plot_joints import joints, paired
from posebench.report.plots.plot_style import PALETTE

BOUNDS = {"left_wrist": (92.0, 96.0), "right_wrist": (91.0, 95.5)}


def marks(axis) -> list[list[float]]:
    """Scores of each kind of mark, in the order in which they were drawn."""
    return [
        part.get_offsets()[:, 1].tolist()
        for part in axis.collections
        if len(part.get_offsets()) and part.get_sizes().size
    ]


def ticks(figure) -> list[str]:
    return [label.get_text() for axis in figure.axes for label in axis.get_xticklabels()]


def test_left_and_right_share_a_name() -> None:
    assert paired({"left_hip": 1, "nose": 2, "right_hip": None}, {"left_toe": 3}) == {
        "hip": {"left": "left_hip", "right": "right_hip"}, "nose": {"": "nose"}, "left_toe": {"": "left_toe"},
    }  # fmt: skip


def test_left_and_right_are_marks_beside_each_other_with_their_intervals() -> None:
    (axis,) = joints(board(record(base=FLIC, per_joint_intervals=BOUNDS))).axes
    intervals, left, right = axis.collections
    assert [segment[:, 1].tolist() for segment in intervals.get_segments()] == [[92, 96], [91, 95.5]]
    assert (left.get_offsets()[:, 1].tolist(), right.get_offsets()[:, 1].tolist()) == ([97.5, 94.5], [96.5, 93.5])
    assert all(left.get_offsets()[:, 0] < right.get_offsets()[:, 0])
    assert [segment[0, 0] for segment in intervals.get_segments()] == [
        left.get_offsets()[1, 0],
        right.get_offsets()[1, 0],
    ]


def test_the_scale_fits_what_is_drawn() -> None:
    (axis,) = joints(board(record(base=FLIC, per_joint_intervals=BOUNDS))).axes
    low, high = axis.get_ylim()
    assert 90 < low < 91 and 97.5 < high < 98.5


def test_panels_of_one_plot_have_one_scale() -> None:
    one, other = joints(board(*(record(f"net{place}") for place in range(6)))).axes
    assert one.get_ylim() == other.get_ylim()
    assert len(ticks(one.figure)) == 10


def test_rows_have_colours_of_their_own_and_stand_in_their_order() -> None:
    high, low = record("a", FLIC), record("b", FLIC, metrics={"Elbow": 90.0}, per_joint={"nose": 90.0})
    (axis,) = joints(board(high, low)).axes
    assert [to_hex(part.get_facecolor()[0]).upper() for part in axis.collections] == [
        PALETTE[0],
        PALETTE[0],
        PALETTE[1],
    ]
    assert ticks(axis.figure) == ["nose", "elbow", "wrist"]


def test_a_keypoint_that_was_not_predicted_is_a_dash() -> None:
    per_joint = {"nose": None, "left_wrist": None, "right_wrist": 40.0}
    (axis,) = joints(board(record(per_joint=per_joint))).axes
    assert ticks(axis.figure) == ["wrist"]  # nobody predicted the nose
    assert [text.get_text() for text in axis.texts] == ["–"]
    assert axis.collections[0].get_offsets()[:, 1].tolist() == [40]


def test_keypoints_go_from_head_to_foot_whatever_their_order() -> None:
    assert ticks(joints(board(record())))[:4] == ["head\ntop", "upper\nneck", "shoulder", "elbow"]
    assert ticks(joints(board(record())))[-1] == "ankle"


@pytest.mark.parametrize(("metrics", "dashed"), [({"Wrist": 80.0}, True), ({"Mean": 80.0}, False)])
def test_the_annotators_agreement_is_dashed_and_inside_the_scale(metrics: dict[str, float], dashed: bool) -> None:
    ceiling = {"what": "two annotators", "metrics": metrics, "curves": []}
    (axis,) = joints(board(record(base=FLIC, ceiling=ceiling))).axes
    found = [part.get_segments()[0].tolist() for part in axis.collections if hasattr(part, "get_segments")]
    assert found == ([[[0.55, 80], [1.45, 80]]] if dashed else [])
    assert (axis.get_ylim()[0] < 80) == dashed
