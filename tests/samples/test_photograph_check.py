"""What is found of one photograph, and which photographs are alike."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from posebench.samples.photograph_check import (
    PhotographFacts,
    check_photograph,
    hash_words,
    near_pairs,
    perceptual_hash,
)


def scene(seed: int, height: int = 90, width: int = 130) -> np.ndarray:
    """A picture with coarse and fine structure, as photographs have; another one for another seed."""
    random, size = np.random.default_rng(seed), (width, height)
    layers = [random.integers(0, 255 // 2**i, (6 * 2**i, 8 * 2**i, 3)).astype(np.float32) for i in range(4)]
    return sum(cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC) for layer in layers).clip(0, 255).astype(np.uint8)


def saved(path: Path, image: np.ndarray) -> Path:
    Image.fromarray(image).save(path)
    return path


def test_an_ordinary_photograph(tmp_path: Path) -> None:
    facts = check_photograph(saved(tmp_path / "a.jpg", scene(1)))
    assert (facts.problem, facts.width, facts.height, facts.bits, facts.orientation) == ("", 130, 90, 8, 1)
    assert not facts.grayscale and not facts.cmyk
    assert [len(text) for text in (facts.sha256, facts.pixels_sha256, facts.perceptual_hash)] == [64, 64, 64]


def test_a_photograph_that_does_not_decode_has_a_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", scene(1))
    path.write_bytes(path.read_bytes()[:-200])
    assert "a.jpg is damaged or not an image" in check_photograph(path).problem
    assert "b.jpg cannot be read: No such file" in check_photograph(tmp_path / "b.jpg").problem


def test_the_same_pixels_in_two_files_have_one_hash_of_pixels(tmp_path: Path) -> None:
    one, other = (check_photograph(saved(tmp_path / name, scene(1))) for name in ("a.png", "b.bmp"))
    assert one.sha256 != other.sha256
    assert one.pixels_sha256 == other.pixels_sha256


def test_facts_survive_json_and_other_values_are_refused() -> None:
    facts = PhotographFacts(width=3, height=4, sha256="ab")
    assert PhotographFacts.from_json(facts.as_json()) == facts
    for wrong in (None, {}, facts.as_json() | {"width": "3"}, facts.as_json() | {"more": 1}):
        with pytest.raises(ValueError, match="not the facts"):
            PhotographFacts.from_json(wrong)


def test_a_smaller_recompressed_copy_is_near_and_other_scenes_are_not(tmp_path: Path) -> None:
    scenes = [scene(seed) for seed in range(12)]
    small = cv2.resize(scenes[5], (65, 45), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "small.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 60])
    copies = [cv2.imread(str(tmp_path / "small.jpg")), scene(99)]
    words = (hash_words([perceptual_hash(image) for image in images]) for images in (scenes, copies))
    assert near_pairs(*words).tolist() == [[5, 0]]


def test_near_pairs_are_those_of_at_most_38_differing_bits() -> None:
    none = np.zeros((1, 4), np.uint64)
    bits_39_and_38 = np.array([[2**38 - 1, 0, 1, 0], [2**37 - 1, 0, 0, 4]], np.uint64)
    assert near_pairs(none, bits_39_and_38).tolist() == [[0, 1]]


def test_nothing_is_near_to_nothing() -> None:
    assert near_pairs(hash_words([]), hash_words(["00" * 32])).shape == (0, 2)


def test_the_known_pairs_of_lsp_extended_that_are_one_photograph_are_found(shared: Path) -> None:
    folder = shared / "data/lsp/lspet/images"
    if not folder.is_dir():
        pytest.skip("LSP extended is not on this machine")
    # Pairs of near_duplicates.json, and two photographs that are in no pair.
    numbers = [(265, 2354), (828, 828), (1, 2)]
    hashes = [
        [check_photograph(folder / f"im{n:05d}.jpg").perceptual_hash for n in side]
        for side in zip(*numbers, strict=True)
    ]
    assert [0, 0] in near_pairs(*map(hash_words, hashes)).tolist()
    assert [2, 2] not in near_pairs(*map(hash_words, hashes)).tolist()
