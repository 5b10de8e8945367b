"""The contact sheet: its size follows its tiles, its colours are the sides', and a network without targets has two tiles."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from posebench.data.skeleton import Skeleton
from posebench.report.galleries.contact_sheet import Heading, SeenSample, _texts, contact_sheet

SKELETON = Skeleton(("nose", "left_wrist", "right_wrist"), (("nose", "left_wrist"), ("nose", "right_wrist")))
HEADING = Heading("coco train as x sees it in training", "recipe quick")


@pytest.fixture
def sample() -> SeenSample:
    """A person in the middle of a grey photograph; the right wrist is unlabelled, the left one off the crop."""
    targets = np.zeros((3, 12, 16))
    targets[0, 6, 8] = 1
    return SeenSample(
        title="row 17 · a.jpg", subtitle="person 0, epoch 1", change="mirrored · ×1.10",
        photograph=np.full((90, 130, 3), 120, np.uint8),
        region=np.array([[30.0, 20.0], [94.0, 20.0], [94.0, 68.0], [30.0, 68.0]]), box=np.array([40.0, 30.0, 30.0, 25.0]),
        on_photograph=np.array([[62.0, 44.0], [96.0, 44.0], [np.nan, np.nan]]), crop=np.full((48, 64, 3), 90, np.uint8),
        keypoints=np.array([[32.0, 24.0], [66.0, 24.0], [np.nan, np.nan]]), occluded=np.array([True, False, False]),
        targets=targets,
    )  # fmt: skip


def test_captions_count_keypoints_and_peaks(sample: SeenSample) -> None:
    assert _texts(sample) == [
        ("row 17 · a.jpg", "person 0, epoch 1, photograph 90×130"),
        ("mirrored · ×1.10", "2 of 3 keypoints, 1 off the crop"),
        ("targets 12×16", "1 of 3 maps with a peak"),
    ]
    assert _texts(replace(sample, targets=None)) == _texts(sample)[:2]


def test_two_people_stand_beside_each_other_and_a_third_below(sample: SeenSample, tmp_path: Path) -> None:
    sizes = {}
    for count in (1, 2, 3):
        contact_sheet([sample] * count, SKELETON, tmp_path / "x.png", HEADING)
        sizes[count] = cv2.imread(str(tmp_path / "x.png")).shape[:2]
    assert sizes[1][0] == sizes[2][0] < sizes[3][0]
    assert sizes[1][1] < sizes[2][1] == sizes[3][1]


def test_the_target_of_the_middle_keypoint_is_yellow(sample: SeenSample, tmp_path: Path) -> None:
    def yellow() -> int:
        image = cv2.imread(str(tmp_path / "x.png")).astype(int)
        return int((abs(image - (0x42, 0xE4, 0xF0)).max(axis=2) < 8).sum())

    no_keypoints = replace(sample, keypoints=sample.keypoints * np.nan, on_photograph=sample.on_photograph * np.nan)
    contact_sheet([replace(no_keypoints, targets=None)], SKELETON, tmp_path / "x.png", HEADING)
    without = yellow()
    contact_sheet([no_keypoints], SKELETON, tmp_path / "x.png", HEADING)
    assert yellow() > without + 100  # a cell is about 18 by 18 pixels of the picture


def test_a_warning_has_a_line_of_its_own(sample: SeenSample, tmp_path: Path) -> None:
    heights = []
    for heading in (HEADING, replace(HEADING, warning="synthetic people")):
        contact_sheet([sample], SKELETON, tmp_path / "x.png", heading)
        heights.append(cv2.imread(str(tmp_path / "x.png")).shape[0])
    assert heights[1] > heights[0]
