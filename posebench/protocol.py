"""Protocol: where instances come from, and how predictions on them are scored. One of the two kinds of plugin."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench import predictions as files
from posebench import uncertainty
from posebench.errors import PosebenchError, counted, existing, unknown
from posebench.instances import Instances
from posebench.predictions import Predictions
from posebench.skeleton import Skeleton

Array = NDArray[Any]


@dataclass(frozen=True)
class Convention:
    """One published way to turn the same predictions into numbers."""

    name: str
    rule: str
    """The rule in one sentence: operator, joints, mean."""
    source: str
    """Who computes it so: evaluator and version."""
    published_by: str = ""
    """Whose numbers are by it, for a reader who holds a paper."""
    difference: str = ""
    """Why its numbers differ from the first convention's, in a sentence."""


@dataclass(frozen=True)
class Curve:
    """A score over a threshold, such as PCKh from 0 to 0.5; `axis` says what the threshold is a part of."""

    label: str
    axis: str
    thresholds: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Slice:
    """The headline on a part of the keypoints or people, such as the occluded ones or those who dance.

    Attributes:
        by: what was sliced by, such as `visibility`. name: the part, such as `occluded`.
        value: the headline's rule on this part alone.
        resampled: (RESAMPLES,) the same on resamples of the images.
        people, keypoints: how many are in it.
    """

    by: str
    name: str
    value: float
    resampled: Array = field(compare=False)
    people: int
    keypoints: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where 95 % of the resamples are; None where some resample has none of this part."""
        return uncertainty.intervals({"": self.resampled}).get("")


@dataclass(frozen=True)
class Ceiling:
    """What the dataset's own annotators reach against each other: nothing above it is known to be better.

    Attributes:
        what: a sentence on what was compared with what.
        metrics: name → value, as in `Scores.metrics`; those that are known.
        curves: with the labels of `Scores.curves`.
    """

    what: str
    metrics: Mapping[str, float]
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Scores:
    """What a protocol says of a predictions file.

    Attributes:
        metrics: name → value, in the order of the field's tables; PCK in percent, OKS AP as a fraction.
        resampled: name → (RESAMPLES,) the same on resamples of the images (posebench.uncertainty); equal images are
            resampled alike, so that the difference of two runs can be taken resample by resample.
        per_joint: keypoint name → value, where the protocol scores keypoints one by one. NaN: not predicted.
        per_joint_resampled: as `resampled`.
        per_joint_metric: what those values are, such as `PCKh@0.5`.
        curves: scores over thresholds.
        slices: the headline on parts of the data.
        ceiling: what the dataset's annotators reach against each other, where that is known.
        people, images: how many were scored.
        notes: everything that was left out or treated specially, as sentences.
        per_person: (N,) one number per instance, larger is better, NaN where it has none: for picking the
            best and worst cases. It is not kept in the record.
        per_person_metric: what that number is.
    """

    metrics: Mapping[str, float]
    resampled: Mapping[str, Array] = field(default_factory=dict, compare=False)
    per_joint: Mapping[str, float] = field(default_factory=dict)
    per_joint_resampled: Mapping[str, Array] = field(default_factory=dict, compare=False)
    per_joint_metric: str = ""
    curves: tuple[Curve, ...] = ()
    slices: tuple[Slice, ...] = ()
    ceiling: Ceiling | None = None
    people: int = 0
    images: int = 0
    notes: tuple[str, ...] = ()
    per_person: Array = field(default_factory=lambda: np.zeros(0), compare=False)
    per_person_metric: str = ""

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Metric → (low, high), where 95 % of its resamples are; those that are known."""
        return uncertainty.intervals(self.resampled)

    @property
    def per_joint_intervals(self) -> dict[str, tuple[float, float]]:
        """As `intervals`, by keypoint."""
        return uncertainty.intervals(self.per_joint_resampled)


