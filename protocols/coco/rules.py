"""COCO keypoints: average precision over OKS.

Goal: find the people of an image and their 17 keypoints; a detection is correct if its object keypoint similarity to
a person who is not yet found is at least a threshold, 0.50 to 0.95.

Papers: Lin et al., "Microsoft COCO" (ECCV 2014); Ronchi, Perona, "Benchmarking and Error Diagnosis in Multi-Instance
Pose Estimation" (ICCV 2017).

Conventions:
    official: pycocotools 2.0.11 on the scores as they are. oks_matching has its rules. A detection's area is the extent of
        its keypoints, or its box's area where the results carry boxes (judged by the first result, as loadRes does).
    hrnet, hrnet-soft, mmpose: the evaluators of top-down networks, which first rescore and suppress; see conventions.

Files: `person_keypoints_<split>2017.json`, result files and detectors' boxes in COCO's form. A dataset in the same form with
other keypoints is described by a file: `coco:crowd.toml`, see custom_dataset.
"""

import json
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, is_predictions
from posebench.errors import PosebenchError, counted, existing, unknown
from posebench.files.arrays import array_names
from posebench.files.writing import write_text
from posebench.plugins.protocol import Protocol
from posebench.scoring import average_precision, oks_matching, oks_similarity
from posebench.scoring.average_precision import Matches
from posebench.scoring.bootstrap import Sampling, image_weights
from posebench.scoring.compared import Compared
from posebench.scoring.scores import Curve, Scores

from . import extended_oks, partial_detections
from .annotations import COCO_FORM, DOWNLOAD, SKELETON, find_annotations, read_annotations
from .chosen_keypoints import of_chosen
from .compared import compare
from .conventions import CONVENTIONS, COCOConvention, assumptions, notes, processed
from .detections import read_results
from .detector_boxes import read_boxes
from .evaluator_input import Evaluated, best_similarity, detections_of, id_notes, people_of
from .known_split import PEOPLE, small_sample
from .result_form import results_of

SIGMAS = np.array([.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89]) / 10  # fmt: skip
"""OKS constants of the 17 keypoints (pycocotools, cocoeval.py, Params.setKpParams)."""

PRESENCE_FORM = "coco-presence"


class Matched(NamedTuple):
    """Detections and people as the evaluator has them, their matches, and their similarity, which Ex-OKS extends."""

    detections: oks_matching.Detections
    people: oks_similarity.People
    matches: Matches
    similar: oks_matching.Similarity
    extended: extended_oks.ExtendedOKS | None


