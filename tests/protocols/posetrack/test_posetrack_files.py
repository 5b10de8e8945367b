"""PoseTrack's files: both forms, folders and archives, and what is refused."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import entry
import numpy as np
import pytest
from fuzzing import ODD_VALUES
from posetrack_data import as_2017, person, sequence, write

from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE, Instances
from posebench.data.predictions import load, save
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.tasks.verification.bundle import write_bundle
from posebench.tasks.verification.verify import Places, verify

POSETRACK = registry.protocol("posetrack")
REGION = [(300, 0), (400, 0), (400, 300)]


def truth() -> dict[str, Any]:
    """Three frames with two people, one person and nobody."""
    return sequence(
        [[(4, person()), (7, person(x=300.0, only=["nose", "left_ear"]))], [(4, person())], []], regions={1: [REGION]}
    )


def read(folder: Path, content: dict[str, Any]) -> Instances:
    return POSETRACK.instances(write(folder, content), "val")


def test_people_are_read_with_tracks_boxes_sequences_and_ignored_regions(tmp_path: Path) -> None:
    people = read(tmp_path, truth())
    assert people.images == tuple(f"images/val/walk/00000{number}.jpg" for number in range(3))
    assert (people.image.tolist(), people.person.tolist()) == ([0, 0, 1], [0, 1, 0])
    assert people.measures["track_id"].tolist() == [4, 7, 4]
    assert people.measures["head_length"] == pytest.approx([10, 10, 10])
    assert people.groups is not None and people.groups.tolist() == ["images/val/walk"] * 3
    assert people.bbox is not None and people.bbox[0].tolist() == [50, 40, 100, 360]
    assert people.center[0].tolist() == [100, 220]
    assert people.size[0].tolist() == [125, 450]
    assert people.image_sizes is not None and people.image_sizes.tolist() == [[640, 480]] * 3
    assert [*people.ignored] == [1]
    assert people.ignored[1][0].tolist() == [list(corner) for corner in REGION]
    assert (people.visibility[1] > UNLABELLED).sum() == 1  # the ear is not scored
    nose = POSETRACK.skeleton.index("nose")[0]
    assert people.keypoints[1, nose].tolist() == [300, 50]


def test_a_keypoint_with_a_place_and_visibility_0_is_occluded(tmp_path: Path) -> None:
    content = truth()
    content["annotations"][0]["keypoints"][:3] = [9, 8, 0]
    visibility = read(tmp_path, content).visibility[0].tolist()
    nose = POSETRACK.skeleton.index("nose")[0]
    assert visibility.pop(nose) == OCCLUDED
    assert set(visibility) == {VISIBLE}


def test_a_detectors_boxes_are_people_to_predict_in_the_images_of_their_ids(tmp_path: Path) -> None:
    boxes = [{"image_id": 101, "category_id": 1, "bbox": [10, 20, 40, 80], "score": 0.9}]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    people = read(tmp_path / "truth", truth())
    found = POSETRACK.detected(people, tmp_path / "boxes.json", 0.5)
    assert (found.image.tolist(), found.measures["box_score"].tolist()) == ([1], [0.9])
    assert found.bbox is not None and found.bbox.tolist() == [[10, 20, 40, 80]]


def test_both_forms_are_the_same_people(tmp_path: Path) -> None:
    one, other = read(tmp_path / "18", truth()), read(tmp_path / "17", as_2017(truth()) | {"images": truth()["images"]})
    for name in ("image", "person", "keypoints", "visibility", "usable"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.measures["track_id"].tolist() == other.measures["track_id"].tolist()
    assert one.measures["head_length"] == pytest.approx(other.measures["head_length"])
    assert other.ignored[1][0].tolist() == one.ignored[1][0].tolist()
    assert (one.source.form, other.source.form) == ("PoseTrack18", "PoseTrack17")


def test_results_of_both_forms_score_the_same(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    made = sequence([[(1, person(moved=4.0)), (2, person(x=350.0))], [(2, person())], []], scores=0.25)
    folders = write(tmp_path / "18", made), write(tmp_path / "17", as_2017(made) | {"images": made["images"]})
    one, other = (POSETRACK.score(POSETRACK.read_predictions(path, people), people, "corrected") for path in folders)
    assert one.metrics == other.metrics
    assert one.metrics["MOTA"] < 100


def test_a_person_of_2017_has_the_box_of_its_keypoints_enlarged(tmp_path: Path) -> None:
    content = as_2017(sequence([[(1, person(only=["nose", "left_hip"]))]]))
    content["annolist"][0]["annorect"][0]["annopoints"][0]["point"][0]["x"] = [200.0]
    people = read(tmp_path, content | {"images": truth()["images"]})
    assert people.bbox is not None  # the nose at 200, 50 and the hip at 100, 270: 100 x 220 pixels, times 1.3
    assert people.bbox[0] == pytest.approx([150 - 65, 160 - 143, 130, 286])


def test_results_are_read_from_a_folder_an_archive_and_a_file(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    folder = write(tmp_path / "made", sequence([[(1, person())], [(1, person())], []], scores=0.5))
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.write(folder / "walk.json", "results/walk.json")
        archive.writestr("__MACOSX/._walk.json", "no JSON")
    found = [POSETRACK.read_predictions(path, people) for path in (folder, tmp_path / "made.zip", folder / "walk.json")]
    assert [one.track_id.tolist() for one in found if one.track_id is not None] == [[1, 1]] * 3
    assert [one.image.tolist() for one in found] == [[0, 1]] * 3


def test_an_export_is_read_back_to_the_same_score_and_has_every_image(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    made = sequence([[(3, person(moved=4.0)), (5, person(x=300.0, only=["nose"]))], [(5, person())], []], scores=0.25)
    given = POSETRACK.read_predictions(write(tmp_path / "made", made), people)
    told = POSETRACK.export("posetrack-json", given, people, tmp_path / "out.zip")
    assert told == ["3 people in 1 sequence."]
    again = POSETRACK.read_predictions(tmp_path / "out.zip", people)
    assert np.array_equal(given.track_id, again.track_id)
    one, other = (POSETRACK.score(predictions, people, "official") for predictions in (given, again))
    assert one.metrics == other.metrics
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        content = json.loads(archive.read("walk.json"))
    assert [image["file_name"] for image in content["images"]] == list(people.images)
    assert content["categories"][0]["keypoints"][12] == "head_bottom"
    untracked = POSETRACK.export("posetrack-json", replace(given, track_id=None), people, tmp_path / "none.zip")
    assert "no tracks" in untracked[1]
    assert [one["track_id"] for one in json.loads(_only_member(tmp_path / "none.zip"))["annotations"]] == [0, 1, 0]


def _only_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def test_a_keypoint_without_a_score_counts_as_poseval_counts_it(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    made = sequence([[(1, person())], [], []], scores=[])
    found = POSETRACK.read_predictions(write(tmp_path / "made", made), people)
    assert set(found.scores.ravel().tolist()) == {-9999}
    assert found.notes == ("15 predicted keypoints have no score and count as -9999, as in poseval.",)


def test_tracks_are_kept_in_posebenchs_own_file_and_older_files_have_none(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    made = POSETRACK.read_predictions(write(tmp_path / "made", sequence([[(8, person())], [], []], scores=0.5)), people)
    save(made, tmp_path / "made.h5")
    assert made.track_id is not None and load(tmp_path / "made.h5").track_id.tolist() == [8]  # type: ignore[union-attr]
    import h5py

    shutil.copy(tmp_path / "made.h5", tmp_path / "older.h5")
    with h5py.File(tmp_path / "older.h5", "a") as file:
        del file["track_id"]
    assert load(tmp_path / "older.h5").track_id is None


def test_a_dataset_folder_has_its_splits_below_annotations(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "val", truth())
    write(tmp_path / "annotations" / "train", sequence([[(1, person())]]))
    image = tmp_path / "images" / "val" / "walk" / "000000.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"")
    val, train = (POSETRACK.instances(tmp_path, split) for split in ("val", "train"))
    assert (len(val), len(train)) == (3, 1)
    assert val.photograph(0) == image
    assert POSETRACK.instances(tmp_path / "annotations" / "val", "val").photograph(0) == image


def broken(change: Any) -> dict[str, Any]:
    content = truth()
    change(content)
    return content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["annotations"][1].update(image_id=5), r"annotation 1: image_id 5 is not among 'images'"),
        (lambda c: c["annotations"][0].update(keypoints=[1, 2]), r"annotation 0: .*is this a file of PoseTrack\?"),
        (lambda c: c["annotations"][0].pop("keypoints"), r"annotation 0: it lacks 'keypoints'"),
        (lambda c: c["annotations"][2].pop("track_id"), r"annotation 2: it lacks 'track_id'"),
        (lambda c: c["annotations"][2].update(track_id=1.5), r"annotation 2: 1.5 should be a whole number"),
        (lambda c: c["annotations"][0].update(scores=[1]), r"annotation 0: 1 scores for 17 keypoints"),
        (
            lambda c: c["annotations"][0]["keypoints"].__setitem__(0, 1e9),
            r"annotation 0: a keypoint is 1e\+09 pixels away",
        ),
        (lambda c: c["images"][1].update(id=100), r"two images with one id"),
        (lambda c: c["images"][1].update(file_name=c["images"][0]["file_name"]), r"image .*000000.jpg twice"),
        (lambda c: c["categories"][0]["keypoints"].remove("head_top"), r"16 keypoints and not 'head_top'"),
        (lambda c: c.pop("categories"), r"does not name its keypoints"),
        (lambda c: c.pop("annotations"), r"is no sequence of PoseTrack"),
    ],
)
def test_what_is_wrong_is_named(change: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=message):
        read(tmp_path, broken(change))


def test_a_result_of_other_images_is_refused(tmp_path: Path) -> None:
    people = read(tmp_path / "truth", truth())
    made = write(tmp_path / "made", sequence([[(1, person())]], "run", scores=0.5))
    with pytest.raises(PosebenchError, match=r"1 image that posetrack val does not have.*images/val/run/000000.jpg"):
        POSETRACK.read_predictions(made, people)


@pytest.mark.parametrize("form", [dict, as_2017], ids=["2018", "2017"])
def test_odd_values_anywhere_are_read_or_refused_in_a_sentence(form: Any, tmp_path: Path) -> None:
    """Every value of a small file in turn, by every second odd one."""
    plain = form(sequence([[(1, person(only=["nose"]))]], regions={0: [REGION]}))
    texts = set()

    def replaced(node: Any, top: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            kept = node[key]
            for odd in ODD_VALUES[::2]:
                node[key] = odd
                try:
                    texts.add(json.dumps(top))
                except (ValueError, UnicodeEncodeError):
                    continue
            node[key] = kept
            if isinstance(kept, dict | list) and key not in ("keypoints", "bbox", "bbox_head"):
                replaced(kept, top)

    replaced(plain, plain)
    assert len(texts) > 200
    outcomes = set()
    for text in sorted(texts):
        (tmp_path / "walk.json").write_text(text)
        try:
            POSETRACK.instances(tmp_path / "walk.json", "val")
            outcomes.add("read")
        except PosebenchError as error:
            outcomes.add("refused")
            assert str(tmp_path) in str(error) or "posetrack val" in str(error), error
    assert outcomes == {"read", "refused"}


def test_the_command_scores_a_folder_and_verify_finds_it_again(tmp_path: Path) -> None:
    write(tmp_path / "truth", truth())
    made = write(tmp_path / "made", sequence([[(1, person()), (2, person(x=350.0))], [(1, person())], []], scores=0.5))
    done = entry.posebench("evaluate", "made", "--protocol", "posetrack", "--data", "truth", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "made on posetrack val: 3 people in 2 images" in done.stdout
    assert "MOTA Wrist" in done.stdout
    (record,) = (tmp_path / "results" / "records").glob("*.json")
    places = Places(tmp_path / "truth", predictions=(made,))
    assert verify(record, places).verified
    assert not verify(record, replace(places, predictions=(tmp_path,))).unchecked
    with pytest.raises(PosebenchError, match=r"python -m zipfile -c made.zip .*made/\*.json"):
        write_bundle([record], tmp_path / "bundle.zip", (made,))
    write(made, sequence([[], [], []], scores=0.5))
    assert verify(record, places).predictions.differs
