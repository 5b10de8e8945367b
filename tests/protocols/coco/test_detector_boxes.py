"""A detector's boxes: which people they become, that their source reaches the record, and that every bad file is a sentence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from coco_data import annotation, dataset, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posebench.cli.main import main
from posebench.data.box_source import DetectedBoxes
from posebench.data.predictions import load
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

COCO = protocol("coco")


def box(**changes: Any) -> dict[str, Any]:
    return {"image_id": 3, "category_id": 1, "bbox": [20.0, 30.0, 50.0, 60.0], "score": 0.5} | changes


def found(folder: Path, *entries: Any, threshold: float = 0.0) -> Any:
    people = COCO.instances(written(folder / "gt.json", dataset(annotation())), "val")
    return COCO.detected(people, written(folder / "boxes.json", list(entries)), threshold)


def test_a_box_is_a_person_with_a_padded_region_and_nothing_labelled(tmp_path: Path) -> None:
    people = found(tmp_path, box(), box(image_id=9, bbox=[0, 0, 8, 40], score=0.25))
    assert people.center.tolist() == [[44.5, 59.5], [3.5, 19.5]]
    assert people.size.tolist() == [[62.5, 75.0], [10.0, 50.0]]
    assert [people.images[i] for i in people.image] == ["003.jpg", "009.jpg"]
    assert people.measures["box_score"].tolist() == [0.5, 0.25]
    assert people.usable.all()
    assert not people.visibility.any()


def test_an_annotated_box_and_a_detected_one_show_the_network_the_same(tmp_path: Path) -> None:
    annotated = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    people = found(tmp_path, box())
    assert people.center.tolist() == annotated.center.tolist()
    assert people.size.tolist() == annotated.size.tolist()


def test_the_source_of_boxes_has_a_readable_name(tmp_path: Path) -> None:
    people = found(tmp_path, box(), box(score=0.9), threshold=0.6)
    assert people.box_source == "boxes.json >= 0.6"
    assert DetectedBoxes.parse(people.box_source) == DetectedBoxes("boxes.json", 0.6)
    assert len(people.source.sha256) == 64
    assert len(people) == 1


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    people = found(
        tmp_path, box(), box(category_id=18), box(score=0.1), box(score=0.2), box(bbox=[1, 2, 0, 4]), box(image_id=77),
        threshold=0.3,
    )  # fmt: skip
    assert people.source.notes == (
        "1 box is of another category, so left out.",
        "2 boxes have a score below 0.3, so left out.",
        "1 box has no extent, so left out.",
        "1 box is of an image that coco val does not have, so left out.",
    )
    assert people.person.tolist() == [0]  # its row in the file


def test_a_score_at_the_threshold_is_kept(tmp_path: Path) -> None:
    assert len(found(tmp_path, box(score=0.3), threshold=0.3)) == 1


@pytest.mark.parametrize(
    "entries, sentence",
    [
        ([], "no box to predict in coco val. It is empty"),
        ([box(image_id=4)], "1 box is of an image that coco val does not have, so left out. Is it of another split"),
        (["x"], "row 0 is no box: 'x'. A detector's file is a list of"),
        ([box(), {"image_id": 3}], "row 1 lacks category_id, bbox, score"),
        ([box(bbox=[1, 2, 3])], r"row 0: bbox should be \(x, y, width, height\), not \[1, 2, 3\]"),
        ([box(bbox="abcd")], "row 0: bbox should be"),
        ([box(bbox=[1, 2, None, 4])], "row 0: None is no number"),
        ([box(score="high")], "row 0: 'high' is no number"),
        ([box(score=True)], "row 0: True is no number"),
        ([box(image_id=3.5)], "row 0: image_id and category_id should be whole numbers"),
        ([box(), box(bbox=[1, 2, float("nan"), 4])], "row 1: a number is not finite or too large"),
        ([box(score=float("inf"))], "row 0: a number is not finite or too large"),
        ([box(image_id=10**400)], "row 0: a number is not finite or too large"),
    ],
)
def test_a_wrong_file_of_boxes_is_a_sentence_with_its_row(entries: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        found(tmp_path, *entries)


def test_an_annotation_instead_of_boxes_is_a_sentence(tmp_path: Path) -> None:
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    with pytest.raises(PosebenchError, match="gt.json is no list of boxes. A detector's file is"):
        COCO.detected(people, tmp_path / "gt.json", 0.0)
    with pytest.raises(PosebenchError, match="should be a number, not nan"):
        COCO.detected(people, tmp_path / "gt.json", float("nan"))


def test_a_protocol_of_annotated_people_takes_no_boxes(two_people: Any) -> None:
    with pytest.raises(PosebenchError, match="mpii asks about annotated people, so it takes no --boxes"):
        protocol("mpii").detected(two_people, Path("boxes.json"), 0.0)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
NEAR = st.fixed_dictionaries(
    {
        "image_id": st.sampled_from([3, 9, 4, -1, 2.5, "3", None, 10**30]) | ANYTHING,
        "category_id": st.sampled_from([1, 2, "1"]) | ANYTHING,
        "bbox": st.lists(st.floats() | st.integers() | ANYTHING, min_size=3, max_size=5) | ANYTHING,
        "score": st.floats() | ANYTHING,
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(NEAR | ANYTHING, max_size=4), cut=st.integers(0, 40))
def test_any_file_is_read_or_refused_in_a_sentence(entries: list[Any], cut: int, tmp_path: Path) -> None:
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    text = json.dumps([box(), *entries])
    (tmp_path / "boxes.json").write_text(text[: len(text) - cut if cut > 20 else None])
    try:
        boxes = COCO.detected(people, tmp_path / "boxes.json", 0.0)
    except PosebenchError as error:
        assert "boxes.json" in str(error)
    else:
        assert np.isfinite(boxes.center).all()
        assert len(boxes) >= 1
        assert not cut > 20


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: Any) -> Path:
    """A small network as it begins."""
    folder = tmp_path_factory.mktemp("trained")
    command = "train --arch hourglass1 --protocol coco --recipe quick --epochs 0 --limit 2 --workers 0 --results"
    done = CliRunner().invoke(main, [*command.split(), str(folder)])
    assert done.exit_code == 0, done.output
    return next(folder.glob("runs/*/checkpoint.pt"))


def predicted(checkpoint: Path, boxes: Path, folder: Path, *more: str) -> Any:
    command = ["predict", str(checkpoint), "--protocol", "coco", "--boxes", str(boxes), "--workers", "0"]
    return CliRunner().invoke(main, [*command, "--out", str(folder / "made.h5"), *more])


def test_the_source_of_boxes_goes_from_the_command_line_to_the_record(checkpoint: Path, tmp_path: Path) -> None:
    boxes = written(tmp_path / "detector.json", [box(image_id=i, score=s) for i, s in ((2, 0.9), (0, 0.5), (0, 0.1))])
    done = predicted(checkpoint, boxes, tmp_path, "--box-threshold", "0.3")
    assert done.exit_code == 0, done.output
    assert "2 boxes of detector.json >= 0.3 to predict." in done.stderr
    made = load(tmp_path / "made.h5")
    assert made.box_source == "detector.json >= 0.3"
    assert made.person.tolist() == [-1, -1]
    assert made.box_score is not None
    assert made.box_score.tolist() == [0.5, 0.9]  # images in the evaluator's order
    assert made.provenance.boxes.notes == ["1 box has a score below 0.3, so left out."]
    command = ["evaluate", str(tmp_path / "made.h5"), "--protocol", "coco", "--convention", "hrnet", "--json"]
    scored = json.loads(CliRunner().invoke(main, [*command, "--results", str(tmp_path)]).stdout)
    assert scored["data"]["box_source"] == "detector.json >= 0.3"
    assert scored["rule"]["convention"] == "hrnet"
    assert scored["model"]["boxes"]["count"] == 2


def test_of_so_many_people_the_boxes_in_their_images_are_predicted_and_scored(checkpoint: Path, tmp_path: Path) -> None:
    boxes = written(tmp_path / "detector.json", [box(image_id=i) for i in (0, 0, 1, 250)])
    done = predicted(checkpoint, boxes, tmp_path, "--people", "2")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    part = "everybody in the images of 2 of 500 people"
    assert f"To predict: {part} of synthetic people val." in said
    assert "3 boxes of detector.json >= 0.0 to predict." in said
    command = ["evaluate", str(tmp_path / "made.h5"), "--protocol", "coco", "--json", "--results", str(tmp_path)]
    data = json.loads(CliRunner().invoke(main, command).stdout)["data"]
    assert (data["people"], data["images"], data["part"]) == (2, 2, part)


def test_predict_writes_the_box_that_the_network_was_given(checkpoint: Path, tmp_path: Path) -> None:
    boxes = written(tmp_path / "detector.json", [box(image_id=2), box(image_id=0, bbox=[1.5, 2.5, 30.0, 40.0])])
    done = predicted(checkpoint, boxes, tmp_path)
    assert done.exit_code == 0, done.output
    given = load(tmp_path / "made.h5").input_box
    assert given is not None
    assert given.tolist() == [[1.5, 2.5, 30.0, 40.0], box()["bbox"]]


def test_a_threshold_without_boxes_is_a_sentence(checkpoint: Path) -> None:
    done = CliRunner().invoke(main, ["predict", str(checkpoint), "--protocol", "coco", "--box-threshold", "0.3"])
    assert done.exit_code == 1
    assert "--box-threshold applies to the scores of --boxes, and --boxes is not given." in done.stderr


def test_a_detected_pose_is_drawn_on_the_annotated_person_it_is_nearest_to(tmp_path: Path) -> None:
    from posebench.data.matching import row_of_each

    shifted = [v + (100 if i % 3 == 0 else 0) for i, v in enumerate(annotation()["keypoints"])]
    truth = dataset(annotation(), annotation(id=8, keypoints=shifted), annotation(id=9, image_id=9))
    people = COCO.instances(written(tmp_path / "gt.json", truth), "val")
    entries = [{"image_id": 3, "keypoints": points, "score": 1} for points in (shifted, annotation()["keypoints"])]
    made = COCO.read_predictions(written(tmp_path / "dt.json", entries), people)
    assert row_of_each(made, people).tolist() == [1, 0, -1]
