"""Confidences against being right, on numbers a person can check; and AP with other sigmas."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import SIGMAS, plain
from coco_data import written

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.diagnosis.calibration import Calibration, calibration, parts_of
from posebench.diagnosis.sigmas import FACTORS, sensitivity
from posebench.plugins import registry

MPII = registry.protocol("mpii")


def of(people: Instances, keypoints: np.ndarray, scores: np.ndarray, **more: Any) -> Calibration:
    return calibration(MPII.compared(for_instances(people, keypoints, scores, **more), people, "official"))


def test_the_expected_error_is_the_mean_gap_between_confidence_and_share(two_people: Instances) -> None:
    scores = np.full((2, 16), 0.25)
    scores[1] = 0.75
    keypoints = two_people.keypoints.copy()
    keypoints[0, :8] += 90  # 8 of 16 are right at 0.25
    found = of(two_people, keypoints, scores)
    assert [(one.confidence, one.right.value, one.keypoints) for one in found.bins] == [(0.25, 50, 16), (0.75, 100, 16)]
    assert found.error is not None and found.error.value == 25
    assert found.error.interval is None  # one image says nothing of others
    assert found.problem == ""


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
    assert honest.error.value < 2
    assert boastful.error.value == pytest.approx(30, abs=2)  # mean of x ** 0.25 − x over 0 … 1
    low, high = boastful.error.interval
    assert low < boastful.error.value < high


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
