"""A file that is another split than the one asked for is refused; a part of the split is a note in the record."""

from pathlib import Path
from typing import Any

import coco_data
import flic_data
import h5py
import mpii_release as made
import numpy as np
import pytest

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

MPII, COCO, FLIC = protocol("mpii"), protocol("coco"), protocol("flic")


def write_mpii(path: Path, index: Any, person: Any, labelled: bool = True) -> Path:
    """An h5 of pose-hg-train's form; `index` and `person` say who the people are."""
    n = len(index)
    columns: dict[str, Any] = {
        "imgname": np.array([f"{number:09}.jpg" for number in index], "S"), "index": index, "person": person,
        "center": np.full((n, 2), 50.0), "scale": np.full(n, 1.5), "normalize": np.full(n, 30.0),
        "part": np.full((n, 16, 2), 40.0 * labelled), "visible": np.full((n, 16), 1.0 * labelled),
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file[name] = column
    return path


def validation(people: int) -> tuple[Any, Any]:
    index, person = np.array(made.VALIDATION[:people]).T
    return index, person


def test_validation_people_are_no_training_people(tmp_path: Path) -> None:
    file = write_mpii(tmp_path / "a.h5", *validation(700))
    with pytest.raises(PosebenchError, match=r"a.h5 has validation people only, but MPII train .* Use --split val\."):
        MPII.instances(file, "train")


def test_the_real_validation_file_is_no_training_file(shared: Path) -> None:
    with pytest.raises(PosebenchError, match=r"Use --split val\."):
        MPII.instances(shared / "data/mpii/annot/valid.h5", "train")


def test_training_people_are_no_validation_people(tmp_path: Path) -> None:
    strangers = np.arange(30_000, 30_040), np.zeros(40, int)
    with pytest.raises(PosebenchError, match=r"has 40 people and none of the validation people.* Use --split train\."):
        MPII.instances(write_mpii(tmp_path / "a.h5", *strangers), "val")
    with pytest.raises(PosebenchError, match=r"Use --split test\."):
        MPII.instances(write_mpii(tmp_path / "b.h5", *strangers, labelled=False), "val")


def test_a_part_of_the_validation_people_is_a_note_with_both_numbers(tmp_path: Path) -> None:
    notes = MPII.instances(write_mpii(tmp_path / "a.h5", *validation(700)), "val").source.notes
    assert "a.h5 has 700 of the 2,958 people of MPII val: scores are not comparable with published ones." in notes


def test_the_whole_validation_set_draws_no_note_on_numbers(shared: Path) -> None:
    for name in ("detections.mat", "valid.h5", "gt_valid.mat"):
        notes = MPII.instances(shared / "data/mpii/annot" / name, "val").source.notes
        assert not any("comparable" in note or "are not of MPII val" in note for note in notes)


def test_strangers_among_the_validation_people_are_counted(tmp_path: Path) -> None:
    index, person = validation(40)
    file = write_mpii(tmp_path / "a.h5", np.append(index, [30_000, 30_001]), np.append(person, [0, 0]))
    assert "2 of the 42 people of a.h5 are not of MPII val." in MPII.instances(file, "val").source.notes


def test_a_coco_file_named_for_another_split_is_refused(tmp_path: Path) -> None:
    content = coco_data.dataset(coco_data.annotation())
    file = coco_data.written(tmp_path / "person_keypoints_train2017.json", content)
    with pytest.raises(PosebenchError, match=r"named as an annotation of COCO train.* Use --split train\."):
        COCO.instances(file, "val")
    assert "has 3 of the 118,287 images and 1 of the 149,813 people" in COCO.instances(file, "train").source.notes[0]


def test_a_coco_file_is_told_by_the_addresses_of_its_images_whatever_its_name(tmp_path: Path) -> None:
    content = coco_data.dataset(coco_data.annotation())
    for entry in content["images"]:
        entry["coco_url"] = f"images/val2017/{entry['file_name']}"
    file = coco_data.written(tmp_path / "person_keypoints_train2017.json", content)
    with pytest.raises(PosebenchError, match=r"has images of COCO val only.* Use --split val\."):
        COCO.instances(file, "train")
    assert COCO.instances(file, "val").split == "val"


def test_a_coco_file_of_two_splits_counts_the_other_ones_images(tmp_path: Path) -> None:
    content = coco_data.dataset(coco_data.annotation())
    for entry, split in zip(content["images"], ("val", "train", "val"), strict=True):
        entry["coco_url"] = f"images/{split}2017/{entry['file_name']}"
    notes = COCO.instances(coco_data.written(tmp_path / "mine.json", content), "val").source.notes
    assert notes[1:] == ("1 image of mine.json is of COCO train.",)


def test_five_thousand_images_without_a_name_are_the_validation_images(tmp_path: Path) -> None:
    content = coco_data.dataset(coco_data.annotation())
    content["images"] = [{"id": i, "file_name": f"{i:05}.jpg", "height": 20, "width": 30} for i in range(5000)]
    with pytest.raises(PosebenchError, match=r"has 5,000 images, as COCO val.* Use --split val\."):
        COCO.instances(coco_data.written(tmp_path / "mine.json", content), "train")


@pytest.mark.parametrize("name, split, images", [
    ("coco/mini/annotations/person_keypoints_val2017.json", "val", 39),
    ("coco/mini/annotations/person_keypoints_train2017.json", "train", 36),
    ("coco/pairs/val538_gt.json", "val", 538),
    ("coco/pairs/image139099_gt.json", "val", 1),
])  # fmt: skip
def test_parts_of_coco_are_read_with_a_note(shared: Path, name: str, split: str, images: int) -> None:
    (note,) = COCO.instances(shared / "data" / name, split).source.notes
    assert f"has {images} of the" in note and "not comparable with published ones" in note


def test_a_part_of_flic_is_a_note_with_both_numbers(tmp_path: Path) -> None:
    file = flic_data.write_h5(tmp_path / "valid.h5", flic_data.h5_columns(flic_data.parts(3)))
    notes = FLIC.instances(file, "test").source.notes
    assert "valid.h5 has 3 of the 1,016 people of FLIC test: scores are not comparable with published ones." in notes
