import math
from typing import Any

import pytest
import torch

from posebench.data.geometry import cell_to_pixel, pixel_to_cell
from posebench.plugins import heatmaps

SIZE = (7, 5)  # width, height


def target(x: float, y: float, visible: bool = True) -> torch.Tensor:
    """The heatmap of one keypoint at a crop pixel, stride 4, sigma 1."""
    return heatmaps.gaussian_targets(torch.tensor([[[x, y]]]), torch.tensor([[visible]]), SIZE, 4, 1.0)[0, 0]


def test_a_target_is_1_at_its_cell_and_falls_off_as_a_gaussian() -> None:
    x, y = cell_to_pixel(3, 4), cell_to_pixel(2, 4)
    assert target(x, y).shape == (5, 7)
    assert target(x, y)[2, 3] == 1
    assert target(x, y)[2, 4].item() == pytest.approx(math.exp(-0.5))
    assert target(x, y)[1, 2].item() == pytest.approx(math.exp(-1))


def test_a_keypoint_between_cells_is_between_them() -> None:
    between = target(cell_to_pixel(3.5, 4), cell_to_pixel(2, 4))
    assert between[2, 3] == between[2, 4] == pytest.approx(math.exp(-0.125))


@pytest.mark.parametrize("x, y", [(-2.0, 5.0), (28.0, 5.0), (5.0, -2.0), (5.0, 20.0)])
def test_a_keypoint_outside_the_map_has_an_empty_target(x: float, y: float) -> None:
    assert target(x, y).abs().max() == 0


def test_an_unlabelled_keypoint_has_an_empty_target() -> None:
    assert target(9.5, 9.5, visible=False).abs().max() == 0


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.3, -0.2), (-0.45, 0.4), (0.1, 0.49)])
def test_decoding_a_target_is_off_by_less_than_a_quarter_cell(shift: tuple[float, float]) -> None:
    cells = torch.tensor([[[2.0, 1.0], [3.0, 3.0], [5.0, 2.0]], [[1.0, 1.0], [4.0, 3.0], [2.0, 2.0]]]) + torch.tensor(
        shift
    )
    drawn = heatmaps.gaussian_targets(cell_to_pixel(cells, 4), torch.ones(2, 3, dtype=torch.bool), SIZE, 4, 1.0)
    decoded, scores = heatmaps.decode(drawn)
    assert (decoded - cells).abs().max() <= 0.25 + 1e-6
    assert scores.min() > 0.7


@pytest.mark.parametrize(
    "pixel, cell", [(9.5, 2), (11.4, 2), (11.5, 3), (-2.4, 0), (-8.4, -1), (-8.6, -2)]
)  # cell i covers pixels 4i - 0.5 to 4i + 3.5; before the first cell, C's cast rounds towards it
def test_the_nearest_cell_of_a_pixel(pixel: float, cell: int) -> None:
    found = heatmaps.nearest_cell(torch.tensor([[[pixel, 1.5]]]), 4, "edges")
    assert found.tolist() == [[[cell, 0]]]


def test_a_published_target_is_in_the_middle_of_a_cell_and_cut_off_at_3_sigma() -> None:
    keypoints = torch.tensor([[[11.4, 7.0], [11.5, 7.0], [9.5, 9.5]]])
    drawn = heatmaps.cell_targets(keypoints, torch.tensor([[True, True, False]]), (9, 5), 4, 1.0)[0]
    row = [math.exp(-d * d / 2) for d in range(4)]
    assert drawn[0, 1].tolist() == pytest.approx([row[2], row[1], 1, row[1], row[2], row[3], 0, 0, 0])
    assert drawn[1, 1].tolist() == pytest.approx([row[3], row[2], row[1], 1, row[1], row[2], row[3], 0, 0])
    assert drawn[0, 4, 2].item() == pytest.approx(row[3])
    assert drawn[2].abs().max() == 0


@pytest.mark.parametrize(
    "name, sigma, alignment, shift", [("hrnet_sigma2", 2.0, "points", 0.0), ("bearpaw_sigma1", 1.0, "edges", -0.5)]
)
def test_published_targets_are_those_of_hrnet_and_pytorch_pose(
    golden: Any, name: str, sigma: float, alignment: Any, shift: float
) -> None:
    """pytorch-pose counts from the crop's edge, so its 0 is half a pixel before the middle of our first pixel."""
    points = torch.tensor(golden["decode"]["targets"]["points_256"])[None] + shift
    drawn = heatmaps.cell_targets(points, torch.ones(1, 7, dtype=torch.bool), (64, 64), 4, sigma, alignment)[0]
    for target, expected in zip(drawn, golden["decode"]["targets"][name], strict=True):
        x, y = expected["peak_xy"]
        assert (target.max().item(), target[y, x].item()) == pytest.approx(
            (expected["peak"], expected["peak"]), abs=1e-6
        )
        assert target.sum().item() == pytest.approx(expected["sum"], abs=1e-4)


