"""Extended OKS (Ex-OKS): OKS that also asks whether a keypoint is within the image, or outside of what a network sees.

Reference: exococotools 1.0.0 by the authors of ProbPose (Purkrabek, Matas, CVPR 2025), `extended_oks=True`, equal to the last bit.
What is compared with an annotated keypoint depends on both sides:

    annotated inside, predicted inside      the distance of the two, as in OKS
    annotated outside, predicted inside     from the prediction to the window's border
    annotated inside, predicted outside     from the annotation to the window's border
    annotated outside, predicted outside    0

The window is the annotated box, widened to 3:4 and padded by 1.25. Its rules that OKS does not have, the surprising ones too:

* the distance to the border adds up both axes, each to the nearer side, so it is the one to the nearest corner;
* a crowd with labelled keypoints counts as a person, and can be found again and again;
* detections in an image in which nobody counts are ignored, also in the AP of an area range.
"""

from dataclasses import dataclass, replace

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, OUTSIDE, UNLABELLED, VISIBLE, Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.scoring.average_precision import THRESHOLDS, Matches, metrics, precision_recall, resampled
from posebench.scoring.oks_matching import Detections, Similarity, match
from posebench.scoring.oks_similarity import People, Targets, as_complex, similarity

from .partial_detections import are_detections

PADDING, ASPECT = 1.25, 3 / 4
"""Of the window, beyond the annotated box (exococotools, cocoeval.py, fix_bbox_aspect_ratio)."""
PRESENT = 0.5
"""A keypoint is predicted inside from this probability on (exococotools, confidence_thr)."""
LEVELS = {"occluded": OCCLUDED, "visible": VISIBLE, "outside": OUTSIDE}
"""Visibilities of which exococotools computes an AP each."""


def presence(predictions: Predictions) -> Array:
    """(R, K) the probability that each keypoint is inside; without one the confidence, as in exococotools. 0 where missing."""
    stated = predictions.scores if predictions.presence is None else predictions.presence
    return np.where(predictions.missing, 0.0, stated)


def with_presence(predictions: Predictions) -> Predictions:
    """Predictions with presence in the place of confidence.

    Raises:
        PosebenchError: they state no presence.
    """
    if predictions.presence is None:
        raise PosebenchError(
            "coco-presence needs the probability of presence of each keypoint, and these predictions state no presence. "
            "Write /presence into the file (docs/predictions.md), or export coco-json."
        )
    return replace(predictions, scores=predictions.presence)


def windows(bbox: Array) -> Array:
    """(G, 4) left, top, right and bottom of what a network sees of (G, 4) boxes. In single precision, as exococotools."""
    with np.errstate(over="ignore"):  # of absurd boxes
        low, size = bbox[:, :2], (bbox[:, :2] + bbox[:, 2:]) - bbox[:, :2]
        width, height = np.where(size == 0, 1, size).T
        is_wide = width / height > ASPECT
        sides = size.astype(np.float32)
        sides[is_wide, 1] = (width / ASPECT)[is_wide]
        sides[~is_wide, 0] = (height * ASPECT)[~is_wide]
        sides *= np.float32(PADDING)
        center = low + size / 2
        return np.column_stack([center - sides / 2, center + sides / 2])


class WindowTargets(Targets):
    """Where the keypoints of people are, inside or outside of their windows."""

    def __init__(self, people: People, outside: Array, present: Array) -> None:
        """Targets of people.

        Args:
            outside: (G, K) bool, keypoints of people. present: (D, K) bool, keypoints of detections that are predicted inside.
        """
        super().__init__(people)
        seen = windows(people.bbox)
        self.low, self.high = as_complex(seen[:, :2])[:, None], as_complex(seen[:, 2:])[:, None]
        self.outside, self.present = outside, present

    def squares(self, poses: Array, detection: Array, person: Array, to_box: bool) -> Array:
        """(P, K) squared distances, as the module has them."""
        apart = super().squares(poses, detection, person, to_box)
        if to_box:
            return apart
        outside, present = self.outside[person], self.present[detection]
        low, high = self.low[person], self.high[person]
        of_prediction = _to_border(poses[detection], low, high)
        of_annotation = _to_border(self.at[person], low, high)
        return np.select(
            [outside & present, ~outside & ~present, outside], [of_prediction, of_annotation, np.zeros(1)], apart
        )


