"""Galleries of people: whom they show, and what is drawn of them."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from posebench.data.geometry import Crop
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.report.galleries import overlays as pages
from posebench.report.galleries.compared_overlays import Shown, compared_overlays, most_different
from posebench.report.galleries.overlays import best_median_worst, overlays


def chosen(scores: list[float], labelled: list[int], count: int) -> list[list[int]]:
    return [rows.tolist() for rows in best_median_worst(np.array(scores), np.array(labelled), count)]


def test_a_gallery_has_the_best_the_median_and_the_worst_and_skips_nan():
    scores = [0.5, np.nan, 0.9, 0.1, 0.7, np.nan, 0.3]
    assert chosen(scores, [16] * 7, 1) == [[2], [0], [3]]


def test_the_median_row_is_around_the_median_of_everyone_in_falling_order():
    assert chosen([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [16] * 10, 2) == [[9, 8], [5, 4], [0, 1]]


def test_nobody_is_in_two_rows_and_few_people_have_no_median_row():
    assert chosen([0.1, 0.2, 0.3], [1] * 3, 6) == [[2, 1], [], [0]]


def test_of_equal_scores_the_people_with_more_annotations_are_shown():
    assert chosen([1.0, 1.0, 1.0, 0.0, 0.0], [2, 16, 9, 1, 5], 2) == [[1, 2], [0], [4, 3]]


def test_two_runs_differ_most_on_the_people_with_the_largest_difference_of_scores():
    one, other = np.array([0.5, 0.9, 0.2, np.nan, 0.6]), np.array([0.5, 0.1, 0.9, 0.3, 0.4])
    assert [rows.tolist() for rows in most_different(one, other, 2)] == [[1, 4], [2]]


def people(n: int = 5) -> Instances:
    keypoints = np.tile(np.array([[10.0, 10.0], [30.0, 10.0], [20.0, 30.0]]), (n, 1, 1))
    return Instances(
        dataset="mpii", split="val", image_ids=np.arange(n), image=np.arange(n), person=np.zeros(n, int),
        skeleton=Skeleton(("left_wrist", "right_wrist", "nose"), (("left_wrist", "nose"), ("right_wrist", "nose"))),
        images=tuple(f"{i}.jpg" for i in range(n)), center=np.full((n, 2), 20.0), size=np.full((n, 2), 40.0),
        keypoints=keypoints, visibility=np.full((n, 3), 2, np.int8), usable=np.ones(n, bool),
    )  # fmt: skip


def page(path: Path, scores: list[float], missing: bool = False) -> list[int]:
    read: list[int] = []

    def read_image(row: int):
        read.append(row)
        return np.full((40, 50, 3), 90, np.uint8)

    n = len(scores)
    someone = people(n)
    overlays(someone, someone.keypoints, np.full((n, 3), missing), np.array(scores), read_image, path, "title")
    return read


def test_a_page_reads_the_photographs_of_the_best_then_of_the_median_then_of_the_worst(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages, "COUNT", 1)
    assert page(tmp_path / "page.png", [0.5, np.nan, 0.9, 0.1]) == [2, 0, 3]
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_a_page_can_be_of_one_person_without_any_prediction(tmp_path: Path):
    assert page(tmp_path / "page.png", [0.0], missing=True) == [0]


def test_a_page_has_the_same_bytes_again(tmp_path: Path):
    page(tmp_path / "a.png", [0.5, 0.1])
    page(tmp_path / "b.png", [0.5, 0.1])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_page_of_nobody_is_refused(tmp_path: Path):
    with pytest.raises(PosebenchError, match="no person has a score"):
        page(tmp_path / "page.png", [np.nan])


def test_limbs_are_coloured_by_side():
    colors = [
        pages.side_color(*bone) for bone in (("left_hip", "pelvis"), ("right_knee",), ("left_hip", "right_hip"), ())
    ]
    assert colors == [pages.LEFT, pages.RIGHT, pages.MIDDLE, pages.MIDDLE]


def test_bones_of_one_side_are_drawn_in_its_colour_with_a_gap_after_each():
    arms = Skeleton(
        ("left_wrist", "left_elbow", "left_shoulder", "right_wrist", "nose"),
        (("left_wrist", "left_elbow"), ("right_wrist", "nose"), ("left_elbow", "left_shoulder")),
    )
    axis = Figure().add_subplot()
    points = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [np.nan, np.nan]])
    crop = Crop.around(np.array([24.5, 19.5]), np.array([50.0, 40.0]), (50, 40))
    pages.draw_person(axis, np.zeros((40, 50, 3), np.uint8), crop, arms, points, None)
    left = next(line for line in axis.lines if line.get_color() == pages.LEFT)
    np.testing.assert_allclose(left.get_xdata(), [1, 3, np.nan, 3, 5, np.nan], atol=1e-9)
    np.testing.assert_allclose(left.get_ydata(), [2, 4, np.nan, 4, 6, np.nan], atol=1e-9)
    right = next(line for line in axis.lines if line.get_color() == pages.RIGHT)
    np.testing.assert_allclose(right.get_xdata(), [7, np.nan, np.nan], atol=1e-9)


def compared(path: Path, one: list[float], other: list[float]) -> list[int]:
    read: list[int] = []

    def read_image(row: int):
        read.append(row)
        return np.full((40, 50, 3), 90, np.uint8)

    someone = people(len(one))
    runs = (
        Shown("$A", someone.keypoints, np.array(one)),
        Shown("B" * 90, someone.keypoints * np.nan, np.array(other)),
    )
    compared_overlays(someone, runs, read_image, path, "title")
    return read


def test_a_comparison_shows_whom_the_first_run_does_better_then_whom_the_second_does(tmp_path: Path):
    assert compared(tmp_path / "c.png", [0.1, 0.9, 0.5], [0.4, 0.2, 0.5]) == [1, 0]
    assert compared(tmp_path / "again.png", [0.1, 0.9, 0.5], [0.4, 0.2, 0.5]) == [1, 0]
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_a_comparison_of_equal_runs_is_refused(tmp_path: Path):
    with pytest.raises(PosebenchError, match="score the same on every person of mpii val"):
        compared(tmp_path / "c.png", [0.1], [0.1])
