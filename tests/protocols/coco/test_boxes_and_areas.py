"""COCO's top-down evaluators need the box and the network's region: taken from what is stated, else assumed aloud."""

import contextlib
import copy
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from coco_case import mixed
from coco_data import annotation, dataset, written
from coco_evaluators import reported

from posebench.cli.main import main
from posebench.data.predictions import Predictions, for_instances, load, save
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

COCO = protocol("coco")
RULES = sys.modules[type(COCO).__module__]
ASSUMED = "The network's input size is not stated, so its regions are assumed to be 3:4"


@pytest.fixture(autouse=True)
def _one_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1)  # the intervals are not what is compared here


def detection(at: float = 0.0, spread: float = 1.0, **changes: Any) -> dict[str, Any]:
    """The annotated person of coco_data, moved by `at` and spread about (20, 30)."""
    points = [v for k in range(17) for v in (20.0 + at + 3 * spread * k, 30.0 + at + 2 * spread * k, 0.5)]
    return {"image_id": 3, "category_id": 1, "keypoints": points, "score": 0.8, "bbox": [20, 30, 50, 60]} | changes


def found(folder: Path, entries: list[dict[str, Any]], truth: Any = None) -> tuple[Any, Predictions]:
    people = COCO.instances(written(folder / "gt.json", truth or dataset(annotation())), "val")
    return people, COCO.read_predictions(written(folder / "dt.json", entries), people)


def xtcocotools(truth: dict[str, Any], entries: list[dict[str, Any]], **how: Any) -> list[float]:
    """The numbers of the evaluator that mmpose uses."""
    try:
        from xtcocotools.coco import COCO as Reference
        from xtcocotools.cocoeval import COCOeval
    except (ImportError, ValueError) as error:  # its wheel is built for numpy 1: build it from its source archive
        pytest.skip(f"xtcocotools cannot be imported ({error}): make evaluators")

    with contextlib.redirect_stdout(io.StringIO()):
        annotated = Reference()
        annotated.dataset = copy.deepcopy(truth)
        annotated.createIndex()
        evaluator = COCOeval(annotated, annotated.loadRes(copy.deepcopy(entries)), "keypoints", **how)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return [float(value) for value in evaluator.stats]


def test_a_false_detection_in_a_medium_box_counts_against_medium_people_though_its_keypoints_span_more(
    tmp_path: Path,
) -> None:
    """The box is 50 x 60, medium; the keypoints span 256 x 192, large, so without the box APM would leave it out."""
    false = detection(spread=16 / 3, score=0.9, image_id=5, bbox=[20, 30, 50, 60])
    people, made = found(tmp_path, [false, detection()])
    assert COCO.score(made, people, "mmpose").metrics["APM"] == pytest.approx(0.5)
    assert COCO.score(made, people, "hrnet").metrics["APM"] == pytest.approx(1.0)


def mmpose_case(seed: int, folder: Path) -> tuple[dict[str, Any], Any, Predictions, list[list[float]]]:
    """A random case, its detections with boxes of any size; and these as CocoMetric writes them."""
    truth, detections = mixed(seed)
    draw = np.random.default_rng(seed)
    boxes = np.column_stack(
        [draw.uniform(0, 600, (len(detections), 2)), draw.choice([31.9, 32, 96, 97], (len(detections), 2))]
    )
    for entry, box, confidences in zip(detections, boxes.tolist(), draw.random((len(detections), 17)), strict=True):
        points = np.array(entry["keypoints"]).reshape(17, 3)
        points[:, 2] = confidences
        entry |= {"bbox": box, "keypoints": points.ravel().tolist(), "score": float(draw.random())}
    people, made = found(folder, [dict(entry) for entry in detections], truth)
    boxes = np.array([entry["bbox"] for entry in json.loads((folder / "dt.json").read_text())], np.float32)
    corners = boxes[:, :2] + boxes[:, 2:]  # its data set keeps corners, its metric writes sizes
    as_written = np.column_stack([boxes[:, :2], corners - boxes[:, :2]]).tolist()
    return truth, people, replace(made, person=np.arange(len(made))), as_written


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_mmposes_ten_numbers_are_xtcocotools_own_on_results_with_its_boxes(first: int, tmp_path: Path) -> None:
    edges = 0
    for seed in range(first, first + 50):
        truth, people, made, boxes = mmpose_case(seed, tmp_path)
        kept = COCO.processed(made, "mmpose")
        COCO.export("coco-json", replace(kept, bbox=None), people, tmp_path / "out.json")
        entries = json.loads((tmp_path / "out.json").read_text())
        for entry, row in zip(entries, kept.person.tolist(), strict=True):
            entry["bbox"] = boxes[row]
        if not entries:
            continue
        numbers = list(reported(COCO.score(made, people, "mmpose")).values())
        assert xtcocotools(truth, entries, sigmas=RULES.SIGMAS) == numbers, seed
        areas = [box[2] * box[3] for box in boxes]
        edges += any(1023.9 < area < 1024 for area in areas)
    assert edges  # areas a little below the boundary in single precision


def test_exported_mmpose_results_carry_the_boxes_that_keep_the_areas(tmp_path: Path) -> None:
    people, made = found(tmp_path, [detection(), detection(spread=16 / 3, image_id=5)])
    COCO.export("coco-json", COCO.processed(made, "mmpose"), people, tmp_path / "out.json")
    again = COCO.read_predictions(tmp_path / "out.json", people)
    first, second = (reported(COCO.score(p, people, c)) for p, c in ((made, "mmpose"), (again, "official")))
    assert first == second
    assert again.bbox is not None
    assert again.bbox.tolist() == [[20, 30, 50, 60]] * 2


