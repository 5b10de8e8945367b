"""What several tests need: the real data where it is, and the tools to make small data where it is not.

Imports that take long stand in fixtures: the process that only hands tests to others would wait for them, and all for it.
"""

import gc
import json
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many workers as cores; set before numpy and torch are imported

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from posebench.data.instances import Instances

gc.set_threshold(20_000, 10, 10)  # as in posebench/cli/main.py: a twentieth of all tests' processor time
os.environ.pop("COLUMNS", None)  # a terminal's, or the test runner's: what a command prints would depend on it
SHARED = Path(__file__).parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Neighbouring tests stay in one process, so that fixtures of a module are made once; an idle one takes tests of another."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(gc.unfreeze)  # the first is called last


def pytest_unconfigure() -> None:
    """What has been imported is not garbage: pytest now looks for some five times, which took 0.4 seconds each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _two_cores() -> None:
    import torch

    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture(scope="session", autouse=True)
def _pictures_drawn_once() -> None:
    """Synthetic pictures that several tests read: each is a function of its name, and takes 8 ms to draw."""
    from posebench.samples import drawn

    drawn.draw = lru_cache(512)(drawn.draw)


@pytest.fixture(scope="session", autouse=True)
def _copied_before_it_is_patched() -> None:
    """`posebench compare` copies the number of resamples when it is imported."""
    import posebench.cli.show_comparison  # noqa: F401


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real annotations and prediction files."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real data is not on this machine (../shared)")
    return SHARED


@pytest.fixture(scope="session")
def golden(shared: Path) -> Any:
    """Numbers of the reference evaluators."""
    return json.loads((shared / "reference" / "golden.json").read_text())


@pytest.fixture(scope="session")
def mpii_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An official MPII release of the real one's counts, under another name: forms are told by what is in them.

    It takes 5 seconds, so all processes of a test run share it.
    """
    from filelock import FileLock
    from mpii_release import write_release

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mpii_release"
    folder.mkdir(exist_ok=True)
    path = folder / "renamed.dat"
    with FileLock(folder.with_suffix(".lock")):
        if not path.exists():
            write_release(folder / "partial").rename(path)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium (`chromium.Browser`), one for all tests."""
    from chromium import Browser, missing

    if reason := missing():
        pytest.skip(reason)
    with Browser() as opened:
        yield opened


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of other things than intervals: 1,000 resamples take longer than all else where people are few."""
    monkeypatch.setattr("posebench.scoring.bootstrap.RESAMPLES", 20)


@pytest.fixture
def two_people() -> "Instances":
    """Two MPII people in one image, head length 10, all keypoints labelled, far apart from each other."""
    import numpy as np

    from posebench.data.instances import Instances
    from posebench.plugins import registry

    protocol = registry.protocol("mpii")
    k = len(protocol.skeleton)
    grid = np.stack([np.arange(k) * 20.0, np.arange(k) * 10.0], axis=1)
    return Instances(
        dataset="mpii",
        split="val",
        skeleton=protocol.skeleton,
        images=("a.jpg",),
        image_ids=np.array([5]),
        image=np.array([0, 0]),
        person=np.array([0, 1]),
        center=np.array([[100.0, 80.0], [300.0, 90.0]]),
        size=np.array([[120.0, 160.0], [80.0, 60.0]]),
        keypoints=np.stack([grid, grid + 1000]),
        visibility=np.full((2, k), 2, np.int8),
        usable=np.ones(2, bool),
        measures={"head_length": np.array([10.0, 10.0])},
    )
