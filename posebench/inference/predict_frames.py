"""Predict frames: boxes of people in pictures → their keypoints, in the pictures' pixels."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from posebench.array_type import Array
from posebench.data.geometry import Crop, transform, widened
from posebench.errors import PosebenchError
from posebench.inference import fast
from posebench.inference.fast import OutputDifference
from posebench.inference.pictures import Frame
from posebench.inference.predict import decoded
from posebench.inference.ways import How
from posebench.plugins.architecture import Architecture
from posebench.samples.images import Image, cut

BOX_PADDING = 1.25
"""A network sees a region 1.25 times the box, as in every published top-down recipe; a whole picture is not padded."""
BATCH_SIZE = 32
LONGEST_WAIT = 256 * 2**20
"""Bytes of frames that wait for a batch to be full; a few large photographs reach it first."""


@dataclass(frozen=True, eq=False)
class FrameBoxes:
    """The boxes in which people of a frame are predicted.

    Attributes:
        bbox: (P, 4) x, y, width, height; edges of pixels counted from 0, as COCO does.
        score: (P,) the detector's confidence.
        padding: the region that the network sees, as a multiple of the box.
    """

    bbox: Array
    score: Array
    padding: float = BOX_PADDING


@dataclass(frozen=True, eq=False)
class FramePeople:
    """The people of a frame.

    Attributes:
        boxes: as they were given.
        region: (P, 4) middle and size of what the network saw.
        keypoints: (P, K, 2) pixels of the frame, centres at integers.
        scores: (P, K) the network's confidence.
    """

    frame: Frame
    boxes: FrameBoxes
    region: Array
    keypoints: Array
    scores: Array


@dataclass
class FramePredictor:
    """Predicts the people of frames, in batches across frames.

    Attributes:
        model: on its device.
        flip_test: decode the mean of the outputs for the crop and for its mirror image.
        how: another way of running the network; None for the plain one.
        found: what that way changes, once the first batch is predicted.
    """

    model: Architecture
    flip_test: bool
    how: How | None = None
    found: OutputDifference | None = None

    def people(self, frames: Iterable[Frame], boxes_of: Callable[[Frame], FrameBoxes]) -> Iterator[FramePeople]:
        """The people of every frame, in the frames' order; a frame without boxes has none.

        Raises:
            PosebenchError: the network put out something that is not finite.
        """
        waiting: list[tuple[Frame, FrameBoxes]] = []
        for frame in frames:
            waiting.append((frame, boxes_of(frame)))
            crops = sum(len(boxes.bbox) for _, boxes in waiting)
            held = sum(one.image.nbytes for one, _ in waiting)
            if crops >= BATCH_SIZE or len(waiting) >= BATCH_SIZE or held >= LONGEST_WAIT:
                yield from self._predict(waiting)
                waiting = []
        yield from self._predict(waiting)

    def _predict(self, waiting: list[tuple[Frame, FrameBoxes]]) -> Iterator[FramePeople]:
        regions = [self._regions(boxes) for _, boxes in waiting]
        crops = [
            [
                Crop.around(region[:2], region[2:], self.model.input_size, self.model.pipeline.alignment)
                for region in mine
            ]
            for mine in regions
        ]
        images = [cut(frame.image, crop) for (frame, _), mine in zip(waiting, crops, strict=True) for crop in mine]
        points, scores = self._decode(
            images, [frame.name for (frame, _), mine in zip(waiting, crops, strict=True) for _ in mine]
        )
        first = 0
        for (frame, boxes), region, mine in zip(waiting, regions, crops, strict=True):
            rows = slice(first, first + len(mine))
            inverse = np.array([crop.inverse for crop in mine]).reshape(-1, 2, 3)
            yield FramePeople(frame, boxes, region, transform(inverse, points[rows]), scores[rows])
            first += len(mine)

    @torch.inference_mode()
    def _decode(self, images: list[Image], names: list[str]) -> tuple[Array, Array]:
        """(N, H, W, 3) crops → keypoints (N, K, 2) in crop pixels and scores (N, K)."""
        count = len(self.model.skeleton)
        points, scores = [np.empty((0, count, 2))], [np.empty((0, count))]
        for first in range(0, len(images), BATCH_SIZE):
            device = next(self.model.parameters()).device
            batch = torch.from_numpy(np.stack(images[first : first + BATCH_SIZE])).to(device)
            if self.how is not None and self.found is None:
                self.model, self.found = fast.run_as(self.model, self.how, batch)
            with fast.precision("fp32", device):
                found, confidence = decoded(self.model, batch, self.flip_test)
            finite = np.isfinite(found).all(axis=(1, 2)) & np.isfinite(confidence).all(axis=1)
            if not finite.all():
                name = names[first + int((~finite).argmax())]
                raise PosebenchError(f"The network's keypoints or scores are not finite for {name}.")
            points.append(found)
            scores.append(confidence)
        return np.concatenate(points), np.concatenate(scores)

    def _regions(self, boxes: FrameBoxes) -> Array:
        """(P, 4) middle and size of what the network sees of boxes: padded, and widened to its input's aspect."""
        # The published code bases that weights may come from do not count pixel centres from 0.
        half = 0.0 if self.model.pipeline.regions else 0.5
        middle = boxes.bbox[:, :2] + boxes.bbox[:, 2:] / 2 - half
        width, height = self.model.input_size
        return np.column_stack([middle, widened(boxes.padding * boxes.bbox[:, 2:], width / height)])
