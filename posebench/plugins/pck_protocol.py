"""What protocols of one guess per person share: conventions that are PCK rules, and the prediction files of the field."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data import prediction_tables
from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.matching import person_first, split_of_size
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, existing
from posebench.files import json_kind
from posebench.files.arrays import load_array
from posebench.plugins.protocol import Convention, Protocol
from posebench.scoring.compared import Compared, by_pck
from posebench.scoring.pck import PCK


@dataclass(frozen=True, kw_only=True)
class PCKConvention(Convention):
    """A published rule that is a PCK.

    Attributes:
        pck: the rule as a computation.
        person_centric: left and right are the person's own, where the dataset's are an observer's.
    """

    pck: PCK
    person_centric: bool = False


class PCKProtocol(Protocol):
    """A protocol of one guess per person.

    Attributes:
        conventions: PCK rules.
        first_pixel: what the dataset's own files call the first pixel: 0, or 1 for MATLAB.
    """

    conventions: ClassVar[Mapping[str, PCKConvention]]
    first_pixel: ClassVar[int] = 0

    def convention(self, name: str | None = None) -> PCKConvention:
        """As `Protocol.convention`."""
        return self.conventions[super().convention(name).name]

    def measured_by(self, instances: Instances, convention: str) -> tuple[Instances, PCK]:
        """The people with a convention's labels, and the rule with its lengths: what its scores are computed from.

        Raises:
            PosebenchError: the annotation lacks them.
        """
        return instances, self.convention(convention).pck

    def on_keypoints(self, names: tuple[str, ...]) -> "PCKProtocol":
        """The protocol whose rules count the named keypoints alone. See `Protocol.on_keypoints`."""
        chosen = tuple(self.skeleton.index(*names))
        restricted = copy(self)
        conventions = {
            name: replace(convention, pck=replace(convention.pck, chosen=chosen))
            for name, convention in self.conventions.items()
        }
        vars(restricted)["conventions"] = conventions  # of this object, not of the class
        return restricted

    def compared(self, predictions: Predictions, instances: Instances, convention: str) -> Compared:
        """Each person beside the guess. See `Protocol.compared`."""
        people, rule = self.measured_by(instances, convention)
        return by_pck(predictions, people, rule, lambda again: self.score(again, instances, convention))

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """As every protocol; and `preds` in `.h5`/`.mat`: (N, K, 2) or (2, K, N), the dataset's own pixels.

        Raises:
            PosebenchError: the file is missing, damaged, or about other people.
        """
        existing(path, "a predictions file")
        if path.suffix in prediction_tables.SUFFIXES or files.is_predictions(path):
            return super().read_predictions(path, instances)
        if path.suffix == ".json":
            raise PosebenchError(
                f"{path} is JSON, but {self.name} reads .h5, .mat, .npz and .csv. {json_kind.guess(path)}".rstrip()
            )
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
                "Was this file written for another protocol? --mapping scores the keypoints that both have."
            )
        if n != len(instances):
            fix = "Add --data with the people it is about." if instances.synthetic else (
                split_of_size(n, instances, self.known_counts)
                or "A file without names must hold every person, in the annotation file's order."
            )  # fmt: skip
            raise PosebenchError(f"{path} has {n:,} people, but {instances.what} has {len(instances):,}. {fix}")
