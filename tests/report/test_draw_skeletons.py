"""Drawn skeletons: each side in its colour, at its place, and nothing of what is uncertain or far away."""

import numpy as np

from posebench.data.skeleton import Skeleton
from posebench.report.galleries.draw_skeletons import draw_skeletons

ARMS = Skeleton(
    ("left_wrist", "left_elbow", "right_wrist", "right_elbow"),
    (("left_wrist", "left_elbow"), ("right_wrist", "right_elbow")),
)
BLUE, ORANGE = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)
GREY = np.full((400, 600, 3), 128, np.uint8)
PERSON = np.array([[[100, 50], [100, 350], [500, 50], [500, 350]]], float)
CERTAIN = np.ones((1, 4))


def test_a_bone_has_the_colour_of_its_side_and_the_image_stays_as_it_was() -> None:
    drawn = draw_skeletons(GREY, ARMS, PERSON, CERTAIN, 0.5)
    assert tuple(drawn[200, 100]) == BLUE
    assert tuple(drawn[200, 500]) == ORANGE
    assert tuple(drawn[200, 300]) == (128, 128, 128)
    assert (GREY == 128).all()


def test_a_keypoint_is_at_its_place() -> None:
    drawn = draw_skeletons(GREY, Skeleton(("left_wrist",)), np.array([[[20.0, 30.0]]]), np.ones((1, 1)), 0.5)
    rows, columns = np.nonzero((drawn != 128).any(axis=2))
    assert (rows.mean(), columns.mean()) == (30, 20)


def test_an_uncertain_keypoint_and_its_bones_are_left_out() -> None:
    drawn = draw_skeletons(GREY, ARMS, PERSON, np.array([[1, 0.5, 1, 1]]), 0.5)
    assert (drawn[200, 100] == 128).all()
    assert (drawn[350, 100] == 128).all()
    assert tuple(drawn[50, 100]) == BLUE
    assert tuple(drawn[200, 500]) == ORANGE


def test_people_far_outside_and_no_people_leave_the_image_as_it_is() -> None:
    for people in (PERSON * 1e9, np.full_like(PERSON, np.nan), np.empty((0, 4, 2))):
        assert (draw_skeletons(GREY, ARMS, people, np.ones(people.shape[:2]), 0.5) == GREY).all()
