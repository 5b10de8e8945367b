"""Pictures: what is found at a path, which way up it is, and what damaged or oddly named files do."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from posebench.errors import PosebenchError
from posebench.inference.pictures import (
    FALLBACK_RATE,
    PictureReader,
    find_pictures,
    read_upright,
    video_facts,
)
from posebench.report.galleries.draw_pictures import write_video

RED, BLUE = (200, 30, 30), (30, 30, 200)


def photograph(path: Path, height: int = 6, width: int = 9) -> Path:
    """Left column red, the rest blue."""
    image = np.full((height, width, 3), BLUE, np.uint8)
    image[:, 0] = RED
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(path.suffix if path.suffix == ".jpg" else ".png", image[..., ::-1])
    path.write_bytes(encoded.tobytes())
    return path


def video(path: Path, frames: int = 5, rate: float = 10, height: int = 48, width: int = 64) -> Path:
    """Frames of one grey each, 40 brighter than the one before."""
    write_video((np.full((height, width, 3), 20 + 40 * (i % 5), np.uint8) for i in range(frames)), rate, path)
    return path


def names(*inputs: Path, apart: Path = Path("nowhere")) -> list[str]:
    return [picture.name for picture in find_pictures(inputs, apart)]


def test_a_folder_is_searched_with_its_subfolders_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", "sub/c.png", "notes.txt"):
        photograph(tmp_path / name)
    assert names(tmp_path) == ["a.PNG", "b.jpg", "sub/c.png"]


def test_the_folder_of_the_results_is_not_searched(tmp_path: Path) -> None:
    photograph(tmp_path / "a.png")
    photograph(tmp_path / "out" / "drawings" / "a.png")
    assert names(tmp_path, apart=tmp_path / "out") == ["a.png"]


def test_two_pictures_of_one_name_are_refused_with_both_paths(tmp_path: Path) -> None:
    one, other = photograph(tmp_path / "1" / "a.png"), photograph(tmp_path / "2" / "a.png")
    with pytest.raises(PosebenchError, match=r"Two pictures are named a.png: .*1/a.png and .*2/a.png"):
        names(one, other)


@pytest.mark.parametrize(
    "what, sentence",
    [("none.jpg", "does not exist"), ("empty", "has no photograph or video. Files with these endings")],
)
def test_a_path_without_pictures_is_refused(tmp_path: Path, what: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PosebenchError, match=sentence):
        names(tmp_path / what)


def test_a_photograph_stored_on_its_side_is_read_upright(tmp_path: Path) -> None:
    stored = photograph(tmp_path / "a.jpg", height=16, width=48)
    # EXIF orientation 6: the viewer turns the stored pixels clockwise, so their left column becomes the top row.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    data = stored.read_bytes()
    stored.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    assert read_upright(stored).shape == (48, 16, 3)


def test_frames_of_a_video_are_counted_from_0_and_keep_their_order(tmp_path: Path) -> None:
    frames = list(PictureReader(find_pictures([video(tmp_path / "clip.mp4")], tmp_path / "out")))
    assert [frame.name for frame in frames] == [f"clip.mp4#{i}" for i in range(5)]
    assert [round(int(frame.image[20, 20, 0]) / 20) for frame in frames] == [1, 3, 5, 7, 9]
    assert frames[0].image.shape == (48, 64, 3)


def test_a_video_states_its_frames_and_its_rate(tmp_path: Path) -> None:
    facts = video_facts(video(tmp_path / "clip.mp4", frames=5, rate=10))
    assert (facts.frames, facts.rate) == (5, 10.0)
    assert FALLBACK_RATE == 25


def test_unreadable_pictures_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    photograph(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8 nothing")
    (tmp_path / "c.mp4").write_bytes(b"nothing")
    (tmp_path / "d.mp4").touch()
    reader = PictureReader(find_pictures([tmp_path], tmp_path / "out"))
    assert reader.count() == 2  # photographs; a video that cannot be opened states nothing
    assert [frame.name for frame in reader] == ["a.png"]
    assert reader.unreadable == ["b.jpg", "c.mp4", "d.mp4"]


def test_a_video_that_ends_early_is_noted(tmp_path: Path) -> None:
    clip = video(tmp_path / "clip.mkv", frames=30)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    reader = PictureReader(find_pictures([clip], tmp_path / "out"))
    read = len(list(reader))
    assert 0 < read < 30
    assert reader.notes == [f"clip.mkv: {read} of 30 frames could be read."]


@pytest.mark.parametrize("name", ["frame%03d.mp4", "http:clip.mp4", "a b'\"$(x).mp4", "-i.mp4"])
def test_a_videos_name_is_never_taken_for_a_pattern_an_address_or_an_option(tmp_path: Path, name: str) -> None:
    path = video(tmp_path / "clip.mp4").rename(tmp_path / name)
    assert len(list(PictureReader(find_pictures([path], tmp_path / "out")))) == 5
