"""COCO: equal to pycocotools on real and on thousands of random cases, and refusing what it could not score."""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import mixed
from coco_data import written
from coco_evaluators import equal, numbers, reported

from posebench.data.predictions import for_instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import average_precision, oks_matching

pytestmark = pytest.mark.usefixtures("few_resamples")  # intervals are not what is tested here

COCO = protocol("coco")
PAIRS = {
    "image139099_dt": ("image139099_gt", "fce_keypoints_dataset", "as_is(bbox in dt)"),
    "val538_seed0_dt": ("val538_gt", "manhph_val538/seed0", "stats"),
    "val538_seed0_bbox_dt": ("val538_gt", "manhph_val538/seed0_bbox", "stats"),
    "mini79_seed0_dt": ("mini79_gt", "cocomini_val79/seed0", "stats"),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_every_number_equals_pycocotools_on_real_people(pair: str, shared: Path, golden: Any) -> None:
    annotation, key, part = PAIRS[pair]
    people = COCO.instances(shared / f"data/coco/pairs/{annotation}.json", "val")
    scores = COCO.score(COCO.read_predictions(shared / f"data/coco/pairs/{pair}.json", people), people, "official")
    expected = golden["coco"][key][part]
    for name, value in scores.metrics.items():
        assert value == pytest.approx(expected[name], abs=1e-12), name
    np.testing.assert_allclose(scores.curves[0].values, expected["AP_per_oks"], atol=1e-12)


@pytest.mark.parametrize("which, rows", [("perfect_labelled_only", "labelled"), ("perfect_all_annotations", "all")])
def test_the_truth_scores_what_pycocotools_gives_it(which: str, rows: str, shared: Path, golden: Any) -> None:
    people = COCO.instances(shared / "data/coco/pairs/val538_gt.json", "val")
    asked = people.take(people.measures["num_keypoints"] > (0 if rows == "labelled" else -1))
    metrics = COCO.score(for_instances(asked, asked.keypoints), people, "official").metrics
    expected = golden["coco"][f"manhph_val538/{which}"]["stats"]
    assert metrics == pytest.approx({name: expected[name] for name in metrics}, abs=1e-12)


def test_the_miniature_has_its_images_and_people(shared: Path) -> None:
    train, val = (COCO.instances(shared / "data/coco/mini", split) for split in ("train", "val"))
    assert (len(train.images), len(val.images)) == (36, 39)
    assert all((train.image_root / name).is_file() for name in train.images)
    assert 0 < train.usable.sum() < len(train)


def annotation(**changes: Any) -> dict[str, Any]:
    keypoints = [v for k in range(17) for v in (20.0 + 3 * k, 30.0 + 2 * k, 2)]
    return {
        "id": 7, "image_id": 3, "category_id": 1, "iscrowd": 0, "area": 2500.0, "bbox": [20.0, 30.0, 50.0, 60.0],
        "num_keypoints": 17, "keypoints": keypoints,
    } | changes  # fmt: skip


def dataset(*annotations: dict[str, Any]) -> dict[str, Any]:
    images = [{"id": i, "file_name": f"{i:03}.jpg", "height": 200, "width": 300} for i in (9, 3, 5)]
    return {"images": images, "annotations": list(annotations), "categories": [{"id": 1, "name": "person"}]}


def read(folder: Path, content: Any) -> Any:
    path = folder / "person_keypoints_val2017.json"
    path.write_text(json.dumps(content))
    return COCO.instances(path, "val")


def test_images_stand_in_id_order_and_people_in_file_order(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation(id=4, image_id=9), annotation(id=2), annotation(id=1)))
    assert people.images == ("003.jpg", "005.jpg", "009.jpg")
    assert people.person.tolist() == [2, 1, 4]


def test_of_an_image_that_is_listed_twice_the_last_entry_counts(tmp_path: Path) -> None:
    content = dataset(annotation())
    content["images"] += [{"id": 3, "file_name": "new.jpg", "height": 50, "width": 40}]
    people = read(tmp_path, content)
    assert (people.images, people.image_sizes[0].tolist()) == (("new.jpg", "005.jpg", "009.jpg"), [40, 50])


