"""Decoders: the published rules by which a heatmap becomes a coordinate, for heatmaps that are kept in memory or in a file.

Each takes heatmaps (N, h, w) float32 and gives cells (N, 2) float, x then y. All but `integral` begin at the highest cell, the
first of equals. Where a rule divides by zero, the highest cell stays.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import cv2
import numpy as np
import torch

from posebench.array_type import Array
from posebench.errors import unknown
from posebench.plugins import heatmaps
from posebench.plugins.heatmaps import Peak

DARK_KERNEL = 11
"""Cells of DARK's blur: BLUR_KERNEL in the release's configurations, whether targets have sigma 1, 2 or 3."""
UDP_KERNEL = 7
"""Cells of UDP's blur, in the release's lib/core/inference.py."""
WINDOW, SHARPNESS = 5, 10.0
"""Cells across the window of the local soft-argmax, and the factor of its heights (d and tau of the paper)."""
Decoder = Callable[[Array, Peak], Array]
"""Heatmaps (N, h, w) float32 and the pipeline's `Peak` → cells (N, 2)."""


def scores(maps: Array) -> Array:
    """(N,) the height of the highest cell: the score of a keypoint, whatever decodes it."""
    highest: Array = maps.reshape(len(maps), -1).max(axis=1)
    return highest


def quarter(maps: Array, peak: Peak) -> Array:
    """The highest cell, moved a quarter cell as `peak` says (Newell et al., ECCV 2016)."""
    cells, _ = heatmaps.decode(torch.from_numpy(np.ascontiguousarray(maps))[None], peak)
    return cells[0].double().numpy()


def argmax(maps: Array, peak: Peak) -> Array:
    """The highest cell; the place that `peak` has for maps that are nowhere above 0."""
    unmoved = max(maps.shape[1:])
    return quarter(maps, replace(peak, own=(unmoved, unmoved)))


def dark(maps: Array, peak: Peak) -> Array:
    """One Newton step on the logarithm of the blurred map, whose second derivatives are taken over two cells.

    Zhang et al., "Distribution-Aware Coordinate Representation for Human Pose Estimation" (CVPR 2020). As ilovepose/DarkPose,
    lib/core/inference.py, does: the outermost two cells on each side are not refined, and the step has no limit.
    """
    highest = argmax(maps, replace(peak, empty=None)).astype(int)
    blurred = _scaled(_blurred(maps.astype(float), DARK_KERNEL, cv2.BORDER_CONSTANT), maps)
    at = _reader(np.log(np.maximum(blurred, np.float32(1e-10))), highest, border=2)
    first = (at(1, 0) - at(-1, 0)) / 2, (at(0, 1) - at(0, -1)) / 2
    here = at(0, 0)
    second = (at(2, 0) - 2 * here + at(-2, 0)) / 4, (at(0, 2) - 2 * here + at(0, -2)) / 4
    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    height, width = maps.shape[1:]
    step = _newton(first, second, mixed)
    step[((highest < 2) | (highest >= np.array([width - 2, height - 2]))).any(axis=1)] = 0
    return _emptied(highest + step, maps, peak)