def test_regions_without_boxes_are_unpadded_and_that_is_said_under_mmpose_alone(tmp_path: Path) -> None:
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation())), "val")
    region = np.array([[44.5, 59.5, 50.0, 100.0]])
    made = for_instances(people, people.keypoints, region=region, box_score=np.ones(1))
    processed = COCO.processed(made, "mmpose")
    assert processed.bbox is not None
    assert processed.bbox.tolist() == [[25.0, 20.0, 40.0, 80.0]]
    notes = [COCO.score(made, people, name).notes for name in ("official", "hrnet", "mmpose")]
    assert [any("boxes before padding are not stated" in note for note in each) for each in notes] == [
        False,
        False,
        True,
    ]


def test_a_predictions_file_keeps_the_box_that_the_network_was_given(tmp_path: Path) -> None:
    people = COCO.instances(written(tmp_path / "gt.json", dataset(annotation(), annotation(id=8, image_id=9))), "val")
    made = for_instances(people, people.keypoints, input_box=people.bbox, box_score=np.ones(2))
    save(made, tmp_path / "made.h5")
    again = load(tmp_path / "made.h5")
    assert again.input_box is not None
    assert again.input_box.tolist() == [[20, 30, 50, 60]] * 2
    assert COCO.score(again, people, "mmpose").metrics["APM"] == pytest.approx(1.0)


def alike(shift: float) -> list[dict[str, Any]]:
    """Two poses of one 40 x 120 box, some pixels apart."""
    return [detection(score=0.9, bbox=[20, 30, 40, 120]), detection(shift, bbox=[20, 30, 40, 120])]


def test_the_networks_input_decides_how_large_the_region_is_that_suppression_divides_by(tmp_path: Path) -> None:
    """The region is 112.5 x 150 for 3:4 and 150 x 150 for a square: poses 4.2 pixels apart each way are one for it alone."""
    entries = alike(4.2)
    _, made = found(tmp_path, entries)
    square = replace(made, provenance=made.provenance.model_copy(update={"input_size": (256, 256)}))
    regions = sys.modules[RULES.processed.__module__].regions
    assert regions.regions(made).tolist() == [[39.5, 89.5, 112.5, 150.0]] * 2
    assert regions.regions(square).tolist() == [[39.5, 89.5, 150.0, 150.0]] * 2
    assert [len(COCO.processed(p, "hrnet")) for p in (made, square)] == [2, 1]


@pytest.mark.parametrize("convention", ["hrnet", "hrnet-soft", "mmpose"])
def test_an_assumed_aspect_is_said_and_a_stated_one_is_not(convention: str, tmp_path: Path) -> None:
    people, made = found(tmp_path, [detection()])
    square = replace(made, provenance=made.provenance.model_copy(update={"input_size": (256, 256)}))
    said = [any(n.startswith(ASSUMED) for n in COCO.score(p, people, convention).notes) for p in (made, square)]
    assert said == [True, False]
    assert not any(note.startswith(ASSUMED) for note in COCO.score(made, people, "official").notes)


def test_a_stated_region_needs_no_assumption(tmp_path: Path) -> None:
    people, made = found(tmp_path, [detection(center=[45.0, 60.0], scale=[0.3, 0.4])])
    assert made.region is not None
    assert made.region[0].tolist() == pytest.approx([44.5, 59.5, 60.0, 80.0])
    assert not any(note.startswith(ASSUMED) for note in COCO.score(made, people, "hrnet").notes)


def run(*words: str) -> Any:
    return CliRunner().invoke(main, list(words))


def test_evaluate_explain_compare_and_export_say_the_assumption_and_evaluate_takes_the_input(tmp_path: Path) -> None:
    found(tmp_path, alike(4.2))
    file, data = str(tmp_path / "dt.json"), ("--protocol", "coco", "--data", str(tmp_path / "gt.json"))
    stated = ("--arch", "mine", "--input-size", "256x256")
    results = ("--results", str(tmp_path / "results"))
    once = run("evaluate", file, *data, *results, "--convention", "hrnet", "--json")
    assert any(note.startswith(ASSUMED) for note in json.loads(once.stdout)["notes"])
    square = json.loads(run("evaluate", file, *data, *results, "--convention", "hrnet", "--json", *stated).stdout)
    assert "1 detection was left out as people found twice." in square["notes"]
    assert not any(note.startswith(ASSUMED) for note in square["notes"])
    explained = [json.loads(run("evaluate", file, *data, "--explain", "--json", *more).stdout) for more in ((), stated)]
    told = [[any(n.startswith(ASSUMED) for n in c["notes"]) for c in each["conventions"]] for each in explained]
    assert told == [[False, True, True, True, False], [False] * 5]
    written_to = str(tmp_path / "out.json")
    exported = run("export", "coco-json", file, *data, "--convention", "hrnet", "--out", written_to)
    assert ASSUMED in " ".join(exported.output.split()), exported.output
    assert "0 detections are left out." in exported.output
    exported = run(
        "export", "coco-json", file, *data, "--convention", "hrnet", "--input-size", "256x256", "--out", written_to
    )
    assert "1 detection is left out." in exported.output
    assert ASSUMED not in " ".join(exported.output.split())
    ignored = run("export", "coco-json", file, *data, "--input-size", "256x256", "--out", written_to)
    assert "official leaves out none. Leave out --input-size." in " ".join(ignored.output.split())
    other = str(written(tmp_path / "other.json", alike(4.3)))
    compared = run("compare", file, other, *data, "--convention", "hrnet")
    assert ASSUMED in " ".join(compared.output.split()), compared.output