@pytest.mark.parametrize("width", ["300", None, -5, 0, 1e6, 10**400, [300]])
def test_a_width_that_is_no_number_of_pixels_is_unknown_and_all_others_are_known(width: Any, tmp_path: Path) -> None:
    content = dataset(annotation())
    content["images"][0]["width"] = width
    sizes = read(tmp_path, content).image_sizes
    assert sizes.tolist() == [[300, 200], [300, 200], [np.inf, 200]]


def test_a_box_becomes_a_padded_region_about_its_middle(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    assert people.center[0].tolist() == [44.5, 59.5]
    assert people.size[0].tolist() == [62.5, 75.0]


@pytest.mark.parametrize(
    "changes", [{"iscrowd": 1}, {"keypoints": [0] * 51, "num_keypoints": 0}, {"area": 0.0}, {"bbox": [1, 2, 0, 4]}]
)
def test_whom_a_network_cannot_be_asked_about_is_not_usable(changes: dict[str, Any], tmp_path: Path) -> None:
    assert read(tmp_path, dataset(annotation(**changes), annotation(id=8))).usable.tolist() == [False, True]


@pytest.mark.parametrize(
    "content, sentence",
    [
        ([], "should be an object with lists"),
        ({"images": []}, "should be an object with lists"),
        (dataset(annotation(keypoints=[1, 2, 2])), "annotation 0: 3 keypoint values, but coco has 17"),
        (dataset(annotation(), annotation(id=8, image_id=4)), "annotation 1: image_id 4 is not among"),
        (dataset(annotation(), annotation()), "annotation id 7 appears twice"),
        (dataset({"id": 1}), "annotation 0: it lacks 'keypoints'"),
        (dataset(annotation(bbox=[1, 2, None, 4])), "annotation 0: TypeError"),
        (dataset(annotation(bbox=[1, 2, 3])), "annotation 0: bbox has 3 values, not x, y, width, height"),
        (dataset(annotation(keypoints=[float("nan")] * 51)), "annotation id 7 has a number that is not finite"),
    ],
)
def test_a_wrong_annotation_is_a_sentence_with_its_row(content: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "content, sentence",
    [
        ({"a": 1}, "should be a list"),
        ([{"image_id": 4, "keypoints": [0] * 51, "score": 1}], "row 0: image_id 4 is not among the "),
        ([{"image_id": 3, "keypoints": [0] * 51}], "row 0: it lacks 'score'"),
        ([{"image_id": 3, "keypoints": [0] * 48, "score": 1}], "row 0: not a detection of 17 keypoints"),
        ([{"image_id": 3, "keypoints": ["x"] * 51, "score": 1}], "row 0: not a detection"),
        (["x"], "row 0: not a detection"),
        ([{"image_id": 3, "keypoints": [float("nan")] * 51, "score": 1}], "not finite"),
        ([{"image_id": 3, "keypoints": [0] * 51, "score": float("inf")}], "score of row 0"),
    ],
)
def test_a_wrong_result_is_a_sentence_with_its_row(content: Any, sentence: str, tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    (tmp_path / "dt.json").write_text(json.dumps(content))
    with pytest.raises(PosebenchError, match=sentence):
        COCO.read_predictions(tmp_path / "dt.json", people)


def test_cut_off_json_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "person_keypoints_val2017.json").write_text(json.dumps(dataset(annotation()))[:300])
    with pytest.raises(PosebenchError, match="not readable JSON"):
        COCO.instances(tmp_path, "val")


def test_predictions_of_unknown_images_are_refused(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    made = for_instances(people, people.keypoints)
    other = read(tmp_path, dataset(annotation()) | {"images": [{"id": 3, "file_name": "else.jpg"}]})
    with pytest.raises(PosebenchError, match="1 predicted image is not in coco val; the first is 003.jpg"):
        COCO.score(made, other, "official")


def test_no_detection_at_all_scores_nothing(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    (tmp_path / "dt.json").write_text("[]")
    metrics = COCO.score(COCO.read_predictions(tmp_path / "dt.json", people), people, "official").metrics
    assert (metrics["AP"], metrics["AR"], str(metrics["APL"])) == (0.0, 0.0, "nan")


def test_a_dataset_without_people_scores_nothing(tmp_path: Path) -> None:
    people = read(tmp_path, dataset())
    (tmp_path / "dt.json").write_text(json.dumps([{"image_id": 3, "keypoints": [0] * 51, "score": 1}]))
    scores = COCO.score(COCO.read_predictions(tmp_path / "dt.json", people), people, "official")
    assert np.isnan([*scores.metrics.values(), *scores.curves[0].values]).all()
    assert set(reported(scores).values()) == {-1.0}


def test_each_person_has_the_best_similarity_of_any_detection(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation(id=1), annotation(id=2, image_id=9), annotation(id=3, iscrowd=1)))
    made = for_instances(people.take(np.array([0])), people.keypoints[:1])
    assert COCO.score(made, people, "official").per_person.tolist() == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"image_id": "3"}, "annotation 1: image_id '3' is not among 'images'"),
        ({"image_id": [3]}, "annotation 1: TypeError"),
        ({"id": "8"}, "annotation 1: TypeError"),
        ({"id": 8.5}, "annotation 1: ValueError.*id is 8.5, not a whole number"),
        ({"id": 2**70}, "annotation 1: "),
        ({"iscrowd": None}, "annotation 1: TypeError"),
        ({"area": "2500"}, "annotation 1: TypeError"),
        ({"area": -4.0}, "annotation id 8 has area -4; areas are not negative"),
        ({"keypoints": ["1"] * 51}, "annotation 1: TypeError"),
        ({"keypoints": {str(k): 1 for k in range(51)}}, "annotation 1: TypeError"),
        ({"keypoints": [1, 2, 0.5] * 17}, "annotation id 8 has visibility 0.5; it should be 0 "),
        ({"keypoints": [1, 2, 256] * 17}, "annotation id 8 has visibility 256"),
        ({"category_id": 2}, r"annotates categories \[1, 2\]; coco scores one"),
    ],
)
def test_an_annotation_that_pycocotools_would_misread_is_a_sentence(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        read(tmp_path, dataset(annotation(), annotation(id=8) | changes))


def test_a_category_that_the_file_does_not_list_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"category 3, which is not among its 'categories' \(\[1\]\)"):
        read(tmp_path, dataset(annotation(category_id=3)))


