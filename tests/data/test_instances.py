from dataclasses import replace

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.errors import PosebenchError


def test_taking_rows_keeps_the_images_and_their_order(two_people: Instances) -> None:
    second = two_people.take(np.array([1]))
    assert len(second) == 1
    assert second.images == two_people.images
    assert second.measures["head_length"].shape == (1,)
    assert second.describe(0) == "row 0 (a.jpg, person 1)"


def test_a_column_of_another_length_is_refused(two_people: Instances) -> None:
    with pytest.raises(PosebenchError, match=r"'person' is \(3,\), but should be \(2,\)"):
        replace(two_people, person=np.arange(3))
    with pytest.raises(PosebenchError, match="'area'"):
        replace(two_people, measures={"area": np.zeros(3)})


def test_a_coordinate_that_is_not_finite_is_refused_by_name(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[1, 2, 0] = np.inf
    with pytest.raises(PosebenchError, match=r"keypoints of row 1 \(a.jpg, person 1\)"):
        replace(two_people, keypoints=keypoints)


def test_an_image_row_that_is_not_there_is_refused(two_people: Instances) -> None:
    with pytest.raises(PosebenchError, match="outside 0..0"):
        replace(two_people, image=np.array([0, 1]))
