"""Photographs from anyone: only files below the folder of images are read, and a small file cannot take gigabytes."""

import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.opencv import MOST_PIXELS
from posebench.samples.images import ImageReader, read_image
from posebench.samples.photograph_check import check_photograph


def write_picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((4, 6, 3), 90, np.uint8))
    return path


def people_of(people: Instances, root: Path, name: str) -> Instances:
    return replace(people, images=(name,), image_root=root)


@pytest.mark.parametrize("name", ["../secret.jpg", "a/../../secret.jpg", "..\\secret.jpg", "{outside}", "a.jpg\0", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused_before_anything_is_read(
    name: str, two_people: Instances, tmp_path: Path
) -> None:
    outside = write_picture(tmp_path / "secret.jpg")
    write_picture(tmp_path / "images" / "a.jpg")
    people = people_of(two_people, tmp_path / "images", name.replace("{outside}", str(outside)))
    with pytest.raises(PosebenchError, match="mpii val: the image .* is not below the folder of images"):
        ImageReader(people)
    with pytest.raises(PosebenchError, match="is not below the folder of images"):
        people.photograph(0)


@pytest.mark.parametrize("name", ["a.jpg", "train/a.jpg", "..a.jpg", "a..b/c.jpg", "./a.jpg"])
def test_other_names_are_read(name: str, two_people: Instances, tmp_path: Path) -> None:
    write_picture(tmp_path / name)
    assert ImageReader(people_of(two_people, tmp_path, name))(0).shape == (4, 6, 3)


def test_a_folder_of_images_may_be_a_link_and_have_links_to_another_disk(two_people: Instances, tmp_path: Path) -> None:
    write_picture(tmp_path / "disk" / "a.jpg")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.jpg").symlink_to(tmp_path / "disk" / "a.jpg")
    (tmp_path / "images").symlink_to(tmp_path / "folder")
    assert ImageReader(people_of(two_people, tmp_path / "images", "b.jpg"))(0).shape == (4, 6, 3)


def test_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "folder.jpg", "device.jpg"):
        with pytest.raises(PosebenchError, match=f"{name} cannot be read: it is not a file but a folder, a pipe"):
            read_image(tmp_path / name)


def png(width: int, height: int) -> bytes:
    """A grey PNG; its one chunk of pixels is far too short where the picture is large."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 100))]
    body = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@pytest.mark.parametrize(
    "width, height", [(32_000, 32_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (2**14, 2**13 + 1)]
)
def test_a_photograph_that_states_too_many_pixels_is_refused_by_its_header(
    width: int, height: int, tmp_path: Path
) -> None:
    (tmp_path / "x.png").write_bytes(png(width, height))
    with pytest.raises(PosebenchError, match=f"x.png states {width * height:,} pixels; 134,217,728 is the most"):
        read_image(tmp_path / "x.png")
    assert check_photograph(tmp_path / "x.png").problem.endswith("134,217,728 is the most that is read.")


DECODE = """
import sys
from posebench.samples.images import decode
import cv2, numpy as np
picture = np.zeros((11_600, 11_600), np.uint8)
for ending in (".webp", ".bmp"):
    print(decode(cv2.imencode(ending, picture)[1].tobytes()))
"""


def test_other_forms_are_limited_by_the_decoder() -> None:
    assert MOST_PIXELS < 11_600**2
    ended = subprocess.run([sys.executable, "-c", DECODE], capture_output=True, text=True, timeout=120)
    assert ended.stdout.split() == ["None", "None"], ended.stderr