@pytest.mark.parametrize("name", [None, 7, "\ud800"])
def test_an_image_without_a_writable_name_is_a_sentence(name: Any, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="an entry of 'images' lacks id or file_name"):
        read(tmp_path, dataset() | {"images": [{"id": 3, "file_name": "3.jpg"}, {"id": 4, "file_name": name}]})


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation(id=7.0, iscrowd=0.0, num_keypoints=17.0, area=2500, image_id=3.0)))
    assert (people.person.tolist(), people.measures["area"].tolist(), people.image.tolist()) == ([7], [2500.0], [0])


def detection(**changes: Any) -> dict[str, Any]:
    return {"image_id": 3, "category_id": 1, "keypoints": [20, 30, 1] * 17, "score": 0.5} | changes


BOX = [1, 2, 30, 40]


@pytest.mark.parametrize(
    "content, sentence",
    [
        ([detection(), detection(image_id="3")], "row 1: image_id '3' is not among the "),
        ([detection(), detection(score="0.5")], "row 1: not a detection of 17 keypoints"),
        ([detection(), detection(score=None)], "row 1: not a detection of 17 keypoints"),
        ([detection(), detection(category_id=2)], r"row 1: category_id 2 is not that of people \(1\)"),
        ([detection(bbox=BOX), detection()], "row 1: bbox is None, but row 0 has x, y, width and height"),
        ([detection(bbox=BOX), detection(bbox=[])], r"row 1: bbox is \[\], but row 0"),
        ([detection(bbox=BOX), detection(bbox=[1, 2, 3, "4"])], "row 1: not a detection"),
        ([detection(bbox=BOX), detection(bbox=[1, 2, 3, float("inf")])], "row 1: bbox .* is not finite"),
        ([detection(segmentation=[])], "row 0: it has a segmentation but no bbox"),
    ],
)
def test_a_result_that_pycocotools_would_misread_is_a_sentence(content: Any, sentence: str, tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    (tmp_path / "dt.json").write_text(json.dumps(content))
    with pytest.raises(PosebenchError, match=sentence):
        COCO.read_predictions(tmp_path / "dt.json", people)


def test_boxes_are_read_where_the_first_result_has_one(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation()))
    (tmp_path / "dt.json").write_text(json.dumps([detection(), detection(bbox=BOX)]))
    assert COCO.read_predictions(tmp_path / "dt.json", people).bbox is None
    (tmp_path / "dt.json").write_text(json.dumps([detection(bbox=BOX), detection(bbox=BOX)]))
    assert COCO.read_predictions(tmp_path / "dt.json", people).bbox.tolist() == [BOX, BOX]


