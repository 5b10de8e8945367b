"""The gallery of possible label errors: a person and a close-up for each keypoint."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import posebench as pb
from posebench.report.galleries import label_gallery

Gallery = Callable[..., Figure]
HEAD, ANKLE = (1, "head_top", (0, -30)), (2, "right_ankle", (20, 0))
"""Person, keypoint, and where both runs have it, in pixels from the annotation."""


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gallery:
    """The figure of keypoints that both runs have elsewhere."""

    def draw(*moved: tuple[int, str, tuple[int, int]]) -> Figure:
        figures: list[Figure] = []
        monkeypatch.setattr(label_gallery, "save_photographs", lambda figure, path: figures.append(figure))
        people = pb.load_people("mpii").take(np.arange(3))
        guess = people.keypoints.copy()
        for row, name, by in moved:
            guess[row, people.skeleton.keypoints.index(name)] += by
        files = [pb.save_predictions(tmp_path / f"{by}.h5", guess + by, people) for by in (0, 1)]
        assert pb.label_errors(files, protocol="mpii", people=people).draw(tmp_path / "labels.jpg") == len(moved)
        return figures[0]

    return draw


def test_every_keypoint_has_two_tiles_the_person_and_a_close_up_of_both_places(gallery: Gallery) -> None:
    head, near_head, ankle, near_ankle = gallery(HEAD, ANKLE).axes
    captions = [axis.texts[0].get_text() for axis in (head, near_head, ankle, near_ankle)]
    assert (captions[0], captions[2]) == ("head top", "right ankle")
    assert captions[1].startswith("close-up: ")
    for person, close in ((head, near_head), (ankle, near_ankle)):
        # The line between both places is longer in the close-up, and ends within it.
        (whole,), (larger,) = (np.hypot(*np.diff(axis.lines[-6].get_data())) for axis in (person, close))
        assert larger > 1.5 * whole
        across, down = np.ptp(close.lines[-6].get_data(), axis=1)
        assert across < 0.5 * np.ptp(close.get_xlim()) and down < 0.5 * np.ptp(close.get_ylim())


def test_places_too_far_apart_for_an_enlarged_picture_of_both_have_a_close_up_each(gallery: Gallery) -> None:
    whole, annotated, agreed = gallery((1, "head_top", (0, -250))).axes
    assert agreed.texts[0].get_text().startswith("close-ups: ")
    assert annotated.get_position().y0 > agreed.get_position().y1  # one above the other
    for close, mark in ((annotated, -1), (agreed, -3)):  # the cross of the annotation, the ring of the runs
        ((x,), (y,)) = close.lines[mark].get_data()
        assert (x, y) == pytest.approx((np.mean(close.get_xlim()), np.mean(close.get_ylim())), abs=1)
        # The same 250 pixels of the photograph are longer than in the picture of the person.
        lengths = [np.hypot(*np.diff(axis.lines[-6].get_data())).item() for axis in (whole, close)]
        assert lengths[1] > 2 * lengths[0]


def test_the_cross_of_the_annotation_is_drawn_over_the_ring(gallery: Gallery) -> None:
    for axis in gallery(HEAD).axes:
        assert [line.get_marker() for line in axis.lines[-4:]] == ["o", "o", "x", "x"]


def test_one_keypoint_fills_the_picture(gallery: Gallery) -> None:
    figure = gallery(HEAD)
    assert figure.get_size_inches()[0] == pytest.approx(8, abs=0.1)
    assert sum(axis.get_position().width for axis in figure.axes) > 0.9
