"""Ex-OKS: what a prediction says of being outside the image; equal to exococotools on random cases, and by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from coco_data import annotation, dataset, written
from coco_evaluators import numbers, reported
from extended_evaluators import evaluator

from posebench.cli.main import main
from posebench.data import predictions as files
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

COCO = protocol("coco")
TEN = "AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL"
LEVELS = "AP occluded", "AP visible", "AP outside"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 3)


def detection(points: np.ndarray, third: Any, **changes: Any) -> dict[str, Any]:
    values = np.column_stack([points, np.broadcast_to(third, 17)]).ravel().tolist()
    return {"image_id": 3, "category_id": 1, "score": 0.8, "keypoints": values} | changes


def drawn(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Random people with every visibility, crowds, boundary areas, ties; detections, also where nobody is."""
    draw = np.random.default_rng(seed)
    people, entries = [], []
    for number in range(int(draw.integers(2, 7))):
        seen = draw.choice([0, 1, 2, 3], 17) * (draw.random() > 0.1)
        seen[:3] = (1, 2, 3) if number == 0 else seen[:3]  # exococotools fails where a level is missing
        points = draw.integers(0, 150, (17, 2)) * (seen > 0)[:, None]
        box = [*draw.integers(0, 60, 2).tolist(), *draw.uniform(20, 150, 2).round(2).tolist()]
        people.append(annotation(
            id=number, image_id=int(draw.choice([9, 3])), area=float(draw.choice([1024, 5000.5, 9216, 40000.5])), bbox=box,
            iscrowd=int(draw.random() < 0.2), num_keypoints=int(draw.integers(0, 2)),
            keypoints=np.column_stack([points, seen]).ravel().tolist(),
        ))  # fmt: skip
        if seed % 4 >= 2:
            people[-1]["pad_to_contain"] = [1.0, 1.0, 2.0, *draw.choice([0.5, 1.25, 1.26, 3], 14).tolist()]
    for one in [*people, *people[:2]]:
        given = np.reshape(one["keypoints"], (17, 3))
        points = given[:, :2] + draw.normal(0, draw.choice([0, 1, 4]), (17, 2))
        right = draw.random(17) < 0.8
        third = np.where(right == (given[:, 2] < 3), draw.uniform(0.5, 1, 17), draw.uniform(0, 0.5, 17))
        third *= draw.random() > 0.1
        image = 5 if draw.random() < 0.1 else one["image_id"]
        entry = detection(points, third, image_id=image, score=float(draw.integers(0, 5) / 4))
        entries.append(entry | ({"bbox": [0.0, 0.0, *draw.uniform(20, 150, 2)]} if seed % 2 else {}))
    return people, entries


def scores(folder: Path, people: list[dict[str, Any]], entries: list[dict[str, Any]], name: str = "ex-oks") -> Any:
    """Scores of results, through files."""
    truth = COCO.instances(written(folder / "gt.json", dataset(*people)), "val")
    made = COCO.read_predictions(written(folder / "dt.json", entries), truth)
    return COCO.score(made, truth, name)


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_random_cases_score_what_exococotools_gives_them(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 20):
        ours = reported(scores(tmp_path, *drawn(seed)))
        pair = tmp_path / "gt.json", tmp_path / "dt.json"
        made = evaluator("exococotools", "keypoints", *pair, COCO.sigmas, extended_oks=True)
        theirs = dict(zip(made.stats_names, made.stats.tolist(), strict=True))
        levels = [theirs[f"AP (v={level})"] for level in (1, 2, 3)]
        ten = [value for name, value in theirs.items() if "v=" not in name and name != "OKS"]
        assert [ours[name] for name in (*TEN, *LEVELS)] == [*ten, *levels], seed


HIP = 11
"""A keypoint with the sigma 0.107."""


def test_padding_tells_what_the_window_reaches(tmp_path: Path) -> None:
    points = np.column_stack([np.zeros((17, 2)), [1, 2, 3, 0, 3, *[2] * 12]]).ravel().tolist()
    stated = annotation(keypoints=points, pad_to_contain=[1.26, 1.25, 1.3, 9, 1.0, *[1.0] * 12])
    people = COCO.instances(written(tmp_path / "gt.json", dataset(stated)), "val")
    assert people.visibility[0, :6].tolist() == [3, 2, 3, 0, 1, 2]
    without = {name: value for name, value in stated.items() if name != "pad_to_contain"}
    with pytest.raises(PosebenchError, match="annotation 1: it lacks 'pad_to_contain'"):
        COCO.instances(written(tmp_path / "gt.json", dataset(stated, without | {"id": 8})), "val")


def one_keypoint(place: tuple[float, float], seen: int) -> dict[str, Any]:
    """A person of 2,500 square pixels with one labelled keypoint. The window is 62.5 x 83.3 pixels about (45, 60)."""
    points = np.zeros((17, 3))
    points[HIP] = (*place, seen)
    return annotation(keypoints=points.ravel().tolist(), num_keypoints=1)


