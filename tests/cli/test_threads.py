"""What a command sets before it loads libraries."""

import os
from pathlib import Path

import entry

import posebench.cli.main  # noqa: F401 - sets it


def test_threads_that_wait_for_each_other_leave_their_core_to_others_after_microseconds() -> None:
    assert int(os.environ["GOMP_SPINCOUNT"]) <= 20_000  # OpenMP's own value is 300,000 or endless


def test_python_looks_for_garbage_after_thousands_of_new_objects_not_hundreds(tmp_path: Path) -> None:
    script = tmp_path / "threshold.py"
    script.write_text("import gc, posebench.cli.main; print(gc.get_threshold()[0])")
    assert int(entry.run([str(script)], tmp_path, dict(os.environ)).stdout) >= 10_000  # Python's own is 700 or 2,000
