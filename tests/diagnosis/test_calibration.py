"""Confidences against being right, on numbers a person can check; what recalibration changes; and scores without sigmas."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import SIGMAS, plain
from coco_data import written

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.diagnosis.body_lengths import body_lengths
from posebench.diagnosis.calibration import Calibration, calibration, parts_of
from posebench.diagnosis.recalibration import OTHERS, SAME, folds, monotone, recalibrated, reordered
from posebench.diagnosis.sigmas import FACTORS, sensitivity
from posebench.plugins import registry

MPII = registry.protocol("mpii")


def of(people: Instances, keypoints: np.ndarray, scores: np.ndarray, **more: Any) -> Calibration:
    compared = MPII.compared(for_instances(people, keypoints, scores, **more), people, "official")
    return calibration(compared, "Mean", compared.rescored(compared.predictions))


def test_the_expected_error_is_the_mean_gap_between_confidence_and_share(two_people: Instances) -> None:
    scores = np.full((2, 16), 0.25)
    scores[1] = 0.75
    keypoints = two_people.keypoints.copy()
    keypoints[0, :8] += 90  # 8 of 16 are right at 0.25
    found = of(two_people, keypoints, scores)
    assert [(one.confidence, one.right.value, one.keypoints) for one in found.bins] == [(0.25, 50, 16), (0.75, 100, 16)]
    assert found.error is not None and found.error.error.value == 25
    assert found.error.error.interval is None  # one image says nothing of others
    assert (found.recalibrated, found.problem) == (None, "")
    assert found.as_json()["expected_error"] == {"value": 25, "interval": None, "by_chance": None}


def test_confidences_that_are_right_as_often_as_they_say_have_a_small_error() -> None:
    random = np.random.default_rng(1)
    n, k = 400, 16
    people = Instances(
        dataset="mpii", split="val", skeleton=MPII.skeleton, images=tuple(map(str, range(n))), image_ids=np.arange(n),
        image=np.arange(n), person=np.zeros(n, int), center=np.zeros((n, 2)), size=np.full((n, 2), 200.0),
        keypoints=np.zeros((n, k, 2)), visibility=np.full((n, k), 2, np.int8), usable=np.ones(n, bool),
        measures={"head_length": np.full(n, 10.0)},
    )  # fmt: skip
    scores = random.random((n, k))
    keypoints = np.where((random.random((n, k)) < scores)[..., None], 0.0, np.full(2, 50.0))
    honest, boastful = of(people, keypoints, scores), of(people, keypoints, scores**0.25)
    assert [one.keypoints for one in honest.bins] == [640] * 10
    assert all(low <= 100 * one.confidence <= high for one in honest.bins for low, high in [one.right.interval])
    assert honest.error is not None and boastful.error is not None
    assert honest.error.error.value < 2
    assert honest.error.error.interval[0] == 0  # no more than chance makes
    assert honest.error.by_chance == pytest.approx(honest.error.error.value, abs=1)
    assert boastful.error.error.value == pytest.approx(30, abs=2)  # mean of x ** 0.25 − x over 0 … 1
    low, high = boastful.error.error.interval
    assert 27 < low < boastful.error.error.value < high < 33
    assert boastful.recalibrated is not None
    assert boastful.recalibrated.error.value < 4
    assert boastful.reordered == ()  # PCK does not depend on an order


def test_a_file_without_confidences_says_so(two_people: Instances) -> None:
    found = of(two_people, two_people.keypoints, np.ones((2, 16)))
    assert (found.bins, found.error) == ((), None)
    assert found.problem == "The file has no confidences of keypoints: all are 1."


def test_confidences_above_one_have_bins_and_no_error(two_people: Instances) -> None:
    scores = np.linspace(-1, 30.5, 32).reshape(2, 16)
    found = of(two_people, two_people.keypoints, scores)
    assert found.error is None
    assert "from -1 to 30.5, so they are no probabilities" in found.problem
    assert len(found.bins) == 10


def test_keypoints_that_are_not_predicted_have_no_confidence(two_people: Instances) -> None:
    scores, missing = np.full((2, 16), 0.5), np.zeros((2, 16), bool)
    scores[0, 3], missing[0, 3] = 0.25, True
    scores[1, 0] = 0.75
    found = of(two_people, two_people.keypoints, scores, missing=missing)
    assert [(one.confidence, one.keypoints) for one in found.bins] == [(0.5, 30), (0.75, 1)]


@pytest.mark.parametrize(
    "confidence, parts",
    [(np.arange(20.0), np.arange(20) // 2), (np.array([0.0] * 15 + [1, 1, 2, 2, 2]), [0] * 15 + [1, 1, 2, 2, 2])],
)
def test_parts_have_equal_numbers_and_equal_confidences_stay_together(confidence: np.ndarray, parts: Any) -> None:
    assert parts_of(confidence).tolist() == list(parts)


def test_a_map_is_the_nondecreasing_one_of_the_least_squared_error() -> None:
    mapped = monotone(np.array([3.0, 1, 2, 3]), np.array([0.0, 0, 1, 1]))
    # At 2 all is right and at 3 half: the three together are right in two of three cases.
    assert mapped(np.array([0.0, 1, 1.5, 2, 3, 9])) == pytest.approx([0, 0, 1 / 3, 2 / 3, 2 / 3, 2 / 3])


def test_maps_are_fitted_on_other_images_only() -> None:
    unit = np.repeat(np.arange(23), 4)
    times = np.zeros(len(unit), int)
    for fitted, applied in folds(unit):
        assert not set(unit[fitted]) & set(unit[applied])
        assert (fitted | applied).all()
        times += applied
    assert (times == 1).all()
    confidence = np.array([0.2, 0.7, 0.2, 0.7])
    right, joint = np.array([True, True, False, False]), np.zeros(4, int)
    assert recalibrated(confidence, right, joint, np.array([0, 0, 1, 1])).tolist() == [0, 0, 1, 1]
    assert np.isnan(recalibrated(confidence, right, joint, np.zeros(4, int))).all()


def test_each_keypoint_has_a_map_of_its_own() -> None:
    unit, joint = np.repeat(np.arange(100), 2), np.tile([0, 1], 100)
    assert recalibrated(np.full(200, 0.5), joint == 1, joint, unit).tolist() == joint.tolist()


def one_person_an_image(images: int) -> tuple[Any, Instances, np.ndarray]:
    """COCO's protocol, people 200 pixels tall, and (images, 17) similarities of guesses that are worse from person to person."""
    protocol = registry.protocol("coco")
    k = len(protocol.skeleton)
    box = np.tile([0.0, 0, 100, 200], (images, 1))
    people = Instances(
        dataset="coco", split="val", skeleton=protocol.skeleton, images=tuple(map(str, range(images))),
        image_ids=np.arange(images), image=np.arange(images), person=np.arange(1, images + 1), center=box[:, 2:] / 2,
        size=box[:, 2:], keypoints=np.tile(np.linspace([0, 0], [100, 200], k), (images, 1, 1)),
        visibility=np.full((images, k), 2, np.int8), usable=np.ones(images, bool), bbox=box,
        measures={
            "area": np.full(images, 1e4), "iscrowd": np.zeros(images, int), "num_keypoints": np.full(images, k),
            "id": np.arange(1, images + 1),
        },
    )  # fmt: skip
    similarity = np.tile(np.linspace(0.99, 0.3, images)[:, None], (1, k))
    return protocol, people, similarity


