"""What a command sets before torch starts its threads."""

import os

import posebench.cli.main  # noqa: F401 - sets it


def test_threads_that_wait_for_each_other_leave_their_core_to_others_after_microseconds() -> None:
    assert int(os.environ["GOMP_SPINCOUNT"]) <= 20_000  # OpenMP's own value is 300,000 or endless
