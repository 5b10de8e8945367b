"""COCO detections that lack keypoints: scored as detections, told, and exported to the same score."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import mixed
from coco_data import annotation, dataset, written
from coco_evaluators import evaluated, reported

from posebench.data.predictions import Predictions, for_instances
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

COCO = protocol("coco")


@pytest.fixture(autouse=True)
def _one_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1)  # the intervals are not what is compared here


def truth_without(people: Any, rows: Any, joints: Any, **more: Any) -> Predictions:
    """The truth as predictions, without these keypoints of these people."""
    missing = np.zeros(people.keypoints.shape[:2], bool)
    missing[np.ix_(np.atleast_1d(rows), np.atleast_1d(joints))] = True
    keypoints = np.where(missing[..., None], np.nan, people.keypoints)
    return for_instances(people, keypoints, missing=missing, **more)


def one_person(folder: Path, *more: dict[str, Any]) -> Any:
    return COCO.instances(written(folder / "gt.json", dataset(annotation(), *more)), "val")


def labelled_people(shared: Path) -> Any:
    people = COCO.instances(shared / "data/coco/pairs/val538_gt.json", "val")
    return people.take(people.measures["num_keypoints"] > 0)


def test_a_detection_without_a_nose_has_sixteen_of_seventeen_keypoints_right(tmp_path: Path) -> None:
    people = one_person(tmp_path)
    scores = COCO.score(truth_without(people, 0, 0), people, "official")
    assert scores.per_person.tolist() == [16 / 17]  # 0.941: found at 0.50 to 0.90, not at 0.95
    assert scores.metrics["AP"] == pytest.approx(0.9)


def test_noses_missing_for_every_second_person_lose_no_person(shared: Path) -> None:
    """An OKS of (n - 1) / n is at least 0.5 from two labelled keypoints on; only people of one keypoint are lost at 0.5."""
    people = labelled_people(shared)
    made = truth_without(people, np.arange(0, len(people), 2), 0)
    scores = COCO.score(made, people, "official")
    labelled = (people.visibility > 0).sum(axis=1)
    lost = (labelled == 1) & (people.visibility[:, 0] > 0) & (np.arange(len(people)) % 2 == 0)
    assert scores.metrics["AR50"] == pytest.approx(1 - lost.sum() / len(people))
    assert scores.notes[0] == (
        "677 detections lack some keypoints. A missing keypoint counts as a miss: it adds 0 to OKS. The area of such a "
        "detection is the extent of the keypoints that it has."
    )
    assert len(scores.notes) == 1


def test_noses_missing_for_everybody_are_not_called_unscored(shared: Path) -> None:
    people = labelled_people(shared)
    scores = COCO.score(truth_without(people, np.arange(len(people)), 0), people, "official")
    assert scores.metrics["AR50"] > 0.99
    assert scores.notes[0].startswith("1,354 detections lack some keypoints.")
    assert scores.notes[1:] == ("No detection has nose.",)


def test_a_row_without_any_keypoint_is_no_detection(tmp_path: Path) -> None:
    people = one_person(tmp_path, annotation(id=8, image_id=9))
    scores = COCO.score(truth_without(people, 1, np.arange(17)), people, "official")
    assert scores.metrics["AR"] == 0.5
    assert scores.notes[1:] == ("1 person has no prediction and counted as missed; the first is in 009.jpg.",)


def test_the_area_of_a_partial_detection_is_the_extent_of_what_it_has(tmp_path: Path) -> None:
    """Keypoints lie at (20 + 3k, 30 + 2k): all 17 span 48 x 32, 1,536 and medium; the first 8 span 21 x 14, 294 and not."""
    people = one_person(tmp_path)
    far = replace(for_instances(people, people.keypoints), keypoints=people.keypoints + 500)
    rules = sys.modules[type(COCO).__module__]
    assert rules.detections_of(far, people).area.tolist() == [1536.0]
    assert rules.detections_of(truth_without(people, 0, np.arange(8, 17)), people).area.tolist() == [294.0]


def test_the_nearest_place_of_a_missing_keypoint_adds_nothing_to_the_largest_of_people(tmp_path: Path) -> None:
    """COCO's largest area is 1e10; sigmas of a described dataset are at most 10."""
    from math import exp

    rules = sys.modules[type(COCO).__module__]
    assert exp(-(rules.partial_detections.ABSENT**2) / (2 * 1e10 * (2 * 10) ** 2)) == 0.0


