import numpy as np
import pytest

from posebench.data.geometry import Crop, cell_to_pixel, pixel_to_cell, transform, widened


def test_the_side_that_is_too_short_for_the_aspect_grows() -> None:
    size = np.array([[30.0, 80.0], [90.0, 40.0], [60.0, 80.0]])
    assert widened(size, 3 / 4).tolist() == [[60, 80], [90, 120], [60, 80]]
    assert widened(size[0], 2.0).tolist() == [160, 80]


def test_a_crop_takes_edges_to_edges() -> None:
    # A region 20 wide and 40 high about (9.5, 19.5) spans -0.5..19.5 and -0.5..39.5; the crop 10 x 20 spans -0.5..9.5.
    crop = Crop.around(np.array([9.5, 19.5]), np.array([20.0, 40.0]), (10, 20))
    corners = np.array([[-0.5, -0.5], [19.5, 39.5], [9.5, 19.5]])
    np.testing.assert_allclose(transform(crop.matrix, corners), [[-0.5, -0.5], [9.5, 19.5], [4.5, 9.5]])


def test_the_side_too_short_for_the_aspect_is_widened() -> None:
    crop = Crop.around(np.array([0.0, 0.0]), np.array([10.0, 40.0]), (30, 40))
    assert crop.matrix[0, 0] == crop.matrix[1, 1] == 1.0


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0.0, 33.0, -120.0])
def test_there_and_back_is_the_identity(rotation: float, mirror: bool) -> None:
    crop = Crop.around(np.array([31.0, 77.0]), np.array([50.0, 90.0]), (48, 64)).perturbed(1.2, rotation, mirror)
    points = np.array([[3.0, 4.0], [100.5, -7.25], [31.0, 77.0]])
    np.testing.assert_allclose(transform(crop.inverse, transform(crop.matrix, points)), points, atol=1e-9)


def test_the_middle_stays_under_any_perturbation() -> None:
    crop = Crop.around(np.array([31.0, 77.0]), np.array([50.0, 90.0]), (48, 64)).perturbed(0.8, 47, True)
    np.testing.assert_allclose(transform(crop.matrix, np.array([[31.0, 77.0]])), [[23.5, 31.5]])
    assert crop.mirrored


def test_a_mirror_exchanges_the_first_and_the_last_column() -> None:
    crop = Crop.around(np.array([3.5, 2.5]), np.array([8.0, 6.0]), (8, 6)).perturbed(1, 0, True)
    np.testing.assert_allclose(transform(crop.matrix, np.array([[0.0, 2.0], [7.0, 2.0]])), [[7.0, 2.0], [0.0, 2.0]])


def test_a_quarter_turn_takes_right_to_down() -> None:
    crop = Crop.around(np.array([3.5, 3.5]), np.array([8.0, 8.0]), (8, 8)).perturbed(1, 90, False)
    np.testing.assert_allclose(transform(crop.matrix, np.array([[6.5, 3.5]])), [[3.5, 6.5]], atol=1e-12)


def test_a_larger_region_shows_things_smaller() -> None:
    crop = Crop.around(np.array([3.5, 3.5]), np.array([8.0, 8.0]), (8, 8)).perturbed(2, 0, False)
    np.testing.assert_allclose(transform(crop.matrix, np.array([[7.5, 3.5]])), [[5.5, 3.5]])


@pytest.mark.parametrize("stride, first, second", [(1, 0.0, 1.0), (2, 0.5, 2.5), (4, 1.5, 5.5)])
def test_a_cell_lies_in_the_middle_of_its_pixels(stride: int, first: float, second: float) -> None:
    assert (cell_to_pixel(0, stride), cell_to_pixel(1, stride)) == (first, second)
    assert pixel_to_cell(cell_to_pixel(7.25, stride), stride) == 7.25


def test_maps_of_many_people_are_broadcast() -> None:
    matrices = np.stack([np.array([[2.0, 0, 1], [0, 3.0, 0]]), np.array([[0, -1.0, 0], [1.0, 0, 5]])])
    points = np.array([[[1.0, 1.0]], [[2.0, 3.0]]])
    np.testing.assert_array_equal(transform(matrices, points), [[[3, 3]], [[-3, 7]]])
