"""Charts of lines: where points and ticks are."""

import pytest

from posebench.report.pages.line_chart import Chart, Line, points


def chart(*at: tuple[float, float], **changes) -> Chart:
    return Chart("loss over epochs", "epoch", (Line("", at),), **changes)


def test_the_field_is_filled_from_corner_to_corner():
    made = chart((0.0, 20.0), (5.0, 40.0), (10.0, 30.0))
    assert made.places(made.lines[0]) == [(46, 190), (227, 10), (408, 100)]


def test_ticks_are_round_numbers_within_the_field():
    made = chart((1.0, 20.0), (10.0, 40.0))
    assert [text for _, text in made.x_ticks] == ["2", "4", "6", "8", "10"]
    assert made.y_ticks == [(190, "20"), (154, "24"), (118, "28"), (82, "32"), (46, "36"), (10, "40")]


def test_equal_factors_are_equally_far_apart_on_a_logarithmic_axis():
    made = chart((0.0, 0.1), (1.0, 10.0), logarithmic=True)
    assert {text: place for place, text in made.y_ticks} == {
        "0.1": 190, "0.2": 162.9, "0.5": 127.1, "1": 100, "2": 72.9, "5": 37.1, "10": 10,
    }  # fmt: skip


@pytest.mark.parametrize("low, high", [(0.011, 0.019), (1.1, 5.5)])
def test_a_narrow_logarithmic_axis_has_ticks_too(low: float, high: float):
    made = chart((0.0, low), (1.0, high), logarithmic=True)
    assert len(made.y_ticks) > 2


def test_a_single_point_is_in_the_middle():
    made = chart((3.0, 7.0))
    assert made.places(made.lines[0]) == [(227, 100)]


def test_points_that_are_unknown_are_left_out():
    assert points([1, 2, 3, None], [5.0, None, float("nan"), 6.0, 7.0]) == ((1, 5.0),)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_values_that_are_all_equal_are_a_level_line(logarithmic: bool):
    made = chart((1.0, 5.0), (2.0, 5.0), logarithmic=logarithmic)
    assert [y for _, y in made.places(made.lines[0])] == [100, 100]
