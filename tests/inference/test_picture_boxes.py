"""Picture boxes: every form of file gives the same boxes; what is left out is counted; what is wrong is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from posebench.errors import PosebenchError
from posebench.inference.picture_boxes import read_boxes

TWO: list[dict[str, Any]] = [
    {"image_id": 139, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.9},
    {"image_id": 7, "category_id": 1, "bbox": [5, 6, 70, 80], "score": 0.4},
]


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def boxes_of(path: Path, picture: str, threshold: float = 0.0) -> list[tuple[float, ...]]:
    return [(*box.bbox, box.score) for box in read_boxes(path, threshold).of(picture)]


def test_cocos_results_find_a_picture_by_the_number_that_ends_its_name(tmp_path: Path) -> None:
    path = written(tmp_path / "boxes.json", TWO)
    assert boxes_of(path, "val2017/000000000139.jpg") == [(1, 2, 30, 40, 0.9)]
    assert boxes_of(path, "clip.mp4#7") == [(5, 6, 70, 80, 0.4)]
    assert boxes_of(path, "a.jpg") == []


def test_cocos_annotations_find_a_picture_by_its_file_name(tmp_path: Path) -> None:
    crowd = {"image_id": 3, "category_id": 1, "bbox": [0, 0, 9, 9], "iscrowd": 1}
    found = {"image_id": 3, "category_id": 1, "bbox": [1, 2, 30, 40]}
    content = {"images": [{"id": 3, "file_name": "a.jpg"}], "annotations": [found, crowd]}
    path = written(tmp_path / "boxes.json", content)
    assert boxes_of(path, "folder/a.jpg") == [(1, 2, 30, 40, 1)]
    assert read_boxes(path).notes == ["1 box is of a crowd, so left out."]


def test_a_csv_finds_a_picture_by_name_file_name_or_stem(tmp_path: Path) -> None:
    text = "image,x,y,width,height,score\nsub/a.jpg,1,2,30,40,0.9\nb.jpg,3,4,50,60,0.8\nc,5,6,70,80,0.7\n"
    path = written(tmp_path / "boxes.csv", text)
    assert boxes_of(path, "sub/a.jpg") == [(1, 2, 30, 40, 0.9)]
    assert boxes_of(path, "sub/b.jpg") == [(3, 4, 50, 60, 0.8)]
    assert boxes_of(path, "c.png") == [(5, 6, 70, 80, 0.7)]


def test_a_csv_without_scores_scores_1(tmp_path: Path) -> None:
    path = written(tmp_path / "boxes.csv", "image,x,y,width,height\na.jpg,1,2,30,40\n")
    assert boxes_of(path, "a.jpg") == [(1, 2, 30, 40, 1)]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    dog = {"image_id": 1, "category_id": 18, "bbox": [0, 0, 9, 9], "score": 0.9}
    flat = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 0, 9], "score": 0.9}
    found = read_boxes(written(tmp_path / "boxes.json", [*TWO, dog, flat]), 0.5)
    assert found.notes == [
        "1 box is of another category, so left out.",
        "1 box has a score below 0.5, so left out.",
        "1 box has no extent, so left out.",
    ]
    assert found.left() == ("boxes.json: 1 picture has boxes, but was not predicted, such as 139.",)


def test_a_number_that_means_two_pictures_is_refused(tmp_path: Path) -> None:
    found = read_boxes(written(tmp_path / "boxes.json", TWO))
    found.of("a/7.jpg")
    with pytest.raises(PosebenchError, match=r"the boxes of 7 fit a/7.jpg and b/7.jpg"):
        found.of("b/7.jpg")


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("b.json", "[", "is not readable JSON"),
        ("b.json", "[]", "has no box of a person. It is empty"),
        ("b.json", '"text"', "is no list of boxes"),
        ("b.json", {"categories": []}, "lacks a list of images or of annotations"),
        ("b.json", {"images": [{"id": [1]}], "annotations": [{"image_id": [1], "bbox": [1, 2, 3, 4]}]}, "row 0 should"),
        ("b.json", [TWO[0], {"image_id": 7, "bbox": [1, 2, 3]}], "row 1 should have image_id, bbox"),
        ("b.json", [{"image_id": 7, "bbox": [1, 2, 3, "4"]}], "row 0 should have image_id, bbox"),
        ("b.json", [{"image_id": 7, "bbox": [1, 2, 3, 1e300]}], "box 0: .* not finite or too large"),
        ("b.csv", "image,x,y\na,1,2\n", "should have the header image,x,y,width,height"),
        ("b.csv", "image,x,y,width,height\na,1,2,3,nan\n", "box 0: .* not finite or too large"),
        ("b.csv", "image,x,y,width,height\na,1,2,3,four\n", "line 2 is not a box: a,1,2,3,four"),
        ("b.csv", "image,x,y,width,height\na,1,2\n", "line 2 is not a box"),
        ("b.csv", "image,x,y,width,height\na,1,2,3,4,5,6\n", "line 2 is not a box"),
        ("b.h5", "nothing", "is no HDF5 file"),
        ("b.txt", "a 1 2 3 4", "does not have the ending of a file of boxes"),
    ],
)
def test_a_wrong_file_ends_in_a_sentence(tmp_path: Path, name: str, content: Any, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        read_boxes(written(tmp_path / name, content))
