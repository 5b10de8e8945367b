import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from posebench.data.geometry import Crop
from posebench.errors import PosebenchError
from posebench.samples.images import cut, read_image, stated_header


def picture(height: int = 60, width: int = 90) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def test_colours_are_red_green_blue(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((4, 6, 3), (0, 0, 200), np.uint8))
    image = read_image(tmp_path / "red.png")
    assert image.shape == (4, 6, 3)
    assert image[0, 0].tolist() == [200, 0, 0]


def test_exif_rotation_is_not_applied_since_annotations_are_in_the_stored_pixels(tmp_path: Path) -> None:
    stored = cv2.imencode(".jpg", picture())[1].tobytes()
    # Orientation 6: a viewer turns the stored pixels clockwise.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    (tmp_path / "plain.jpg").write_bytes(stored)
    (tmp_path / "turned.jpg").write_bytes(
        stored[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + stored[2:]
    )
    assert cv2.imread(str(tmp_path / "turned.jpg")).shape == (90, 60, 3)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.jpg"), read_image(tmp_path / "plain.jpg"))


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_a_cut_off_image_is_refused_not_filled_with_grey(tmp_path: Path, kind: str, keep: float) -> None:
    path = tmp_path / f"x.{kind}"
    cv2.imwrite(str(path), picture())
    content = path.read_bytes()
    assert read_image(path).shape == (60, 90, 3)
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(PosebenchError, match=r"x\.\w+ is damaged or not an image"):
        read_image(path)


def test_a_jpeg_cut_off_after_its_thumbnail_is_refused(tmp_path: Path) -> None:
    thumbnail = cv2.imencode(".jpg", picture(8, 8))[1].tobytes()
    whole = cv2.imencode(".jpg", picture())[1].tobytes()
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    with_thumbnail = whole[:2] + segment + whole[2:]
    (tmp_path / "x.jpg").write_bytes(with_thumbnail)
    assert read_image(tmp_path / "x.jpg").shape == (60, 90, 3)
    (tmp_path / "x.jpg").write_bytes(with_thumbnail[:-300])
    with pytest.raises(PosebenchError, match="x.jpg is damaged or not an image"):
        read_image(tmp_path / "x.jpg")


def test_text_and_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("hello")
    (tmp_path / "y.jpg").write_bytes(b"")
    for name in ("x.jpg", "y.jpg", "z.jpg"):
        with pytest.raises(PosebenchError, match=name):
            read_image(tmp_path / name)


def test_cutting_at_scale_1_copies_pixels() -> None:
    image = picture()
    crop = Crop.around(np.array([30.5, 20.5]), np.array([10.0, 12.0]), (10, 12))
    np.testing.assert_array_equal(cut(image, crop), image[15:27, 26:36])


def test_cutting_a_mirror_reverses_columns() -> None:
    image = picture()
    crop = Crop.around(np.array([30.5, 20.5]), np.array([10.0, 12.0]), (10, 12)).perturbed(1, 0, True)
    np.testing.assert_array_equal(cut(image, crop), image[15:27, 26:36][:, ::-1])


def test_outside_the_image_is_black() -> None:
    crop = Crop.around(np.array([-50.0, -50.0]), np.array([10.0, 10.0]), (8, 8))
    assert cut(picture(), crop).max() == 0


def test_halving_averages_the_four_pixels_that_a_crop_pixel_covers() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = 100
    crop = Crop.around(np.array([1.5, 1.5]), np.array([4.0, 4.0]), (2, 2))
    assert cut(image, crop)[..., 0].tolist() == [[100, 0], [0, 0]]


def test_a_header_is_found_behind_a_long_comment_without_reading_the_pixels(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(np.zeros((6, 5, 3), np.uint8)).save(file, "JPEG", comment=b"x" * 9000)
    (tmp_path / "long.jpg").write_bytes(file.getvalue()[:-20])
    found = stated_header(tmp_path / "long.jpg")
    assert found is not None and (found.height, found.width) == (6, 5)
    (tmp_path / "none.jpg").write_bytes(b"\xff\xd8 no JPEG")
    assert [stated_header(tmp_path / name) for name in ("none.jpg", "missing.jpg", ".")] == [None, None, None]