@pytest.mark.parametrize("truth, seen, predicted, present, squared", [
    ((25, 60), 2, (31, 60), 0.5, 36),
    ((200, 60), 3, (23.75, 28.3333333), 0.5, 10**2 + 10**2),  # to the nearest corner, 10 pixels on each axis
    ((23.75, 28.3333333), 2, (300, 300), 0.49, 10**2 + 10**2),
    ((200, 60), 3, (300, 300), 0.49, 0),
    ((200, 60), 3, (80, 60), 0.5, 3.75**2 + (125 / 3) ** 2),  # predicted inside the image, but outside the window
])  # fmt: skip
def test_distances_are_to_the_border_where_one_side_alone_is_outside(
    truth: Any, seen: int, predicted: Any, present: float, squared: float, tmp_path: Path
) -> None:
    found = scores(tmp_path, [one_keypoint(truth, seen)], [detection(np.array([predicted] * 17), present)])
    assert found.per_person[0] == pytest.approx(np.exp(-squared / (2 * 2500 * 0.214**2)), abs=1e-6)


def predicted(presence: Any, folder: Path) -> tuple[Any, Any]:
    """A person with one hip outside the image, and a prediction of that person with this probability of presence."""
    person = annotation()
    person["keypoints"][3 * HIP : 3 * HIP + 3] = [500.0, 60.0, 3]
    truth = COCO.instances(written(folder / "gt.json", dataset(person)), "val")
    stated = np.full((1, 17), 0.9)
    stated[0, HIP] = presence
    return truth, files.for_instances(truth, truth.keypoints, np.full((1, 17), 0.1), presence=stated)


def test_presence_is_no_confidence_and_survives_files(tmp_path: Path) -> None:
    truth, made = predicted(0.2, tmp_path)
    files.save(made, tmp_path / "made.h5")
    again = COCO.read_predictions(tmp_path / "made.h5", truth)
    assert again.presence.tolist() == made.presence.tolist()
    assert again.of_keypoints([HIP]).presence.tolist() == [[0.2]]
    found = COCO.score(again, truth, "ex-oks")
    assert found.metrics["AP"] == found.metrics["AP outside"] == pytest.approx(1)
    assert np.isnan(found.metrics["AP occluded"])
    assert "1 of 17 labelled keypoints are outside the image." in found.notes
    assert COCO.score(predicted(0.8, tmp_path)[1], truth, "ex-oks").metrics["AP outside"] == 0


def test_the_exported_third_number_is_the_presence_for_exococotools(tmp_path: Path) -> None:
    truth, made = predicted(0.2, tmp_path)
    files.save(made, tmp_path / "made.h5")
    told = CliRunner().invoke(main, ["export", "coco-presence", str(tmp_path / "made.h5"), "--data", str(tmp_path / "gt.json"),
                                     "--out", str(tmp_path / "dt.json")])  # fmt: skip
    assert told.exit_code == 0, told.output
    (entry,) = json.loads((tmp_path / "dt.json").read_text())
    assert entry["keypoints"][2::3] == [0.9] * HIP + [0.2] + [0.9] * 5
    again = COCO.score(COCO.read_predictions(tmp_path / "dt.json", truth), truth, "ex-oks")
    assert reported(again) == reported(COCO.score(made, truth, "ex-oks"))
    assert again.notes[-1] == (
        "The predictions state no presence, so a keypoint with a confidence below 0.5 counts as predicted outside the image, as in "
        "exococotools."
    )
    plain = files.for_instances(truth, truth.keypoints)
    with pytest.raises(PosebenchError, match="coco-presence needs .* state no presence.* coco-json"):
        COCO.export("coco-presence", plain, truth, tmp_path / "dt.json")


def test_a_missing_keypoint_is_predicted_outside(tmp_path: Path) -> None:
    truth, _ = predicted(0.2, tmp_path)
    missing = np.zeros((1, 17), bool)
    missing[0, HIP] = True
    lacking = files.for_instances(truth, truth.keypoints, missing=missing)
    assert COCO.score(lacking, truth, "ex-oks").metrics["AP outside"] == pytest.approx(1)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_a_presence_that_is_no_probability_is_refused(wrong: float, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="presence is a probability, so every value should be from 0 to 1"):
        predicted(wrong, tmp_path)


def test_official_counts_keypoints_outside_as_pycocotools_does_and_says_so(tmp_path: Path) -> None:
    for seed in range(5):
        people, entries = drawn(seed)
        people = [person | {"id": person["id"] + 1} for person in people]
        found = scores(tmp_path, people, entries, "official")
        reference = numbers("pycocotools", tmp_path / "gt.json", tmp_path / "dt.json")
        assert list(reported(found).values()) == reference.stats.tolist()
        assert "outside the image; they count as the others do, as in pycocotools." in " ".join(found.notes)


def test_ex_oks_is_not_diagnosed(tmp_path: Path) -> None:
    truth, made = predicted(0.2, tmp_path)
    with pytest.raises(PosebenchError, match="ex-oks cannot be diagnosed, .* Use --convention official"):
        COCO.compared(made, truth, "ex-oks")
