"""CrowdPose, built in and described, equal to xtcocotools; and datasets that COCO's sigmas do not fit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written
from coco_evaluators import reported
from extended_evaluators import statistics

from posebench.data.predictions import for_instances
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap
from posebench.synthetic.people import instances

CROWDPOSE = protocol("crowdpose")
GT = "json/crowdpose_val.json"

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
    monkeypatch.setattr(bootstrap, "RESAMPLES", 8)


def person(**changes: Any) -> dict[str, Any]:
    """A person of 14 keypoints without an area."""
    return {key: value for key, value in annotation(14, **changes).items() if key != "area"}


def published(
    folder: Path, *people: dict[str, Any], text: str = DESCRIPTION, crowding: Any = (0.33, 0.39, 0.05)
) -> tuple[Any, Any]:
    """CrowdPose as described, and these people in its form; `crowding` of the images 9, 3 and 5, None for none."""
    content = dataset(*people, keypoints=NAMES)
    content["categories"][0]["skeleton"] = COCOS_BONES
    for image, index in zip(content["images"], crowding, strict=True):
        image |= {} if index is None else {"crowdIndex": index}
    written(folder / GT, content)
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


def drawn(seed: int, folder: Path, odd: bool = True) -> tuple[Any, Any]:
    """Random people, of whom some do not count, in images of random crowding; and detections, written to `folder`.

    Args:
        odd: annotations are numbered from 0, a detection has no confidence, and a level may have no image: hotcoco never counts
            the id 0 as found, and takes no images for all images.
    """
    draw = np.random.default_rng(seed)
    people = []
    for number in range(int(draw.integers(2, 9))):
        seen = draw.integers(0, 3, 14)
        points = np.column_stack([draw.integers(0, 150, (14, 2)) * (seen > 0)[:, None], seen])
        box = draw.uniform(20, 150, 4).round(2).tolist()
        seen_well = int((seen == 2).sum()) * int(draw.random() > 0.2)
        people.append(person(id=number + (not odd), image_id=int(draw.choice([9, 3, 5])), bbox=box,
                             num_keypoints=seen_well, keypoints=points.ravel().tolist()))  # fmt: skip
    entries = detections(people + people[:2], draw)
    if odd:
        entries[1]["keypoints"][2::3] = [0.0] * 14
    written(folder / "dt.json", entries)
    crowding = draw.choice([0.0, 0.2, 0.5, 0.8, 1.0], 3).tolist() if odd else (0.1, 0.5, 0.9)
    return published(folder, *people, crowding=crowding)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_crowds_score_what_xtcocotools_gives_them(first: int, tmp_path: Path) -> None:
    """CrowdPose's num_keypoints counts visible keypoints alone; people of whom it is 0 are ignored, in both."""
    for seed in range(first, first + 20):
        drawn(seed, tmp_path)
        how: dict[str, Any] = {"kind": "keypoints_crowd", "sigmas": SIGMAS, "use_area": False}
        expected = statistics("xtcocotools", gt=tmp_path / GT, dt=tmp_path / "dt.json", **how)
        metrics = reported(scored(tmp_path))
        assert list(metrics) == ["AP", "AP50", "AP75", "AR", "AR50", "AR75", "AP easy", "AP medium", "AP hard"]
        assert list(metrics.values()) == expected, seed


def test_random_crowds_score_what_hotcoco_gives_them(tmp_path: Path) -> None:
    for seed in range(20):
        drawn(seed, tmp_path, odd=False)
        how: dict[str, Any] = {"kind": "keypoints_crowd", "sigmas": SIGMAS, "use_area": False}
        expected = statistics("xthotcoco", gt=tmp_path / GT, dt=tmp_path / "dt.json", **how)
        assert list(reported(scored(tmp_path)).values()) == expected, seed


def test_mmpose_rescores_and_suppresses_before_the_same_rules(tmp_path: Path) -> None:
    for seed in range(8):
        drawn(seed, tmp_path)
        entries = [
            entry | {"bbox": [10.0, 10.0, 150.0, 150.0]} for entry in json.loads((tmp_path / "dt.json").read_text())
        ]
        people = CROWDPOSE.instances(tmp_path, "val")
        made = CROWDPOSE.read_predictions(written(tmp_path / "dt.json", [*entries, entries[0]]), people)
        processed = CROWDPOSE.processed(made, "mmpose")
        assert len(processed) <= len(entries)
        CROWDPOSE.export("crowdpose-json", processed, people, tmp_path / "processed.json")
        how: dict[str, Any] = {"kind": "keypoints_crowd", "sigmas": SIGMAS, "use_area": False}
        expected = statistics("xtcocotools", gt=tmp_path / GT, dt=tmp_path / "processed.json", **how)
        assert list(reported(CROWDPOSE.score(made, people, "mmpose")).values()) == expected, seed


