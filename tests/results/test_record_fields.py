"""The fields of two records side by side."""

import math
from typing import Any

import pytest
from records import MPII, record

from posebench.results.record_fields import ABSENT, Difference, differences, fields_of

FULL = record(
    intervals={"Mean": (88.5, 89.75)},
    resampled=[89.0, 89.5],
    notes=["82 people are annotated twice and count twice."],
    slices=[
        {"by": "visibility", "name": "occluded", "value": 70.5, "interval": (69.0, 72.0), "people": 9, "keypoints": 31}
    ],
)


def test_every_number_of_a_record_has_a_name() -> None:
    fields = fields_of(FULL)
    for name, value in {
        "rule.version": 1, "data.people": 2958, "data.annotations_sha256": "a" * 64, "metrics.Mean": 89.0915,
        "metrics.Mean@0.1": 33.1, "intervals.Mean[1]": 89.75, "per_joint.right_knee": 71.0, "curves[0].values[1]": 75.0,
        "slices[0].keypoints": 31, "resampled[1]": 89.5, "predictions_sha256": "c" * 64, "model.arch": "hourglass8",
        "notes[0]": "82 people are annotated twice and count twice.",
    }.items():  # fmt: skip
        assert fields[name] == value


def test_labels_times_and_versions_are_not_compared() -> None:
    other = FULL.model_copy(
        update={"name": "b", "created": "2027", "environment": {"python": "4"}, "predictions": "b.h5"}
    )
    assert differences(fields_of(FULL), fields_of(other)) == []


def test_a_record_equals_itself_and_a_change_of_the_last_bit_is_a_difference() -> None:
    changed = {"Mean": math.nextafter(89.0915, 90)}
    other = record(**(vars(FULL) | {"metrics": MPII["metrics"] | changed, "rule": {}, "data": {}}))
    assert differences(fields_of(FULL), fields_of(FULL)) == []
    assert differences(fields_of(FULL), fields_of(other)) == [
        Difference("metrics.Mean", 89.0915, math.nextafter(89.0915, 90))
    ]


def test_another_number_in_any_field_is_a_difference_of_that_field_alone() -> None:
    true = fields_of(FULL)
    for name in true:
        (found,) = differences(true | {name: "5 others"}, true)
        assert (found.field, found.stated, found.recomputed) == (name, "5 others", true[name])
        assert not found.reworded


def test_a_field_of_one_record_alone_is_absent_in_the_other() -> None:
    assert differences({"metrics.A": 1.0}, {"metrics.B": None}) == [
        Difference("metrics.A", 1.0, ABSENT),
        Difference("metrics.B", ABSENT, None),
    ]


@pytest.mark.parametrize(
    ("field", "stated", "recomputed", "reworded"),
    [
        ("notes[0]", "13 joints of 10 people: Mean 99.97.", "10 people", False),
        ("notes[0]", "13 joints of 10 people: Mean 99.97.", "13 keypoints, 10 people, Mean 99.97", True),
        ("notes[0]", "13 joints of 10 people: Mean 99.97.", "13 keypoints, 10 people, Mean 99.98", False),
        ("notes[0]", "1,300 joints", "1,301 joints", False),
        ("notes[1]", "A sentence.", ABSENT, False),
        ("rule.evaluator", "evalMPII.m", "MPII's evalMPII.m", True),
        ("resampling.unit", "image", "photograph", True),
        ("rule.convention", "official", "officially", False),
        ("predictions_sha256", "aa", "bb", False),
        ("rule.version", 1, 2, False),
    ],
)
def test_only_a_sentence_with_the_same_numbers_is_reworded(
    field: str, stated: Any, recomputed: Any, reworded: bool
) -> None:
    assert Difference(field, stated, recomputed).reworded is reworded
