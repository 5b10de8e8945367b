"""COCO keypoints: average precision over OKS.

Goal: find the people of an image and their 17 keypoints; a detection is right where its object keypoint similarity to
somebody not yet found is at least a threshold, 0.50 to 0.95.

Papers: Lin et al., "Microsoft COCO" (ECCV 2014); Ronchi, Perona, "Benchmarking and Error Diagnosis in Multi-Instance
Pose Estimation" (ICCV 2017).

Conventions:
    official: pycocotools 2.0.11. posebench.oks has its rules. A detection's area is the extent of its keypoints,
        or its box's area where the results carry boxes (judged by the first result, as loadRes does).

Files: `person_keypoints_<split>2017.json` and result files in COCO's form. Boxes are annotated ones.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench import oks
from posebench.errors import PosebenchError, counted, existing
from posebench.instances import Instances
from posebench.predictions import Predictions, is_predictions
from posebench.protocol import Convention, Curve, Protocol, Scores, missing_notes
from posebench.uncertainty import image_weights

from .coco_files import SKELETON, find_annotations, read_annotations, read_results

Array = NDArray[Any]

SIGMAS = np.array([.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89]) / 10  # fmt: skip
"""OKS constants of the 17 keypoints (pycocotools, cocoeval.py, Params.setKpParams)."""


class COCO(Protocol):
    """COCO keypoints, OKS AP."""

    name = "coco"
    version = 1
    skeleton = SKELETON
    headline = "AP"
    unit = ""
    conventions: ClassVar[dict[str, Convention]] = {
        "official": Convention(
            "official",
            "OKS AP, mean over thresholds 0.50:0.05:0.95 and 101 recalls; 20 detections an image.",
            "pycocotools 2.0.11",
        )
    }

    def instances(self, root: Path, split: str) -> Instances:
        """Read `annotations/person_keypoints_<split>2017.json` below `root`; or the file `root`."""
        self.check_split(split)
        return read_annotations(find_annotations(root, split), split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """posebench's own file, or a COCO results JSON."""
        if is_predictions(existing(path, "a predictions file")) or path.suffix in (".h5", ".mat"):
            return super().read_predictions(path, instances)
        return read_results(path, instances)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """OKS AP and AR. `instances` need `id`, `area`, `iscrowd`, `num_keypoints` and boxes."""
        self.check_convention(convention)
        detections = detections_of(predictions, instances)
        people = people_of(instances)
        matches = oks.match(detections, people, SIGMAS, len(instances.images))
        precision, recall = oks.precision_recall(matches)
        by_threshold = precision[0].mean(axis=1)
        return Scores(
            metrics=oks.summary(precision, recall),
            resampled=bootstrap(matches),
            curves=(Curve("AP", "OKS threshold", tuple(oks.THRESHOLDS.tolist()), tuple(by_threshold.tolist())),),
            people=int((~people.ignored).sum()),
            images=len(instances.images),
            notes=(*missing_notes(predictions), *id_notes(people)),
            per_person=best_similarity(detections, people, instances),
            per_person_metric="the best OKS of any detection with the person",
        )


def detections_of(predictions: Predictions, instances: Instances) -> oks.Detections:
    """Predictions as the evaluator takes them. A person who could not be predicted is no detection.

    Raises:
        PosebenchError: another skeleton, or an image that the annotation does not have.
    """
    if predictions.keypoint_names != SKELETON.keypoints:
        raise PosebenchError(
            f"keypoints are (N, {len(predictions.keypoint_names)}, 2), but coco has {len(SKELETON)} of its own names. "
            "Was this file written for another protocol?"
        )
    row_of = {name: row for row, name in enumerate(instances.images)}
    strange = sorted({predictions.images[i] for i in predictions.image.tolist()} - row_of.keys())
    if strange:
        raise PosebenchError(
            f"{counted(len(strange), 'predicted image is', 'predicted images are')} not in {instances.what}; "
            f"the first is {strange[0]}. Does --data name the data it was predicted on?"
        )
    image = np.array([row_of.get(name, -1) for name in predictions.images], np.int64)[predictions.image]
    kept = ~predictions.missing.any(axis=1) if predictions.missing.any() else slice(None)
    keypoints = predictions.keypoints[kept]
    with np.errstate(over="ignore"):  # an area beyond all numbers is large
        area = oks.extent(keypoints) if predictions.bbox is None else predictions.bbox[kept, 2:].prod(axis=1)
    return oks.Detections(image=image[kept], keypoints=keypoints, score=predictions.score[kept], area=area)


def people_of(instances: Instances) -> oks.People:
    """Annotations as the evaluator takes them: `num_keypoints`, as stored, decides who is ignored."""
    measures, bbox = instances.measures, instances.bbox
    crowd = measures["iscrowd"].astype(bool)
    return oks.People(
        image=instances.image, id=measures["id"], keypoints=instances.keypoints, labelled=instances.visibility > 0,
        area=measures["area"], bbox=np.zeros((len(instances), 4)) if bbox is None else bbox,
        crowd=crowd, ignored=crowd | (measures["num_keypoints"] == 0),
    )  # fmt: skip


def id_notes(people: oks.People) -> tuple[str, ...]:
    """A sentence on an annotation id of 0, which COCOeval takes for "not matched"."""
    if (people.id != 0).all():
        return ()
    return (
        "annotation id 0 is never counted as found, as in pycocotools: number annotations from 1 to have that person count.",
    )


def bootstrap(matches: oks.Matches) -> dict[str, Array]:
    """Metric → (RESAMPLES,) of every resample of the images, matched once; NaN where a resample has nobody to find."""
    return oks.resampled(matches, image_weights(matches.people.shape[1])[1:])


def best_similarity(detections: oks.Detections, people: oks.People, instances: Instances) -> Array:
    """(N,) the largest OKS that any detection reaches with each usable person; NaN for the others."""
    order = np.argsort(detections.image, kind="stable")
    person, detection = oks.pairs(people.image, detections.image[order], len(instances.images))
    value = oks.similarity(detections.keypoints[order[detection]], people, person, SIGMAS)
    best = np.zeros(len(instances))
    np.maximum.at(best, person, value)
    return np.where(instances.usable, best, np.nan)
