"""Safe writes: a full disk, the leftovers of killed processes, and names that no reader takes for a result."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.files import writing

LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from posebench.data import predictions
from posebench.plugins.registry import protocol
from posebench.synthetic import people
made = people.instances(protocol("mpii").skeleton, "val", 40)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    predictions.save(predictions.for_instances(made, made.keypoints), Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_predictions_that_do_not_fit_on_the_disk_end_in_a_sentence_and_the_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "p.h5").write_text("old")
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "p.h5")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr  # HDF5's own writer ends in a segmentation fault
    assert ended.stdout.startswith("NotWritten ")
    assert "p.h5 is not written: this process may not write files of that size" in ended.stdout
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_full_disk_says_how_much_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(writing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1_000})())
    with pytest.raises(PosebenchError) as refused:
        writing.write_bytes(tmp_path / "x.bin", bytes(5_500))
    assert str(refused.value) == (
        f"{tmp_path / 'x.bin'} is not written: No space left on device. 1,000 bytes are free. "
        "The file has 5,500 bytes, so 4,500 are missing. Free some space, or name another folder."
    )
    assert list(tmp_path.iterdir()) == []


def test_temporary_names_match_no_pattern_of_a_reader(tmp_path: Path) -> None:
    def look(partial: Path) -> None:
        names.append(partial.name)
        assert [path.name for pattern in ("*.json", "*.h5", "[!.]*") for path in tmp_path.glob(pattern)] == []

    names: list[str] = []
    writing.write_atomically(tmp_path / "record.json", look)
    assert names[0].startswith(".record.json.")
    assert names[0].endswith(".partial")


def test_leftovers_older_than_a_day_are_removed_and_younger_ones_stay(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.json.0123abcd.partial", tmp_path / ".b.json.0123abcd.partial"
    for path, age in ((old, 25), (young, 23)):
        path.write_text("half")
        os.utime(path, (time.time() - age * 3600,) * 2)
    writing.write_text(tmp_path / "c.json", "{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "c.json"]


def test_a_new_file_has_the_rights_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        writing.write_text(tmp_path / "x", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "count, text", [(22_430_000_000, "22.4 GB"), (1_000_000_000, "1.0 GB"), (310_400_000, "310 MB"), (8_192, "8 kB")]
)
def test_sizes_are_in_gigabytes_megabytes_or_kilobytes(count: int, text: str) -> None:
    assert writing.shown_bytes(count) == text
