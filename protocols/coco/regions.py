"""The region that a top-down network sees of a person: 1.25 times the box, widened to the input's aspect ratio."""

from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import widened
from posebench.data.predictions import Predictions

BOX_PADDING = 1.25
"""A network sees a region 1.25 times the box (every published top-down recipe)."""
ASPECT = 192 / 256
"""Width to height of the published inputs, 192 x 256 and 288 x 384."""
PIXELS_OF_SCALE = 200
"""HRNet's results state a region's size in units of 200 pixels (lib/dataset/coco.py, pixel_std)."""
LARGEST_NUMBER = 1e9
"""Pixels; what a result states of a box is below."""


def middle(bbox: Array) -> Array:
    """(N, 2) middle of boxes (N, 4). COCO counts a pixel's edges, posebench its centre: hence half a pixel less."""
    return bbox[:, :2] + bbox[:, 2:] / 2 - 0.5


def published_regions(bbox: Array, image_size: Array | None) -> dict[str, Array]:
    """Code base → (N, 4) middle and size of what its loader crops of boxes, padded but not widened; no half pixel is taken off.

    hrnet: lib/dataset/coco.py of HRNet and SimpleBaseline. mmpose: BaseCocoStyleDataset of version 1.x. Both clip annotated
    boxes to the image's last pixel and leave detected ones as they are; hrnet makes annotated ones a pixel smaller first.
    Where nothing is left of an annotated box inside the image, the region is posebench's own.

    Args:
        bbox: (N, 4) x, y, width, height.
        image_size: (N, 2) width and height of each box's image for annotated boxes; None for detected ones.
    """
    if image_size is None:
        region = np.column_stack([bbox[:, :2] + bbox[:, 2:] / 2, BOX_PADDING * bbox[:, 2:]])
        return {"hrnet": region, "mmpose": region}
    corner, size = bbox[:, :2].copy(), bbox[:, 2:].copy()  # numpy is slower on parts of rows
    last, low = image_size - 1, np.maximum(corner, 0)
    spans = {
        "hrnet": (low, np.minimum(last, low + np.maximum(size - 1, 0))),
        "mmpose": (np.clip(corner, 0, last), np.clip(corner + size, 0, last)),
    }
    regions = {}
    for code, (low, high) in spans.items():
        regions[code] = np.concatenate([(low + high) / 2, BOX_PADDING * (high - low)], axis=1)
        has_area = high > low
        nothing = ~(has_area[:, 0] & has_area[:, 1])
        regions[code][nothing] = np.concatenate([middle(bbox[nothing]), BOX_PADDING * size[nothing]], axis=1)
    return regions


def region_of(bbox: Array, aspect: float) -> Array:
    """(N, 4) middle and size of what a network sees of boxes (N, 4): widened to `aspect` (width / height), then padded."""
    return np.column_stack([middle(bbox), BOX_PADDING * widened(bbox[:, 2:], aspect)])


def aspect_of(predictions: Predictions) -> float:
    """Width / height of the input of the network that made the predictions; `ASPECT` where it is not stated."""
    size = predictions.provenance.input_size
    return ASPECT if size is None else size[0] / size[1]


def regions(predictions: Predictions) -> Array | None:
    """(R, 4) middle and size of what the network saw: as the predictions state it, else from the boxes; None without boxes."""
    if predictions.region is not None or predictions.input_box is None:
        return predictions.region
    return region_of(predictions.input_box, aspect_of(predictions))


def aspect_notes(predictions: Predictions) -> tuple[str, ...]:
    """A note if `regions` had to assume an aspect ratio."""
    if predictions.region is not None or predictions.input_box is None or predictions.provenance.input_size is not None:
        return ()
    return (
        "The network's input size is not stated, so its regions are assumed to be 3:4 (such as 256x192). "
        "`posebench evaluate --arch NAME --input-size HEIGHTxWIDTH` and `posebench export --input-size HEIGHTxWIDTH` state it.",
    )


def unpadded(predictions: Predictions) -> Array | None:
    """(R, 4) boxes (x, y, width, height) that the network was given, before padding; from the regions where they are not known."""
    if predictions.input_box is not None or predictions.region is None:
        return predictions.input_box
    size = predictions.region[:, 2:] / BOX_PADDING
    return np.column_stack([predictions.region[:, :2] + 0.5 - size / 2, size])


def padding_notes(predictions: Predictions) -> tuple[str, ...]:
    """A note if `unpadded` had to compute the boxes from the regions."""
    if predictions.input_box is not None or predictions.region is None:
        return ()
    return (
        f"The boxes before padding are not stated. They are assumed to be the regions / {BOX_PADDING}; detectors' boxes are "
        "narrower, so APM, APL, ARM and ARL may differ from mmpose's.",
    )


def states_region(detection: Any) -> bool:
    """Whether a result states what the network saw, as HRNet's `center` and `scale`."""
    return isinstance(detection, dict) and bool(detection.get("center")) and bool(detection.get("scale"))


def read_regions(detections: list[Any]) -> dict[str, Array]:
    """`region`: (N, 4) middle and size of what the network saw, by HRNet's `center` and `scale`.

    Raises:
        ValueError: one of them is not two numbers below `LARGEST_NUMBER`; the message is what the result states.
    """
    rows = []
    for detection in detections:
        parts = [detection["center"], detection["scale"]]
        numbers = [value for part in parts if isinstance(part, list) and len(part) == 2 for value in part]
        # The comparison is false for NaN too.
        if len(numbers) < 4 or not all(isinstance(n, int | float) and abs(n) < LARGEST_NUMBER for n in numbers):
            raise ValueError(f"{parts!r:.80}")
        rows.append(numbers)
    values = np.array(rows, float).reshape(-1, 4)
    return {"region": _network_region(values[:, :2], values[:, 2:])}


def region_of_network(center: Array, scale: Array) -> Array | None:
    """`region` of `read_regions`, from (N, 2) `center` and `scale`; None where it raises."""
    if not (np.abs(center) < LARGEST_NUMBER).all() or not (np.abs(scale) < LARGEST_NUMBER).all():
        return None
    return _network_region(center, scale)


def _network_region(center: Array, scale: Array) -> Array:
    return np.column_stack([center - 0.5, scale * PIXELS_OF_SCALE])


def not_a_box(stated: object) -> str:
    """The sentence on a box, or on a center and scale, that is no list of finite numbers."""
    return f"a box should be finite numbers (x, y, width, height), not {stated}."
