"""MPII's ground truth in every form that people have: what each says, what it costs, and that the forms agree."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import mpii_release as made
import numpy as np
import pytest
from mpii_release import VALIDATION
from scipy.io import savemat

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

pytestmark = pytest.mark.usefixtures("few_resamples")  # intervals are not what is tested here

MPII = protocol("mpii")


@pytest.fixture(scope="module")
def detections(shared: Path) -> Instances:
    return MPII.instances(shared / "data/mpii/annot/detections.mat", "val")


def test_the_shipped_list_is_that_of_the_h5(shared: Path) -> None:
    with h5py.File(shared / "data/mpii/annot/valid.h5") as file:
        assert list(zip(file["index"][()].tolist(), file["person"][()].tolist(), strict=True)) == VALIDATION


def test_the_releases_validation_people_are_those_of_the_list_in_its_order(mpii_release: Path) -> None:
    people = MPII.instances(mpii_release, "val")
    numbers = list(zip(people.image_ids[people.image].tolist(), people.person.tolist(), strict=True))
    assert numbers == VALIDATION
    assert people.describe(2957) == "row 2957 (000024984.jpg, person 2)"
    assert people.source.form == "mpii_human_pose_v1_u12_1.mat"
    assert set(people.measures["head_length"].tolist()) == {30.0}


def test_everything_that_the_release_leaves_out_or_writes_oddly_is_read(mpii_release: Path) -> None:
    people = MPII.instances(mpii_release, "train")
    assert people.images == ("000000000.jpg", "000000001.jpg")
    assert people.keypoints[0, 0].tolist() == [10.5, 11.25]
    assert people.visibility[0].tolist() == [2, 1, 2, 1, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert people.visibility[1].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert people.center[0].tolist() == [99.0, 109.0]  # 80 + 15 × 2, counted from 0
    assert people.size[0].tolist() == [500.0, 500.0]  # 200 × 2 × 1.25
    assert "22,246 people in the whole release" in people.source.notes[0]


def test_the_test_people_are_asked_about_and_have_no_keypoints(mpii_release: Path) -> None:
    people = MPII.instances(mpii_release, "test")
    assert (len(people), len(people.images)) == (7247, 6908)
    assert people.usable.all() and not people.visibility.any()
    assert people.person[:4].tolist() == [1, 2, 1, 2]  # the first of each image is in a crowd
    with pytest.raises(PosebenchError, match=r"no public keypoints.*posebench export mpii-mat"):
        MPII.score(for_instances(people, people.keypoints), people, "official")
    with pytest.raises(PosebenchError, match="no public keypoints"):
        MPII.curves(for_instances(people, people.keypoints), people, "official", np.array([0.5]))


def test_scores_are_sliced_by_activity(mpii_release: Path) -> None:
    people = MPII.instances(mpii_release, "val")
    activity = [("sports", "dancing", "")[image % 3] for image, _ in VALIDATION]
    assert people.labels["activity"].tolist() == activity
    slices = MPII.score(for_instances(people, people.keypoints), people, "official").slices
    counts = {part.name: part.people for part in slices if part.by == "activity"}
    assert counts == {"sports": activity.count("sports"), "dancing": activity.count("dancing")}


def test_a_release_without_activities_has_no_labels(tmp_path: Path) -> None:
    person = made.struct([made.annorect([made.point(0, 1, 2)])])
    assert MPII.instances(made.write_trainers(tmp_path / "r.mat", person, act=None), "train").labels == {}


@pytest.mark.parametrize(
    "rect, sentence",
    [
        (made.annorect([made.point(16, 1, 2)]), r"image 0 \('000000000.jpg'\), person 0: joint 16; an MPII point has an id of 0"),
        (made.annorect([made.point(3, 1, 2), made.point(3, 1, 2)]), "person 0: joint 3 is twice there"),
        (made.annorect([made.point(3, np.nan, 2)]), r"left_hip is at \(nan, 2\)"),
        (made.annorect([made.point(3, 1e9, 2)]), r"keypoints of row 0 \(000000000.jpg\) is not finite, or beyond 1,000,000"),
        (made.annorect([made.point(3, 1, 2)], scale=-2.0), r"scale of row 0 \(000000000.jpg\) is not above 0"),
        (made.annorect(None), "has no people of MPII train"),
    ],
)  # fmt: skip
def test_a_person_who_cannot_be_is_named(tmp_path: Path, rect: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        MPII.instances(made.write_trainers(tmp_path / "r.mat", made.struct([rect])), "train")


@pytest.mark.parametrize(
    "changes, split, sentence",
    [
        ({"img_train": None}, "train", r"lengths, but they are \{'annolist': 2, 'img_train': 0, 'single_person': 2\}"),
        ({"img_train": "ab"}, "train", "equal lengths"),
        ({"annolist": made.EMPTY}, "train", "'annolist': 0"),
        ({}, "val", r"no person 0 in image 6 \(both from 0\), of 2 images. Is it the whole release"),
        (
            {"img_train": np.zeros((1, 2)), "single_person": np.array([[7], [1]], object)},
            "test",
            "no person 6 in image 0",
        ),
    ],
)
def test_a_release_that_is_not_whole_is_a_sentence(
    tmp_path: Path, changes: dict[str, Any], split: str, sentence: str
) -> None:
    person = made.struct([made.annorect([made.point(0, 1, 2)])])
    with pytest.raises(PosebenchError, match=sentence):
        MPII.instances(made.write_trainers(tmp_path / "r.mat", person, person, **changes), split)


def hrnet(name: str, **changes: Any) -> dict[str, Any]:
    joints = [[10.0 + joint, 20.5] for joint in range(16)]
    person = {"image": name, "center": [50.0, 60.0], "scale": 2.0, "joints": joints, "joints_vis": [1] * 16} | changes
    return {key: value for key, value in person.items() if value is not None}


def write_json(path: Path, *people: Any) -> Path:
    path.write_text(json.dumps(people))
    return path


def test_hrnets_centre_and_scale_are_adjusted_and_its_joints_count_from_1(tmp_path: Path) -> None:
    joints = [[10.0, 20.5], [-1.0, -1.0], [30.0, 40.0], *[[1.0, 1.0]] * 13]
    file = write_json(
        tmp_path / "t.json", hrnet("a.jpg", joints=joints, joints_vis=[1, 1, 0, *[1] * 13]), hrnet("a.jpg")
    )
    people = MPII.instances(file, "train")
    assert people.keypoints[0, 0].tolist() == [9.0, 19.5]
    assert people.visibility[0, :4].tolist() == [2, 0, 0, 2]
    assert (people.center[0].tolist(), people.size[0].tolist()) == ([49.0, 89.0], [500.0, 500.0])
    assert people.person.tolist() == [0, 1]
    assert people.source.form == "train.json"
    assert [note.split(",")[0] for note in people.source.notes] == [
        "t.json does not mark occluded keypoints", "t.json has no person numbers",
        "t.json has 2 of the 22",
    ]  # fmt: skip


def test_all_validation_people_in_their_order_get_their_numbers(tmp_path: Path) -> None:
    people = [hrnet(f"{image}.jpg") for image, _ in VALIDATION]
    read = MPII.instances(write_json(tmp_path / "v.json", *people), "val")
    assert list(zip(read.image_ids[read.image].tolist(), read.person.tolist(), strict=True)) == VALIDATION
    people[1] = people[0]  # another image there
    assert MPII.instances(write_json(tmp_path / "v.json", *people), "val").person[:3].tolist() == [0, 1, 0]


def test_hrnets_form_is_scored_with_the_head_boxes_beside_it(tmp_path: Path) -> None:
    file = write_json(tmp_path / "valid.json", hrnet("a.jpg"), hrnet("b.jpg"), hrnet("c.jpg"))
    people = MPII.instances(tmp_path, "val")
    with pytest.raises(PosebenchError, match="does not have the head length of people"):
        MPII.score(for_instances(people, people.keypoints), people, "official")
    boxes = np.zeros((2, 2, 3))
    boxes[1] = [[30, 60, 90], [40, 80, 120]]
    truth = np.full((16, 2, 3), 7.0)
    truth[4, :, 1] = 0
    savemat(tmp_path / "gt_valid.mat", {"headboxes_src": boxes, "pos_gt_src": truth, "jnt_missing": np.zeros((16, 3))})
    people = MPII.instances(file, "val")
    assert people.measures["head_length"].tolist() == [30.0, 60.0, 90.0]
    assert "No" not in " ".join(people.source.notes[-1:])
    gt_valid = MPII.instances(tmp_path / "gt_valid.mat", "val")
    assert gt_valid.keypoints[0, 0].tolist() == [6.0, 6.0]
    assert gt_valid.images == ("a.jpg", "b.jpg", "c.jpg")
    assert "1 joint of 1 person are zeroed" in gt_valid.source.notes[0]


def test_hrnets_test_people_need_no_joints(tmp_path: Path) -> None:
    file = write_json(tmp_path / "test.json", hrnet("a.jpg", joints=None, joints_vis=None), hrnet("b.jpg"))
    people = MPII.instances(file, "test")
    assert people.usable.all() and not people.visibility.any()


@pytest.mark.parametrize(
    "person, sentence",
    [
        (hrnet("a.jpg", scale=None), "row 1 lacks 'scale'"),
        (hrnet("a.jpg", joints=[[1, 2]] * 17), r"joints \(17, 2\)"),
        (hrnet("a.jpg", joints="many"), "row 1 is not a person in HRNet's form"),
        (hrnet("a.jpg", center=[1, None]), r"center of row 1 \(a.jpg\) is not finite"),
        (hrnet("a.jpg", scale=float("inf")), "center of row 1 .* is not finite"),
        ([], "row 1 is not a person"),
        (hrnet(7), "image is a text"),
        (hrnet("../../x"), r"row 1 is named '../../x' \(7 characters\), which is not a file name in"),
        (hrnet("/etc/passwd"), "not a file name in"),
        (hrnet("a\0.jpg"), r"named 'a\\x00.jpg'"),
        (hrnet("\x1b[2J"), "not a file name in"),
        (hrnet("x" * 10_000), r"\(10,000 characters\)"),
        (hrnet("\ud800"), "not a file name in"),
    ],
)  # fmt: skip
def test_a_wrong_row_of_hrnets_form_is_named(tmp_path: Path, person: Any, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        MPII.instances(write_json(tmp_path / "t.json", hrnet("b.jpg"), person), "train")


def test_the_real_forms_agree(shared: Path, detections: Instances) -> None:
    annot = shared / "data/mpii/annot"
    five = MPII.instances(annot / "five_images.json", "val")
    h5 = MPII.instances(annot / "valid.h5", "val")
    for row, image in enumerate(five.image.tolist()):
        same = detections.images.index(five.images[image])
        (where,) = np.flatnonzero(
            (detections.image == same) & (np.abs(detections.center - five.center[row]) < 1).all(axis=1)
        )
        labelled = detections.visibility[where] > 0
        np.testing.assert_array_equal(five.visibility[row] > 0, labelled)
        np.testing.assert_array_equal(five.keypoints[row][labelled], detections.keypoints[where][labelled])
        np.testing.assert_array_equal(np.trunc(five.keypoints[row][labelled] + 1), h5.keypoints[where][labelled] + 1)
        np.testing.assert_allclose(five.center[row], h5.center[where], atol=1e-4)  # a scale of 6 decimals
        np.testing.assert_allclose(five.size[row], h5.size[where], atol=1e-3)
    gt_valid = MPII.instances(annot / "gt_valid.mat", "val")
    for other in (h5, gt_valid):
        assert other.images == detections.images
        np.testing.assert_array_equal(other.image_ids, detections.image_ids)
        np.testing.assert_array_equal(other.person, detections.person)
    assert (detections.source.form, h5.source.form, gt_valid.source.form) == (
        "detections.mat",
        "valid.h5",
        "gt_valid.mat",
    )
    whole = (detections.visibility > 0) & (gt_valid.keypoints != -1).all(axis=2)
    assert int((detections.visibility > 0).sum() - whole.sum()) == 13
    np.testing.assert_allclose(gt_valid.keypoints[whole], detections.keypoints[whole], atol=1e-4)


def test_the_price_of_truncation_is_what_the_note_says(shared: Path, detections: Instances) -> None:
    h5 = MPII.instances(shared / "data/mpii/annot/valid.h5", "val")
    moved: dict[str, list[float]] = {"Mean": [], "AUC": [], "Mean@0.1": []}
    for file in sorted((shared / "data/mpii/predictions").iterdir()):
        exact, rough = (
            MPII.score(MPII.read_predictions(file, people), people, "official").metrics for people in (detections, h5)
        )
        for name, values in moved.items():
            values.append(abs(rough[name] - exact[name]))
    largest = {name: f"{max(values):.2f}" for name, values in moved.items()}
    assert largest == {"Mean": "0.01", "AUC": "0.17", "Mean@0.1": "0.58"}
    note = "Mean by up to {Mean}, AUC by up to {AUC} and Mean@0.1 by up to {Mean@0.1}"
    for name, value in largest.items():
        note = note.replace(f"{{{name}}}", value)
    assert note in h5.source.notes[0]


@pytest.mark.parametrize("name", ["detections.mat", "valid.h5", "five_images.json"])
def test_a_renamed_file_is_known_by_its_content(name: str, shared: Path, tmp_path: Path) -> None:
    copy = shutil.copyfile(shared / "data/mpii/annot" / name, tmp_path / "file")
    assert (
        MPII.instances(copy, "val").source.sha256
        == MPII.instances(shared / "data/mpii/annot" / name, "val").source.sha256
    )


def test_a_file_of_another_kind_is_told_what_mpii_reads(tmp_path: Path, two_people: Instances) -> None:
    (tmp_path / "text.mat").write_text("a text")
    write_json(tmp_path / "list.json")
    (tmp_path / "coco.json").write_text('{"images": [], "annotations": []}')
    save(for_instances(two_people, two_people.keypoints), tmp_path / "own.h5")
    savemat(tmp_path / "preds.mat", {"preds": np.zeros((3, 16, 2))})
    (tmp_path / "empty.h5").touch()
    sentences = {
        "text.mat": "neither a readable HDF5 nor a readable MATLAB file.*mpii reads mpii_human_pose_v1_u12_1.mat",
        "list.json": "should be a list of people", "coco.json": "It looks like COCO's",
        "own.h5": "is not an MPII annotation; it has.*mpii reads", "preds.mat": "It is a prediction file. mpii reads",
        "empty.h5": "is empty; an MPII annotation should be there",
    }  # fmt: skip
    for name, sentence in sentences.items():
        with pytest.raises(PosebenchError, match=sentence):
            MPII.instances(tmp_path / name, "val")


@pytest.mark.parametrize("split", ["train", "test"])
def test_files_of_validation_people_are_no_other_split(split: str, shared: Path) -> None:
    with pytest.raises(PosebenchError, match=f"validation people only and none of mpii {split}"):
        MPII.instances(shared / "data/mpii/annot/detections.mat", split)


def test_the_most_exact_file_is_taken(tmp_path: Path) -> None:
    for name in ("valid.h5", "valid.json", "train.h5", "test.h5"):
        (tmp_path / name).touch()
    chosen = lambda split: MPII.annotations(tmp_path, split, "official").name  # noqa: E731
    assert [chosen(split) for split in MPII.splits] == ["train.h5", "valid.h5", "test.h5"]
    (tmp_path / "gt_valid.mat").touch()
    assert (chosen("val"), MPII.annotations(tmp_path, "val", "hrnet").name) == ("valid.json", "gt_valid.mat")
    (tmp_path / "mpii_human_pose_v1_u12_2").mkdir()
    (tmp_path / "mpii_human_pose_v1_u12_2" / "mpii_human_pose_v1_u12_1.mat").touch()
    assert {chosen(split) for split in MPII.splits} == {"mpii_human_pose_v1_u12_1.mat"}


def test_somebody_who_is_there_twice_is_named(tmp_path: Path) -> None:
    columns = {
        "imgname": np.array([b"a.jpg", b"b.jpg", b"a.jpg"]), "person": np.array([1, 0, 1]), "center": np.ones((3, 2)),
        "scale": np.ones(3), "part": np.ones((3, 16, 2)), "visible": np.ones((3, 16)), "normalize": np.ones(3),
    }  # fmt: skip
    with h5py.File(tmp_path / "valid.h5", "w") as file:
        file.update(columns)
    with pytest.raises(PosebenchError, match=r"row 2 \(a.jpg, person 1\) is listed twice: also in row 0"):
        MPII.instances(tmp_path, "val")
