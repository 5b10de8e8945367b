"""Headers of photographs, of files that are written byte by byte here or encoded by OpenCV and Pillow."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from posebench.errors import PosebenchError
from posebench.samples.headers import Header, read_header

COLOR = np.random.default_rng(0).integers(0, 255, (30, 50, 3)).astype(np.uint8)


def encoded(image: Image.Image, form: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


def with_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "a camera"  # another entry before it
    exif[0x0112] = value
    return exif


def test_a_color_jpeg_of_50_by_30_pixels() -> None:
    content = cv2.imencode(".jpg", COLOR)[1].tobytes()
    assert read_header(content) == Header(width=50, height=30, channels=3, bits=8, orientation=1, form="JPEG")


def test_grayscale_and_cmyk_jpegs_are_told() -> None:
    grey = read_header(encoded(Image.fromarray(COLOR).convert("L"), "JPEG"))
    cmyk = read_header(encoded(Image.fromarray(COLOR).convert("CMYK"), "JPEG"))
    assert grey is not None and cmyk is not None
    assert (grey.grayscale, grey.cmyk, grey.channels) == (True, False, 1)
    assert (cmyk.grayscale, cmyk.cmyk, cmyk.channels) == (False, True, 4)


def test_a_png_of_16_bits_and_one_with_alpha_are_told() -> None:
    deep = read_header(cv2.imencode(".png", COLOR[..., 0].astype(np.uint16) * 256)[1].tobytes())
    clear = read_header(encoded(Image.fromarray(COLOR).convert("RGBA"), "PNG"))
    assert deep == Header(width=50, height=30, channels=1, bits=16, orientation=1, form="PNG")
    assert clear is not None and (clear.channels, clear.bits, clear.cmyk) == (4, 8, False)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_exifs_orientation_is_read_and_the_size_is_that_of_the_stored_pixels(form: str, orientation: int) -> None:
    header = read_header(encoded(Image.fromarray(COLOR), form, exif=with_orientation(orientation)))
    assert header is not None
    assert (header.orientation, header.width, header.height) == (orientation, 50, 30)


def test_big_endian_exif_is_read() -> None:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
    segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    jpeg = cv2.imencode(".jpg", COLOR)[1].tobytes()
    header = read_header(jpeg[:2] + segment + jpeg[2:])
    assert header is not None and header.orientation == 6


@pytest.mark.parametrize("keep", [3, 20, 100])
def test_a_header_that_is_cut_off_is_refused(keep: int) -> None:
    with pytest.raises(PosebenchError, match="header is damaged or cut off"):
        read_header(cv2.imencode(".jpg", COLOR)[1].tobytes()[:keep])


def test_other_formats_have_no_header() -> None:
    assert read_header(b"GIF89a" + bytes(40)) is None
    assert read_header(b"") is None


def test_random_bytes_after_a_jpegs_start_never_crash() -> None:
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        try:
            read_header(b"\xff\xd8" + random.integers(0, 256, 60, np.uint8).tobytes())
        except PosebenchError:
            refused += 1
    assert refused > 250
