"""The Predictions file: what goes in comes out, and what cannot be trusted is refused with its row."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from posebench.data import predictions
from posebench.data.instances import Instances
from posebench.data.matching import align, missing_notes, person_first
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.files import writing
from posebench.plugins.registry import protocol


def test_a_saved_file_is_read_back_whole(two_people: Instances, tmp_path: Path) -> None:
    made = predictions.for_instances(
        two_people, two_people.keypoints + 0.125, np.full((2, 16), 0.5), provenance=Provenance(arch="x")
    )
    predictions.save(made, tmp_path / "new" / "p.h5")
    again = predictions.load(tmp_path / "new" / "p.h5")
    for name in ("image", "person", "keypoints", "scores", "score", "missing"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    assert (again.images, again.keypoint_names, again.dataset, again.split) == (
        ("a.jpg",),
        made.keypoint_names,
        "mpii",
        "val",
    )
    assert again.provenance == Provenance(arch="x")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["p.h5"]  # no temporary file stays


def test_a_file_that_states_no_boxes_has_an_unknown_box_source(two_people: Instances, tmp_path: Path) -> None:
    made = predictions.for_instances(two_people, two_people.keypoints)
    for stated, found in (("56.4 AP detector", "56.4 AP detector"), ("", "unknown")):
        predictions.save(replace(made, box_source=stated), tmp_path / "made.h5")
        assert predictions.load(tmp_path / "made.h5").box_source == found


def test_a_declared_missing_keypoint_may_be_nan(two_people: Instances) -> None:
    keypoints, missing = two_people.keypoints.copy(), np.zeros((2, 16), bool)
    keypoints[1, 3], missing[1, 3] = np.nan, True
    assert predictions.for_instances(two_people, keypoints, missing=missing).missing.sum() == 1


def test_an_undeclared_nan_is_refused_with_its_row_and_keypoint(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[1, 3, 0] = np.nan
    with pytest.raises(PosebenchError, match=r"left_hip of row 1 \(a.jpg\)"):
        predictions.for_instances(two_people, keypoints)


def test_a_score_that_is_not_finite_is_refused(two_people: Instances) -> None:
    scores = np.ones((2, 16))
    scores[1, 0] = np.inf
    with pytest.raises(PosebenchError, match="score of row 1"):
        predictions.for_instances(two_people, two_people.keypoints, scores)


def test_a_truncated_file_is_a_sentence(two_people: Instances, tmp_path: Path) -> None:
    predictions.save(predictions.for_instances(two_people, two_people.keypoints), tmp_path / "p.h5")
    content = (tmp_path / "p.h5").read_bytes()
    for length in (0, 10, 100, len(content) // 2, len(content) - 50):
        (tmp_path / "cut.h5").write_bytes(content[:length])
        with pytest.raises(PosebenchError, match=r"cut\.h5"):
            predictions.load(tmp_path / "cut.h5")


@pytest.mark.parametrize("name", ["mpii", "coco", "posetrack"])
def test_a_file_that_was_cut_off_states_its_sizes_and_the_fix(name: str, two_people: Instances, tmp_path: Path) -> None:
    predictions.save(predictions.for_instances(two_people, two_people.keypoints), tmp_path / "p.h5")
    with h5py.File(tmp_path / "p.h5", "r+") as file:
        file["more"] = np.zeros(3)  # written by HDF5 itself, so no checksum follows and its size is the file's
    size = (tmp_path / "p.h5").stat().st_size
    (tmp_path / "p.h5").write_bytes((tmp_path / "p.h5").read_bytes()[:2100])
    with pytest.raises(PosebenchError) as caught:
        protocol(name).read_predictions(tmp_path / "p.h5", two_people)
    assert str(caught.value) == (
        f"{tmp_path}/p.h5 was cut off: it has 2,100 of its {size:,} bytes. Copy, download or write it again."
    )


def test_a_file_of_another_format_says_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "posebench predictions 99"
    with pytest.raises(PosebenchError, match="posebench predictions 99"):
        predictions.load(tmp_path / "other.h5")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="does not exist"):
        predictions.load(tmp_path / "none.h5")
    with pytest.raises(PosebenchError, match="is a folder"):
        predictions.load(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    writing.write_text(path, "old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        writing.write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PosebenchError, match="Cannot write to"):
        writing.write_text(tmp_path / "file" / "x.txt", "")


def test_people_are_matched_by_name_not_by_order(two_people: Instances) -> None:
    made = predictions.for_instances(two_people.take(np.array([1, 0])), two_people.keypoints[::-1])
    rows, missing = align(made, two_people)
    np.testing.assert_array_equal(made.keypoints[rows], two_people.keypoints)
    assert not missing.any()


def test_a_person_without_a_prediction_is_named(two_people: Instances) -> None:
    made = predictions.for_instances(two_people.take(np.array([0])), two_people.keypoints[:1])
    with pytest.raises(
        PosebenchError, match=r"1 of the 2 people of mpii val; the first missing is row 1 \(a.jpg, person 1\)"
    ):
        align(made, two_people)


def test_a_person_predicted_twice_is_named(two_people: Instances) -> None:
    made = predictions.for_instances(two_people.take(np.array([0, 1, 1])), two_people.keypoints[[0, 1, 1]])
    with pytest.raises(PosebenchError, match=r"a.jpg, person 1, twice: rows 1 and 2"):
        align(made, two_people)


def test_a_person_who_does_not_exist_is_named(two_people: Instances) -> None:
    made = predictions.for_instances(two_people, two_people.keypoints)
    with pytest.raises(PosebenchError, match=r"1 people whom mpii val does not have; the first is a.jpg, person 1"):
        align(made, two_people.take(np.array([0])))


def test_predictions_of_another_split_or_skeleton_are_refused(two_people: Instances) -> None:
    made = predictions.for_instances(two_people, two_people.keypoints)
    with pytest.raises(PosebenchError, match="of mpii train, the annotations of mpii val"):
        align(replace(made, split="train"), two_people)
    fewer = replace(
        made,
        keypoint_names=("nose",),
        keypoints=made.keypoints[:, :1],
        scores=made.scores[:, :1],
        missing=made.missing[:, :1],
    )
    with pytest.raises(PosebenchError, match="another protocol"):
        align(fewer, two_people)


def test_what_is_missing_is_told(two_people: Instances) -> None:
    missing = np.zeros((2, 16), bool)
    missing[:, 8], missing[1] = True, True
    made = predictions.for_instances(
        two_people, np.where(missing[..., None], np.nan, two_people.keypoints), missing=missing
    )
    assert missing_notes(made) == (
        "Not predicted, so not scored: upper_neck.",
        "1 person has no prediction and counted as missed; the first is in a.jpg.",
    )


@pytest.mark.parametrize("shape", [(5, 3, 2), (2, 3, 5)])
def test_both_published_orders_of_axes_are_read(shape: tuple[int, ...]) -> None:
    assert person_first(np.zeros(shape), Path("x")).shape == (5, 3, 2)


def test_matlab_order_keeps_x_and_y() -> None:
    array = np.stack([np.full((3, 5), 7.0), np.full((3, 5), 9.0)])
    assert person_first(array, Path("x"))[4, 2].tolist() == [7.0, 9.0]


@pytest.mark.parametrize("array", [np.zeros((5, 3)), np.zeros((5, 3, 3)), np.zeros((5, 3, 2), "S3")])
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(PosebenchError, match=r"should be \(N, K, 2\)"):
        person_first(array, Path("x"))
