"""Coordinates that no photograph has: noted with their place, and scored as any other miss."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posebench.data.far_keypoints import far_notes
from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap
from posebench.tasks.people import load_people
from posebench.tasks.scoring.evaluate import evaluate


def test_the_note_names_file_rows_and_values(two_people: Instances, tmp_path: Path) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[1, 0] = 1e308, 5
    save(for_instances(two_people, keypoints), tmp_path / "made.h5")
    notes = evaluate(tmp_path / "made.h5", protocol("mpii"), two_people).notes
    assert (
        "1 keypoint of made.h5 has a coordinate beyond ±1,000,000 pixels, which no photograph has: right_ankle of row 1 (a.jpg) at "
        "1e+308, 5. Such keypoints are scored as they stand. Was the file written wrongly?"
    ) in notes


def test_three_keypoints_are_named_and_missing_ones_are_not_counted(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, :5] = -2e6, 7
    missing = np.zeros((2, 16), bool)
    missing[0, 0] = True
    (note,) = far_notes(for_instances(two_people, keypoints, missing=missing), "")
    assert note.startswith("4 keypoints have a coordinate beyond")
    assert note.count("of row 0 (a.jpg) at -2e+06, 7;") == 3
    assert not far_notes(for_instances(two_people, two_people.keypoints * 100), "")


@pytest.mark.parametrize("name", ["mpii", "lsp", "coco"])
def test_a_keypoint_is_as_wrong_at_1e308_as_at_1e30_under_every_convention(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 3)
    rules = protocol(name)
    people = load_people(rules, None, limit=40)

    def scored(value: float, convention: str) -> Any:
        keypoints = people.keypoints.copy()
        keypoints[3, 5], keypoints[7] = value, -value
        made = for_instances(people, keypoints)
        if name == "coco":
            made = replace(made, input_box=people.bbox, box_score=np.ones(40), presence=np.ones((40, 17)))
        return rules.score(made, people, convention).metrics

    for convention in rules.conventions:
        assert repr(scored(1e308, convention)) == repr(scored(1e30, convention)), convention
