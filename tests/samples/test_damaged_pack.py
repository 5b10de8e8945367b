"""A pack that is damaged or of other data is never used."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from packs import HEIGHT, NORMAL, WIDTH, made, noise_people, opened, recipe, samples

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.samples.loader import batches
from posebench.samples.pack import find_pack
from posebench.samples.pack_files import Contents


@pytest.fixture
def people(tmp_path: Path) -> Instances:
    return noise_people(tmp_path)


def changed(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)


def without_parts(manifest: Path) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"parts": []}))


@pytest.mark.parametrize(
    "harm, message",
    [
        (lambda folder: (folder / "part-0000.bin").unlink(), "part-0000.bin is missing or does not have"),
        (lambda folder: (folder / "part-0000.bin").write_bytes(b"abc"), "part-0000.bin is missing or does not have"),
        (lambda folder: (folder / "part-0000.npz").unlink(), "part-0000.npz is missing or does not have"),
        (lambda folder: changed(folder / "part-0000.npz", 700), "does not have the checksum in pack.json"),
        (
            lambda folder: changed(folder / "part-0000.bin", 100),
            "part-0000.bin does not have the checksum of its index",
        ),
        (lambda folder: (folder / "pack.json").write_text("{"), "pack.json cannot be read"),
        (lambda folder: without_parts(folder / "pack.json"), "pack.json cannot be read"),
    ],
)
def test_a_damaged_pack_ends_in_a_sentence_and_is_mended_by_packing_again(
    people: Instances, tmp_path: Path, harm: object, message: str
) -> None:
    packing = made(people, tmp_path)
    harm(packing.folder)  # type: ignore[operator]
    with pytest.raises(PosebenchError, match=rf"is damaged: .*{message}.*Repeat the `posebench data pack`"):
        samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])
    made(people, tmp_path)
    samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pack_cut_short_during_training_ends_in_one_sentence(people: Instances, tmp_path: Path, workers: int) -> None:
    packing = made(people, tmp_path)
    from_pack = samples(people, recipe(), opened(people, tmp_path))
    from_pack.batch([(0, 0)])
    (packing.folder / "part-0000.bin").write_bytes(b"cut short")
    with pytest.raises(
        PosebenchError, match=r"^The pack .* is damaged: part-0000.bin is shorter than its index states"
    ):
        list(batches(from_pack, iter([[(0, 0), (0, 1)]]), workers))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda p: replace(p, center=p.center + [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]]), "it lacks row 1 "),
        (lambda p: replace(p, size=p.size * 2), "it lacks row 0 "),
        (lambda p: replace(p, person=p.person + 5), "it lacks row 0 "),
        (lambda p: replace(p, images=("0.png", "other.png", "2.png")), "it lacks row 1 "),
    ],
)
def test_a_pack_of_other_people_is_refused(people: Instances, tmp_path: Path, change: object, message: str) -> None:
    made(people, tmp_path)
    with pytest.raises(PosebenchError, match=rf"was made from other data: {message}"):
        find_pack(tmp_path, change(people), recipe())  # type: ignore[operator]


def test_a_pack_under_another_ones_name_is_refused(people: Instances, tmp_path: Path) -> None:
    folder = made(people, tmp_path).folder
    folder.rename(tmp_path / Contents.of(people, recipe(NORMAL)).folder_name)
    with pytest.raises(PosebenchError, match="pack.json states other contents than the folder's name"):
        find_pack(tmp_path, people, recipe(NORMAL))


def test_a_changed_photograph_makes_the_pack_stale_until_it_is_packed_again(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    path = tmp_path / "photographs" / "1.png"
    cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), 77, np.uint8))
    with pytest.raises(PosebenchError, match=r"other data: .*1.png is not the file that was packed"):
        find_pack(tmp_path, people, recipe())
    made(people, tmp_path)
    batch = samples(people, recipe(), opened(people, tmp_path)).batch([(0, 1)])
    assert batch.images.max() == 77
