"""CrowdPose's published form: no areas, COCO's skeleton for 14 keypoints of its own; and whom COCO's sigmas do not fit."""

import contextlib
import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

SIDES = [
    f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
]
NAMES = [*SIDES, "head", "neck"]
SIGMAS = [0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079]
COCOS_BONES = [[16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9]]
DESCRIPTION = f"""
name = "crowdpose"
sigmas = {SIGMAS}
area = "0.53 x bbox"

[files.val]
annotations = "json/crowdpose_val.json"
images = "images"
"""


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 3)


def person(**changes: Any) -> dict[str, Any]:
    """A person of 14 keypoints without an area."""
    return {key: value for key, value in annotation(14, **changes).items() if key != "area"}


def published(folder: Path, *people: dict[str, Any], text: str = DESCRIPTION) -> tuple[Any, Any]:
    """CrowdPose as described, and these people in its form."""
    content = dataset(*people, keypoints=NAMES)
    content["categories"][0]["skeleton"] = COCOS_BONES
    for image, crowding in zip(content["images"], (0.33, 0.39, 0.05), strict=True):
        image["crowdIndex"] = crowding
    written(folder / "json/crowdpose_val.json", content)
    (folder / "crowd.toml").write_text(text)
    crowdpose = protocol(f"coco:{folder / 'crowd.toml'}")
    return crowdpose, crowdpose.instances(folder, "val")


def test_crowdpose_is_read_as_published(tmp_path: Path) -> None:
    crowdpose, people = published(tmp_path, person(), person(id=8, bbox=[20, 30, 10, 20]))
    assert crowdpose.skeleton.keypoints == tuple(NAMES)
    assert people.measures["area"].tolist() == [3000 * 0.53, 200 * 0.53]
    assert crowdpose.skeleton.bones == ()
    assert people.source.notes[1] == (
        "The annotation's skeleton (10 bones) names keypoints beyond its 14, so it is left out. Bones are for pictures alone; "
        "the description may list them: bones = [...]"
    )


def test_the_record_says_where_areas_are_from_and_tables_keep_them_apart(tmp_path: Path) -> None:
    crowdpose, people = published(tmp_path, person())
    made = crowdpose.read_predictions(written(tmp_path / "dt.json", detections([person()])), people)
    assert "Areas of people: 0.53 x the area of the box, as in xtcocotools without use_area." in " ".join(
        crowdpose.score(made, people, "official").notes
    )
    with_area = published(tmp_path, person() | {"area": 9.0}, text=DESCRIPTION.replace('area = "0.53 x bbox"', ""))[1]
    assert with_area.measures["area"].tolist() == [9.0]
    assert people.dataset != with_area.dataset


def test_people_without_areas_are_refused_with_the_line_to_add(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"annotation 0: it lacks 'area', .* area = \"0.53 x bbox\""):
        published(tmp_path, person(), text=DESCRIPTION.replace('area = "0.53 x bbox"', ""))


def detections(people: list[dict[str, Any]], draw: Any = None) -> list[dict[str, Any]]:
    """The people as detections, moved at random where `draw` is given."""
    found = []
    for one in people:
        points = np.array(one["keypoints"], float).reshape(14, 3)
        points[:, 2] = 0.9
        if draw is not None:
            points[:, :2] += draw.normal(0, draw.choice([0, 3, 9]), (14, 2))
        score = 0.9 if draw is None else float(draw.random())
        found.append(
            {"image_id": one["image_id"], "category_id": 1, "score": score, "keypoints": points.ravel().tolist()}
        )
    return found


