"""Scales: heatmaps of larger and smaller regions lie where those of the person's own region do."""

from typing import Any

import numpy as np
import pytest
import torch
from faulty import Pair, Sound

from posebench.data.geometry import cell_to_pixel
from posebench.errors import PosebenchError
from posebench.inference.predict import predict, samples_for
from posebench.inference.scales import check_scales, laid_over, mean_over_scales
from posebench.plugins.registry import protocol
from posebench.samples.loader import Loading
from posebench.synthetic import people as synthetic

SKELETON = protocol("mpii").skeleton
STRIDE = 4
CELLS = 12, 8
"""Width and height of the heatmaps."""


@pytest.mark.parametrize(("alignment", "middle"), [("edges", (23.5, 15.5)), ("points", (24.0, 16.0))])
@pytest.mark.parametrize("scale", [0.8, 1.25])
def test_each_cell_gets_what_lies_at_its_place(alignment: Any, middle: tuple[float, float], scale: float) -> None:
    # Each cell of the scaled region holds its own place, in pixels of the person's region; between cells these are linear.
    columns, rows = (cell_to_pixel(torch.arange(float(count)), STRIDE, alignment) for count in CELLS)
    held = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]  # (1, 2, 8, 12): y and x
    centre = torch.tensor(middle[::-1])[:, None, None]
    moved, _ = laid_over(centre + scale * (held - centre), scale, alignment)
    assert moved[0, :, 2:6, 3:9] == pytest.approx(held[0, :, 2:6, 3:9], abs=1e-4)


def test_a_smaller_region_does_not_show_the_outermost_cells() -> None:
    # 8 rows have their middle at 3.5. Of a region half as large, rows 2 … 5 are on its cells: 3.5 + (2 - 3.5) / 0.5 = 0.5.
    _, shown = laid_over(torch.zeros(1, 1, 8, 12), 0.5, "edges")
    assert shown.any(dim=1).tolist() == [False, False, True, True, True, True, False, False]
    assert shown.any(dim=0).tolist() == [False] * 3 + [True] * 6 + [False] * 3
    assert laid_over(torch.zeros(1, 1, 8, 12), 1.3, "edges")[1].all()


def test_what_a_smaller_region_does_not_show_is_the_mean_of_the_others() -> None:
    network = Sound(SKELETON, (48, 32))
    maps = [torch.full((2, 16, 8, 12), value) for value in (1.0, 3.0, 5.0)]
    mean = mean_over_scales(network, maps, (1.0, 1.5, 0.5))
    assert mean.shape == (2, 16, 8, 12)
    assert mean[1, 4, 0, 0] == 2  # (1 + 3) / 2
    assert mean[1, 4, 3, 6] == 3  # (1 + 3 + 5) / 3


@pytest.fixture(scope="module")
def people() -> Any:
    return synthetic.instances(SKELETON, "val", 3)


def test_one_scale_is_the_plain_prediction_and_several_are_the_decoded_mean(people: Any) -> None:
    torch.manual_seed(0)
    network = Sound(SKELETON, (48, 32)).eval()
    plain, _ = predict(network, people, loading=Loading(batch_size=2))
    assert np.array_equal(
        predict(network, people, loading=Loading(batch_size=2), scales=(1.0,))[0].keypoints, plain.keypoints
    )
    made, _ = predict(network, people, loading=Loading(batch_size=2), scales=(1.25, 1.0))
    with torch.inference_mode():
        views = [samples_for(network, people, scale=scale).batch([(0, 2)]) for scale in (1.0, 1.25)]
        pairs = [
            [network(images), network(images.flip(-1))] for images in (network.prepare(view.images) for view in views)
        ]
        own, wide = (upright / 2 + network.unflip(mirrored) / 2 for upright, mirrored in pairs)
        crop, _ = network.decode((own + laid_over(wide, 1.25, "edges")[0]) / 2)
    to_image = views[0].to_image[0].numpy()
    assert made.keypoints[2] == pytest.approx(crop[0].numpy() @ to_image[:, :2].T + to_image[:, 2], abs=1e-3)
    assert not np.array_equal(made.keypoints, plain.keypoints)
    assert np.array_equal(made.region, plain.region)


def test_a_larger_region_shows_more_around_the_same_middle(people: Any) -> None:
    network = Sound(SKELETON, (48, 32))
    own, wide = (samples_for(network, people, scale=scale).batch([(0, 1)]).to_image[0] for scale in (1.0, 1.5))
    assert torch.allclose(wide[:, :2], 1.5 * own[:, :2])
    middle = torch.tensor([23.5, 15.5], dtype=torch.float64)
    assert torch.allclose(own[:, :2] @ middle + own[:, 2], wide[:, :2] @ middle + wide[:, 2])


@pytest.mark.parametrize(
    ("scales", "sentence"),
    [
        ((0.9, 1.1), r"have 1 among them, the person's own region; these are 0.9, 1.1"),
        ((1.0, 1.0), "Scales should differ"),
        ((1.0, 9.0), "Scale 9 is not between 0.25 and 4"),
        ((1.0, float("nan")), "Scale nan is not between"),
    ],
)
def test_scales_that_make_no_mean_are_refused(scales: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        check_scales(scales)


def test_a_network_without_heatmaps_has_no_scales(people: Any) -> None:
    with pytest.raises(PosebenchError, match=r"puts out .* so --scales does not apply to it"):
        predict(Pair(SKELETON, (48, 32)), people, scales=(1.0, 1.2))
