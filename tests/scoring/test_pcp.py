"""Strict PCP on limbs that one can check by eye."""

import numpy as np

from posebench.scoring.pcp import Limb, limb_errors, limb_lengths, whole

LIMBS = (Limb("forearm", (0,), (1,)), Limb("spine", (0, 1), (2, 3)))
TRUTH = np.array([
    [[0.0, 0.0], [10.0, 0.0], [0.0, 20.0], [10.0, 20.0]],
    [[5.0, 5.0], [5.0, 5.0], [5.0, 9.0], [5.0, 9.0]],
    [[0.0, 0.0], [0.0, 4.0], [3.0, 2.0], [3.0, 2.0]],
])  # fmt: skip
NOTHING_MISSING = np.zeros((3, 4), bool)


def test_a_limb_may_end_in_the_middle_of_two_keypoints() -> None:
    assert limb_lengths(LIMBS, TRUTH).tolist() == [[10.0, 20.0], [0.0, 4.0], [4.0, 3.0]]


def test_the_farther_end_counts_in_lengths_of_the_limb() -> None:
    guess = TRUTH.copy()
    guess[0, 0] += [3.0, 4.0]  # 5 of 10 pixels
    guess[0, 1] += [0.0, 1.0]
    assert limb_errors(LIMBS, guess, NOTHING_MISSING, TRUTH)[0].tolist() == [0.5, np.hypot(1.5, 2.5) / 20]


def test_a_missing_end_misses_the_limb() -> None:
    missing = NOTHING_MISSING.copy()
    missing[0, 1] = True
    missing[2, 3] = True
    errors = limb_errors(LIMBS, np.where(missing[..., None], np.nan, TRUTH), missing, TRUTH)
    assert errors.tolist() == [[np.inf, np.inf], [0.0, 0.0], [0.0, np.inf]]


def test_a_limb_without_length_is_found_only_where_it_is_met_exactly() -> None:
    guess = TRUTH.copy()
    assert limb_errors(LIMBS, guess, NOTHING_MISSING, TRUTH)[1, 0] == 0
    guess[1, 0] += [0.0, 1e-6]
    assert limb_errors(LIMBS, guess, NOTHING_MISSING, TRUTH)[1, 0] == np.inf


def test_a_limb_is_whole_where_all_its_keypoints_are() -> None:
    labelled = np.array([[True, True, True, True], [False, True, True, True], [True, True, True, False]])
    assert whole(LIMBS, labelled).tolist() == [[True, True], [False, False], [True, False]]
