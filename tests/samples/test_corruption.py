"""Corrupted photographs: a pure function, as the original computes them, and what AdvMix does with them."""

# ruff: noqa: NPY002 - the package draws from numpy's global generator

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from packs import noise_people
from PIL import Image
from stranger import Tiny

from posebench.errors import PosebenchError
from posebench.inference.predict import predict
from posebench.samples import corruption
from posebench.samples.corruption import CORRUPTIONS, Corruption, corrupted
from posebench.samples.images import read_image
from posebench.samples.loader import Loading

pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed (posebench-2d[robustness])")


def photograph(height: int = 40, width: int = 50) -> np.ndarray:
    """A ramp from left to right with noise, so that every corruption changes it."""
    ramp = np.linspace(60, 180, width)[None, :, None] + np.arange(3) * 10
    return (ramp + np.random.default_rng(3).uniform(-20, 20, (height, width, 3))).astype(np.uint8)


@pytest.fixture(autouse=True)
def _not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """glass_blur computes the same by Python's own loop; compiling it takes 3 s."""
    from imagecorruptions import corruptions

    name = "_shuffle_pixels_njit_glass_blur"
    monkeypatch.setattr(corruptions, name, getattr(corruptions, name).py_func)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_arguments_give_the_same_pixels_and_leave_the_global_generator_alone(name: str) -> None:
    image = photograph()
    np.random.seed(7)
    first = corrupted(image, name, 3)
    drawn = np.random.random()
    np.random.seed(8)
    np.testing.assert_array_equal(corrupted(image, name, 3), first)
    assert (first.shape, first.dtype) == ((40, 50, 3), np.uint8)
    assert (first != image).any()
    assert (corrupted(image, name, 5) != first).any()
    np.testing.assert_array_equal(image, photograph())
    np.random.seed(7)
    assert np.random.random() == drawn


def test_frost_is_one_of_the_five_pictures_that_the_original_draws_from() -> None:
    for seed in range(60):
        np.random.seed(seed)
        original = np.random.randint(5), *np.random.randint(0, 1000, 2)
        np.random.seed(seed)
        corruption._skip_sixth_frost()
        assert (np.random.randint(6), *np.random.randint(0, 1000, 2)) == original


def test_another_seed_is_other_noise() -> None:
    assert (
        corrupted(photograph(), "impulse_noise", 2, seed=1) != corrupted(photograph(), "impulse_noise", 2, seed=2)
    ).any()


def test_by_advmix_the_network_sees_a_jpeg_of_quality_75_which_is_also_what_is_written(tmp_path: Path) -> None:
    made = Corruption("contrast", 2, folder=tmp_path)("people/a.png", photograph())
    file = io.BytesIO()
    Image.fromarray(corrupted(photograph(), "contrast", 2)).save(file, "JPEG", quality=75)
    assert (tmp_path / "people/a.jpg").read_bytes() == file.getvalue()
    np.testing.assert_array_equal(read_image(tmp_path / "people/a.jpg"), made)


def test_by_the_rule_exact_the_network_sees_the_corrupted_pixels_which_are_written_as_png(tmp_path: Path) -> None:
    made = Corruption("contrast", 2, "exact", folder=tmp_path)("a.jpg", photograph())
    np.testing.assert_array_equal(made, corrupted(photograph(), "contrast", 2))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), made)


def test_predictions_are_those_on_the_written_photographs(tmp_path: Path) -> None:
    people = noise_people(tmp_path)
    model = Tiny(people.skeleton, (24, 32))
    made, unreadable = predict(
        model, people, loading=Loading(change=Corruption("pixelate", 4, folder=tmp_path / "written"))
    )
    images = tuple(name.replace(".png", ".jpg") for name in people.images)
    again, _ = predict(model, replace(people, images=images, image_root=tmp_path / "written"))
    clean, _ = predict(model, people)
    assert unreadable == []
    np.testing.assert_array_equal(made.keypoints, again.keypoints)
    assert (made.keypoints != clean.keypoints).any()


def test_a_photograph_that_is_too_small_says_how_large_it_should_be() -> None:
    with pytest.raises(PosebenchError, match="31×50 pixels; corruptions need at least 32 each way"):
        corrupted(photograph(31), "fog", 1)


def test_photographs_that_are_too_small_are_found_by_their_headers(tmp_path: Path) -> None:
    people = noise_people(tmp_path)
    corruption.check_sizes(people)
    for name in ("1.png", "2.png"):
        Image.fromarray(photograph(31)).save(tmp_path / "photographs" / name)
    with pytest.raises(PosebenchError) as refused:
        corruption.check_sizes(people)
    assert str(refused.value) == (
        "2 photographs of noise train cannot be corrupted, because corruptions need at least 32 pixels each way; the first is "
        "1.png. Remove their people from the annotation."
    )
    corruption.check_sizes(replace(people, usable=people.image == 0))
    (tmp_path / "photographs" / "1.png").write_bytes(b"no picture")  # whoever decodes it says so
    corruption.check_sizes(people.take(people.image < 2))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fogg:3", "No corruption is named 'fogg'. Did you mean 'fog'?"),
        ("fog", "--corruption 'fog' should be NAME:SEVERITY, such as fog:3."),
        ("fog:6", "The severity 6 is not there. Severities are 1, 2, 3, 4 and 5."),
    ],
)
def test_a_corruption_is_typed_as_name_and_severity(text: str, sentence: str) -> None:
    assert corruption.read_corruption("shot_noise:2") == Corruption("shot_noise", 2)
    with pytest.raises(PosebenchError) as refused:
        corruption.read_corruption(text)
    assert str(refused.value).startswith(sentence)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    corruption.corruptions_library.cache_clear()
    with pytest.raises(PosebenchError, match=r"pip install 'posebench-2d\[robustness\]'"):
        corrupted(photograph(), "fog", 1)
