"""Diagnose: why a predictions file scores what it scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import posebench
from posebench.data.instances import Instances
from posebench.diagnosis.body_lengths import BodyLengths, body_lengths
from posebench.diagnosis.calibration import Calibration, calibration
from posebench.diagnosis.clouds import cell_side, clouds
from posebench.diagnosis.confusions import confusions
from posebench.diagnosis.error_kinds import KINDS, NOT_COUNTED, ErrorKinds, error_kinds
from posebench.diagnosis.manifest import read_manifest
from posebench.diagnosis.registration import INPUT_SIZE, STRIDE, Registration, registration
from posebench.diagnosis.sigmas import Sensitivity, sensitivity
from posebench.diagnosis.slices import Part, slices
from posebench.errors import counted
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.find_record import records_of
from posebench.results.folder import ResultsFolder
from posebench.results.kept_diagnosis import KeptDiagnosis, save_diagnosis
from posebench.results.record import Record, find_records
from posebench.scoring.compared import Compared
from posebench.tasks.scoring.evaluate import Evaluation, evaluate_read, naming
from posebench.tasks.scoring.keypoints_in_common import KeypointsAsked, read_in_common

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """Why a predictions file scores what it scores. Nothing of it is ranked.

    Attributes:
        evaluation: the scores of the file as it is.
        compared: which prediction was compared with each person, and which keypoints are right.
        errors: the kind of every error, and what repairs would add.
        registration: by what part of a heatmap cell all predictions are off.
        slices: the share of right keypoints on parts of the data.
        calibration: how confidences compare with being right.
        sigmas: the headline with other sigmas; empty where there are none.
        body_lengths: errors without sigmas; None where there are none.
        told: sentences on what could not be seen, and on rows of the manifest that are about nobody.
    """

    evaluation: Evaluation
    compared: Compared
    errors: ErrorKinds
    registration: Registration
    slices: tuple[Part, ...]
    calibration: Calibration
    sigmas: tuple[Sensitivity, ...]
    body_lengths: BodyLengths | None
    told: tuple[str, ...]

    def __repr__(self) -> str:
        wrong = counted(sum(self.errors.counts[1:]), "wrong keypoint", "wrong keypoints")
        return f"<Diagnosis of {self.evaluation.record.name}: {wrong}; .frame has every keypoint>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of these numbers, as sentences."""
        return self.evaluation.notes + self.told

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

    def save(self, results: str | Path = "results", *, pictures: bool = False) -> tuple[Path, ...]:
        """Keep the diagnosis beside the record of the file, for the record's page in the report.

        Args:
            pictures: whether its pictures are kept, too.

        Returns:
            The file's path; several where the same predictions have records of several names.

        Raises:
            PosebenchError: the results folder has no record of these predictions under this rule.
        """
        records = records_of(find_records(Path(results)).records, self.evaluation.record)
        for record in records if pictures else ():
            self._draw(record, ResultsFolder(Path(results)).diagnosis_pictures(record.id))
        return tuple(save_diagnosis(self.kept(record.id), Path(results)) for record in records)

    def kept(self, identity: str) -> KeptDiagnosis:
        """What is kept beside the record of that id, and shown."""
        errors = self.errors
        return KeptDiagnosis(
            record=identity, posebench=posebench.__version__, limits=self.compared.limits,
            right_if=self.compared.right_if, people=errors.people, unfound=errors.unfound,
            counts=errors.counts, repairs=errors.repairs, joints=errors.joints, worst=errors.worst,
            registration=self.registration, slices=self.slices, calibration=self.calibration,
            sigmas=self.sigmas, body_lengths=self.body_lengths, notes=self.told,
        )  # fmt: skip

    def draw(self, folder: str | Path) -> tuple[Path, ...]:
        """Draw the pictures of the diagnosis, each as PNG for light and for dark pages.

        These are `errors`, `clouds`, `confusion`, `parts`, `calibration` and `precision`; those of which the file has nothing
        are left out.

        Returns:
            The PNGs' paths.

        Raises:
            PosebenchError: the folder cannot be written to.
        """
        return self._draw(self.evaluation.record, Path(folder))

    def _draw(self, record: Record, folder: Path) -> tuple[Path, ...]:
        from posebench.report.plots.diagnosis_pictures import Measured, write_pictures

        cell = cell_side(self.compared, self.registration)
        detected = self.compared.detected
        measured = Measured(
            clouds(self.compared), confusions(self.compared), self.compared.people.skeleton.keypoints, cell,
            () if detected is None else detected.precision(),
        )  # fmt: skip
        return write_pictures(record, self.kept(record.id), folder, measured)

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        record = self.evaluation.record
        headline = record.rule.headline
        return {
            "name": record.name, "predictions": record.predictions, "predictions_sha256": record.predictions_sha256,
            "protocol": record.rule.protocol, "convention": record.rule.convention,
            "keypoints": record.rule.keypoints, "data": record.data.what,
            "headline": {
                "name": headline, "value": record.metrics[headline], "interval": record.intervals.get(headline),
            },
            "limits": self.compared.limits,
            "errors": self.errors.as_json(),
            "registration": self.registration.as_json(),
            "right_if": self.compared.right_if, "slices": [part.as_json() for part in self.slices],
            "calibration": self.calibration.as_json(),
            "sigmas": [one.as_json() for one in self.sigmas],
            "body_lengths": None if self.body_lengths is None else self.body_lengths.as_json(),
            "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a user may state for a diagnosis.

    Attributes:
        input_size: (width, height) of the crop that heatmap cells are of; None for what the file states, else 256×256.
        stride: pixels of a heatmap cell there.
        manifest: a CSV of labels by which to slice; None for none.
        keypoints: as of `evaluate`.
    """

    input_size: tuple[int, int] | None = None
    stride: int = STRIDE
    manifest: Path | None = None
    keypoints: KeypointsAsked | None = None


def diagnose(
    path: Path, protocol: Protocol, people: Instances, convention: str | None = None, asked: Asked | None = None
) -> Diagnosis:
    """Diagnose a predictions file.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: a name of the protocol's conventions; None for the first.

    Raises:
        PosebenchError: as `evaluate`; the protocol does not say how near is right; or the manifest is not what it should be.
    """
    asked = asked or Asked()
    manifest, unused = ({}, ()) if asked.manifest is None else read_manifest(asked.manifest, people)
    read = read_in_common(path, protocol, people, asked.keypoints)
    evaluation = evaluate_read(read, people, convention, None, None, path)
    rule = evaluation.record.rule
    with naming(path), errors_of("protocol", protocol.name, "compared"):
        compared = read.protocol.compared(evaluation.predictions, people, rule.convention)
    with naming(path), errors_of("protocol", protocol.name, "score"):
        before = evaluation.scores
        size = asked.input_size or evaluation.predictions.provenance.input_size or INPUT_SIZE
        return Diagnosis(
            evaluation, compared, error_kinds(compared, rule.headline, before),
            registration(compared, before, size, asked.stride), slices(compared, manifest),
            calibration(compared, rule.headline, before), sensitivity(compared, rule.headline, before),
            body_lengths(compared), (*notes(compared), *unused),
        )  # fmt: skip


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
