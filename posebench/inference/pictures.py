"""Pictures: photographs, folders of photographs, and the frames of videos, read one after the other."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posebench.errors import PosebenchError, counted
from posebench.opencv import cv2
from posebench.plain_text import shown_name
from posebench.samples.images import Image, read_image

PHOTOGRAPHS = ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"
VIDEOS = ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"
FALLBACK_RATE = 25.0
"""Frames per second of a video that does not state its own."""
EXIF_WITHIN = 65_536
"""Bytes at the start of a file that are searched for EXIF data; JPEG allows it nowhere else."""


@dataclass(frozen=True)
class Picture:
    """A photograph or a video.

    Attributes:
        name: file name, or the path below the folder that was named; printable.
        path: of the file.
    """

    name: str
    path: Path

    @property
    def is_video(self) -> bool:
        """Whether the name has the ending of a video."""
        return self.path.suffix.lower() in VIDEOS


@dataclass(frozen=True, eq=False)
class Frame:
    """One image to be predicted.

    Attributes:
        picture: where it comes from.
        name: the photograph's name, or for a frame of a video `clip.mp4#12`, counted from 0.
        image: (H, W, 3) uint8 RGB, upright.
    """

    picture: Picture
    name: str
    image: Image


@dataclass(frozen=True)
class VideoFacts:
    """What a video states of itself.

    Attributes:
        frames: how many; 0 where it is not stated.
        rate: frames per second.
    """

    frames: int
    rate: float


def find_pictures(inputs: Sequence[Path], apart: Path) -> list[Picture]:
    """The photographs and videos at some paths, in the order of the paths, and of the names inside a folder.

    Args:
        inputs: files, or folders that are searched with their subfolders.
        apart: a folder that is not searched, since results are written there.

    Raises:
        PosebenchError: a path does not exist, nothing is found, or two pictures would have the same name.
    """
    found: list[Picture] = []
    for path in inputs:
        if path.is_dir():
            found += _inside(path, apart)
        elif path.is_file():
            found.append(Picture(shown_name(path.name), path))
        elif path.exists() or path.is_symlink():
            raise PosebenchError(f"{shown_name(str(path))} is not a photograph, a video or a folder.")
        else:
            raise PosebenchError(f"{shown_name(str(path))} does not exist. Name a photograph, a video or a folder.")
    if not found:
        folders = ", ".join(shown_name(str(path)) for path in inputs)
        raise PosebenchError(
            f"{folders} has no photograph or video. Files with these endings are read: {' '.join(PHOTOGRAPHS + VIDEOS)}."
        )
    named: dict[str, Path] = {}
    for picture in found:
        if (other := named.setdefault(picture.name, picture.path)) is not picture.path:
            raise PosebenchError(
                f"Two pictures are named {picture.name}: {shown_name(str(other))} and {shown_name(str(picture.path))}. "
                "Name their common folder, or predict them one after the other."
            )
    return found


def _inside(folder: Path, apart: Path) -> list[Picture]:
    paths = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if (Path(parent) / name).resolve() != apart.resolve())
        paths += [Path(parent) / name for name in sorted(names)]
    return [
        Picture(shown_name(path.relative_to(folder).as_posix()), path)
        for path in paths
        if path.suffix.lower() in PHOTOGRAPHS + VIDEOS and path.is_file()
    ]


def read_upright(path: Path) -> Image:
    """A photograph as (H, W, 3) uint8 RGB, turned as its EXIF data say, as viewers show it.

    Raises:
        PosebenchError: as `read_image`.
    """
    image = read_image(path)
    data = path.read_bytes()
    if b"exif" not in data[:EXIF_WITHIN].lower():
        return image
    turned = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return image if turned is None else np.asarray(cv2.cvtColor(turned, cv2.COLOR_BGR2RGB), np.uint8)


def video_facts(path: Path) -> VideoFacts:
    """What a video states of itself, made plausible.

    Raises:
        PosebenchError: it cannot be opened.
    """
    capture = _open(path)
    count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return VideoFacts(int(count) if 0 < count < 1e9 else 0, float(rate) if 0.1 <= rate <= 1000 else FALLBACK_RATE)


def _open(path: Path) -> cv2.VideoCapture:
    # Without these two, FFmpeg and OpenCV write lines of their own between posebench's.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging = cv2.utils.logging
    before = logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    try:
        # An absolute path, so that a name such as `http:clip.mp4` is that of a file; one backend, so that `%03d` is a name too.
        capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    except (cv2.error, UnicodeError):
        capture = None
    finally:
        logging.setLogLevel(before)
    if capture is None or not capture.isOpened():
        raise PosebenchError(f"{shown_name(str(path))} is damaged, or not a video that OpenCV reads.")
    return capture


class PictureReader:
    """Reads pictures frame by frame; an unreadable one is noted and skipped.

    Attributes:
        unreadable: names of the pictures of which nothing could be read.
        notes: sentences on videos that end early.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures
        self.unreadable: list[str] = []
        self.notes: list[str] = []

    def count(self) -> int:
        """How many frames there are, as far as the videos state it."""
        total = 0
        for picture in self.pictures:
            try:
                total += video_facts(picture.path).frames if picture.is_video else 1
            except PosebenchError:
                continue  # counted when it is read
        return total

    def __iter__(self) -> Iterator[Frame]:
        for picture in self.pictures:
            try:
                if picture.is_video:
                    yield from self._video(picture)
                else:
                    yield Frame(picture, picture.name, read_upright(picture.path))
            except (PosebenchError, OSError, cv2.error):
                self.unreadable.append(picture.name)

    def _video(self, picture: Picture) -> Iterator[Frame]:
        stated = video_facts(picture.path).frames
        capture = _open(picture.path)
        number = 0
        try:
            while True:
                there, image = capture.read()
                if not there:
                    break
                pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                yield Frame(picture, f"{picture.name}#{number}", pixels)
                number += 1
        finally:
            capture.release()
        if not number:
            raise PosebenchError(f"{picture.name} has no frame that can be read.")
        if number + 1 < stated:  # containers without an index state one frame too many
            self.notes.append(f"{picture.name}: {number:,} of {counted(stated, 'frame', 'frames')} could be read.")
