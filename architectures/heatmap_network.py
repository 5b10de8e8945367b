"""Options after a colon, and networks with one heatmap per keypoint: shared by several families."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from posebench.data.geometry import cell_to_pixel, pixel_to_cell
from posebench.plugins import heatmaps
from posebench.plugins.architecture import Architecture
from posebench.plugins.checkpoint_layout import CheckpointLayout
from posebench.plugins.heatmaps import CUT, Peak
from posebench.plugins.pipeline import Pipeline

Size = tuple[int, int]

OURS = Pipeline(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""ImageNet's mean and deviation, as every backbone from ImageNet expects, in posebench's own alignment."""

HRNET = replace(
    OURS, name="hrnet", alignment="points", regions="hrnet", flip_shift=1, peak=Peak(own=(2, 1), other=(2, 1), empty=0.0)
)  # fmt: skip
"""leoxiaobin/deep-high-resolution-net.pytorch, lib/core/inference.py: a quarter cell only in columns 2..W-2 and rows
2..H-2 (counted from 0), and no half cell; test images mirrored with SHIFT_HEATMAP."""

SIMPLE_BASELINE = replace(HRNET, name="simplebaseline", channels="bgr")
"""microsoft/human-pose-estimation.pytorch: as HRNet, but lib/dataset/JointsDataset.py hands OpenCV's blue-green-red on,
and normalises it by the means of red, green and blue in this order."""

MMPOSE = replace(HRNET, name="mmpose", regions="mmpose", peak=Peak(own=(2, 1), other=(1, 0), empty=-1.0))
"""mmpose's MSRA heatmaps: each axis has a border of its own."""


def mmpose(backbone: str) -> tuple[CheckpointLayout, CheckpointLayout]:
    """mmpose's checkpoints, of today and of versions 0.x.

    Args:
        backbone: what stands before the backbone's tensors in our names.
    """

    def names(head: str) -> Callable[[str], str]:
        layers = ("final_layer.", "deconv_layers.")
        return lambda key: f"{head}{key}" if key.startswith(layers) else f"backbone.{key.removeprefix(backbone)}"

    return (
        CheckpointLayout("mmpose", "head.final_layer.weight", MMPOSE, names("head.")),
        CheckpointLayout("mmpose-0", "keypoint_head.final_layer.weight", MMPOSE, names("keypoint_head.")),
    )


class HeatmapNetwork(Architecture):
    """One heatmap per keypoint, trained as HRNet and SimpleBaseline are.

    Subclasses put out (B, K, H/stride, W/stride) and set `stride`, crop pixels per cell.
    """

    pipeline = OURS
    draws_targets = True
    stride: int

    @property
    def sigma(self) -> float:
        """Standard deviation of the target, in cells: the recipe's, or 3 for inputs of 384 pixels, else 2 (the published ones)."""
        return self.target_settings.sigma or (3.0 if max(self.input_size) >= 384 else 2.0)

    def targets(self, keypoints: Tensor, visible: Tensor) -> Tensor:
        """A Gaussian (B, K, H/stride, W/stride) at each labelled keypoint, also where its place is up to 3 sigma off the map."""
        size = (self.input_size[0] // self.stride, self.input_size[1] // self.stride)
        alignment, reach = self.pipeline.alignment, CUT * self.sigma
        if self.target_settings.place == "cell":
            return heatmaps.cell_targets(keypoints, visible, size, self.stride, self.sigma, alignment)
        return heatmaps.gaussian_targets(keypoints, visible, size, self.stride, self.sigma, alignment, reach)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Half the mean squared error of the labelled keypoints' maps, averaged over all; or of all maps, as the recipe says.

        A labelled keypoint is left out only where nothing of its Gaussian, cut at 3 sigma, is on the map.
        """
        return {"heatmaps": self.squares(outputs, keypoints, visible).mean() / 2}

    def squares(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> Tensor:
        """Squared errors of maps (B, K, h, w), or (B, stacks, K, h, w), in their shape; 0 for keypoints that are left out."""
        height, width = outputs.shape[-2:]
        every = outputs.reshape(len(outputs), -1, *outputs.shape[-3:])  # (B, stacks, K, h, w)
        errors = (every.float() - self.targets(keypoints, visible)[:, None]).square()
        if self.target_settings.unlabelled != "empty":
            errors = errors * (visible & self._near(keypoints, width, height))[:, None, :, None, None]
        return errors.reshape(outputs.shape)

    def _near(self, keypoints: Tensor, width: int, height: int) -> Tensor:
        """(B, K) whether a keypoint is on the map, or so near that its Gaussian is."""
        alignment, reach = self.pipeline.alignment, CUT * self.sigma
        if self.target_settings.place == "exact":
            x, y = pixel_to_cell(keypoints, self.stride, alignment).unbind(-1)
            return heatmaps.within(x, width, reach) & heatmaps.within(y, height, reach)
        # As JointsDataset.generate_target of HRNet, which also counts a Gaussian that ends one cell before the map.
        cells = heatmaps.nearest_cell(keypoints, self.stride, alignment)
        ends = torch.tensor([width, height], device=cells.device)
        return ((cells + reach + 1 >= 0) & (cells - reach < ends)).all(dim=-1)

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The highest cell, refined as the pipeline says."""
        cells, scores = heatmaps.decode(outputs, self.pipeline.peak)
        return cell_to_pixel(cells, self.stride, self.pipeline.alignment), scores

    def unflip(self, outputs: Tensor) -> Tensor:
        """Mirrored back; where cells are aligned to points, moved right by the pipeline's one column."""
        return heatmaps.unflip(outputs, self.skeleton.flip_order, self.pipeline.flip_shift)


def initialise(module: nn.Module) -> None:
    """Normal with deviation 0.001, as both families begin what no pretrained weights are for; for `Module.apply`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and not module.weight.is_meta:  # slow there, and for nothing
        nn.init.normal_(module.weight, std=0.001)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
