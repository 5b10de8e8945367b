"""The sentence on how long training takes, by a clock that the test turns."""

from posebench.cli.estimate import Estimate
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
    assert sentences(0.5, 1000) == [
        "Training takes about 0:08:08 more (hours:minutes:seconds): 0.5 s a step, 977 steps left."
    ]


def test_slow_steps_are_enough_when_ten_seconds_are_measured() -> None:
    # The 4th step ends 60 s after the 3rd.
    assert sentences(60, 1000, taken=5) == [
        "Training takes about 16:36:00 more (hours:minutes:seconds): 60 s a step, 996 steps left."
    ]


def test_a_resumed_run_counts_what_is_left() -> None:
    assert sentences(1, 1000, done=700) == [
        "Training takes about 0:04:47 more (hours:minutes:seconds): 1 s a step, 287 steps left."
    ]


def test_less_than_a_minute_is_not_worth_a_line() -> None:
    assert sentences(0.01, 1000) == []
