"""COCO-WholeBody: every part equal to xtcocotools on random cases, and its rules by hand."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import dataset, written
from coco_evaluators import reported
from extended_evaluators import statistics

from posebench.data import predictions as files
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

WHOLEBODY = protocol("wholebody")
LISTS = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}
KINDS = {
    "official": "keypoints_wholebody", "body": "keypoints", "foot": "keypoints_foot", "face": "keypoints_face",
    "lefthand": "keypoints_lefthand", "righthand": "keypoints_righthand",
}  # fmt: skip
CUTS = np.cumsum([0, *LISTS.values()])
PLACES = {"official": slice(0, 133)} | {
    name: slice(*ends) for name, *ends in zip(list(KINDS)[1:], CUTS[:-1], CUTS[1:], strict=True)
}
"""Convention → its places among the 133 keypoints."""
TEN = "AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL"
GT = "annotations/coco_wholebody_val_v1.0.json"


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 3)


def lists(points: np.ndarray, third: np.ndarray) -> dict[str, list[float]]:
    """(133, 2) points and a third number each, in the lists of annotations and results."""
    rows = np.column_stack([points, third])
    return {name: rows[a:b].ravel().tolist() for name, a, b in zip(LISTS, CUTS[:-1], CUTS[1:], strict=True)}


def person(points: np.ndarray, seen: np.ndarray, **changes: Any) -> dict[str, Any]:
    """An annotation; `seen` are visibilities, those that are not above 0 have no place."""
    return {
        "id": 7, "image_id": 3, "category_id": 1, "iscrowd": 0, "area": 2500.0, "bbox": [20.0, 30.0, 50.0, 60.0],
        "num_keypoints": int((seen[:17] > 0).sum()), "face_valid": True, "face_box": [0.0, 0, 0, 0],
    } | lists(points * (seen > 0)[:, None], seen) | changes  # fmt: skip


def detection(points: np.ndarray, confidence: Any = 0.9, **changes: Any) -> dict[str, Any]:
    third = np.broadcast_to(confidence, 133)
    return {"image_id": 3, "category_id": 1, "score": 0.8} | lists(points, third) | changes


def drawn(seed: int, odd: bool = True) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Random people, of whom whole parts are unlabelled, and detections.

    Args:
        odd: annotations are numbered from 0, areas may lie on a boundary, confidences be 0, scores tie and results have boxes.
    """
    draw = np.random.default_rng(seed)
    people, entries = [], []
    score = (lambda: float(draw.integers(0, 5) / 4)) if odd else (lambda: float(draw.random()))
    for number in range(int(draw.integers(2, 6))):
        seen = draw.choice([0, 0.3, 1, 2], 133)
        for place in list(PLACES.values())[1:]:
            seen[place] *= draw.random() > 0.3
        area = float(draw.choice([1024, 5000.5, 9216, 40000.5] if odd else [5000.5, 40000.5]))
        people.append(person(
            draw.integers(0, 150, (133, 2)) + 0.0, seen, id=number + (not odd), image_id=int(draw.choice([9, 3, 5])), area=area,
            bbox=draw.uniform(20, 150, 4).round(2).tolist(), iscrowd=int(draw.random() < 0.1),
        ))  # fmt: skip
    for one in [*people, *people[:2]]:
        points = np.concatenate([np.reshape(one[name], (-1, 3)) for name in LISTS])[:, :2]
        points = points + draw.normal(0, draw.choice([0, 0.5, 2, 6]), (133, 2))
        confidence = draw.random(133)
        for place in list(PLACES.values())[1:]:
            confidence[place] *= draw.random() > 0.2 * odd
        entry = detection(points, confidence, image_id=one["image_id"], score=score())
        for name in ("wholebody", "foot", "face", "lefthand", "righthand"):
            if seed % 3 and draw.random() < 0.7:
                entry[f"{name}_score"] = score()
        entries.append(entry | ({"bbox": [0.0, 0.0, *draw.uniform(20, 150, 2)]} if odd and seed % 2 else {}))
    return people, entries


def scores(folder: Path, convention: str, people: list[dict[str, Any]], entries: list[dict[str, Any]]) -> Any:
    """Scores of results under a convention, through files."""
    truth = WHOLEBODY.instances(written(folder / GT, dataset(*people)), "val")
    made = WHOLEBODY.read_predictions(written(folder / "dt.json", entries), truth)
    return WHOLEBODY.score(made, truth, convention)


@pytest.mark.parametrize("convention", KINDS)
def test_every_part_scores_what_xtcocotools_gives_it(convention: str, tmp_path: Path) -> None:
    for seed in range(12):
        ours = reported(scores(tmp_path, convention, *drawn(seed)))
        sigmas = WHOLEBODY.sigmas[PLACES[convention]]
        files = tmp_path / GT, tmp_path / "dt.json"
        assert [ours[name] for name in TEN] == statistics("xtcocotools", KINDS[convention], *files, sigmas), seed


