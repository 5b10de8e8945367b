"""The sentence on how long training takes, by a clock that the test turns."""

import pytest

from posebench.cli.estimate import Estimate
from posebench.errors import duration
from posebench.training.run import Progress


def sentences(seconds_a_step: float, steps: int, done: int = 0, taken: int = 40) -> list[str]:
    """What is said in the first `taken` steps of a run of `steps`, of which `done` were done before."""
    clock, said = [100.0], []
    estimate = Estimate(said.append, lambda: clock[0])
    for step in range(done + 1, done + taken + 1):
        clock[0] += seconds_a_step
        estimate(Progress(steps=steps, epochs=1, step=step))
    return said


def test_it_is_said_once_for_the_steps_that_are_left() -> None:
    # 3 steps are not measured, 20 are: 1,000 - 23 = 977 are left, at 0.5 s each.
    assert sentences(0.5, 1000) == ["Training takes about 8 min 8 s more: 0.5 s a step, 977 steps left."]


def test_slow_steps_are_enough_when_ten_seconds_are_measured() -> None:
    # The 4th step ends 60 s after the 3rd.
    assert sentences(60, 1000, taken=5) == ["Training takes about 16 h 36 min more: 60 s a step, 996 steps left."]


def test_a_resumed_run_counts_what_is_left() -> None:
    assert sentences(1, 1000, done=700) == ["Training takes about 4 min 47 s more: 1 s a step, 287 steps left."]


def test_less_than_a_minute_is_not_worth_a_line() -> None:
    assert sentences(0.01, 1000) == []


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (287, "4 min 47 s"), (569, "9 min 29 s"), (600, "10 min"),
        (2000, "33 min"), (3569, "59 min"), (3599, "1 h 0 min"), (7688, "2 h 8 min"), (86399, "1 d 0 h"), (272_000, "3 d 4 h"),
    ],
)  # fmt: skip
def test_a_time_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
