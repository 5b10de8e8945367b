import numpy as np
import pytest

from posebench.scoring.pck import area_under_curve, hits, normalised_distances, percentage, personal_area_under_curve

TRUTH = np.array([[[0.0, 0.0], [10.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [5.0, 5.0], [9.0, 9.0]]])
GUESS = np.array([[[3.0, 4.0], [10.0, 0.0], [1.0, 0.0]], [[0.0, 8.0], [5.0, 5.0], [9.0, 9.0]]])
LENGTHS = np.array([10.0, 4.0])


def test_distances_are_in_lengths_of_their_own_person() -> None:
    np.testing.assert_array_equal(normalised_distances(GUESS, TRUTH, LENGTHS), [[0.5, 0.0, 0.1], [2.0, 0.0, 0.0]])


def test_what_is_missing_is_infinitely_far_even_where_it_is_nan() -> None:
    guess = GUESS.copy()
    guess[0, 1] = np.nan
    missing = np.isnan(guess).any(axis=2)
    assert normalised_distances(guess, TRUTH, LENGTHS, missing)[0].tolist() == [0.5, np.inf, 0.1]


def test_a_distance_equal_to_the_threshold_is_a_hit() -> None:
    distances = normalised_distances(GUESS, TRUTH, LENGTHS)
    counted = np.ones((2, 3), bool)
    np.testing.assert_array_equal(
        hits(distances, counted, np.array([0.0, 0.1, 0.49, 0.5])).sum(axis=0),
        [[0, 2, 1], [0, 2, 2], [0, 2, 2], [1, 2, 2]],
    )


def test_only_counted_keypoints_count() -> None:
    counted = np.array([[True, True, False], [False, True, True]])
    np.testing.assert_array_equal(
        hits(normalised_distances(GUESS, TRUTH, LENGTHS), counted, np.array([0.5])).sum(axis=0), [[1, 2, 1]]
    )


def test_a_share_of_nothing_is_unknown() -> None:
    np.testing.assert_array_equal(percentage(np.array([1, 0]), np.array([4, 0])), [25.0, np.nan])


def test_area_under_a_straight_line_is_its_mean_height() -> None:
    assert area_under_curve(np.array([0.0, 50.0, 100.0])) == 50.0
    assert area_under_curve(np.array([80.0, 80.0])) == 80.0


def test_a_person_is_best_where_all_keypoints_are_exact() -> None:
    personal = personal_area_under_curve(
        np.array([[0.0, 0.0], [0.25, 9.0], [1.0, 1.0]]), np.array([[True, True], [True, True], [False, False]]), 0.5
    )
    np.testing.assert_array_equal(personal, [100.0, 25.0, np.nan])


@pytest.mark.parametrize("shift, expected", [(4.9, 100.0), (5.1, 0.0)])
def test_a_prediction_scores_until_it_moves_past_the_threshold(shift: float, expected: float) -> None:
    distances = normalised_distances(TRUTH + [shift, 0.0], TRUTH, np.array([10.0, 10.0]))
    total = hits(distances, np.ones((2, 3), bool), np.array([0.5])).sum()
    assert 100 * total / 6 == expected
