"""Tracks of people who were predicted frame by frame."""

from pathlib import Path
from typing import Any

import entry
import numpy as np
import pytest
from posetrack_data import person, sequence, write

import posebench as pb
from posebench.data.predictions import Predictions, load, save
from posebench.inference.tracker import BOX, POSE, Tracker, greedy, intersection_over_union, sigma_of, track
from posebench.plugins import registry

NAMES = ("nose", "left_knee", "right_knee")


def predictions(people: list[tuple[int, float]], images: int = 3, **more: Any) -> Predictions:
    """People with three keypoints 100 pixels apart at (image, x), in images of one folder unless they are named."""
    image, x = (np.array(column) for column in zip(*people, strict=True))
    keypoints = np.stack([np.stack([x, 0 * x + 100.0 * k], axis=1) for k in range(3)], axis=1).astype(float)
    keypoints[:, 2, 0] += 60.0
    count = len(people)
    names = more.pop("names", tuple(f"walk/{number}.jpg" for number in range(images)))
    columns = {
        "image": image.astype(int), "person": np.full(count, -1), "keypoints": keypoints, "scores": np.full((count, 3), 0.5),
        "score": np.ones(count), "missing": np.zeros((count, 3), bool),
    }  # fmt: skip
    return Predictions(keypoint_names=NAMES, images=names, **(columns | more))


def tracks(made: Predictions, **tracker: Any) -> list[int]:
    return np.asarray(track(made, Tracker(**tracker)).track_id).tolist()


@pytest.mark.parametrize("by", [POSE, BOX])
def test_people_keep_their_tracks_whatever_their_order_in_a_frame(by: str) -> None:
    made = predictions([(0, 0), (0, 300), (1, 303), (1, 5), (2, 9), (2, 307)])
    assert tracks(made, by=by) == [1, 2, 2, 1, 1, 2]


@pytest.mark.parametrize("by", [POSE, BOX])
def test_who_is_like_nobody_begins_a_track(by: str) -> None:
    assert tracks(predictions([(0, 0), (1, 5), (1, 600)]), by=by) == [1, 1, 2]


def test_the_most_similar_pair_is_put_together_first() -> None:
    # 40 pixels from the second person is the first one's only other choice; 5 pixels come first.
    assert tracks(predictions([(0, 0), (0, 45), (1, 40)]), threshold=0.01) == [1, 2, 2]
    assert greedy(np.array([[0.9, 0.8], [0.85, 0.1]]), 0.2) == ([0], [0])
    assert greedy(np.array([[0.9, 0.8], [0.85, 0.1]]), 0.05) == ([0, 1], [0, 1])


def test_a_track_ends_after_so_many_frames_without_its_person() -> None:
    made = predictions([(0, 0), (0, 300), (1, 300), (2, 0), (2, 300)])
    assert tracks(made, frames=1) == [1, 2, 2, 3, 2]
    assert tracks(made, frames=2) == [1, 2, 2, 1, 2]


def test_images_without_people_are_no_frames() -> None:
    assert tracks(predictions([(0, 0), (7, 0)], images=8)) == [1, 1]


def test_each_folder_is_a_sequence_of_its_own() -> None:
    made = predictions([(0, 0), (1, 300), (2, 0), (3, 300)], names=("a/0.jpg", "b/0.jpg", "a/1.jpg", "b/1.jpg"))
    assert tracks(made) == [1, 1, 1, 1]
    assert tracks(predictions([(0, 0), (1, 300)], names=("a/0.jpg", "a/1.jpg"))) == [1, 2]


def test_poses_are_compared_on_the_keypoints_that_both_have() -> None:
    missing = np.array([[False, True, True], [True, False, False], [False, True, True]])
    made = predictions([(0, 0), (1, 0), (1, 3)], missing=missing, input_box=np.tile([0.0, 0.0, 100.0, 200.0], (3, 1)))
    assert tracks(made) == [1, 2, 1]


def test_boxes_of_the_network_come_before_the_extent_of_keypoints() -> None:
    boxes = np.array([[0, 0, 10, 10], [500, 0, 10, 10], [0, 0, 10, 9]], float)
    assert tracks(predictions([(0, 0), (1, 0), (1, 400)], input_box=boxes), by=BOX) == [1, 2, 1]


def test_intersection_over_union() -> None:
    one = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 0, 0]], float)
    other = np.array([[5, 0, 10, 10], [20, 0, 5, 5], [0, 0, 0, 0]], float)
    assert intersection_over_union(one, other).tolist() == [50 / 150, 0, 0]


def test_a_keypoint_has_the_constant_of_its_part() -> None:
    assert [sigma_of(name) for name in ("nose", "left_knee", "right_hip", "head_top")] == [0.026, 0.087, 0.107, 0.079]


def test_the_command_makes_tracks_that_posetrack_scores(tmp_path: Path) -> None:
    protocol = registry.protocol("posetrack")
    frames = [[(1, person(x=100.0 + 3 * t)), (2, person(x=300.0 - 3 * t))][:: 1 if t % 2 else -1] for t in range(4)]
    people = protocol.instances(write(tmp_path / "truth", sequence(frames)), "val")
    pb.save_predictions(tmp_path / "made.h5", people.keypoints, people)
    before = pb.evaluate(tmp_path / "made.h5", protocol="posetrack", people=people)
    assert "MOTA" not in before.metrics
    done = entry.posebench("track", "made.h5", "--out", "tracked.h5", "--by", "box", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "tracked.h5\n"), done.stderr
    assert done.stderr == "8 people in 4 frames of 1 sequence: 2 tracks.\n"
    after = pb.evaluate(tmp_path / "tracked.h5", protocol="posetrack", people=people)
    assert (after.metrics["MOTA"], after.metrics["mAP"]) == (100, before.metrics["mAP"])
    tracked = after.record.model.tracked
    assert tracked is not None
    assert (tracked.by, tracked.threshold, tracked.frames, tracked.above) == ("box", 0.3, 1, None)


def test_keypoints_of_low_scores_are_left_out(tmp_path: Path) -> None:
    scores = np.array([[0.9, 0.2, 0.8], [0.1, 0.2, 0.3], [0.5, 0.5, 0.1]])
    save(predictions([(0, 0), (0, 300), (1, 0)], scores=scores), tmp_path / "made.h5")
    found = pb.track(tmp_path / "made.h5", tmp_path / "out.h5", above=0.5)
    assert (found.people, found.tracks, found.left_out) == (2, 1, 5)
    made = load(tmp_path / "out.h5")
    assert made.missing.tolist() == [[False, True, False], [False, False, True]]
    with pytest.raises(pb.PosebenchError, match="no keypoint with a score of 2 or more; the largest is 0.9"):
        pb.track(tmp_path / "made.h5", tmp_path / "none.h5", above=2)


def test_another_similarity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pb.PosebenchError, match="No similarity of people is named 'boxes'. Did you mean 'box'"):
        pb.track(tmp_path / "made.h5", tmp_path / "out.h5", by="boxes")
