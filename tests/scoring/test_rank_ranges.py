"""Ranks as ranges: which places remain possible, and how often a claim is wrong where nothing differs."""

import time

import numpy as np
import pytest

from posebench.scoring.rank_ranges import rank_ranges, tied

RESAMPLES = 1000


def noise(rows: int, deviation: float = 1.0, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, deviation, (rows, RESAMPLES))
    return drawn - drawn.mean(axis=1, keepdims=True)


def ranges(values: list[float], deviation: float = 1.0, seed_error: float = 0.0) -> list[tuple[int, int] | None]:
    drawn = np.array(values)[:, None] + noise(len(values), deviation)
    return rank_ranges(values, list(drawn), [seed_error] * len(values))


def test_rows_far_apart_have_one_rank_each() -> None:
    assert ranges([30, 20, 10]) == [(1, 1), (2, 2), (3, 3)]


def test_rows_that_chance_explains_share_all_ranks() -> None:
    assert ranges([10.2, 10.1, 10.0]) == [(1, 3)] * 3


def test_a_range_counts_the_rows_that_are_significantly_better_and_worse() -> None:
    # Neighbours are 3 apart with a standard error of 1.4, so they are tied, and next neighbours are not.
    assert ranges([16, 13, 10, 0]) == [(1, 2), (1, 3), (2, 3), (4, 4)]


def test_the_order_of_the_rows_does_not_matter() -> None:
    values = [0.0, 13, 16, 10]
    drawn = np.array(values)[:, None] + noise(4)
    assert rank_ranges(values, list(drawn), [0] * 4) == [(4, 4), (1, 3), (1, 2), (2, 3)]


def test_what_rows_share_over_images_cancels() -> None:
    shared = noise(1, 50)[0]
    values = [11.0, 10.0]
    assert rank_ranges(values, [shared + 11, shared + 10 + noise(1, 0.1)[0]], [0, 0]) == [(1, 1), (2, 2)]
    assert rank_ranges(values, [shared + 11, noise(1, 50, 1)[0] + 10], [0, 0]) == [(1, 2), (1, 2)]


def test_a_spread_over_seeds_widens_ranges_that_images_alone_would_part() -> None:
    assert ranges([12, 10], deviation=0.2) == [(1, 1), (2, 2)]
    assert ranges([12, 10], deviation=0.2, seed_error=1.5) == [(1, 2), (1, 2)]


def test_a_row_without_resamples_has_no_range_and_is_never_told_apart() -> None:
    drawn = np.array([30.0, 20.0])[:, None] + noise(2)
    assert rank_ranges([30, 25, 20], [drawn[0], None, drawn[1]], [0, 0, 0]) == [(1, 2), None, (2, 3)]
    assert rank_ranges([2, 1], [None, None], [0, 0]) == [None, None]


def test_equal_files_are_tied_and_one_row_is_the_first() -> None:
    drawn = noise(1)[0]
    assert rank_ranges([5, 5], [drawn + 5, drawn + 5], [0, 0]) == [(1, 2), (1, 2)]
    assert rank_ranges([5], [drawn + 5], [0]) == [(1, 1)]
    assert rank_ranges([], [], []) == []


def test_where_nothing_differs_a_table_makes_a_wrong_claim_one_time_in_twenty() -> None:
    rng = np.random.default_rng(0)
    images, rows, trials = 100, 6, 300
    weights = rng.multinomial(images, [1 / images] * images, RESAMPLES) / images
    wrong = 0
    for _ in range(trials):
        scores = rng.normal(0, 1, (images, rows)) + rng.normal(0, 3, (images, 1))  # images are hard for all rows alike
        found = rank_ranges(scores.mean(axis=0).tolist(), list((weights @ scores).T), [0] * rows)
        wrong += any(one != (1, rows) for one in found)
    assert 0.02 < wrong / trials < 0.09


def test_a_hundred_rows_take_a_second() -> None:
    began = time.monotonic()
    found = ranges([float(row) for row in range(100)])
    assert time.monotonic() - began < 5  # of a machine that does other things too
    assert found[50] == pytest.approx((45, 57), abs=5)


def test_a_group_ends_where_all_rows_above_outrank_all_rows_below() -> None:
    assert tied([(1, 2), (1, 3), (2, 3), (4, 4), (5, 6), (5, 6)]) == [0, 0, 0, 1, 2, 2]
    assert tied([(1, 2), (2, 3), (2, 3)]) == [0, 0, 0]
    assert tied([]) == []


def test_a_row_without_a_range_stays_in_the_group_in_which_it_stands() -> None:
    assert tied([(1, 2), None, (2, 3)]) == [0, 0, 1]
    assert tied([None, None]) == [0, 0]