class Protocol(ABC):
    """A dataset and its scoring rules.

    Attributes, of the class unless a variant has its own:
        name: as typed after `--protocol`.
        version: raised whenever a number could change; part of every record.
        skeleton: the keypoints that are scored.
        headline: the metric that ranks.
        unit: `%` where metrics are percentages, empty where they are fractions.
        conventions: the published rules by name; the first is the official evaluator's.
        splits: names of the splits, as the dataset's community says them.
        report_split: the split that published numbers are about.
        train_split: the split to train on.
        exports: forms that `export` writes: name → what it is for. The name begins with the protocol's: `mpii-mat`.
        first_pixel: what the dataset's own files call the first pixel: 0, or 1 for MATLAB.
    """

    name: str
    version: int
    skeleton: Skeleton
    headline: str
    unit: ClassVar[str] = "%"
    conventions: ClassVar[Mapping[str, Convention]]
    splits: tuple[str, ...] = ("train", "val")
    report_split: str = "val"
    train_split: ClassVar[str] = "train"
    exports: ClassVar[Mapping[str, str]] = {}
    first_pixel: ClassVar[int] = 0

    def annotations(self, root: Path, split: str, convention: str) -> Path:
        """What `instances` should read for a convention: evaluators differ in the ground truth file that they use.

        Args:
            root: the dataset's folder, or one of its annotation files (which then is the answer).
        """
        return root  # a protocol with one form of ground truth has nothing to choose

    @abstractmethod
    def instances(self, root: Path, split: str) -> Instances:
        """Read the dataset's official files.

        Args:
            root: the dataset's folder, or one of its annotation files.
            split: one of `splits`.

        Raises:
            PosebenchError: a file is missing (says which, and where it comes from) or is not what it should be.
        """

    def detected(self, instances: Instances, path: Path, threshold: float) -> Instances:
        """People whom a detector found in the images of `instances`, to be predicted instead of the annotated ones.

        Args:
            path: the detector's boxes, in the dataset's own form.
            threshold: boxes of a lower score are left out.

        Returns:
            Instances with `measures["box_score"]` and a `box_source` of their own; nothing of them is labelled.

        Raises:
            PosebenchError: this protocol asks about annotated people, or the file is not what it should be.
        """
        raise PosebenchError(f"{self.name} asks about annotated people, so it takes no --boxes.")

    def processed(self, predictions: Predictions, convention: str) -> Predictions:
        """Predictions as a convention's evaluator hands them to its matching, such as rescored and rid of duplicates.

        Raises:
            PosebenchError: the convention is unknown, or the predictions lack what it needs.
        """
        self.check_convention(convention)
        return predictions

    @abstractmethod
    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score predictions under a convention of `conventions`.

        Raises:
            PosebenchError: the predictions are of other people or another skeleton.
        """

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read posebench's own file, or `preds` in `.h5`/`.mat`: (N, K, 2) or (2, K, N), the dataset's own pixels.

        Raises:
            PosebenchError: the file is missing, damaged, or about other people.
        """
        existing(path, "a predictions file")
        if files.is_predictions(path):
            return files.load(path)
        if path.suffix == ".json":
            raise PosebenchError(f"{path} is JSON, but {self.name} reads .h5 and .mat. Was it written for coco?")
        arrays = files.load_array(path)
        if "preds" not in arrays:
            raise PosebenchError(
                f"{path} has no 'preds', so it is no prediction file of {self.name}; it has {', '.join(arrays) or 'nothing'}. "
                "Is it an annotation, or another protocol's?"
            )
        keypoints = person_first(arrays["preds"], path)
        self.check_count(keypoints, instances, path)
        return self.named(path, instances, keypoints - self.first_pixel)

    def named(self, path: Path, instances: Instances, keypoints: Array, missing: Array | None = None) -> Predictions:
        """Predictions in the order of `instances`, with errors that name the file."""
        if missing is None:
            missing = np.zeros(keypoints.shape[:2], bool)
        try:
            return files.for_instances(instances, keypoints, missing=missing)
        except PosebenchError as error:
            raise PosebenchError(f"{path}: {error}") from error

    def check_count(self, keypoints: Array, instances: Instances, path: Path) -> None:
        """Raise a sentence unless `keypoints` is (N, K, 2) for the N people of `instances`."""
        n, k = keypoints.shape[:2]
        if k != len(self.skeleton):
            raise PosebenchError(
                f"{path}: keypoints are (N, {k}, 2), but {self.name} has {len(self.skeleton)}. "
                "Was this file written for another protocol?"
            )
        if n != len(instances):
            raise PosebenchError(
                f"{path} has {n:,} people, but {instances.what} has {len(instances):,}. "
                + ("Add --data with the people it is about." if instances.embedded else
                   "A file without names must hold every person, in the annotation file's order.")
            )  # fmt: skip

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """Scores over thresholds of one's own choice, (T,) ascending.

        Raises:
            PosebenchError: this protocol's thresholds are part of its rule; or as `score`.
        """
        raise PosebenchError(f"The thresholds of {self.name} are part of its rule, so none can be chosen.")

    def export(self, form: str, predictions: Predictions, instances: Instances, path: Path) -> list[str]:
        """Write predictions in one of `exports`, the forms that others' evaluators and servers take.

        Returns:
            sentences on what was written and what a reader should know of it.

        Raises:
            PosebenchError: the form is unknown, or the predictions lack what it asks for.
        """
        raise unknown(f"export of {self.name}", form, self.exports)

    def check_convention(self, convention: str) -> Convention:
        """The convention of that name.

        Raises:
            PosebenchError: there is none.
        """
        if convention not in self.conventions:
            raise unknown(f"convention of {self.name}", convention, self.conventions)
        return self.conventions[convention]

    def check_split(self, split: str) -> None:
        """Raise a sentence unless `split` is one of `splits`."""
        if split not in self.splits:
            raise unknown(f"split of {self.name}", split, self.splits)


