"""Photographs are checked once, in several processes, and an interrupted check loses nothing."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from posebench.errors import PosebenchError
from posebench.samples import photograph_scan
from posebench.samples.photograph_check import check_photograph
from posebench.samples.photograph_scan import scan


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for i, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((4 + i, 6, 3), 40 * i, np.uint8))
    return paths


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the photographs that were read, in order."""
    names: list[str] = []

    def check(path: Path) -> object:
        names.append(path.name)
        return check_photograph(path)

    monkeypatch.setattr(photograph_scan, "check_photograph", check)
    return names


def test_every_photograph_that_is_there_is_checked_and_shown(photographs: list[Path], tmp_path: Path) -> None:
    shown: list[tuple[int, int]] = []
    missing = tmp_path / "missing.png"
    found = scan([*photographs, missing], tmp_path / "c.jsonl", 0, lambda done, total: shown.append((done, total)))
    assert list(found) == photographs
    assert [facts.height for facts in found.values()] == [4, 5, 6, 7, 8]
    assert shown == [(i, 5) for i in range(6)]


def test_a_second_scan_reads_only_what_changed(photographs: list[Path], tmp_path: Path, checked: list[str]) -> None:
    before = scan(photographs, tmp_path / "c.jsonl", 0)
    checked.clear()
    cv2.imwrite(str(photographs[3]), np.zeros((20, 30, 3), np.uint8))
    os.utime(photographs[1], ns=(5, 5))
    after = scan(photographs, tmp_path / "c.jsonl", 0)
    assert checked == ["1.png", "3.png"]
    assert after[photographs[3]].height == 20
    assert after[photographs[0]] == before[photographs[0]]


def test_an_interrupted_scan_goes_on_after_its_last_photograph(
    photographs: list[Path], tmp_path: Path, checked: list[str]
) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(photographs, tmp_path / "c.jsonl", 0, interrupt)
    checked.clear()
    assert len(scan(photographs, tmp_path / "c.jsonl", 0)) == 5
    assert checked == ["3.png", "4.png"]


def test_lines_that_are_cut_off_or_strange_are_read_as_unknown(
    photographs: list[Path], tmp_path: Path, checked: list[str]
) -> None:
    cache = tmp_path / "c.jsonl"
    scan(photographs, cache, 0)
    lines = cache.read_text().splitlines()
    known = [line for line in lines if line]
    older = json.dumps([0, *json.loads(known[1])[1:]])
    cache.write_text("\n".join([known[0], older, "[1]", "null", "\x00\xff", "[" * 100_000, known[2], known[4][:-20]]))
    checked.clear()
    assert len(scan(photographs, cache, 0)) == 5
    assert checked == ["1.png", "3.png", "4.png"]
    checked.clear()
    scan(photographs, cache, 0)
    assert checked == []


def test_several_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photograph_scan, "WORTH_A_PROCESS", 10)
    paths = [tmp_path / f"{i}.png" for i in range(70)]
    for i, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((4, 5 + i, 3), i, np.uint8))
    alone = scan(paths, tmp_path / "a.jsonl", 0)
    together = scan(paths, tmp_path / "b.jsonl", 2)
    assert list(together) == paths
    assert together == alone


def test_a_folder_that_cannot_be_written_is_a_sentence(photographs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PosebenchError, match="Cannot write to .*Name another folder with --results"):
        scan(photographs, tmp_path / "file" / "c.jsonl", 0)