def with_gaps(seed: int, folder: Path) -> tuple[dict[str, Any], Any, Predictions]:
    """A random case of which every third detection or so lacks keypoints, some all of them."""
    truth, detections = mixed(seed)
    people = COCO.instances(written(folder / "gt.json", truth), "val")
    made = COCO.read_predictions(written(folder / "dt.json", detections), people)
    draw = np.random.default_rng(seed)
    missing = (draw.random(made.missing.shape) < 0.3) & (draw.random(len(made)) < 0.3)[:, None]
    missing[draw.random(len(made)) < 0.05] = True
    return truth, people, replace(made, missing=missing, keypoints=np.where(missing[..., None], np.nan, made.keypoints))


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_exported_partial_detections_score_the_same_in_pycocotools(first: int, tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    came_with_boxes = partial = 0
    for seed in range(first, first + 50, 2):
        truth, people, made = with_gaps(seed, tmp_path)
        COCO.export("coco-json", made, people, tmp_path / "out.json")
        entries = json.loads((tmp_path / "out.json").read_text())
        if not entries:
            continue
        numbers = list(reported(COCO.score(made, people, "official")).values())
        assert evaluated("pycocotools", truth, entries, tmp_path).stats.tolist() == numbers, seed
        again = COCO.read_predictions(tmp_path / "out.json", people)
        assert list(reported(COCO.score(again, people, "official")).values()) == numbers, seed
        assert again.missing.any() == made.missing[~made.missing.all(axis=1)].any()
        came_with_boxes += made.bbox is not None
        partial += bool(again.missing.any())
    assert min(came_with_boxes, 25 - came_with_boxes, partial) > 2


def test_real_people_without_noses_score_the_same_in_pycocotools(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    people = labelled_people(shared)
    made = truth_without(people, np.arange(0, len(people), 2), 0)
    told = COCO.export("coco-json", made, people, tmp_path / "out.json")
    assert told == [
        "1,354 detections of coco.",
        "677 detections lack some keypoints, which this form cannot say. They are written at x = y = -1000000000 with "
        "confidence 0, so they count as missed. Every detection has a 'bbox', the extent of its predicted keypoints, so that "
        "areas stay the same.",
    ]
    truth = json.loads((shared / "data/coco/pairs/val538_gt.json").read_text())
    kept = set(people.measures["id"].tolist())
    truth["annotations"] = [entry for entry in truth["annotations"] if entry["id"] in kept]
    entries = json.loads((tmp_path / "out.json").read_text())
    numbers = evaluated("pycocotools", truth, entries, tmp_path).stats
    assert numbers.tolist() == list(reported(COCO.score(made, people, "official")).values())


def test_a_missing_keypoints_confidence_counts_under_no_convention(tmp_path: Path) -> None:
    people = one_person(tmp_path)
    scores = np.full((1, 17), 0.5)
    scores[0, 0] = 0.9  # of the nose, which is missing
    made = truth_without(people, 0, 0, scores=scores, region=np.full((1, 4), 75.0), box_score=np.ones(1))
    assert COCO.processed(made, "hrnet").score.tolist() == [0.5]
    assert COCO.processed(made, "mmpose").score.tolist() == [0.5]


@pytest.mark.parametrize("convention", ["hrnet", "mmpose"])
def test_equal_partial_poses_are_one_person_and_poses_of_other_keypoints_are_two(
    convention: str, tmp_path: Path
) -> None:
    """Poses that share 15 of the 17 keypoints that either has are 15 / 17 = 0.88 alike: below 0.9."""
    people = one_person(tmp_path, annotation(id=8))
    boxes: dict[str, Any] = {"region": np.full((2, 4), 75.0), "box_score": np.ones(2)}
    same = truth_without(people, [0, 1], [3, 4, 5], **boxes)
    assert len(COCO.processed(same, convention)) == 1
    missing = np.zeros((2, 17), bool)
    missing[0, 3], missing[1, 4] = True, True
    other = replace(same, missing=missing, keypoints=np.where(missing[..., None], np.nan, people.keypoints))
    assert len(COCO.processed(other, convention)) == 2
    missing[1, 4] = False  # 16 / 17 = 0.94
    nearly = replace(same, missing=missing, keypoints=np.where(missing[..., None], np.nan, people.keypoints))
    assert len(COCO.processed(nearly, convention)) == 1


def test_soft_suppression_takes_partial_poses(tmp_path: Path) -> None:
    people = one_person(tmp_path, annotation(id=8))
    made = truth_without(people, [0, 1], 0, region=np.full((2, 4), 75.0), box_score=np.ones(2))
    assert len(COCO.processed(made, "hrnet-soft")) == 2
    assert COCO.score(made, people, "hrnet-soft").notes[1].startswith("2 detections lack some keypoints.")
