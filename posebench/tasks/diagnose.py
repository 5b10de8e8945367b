"""Diagnose: why a predictions file scores what it scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench.data.instances import Instances
from posebench.diagnosis.error_kinds import KINDS, NOT_COUNTED, ErrorKinds, error_kinds
from posebench.errors import counted
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.scoring.compared import Compared
from posebench.tasks.evaluate import Evaluation, evaluate, naming

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """Why a predictions file scores what it scores. Nothing of it is ranked.

    Attributes:
        evaluation: the scores of the file as it is.
        compared: which prediction was compared with each person, and which keypoints are right.
        errors: the kind of every error, and what repairs would add.
    """

    evaluation: Evaluation
    compared: Compared
    errors: ErrorKinds

    def __repr__(self) -> str:
        wrong = counted(sum(self.errors.counts[1:]), "wrong keypoint", "wrong keypoints")
        return f"<Diagnosis of {self.evaluation.record.name}: {wrong}; .frame has every keypoint>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of these numbers, as sentences."""
        return self.evaluation.notes + notes(self.compared)

    @property
    def frame(self) -> "pd.DataFrame":
        """Every keypoint that counts as a row: `image`, `person`, `keypoint`, `kind`, and `error` in pixels."""
        import pandas as pd

        people, kinds = self.compared.people, self.errors.kinds
        n, k = np.nonzero(kinds != NOT_COUNTED)
        return pd.DataFrame({
            "image": np.array(people.images)[people.image[n]],
            "person": people.person[n],
            "keypoint": np.array(people.skeleton.keypoints)[k],
            "kind": np.array(KINDS)[kinds[n, k]],
            "error": self.compared.distances[n, k],
        })  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        record = self.evaluation.record
        headline = record.rule.headline
        return {
            "name": record.name, "predictions": record.predictions, "predictions_sha256": record.predictions_sha256,
            "protocol": record.rule.protocol, "convention": record.rule.convention, "data": record.data.what,
            "headline": {
                "name": headline, "value": record.metrics[headline], "interval": record.intervals.get(headline),
            },
            "limits": self.compared.limits,
            "errors": self.errors.as_json(),
            "notes": list(self.notes),
        }  # fmt: skip


def diagnose(path: Path, protocol: Protocol, people: Instances, convention: str | None = None) -> Diagnosis:
    """Diagnose a predictions file.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: a name of the protocol's conventions; None for the first.

    Raises:
        PosebenchError: as `evaluate`; or the protocol does not say how near is right.
    """
    evaluation = evaluate(path, protocol, people, convention)
    rule = evaluation.record.rule
    with naming(path), errors_of("protocol", protocol.name, "compared"):
        compared = protocol.compared(evaluation.predictions, people, rule.convention)
    with naming(path), errors_of("protocol", protocol.name, "score"):
        errors = error_kinds(compared, rule.headline, evaluation.scores)
    return Diagnosis(evaluation, compared, errors)


def notes(compared: Compared) -> tuple[str, ...]:
    """Sentences on what could not be seen."""
    people = compared.people
    images, together = np.unique(people.image[people.usable], return_counts=True)
    alone = int((together == 1).sum())
    if 2 * alone <= len(images):
        return ()
    return (
        f"{alone:,} of {counted(len(images), 'image has', 'images have')} one annotated person. A swap with a person who is not "
        "annotated cannot be told from a miss.",
    )
