"""`posebench data pack` on a terminal, and training that uses the pack."""

import re
from pathlib import Path

import faulty
import pytest
from mpii_folder import write_folder
from terminal import Seen, type_posebench

TRAIN = "train", "--arch", "Sound", "--protocol", "mpii", "--data", "mpii", "--recipe", "quick", "--epochs", 1
FOLDER = re.compile(r"results/packs/mpii-train-[0-9a-f]{8}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with MPII-like data in `mpii`, and the small networks in `plugins`."""
    write_folder(tmp_path / "mpii")
    (tmp_path / "plugins").mkdir()
    faulty.install(tmp_path / "plugins")
    return tmp_path


def packed(folder: Path, columns: int = 100, *more: object) -> Seen:
    return type_posebench(
        "data", "pack", "mpii", "--data", "mpii", "--recipe", "quick", *more, cwd=folder, columns=columns
    )


def trained(folder: Path, columns: int, *more: object) -> Seen:
    return type_posebench(*TRAIN, *more, cwd=folder, columns=columns, **faulty.variables(folder / "plugins"))


@pytest.mark.parametrize("columns", [80, 120])
def test_size_progress_and_folder_are_shown_and_a_second_time_what_was_there(folder: Path, columns: int) -> None:
    lines = [line for line in packed(folder, columns).lines if line]
    assert re.fullmatch(
        r"4 people in 4 photographs: about \d+ kB\. Free in results/packs: [\d,.]+ [GM]B\.", lines[0]
    ), lines
    assert re.match(r"pack mpii train .* 4/4 \d:\d\d:\d\d eta 0:00:00$", lines[1]), lines
    assert FOLDER.fullmatch(lines[2]), lines
    assert max(map(len, lines)) <= columns
    again = packed(folder, columns)
    assert "1 of 1 parts were there already; their checksums are right." in again.text


def test_packs_may_be_kept_elsewhere_and_training_says_that_it_uses_one(folder: Path) -> None:
    assert packed(folder, 100, "--packs", "elsewhere").returncode == 0
    assert list(folder.glob("elsewhere/mpii-train-*/pack.json"))
    seen = trained(folder, 100, "--packs", "elsewhere", "--workers", 0)
    assert "Pixels come from the pack elsewhere/mpii-train-" in seen.text


def test_training_on_a_damaged_pack_ends_in_a_sentence(folder: Path) -> None:
    assert packed(folder).returncode == 0
    part = next(folder.glob("results/packs/*/part-0000.bin"))
    content = bytearray(part.read_bytes())
    content[::1000] = bytes(len(content[::1000]))
    part.write_bytes(content)
    seen = trained(folder, 120, "--workers", 1)
    assert seen.returncode == 1
    assert "Traceback" not in seen.text
    said = "".join(seen.lines)
    assert "is damaged: part-0000.bin does not have the checksum of its index." in said
    assert "Repeat the `posebench data pack` that made it" in said


def test_photographs_that_are_missing_are_counted_before_anything_is_written(folder: Path) -> None:
    (folder / "mpii" / "images" / "people-seed0-val-000001.jpg").unlink()
    seen = packed(folder, 120)
    assert seen.returncode == 1
    assert "lacks 1 of the 4 photographs of mpii train; the first is people-seed0-val-000001.jpg" in "".join(seen.lines)
    assert not (folder / "results").exists()


def test_a_recipe_must_be_named(folder: Path) -> None:
    seen = type_posebench("data", "pack", "mpii", "--data", "mpii", cwd=folder, columns=120)
    assert seen.returncode == 1
    assert "Add --arch NAME, or --recipe FILE." in "".join(seen.lines)
