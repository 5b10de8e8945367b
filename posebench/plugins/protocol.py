"""Protocol: where instances come from, and how predictions on them are scored. One of the two kinds of plugin."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.matching import person_first
from posebench.data.predictions import Predictions
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing, unknown
from posebench.files.arrays import load_array
from posebench.scoring.scores import Curve, Scores

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
        self.convention(convention)
        return predictions

    def assumptions(self, predictions: Predictions, convention: str) -> tuple[str, ...]:
        """Sentences on what `processed` has to assume of predictions that do not state it."""
        return ()

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
        arrays = load_array(path)
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

    def convention(self, name: str | None = None) -> Convention:
        """The convention of that name; without a name the first one, the official evaluator's.

        Raises:
            PosebenchError: there is none of that name.
        """
        if name is None:
            return next(iter(self.conventions.values()))
        if name not in self.conventions:
            raise unknown(f"convention of {self.name}", name, self.conventions)
        return self.conventions[name]

    def check_split(self, split: str) -> None:
        """Raise a sentence unless `split` is one of `splits`."""
        if split not in self.splits:
            raise unknown(f"split of {self.name}", split, self.splits)
