"""A file that is known by its hash is found."""

import os
from pathlib import Path

from posebench.files.search import files_below, find_by_hash
from posebench.files.writing import sha256


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_come_in_the_order_of_their_paths_without_hidden_ones_and_pipes(tmp_path: Path) -> None:
    for name in ("b/2.h5", "b/1.h5", "a.h5", ".hidden/3.h5", ".4.h5.partial", "c.txt"):
        write(tmp_path / name, name)
    os.mkfifo(tmp_path / "pipe.h5")
    found = files_below(tmp_path, lambda name: name.endswith(".h5"))
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.h5", "b/1.h5", "b/2.h5"]


def test_a_place_that_is_a_file_is_the_only_answer_whatever_its_name(tmp_path: Path) -> None:
    file = write(tmp_path / "renamed", "x")
    assert list(files_below(file, lambda name: False)) == [file]


def test_a_file_is_found_by_its_hash_among_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path / "flic/yang.mat", "flic")
    wanted = write(tmp_path / "lsp/yang.mat", "lsp")
    places = [tmp_path / "nowhere", tmp_path]
    assert find_by_hash(places, "yang.mat".__eq__, sha256(wanted)) == wanted
    assert find_by_hash(places, "yang.mat".__eq__, "0" * 64) is None