def person_first(array: Array, path: Path) -> Array:
    """(N, K, 2) float from (N, K, 2) or MATLAB's (2, K, N).

    Raises:
        PosebenchError: it is neither.
    """
    if array.ndim == 3 and array.dtype.kind in "fiu":
        if array.shape[2] == 2:
            return array.astype(float)
        if array.shape[0] == 2:
            return array.transpose(2, 1, 0).astype(float)
    raise PosebenchError(
        f"{path}: keypoints are {array.shape} {array.dtype}, but should be (N, K, 2) or (2, K, N) numbers."
    )


def align(predictions: Predictions, instances: Instances) -> tuple[Array, Array]:
    """Predictions in the order of `instances`, matched by image name and person, for protocols of one guess per person.

    Returns:
        rows (N,) of `predictions`, and missing (N, K): True where nothing was predicted.

    Raises:
        PosebenchError: another skeleton, a person without a prediction, with two, or who does not exist.
    """
    if predictions.keypoint_names != instances.skeleton.keypoints:
        raise PosebenchError(
            f"The predictions are of {len(predictions.keypoint_names)} keypoints ({', '.join(predictions.keypoint_names[:3])}, …), "
            f"but {instances.what} has {len(instances.skeleton)} ({', '.join(instances.skeleton.keypoints[:3])}, …). "
            "Was this file written for another protocol?"
        )
    if predictions.dataset and (predictions.dataset, predictions.split) != (instances.dataset, instances.split):
        raise PosebenchError(
            f"The predictions are of {predictions.dataset} {predictions.split}, the annotations of {instances.what}."
        )
    rows: dict[tuple[str, int], int] = {}
    for row, (image, person) in enumerate(zip(predictions.image.tolist(), predictions.person.tolist(), strict=True)):
        key = predictions.images[image], person
        if key in rows:
            raise PosebenchError(f"The predictions have {key[0]}, person {key[1]}, twice: rows {rows[key]} and {row}.")
        rows[key] = row
    asked = [(instances.images[i], p) for i, p in zip(instances.image.tolist(), instances.person.tolist(), strict=True)]
    # Of somebody without a labelled keypoint nothing is asked, so nothing can be missing.
    lacking = [row for row, key in enumerate(asked) if key not in rows and instances.usable[row]]
    if lacking:
        raise PosebenchError(
            f"The predictions have {len(asked) - len(lacking):,} of the {len(asked):,} people of {instances.what}; "
            f"the first missing is {instances.describe(lacking[0])}."
        )
    strange = list(rows.keys() - set(asked))
    if strange:
        raise PosebenchError(
            f"The predictions have {len(strange):,} people whom {instances.what} does not have; "
            f"the first is {min(strange)[0]}, person {min(strange)[1]}. Does --data name the data it was predicted on?"
        )
    order = np.array([rows.get(key, 0) for key in asked], dtype=np.int64)
    absent = np.array([key not in rows for key in asked], dtype=bool)
    return order, predictions.missing[order] | absent[:, None]


def missing_notes(predictions: Predictions) -> tuple[str, ...]:
    """Sentences on what the predictions declare missing: keypoints nobody has, and people without any."""
    notes = []
    if not len(predictions):
        return ("There is not one prediction.",)
    absent = np.atleast_1d(predictions.missing.all(axis=0))
    if absent.any() and not absent.all():
        names = [name for name, gone in zip(predictions.keypoint_names, absent, strict=True) if gone]
        notes.append(f"Not predicted, so not scored: {', '.join(names)}.")
    lost = (predictions.missing | absent).all(axis=1)
    if lost.any():
        first = predictions.images[predictions.image[int(lost.argmax())]]
        lost_people = counted(int(lost.sum()), "person has", "people have")
        notes.append(f"{lost_people} no prediction and counted as missed; the first is in {first}.")
    return tuple(notes)