def _to_border(points: Array, low: Array, high: Array) -> Array:
    """(P, K) squared distances of points to the border of the window from `low` to `high`, (P, 1), as complex numbers."""
    below, above = points - low, high - points
    squares: Array = np.minimum(below.real, above.real) ** 2 + np.minimum(below.imag, above.imag) ** 2
    return squares


@dataclass(frozen=True, eq=False)
class ExtendedOKS:
    """People and detections as exococotools compares them.

    Attributes:
        detections: D of them. present: (D, K) bool, keypoints that are predicted inside.
        visibility: (G, K) of the people. sigmas: (K,). images: their number.
    """

    detections: Detections
    present: Array
    visibility: Array
    sigmas: Array
    images: int

    def match(self, people: People) -> Matches:
        """Match detections to people by Ex-OKS of the keypoints that are labelled."""
        found = match(self.detections, people, self.sigmas, self.images, self.similar(people))
        nobody = (found.people == 0)[:, found.image]
        everywhere = (1 << len(THRESHOLDS)) - 1
        return replace(found, ignored=np.where(nobody, np.array(everywhere, found.ignored.dtype), found.ignored))

    def similar(self, people: People) -> Similarity:
        """The Ex-OKS of detections with people."""
        targets = WindowTargets(people, self.visibility == OUTSIDE, self.present)

        def of_pairs(detection: Array, person: Array) -> Array:
            return similarity(self.detections.keypoints, people, detection, person, self.sigmas, targets)

        return of_pairs

    def of_levels(self, people: People, weights: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """AP of the keypoints of each visibility, and the same on resamples of the images.

        Args:
            weights: (R, images) how often each image counts.
        """
        found, resamples = {}, {}
        for name, level in LEVELS.items():
            matches = self.match(of_labelled(people, self.visibility == level))
            found[f"AP {name}"] = metrics(*precision_recall(matches))["AP"]
            resamples[f"AP {name}"] = resampled(matches, weights)["AP"]
        return found, resamples


def counting_crowds(people: People) -> People:
    """People as exococotools takes them: everyone with a labelled keypoint counts, also a crowd."""
    return of_labelled(people, people.labelled)


def of_labelled(people: People, labelled: Array) -> People:
    """People of whom the keypoints `labelled` (G, K) count; who has none is ignored."""
    return replace(people, labelled=labelled, ignored=np.logical_not(np.any(labelled, axis=1)))


def of_predictions(made: Predictions, detections: Detections, people: Instances, sigmas: Array) -> ExtendedOKS:
    """What Ex-OKS compares.

    Args:
        made: the predictions of which `detections` were made.
    """
    present = presence(made)[are_detections(made)] >= PRESENT
    return ExtendedOKS(detections, present, people.visibility, sigmas, len(people.images))


def notes(predictions: Predictions, people: Instances, extended: bool) -> tuple[str, ...]:
    """Sentences on keypoints outside the image, where there are some or the convention is about them.

    Args:
        extended: the convention is Ex-OKS.
    """
    outside, labelled = int((people.visibility == OUTSIDE).sum()), int((people.visibility > UNLABELLED).sum())
    are_outside = f"{outside:,} of {labelled:,} labelled keypoints are outside the image"
    told = []
    if extended:
        told.append(f"{are_outside}.")
    elif outside:
        told.append(
            f"{are_outside}; they count as the others do, as in pycocotools. The convention ex-oks judges them otherwise."
        )
    if extended and predictions.presence is None:
        told.append(
            f"The predictions state no presence, so a keypoint with a confidence below {PRESENT} counts as predicted outside "
            "the image, as in exococotools."
        )
    return tuple(told)
