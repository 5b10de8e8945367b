"""Tracks of people who were predicted frame by frame."""

import json
from pathlib import Path
from typing import Any

import entry
import numpy as np
import pytest
from posetrack_data import as_2017, person, sequence, write

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


@pytest.mark.parametrize("form", [dict, as_2017], ids=["2018", "2017"])
def test_a_folder_of_results_without_tracks_is_tracked_without_its_annotation(form: Any, tmp_path: Path) -> None:
    walk, run = ([[(1, person(x=x + 3 * t)) for x in there] for t in range(3)] for there in ([100, 300], [100]))
    made = [sequence(walk, "walk", scores=0.5), sequence(run, "run", scores=0.5)]
    for one in made:
        for row in one["annotations"]:
            del row["track_id"]
    folder = write(tmp_path / "made", *(form(one) | {"images": one["images"]} for one in made))
    done = entry.posebench("track", "made", "--out", "tracked.h5", cwd=tmp_path)
    assert done.stderr == "9 people in 6 frames of 2 sequences: 3 tracks.\n"
    tracked = load(tmp_path / "tracked.h5")
    assert tracked.images[2:4] == ("images/val/run/000002.jpg", "images/val/walk/000000.jpg")
    assert np.asarray(tracked.track_id).tolist() == [1, 1, 1, 1, 2, 1, 2, 1, 2]
    truth = write(tmp_path / "truth", *(sequence(frames, name) for frames, name in ((walk, "walk"), (run, "run"))))
    people = registry.protocol("posetrack").instances(truth, "val")
    found, plain = (
        pb.evaluate(path, protocol="posetrack", people=people) for path in (tmp_path / "tracked.h5", folder)
    )
    assert found.metrics["mAP"] == plain.metrics["mAP"] == 100
    assert "MOTA" in found.metrics and "MOTA" not in plain.metrics
    assert found.record.data.box_source == plain.record.data.box_source == "detections as submitted"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("v/1.jpg", "v/1.jpg"), r"made has the image v/1.jpg twice: in .*run.json and in .*walk.json"),
        (("v/1.jpg", "2.jpg"), r"walk.json has the image 2.jpg without a folder"),
    ],
)
def test_results_whose_sequences_cannot_be_told_apart_are_not_tracked(
    names: tuple[str, str], message: str, tmp_path: Path
) -> None:
    for name, image in zip(("run", "walk"), names, strict=True):
        made = sequence([[(1, person())]], name, scores=0.5)
        write(tmp_path / "made", made)
        made["images"][0]["file_name"] = image
        (tmp_path / "made" / f"{name}.json").write_text(json.dumps(made))
    with pytest.raises(pb.PosebenchError, match=message):
        pb.track(tmp_path / "made", tmp_path / "out.h5")


def test_a_table_without_images_is_not_tracked(tmp_path: Path) -> None:
    np.savez(tmp_path / "made.npz", keypoints=np.zeros((2, 15, 2)))
    with pytest.raises(
        pb.PosebenchError, match=r"made.npz is no predictions file of posebench \(.h5\), and posetrack reads"
    ):
        pb.track(tmp_path / "made.npz", tmp_path / "out.h5")


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
