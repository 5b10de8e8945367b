"""A predictions file is read whether its images, or the annotation's, have names or only their numbers in the release."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

MPII = protocol("mpii")


@pytest.fixture(scope="module")
def named(shared: Path) -> Instances:
    return MPII.instances(shared / "data/mpii/annot/detections.mat", "val")


@pytest.fixture(scope="module")
def alone(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Instances:
    """detections.mat without valid.h5 beside it, so without names."""
    file = shutil.copy(shared / "data/mpii/annot/detections.mat", tmp_path_factory.mktemp("alone"))
    return MPII.instances(Path(file), "val")


@pytest.mark.parametrize("regions", [True, False])
@pytest.mark.parametrize("has_names", ["annotation", "predictions"])
def test_a_file_with_numbers_and_a_file_with_names_score_alike(
    shared: Path, named: Instances, alone: Instances, tmp_path: Path, has_names: str, regions: bool
) -> None:
    predicted_on, scored_on = (alone, named) if has_names == "annotation" else (named, alone)
    assert predicted_on.images[0] != scored_on.images[0]
    given = MPII.read_predictions(shared / "data/mpii/predictions/hg_s8_b1.mat", named)
    region = np.column_stack([named.center, named.size]) if regions else None
    save(for_instances(predicted_on, given.keypoints, region=region), tmp_path / "p.h5")
    read = MPII.read_predictions(tmp_path / "p.h5", scored_on)
    assert read.images == scored_on.images
    assert MPII.score(read, scored_on, "official").metrics == MPII.score(given, named, "official").metrics


def test_a_file_with_names_in_another_order_than_the_numbered_people_is_refused(
    named: Instances, alone: Instances, tmp_path: Path
) -> None:
    order = np.roll(np.arange(len(named)), 1)
    save(for_instances(named.take(order), named.keypoints[order]), tmp_path / "p.h5")
    with pytest.raises(PosebenchError, match="have 0 of the 2,958 people"):
        MPII.score(MPII.read_predictions(tmp_path / "p.h5", alone), alone, "official")


def test_names_of_people_at_other_places_than_the_numbered_ones_stay_names(
    named: Instances, alone: Instances, tmp_path: Path
) -> None:
    region = np.column_stack([named.center + 2, named.size])
    save(for_instances(named, named.keypoints, region=region), tmp_path / "p.h5")
    assert MPII.read_predictions(tmp_path / "p.h5", alone).images == named.images


def test_numbers_that_the_annotation_does_not_have_stay_numbers(named: Instances, tmp_path: Path) -> None:
    people = replace(named, images=tuple(f"image {10**6 + i} of the MPII annolist" for i in range(len(named.images))))
    save(for_instances(people, people.keypoints), tmp_path / "p.h5")
    assert MPII.read_predictions(tmp_path / "p.h5", named).images == people.images
