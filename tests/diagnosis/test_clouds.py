"""Where predictions land, and at which keypoint they lie, on distances that a person can check. Heads are 10 pixels long."""

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.diagnosis.clouds import BINS, cell_side, clouds
from posebench.diagnosis.confusions import confusions
from posebench.diagnosis.registration import registration
from posebench.plugins import registry
from posebench.scoring.compared import Compared

MPII = registry.protocol("mpii")
ANKLE, KNEE, WRIST, OTHER_WRIST = MPII.skeleton.index("right_ankle", "right_knee", "right_wrist", "left_wrist")
MIDDLE = BINS // 2


def compared(people: Instances, keypoints: np.ndarray) -> Compared:
    return MPII.compared(for_instances(people, keypoints), people, "official")


def test_what_is_off_to_the_right_and_up_lies_there_in_the_cloud(two_people: Instances) -> None:
    cloud = clouds(compared(two_people, two_people.keypoints + [2.0, -1.0]))["right_knee"]  # right within 5 pixels
    assert (cloud.x, cloud.y) == pytest.approx((0.4, -0.2))
    down, right = np.argwhere(cloud.counts).T
    assert all(down < MIDDLE) and all(right > MIDDLE)
    assert (cloud.counts.sum(), cloud.outside, cloud.keypoints) == (2, 0, 2)


def test_a_far_prediction_is_outside_and_moves_no_median(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[1, KNEE] += [3, 0]  # 0.6 of the distance up to which it is right
    cloud = clouds(compared(two_people, keypoints))["right_knee"]
    assert (cloud.counts[MIDDLE, MIDDLE], cloud.outside, cloud.x, cloud.y) == (1, 1, 0, 0)


def test_clouds_reach_as_far_as_half_of_all_predictions_need(two_people: Instances) -> None:
    reaches = [
        clouds(compared(two_people, two_people.keypoints + [right, 0]))["right_knee"].reach  # right within 5 pixels
        for right in (2.4, 2.6, 6.0, 19.0)
    ]
    assert reaches == [0.5, 1, 2, 4]


def test_the_side_of_a_cell_is_in_units_of_the_cloud(two_people: Instances) -> None:
    right = compared(two_people, two_people.keypoints)
    found = registration(right, right.rescored(right.predictions), (256, 256), 4)
    pixels = two_people.size.max(axis=1) / 64
    assert cell_side(right, found) == pytest.approx(np.median(pixels) / 5)


def test_right_predictions_lie_at_their_own_keypoint(two_people: Instances) -> None:
    found = confusions(compared(two_people, two_people.keypoints))
    assert found.same.tolist() == np.diag(found.predictions).tolist()
    assert not found.other.any()


def test_a_wrist_at_the_other_wrist_and_an_ankle_at_the_knee_are_confusions_of_one_person(
    two_people: Instances,
) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, WRIST] = two_people.keypoints[0, OTHER_WRIST] + [3, 0]
    keypoints[1, ANKLE] = two_people.keypoints[1, KNEE]
    found = confusions(compared(two_people, keypoints))
    assert (found.same[WRIST, OTHER_WRIST], found.same[WRIST, WRIST], found.same[ANKLE, KNEE]) == (1, 1, 1)
    assert found.same.sum() == found.predictions.sum()


def test_a_wrist_at_another_persons_knee_is_a_confusion_with_another_person(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, WRIST] = two_people.keypoints[1, KNEE]
    found = confusions(compared(two_people, keypoints))
    assert (found.other[WRIST, KNEE], found.other.sum(), found.same[WRIST, WRIST]) == (1, 1, 1)


def test_what_is_near_nothing_lies_nowhere(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, WRIST] = -500
    found = confusions(compared(two_people, keypoints))
    assert found.predictions[WRIST] == 2
    assert found.same[WRIST].sum() + found.other[WRIST].sum() == 1