def udp(maps: Array, peak: Peak) -> Array:
    """One Newton step on the logarithm of the blurred map, stretched to 0 … its highest value, at every cell.

    Huang et al., "The Devil is in the Details: Delving into Unbiased Data Processing for Human Pose Estimation" (CVPR 2020). As
    HuangJunJie2017/UDP-Pose, deep-high-resolution-net.pytorch/lib/core/inference.py (`post`), does. UDP also lays crops and
    heatmaps on pixels in a way of its own; here both stay as the network was trained.
    """
    highest = argmax(maps, replace(peak, empty=None)).astype(int)
    blurred = _blurred(maps, UDP_KERNEL, cv2.BORDER_DEFAULT)
    low, high = blurred.min(axis=(1, 2), keepdims=True), blurred.max(axis=(1, 2), keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretched = (blurred - low) / (high - low) * scores(maps)[:, None, None]
    at = _reader(np.log(np.clip(stretched, np.float32(0.001), np.float32(50))), highest, border=1)
    here, right, left, below, above = at(0, 0), at(1, 0), at(-1, 0), at(0, 1), at(0, -1)
    mixed = (at(1, 1) - right - below + 2 * here - left - above + at(-1, -1)) / 2
    first = (right - left) / 2, (below - above) / 2
    second = right - 2 * here + left, below - 2 * here + above
    return _emptied(highest + _newton(first, second, mixed), maps, peak)


def soft_argmax(maps: Array, peak: Peak) -> Array:
    """The mean of the cells around the highest one, weighted by the softmax of their heights; the window ends with the map.

    Bulat et al., "Subpixel Heatmap Regression for Facial Landmark Localization" (BMVC 2021).
    """
    highest = argmax(maps, replace(peak, empty=None)).astype(int)
    reach = WINDOW // 2
    padded = np.pad(maps.astype(float), ((0, 0), (reach, reach), (reach, reach)), constant_values=-np.inf)
    steps = np.arange(WINDOW)
    rows = np.arange(len(maps))[:, None, None]
    window = padded[rows, (highest[:, 1:] + steps)[:, :, None], (highest[:, :1] + steps)[:, None, :]]
    return _emptied(highest + _mean_cell(SHARPNESS * window) - reach, maps, peak)


def integral(maps: Array, peak: Peak) -> Array:
    """The mean of all cells, weighted by the softmax of the map; for networks that were trained with it.

    Sun et al., "Integral Human Pose Regression" (ECCV 2018). As `softmax_integral_tensor` of JimmySuen/integral-human-pose
    (common_pytorch/common_loss/integral.py) has x and y.
    """
    return _mean_cell(maps.astype(float))


DECODERS: Mapping[str, Decoder] = {
    "argmax": argmax, "quarter": quarter, "dark": dark, "udp": udp, "soft-argmax": soft_argmax, "integral": integral,
}  # fmt: skip
"""Name → rule, in the order of tables."""


def _blurred(maps: Array, kernel: int, border: int) -> Array:
    """(N, h, w) maps blurred by OpenCV's Gaussian for a kernel of so many cells, in their own precision."""
    return np.stack([cv2.GaussianBlur(one, (kernel, kernel), 0, borderType=border) for one in maps])


def _scaled(blurred: Array, maps: Array) -> Array:
    """(N, h, w) float32 blurred maps, as high as the maps were."""
    single = blurred.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = maps.max(axis=(1, 2), keepdims=True) / single.max(axis=(1, 2), keepdims=True)
    return single * np.where(np.isfinite(factor), factor, 1)


def _reader(values: Array, cells: Array, border: int) -> Callable[[int, int], Array]:
    """A function (dx, dy) → (N,) values beside cells (N, 2), float64; beyond an edge are the values at the edge."""
    padded = np.pad(values, ((0, 0), (border, border), (border, border)), mode="edge")
    rows, x, y = np.arange(len(cells)), cells[:, 0] + border, cells[:, 1] + border
    return lambda dx, dy: padded[rows, y + dy, x + dx].astype(float)


def _newton(first: tuple[Array, Array], second: tuple[Array, Array], mixed: Array) -> Array:
    """(N, 2) the step −H⁻¹ g to where a quadratic surface is flat; 0 where it has no such place.

    Args:
        first: (N,) derivatives along x and y. second: likewise, the second ones. mixed: (N,) the mixed one.
    """
    (dx, dy), (dxx, dyy) = first, second
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.stack([mixed * dy - dyy * dx, mixed * dx - dxx * dy], axis=1) / (dxx * dyy - mixed**2)[:, None]
    return np.where(np.isfinite(step).all(axis=1, keepdims=True), step, 0.0)


def _mean_cell(heights: Array) -> Array:
    """(N, 2) mean x and y of cells, weighted by the softmax of heights (N, h, w)."""
    weights = np.exp(heights - heights.max(axis=(1, 2), keepdims=True))
    weights /= weights.sum(axis=(1, 2), keepdims=True)
    _, height, width = heights.shape
    return np.stack([weights.sum(axis=1) @ np.arange(width), weights.sum(axis=2) @ np.arange(height)], axis=1)


def _emptied(cells: Array, maps: Array, peak: Peak) -> Array:
    """Cells, with `peak`'s place where a map is nowhere above 0."""
    return cells if peak.empty is None else np.where(scores(maps)[:, None] > 0, cells, peak.empty)


def check_names(names: Iterable[str]) -> None:
    """Check that decoders are there.

    Raises:
        PosebenchError: one is not; suggests the nearest.
    """
    for name in names:
        if name not in DECODERS:
            raise unknown("decoder", name, DECODERS, label="Decoders")
