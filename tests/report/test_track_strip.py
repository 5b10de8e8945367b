"""Strips of frames: a colour and a number for each track."""

from pathlib import Path
from typing import Any

import cv2
import entry
import numpy as np
import pytest

import posebench as pb
from posebench.data.predictions import Predictions, save
from posebench.report.galleries.track_strip import chosen, track_color

NAMES = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def video(folder: Path, frames: int) -> Path:
    """A predictions file of two people in grey frames of 64 x 48 pixels, of whom the second is not in frame 1."""
    (folder / "walk").mkdir(parents=True)
    rows = [(frame, x) for frame in range(frames) for x in (10.0, 40.0) if (frame, x) != (1, 40.0)]
    for frame in range(frames):
        cv2.imwrite(str(folder / f"walk/{frame}.png"), np.full((48, 64, 3), 200, np.uint8))
    image, x = (np.array(column) for column in zip(*rows, strict=True))
    keypoints = x[:, None, None] + np.array([[0, 15], [9, 15], [0, 40], [9, 40]]) * 1.0
    keypoints[..., 1] -= x[:, None]
    count = len(rows)
    made = Predictions(
        keypoint_names=NAMES, images=tuple(f"walk/{frame}.png" for frame in range(frames)), image=image,
        person=np.full(count, -1), keypoints=keypoints, scores=np.ones((count, 4)), score=np.ones(count),
        missing=np.zeros((count, 4), bool),
    )  # fmt: skip
    save(made, folder / "made.h5")
    return folder


def shown(path: Path) -> Any:
    """(H, W, 3) RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def places(pixels: Any, track: int) -> Any:
    """Columns in which the colour of a track is, as parts of the width."""
    color = np.array([int(track_color(track)[at : at + 2], 16) for at in (1, 3, 5)])
    return np.flatnonzero((np.abs(pixels.astype(int) - color).max(axis=2) < 8).any(axis=0)) / pixels.shape[1]


def test_a_person_who_was_gone_for_a_frame_has_another_colour(tmp_path: Path) -> None:
    folder = video(tmp_path, 3)
    made = pb.track(folder / "made.h5", tmp_path / "out.h5", by="box", picture=tmp_path / "strip.png", images=folder)
    assert made.tracks == 3
    pixels = shown(tmp_path / "strip.png")
    first, second, third = (places(pixels, track) for track in (1, 2, 3))
    assert len(first) and len(second) and len(third)
    assert second.max() < third.min()  # frame 0 is left of frame 2
    assert first.min() < 0.2 and first.max() > second.max()  # track 1 is in all frames


def test_frames_are_evenly_spaced_from_the_first_to_the_last() -> None:
    frames = [np.array([number]) for number in range(11)]
    assert [int(frame[0]) for frame in chosen(frames)] == [0, 2, 4, 6, 8, 10]
    assert [int(frame[0]) for frame in chosen(frames[:2])] == [0, 1]


def test_the_command_draws_below_the_folder_that_is_named(tmp_path: Path) -> None:
    folder = video(tmp_path, 2)
    words = ["track", folder / "made.h5", "--out", "out.h5", "--picture", "strip.png"]
    done = entry.posebench(*words, "--images", folder, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out.h5\nstrip.png\n"), done.stderr
    assert shown(tmp_path / "strip.png").shape[2] == 3
    with pytest.raises(pb.PosebenchError, match=r"walk/0.png cannot be read: No such file"):
        pb.track(folder / "made.h5", tmp_path / "out.h5", picture=tmp_path / "strip.png", images=tmp_path / "nowhere")