def guesses(people: Instances, similarity: np.ndarray, **columns: Any) -> Any:
    keypoints = people.keypoints.copy()
    keypoints[..., 0] += np.sqrt(-2 * np.log(similarity) * 1e4) * 2 * SIGMAS
    return for_instances(people, keypoints, **columns)


def test_confidences_that_know_what_scores_do_not_raise_ap() -> None:
    protocol, people, similarity = one_person_an_image(60)
    random = np.random.default_rng(0)
    predictions = guesses(people, similarity, scores=similarity**4, score=random.random(60))
    compared = protocol.compared(predictions, people, "official")
    before = compared.rescored(predictions)
    best = compared.rescored(replace(predictions, score=compared.detected.similarity)).metrics["AP"]
    others, same = reordered(compared, "AP", before)
    assert (others.fitted_on, same.fitted_on) == (OTHERS, SAME)
    assert before.metrics["AP"] < others.headline.value <= best
    assert others.change.value == pytest.approx(others.headline.value - before.metrics["AP"])
    assert others.change.interval[0] > 0
    # A monotone distortion of every confidence is what recalibration takes back.
    distorted = replace(predictions, scores=predictions.scores ** np.linspace(0.2, 5, 17), score=predictions.score**3)
    again = reordered(protocol.compared(distorted, people, "official"), "AP", before)
    assert again[1].headline.value == same.headline.value


