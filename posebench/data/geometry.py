"""The one pixel convention, and the one affine map between an image and a network's input.

Pixels are counted from 0 and their centres are at integers; an image of width W spans -0.5 ... W - 0.5:

        -0.5   0.5   1.5   2.5   3.5
          |  0  |  1  |  2  |  3  |        W = 4, middle at 1.5 = (W - 1) / 2

A heatmap of stride s has cells that cover s pixels each. Cell i spans s*i - 0.5 ... s*i + s - 0.5, so that its
centre is at pixel s*i + (s - 1) / 2. Datasets that count from 1 (MATLAB: MPII, FLIC) are shifted where they are read.

A **Crop** takes the region of an image (centre, size, rotation, mirror) onto the network's input: edges to edges.

The one exception is for weights that were trained elsewhere. HRNet, SimpleBaseline and mmpose lay index 0 on index 0
(alignment `points`): W pixels have their middle at W / 2, half a pixel further, and cell i is pixel s*i itself.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from posebench.array_type import Array

Alignment = Literal["edges", "points"]
"""How a grid lies on a finer one: its edges on the other's edges, or its first point on the other's first point."""


@dataclass(frozen=True, eq=False)
class Crop:
    """The affine map from image pixels to crop pixels, and the crop's size.

    Attributes:
        matrix: (2, 3) float; `crop = matrix[:, :2] @ image + matrix[:, 2]`.
        width, height: of the crop, in pixels.
        mirrored: left and right are swapped, so keypoints must trade names too.
        alignment: where the region's middle lies in the crop.
    """

    matrix: Array
    width: int
    height: int
    mirrored: bool = False
    alignment: Alignment = "edges"

    @classmethod
    def around(cls, center: Array, size: Array, input_size: tuple[int, int], alignment: Alignment = "edges") -> "Crop":
        """The upright crop of a region.

        Args:
            center: (2,) middle of the region, image pixels.
            size: (2,) its width and height, before `widened` to the input's aspect.
            input_size: (width, height) of the crop.
            alignment: of the crop on the region.
        """
        width, height = input_size
        scale = width / widened(np.asarray(size, float), width / height)[0]
        offset = _middle(width, height, alignment) - scale * np.asarray(center, float)
        return cls(np.column_stack([scale * np.eye(2), offset]), width, height, alignment=alignment)

    def perturbed(self, scale: float, rotation: float, mirror: bool) -> "Crop":
        """This crop of a region `scale` times as large, its content turned by `rotation` degrees (clockwise on the
        screen) about the middle, then mirrored left to right.
        """
        middle = _middle(self.width, self.height, self.alignment)
        angle = np.deg2rad(rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
        if mirror:
            turn[0] *= -1
        linear = turn @ self.matrix[:, :2]
        offset = turn @ (self.matrix[:, 2] - middle) + middle
        return Crop(np.column_stack([linear, offset]), self.width, self.height, self.mirrored ^ mirror, self.alignment)

    @property
    def inverse(self) -> Array:
        """(2, 3) the map back, from crop pixels to image pixels."""
        return inverse(self.matrix)


def inverse(matrix: Array) -> Array:
    """(..., 2, 3) the maps back of affine maps (..., 2, 3)."""
    linear = np.linalg.inv(matrix[..., :2])
    back: Array = np.concatenate([linear, -linear @ matrix[..., 2:]], axis=-1)
    return back


def widened(size: Array, aspect: float) -> Array:
    """Widen regions to an aspect: the side that is too short grows, so nothing of a region is lost and nothing is stretched.

    Args:
        size: (..., 2) width and height, pixels.
        aspect: width / height of the result.

    Returns:
        (..., 2) width and height, pixels.
    """
    width = np.maximum(size[..., 0], size[..., 1] * aspect)
    return np.stack([width, width / aspect], axis=-1)


def transform(matrix: Array, points: Array) -> Array:
    """Points through affine maps.

    Args:
        matrix: (..., 2, 3).
        points: (..., K, 2).

    Returns:
        (..., K, 2), with the leading dimensions broadcast.
    """
    moved: Array = points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]
    return moved


def cell_to_pixel(cells: Any, stride: int, alignment: Alignment = "edges") -> Any:
    """Heatmap coordinates (cells, centres at integers) → crop pixels. Arrays and tensors alike."""
    return cells * stride + _first(stride, alignment)


def pixel_to_cell(pixels: Any, stride: int, alignment: Alignment = "edges") -> Any:
    """Crop pixels → heatmap coordinates; the inverse of `cell_to_pixel`."""
    return (pixels - _first(stride, alignment)) / stride


def _first(stride: int, alignment: Alignment) -> float:
    """The pixel on which cell 0 has its centre."""
    return (stride - 1) / 2 if alignment == "edges" else 0.0


def _middle(width: int, height: int, alignment: Alignment) -> Array:
    """The pixel on which the middle of a region lies."""
    return (np.array([width, height]) - (alignment == "edges")) / 2