class COCO(Protocol):
    """COCO keypoints: OKS AP. A TOML file after a colon describes a dataset in COCO's form."""

    name = "coco"
    version = 1
    skeleton = SKELETON
    headline = "AP"
    unit = ""
    conventions: ClassVar[dict[str, COCOConvention]] = CONVENTIONS
    exports: ClassVar[dict[str, str]] = {
        "coco-json": "COCO's result form, for pycocotools and the evaluation server",
        PRESENCE_FORM: "the same with presence in the place of confidence, for exococotools",
    }

    def __init__(self, variant: str | None = None) -> None:
        """COCO itself, or the dataset in its form that the file `variant` describes.

        Raises:
            PosebenchError: the file is missing or wrong.
        """
        self.sigmas: Array = SIGMAS
        self.form = COCO_FORM
        self.described = None
        self.chosen: tuple[int, ...] | None = None
        self.known_counts, self.download = PEOPLE, DOWNLOAD
        self.counts_stored = False  # xtcocotools' keypoints_crowd, by which CrowdPose is scored, does not recount
        if variant is not None:
            from .custom_dataset import load

            self.described = described = load(variant, SIGMAS)
            self.known_counts, self.download = {}, ""
            self.name, self.skeleton, self.sigmas = f"coco:{described.name}", described.skeleton, described.sigmas
            self.form = described.form
            self.counts_stored = described.box_area is not None
            self.splits = tuple(described.files)
            others = [split for split in self.splits if split != self.train_split] or list(self.splits)
            self.report_split = "val" if "val" in others else others[0]

    def instances(self, root: Path, split: str) -> Instances:
        """Read `annotations/person_keypoints_<split>2017.json` below `root`, or what a description names; or the file `root`."""
        self.check_split(split)
        if self.described is not None:
            return self.described.read(root, split)
        return read_annotations(find_annotations(root, split), split)

    def detected(self, instances: Instances, path: Path, threshold: float) -> Instances:
        """Read the people whom a detector found: a list of {image_id, category_id, bbox, score}."""
        return read_boxes(path, instances, threshold)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read posebench's own file, a table of keypoints, or a COCO results JSON."""
        if not is_predictions(existing(path, "a predictions file")) and path.suffix in (".mat", ".h5"):
            array_names(path)  # a damaged file is said to be damaged, not another protocol's
            raise PosebenchError(
                f"{path} is not a file of COCO predictions: {self.name} reads posebench's own .h5, results in .json, .npz and "
                ".csv. Was it written for mpii or flic?"
            )
        if path.suffix != ".json":
            return super().read_predictions(path, instances)
        return read_results(path, instances, self.form)

    def convention(self, name: str | None = None) -> COCOConvention:
        """The convention of that name; without a name the first one. See `Protocol.convention`."""
        return self.conventions[super().convention(name).name]

    def processed(self, predictions: Predictions, convention: str) -> Predictions:
        """Predictions as the convention's evaluator scores them: rescored and without people found twice, if it does so."""
        return processed(predictions, self.convention(convention), self.sigmas)

    def assumptions(self, predictions: Predictions, convention: str) -> tuple[str, ...]:
        """Sentences on the network's aspect ratio, boxes and box scores, if the predictions do not state them."""
        return assumptions(predictions, self.convention(convention))

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score OKS AP and AR. `instances` need `id`, `area`, `iscrowd`, `num_keypoints` and boxes."""
        chosen = self.convention(convention)
        evaluated = self._evaluated(predictions, instances, chosen)
        scores, people = self._scored(evaluated, chosen)
        return replace(
            scores,
            notes=(
                *small_sample(len(instances.images), self.name),
                *partial_detections.notes(evaluated.given, evaluated.made.bbox is not None),
                *notes(evaluated.given, evaluated.made, chosen),
                *extended_oks.notes(evaluated.given, evaluated.people, chosen.extended),
                *id_notes(people),
                *(() if self.described is None else (self.described.origin,)),
            ),
        )

    def on_keypoints(self, names: tuple[str, ...]) -> "COCO":
        """The protocol of a dataset in which only the named keypoints are annotated. See `Protocol.on_keypoints`."""
        restricted = copy(self)
        restricted.chosen = tuple(self.skeleton.index(*names))
        restricted.sigmas = self.sigmas[list(restricted.chosen)]
        return restricted

    def compared(self, predictions: Predictions, instances: Instances, convention: str) -> Compared:
        """Detections paired with the people that they find. See `Protocol.compared`."""
        chosen = self.convention(convention)
        if chosen.extended:
            raise PosebenchError(
                f"{chosen.name} cannot be diagnosed, because its similarity is not of distances alone. Use --convention official."
            )
        evaluated = self._evaluated(predictions, instances, chosen)
        made, people = evaluated.made, evaluated.people
        return compare(
            made, people, detections_of(made, people), self._people(people, chosen), evaluated.sigmas,
            lambda again, sigmas: self._scored(evaluated._replace(made=again, sigmas=sigmas), chosen)[0],
        )  # fmt: skip

    def _evaluated(self, predictions: Predictions, instances: Instances, chosen: COCOConvention) -> Evaluated:
        """What the convention's evaluator takes of predictions and people."""
        given, people = of_chosen(self.chosen, predictions, instances)
        return Evaluated(given, processed(given, chosen, self.sigmas), people, self.sigmas)

    def _people(self, instances: Instances, chosen: COCOConvention) -> oks_similarity.People:
        recounted = chosen.recounted and not self.counts_stored
        people = people_of(instances, recounted=recounted, any_id=chosen.any_id)
        return extended_oks.counting_crowds(people) if chosen.extended else people

    def _metrics(
        self, matches: Matches, instances: Instances, table: tuple[Array, Array]
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """Metric → its value, and → (RESAMPLES,) its value on every resample of the images; NaN without a person to find.

        Args:
            table: precision and recall of `matches`.
        """
        weights = image_weights(len(instances.images))[1:]
        return average_precision.metrics(*table), average_precision.resampled(matches, weights)

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """AP and AR of people of any size at some of the rule's ten OKS thresholds.

        Raises:
            PosebenchError: a threshold is none of these.
        """
        chosen, own = self.convention(convention), average_precision.THRESHOLDS
        places = np.abs(own[:, None] - thresholds).argmin(axis=0)
        if not np.allclose(own[places], thresholds, rtol=0, atol=1e-9):
            raise PosebenchError(
                f"The OKS thresholds of {self.name} are part of its rule: {own[0]:.2f} to {own[-1]:.2f} in steps of 0.05. "
                "Choose among these, such as --thresholds 0.5:0.95:0.05."
            )
        matches = self._matched(self._evaluated(predictions, instances, chosen), chosen).matches
        precision, recall = average_precision.precision_recall(matches)
        every = average_precision.over_thresholds(precision), average_precision.recall_over_thresholds(recall)
        return tuple(curve.at(places.tolist()) for curve in every)

    def _matched(self, evaluated: Evaluated, chosen: COCOConvention) -> Matched:
        """Detections matched with people by the convention's similarity."""
        instances, sigmas = evaluated.people, evaluated.sigmas
        detections, people = detections_of(evaluated.made, instances), self._people(instances, chosen)
        if not chosen.extended:
            matches = oks_matching.match(detections, people, sigmas, len(instances.images))
            return Matched(detections, people, matches, oks_matching.of_oks(detections, people, sigmas), None)
        extended = extended_oks.of_predictions(evaluated.made, detections, instances, sigmas)
        return Matched(detections, people, extended.match(people), extended.similar(people), extended)

    def _scored(self, evaluated: Evaluated, chosen: COCOConvention) -> tuple[Scores, oks_similarity.People]:
        """Scores without notes, and the people that detections were matched with."""
        instances, count = evaluated.people, len(evaluated.people.images)
        detections, people, matches, similar, extended = self._matched(evaluated, chosen)
        precision, recall = average_precision.precision_recall(matches)
        metrics, resampled = self._metrics(matches, instances, (precision, recall))
        if extended:
            of_levels = extended.of_levels(people, image_weights(count)[1:])
            metrics, resampled = metrics | of_levels[0], resampled | of_levels[1]
        scores = Scores(
            metrics=metrics,
            resampled=resampled,
            curves=(average_precision.over_thresholds(precision),),
            people=int((~people.ignored).sum()),
            images=count,
            sampling=Sampling(count, largest=1),
            per_person_values=lambda: best_similarity(detections, people, instances, similar),
            per_person_metric=f"the best {'Ex-OKS' if extended else 'OKS'} of any detection with the person",
        )
        return scores, people

    def export(self, form: str, predictions: Predictions, instances: Instances, path: Path) -> list[str]:
        """Write COCO's result form: what `read_predictions` reads back to the same score under official."""
        if form not in self.exports:
            raise unknown(f"export of {self.name}", form, self.exports)
        if form == PRESENCE_FORM:
            predictions = extended_oks.with_presence(predictions)
        written = results_of(predictions, instances, self.form)
        write_text(path, json.dumps(written))
        return [
            f"{counted(len(written), 'detection', 'detections')} of {self.name}.",
            *partial_detections.export_notes(predictions),
        ]
