"""Packing: sizes, unreadable photographs, interruption."""

import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from packs import close, made, noise_people, opened, recipe, samples

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.samples import packing as packing_module
from posebench.samples.pack import find_pack
from posebench.samples.packing import Packing, PartMade


@pytest.fixture
def people(tmp_path: Path) -> Instances:
    return noise_people(tmp_path)


def test_the_size_is_told_before(people: Instances, tmp_path: Path) -> None:
    packing = Packing(people, recipe(), tmp_path)
    needed = packing.bytes_needed
    assert not packing.folder.exists()
    packing.make(workers=1)
    assert packing.bytes_present == needed  # every photograph was sampled


def test_people_who_overlap_share_pixels(people: Instances, tmp_path: Path) -> None:
    crowd = people.take(np.zeros(20, int))
    crowd = replace(crowd, person=np.arange(20), center=np.full((20, 2), 150.0) + np.arange(20)[:, None])
    alone = made(crowd.take(np.array([0])), tmp_path / "alone").bytes_present
    assert made(crowd, tmp_path / "crowd").bytes_present < 3 * alone


def test_a_photograph_that_cannot_be_read_is_named_and_its_people_are_marked(people: Instances, tmp_path: Path) -> None:
    (tmp_path / "photographs" / "1.png").write_bytes(b"broken")
    packing = Packing(people, recipe(), tmp_path)
    assert packing.make(workers=1) == [PartMade(kept=False, unreadable=["1.png"])]
    assert packing.make(workers=1) == [PartMade(kept=True, unreadable=["1.png"])]
    batch = samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])
    assert batch.readable.tolist() == [True, False, True, False, True]
    assert batch.images[1].max() == 0


def test_an_interrupted_pack_is_unused_until_it_is_finished_and_its_parts_stay(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_module, "PHOTOGRAPHS_A_PART", 1)
    packing = Packing(people, recipe(), tmp_path)

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise OSError(28, "No space left on device")

    with pytest.raises(PosebenchError, match="No space left on device.* The finished parts stay"):
        packing.make(1, interrupt)
    assert find_pack(tmp_path, people, recipe()) is None
    part = packing.folder / "part-0000.bin"
    first = part.stat().st_mtime_ns
    assert [part.kept for part in packing.make(workers=1)][:2] == [True, False]
    assert part.stat().st_mtime_ns == first
    assert [path.name for path in sorted(packing.folder.glob("*.bin"))] == [f"part-000{i}.bin" for i in range(3)]
    assert close(
        samples(people, recipe(), opened(people, tmp_path)).batch([(0, 2)]).images,
        samples(people, recipe()).batch([(0, 2)]).images,
    )


KILLED = """
import pickle, sys, time
from pathlib import Path
from posebench.samples import packing
packing.PHOTOGRAPHS_A_PART = 1
people, recipe = pickle.loads(Path(sys.argv[1]).read_bytes())
packing.Packing(people, recipe, Path(sys.argv[2])).make(1, lambda done, total: done == 2 and time.sleep(600))
"""


def test_a_pack_killed_half_way_is_finished_by_the_same_command(people: Instances, tmp_path: Path) -> None:
    (tmp_path / "facts").write_bytes(pickle.dumps((people, recipe())))
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "facts"), str(tmp_path / "packs")])
    end = time.monotonic() + 120
    while not list(tmp_path.glob("packs/*/.part-0001*")) and time.monotonic() < end:
        time.sleep(0.05)
    with pytest.raises(PosebenchError, match=r"Another process is writing .*noise-train-"):
        made(people, tmp_path / "packs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert find_pack(tmp_path / "packs", people, recipe()) is None
    packing = made(people, tmp_path / "packs")
    assert not list(packing.folder.glob(".part-*"))
    batch = samples(people, recipe(), opened(people, tmp_path / "packs")).batch([(1, 4)])
    assert close(batch.images, samples(people, recipe()).batch([(1, 4)]).images)
