"""COCO's conventions: each equal to its evaluator; and results JSON that reads back to the same score."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written
from coco_evaluators import evaluated, reported
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posebench.data.predictions import Predictions, for_instances
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

COCO = protocol("coco")
COLUMNS = "AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL"
POST = {
    "val538": [0.4377, 0.6948, 0.4398, 0.4488, 0.4349, 0.5126, 0.7459, 0.5170, 0.4949, 0.5381],
    "mini79": [0.4559, 0.6466, 0.4923, 0.4945, 0.4300, 0.5088, 0.7059, 0.5441, 0.5353, 0.4824],
}
"""HRNet's evaluator on seeded detections with boxes."""


@pytest.fixture(autouse=True)
def _no_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1)  # the intervals are not what is compared here


def pair(shared: Path, truth: str, detections: str) -> tuple[Any, Predictions]:
    people = COCO.instances(shared / f"data/coco/pairs/{truth}_gt.json", "val")
    return people, COCO.read_predictions(shared / f"data/coco/pairs/{detections}.json", people)


@pytest.mark.parametrize(
    "convention, key", [("hrnet", "hrnet_rescored+oksnms0.9"), ("hrnet-soft", "hrnet_rescored+soft_oksnms0.9")]
)
def test_real_detections_score_what_hrnets_evaluator_gives_them(
    convention: str, key: str, shared: Path, golden: Any
) -> None:
    people, made = pair(shared, "image139099", "image139099_dt")
    expected = golden["coco"]["fce_keypoints_dataset"]
    kept = {"hrnet": expected["hrnet_n_kept"], "hrnet-soft": 20}
    assert len(COCO.processed(made, convention)) == kept[convention]
    metrics = COCO.score(made, people, convention).metrics
    assert metrics == pytest.approx({name: expected[key][name] for name in metrics}, abs=1e-12)


def test_hundreds_of_photographs_score_what_hrnets_evaluator_gives_them(shared: Path) -> None:
    people, made = pair(shared, "val538", "val538_seed0_bbox_dt")
    assert len(COCO.processed(made, "hrnet")) == 2836  # of 2,841
    metrics = COCO.score(made, people, "hrnet").metrics
    assert metrics == pytest.approx(dict(zip(COLUMNS, POST["val538"], strict=True)), abs=5e-5)


def test_where_nobody_is_found_twice_boxes_do_not_matter(shared: Path) -> None:
    people, made = pair(shared, "mini79", "mini79_seed0_dt")
    with pytest.raises(PosebenchError, match="hrnet suppresses people found twice by the area .* have no boxes"):
        COCO.score(made, people, "hrnet")
    extent = np.ptp(made.keypoints, axis=1)
    boxed = dataclasses.replace(made, region=np.column_stack([made.keypoints.mean(axis=1), extent]))
    metrics = COCO.score(boxed, people, "hrnet").metrics
    assert metrics == pytest.approx(dict(zip(COLUMNS, POST["mini79"], strict=True)), abs=5e-5)


def found(folder: Path, entries: list[dict[str, Any]], truth: Any = None) -> tuple[Any, Predictions]:
    people = COCO.instances(written(folder / "gt.json", truth or dataset(annotation())), "val")
    return people, COCO.read_predictions(written(folder / "dt.json", entries), people)


def detection(confidence: float = 0.5, **changes: Any) -> dict[str, Any]:
    points = [v for k in range(17) for v in (20.0 + 3 * k, 30.0 + 2 * k, confidence)]
    return {"image_id": 3, "category_id": 1, "keypoints": points, "score": 0.8, "bbox": [20, 30, 50, 60]} | changes


def test_a_box_of_a_result_becomes_the_region_that_a_network_sees(tmp_path: Path) -> None:
    wide = detection(bbox=[10.0, 20.0, 90.0, 60.0])
    _, made = found(tmp_path, [detection(bbox=[20.0, 30.0, 30.0, 60.0]), wide])
    rules = sys.modules[type(COCO).__module__]
    assert sys.modules[rules.processed.__module__].regions.regions(made).tolist() == [
        [34.5, 59.5, 56.25, 75.0],
        [54.5, 49.5, 112.5, 150.0],
    ]
    assert made.box_score is not None
    assert made.box_score.tolist() == [0.8, 0.8]


def test_hrnets_center_and_scale_are_a_region_too(tmp_path: Path) -> None:
    entry = {key: value for key, value in detection().items() if key != "bbox"}
    people, made = found(tmp_path, [entry | {"center": [45.0, 60.0], "scale": [0.3, 0.4]}])
    assert made.region is not None
    assert made.region[0].tolist() == pytest.approx([44.5, 59.5, 60.0, 80.0])
    assert "already rescored: score them under official" in COCO.score(made, people, "hrnet").notes[-1]


def test_a_person_found_twice_is_one_false_detection_less(tmp_path: Path) -> None:
    people, made = found(tmp_path, [detection(0.5), detection(0.6), detection(0.1, image_id=5)])
    scores = {name: COCO.score(made, people, name) for name in COCO.conventions}
    assert COCO.processed(made, "hrnet").score.tolist() == pytest.approx([0.48, 0.0])
    assert len(COCO.processed(made, "hrnet-soft")) == 3
    assert "1 detection was left out as people found twice." in scores["hrnet"].notes
    assert COCO.processed(made, "mmpose").score.tolist() == [float(np.float32(0.6) * np.float32(0.8)), 0.0]
    assert [note for note in scores["official"].notes if "people found twice" in note] == []