def hostile(content: Any, random: np.random.Generator) -> Any:
    """The same with one value, somewhere, replaced or removed."""
    values = (
        None,
        True,
        -1,
        2**70,
        1e308,
        -1e308,
        0.5,
        float("nan"),
        "",
        "3",
        "\ud800",
        [],
        {},
        [[]],
        [1] * 51,
        "x" * 51,
    )
    if not isinstance(content, dict | list) or not content or random.random() < 0.1:
        return values[random.integers(len(values))]
    content = copy.copy(content)
    keys = list(content) if isinstance(content, dict) else range(len(content))
    key = keys[random.integers(len(keys))]
    if random.random() < 0.1:
        del content[key]
    else:
        content[key] = hostile(content[key], random)
    return content


def test_a_hostile_value_is_scored_or_a_sentence(tmp_path: Path) -> None:
    random, refused = np.random.default_rng(0), 0
    truth, found = (
        dataset(annotation(), annotation(id=8, image_id=9)),
        [detection(bbox=BOX), detection(image_id=9, bbox=BOX)],
    )
    for number in range(600):
        gt, dt = (hostile(truth, random), found) if number % 2 else (truth, hostile(found, random))
        try:
            people = read(tmp_path, gt)
            (tmp_path / "dt.json").write_text(json.dumps(dt))
            made = COCO.read_predictions(tmp_path / "dt.json", people)
            rules = sys.modules[type(COCO).__module__]
            matches = oks_matching.match(
                rules.detections_of(made, people), rules.people_of(people), rules.SIGMAS, len(people.images)
            )
            assert all(
                -1 <= value <= 1
                for value in average_precision.summary(*average_precision.precision_recall(matches)).values()
            )
        except PosebenchError as error:
            refused += 1
            assert "person_keypoints_val2017.json" in str(error) or "dt.json" in str(error) or "coco val" in str(error)
    assert 200 < refused < 600


def test_an_annotation_id_of_zero_is_noted(tmp_path: Path) -> None:
    people = read(tmp_path, dataset(annotation(id=0)))
    notes = COCO.score(for_instances(people, people.keypoints), people, "official").notes
    assert [note.split(" is never counted")[0] for note in notes if "AP is too high" not in note] == ["annotation id 0"]
    people = read(tmp_path, dataset(annotation(id=1)))
    notes = COCO.score(for_instances(people, people.keypoints), people, "official").notes
    assert [note for note in notes if "AP is too high" not in note] == []


def test_a_dataset_in_the_form_of_coco_may_have_other_keypoints(tmp_path: Path) -> None:
    rules = sys.modules[type(COCO).__module__]
    hand = Skeleton(keypoints=("wrist", "thumb", "index"), bones=(("wrist", "thumb"),))
    gt, dt = tmp_path / "hands.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(dataset(annotation(keypoints=[1, 2, 2, 3, 4, 1, 0, 0, 0]))))
    dt.write_text(json.dumps([detection(keypoints=[1, 2, 0.5] * 3)]))
    form = sys.modules[rules.read_annotations.__module__].Form("hands", hand)
    people = rules.read_annotations(gt, "val", form)
    assert (people.what, people.visibility.tolist()) == ("hands val", [[2, 1, 0]])
    made = rules.read_results(dt, people)
    assert (made.keypoint_names, made.dataset, made.keypoints.shape) == (hand.keypoints, "hands", (1, 3, 2))
    dt.write_text(json.dumps([detection()]))
    with pytest.raises(PosebenchError, match="row 0: not a detection of 3 keypoints"):
        rules.read_results(dt, people)