@pytest.mark.parametrize("convention", KINDS)
def test_every_part_scores_what_hotcoco_gives_it(convention: str, tmp_path: Path) -> None:
    for seed in range(6):
        ours = reported(scores(tmp_path, convention, *drawn(seed, odd=False)))
        sigmas = WHOLEBODY.sigmas[PLACES[convention]]
        files = tmp_path / GT, tmp_path / "dt.json"
        assert [ours[name] for name in TEN] == statistics("xthotcoco", KINDS[convention], *files, sigmas), seed


def test_the_constants_are_those_of_the_datasets_evaluator() -> None:
    names = WHOLEBODY.skeleton.keypoints
    known = {"nose": 26, "left_big_toe": 68, "right_heel": 94, "right_jaw_1": 42, "chin": 20, "right_inner_lower_lip": 8,
             "left_palm": 29, "left_thumb_4": 47, "right_little_finger_4": 31}  # fmt: skip
    assert {name: round(1000 * WHOLEBODY.sigmas[names.index(name)]) for name in known} == known
    sigmas = pytest.importorskip("xthotcoco.sigmas")
    assert WHOLEBODY.sigmas.tolist() == sigmas.WHOLEBODY


def test_a_mirror_swaps_the_points_of_a_face_as_the_68_of_ibug() -> None:
    pairs = [
        *zip(range(8), range(16, 8, -1), strict=True), *zip(range(17, 22), range(26, 21, -1), strict=True),
        (31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52),
        (55, 59), (56, 58), (60, 64), (61, 63), (65, 67),
    ]  # fmt: skip
    expected = {tuple(sorted((23 + a, 23 + b))) for a, b in pairs}
    found = {tuple(sorted(pair)) for pair in WHOLEBODY.skeleton.flip_pairs}
    assert {pair for pair in found if 23 <= pair[0] < 91} == expected
    assert len(found) == 8 + 3 + 29 + 21  # body, feet, face, hands


