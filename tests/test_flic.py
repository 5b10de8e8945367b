"""FLIC: equal to the published evaluators on Yang et al.'s predictions, and right on a person one can check by eye."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from posebench.errors import PosebenchError
from posebench.plugins import protocol
from posebench.predictions import for_instances

FLIC = protocol("flic")
OBSERVED = "observer-centric | lsho-rhip observer-centric (MODEC, Chen&Yuille PDJ, eval_pose)"


def test_every_number_equals_the_reference(shared: Path, golden: Any) -> None:
    people = FLIC.instances(shared / "data/flic", "test")
    scores = FLIC.score(
        FLIC.read_predictions(shared / "data/flic/predictions/yang16_oc.mat", people), people, "observer-centric"
    )
    expected = golden["flic"]["sets"]["yang16"][OBSERVED]
    for part in ("Elbow", "Wrist", "Shoulder"):
        assert scores.metrics[part] == pytest.approx(expected["PCK@0.20"][part], abs=1e-9)
    for part in ("Elbow", "Wrist"):
        assert scores.metrics[f"{part}@0.1"] == pytest.approx(expected["PCK@0.10"][part], abs=1e-9)
        assert scores.metrics[f"AUC[0,0.2] {part}"] == pytest.approx(expected[f"AUC[0,0.2] {part}"], abs=1e-9)
    assert scores.metrics["Hip"] == pytest.approx(golden["flic"]["sets"]["yang16"]["eval_pck.m"]["Hip"], abs=1e-9)
    assert scores.notes == ("Not predicted, so not scored: left_eye, right_eye.",)


def test_both_splits_have_their_people(shared: Path) -> None:
    train, test = (FLIC.instances(shared / "data/flic", split) for split in ("train", "test"))
    assert [(len(p), len(p.images)) for p in (train, test)] == [(3987, 3628), (1016, 926)]


def write(folder: Path, parts: Any) -> Path:
    n = len(parts)
    with h5py.File(folder / "valid.h5", "w") as file:
        file["imgname"] = np.array([b"a.jpg", b"a.jpg", b"b.jpg"][:n])
        file["person"], file["scale"], file["visible"] = np.zeros(n), np.full(n, 2.2), np.ones((n, 11))
        file["center"], file["part"] = np.full((n, 2), 240.0), parts
    return folder / "valid.h5"


def parts() -> Any:
    points = np.zeros((3, 11, 2))
    points[:] = np.arange(12, 1, -1)[:, None]
    points[:, 0], points[:, 7] = [130.0, 50.0], [100.0, 90.0]  # left shoulder to right hip: 50 pixels
    return points


def test_the_torso_is_left_shoulder_to_right_hip(tmp_path: Path) -> None:
    people = FLIC.instances(write(tmp_path, parts()), "test")
    assert people.measures["torso_diameter"].tolist() == [50.0] * 3
    guess = people.keypoints.copy()
    guess[0, 2] += [10.0, 0.0]  # left wrist, exactly 0.2 torso: a hit
    guess[1, 2] += [10.5, 0.0]
    scores = FLIC.score(for_instances(people, guess), people, "observer-centric")
    assert scores.per_joint["left_wrist"] == pytest.approx(200 / 3)
    assert scores.metrics["Wrist"] == pytest.approx((200 / 3 + 100) / 2)
    assert scores.metrics["Wrist@0.1"] == pytest.approx((100 / 3 + 100) / 2)


def test_two_annotations_of_one_image_are_two_people(tmp_path: Path) -> None:
    people = FLIC.instances(write(tmp_path, parts()), "test")
    assert (people.image.tolist(), people.person.tolist()) == ([0, 0, 1], [0, 1, 0])


def test_yangs_keypoints_find_their_places(tmp_path: Path) -> None:
    people = FLIC.instances(write(tmp_path, parts()), "test")
    pred = np.arange(10.0)[None, :, None] + np.zeros((2, 10, 3))
    savemat(tmp_path / "yang.mat", {"pred": pred})
    made = FLIC.read_predictions(tmp_path / "yang.mat", people)
    at = dict(zip(made.keypoint_names, made.keypoints[0, :, 0] + 1, strict=True))
    assert (at["nose"], at["right_shoulder"], at["left_hip"], at["left_wrist"]) == (0, 2, 9, 8)
    assert made.missing.all(axis=0).nonzero()[0].tolist() == people.skeleton.index("left_eye", "right_eye")


def test_person_centric_labels_are_refused(tmp_path: Path, shared: Path) -> None:
    with pytest.raises(PosebenchError, match=r"person-centric labels: in 48 people .*; use valid\.h5"):
        FLIC.instances(shared / "data/flic/annot/valid_personcentric.h5", "test")
    facing_away = parts()
    facing_away[1, :3, 0], facing_away[1, 3:6, 0] = 10, 20
    with pytest.raises(PosebenchError, match="in 1 people"):
        FLIC.instances(write(tmp_path, facing_away), "test")


def test_a_file_of_mpii_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="another dataset"):
        FLIC.instances(write(tmp_path, np.zeros((3, 16, 2))), "test")


def test_a_missing_split_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"looked for train\.h5"):
        FLIC.instances(tmp_path, "train")
    with pytest.raises(PosebenchError, match="No split of flic is named 'val'. Known: test, train"):
        FLIC.instances(tmp_path, "val")
