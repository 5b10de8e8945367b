"""Locks: one holder at a time, named to everyone else, and free when the holder is dead."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.files import locking
from posebench.files.locking import holder_of, locked

HOLDER = """
import sys, time
from pathlib import Path
from posebench.files.locking import holder_of, locked
with locked(Path(sys.argv[1]), "trains x"):
    print("held", flush=True)
    if sys.argv[2:]:  # a child that outlives its parent
        import os
        if os.fork() == 0:
            print(os.getpid(), flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(path), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as first:
        sentence = (
            rf"Process {first.pid} on {socket.gethostname()} trains x\. Wait until it has ended, or end it first\."
        )
        with pytest.raises(PosebenchError, match=sentence), locked(tmp_path / "lock", "trains x"):
            pass
    with locked(tmp_path / "lock", "trains x") as notes:  # the first has ended
        assert notes == ()


def test_the_holder_is_known_without_taking_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with holder(path) as first:
        for _ in range(2):  # to look does not take it
            assert holder_of(path) == f"process {first.pid} on {socket.gethostname()}"
    path.write_text("812 node7\n")  # of a process that was killed
    assert holder_of(path) is None
    with locked(path, "trains x"):
        assert holder_of(path) == f"process {os.getpid()} on {socket.gethostname()}"


def test_the_lock_of_a_killed_process_is_free_also_while_its_children_live(tmp_path: Path) -> None:
    with holder(tmp_path / "lock", "fork") as first:
        assert first.stdout is not None
        child = int(first.stdout.readline())
        first.kill()
        first.wait()
        try:
            os.kill(child, 0)
            with locked(tmp_path / "lock", "trains x"):
                assert (tmp_path / "lock").read_text().split()[0] == str(os.getpid())
        finally:
            os.kill(child, signal.SIGKILL)


def test_the_file_is_there_only_while_it_is_held(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "lock", "trains x"):
        assert (tmp_path / "new" / "lock").exists()
    assert list((tmp_path / "new").iterdir()) == []


def test_the_same_process_does_not_get_the_lock_twice(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", "trains x"):
        with (
            pytest.raises(PosebenchError, match="This process already trains x"),
            locked(tmp_path / "lock", "trains x"),
        ):
            pass
        with pytest.raises(PosebenchError, match="This process already"), locked(tmp_path / "lock", "trains x"):
            pass  # the failed attempt did not free it


def test_a_file_that_its_holder_just_removed_is_not_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def open_and_lose_the_first(path: Path) -> object:
        opened.append(real(path))
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    real = locking._open
    monkeypatch.setattr(locking, "_open", open_and_lose_the_first)
    with locked(tmp_path / "lock", "trains x"), holder_is_refused(tmp_path / "lock"):
        assert len(opened) == 2


@contextmanager
def holder_is_refused(path: Path) -> Iterator[None]:
    done = subprocess.run(
        [sys.executable, "-c", HOLDER, str(path)], input="", capture_output=True, text=True, check=False
    )
    assert f"Process {os.getpid()} on" in done.stderr
    yield


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object) -> bool:
        raise OSError(next(iter(locking.NO_LOCKS)), "No locks available")

    monkeypatch.setattr(locking, "_lock", refuse)
    with locked(tmp_path / "lock", "trains x") as notes:
        assert notes == (f"{tmp_path} has no locks: start no second process that trains x.",)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PosebenchError, match="Cannot write to"), locked(tmp_path / "file" / "lock", "trains x"):
        pass