GRID = np.array([(20.0 + k % 12, 30.0 + k // 12) for k in range(133)])
"""133 places."""
SEEN = np.full(133, 2)


def test_each_part_is_found_or_missed_by_itself_and_hands_are_the_mean_of_both(tmp_path: Path) -> None:
    wrong = GRID.copy()
    wrong[PLACES["lefthand"]] += 50
    wrong[PLACES["foot"]] += 50
    metrics = scores(tmp_path, "official", [person(GRID, SEEN)], [detection(wrong)]).metrics
    assert {name: round(value, 9) for name, value in list(metrics.items())[10:]} == {
        "AP body": 1, "AR body": 1, "AP foot": 0, "AR foot": 0, "AP face": 1, "AR face": 1, "AP left hand": 0, "AR left hand": 0,
        "AP right hand": 1, "AR right hand": 1, "AP hands": 0.5, "AR hands": 0.5,
    }  # fmt: skip
    assert metrics["AR"] == 0.6  # an OKS of 106 / 133 reaches 6 of the 10 thresholds
    assert scores(tmp_path, "foot", [person(GRID, SEEN)], [detection(wrong)]).metrics["AP"] == 0


def test_people_without_a_labelled_keypoint_of_a_part_are_not_asked_for_it(tmp_path: Path) -> None:
    faceless = SEEN.copy()
    faceless[PLACES["face"]] = 0
    people = [person(GRID, faceless), person(GRID, SEEN, id=8, image_id=9)]
    found = scores(tmp_path, "face", people, [detection(GRID, image_id=9)])
    assert (found.people, found.metrics["AR"]) == (1, 1)
    assert np.isnan(found.per_person).tolist() == [True, False]


def test_visibilities_above_0_are_labelled_also_fractions(tmp_path: Path) -> None:
    seen = SEEN * 1.0
    seen[91:95] = 0.0, 0.25, 1.0, 1.5
    people = WHOLEBODY.instances(written(tmp_path / GT, dataset(person(GRID, seen))), "val")
    assert people.visibility[0, 91:95].tolist() == [0, 1, 1, 2]


def test_a_parts_own_score_ranks_its_detections_and_survives_files(tmp_path: Path) -> None:
    entries = [detection(GRID, foot_score=0.9), detection(GRID + 40, foot_score=0.1, score=0.95)]
    assert scores(tmp_path, "foot", [person(GRID, SEEN)], entries).metrics["AP"] == pytest.approx(1)
    assert scores(tmp_path, "body", [person(GRID, SEEN)], entries).metrics["AP"] == 0.5
    truth = WHOLEBODY.instances(tmp_path / GT, "val")
    made = WHOLEBODY.read_predictions(tmp_path / "dt.json", truth)
    assert made.part_scores.tolist() == [[0.8, 0.8, 0.9, 0.8, 0.8, 0.8], [0.95, 0.95, 0.1, 0.95, 0.95, 0.95]]
    with pytest.raises(PosebenchError, match="part_scores has a number that is not finite"):
        dataclasses.replace(made, part_scores=np.full((2, 6), np.nan))
    files.save(made, tmp_path / "made.h5")
    assert files.load(tmp_path / "made.h5").part_scores.tolist() == made.part_scores.tolist()
    WHOLEBODY.export("wholebody-json", made, truth, tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text())
    assert [(entry["foot_score"], entry["face_score"]) for entry in again] == [(0.9, 0.8), (0.1, 0.95)]
    assert again[0]["righthand_kpts"] == entries[0]["righthand_kpts"]


def test_detections_that_lack_a_part_are_left_out_of_it_and_say_so(tmp_path: Path) -> None:
    truth = WHOLEBODY.instances(written(tmp_path / GT, dataset(person(GRID, SEEN))), "val")
    made = files.for_instances(truth, GRID[None], missing=(np.arange(133) >= 17)[None])
    found = WHOLEBODY.score(made, truth, "official")
    assert (found.metrics["AP body"], found.metrics["AP face"]) == (pytest.approx(1), 0)
    assert "No detection has 116 of the 133 keypoints; the first is left_big_toe." in found.notes
    assert "1 person has no prediction and counted as missed" in " ".join(WHOLEBODY.score(made, truth, "face").notes)
    WHOLEBODY.export("wholebody-json", made, truth, tmp_path / "dt.json")
    again = WHOLEBODY.score(WHOLEBODY.read_predictions(tmp_path / "dt.json", truth), truth, "official")
    assert reported(again) == reported(found)


def test_mmpose_suppresses_by_all_keypoints_and_ranks_every_part_by_the_new_score(tmp_path: Path) -> None:
    for seed in range(8):
        people, entries = drawn(seed)
        entries = [entry | {"bbox": [10.0, 10.0, 150.0, 150.0]} for entry in [*entries, *entries[:2]]]
        ours = reported(scores(tmp_path, "mmpose", people, entries))
        truth = WHOLEBODY.instances(tmp_path / GT, "val")
        made = WHOLEBODY.processed(WHOLEBODY.read_predictions(tmp_path / "dt.json", truth), "mmpose")
        assert len(made) <= len(entries) - 2
        WHOLEBODY.export("wholebody-json", made, truth, tmp_path / "processed.json")
        for kind, part in {"official": "", "face": " face"}.items():
            pair = tmp_path / GT, tmp_path / "processed.json"
            expected = statistics("xtcocotools", KINDS[kind], *pair, WHOLEBODY.sigmas[PLACES[kind]])
            assert (ours[f"AP{part}"], ours[f"AR{part}"]) == (expected[0], expected[5]), seed


def test_chosen_keypoints_leave_the_parts_that_have_some(tmp_path: Path) -> None:
    truth = WHOLEBODY.instances(written(tmp_path / GT, dataset(person(GRID, SEEN))), "val")
    made = files.for_instances(truth, GRID[None])
    chosen = WHOLEBODY.on_keypoints(("nose", "left_heel"))
    metrics = chosen.score(made, truth, "official").metrics
    assert list(metrics)[10:] == ["AP body", "AR body", "AP foot", "AR foot"]
    with pytest.raises(
        PosebenchError, match="None of the chosen keypoints is of the part face, so there is nothing to score"
    ):
        chosen.score(made, truth, "face")


@pytest.mark.parametrize("convention", ["official", "face"])
def test_a_diagnosis_is_of_the_conventions_part(convention: str, tmp_path: Path) -> None:
    truth = WHOLEBODY.instances(written(tmp_path / GT, dataset(person(GRID, SEEN))), "val")
    compared = WHOLEBODY.compared(files.for_instances(truth, GRID[None] + 0.01), truth, convention)
    assert compared.good.sum() == {"official": 133, "face": 68}[convention]
    again = reported(compared.rescored(compared.predictions))
    assert again == reported(WHOLEBODY.score(files.for_instances(truth, GRID[None] + 0.01), truth, convention))
    assert again["AP"] == pytest.approx(1)


def test_an_annotation_or_results_without_the_parts_are_refused(tmp_path: Path) -> None:
    body = person(GRID, SEEN)
    del body["foot_kpts"]
    with pytest.raises(PosebenchError, match="annotation 0: it lacks 'foot_kpts'; is this an annotation of wholebody?"):
        WHOLEBODY.instances(written(tmp_path / GT, dataset(body)), "val")
    short = detection(GRID) | {"face_kpts": [1.0] * 3}
    with pytest.raises(
        PosebenchError,
        match=r"keypoints \(x, y, score\) in keypoints \(51\), foot_kpts \(18\), face_kpts \(204\).*: 3 values instead of 204",
    ):
        scores(tmp_path, "official", [person(GRID, SEEN)], [short])
    with pytest.raises(PosebenchError, match="annotation 0: 3 keypoint values in face_kpts, but wholebody has 68"):
        WHOLEBODY.instances(written(tmp_path / GT, dataset(person(GRID, SEEN, face_kpts=[1, 2, 2]))), "val")
    entry = detection(GRID)
    del entry["face_kpts"]
    with pytest.raises(
        PosebenchError, match="it lacks 'face_kpts'; a detection has image_id, .* face_kpts, .* and score"
    ):
        scores(tmp_path, "official", [person(GRID, SEEN)], [entry])
