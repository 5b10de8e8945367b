"""`check_data` on small folders: what is there, what is missing, and what is unusual is counted and named."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from coco_data import annotation
from PIL import Image
from small_coco import name_of, photograph, write_coco

import posebench as pb
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.results.folder import ResultsFolder
from posebench.tasks.dataset.check import DataCheck, check_data

COCO = protocol("coco")


def checked(root: Path, tmp_path: Path) -> DataCheck:
    return check_data(COCO, root, ResultsFolder(tmp_path / "results"))


def sentences(found: DataCheck) -> list[str]:
    return [its.sentence for its in (*found.findings, *found.duplicates)]


def keypoints(**places: tuple[float, float]) -> list[float]:
    """Those of `coco_data.annotation`, some of them elsewhere."""
    values = list(annotation()["keypoints"])
    for name, place in places.items():
        at = 3 * COCO.skeleton.index(name)[0]
        values[at : at + 2] = place
    return values


def test_a_whole_folder_has_counts_hashes_and_no_problems(tmp_path: Path) -> None:
    found = checked(write_coco(tmp_path / "d"), tmp_path)
    assert [(s.split, s.people, s.known, s.present, s.needed) for s in found.splits] == [
        ("train", 4, 149_813, 4, 4), ("val", 3, 6_352, 3, 3),
    ]  # fmt: skip
    assert [len(text) for s in found.splits for text in (s.annotation_sha256, s.photographs_sha256)] == [64] * 4
    assert (found.problems, sentences(found)) == ((), ["7 photographs decode."])
    assert any("4 of the 149,813 people" in note for note in found.notes)
    assert Path(found.cache).is_file()


def test_one_annotation_for_training_and_scoring_is_named(tmp_path: Path) -> None:
    file = write_coco(tmp_path / "d") / "annotations" / "person_keypoints_val2017.json"
    renamed = file.rename(tmp_path / "mine.json")
    assert (
        "train and val are the same images: a network would be scored on people that it was trained on."
        in checked(renamed, tmp_path).notes
    )


def test_missing_photographs_are_counted_and_make_training_and_predicting_impossible(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    (root / "train2017" / name_of("train", 2)).unlink()
    for number in (1, 3):
        (root / "val2017" / name_of("val", number)).unlink()
    assert checked(root, tmp_path).problems == (
        f"Training is impossible: {root}/train2017 lacks 1 of the 4 photographs of train: train_2.png",
        f"Predicting is impossible without --allow-missing: {root}/val2017 lacks 2 of the 3 photographs of val: "
        "val_1.png, val_3.png",
    )


def test_a_missing_annotation_makes_training_impossible_and_where_it_comes_from_is_said_once(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    (root / "annotations/person_keypoints_train2017.json").unlink()
    found = checked(root, tmp_path)
    (problem,) = found.problems
    assert problem.startswith("Training is impossible: No COCO train annotation below")
    assert "https://cocodataset.org/#download" in found.download and "cocodataset.org" not in problem
    assert (found.splits[0].people, [split.unannotated for split in found.splits]) == (0, [True, False])


def test_unusual_photographs_are_counted_and_named(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    train, val = root / "train2017", root / "val2017"
    cv2.imwrite(str(train / name_of("train", 1)), photograph(1)[..., 0])
    cv2.imwrite(str(train / name_of("train", 2)), photograph(2).astype(np.uint16) * 256)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photograph(3)).save(train / name_of("train", 3), exif=exif)
    Image.fromarray(photograph(4)[:150, :250]).convert("CMYK").save(train / name_of("train", 4), "JPEG")
    whole = (val / name_of("val", 1)).read_bytes()
    (val / name_of("val", 1)).write_bytes(whole[: len(whole) // 2])
    found = checked(root, tmp_path)
    assert found.damaged == (
        "val: 1 photograph does not decode; its people are not trained on, and count as missed where they are scored: val_1.png",
    )
    assert sentences(found) == [
        "6 photographs decode.",
        "1 photograph is grayscale: train_1.png",
        "1 photograph is CMYK: train_4.png",
        "1 photograph has 16 bits a channel: train_2.png",
        "1 photograph is rotated by EXIF (posebench uses the stored pixels): train_3.png",
        "1 photograph of another size than annotated (height × width): train_4.png (150×250, annotated 200×300)",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bbox": [20, 30, 0, 60]}, "1 box without width or height of val: row 1 (val_2.png, person 2)"),
        ({"bbox": [400, 30, 50, 60]}, "1 box off its image of val: row 1 (val_2.png, person 2)"),
        (
            {"keypoints": keypoints(nose=(1e6, 5))},
            "1 keypoint of val far outside its image: nose of row 1 (val_2.png, person 2) at 1,000,000, 5",
        ),
        (
            {"iscrowd": 1},
            "1 further person of val is neither trained on nor predicted (a crowd, or without keypoints or a box): "
            "row 1 (val_2.png, person 2)",
        ),
    ],
)  # fmt: skip
def test_unusual_annotations_are_counted_and_named(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    found = checked(write_coco(tmp_path / "d", {("val", 2): changes}), tmp_path)
    assert sentence in sentences(found)


def test_a_number_that_is_not_finite_is_a_problem_with_its_person(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d", {("val", 2): {"bbox": [20, float("nan"), 50, 60]}})
    (problem,) = checked(root, tmp_path).problems
    assert problem.startswith("Scoring is impossible, because val cannot be read:")
    assert "annotation id 2 has a number that is not finite" in problem


def test_equal_and_similar_photographs_of_two_splits_are_named(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    cv2.imwrite(str(root / "val2017" / name_of("val", 1)), photograph(3))
    smaller = cv2.resize(photograph(2), (180, 120), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(root / "val2017" / name_of("val", 3)), smaller)
    assert [its.sentence for its in checked(root, tmp_path).duplicates] == [
        "1 photograph is in both train and val: train_3.png = val_1.png",
        "1 pair of train and val looks alike (candidates for duplicates): train_2.png ~ val_3.png",
    ]


def test_more_than_three_are_counted_and_three_named(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    for number in range(1, 5):
        cv2.imwrite(str(root / "train2017" / name_of("train", number)), photograph(number)[..., 1])
    assert "4 photographs are grayscale: train_1.png, train_2.png, train_3.png, …" in sentences(checked(root, tmp_path))


def test_mpiis_annotation_without_head_boxes_cannot_be_scored(tmp_path: Path) -> None:
    hrnet = {"image": "a.jpg", "center": [50.0, 60.0], "scale": 1.0, "joints": [[5.0 + k, 6.0 + k] for k in range(16)],
             "joints_vis": [1] * 16}  # fmt: skip
    (tmp_path / "annot").mkdir()
    (tmp_path / "annot/valid.json").write_text(json.dumps([hrnet]))
    found = check_data(protocol("mpii"), tmp_path, ResultsFolder(tmp_path / "results"))
    assert any(problem.startswith("Scoring is impossible: ") and "head" in problem for problem in found.problems)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="nowhere does not exist. It should be the folder of coco"):
        checked(tmp_path / "nowhere", tmp_path)


def test_lsp_extendeds_halves_share_no_photograph(shared: Path, tmp_path: Path) -> None:
    root = shared / "data/lsp"
    if not (root / "lspet/images").is_dir():
        pytest.skip("LSP extended is not on this machine")
    found = check_data(protocol("lsp"), root, ResultsFolder(tmp_path / "results"))
    assert (found.train_split, found.report_split) == ("lspet-train", "lspet-val")
    assert {s.split: (s.people, s.present) for s in found.splits}["lspet-train"] == (3998, 3998)
    assert (sentences(found), found.problems) == (["5,000 photographs decode."], ())


def test_one_reason_for_both_splits_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text("hello")
    (problem,) = check_data(protocol("coco"), tmp_path / "people.json", ResultsFolder(tmp_path)).problems
    assert problem.startswith("Training and scoring are impossible, because train and val cannot be read: ")
    assert problem.count("people.json") == 1


def test_python_finds_what_the_command_finds(tmp_path: Path) -> None:
    folder = write_coco(tmp_path / "d")
    found = pb.check_data("coco", folder, workers=0, results=tmp_path / "results")
    assert (found, found.as_json()["possible"]) == (checked(folder, tmp_path), True)
    assert repr(found) == f"<DataCheck of coco in {folder}: 0 problems>"