def test_equal_confidences_or_scores_of_pck_give_no_other_order(two_people: Instances) -> None:
    protocol, people, similarity = one_person_an_image(12)
    compared = protocol.compared(guesses(people, similarity, score=np.arange(12.0)), people, "official")
    assert reordered(compared, "AP", compared.rescored(compared.predictions)) == ()
    compared = MPII.compared(for_instances(two_people, two_people.keypoints), two_people, "official")
    assert reordered(compared, "Mean", compared.rescored(compared.predictions)) == ()


def test_errors_in_body_lengths_are_parts_of_the_boxs_longer_side() -> None:
    _, people, _ = one_person_an_image(3)
    protocol, keypoints = registry.protocol("coco"), people.keypoints.copy()
    keypoints[0, :, 1] += 8  # 0.04 of 200 pixels
    keypoints[1, :, 1] -= 16
    keypoints[2] += 5000  # nobody finds this person
    compared = protocol.compared(for_instances(people, keypoints), people, "official")
    found = body_lengths(compared)
    assert found is not None
    assert [(threshold, round(share.value, 6)) for threshold, share in found.pck] == [
        (0.05, 33.333333), (0.1, 66.666667), (0.2, 66.666667)
    ]  # fmt: skip
    assert (found.median.value, found.keypoints) == (pytest.approx(0.06), 34)
    keypoints[:2] = keypoints[2]
    lost = body_lengths(protocol.compared(for_instances(people, keypoints), people, "official"))
    assert lost is not None and lost.as_json()["median"] == {"value": None, "interval": None}


def test_a_score_by_a_length_of_the_person_needs_no_body_lengths(two_people: Instances) -> None:
    assert body_lengths(MPII.compared(for_instances(two_people, two_people.keypoints), two_people, "official")) is None


@pytest.mark.usefixtures("few_resamples")
def test_ap_with_other_sigmas_is_that_of_a_dataset_with_these_sigmas(tmp_path: Path) -> None:
    case = plain(np.random.default_rng(5))
    truth, found = written(tmp_path / "gt.json", case.truth), written(tmp_path / "dt.json", case.detections)
    protocol = registry.protocol("coco")
    people = protocol.instances(truth, "val")
    compared = protocol.compared(protocol.read_predictions(found, people), people, "official")
    before = compared.rescored(compared.predictions)
    rows = sensitivity(compared, "AP", before)
    assert [one.factor for one in rows] == list(FACTORS)
    for one in rows:
        other = registry.protocol("coco")
        other.sigmas = one.factor * SIGMAS
        scores = other.score(compared.predictions, people, "official")
        assert one.headline.value == scores.metrics["AP"]
        assert one.change.value == scores.metrics["AP"] - before.metrics["AP"]
    values = [one.headline.value for one in rows]
    assert values == sorted(values)
    assert values[0] < values[3] < values[-1]


def test_a_protocol_without_sigmas_has_no_such_table(two_people: Instances) -> None:
    compared = MPII.compared(for_instances(two_people, two_people.keypoints), two_people, "official")
    assert sensitivity(compared, "Mean", compared.rescored(compared.predictions)) == ()
