"""Networks of HRNet and mmpose see the regions that their own loaders cut; posebench's networks see what they saw before."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import coco_data
import numpy as np
import pytest

from posebench.data.geometry import transform
from posebench.data.instances import Instances
from posebench.inference.predict import regions, samples_for
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.registry import architecture, protocol

COCO = protocol("coco")


def people(tmp_path: Path, *boxes: list[float], sizes: bool = True) -> Instances:
    """People with these boxes in an image 300 wide and 200 high."""
    content = coco_data.dataset(*(coco_data.annotation(id=i + 1, bbox=box) for i, box in enumerate(boxes)))
    if not sizes:
        for entry in content["images"]:
            del entry["width"], entry["height"]
    return COCO.instances(coco_data.written(tmp_path / "mine.json", content), "val")


def detected(tmp_path: Path, found: Instances, box: list[float]) -> Instances:
    file = coco_data.written(tmp_path / "boxes.json", [{"image_id": 3, "category_id": 1, "bbox": box, "score": 0.5}])
    return COCO.detected(found, file, 0.0)


@pytest.mark.parametrize("box, code, center, size", [
    # inside: 20 ... 20 + 49 and 30 ... 30 + 59
    ([20, 30, 50, 60], "hrnet", [44.5, 59.5], [1.25 * 49, 1.25 * 59]),
    ([20, 30, 50, 60], "mmpose", [45, 60], [1.25 * 50, 1.25 * 60]),
    ([20, 30, 50, 60], "", [44.5, 59.5], [1.25 * 50, 1.25 * 60]),
    # leaves the image at the left and at the bottom. hrnet: 0 ... 49 and 170 ... 199; mmpose: 0 ... 40 and 170 ... 199
    ([-10, 170, 50, 60], "hrnet", [24.5, 184.5], [1.25 * 49, 1.25 * 29]),
    ([-10, 170, 50, 60], "mmpose", [20, 184.5], [1.25 * 40, 1.25 * 29]),
    ([-10, 170, 50, 60], "", [14.5, 199.5], [1.25 * 50, 1.25 * 60]),
    # leaves it at the right: 280 ... 299
    ([280, 30, 50, 60], "hrnet", [289.5, 59.5], [1.25 * 19, 1.25 * 59]),
    # nothing of it is inside: posebench's own region
    ([310, 30, 50, 60], "hrnet", [334.5, 59.5], [1.25 * 50, 1.25 * 60]),
    ([310, 30, 50, 60], "mmpose", [334.5, 59.5], [1.25 * 50, 1.25 * 60]),
])  # fmt: skip
def test_annotated_boxes_are_clipped_as_each_code_does(
    tmp_path: Path, box: list[float], code: str, center: list[float], size: list[float]
) -> None:
    found = people(tmp_path, [1, 2, 3, 4], box).take(np.array([1]))
    assert [column[0].tolist() for column in found.region(code)] == [center, size]


def test_without_image_sizes_only_the_left_and_upper_edges_clip(tmp_path: Path) -> None:
    found = people(tmp_path, [-10, 170, 50, 60], sizes=False)
    assert [column[0].tolist() for column in found.region("hrnet")] == [[24.5, 199.5], [1.25 * 49, 1.25 * 59]]


@pytest.mark.parametrize("code, center", [("hrnet", [15.0, 200.0]), ("mmpose", [15.0, 200.0]), ("", [14.5, 199.5])])
def test_detected_boxes_are_not_clipped_and_lie_half_a_pixel_further(
    tmp_path: Path, code: str, center: list[float]
) -> None:
    found = detected(tmp_path, people(tmp_path, [20, 30, 50, 60]), [-10, 170, 50, 60])
    assert [column[0].tolist() for column in found.region(code)] == [center, [62.5, 75.0]]


def test_what_the_network_saw_is_widened_from_its_own_codes_region(tmp_path: Path) -> None:
    found = people(tmp_path, [20, 30, 50, 60])
    assert regions(found, (192, 256), "hrnet")[0].tolist() == [44.5, 59.5, 1.25 * 49, 1.25 * 49 * 256 / 192]
    assert regions(found, (192, 256))[0].tolist() == [44.5, 59.5, 62.5, 62.5 * 256 / 192]


def test_only_pipelines_of_published_weights_have_a_rule_of_their_own() -> None:
    names = {layout.name: layout.pipeline.regions for layout in architecture("hrnet_w32", COCO.skeleton).published}
    assert names == {"hrnet": "hrnet", "mmpose": "mmpose", "mmpose-0": "mmpose"}
    assert architecture("hrnet_w32", COCO.skeleton).pipeline.regions == ""


def test_a_checkpoint_from_before_the_rule_keeps_its_crops() -> None:
    plain: dict[str, Any] = Pipeline(name="hrnet", alignment="points").plain()
    del plain["regions"]
    assert Pipeline.of(plain) == Pipeline(name="hrnet", alignment="points", regions="")


def test_hrnets_rule_on_the_real_boxes(shared: Path) -> None:
    file = shared / "data/coco/mini/annotations/person_keypoints_val2017.json"
    found, content = COCO.instances(file, "val"), json.loads(file.read_text())
    size_of = {entry["id"]: (entry["width"], entry["height"]) for entry in content["images"]}
    wanted = {}
    for entry in content["annotations"]:
        (x, y, w, h), (width, height) = entry["bbox"], size_of[entry["image_id"]]
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(width - 1, left + max(w - 1, 0)), min(height - 1, top + max(h - 1, 0))
        wanted[entry["id"]] = [(left + right) / 2, (top + bottom) / 2, 1.25 * (right - left), 1.25 * (bottom - top)]
    rows = np.flatnonzero(found.usable)
    expected = np.array([wanted[person] for person in found.person[rows].tolist()])
    np.testing.assert_array_equal(np.column_stack(found.region("hrnet"))[rows], expected)


@pytest.mark.parametrize("code", ["hrnet", "mmpose", ""])
def test_the_crops_that_a_network_sees_are_of_its_pipelines_region(shared: Path, code: Any) -> None:
    found = COCO.instances(shared / "data/coco/mini", "val")
    found = found.take(found.usable)
    model = architecture("hourglass1", COCO.skeleton, (64, 64))
    model.pipeline = replace(model.pipeline, alignment="points", regions=code)
    to_image = samples_for(model, found)[(0, 5)]["to_image"]
    middle, size = (column[5] for column in found.region(code))
    np.testing.assert_allclose(transform(to_image, np.array([[32.0, 32.0]]))[0], middle)
    assert to_image[0, 0] * 64 == pytest.approx(size.max())
