"""MPII: equal to the official toolkit on four published prediction files, and right on people one can check by eye."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

pytestmark = pytest.mark.usefixtures("few_resamples")  # intervals are not what is tested here

MPII = protocol("mpii")
FILES = {
    "newell.h5": "newell",
    "valid-example.h5": "hgdemo_example",
    "hg_s2_b1.mat": "bearpaw_hg_s2_b1",
    "hg_s8_b1.mat": "bearpaw_hg_s8_b1",
}


@pytest.fixture(scope="module")
def val(shared: Path) -> Instances:
    return MPII.instances(shared / "data" / "mpii", "val")


NAMES = {
    "hrnet": {"Mean@0.11": "Mean@0.1(as coded, thr=0.11)", "Mean@0.1": "Mean@0.1(true)"},
    "princeton": {
        "Head": "head", "Neck": "neck", "Thorax": "thorax", "Pelvis": "pelvis", "Mean": "Mean(total, 16 joints)",
        "Mean visible": "visible total", "Mean occluded": "not visible total",
    },
}  # fmt: skip
"""Columns whose name in golden.json is another one."""
OURS_ALONE = {"hrnet": {"UBody"}, "bearpaw": {"UBody"}, "mmpose": {"UBody"}, "princeton": {"Mean@0.1", "AUC"}}
"""Columns that the reference does not print."""


@pytest.mark.parametrize("convention", MPII.conventions)
@pytest.mark.parametrize("file", FILES)
def test_every_number_equals_the_reference_evaluators(file: str, convention: str, shared: Path, golden: Any) -> None:
    people = MPII.instances(MPII.annotations(shared / "data/mpii", "val", convention), "val")
    scores = MPII.score(MPII.read_predictions(shared / "data/mpii/predictions" / file, people), people, convention)
    expected = golden["mpii"]["sets"][FILES[file]]["princeton_pt" if convention == "princeton" else convention]
    compared = scores.metrics.keys() - OURS_ALONE.get(convention, set())
    known = {NAMES.get(convention, {}).get(name, name) for name in compared}
    assert known == expected.keys() - {"per_joint", "printed_by_eval_PCKh.py"}
    for name in compared:
        assert scores.metrics[name] == pytest.approx(expected[NAMES.get(convention, {}).get(name, name)], abs=1e-9), (
            name
        )
    np.testing.assert_allclose(list(scores.per_joint.values()), expected["per_joint"], atol=1e-6)


def test_each_convention_is_scored_on_its_evaluators_ground_truth(shared: Path) -> None:
    files = {name: MPII.annotations(shared / "data/mpii", "val", name).name for name in MPII.conventions}
    assert files == {
        "official": "detections.mat", "hrnet": "gt_valid.mat", "bearpaw": "gt_valid.mat", "mmpose": "detections.mat",
        "princeton": "valid.h5",
    }  # fmt: skip


def test_even_the_truth_misses_the_zeroed_joints_of_gt_valid(val: Instances, shared: Path) -> None:
    zeroed = MPII.instances(shared / "data/mpii/annot/gt_valid.mat", "val")
    metrics = MPII.score(for_instances(val, val.keypoints), zeroed, "hrnet").metrics
    assert round(metrics["Mean"], 4) == 99.9688
    assert "13 joints of 10 people are zeroed" in zeroed.source.notes[0]


def test_counts_are_those_of_the_dataset(val: Instances, golden: Any) -> None:
    assert (len(val), int((val.visibility > 0).sum())) == (2958, 44240)
    assert (val.visibility > 0).sum(axis=0).tolist() == golden["mpii"]["count_per_joint"]
    assert val.describe(0) == "row 0 (005808361.jpg, person 0)"
    assert val.describe(17) == "row 17 (033761517.jpg, person 0)"


def test_both_forms_agree_on_everything_but_the_truncation(val: Instances, shared: Path) -> None:
    h5 = MPII.instances(shared / "data/mpii/annot/valid.h5", "val")
    labelled = val.visibility > 0
    np.testing.assert_array_equal(h5.visibility > 0, labelled)
    np.testing.assert_allclose(h5.center, val.center, atol=1e-9)
    np.testing.assert_allclose(h5.size, val.size, atol=1e-9)
    np.testing.assert_allclose(h5.measures["head_length"], val.measures["head_length"], atol=1e-4)
    np.testing.assert_array_equal(np.trunc(val.keypoints[labelled] + 1), h5.keypoints[labelled] + 1)
    assert "truncated to whole pixels (valid.h5)" in h5.source.notes[0]
    assert val.source.notes == ()


def test_the_truth_scores_100(val: Instances) -> None:
    metrics = MPII.score(for_instances(val, val.keypoints), val, "official").metrics
    assert set(metrics.values()) == {100.0}


def test_columns_follow_their_definitions(two_people: Instances) -> None:
    # Head length 10: 5 pixels is a hit at 0.5, 1 pixel at 0.1. Person 0 misses the left wrist, person 1 is 5 off everywhere.
    guess = two_people.keypoints.copy()
    guess[0, two_people.skeleton.index("left_wrist")] += [0.0, 5.5]
    guess[1] += [3.0, 4.0]
    scores = MPII.score(for_instances(two_people, guess), two_people, "official")
    assert scores.metrics["Wrist"] == 75.0
    assert scores.per_joint["left_wrist"] == 50.0
    assert scores.metrics["Mean"] == pytest.approx(100 * 27 / 28)
    assert scores.metrics["Mean@0.1"] == pytest.approx(100 * 13 / 28)
    assert scores.metrics["UBody"] == pytest.approx(100 * 11 / 12)
    assert scores.metrics["Head"] == 100.0
    assert (scores.people, scores.images) == (2, 1)


def test_pelvis_and_thorax_do_not_count_in_the_mean(two_people: Instances) -> None:
    guess = two_people.keypoints.copy()
    guess[:, two_people.skeleton.index("pelvis", "thorax")] += 99
    assert MPII.score(for_instances(two_people, guess), two_people, "official").metrics["Mean"] == 100.0


def test_occluded_keypoints_count_and_unlabelled_do_not(two_people: Instances) -> None:
    visibility = two_people.visibility.copy()
    visibility[0, 0], visibility[1, 0] = 1, 0
    guess = two_people.keypoints.copy()
    guess[:, 0] += 99
    from dataclasses import replace

    people = replace(two_people, visibility=visibility)
    assert MPII.score(for_instances(people, guess), people, "official").per_joint["right_ankle"] == 0.0
    assert MPII.score(for_instances(people, guess), people, "official").metrics["Mean"] == pytest.approx(100 * 26 / 27)


def test_a_keypoint_that_nobody_predicted_is_unknown_not_zero(two_people: Instances) -> None:
    missing = np.zeros((2, 16), bool)
    missing[:, 8] = True
    guess = np.where(missing[..., None], np.nan, two_people.keypoints)
    scores = MPII.score(for_instances(two_people, guess, missing=missing), two_people, "official")
    assert np.isnan([scores.per_joint["upper_neck"], scores.metrics["Head"], scores.metrics["Mean"]]).all()
    assert scores.metrics["Wrist"] == 100.0
    assert scores.notes == ("Not predicted, so not scored: upper_neck.",)


def write_h5(folder: Path, name: str = "valid.h5", **changes: Any) -> Path:
    columns = {
        "imgname": np.array([b"a.jpg", b"b.jpg", b"a.jpg"]),
        "person": np.array([0, 0, 1]),
        "center": np.array([[50.0, 60.0], [70.0, 80.0], [20.0, 30.0]]),
        "scale": np.array([1.0, 0.5, 0.25]),
        "part": np.arange(96, dtype=float).reshape(3, 16, 2),
        "visible": np.ones((3, 16)),
        "normalize": np.array([10.0, 12.0, 14.0]),
    } | changes
    folder.mkdir(exist_ok=True)
    with h5py.File(folder / name, "w") as file:
        for key, value in columns.items():
            if value is not None:
                file[key] = value
    return folder / name


def test_the_h5_form_is_shifted_to_0_based_pixels(tmp_path: Path) -> None:
    part = np.arange(96, dtype=float).reshape(3, 16, 2)
    part[1, 2] = 0
    write_h5(tmp_path / "annot", part=part)
    people = MPII.instances(tmp_path, "val")
    assert people.keypoints[0, 1].tolist() == [1.0, 2.0]
    assert people.visibility[1, 2] == 0
    assert people.center[0].tolist() == [49.0, 59.0]
    assert people.size[:, 0].tolist() == [200.0, 100.0, 50.0]
    assert (people.images, people.image.tolist()) == (("a.jpg", "b.jpg"), [0, 1, 0])


@pytest.mark.parametrize("name, order", [("p.h5", (0, 1, 2)), ("p.mat", (0, 1, 2)), ("t.mat", (2, 1, 0))])
def test_the_fields_files_are_read_in_their_own_pixels(tmp_path: Path, name: str, order: tuple[int, ...]) -> None:
    write_h5(tmp_path)
    people = MPII.instances(tmp_path, "val")
    preds = (people.keypoints + 1).transpose(order)
    if name.endswith("h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["preds"] = preds
    else:
        savemat(tmp_path / name, {"preds": preds})
    np.testing.assert_array_equal(MPII.read_predictions(tmp_path / name, people).keypoints, people.keypoints)


def test_posebenchs_own_file_is_not_shifted(tmp_path: Path, two_people: Instances) -> None:
    save(for_instances(two_people, two_people.keypoints), tmp_path / "own.h5")
    np.testing.assert_array_equal(
        MPII.read_predictions(tmp_path / "own.h5", two_people).keypoints, two_people.keypoints
    )


@pytest.mark.parametrize(
    "array, sentence",
    [
        (np.zeros((3, 17, 2)), r"keypoints are \(N, 17, 2\), but mpii has 16"),
        (np.zeros((2, 16, 2)), "has 2 people, but mpii val has 3"),
        (np.full((3, 16, 2), np.nan), "48 keypoints are not finite; the first is right_ankle of row 0"),
        (np.zeros((3, 16)), r"should be \(N, K, 2\)"),
    ],
)
def test_a_wrong_prediction_file_is_a_sentence(tmp_path: Path, array: Any, sentence: str) -> None:
    people = MPII.instances(write_h5(tmp_path), "val")
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["preds"] = array
    with pytest.raises(PosebenchError, match=sentence):
        MPII.read_predictions(tmp_path / "p.h5", people)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"part": None}, "lacks part"),
        ({"part": np.zeros((3, 11, 2))}, "another dataset"),
        ({"normalize": np.array([1.0, 0.0, 1.0])}, r"normalize of row 1 \(b.jpg\) is 0, but should be above 0"),
        ({"person": np.zeros(4)}, r"person is \(4,\) float64, but should be \(3,\) numbers"),
        ({"center": np.full((3, 2), np.nan)}, r"center of row 0 \(a.jpg\) is \[nan, nan\]: not finite"),
    ],
)
def test_a_wrong_annotation_is_a_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        MPII.instances(write_h5(tmp_path, **changes), "val")


def test_a_missing_annotation_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        PosebenchError, match=r"looked for mpii_human_pose_v1_u12_\*.mat, detections.mat, valid.json, valid.h5"
    ):
        MPII.instances(tmp_path, "val")


def test_a_damaged_annotation_is_a_sentence(tmp_path: Path) -> None:
    content = write_h5(tmp_path).read_bytes()
    (tmp_path / "valid.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(PosebenchError, match=r"valid\.h5"):
        MPII.instances(tmp_path, "val")
    (tmp_path / "detections.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(PosebenchError, match=r"detections\.mat"):
        MPII.instances(tmp_path, "val")
