"""Protocol: where instances come from, and how predictions on them are scored. One of the two kinds of plugin."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar

from posebench.array_type import Array
from posebench.data import prediction_tables
from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing, unknown
from posebench.files.arrays import is_hdf5
from posebench.scoring.compared import Compared
from posebench.scoring.scores import Curve, Scores


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
    _: KW_ONLY
    ground_truth: str = ""
    """Form of the annotation file that its evaluator uses, as in `Source.form`; empty for the dataset's most exact one."""
    ground_truth_difference: str = ""
    """Why numbers on that file differ, in a sentence."""

    def reason(self, form: str) -> str:
        """Why its numbers on a ground truth of that form differ from the first convention's, in sentences."""
        of_file = self.ground_truth_difference if form == self.ground_truth else ""
        return f"{of_file} {self.difference}".strip()


@dataclass(frozen=True)
class RunSplits:
    """The splits that a run trains on and scores.

    Attributes:
        train, report: names of splits. note: why they are not the protocol's usual ones, as a sentence; empty where they are.
        select: the split whose score chooses a run's best checkpoint; empty to hold out a part of the training people.
    """

    train: str
    report: str
    note: str = ""
    select: str = ""


class Protocol(ABC):
    """A dataset and its scoring rules.

    Attributes, of the class unless a variant has its own:
        name: as typed after `--protocol`.
        version: raised whenever a number could change; part of every record.
        skeleton: the keypoints that are scored.
        headline: the metric that ranks; `Scores.headline` may name another one for some predictions.
        unit: `%` where metrics are percentages, empty where they are fractions.
        conventions: the published rules by name; the first is the official evaluator's.
        splits: names of the splits, as the dataset's community says them.
        report_split: the split that published numbers are about.
        train_split: the split to train on.
        exports: forms that `export` writes: name → what it is for. The name begins with the protocol's: `mpii-mat`.
        known_counts: split → the number of its usable people in the whole dataset, where that is known.
        download: where annotations and photographs come from and belong, as sentences; empty where that is not known.
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
    known_counts: Mapping[str, int] = {}
    download: str = ""

    def run_splits(self, root: Path | None) -> RunSplits:
        """The splits to train on and to score where none is named, by the photographs that are there.

        Args:
            root: the dataset's folder; None for synthetic people.
        """
        return RunSplits(self.train_split, self.report_split)

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

    def on_keypoints(self, names: tuple[str, ...]) -> "Protocol":
        """This protocol, by whose rules some keypoints alone are scored: as if the dataset had no others.

        Args:
            names: keypoints of `skeleton`, in its order, not all of them.

        Returns:
            a protocol that takes the same people and predictions, and scores the named keypoints.

        Raises:
            PosebenchError: this protocol cannot.
        """
        raise PosebenchError(
            f"{self.name} cannot be scored on some of its keypoints. Its author can add the method on_keypoints."
        )

    def on_skeleton(self, skeleton: Skeleton) -> "Protocol":
        """This protocol, to read predictions of other keypoints by it; it cannot score them."""
        other = copy(self)
        other.skeleton = skeleton
        return other

    def compared(self, predictions: Predictions, instances: Instances, convention: str) -> Compared:
        """Each person beside the prediction that is compared with it, and how near is right: what a diagnosis is made of.

        Raises:
            PosebenchError: this protocol does not say how near is right; or as `score`.
        """
        raise PosebenchError(
            f"{self.name} cannot be diagnosed, because it does not say how near to an annotation is right. "
            "Its author can add the method compared (docs/diagnosis.md)."
        )

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read posebench's own file, or a table of keypoints (.npz, .csv; see posebench.data.prediction_tables).

        Raises:
            PosebenchError: the file is missing, damaged, of another form, or of other people.
        """
        if path.suffix in prediction_tables.SUFFIXES:
            return prediction_tables.load(existing(path, "a predictions file"), instances, self.known_counts)
        return files.load(path)

    def read_unannotated(self, path: Path) -> Predictions:
        """Read posebench's own file, or results that name their images themselves, without the annotation.

        Raises:
            PosebenchError: the file is missing, damaged, or of a form that needs the annotation.
        """
        if is_hdf5(existing(path, "a predictions file")):
            return files.load(path)
        raise PosebenchError(
            f"{path} is no predictions file of posebench (.h5), and {self.name} reads no other form of results without its "
            "annotation."
        )

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
