"""The body with each keypoint coloured by its score: places, bones, colours and names."""

from itertools import pairwise

import pytest
from matplotlib.colors import to_hex
from records import COCO, FLIC, MPII_JOINTS, record
from test_rows import board

from posebench.report.plots.body import bones, place
from posebench.report.plots.plot_body import LINE, body, labels

COCO_JOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


LSP_JOINTS = tuple(name for name in MPII_JOINTS if name not in ("pelvis", "thorax", "upper_neck")) + ("neck",)


def texts(figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_body_faces_the_reader() -> None:
    (left, shoulder), (right, _) = place("left_shoulder"), place("right_shoulder")
    assert left == -right > 0
    assert place("head_top")[1] < shoulder < place("left_ankle")[1]
    assert place("left_wing") is None


@pytest.mark.parametrize("joints", [MPII_JOINTS, COCO_JOINTS, LSP_JOINTS])
def test_bones_connect_all_keypoints_into_one_body(joints: tuple[str, ...]) -> None:
    joined = {joints[0]}
    for _ in joints:
        joined |= {end for bone in bones(joints) if joined & set(bone) for end in bone}
    assert joined == set(joints)
    assert ("left_wrist", "left_elbow") in bones(joints)


def test_a_body_without_middle_is_closed_at_shoulders_and_hips() -> None:
    found = bones(("left_shoulder", "right_shoulder", "left_hip", "right_hip"))
    assert found == [
        ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"),
        ("left_hip", "right_hip"),
    ]  # fmt: skip


def test_names_stand_below_each_other_where_they_would_meet() -> None:
    points = {name: place(name) for name in COCO_JOINTS}
    at = labels(points)
    left = sorted(at[name][1] for name in ("nose", "left_eye", "left_ear"))
    assert all(lower - upper >= LINE - 1e-9 for upper, lower in pairwise(left))


def test_keypoints_have_the_colour_of_their_score_and_their_name_with_it() -> None:
    figure = body(board(record(base=FLIC, per_joint={"left_wrist": 20.0, "right_wrist": 90.0, "left_elbow": None})))
    axis, bar = figure.axes
    low, high = (sum(bytes.fromhex(to_hex(color)[1:])) for color in axis.collections[0].get_facecolor())
    assert low < high  # cividis goes from dark to light
    assert bar.get_ylim() == (20, 90)
    assert texts(figure) == ["wrist 20.0", "wrist 90.0"]


def test_keypoints_of_other_names_are_listed_below() -> None:
    figure = body(board(record(per_joint={"nose": 50.0, "left_wing": 40.0})))
    assert texts(figure) == ["nose 50.0", "left_wing 40.0"]


def test_the_best_four_rows_stand_two_by_two_on_one_scale() -> None:
    figure = body(
        board(*(record(f"net{n}", metrics={"Mean": 50.0 + n}, per_joint={"nose": 60.0 + n}) for n in range(5)))
    )
    assert [axis.get_title() for axis in figure.axes[:-1]] == [
        "net4  54.00",
        "net3  53.00",
        "net2  52.00",
        "net1  51.00",
    ]
    assert figure.axes[-1].get_ylim() == (61, 64)
    assert "the best 4 of 5 rows" in figure.texts[1].get_text()


def test_beside_the_third_of_three_bodies_is_nothing() -> None:
    figure = body(board(*(record(f"net{n}", per_joint={"nose": 60.0 + n}) for n in range(3))))
    assert len(figure.axes) == 3 + 1  # and the scale


@pytest.mark.parametrize(
    "one", [record(base=COCO), record(per_joint={"left_wing": 4.0}), record(per_joint={"nose": None})]
)
def test_without_a_known_keypoint_there_is_no_body(one) -> None:
    assert body(board(one)) is None