def test_a_description_of_crowdpose_gives_the_numbers_of_crowdpose(tmp_path: Path) -> None:
    for seed in range(10):
        described, people = drawn(seed, tmp_path, odd=False)
        metrics = reported(
            described.score(described.read_predictions(tmp_path / "dt.json", people), people, "official")
        )
        built_in = reported(scored(tmp_path))
        shared = set(metrics) & set(built_in)
        assert {name: metrics[name] for name in shared} == {name: built_in[name] for name in shared}, seed
        assert len(shared) == 6


def scored(folder: Path) -> Any:
    """Scores of the detections in `dt.json` by the protocol crowdpose."""
    people = CROWDPOSE.instances(folder, "val")
    return CROWDPOSE.score(CROWDPOSE.read_predictions(folder / "dt.json", people), people, "official")


def test_images_are_easy_below_a_crowd_index_of_a_fifth_and_hard_from_four_fifths_on(tmp_path: Path) -> None:
    people = [person(id=number, image_id=image) for number, image in ((1, 9), (2, 3), (3, 5))]
    published(tmp_path, *people, crowding=(0.199, 0.2, 0.8))  # of images 9, 3 and 5
    written(tmp_path / "dt.json", detections([people[0], people[2]]))
    scores = scored(tmp_path)
    assert [scores.metrics[name] for name in ("AP easy", "AP medium", "AP hard")] == [1, 0, 1]
    assert scores.metrics["AP"] == pytest.approx(67 / 101)  # recall is 2 of 3


def test_false_detections_lower_the_level_of_their_image_alone(tmp_path: Path) -> None:
    people = [person(id=1, image_id=9), person(id=2, image_id=3)]
    published(tmp_path, *people, crowding=(0.1, 0.5, 0.1))
    wrong = detections([person(image_id=5, keypoints=[500.0, 500.0, 2] * 14)])[0] | {"score": 0.95}
    written(tmp_path / "dt.json", [*detections(people), wrong])  # image 5 has no people
    metrics = scored(tmp_path).metrics
    assert [str(metrics[name]) for name in ("AP easy", "AP medium", "AP hard")] == ["0.5", "1.0", "nan"]


def test_intervals_of_a_level_are_those_of_its_images(tmp_path: Path) -> None:
    people = [person(id=1, image_id=9), person(id=2, image_id=3)]
    published(tmp_path, *people, crowding=(0.1, 0.5, 0.5))
    written(tmp_path / "dt.json", detections([people[0]]))
    resampled = scored(tmp_path).resampled
    assert np.nanmax(resampled["AP easy"]) == pytest.approx(1)
    assert np.nanmax(resampled["AP medium"]) == 0


def test_without_crowd_indices_the_levels_are_unknown_and_a_note_says_so(tmp_path: Path) -> None:
    published(tmp_path, person(), crowding=(0.1, None, None))
    written(tmp_path / "dt.json", detections([person()]))
    scores = scored(tmp_path)
    assert (scores.metrics["AP"], str(scores.metrics["AP easy"])) == (pytest.approx(1), "nan")
    assert any("On 39 images of COCO it is too high by 0.01" in note for note in scores.notes)
    assert scores.notes[-1] == "2 of 3 images have no crowdIndex, so AP easy, medium and hard are unknown."


def test_detections_without_confidence_are_left_out_as_in_xtcocotools(tmp_path: Path) -> None:
    published(tmp_path, person())
    entries = detections([person(), person()])
    entries[1] |= {"score": 1.0, "keypoints": [500.0, 500.0, 0.0] * 14}
    written(tmp_path / "dt.json", entries)
    scores = scored(tmp_path)
    assert scores.metrics["AP"] == pytest.approx(1)
    assert "1 detection was left out without a confidence above 0." in scores.notes


def test_crowdposes_photographs_are_in_the_folder_images(tmp_path: Path) -> None:
    published(tmp_path, person())
    assert CROWDPOSE.instances(tmp_path, "val").image_root == tmp_path / "images"
    assert CROWDPOSE.instances(tmp_path / GT, "test").image_root == tmp_path / "images"
    with pytest.raises(PosebenchError, match="looked for crowdpose_test.json, mmpose_crowdpose_test.json in"):
        CROWDPOSE.instances(tmp_path, "test")


def test_a_network_of_crowdposes_keypoints_can_be_tried_on_synthetic_people() -> None:
    people = instances(CROWDPOSE.skeleton, "test", 3)
    made = for_instances(people, people.keypoints)
    assert CROWDPOSE.score(made, people, "official").metrics["AP"] == 1


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
    assert shown.instances(tmp_path / GT, "val").dataset == people.dataset
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