def maps(*values: tuple[int, int, float]) -> torch.Tensor:
    """A 5x7 map that is 0 but for (row, column, value)."""
    result = torch.zeros(1, 1, 5, 7)
    for row, column, value in values:
        result[0, 0, row, column] = value
    return result


@pytest.mark.parametrize(
    "heatmap, place",
    [
        (maps((2, 3, 1.0), (2, 4, 0.5)), (3.25, 2.0)),
        (maps((2, 3, 1.0), (2, 2, 0.5)), (2.75, 2.0)),
        (maps((2, 3, 1.0), (1, 3, 0.5), (3, 3, 0.6)), (3.0, 2.25)),
        (maps((2, 3, 1.0), (2, 2, 0.5), (2, 4, 0.5)), (3.0, 2.0)),
        (maps((0, 3, 1.0), (1, 3, 0.5), (0, 4, 0.5)), (3.25, 0.0)),
        (maps((4, 6, 1.0), (3, 6, 0.5), (4, 5, 0.5)), (6.0, 4.0)),
        (maps((2, 6, 1.0), (1, 6, 0.5), (3, 0, 0.9)), (6.0, 1.75)),
    ],
    ids=["right", "left", "down", "equal neighbours", "top row", "corner", "right column"],
)
def test_the_peak_moves_a_quarter_cell_to_its_higher_neighbour(
    heatmap: torch.Tensor, place: tuple[float, float]
) -> None:
    cells, scores = heatmaps.decode(heatmap)
    assert tuple(cells[0, 0].tolist()) == place
    assert scores.item() == 1.0


def test_decoding_is_per_keypoint_and_per_sample() -> None:
    batch = torch.cat([maps((1, 2, 3.0)), maps((3, 5, -0.0), (2, 1, 4.0))]).reshape(1, 2, 5, 7)
    cells, scores = heatmaps.decode(batch)
    assert cells.tolist() == [[[2.0, 1.0], [1.0, 2.0]]]
    assert scores.tolist() == [[3.0, 4.0]]


def test_unflipping_restores_what_a_mirror_did() -> None:
    # Keypoints nose, left, right: a mirrored image shows each column reversed, and left where right was.
    straight = torch.arange(2 * 3 * 5 * 7, dtype=torch.float32).reshape(2, 3, 5, 7)
    mirrored = straight.flip(-1)[:, [0, 2, 1]]
    assert torch.equal(heatmaps.unflip(mirrored, (0, 2, 1)), straight)


def test_pixels_and_cells_are_inverse_for_tensors() -> None:
    pixels = torch.tensor([0.0, 1.5, 27.25])
    assert torch.equal(cell_to_pixel(pixel_to_cell(pixels, 4), 4), pixels)


@pytest.mark.parametrize("size", [(5, 7), (16, 12), (8, 8)])
def test_the_first_of_equally_high_cells_is_it(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    few = torch.randint(0, 4, (3, 2, *size)).float()
    rule = heatmaps.Peak(own=(99, 0))  # no cell is moved
    cells, scores = heatmaps.decode(few, rule)
    for cell, score, one in zip(cells.reshape(-1, 2), scores.flatten(), few.reshape(-1, *size), strict=True):
        first = int(one.numpy().argmax())
        assert (cell[1] * size[1] + cell[0], score) == (first, one.max())


@pytest.mark.parametrize("rule", [
    heatmaps.Peak(), heatmaps.Peak(own=(0, 0), ties=-1, empty=-0.5), heatmaps.Peak(own=(2, 1), other=(1, 0), empty=-1.0),
])  # fmt: skip
def test_torch_finds_on_any_device_what_numpy_finds_on_the_cpu(
    rule: heatmaps.Peak, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    ties = torch.randint(-3, 4, (3, 2, 7, 5)).to(torch.bfloat16)
    noise = torch.randn(2, 17, 16, 12).to(memory_format=torch.channels_last)
    broken = torch.randn(2, 3, 4, 6).index_fill(1, torch.tensor([1]), torch.nan)
    maps = (ties, noise, broken, torch.zeros(0, 17, 8, 6))
    by_numpy = [heatmaps.decode(one, rule) for one in maps]
    monkeypatch.setattr(heatmaps, "_in_memory", lambda one: False)
    by_torch = [heatmaps.decode(one, rule) for one in maps]
    assert by_numpy[2][1].isnan().any()
    for found, expected in zip(by_numpy, by_torch, strict=True):
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_a_mirrored_map_moves_right_and_its_first_column_stays() -> None:
    moved = heatmaps.unflip(torch.tensor([[[[4.0, 3.0, 2.0, 1.0]]]]), (0,), shift=1)
    assert moved.tolist() == [[[[1.0, 1.0, 2.0, 3.0]]]]