def matched(truth: dict[str, Any], detections: list[dict[str, Any]], folder: Path) -> average_precision.Matches:
    """What posebench makes of the same, through its files."""
    people = read(folder, truth)
    (folder / "dt.json").write_text(json.dumps(detections))
    rules = sys.modules[type(COCO).__module__]
    found = rules.detections_of(COCO.read_predictions(folder / "dt.json", people), people)
    return oks_matching.match(found, rules.people_of(people), rules.SIGMAS, len(people.images))


@pytest.mark.parametrize("first", range(0, 1200, 200))
def test_random_cases_equal_pycocotools_to_the_bit(first: int, tmp_path: Path) -> None:
    """Faults that were planted in the matching differ in 9 to 64 % of the cases; what is rare, in test_exactness."""
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    several = 0
    for seed in range(first, first + 200, 2):
        files = [written(tmp_path / name, part) for name, part in zip(("gt.json", "dt.json"), mixed(seed), strict=True)]
        ours, theirs = (numbers(name, *files) for name in ("posebench", "pycocotools"))
        assert equal(ours, theirs), seed
        several += 0 < theirs.stats[0] < 1
    assert several > 50  # the cases are worth something


def test_the_random_cases_have_what_evaluators_trip_over() -> None:
    cases = [mixed(seed) for seed in range(200)]
    for truth, detections in cases:
        people = truth["annotations"]
        assert len(people) and len(detections)
    crowded = [max(np.unique([d["image_id"] for d in found], return_counts=True)[1]) > 20 for _, found in cases]
    twice = [len({str(p["keypoints"]) for p in truth["annotations"]}) < len(truth["annotations"]) for truth, _ in cases]
    zero = [any(p["id"] == 0 for p in truth["annotations"]) for truth, _ in cases]
    crowd = [any(p["iscrowd"] for p in truth["annotations"]) for truth, _ in cases]
    unlabelled = [any(not any(p["keypoints"]) for p in truth["annotations"]) for truth, _ in cases]
    boxed = ["bbox" in found[0] for _, found in cases]
    tied = [len({d["score"] for d in found}) < len(found) for _, found in cases]
    assert min(sum(kind) for kind in (crowded, twice, zero, crowd, unlabelled, boxed, tied)) > 10


def table(truth: dict[str, Any], detections: list[dict[str, Any]], weights: Any, folder: Path) -> dict[str, float]:
    """COCO's table of a dataset whose images count as often as `weights` says; None for once."""
    return average_precision.summary(*average_precision.precision_recall(matched(truth, detections, folder), weights))


def copies(entries: list[dict[str, Any]], key: str, weights: dict[int, int]) -> list[dict[str, Any]]:
    """Each entry as often as its image counts, every copy in an image of its own."""
    return [entry | {key: entry[key] * 10 + n} for entry in entries for n in range(weights[entry[key]])]


def test_a_weighted_image_counts_as_if_it_were_there_so_often(tmp_path: Path) -> None:
    """The bootstrap's AP is the AP of the resampled dataset, not an approximation of it."""
    compared = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        truth, detections = mixed(seed)
        # No ties between images (which copy comes first is a matter of taste), no boxes, no id 0 that never counts.
        detections = [
            {key: entry[key] for key in ("image_id", "keypoints")} | {"score": float(random.random())}
            for entry in detections
        ]
        truth["annotations"] = [entry | {"id": entry["id"] + 1} for entry in truth["annotations"]]
        weights = {image["id"]: int(random.integers(0, 4)) for image in truth["images"]}
        people = copies(truth["annotations"], "image_id", weights)
        repeated = {
            "images": [entry | {"file_name": str(entry["id"])} for entry in copies(truth["images"], "id", weights)],
            "annotations": [entry | {"id": number + 1} for number, entry in enumerate(people)],
        }
        weighted = table(truth, detections, np.array([weights[i] for i in sorted(weights)]), tmp_path)
        assert weighted == pytest.approx(
            table(repeated, copies(detections, "image_id", weights), None, tmp_path), abs=1e-12
        )
        compared += 0 < weighted["AP"] < 1
    assert compared > 20
