"""CLEAR MOT: objects 1, 2, … and hypotheses 7, 8, … frame by frame."""

from math import nan

import numpy as np

from posebench.scoring.clear_mot import Counts, Frame, assign, follow


def frame(objects: list[int], hypotheses: list[int], distances: list[list[float]]) -> Frame:
    return Frame(objects, hypotheses, np.array(distances, float).reshape(len(objects), len(hypotheses)))


def test_every_object_without_a_hypothesis_is_a_miss_and_every_other_hypothesis_a_false_positive() -> None:
    frames = [frame([1, 2], [7, 8, 9], [[0.1, nan, nan], [nan, nan, nan]]), frame([1], [], []), frame([], [7], [])]
    found = follow(frames)
    assert (found.objects, found.misses, found.switches, found.false_positives) == (3, 2, 0, 3)


def test_an_object_that_is_given_another_hypothesis_is_one_switch() -> None:
    frames = [frame([1], [7], [[0.1]]), frame([1], [8], [[0.1]]), frame([1], [8], [[0.1]])]
    assert follow(frames).switches == 1


def test_a_switch_is_counted_however_long_the_object_was_missed() -> None:
    frames = [frame([1], [7], [[0.1]]), frame([1], [], []), frame([], [7], []), frame([1], [8], [[0.1]])]
    assert follow(frames).switches == 1


def test_an_object_keeps_its_hypothesis_although_another_one_is_nearer() -> None:
    frames = [frame([1], [7], [[0.1]]), frame([1], [7, 8], [[0.4, 0.1]])]
    found = follow(frames)
    assert (found.switches, found.false_positives) == (0, 1)
    assert found.distance == 0.1 + 0.4


def test_the_sum_of_distances_counts_each_match_once_and_that_of_events_each_pair_and_each_match() -> None:
    found = follow([frame([1, 2], [7, 8], [[0.1, 0.3], [nan, 0.2]])])
    assert np.isclose(found.distance, 0.1 + 0.2)
    assert np.isclose(found.events, (0.1 + 0.3 + 0.2) + (0.1 + 0.2))


def test_a_switch_to_a_hypothesis_that_was_never_matched_is_two_events_more() -> None:
    found = follow([frame([1], [7], [[0.1]]), frame([1], [8], [[0.2]])])
    assert np.isclose(found.events, 2 * 0.1 + 3 * 0.2)  # the pair, the match, and its "ascend"


def test_a_hypothesis_that_goes_to_a_new_object_is_three_events_more() -> None:
    found = follow([frame([1], [7], [[0.1]]), frame([2], [7], [[0.2]])])
    assert np.isclose(found.events, 2 * 0.1 + 4 * 0.2)  # the pair, the match, its "transfer" and its "migrate"


def test_a_hypothesis_that_goes_to_an_object_with_a_history_is_two_events_more() -> None:
    frames = [frame([1, 2], [7, 8], [[0.1, nan], [nan, 0.1]]), frame([2], [7], [[0.2]])]
    assert np.isclose(follow(frames).events, 4 * 0.1 + 3 * 0.2)  # the pair, the match and its "transfer"


def test_nothing_at_all_counts_nothing() -> None:
    assert follow([]) == Counts()


def test_as_many_as_possible_are_assigned_and_of_these_the_nearest() -> None:
    inf = np.inf
    # Row 0 alone would take column 0; then row 1 would have none.
    assert assign(np.array([[0.1, 0.5, inf], [0.2, inf, inf]])) == [(0, 1), (1, 0)]
    assert assign(np.array([[0.1, 0.5], [0.2, 0.1]])) == [(0, 0), (1, 1)]
    assert assign(np.array([[inf, 0.3], [inf, inf], [inf, inf]])) == [(0, 1)]
    assert assign(np.full((2, 3), inf)) == []