def test_no_detection_is_fine_under_every_convention(tmp_path: Path) -> None:
    people, made = found(tmp_path, [])
    assert [COCO.score(made, people, name).metrics["AP"] for name in COCO.conventions] == [0.0] * 5


def test_somebody_who_could_not_be_predicted_suppresses_nobody(tmp_path: Path) -> None:
    people, _ = found(tmp_path, [], dataset(annotation(), annotation(id=8, image_id=9)))
    keypoints = people.keypoints.copy()
    keypoints[0] = np.nan
    made = for_instances(
        people, keypoints, missing=np.isnan(keypoints[..., 0]), region=np.full((2, 4), 75.0), box_score=np.ones(2)
    )
    assert COCO.processed(made, "hrnet").person.tolist() == [8]
    assert "1 person has no prediction" in " ".join(COCO.score(made, people, "hrnet").notes)


def test_mmpose_counts_labelled_keypoints_where_pycocotools_reads_their_number(tmp_path: Path) -> None:
    truth = dataset(annotation(), annotation(id=0, image_id=5, num_keypoints=0))
    people, made = found(tmp_path, [detection(), detection(image_id=5)], truth)
    assert [COCO.score(made, people, name).people for name in ("hrnet", "mmpose")] == [1, 2]
    assert [COCO.score(made, people, name).metrics["AR"] for name in ("hrnet", "mmpose")] == [1.0, 1.0]


EXPORTED = [(name, "official") for name in ("val538_seed0_dt", "mini79_seed0_dt")] + [
    ("val538_seed0_bbox_dt", convention) for convention in COCO.conventions
]


@pytest.mark.parametrize("detections, convention", EXPORTED)
def test_exported_results_read_back_to_the_same_score(
    detections: str, convention: str, shared: Path, tmp_path: Path
) -> None:
    people, made = pair(shared, detections.split("_")[0], detections)
    processed = COCO.processed(made, convention)
    told = COCO.export("coco-json", processed, people, tmp_path / "out.json")
    assert told == [f"{len(processed):,} detections of coco."]
    again = COCO.read_predictions(tmp_path / "out.json", people)
    first = reported(COCO.score(made, people, convention))
    second = reported(COCO.score(again, people, convention if convention == "ex-oks" else "official"))
    if convention == "mmpose":  # xtcocotools counts somebody without labelled keypoints otherwise
        assert second == pytest.approx(first, abs=0.01)
    else:
        assert second == first


def test_exported_results_score_the_same_in_pycocotools(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    people, made = pair(shared, "image139099", "image139099_dt")
    COCO.export("coco-json", COCO.processed(made, "hrnet"), people, tmp_path / "out.json")
    entries = json.loads((tmp_path / "out.json").read_text())
    assert set(entries[0]) == {"image_id", "category_id", "keypoints", "score"}
    truth = json.loads((shared / "data/coco/pairs/image139099_gt.json").read_text())
    stats = evaluated("pycocotools", truth, entries, tmp_path).stats
    assert stats.tolist() == list(reported(COCO.score(made, people, "hrnet")).values())


def test_whoever_was_not_predicted_is_not_exported_and_that_is_said(tmp_path: Path) -> None:
    people, _ = found(tmp_path, [], dataset(annotation(), annotation(id=8)))
    missing = np.zeros((2, 17), bool)
    missing[1] = True
    told = COCO.export(
        "coco-json", for_instances(people, people.keypoints, missing=missing), people, tmp_path / "a.json"
    )
    assert told == ["1 detection of coco.", "1 person without a prediction is left out."]
    assert len(json.loads((tmp_path / "a.json").read_text())) == 1


def test_an_unknown_form_or_convention_is_a_sentence(tmp_path: Path) -> None:
    people, made = found(tmp_path, [detection()])
    with pytest.raises(PosebenchError, match="No export of coco is named 'coco'. Did you mean 'coco-json'"):
        COCO.export("coco", made, people, tmp_path / "x.json")
    with pytest.raises(PosebenchError, match="No convention of coco is named 'hrnett'. Did you mean 'hrnet'"):
        COCO.processed(made, "hrnett")


@pytest.mark.parametrize(
    "box", [[1, 2, 3], "abcd", {"x": 1}, [1, 2, 3, None], [1, 2, 3, float("nan")], [1, 2, 3, 1e300], 7]
)
def test_a_damaged_box_of_a_result_is_a_sentence(box: Any, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"dt.json, row 1: "):
        found(tmp_path, [detection(), detection(bbox=box)])


BOXES = st.lists(st.floats() | st.integers() | st.none() | st.text(max_size=2), min_size=1, max_size=5) | st.integers()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boxes=st.lists(st.dictionaries(st.sampled_from(["bbox", "center", "scale"]), BOXES), min_size=1, max_size=3))
def test_any_box_of_a_result_is_scored_or_refused_in_a_sentence(boxes: list[dict[str, Any]], tmp_path: Path) -> None:
    entries = [{key: v for key, v in detection().items() if key != "bbox"} | box for box in boxes]
    try:
        people, made = found(tmp_path, entries)
        scores = [COCO.score(made, people, name) for name in ("hrnet", "hrnet-soft", "mmpose")]
    except PosebenchError as error:
        assert "bbox" in str(error) or "row" in str(error)
    else:
        assert all(0 <= each.metrics["AP"] <= 1 for each in scores)