def keypoints_crowd(truth: dict[str, Any], entries: list[dict[str, Any]]) -> list[float]:
    """AP, AP50, AP75, AR, AR50, AR75 of xtcocotools as CrowdPose is scored with it."""
    try:
        from xtcocotools.coco import COCO as Reference
        from xtcocotools.cocoeval import COCOeval
    except (ImportError, ValueError) as error:  # its wheel is built for numpy 1: build it from its source archive
        pytest.skip(f"mmpose's evaluator cannot be imported: {error}")
    with contextlib.redirect_stdout(io.StringIO()):
        annotated = Reference()
        annotated.dataset = copy.deepcopy(truth)
        annotated.createIndex()
        found = annotated.loadRes(copy.deepcopy(entries))
        evaluator = COCOeval(annotated, found, "keypoints_crowd", np.array(SIGMAS), use_area=False)
        evaluator.evaluate()
        evaluator.accumulate()
    precision, recall = evaluator.eval["precision"][:, :, 0, 0, 0], evaluator.eval["recall"][:, 0, 0, 0]
    return [
        float(v) for v in (*(np.mean(precision[t]) for t in (slice(None), 0, 5)), recall.mean(), recall[0], recall[5])
    ]


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_crowds_score_what_xtcocotools_gives_them(first: int, tmp_path: Path) -> None:
    """CrowdPose's num_keypoints counts visible keypoints alone; people of whom it is 0 are ignored, in both."""
    for seed in range(first, first + 20):
        draw = np.random.default_rng(seed)
        people = []
        for number in range(int(draw.integers(2, 9))):
            seen = draw.integers(0, 3, 14)
            points = np.column_stack([draw.integers(0, 150, (14, 2)) * (seen > 0)[:, None], seen])
            box = draw.uniform(20, 150, 4).round(2).tolist()
            seen_well = int((seen == 2).sum()) * int(draw.random() > 0.2)
            people.append(person(id=number + 1, image_id=int(draw.choice([9, 3, 5])), bbox=box,
                                 num_keypoints=seen_well, keypoints=points.ravel().tolist()))  # fmt: skip
        crowdpose, truth = published(tmp_path, *people)
        if not any(one["num_keypoints"] for one in people):
            continue
        entries = detections(people + people[:2], draw)
        made = crowdpose.read_predictions(written(tmp_path / "dt.json", entries), truth)
        metrics = crowdpose.score(made, truth, "official").metrics
        content = json.loads((tmp_path / "json/crowdpose_val.json").read_text())
        ours = [metrics[name] for name in ("AP", "AP50", "AP75", "AR", "AR50", "AR75")]
        assert ours == keypoints_crowd(content, entries), seed


def test_mmpose_does_not_recount_the_keypoints_of_crowdposes_people(tmp_path: Path) -> None:
    crowdpose, people = published(tmp_path, person(), person(id=8, image_id=9, num_keypoints=0))
    entries = [entry | {"bbox": [20, 30, 50, 60]} for entry in detections([person(), person(image_id=9)])]
    made = crowdpose.read_predictions(written(tmp_path / "dt.json", entries), people)
    assert [crowdpose.score(made, people, name).people for name in ("official", "mmpose")] == [1, 1]


def test_the_example_of_the_page_about_data_is_crowdposes(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "data.md"
    text = next(block for block in page.read_text().split("```toml\n")[1:] if 'name = "crowdpose"' in block)
    _, people = published(tmp_path, person())
    (tmp_path / "page.toml").write_text(text.split("```")[0])
    shown = protocol(f"coco:{tmp_path / 'page.toml'}")
    assert shown.skeleton.keypoints == tuple(NAMES)
    assert shown.sigmas.tolist() == SIGMAS
    assert set(shown.skeleton.bones) >= {("head", "neck"), ("left_hip", "left_knee")}
    assert shown.instances(tmp_path / "json/crowdpose_val.json", "val").dataset == people.dataset
    assert people.dataset.removeprefix("crowdpose ") in page.read_text()


COCO_NAMES = list(protocol("coco").skeleton.keypoints)


def coco_file(folder: Path, names: list[str], count: int = 17) -> Path:
    return written(folder / "gt.json", dataset(annotation(count), keypoints=names))


@pytest.mark.parametrize("names, place, here, there", [
    ([*COCO_NAMES[:5], "neck", *COCO_NAMES[6:]], 6, "'neck'", "'left_shoulder'"),
    (NAMES, 1, "'left_shoulder'", "'nose'"),
    (COCO_NAMES[:16], 17, "missing", "'right_ankle'"),
])  # fmt: skip
def test_keypoints_of_other_names_are_not_scored_with_cocos_sigmas(
    names: list[str], place: int, here: str, there: str, tmp_path: Path
) -> None:
    with pytest.raises(
        PosebenchError, match=f"keypoint {place} is {here} in the file and {there} in COCO.*coco:FILE.toml"
    ):
        protocol("coco").instances(coco_file(tmp_path, names), "val")


@pytest.mark.parametrize("names", [COCO_NAMES, [name.replace("_", " ").title() for name in COCO_NAMES], [], None])
def test_cocos_own_names_in_any_spelling_and_no_names_are_read(names: Any, tmp_path: Path) -> None:
    assert len(protocol("coco").instances(coco_file(tmp_path, names), "val")) == 1


def test_the_names_are_those_of_the_category_that_is_annotated(tmp_path: Path) -> None:
    content = dataset(annotation(category_id=4))
    content["categories"] = [{"id": 2, "keypoints": ["wheel"]}, {"id": 4, "keypoints": COCO_NAMES}]
    assert len(protocol("coco").instances(written(tmp_path / "gt.json", content), "val")) == 1
