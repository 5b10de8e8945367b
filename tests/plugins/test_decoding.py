"""Published decoding: from the reference's heatmaps to the reference's image pixels, for every family.

The maps are made from what the references report of them: where the peak is, how high, and to which side each rule moved.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from posebench.data.geometry import Crop, cell_to_pixel, transform
from posebench.data.skeleton import Skeleton
from posebench.plugins import heatmaps
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.registry import architecture

SIZES = ["64x64", "48x64"]
PLATEAU, NOTHING = 12, 13
"""Two of the 14 maps: four equal cells of 0.5, and one that is negative everywhere."""


def published(arch: str, family: str) -> Pipeline:
    """The pipeline of a family's weights."""
    with torch.device("meta"):
        layouts = architecture(arch, Skeleton(keypoints=("any",))).published
    return next(layout.pipeline for layout in layouts if layout.name == family)


def maps(case: dict[str, Any]) -> torch.Tensor:
    """(1, 14, H, W) maps with the peaks of the case."""
    width, height = case["maps"]["W"], case["maps"]["H"]
    made = torch.zeros(1, case["maps"]["n"], height, width)
    peaks = np.array(case["mmpose"]["argmax"])
    moved = np.sign(np.array(case["mmpose"]["refined_hm"]) - peaks)
    if "princeton_pytorch" in case:  # other rules move where mmpose's does not
        lua = np.array(case["lua_pose_hg_train(restated)"]["hm_1based_plus_half"]) - peaks - 1.5
        princeton = np.array(case["princeton_pytorch"]["hm_xy"]) - peaks - 0.5
        moved = np.where(moved == 0, np.sign(lua), moved)
        moved = np.where(moved == 0, princeton > 0, moved)
    for k, ((x, y), (right, down)) in enumerate(
        zip(peaks.astype(int).tolist(), moved.astype(int).tolist(), strict=True)
    ):
        if k == NOTHING:
            made[0, k] = -0.2
            made[0, k, 5, 7] = -0.1
            continue
        for column, row in ((x + right, y), (x, y + down)):
            if 0 <= column < width and 0 <= row < height:
                made[0, k, row, column] = 0.25
        made[0, k, y, x] = case["hrnet"]["maxval"][k]
        if k == PLATEAU:
            made[0, k, y : y + 2, x : x + 2] = 0.5
    return made


