"""The file for MPII's evaluation server: what its documentation asks for, and what was predicted."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpii_release import VALIDATION

from posebench.data.chosen import choose
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.errors import PosebenchError
from posebench.files.arrays import load_array, load_structs
from posebench.plugins.registry import protocol

MPII = protocol("mpii")
mat = importlib.import_module(MPII.__module__.replace("rules", "matlab_files"))


@pytest.fixture(scope="module")
def people(mpii_release: Path) -> Instances:
    return MPII.instances(mpii_release, "test")


def predicted(row: int) -> list[int]:
    """Joints of a row: the first 16 people have all, but for joint 3 of row 1. The others have one each, which is soon written."""
    return [joint for joint in range(16) if (row, joint) != (1, 3)] if row < 16 else [row % 16]


def guess(people: Instances) -> Predictions:
    """Of row r, joint j: x = r + j / 4, y = 1000 - j, in 0-based pixels, where it is predicted."""
    rows, joints = np.arange(len(people))[:, None], np.arange(16)[None]
    keypoints = np.stack([rows + joints / 4, 1000.0 - joints + 0 * rows], axis=2)
    missing = np.array([~np.isin(np.arange(16), predicted(row)) for row in range(len(people))])
    keypoints[missing] = np.nan
    return for_instances(people, keypoints, missing=missing)


@pytest.fixture(scope="module")
def exported(people: Instances, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Any]:
    """What was said, and `pred`."""
    path = tmp_path_factory.mktemp("mpii") / "out.mat"
    return MPII.export("mpii-mat", guess(people), people, path), mat.rows(load_structs(path, "pred"))


def place(rect: Any) -> list[float]:
    """Centre and scale of an annorect."""
    position = mat.first(rect.get("objpos"))
    return [mat.number(value) for value in (position.get("x"), position.get("y"), rect.get("scale"))]


def points(rect: Any) -> dict[float, list[float]]:
    """Joint → (x, y) of an annorect."""
    found = mat.rows(mat.first(rect.get("annopoints")).get("point"))
    return {mat.number(one["id"]): [mat.number(one["x"]), mat.number(one["y"])] for one in found}


def test_the_servers_file_has_every_test_image_and_whom_it_walks_through(
    exported: tuple[list[str], Any], people: Instances, mpii_release: Path
) -> None:
    said, pred = exported
    assert "all 6,908 test images" in said[0] and "7,247 single people" in said[0]
    assert "pred_keypoints_mpii.mat" in said[1]
    assert f"{1 + (7247 - 16) * 15:,} keypoints without a prediction" in said[2]
    assert len(pred) == 6908
    original = mat.Release(mpii_release)
    images = np.flatnonzero(~original.train).tolist()
    found, places = {}, []
    for image, entry in zip(images, pred, strict=True):
        assert mat.text(mat.first(entry.get("image")).get("name")) == f"{image:09d}.jpg"
        rects = mat.rows(entry.get("annorect"))
        for person, (rect, given) in enumerate(zip(rects, original.rects(image), strict=True)):
            places.append((place(rect), place(given)))
            found[image, person] = points(rect)
    np.testing.assert_array_equal(*zip(*places, strict=True))
    assert len(found) == 14_155  # with one more in each image, who is in a crowd
    rows = zip(people.image_ids[people.image].tolist(), people.person.tolist(), strict=True)
    for row, who in enumerate(rows):
        keypoints = found.pop(who)
        assert keypoints == {joint: [row + joint / 4 + 1, 1000.0 - joint + 1] for joint in predicted(row)}
    assert not any(found.values())


def test_ids_are_those_of_mpii_and_fields_those_that_the_toolkit_reads(exported: tuple[list[str], Any]) -> None:
    _, rect, *_ = mat.rows(exported[1][0].get("annorect"))
    points = mat.rows(mat.first(rect.get("annopoints")).get("point"))
    assert list(points[0]) == ["x", "y", "id"]
    assert [mat.number(point["id"]) for point in points] == [float(joint) for joint in range(16)]


def test_the_toolkits_file_has_one_entry_for_each_validation_person(mpii_release: Path, tmp_path: Path) -> None:
    val = MPII.instances(mpii_release, "val")
    said = MPII.export("mpii-mat", guess(val), val, tmp_path / "out.mat")
    assert "2,958 validation people" in said[0] and "on your machine" in said[1]
    arrays = load_array(tmp_path / "out.mat", ["RELEASE_img_index", "RELEASE_person_index"])
    numbers = zip(arrays["RELEASE_img_index"][0] - 1, arrays["RELEASE_person_index"][0] - 1, strict=True)
    assert list(numbers) == VALIDATION
    entries = mat.rows(load_structs(tmp_path / "out.mat", "pred"))
    assert len(entries) == 2958
    assert points(mat.first(entries[15].get("annorect")))[4] == [15 + 1 + 1.0, 1000.0 - 4 + 1]
    assert points(mat.first(entries[2957].get("annorect"))) == {13: [2957 + 3.25 + 1, 1000.0 - 13 + 1]}


def test_an_h5_with_numbers_is_enough_for_the_toolkit_and_one_without_is_not(shared: Path, tmp_path: Path) -> None:
    val = MPII.instances(shared / "data/mpii/annot/valid.h5", "val")
    MPII.export("mpii-mat", guess(val), val, tmp_path / "out.mat")
    lost = replace(val, image_ids=np.arange(len(val.images)))
    with pytest.raises(PosebenchError, match=r"numbers \d+ of the 2,958 validation people"):
        MPII.export("mpii-mat", guess(lost), lost, tmp_path / "lost.mat")
    assert not (tmp_path / "lost.mat").exists()


def test_what_the_server_would_not_take_is_refused(people: Instances, tmp_path: Path) -> None:
    def refused(sentence: str, predictions: Predictions, of: Instances, form: str = "mpii-mat") -> None:
        with pytest.raises(PosebenchError, match=sentence):
            MPII.export(form, predictions, of, tmp_path / "out.mat")
        assert not (tmp_path / "out.mat").exists()

    some = people.take(np.arange(100))
    refused("has 100 single test people, but MPII's server scores 7,247", guess(some), some)
    refused("have 100 of the 7,247 people of mpii test; the first missing is row 100", guess(some), people)
    part = choose(people, 100)
    refused("for everybody of mpii test, and the predictions are of 100 of 7,247 people", guess(part), part)
    other = replace(people, source=replace(people.source, form="test.json"))
    refused(r"not the list of test images.*--data", guess(other), other)
    train: Any = replace(people, split="train")
    refused("not for mpii train", guess(train), train)
    refused("No export of mpii is named 'mpii-mta'. Did you mean 'mpii-mat'", guess(people), people, "mpii-mta")