def decoded(case: dict[str, Any], pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells, image pixels, and scores of the maps."""
    made = maps(case)
    cells, scores = heatmaps.decode(made, pipeline.peak)
    size = (4 * made.shape[3], 4 * made.shape[2])
    crop = Crop.around(np.array(case["center"]), 200 * np.array(case["scale"]), size, pipeline.alignment)
    pixels = cell_to_pixel(cells[0].double().numpy(), 4, pipeline.alignment)
    return cells[0].numpy(), transform(crop.inverse, pixels), scores[0].numpy()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("arch, family", [("hrnet_w32", "hrnet"), ("simplebaseline_resnet50", "simplebaseline")])
def test_hrnet_and_simple_baseline(arch: str, family: str, size: str, golden: Any) -> None:
    case = golden["decode"]["cases"][size]
    _, pixels, scores = decoded(case, published(arch, family))
    np.testing.assert_allclose(pixels, case["hrnet"]["image_xy"], atol=2e-4)
    np.testing.assert_allclose(scores, case["hrnet"]["maxval"], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_mmpose(size: str, golden: Any) -> None:
    case = golden["decode"]["cases"][size]
    cells, pixels, _ = decoded(case, published("hrnet_w32", "mmpose"))
    np.testing.assert_array_equal(cells, case["mmpose"]["refined_hm"])
    np.testing.assert_allclose(pixels, case["mmpose"]["image_xy"], atol=2e-4)


def test_newells_pytorch_release_without_its_truncation(golden: Any) -> None:
    case = golden["decode"]["cases"]["64x64"]
    cells, pixels, _ = decoded(case, published("hourglass1", "princeton"))
    np.testing.assert_array_equal(cells + 0.5, case["princeton_pytorch"]["hm_xy"])
    # The reference cuts image pixels to whole ones, towards 0. Ours keep their fraction.
    np.testing.assert_array_equal(np.trunc(pixels), case["princeton_pytorch"]["image_xy"])


@pytest.mark.parametrize("family, empty", [("bearpaw", -1.0), ("lua_pose_hg_train(restated)", 0.0)])
def test_pytorch_pose_and_lua_without_their_truncation(family: str, empty: float, golden: Any) -> None:
    case = golden["decode"]["cases"]["64x64"]
    pipeline = published("hourglass1", "bearpaw")
    cells, pixels, _ = decoded(case, replace(pipeline, peak=replace(pipeline.peak, empty=empty)))
    if "hm_1based_plus_half" in case[family]:
        np.testing.assert_array_equal(cells + 1.5, case[family]["hm_1based_plus_half"])
    # The references cut image pixels to whole ones, towards 0, and add 1. Ours keep their fraction.
    np.testing.assert_array_equal(np.trunc(pixels) + 1, case[family]["image_xy"])


@pytest.mark.parametrize("name, width", [("rot0_256x256", 256), ("rot0_192x256", 192), ("rot0_48x64", 48)])
def test_crops_aligned_to_points_are_hrnets(name: str, width: int, golden: Any) -> None:
    case = golden["decode"]["cases"]["64x64" if width == 256 else "48x64"]
    height = 64 if width == 48 else 256
    center, size = np.array(case["center"]), 200 * np.array(case["scale"])
    crop = Crop.around(center, size, (width, height), "points")
    expected = golden["decode"]["affine_hrnet"]
    np.testing.assert_allclose(crop.matrix, expected[name]["fwd"], atol=1e-4)
    np.testing.assert_allclose(crop.inverse, expected[name]["inv"], atol=1e-4)
    turned = crop.perturbed(1, -30, False)
    np.testing.assert_allclose(turned.matrix, expected[name.replace("rot0", "rot30")]["fwd"], atol=2e-4)


def test_alignments_differ_by_half_a_pixel_and_half_a_cell() -> None:
    ours, theirs = (Crop.around(np.array([3.5, 3.5]), np.array([8.0, 8.0]), (8, 8), a) for a in ("edges", "points"))
    np.testing.assert_allclose(theirs.matrix - ours.matrix, [[0, 0, 0.5], [0, 0, 0.5]])
    assert (cell_to_pixel(2, 4), cell_to_pixel(2, 4, "points")) == (9.5, 8.0)
    mirrored = theirs.perturbed(1, 0, True)
    np.testing.assert_allclose(transform(mirrored.matrix, np.array([[0.0, 2.0]])), [[7.5, 2.5]])


def test_each_rule_has_its_border() -> None:
    # One row of a map 7 wide: where the highest cell is, and whether it moved towards the higher neighbour at its right.
    rules = {
        f: published(a, f).peak for a, f in (("hrnet_w32", "hrnet"), ("hrnet_w32", "mmpose"), ("hourglass1", "bearpaw"))
    }
    moved: dict[str, list[int]] = {"ours": []} | {name: [] for name in rules}
    for x in range(6):
        row = torch.zeros(1, 1, 5, 7)
        row[0, 0, 2, x], row[0, 0, 2, x + 1] = 1.0, 0.5
        for name, rule in {"ours": heatmaps.Peak(), **rules}.items():
            if heatmaps.decode(row, rule)[0][0, 0, 0] != x:
                moved[name].append(x)
    assert moved == {"ours": [1, 2, 3, 4, 5], "hrnet": [2, 3, 4, 5], "mmpose": [2, 3, 4, 5], "bearpaw": [1, 2, 3, 4, 5]}
