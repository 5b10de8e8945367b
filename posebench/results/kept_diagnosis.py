"""Kept diagnoses: why a record's score is what it is, in a file beside the record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from posebench.diagnosis.body_lengths import BodyLengths
from posebench.diagnosis.calibration import Calibration
from posebench.diagnosis.error_kinds import KINDS, Repair, Worst
from posebench.diagnosis.registration import Registration
from posebench.diagnosis.sigmas import Sensitivity
from posebench.diagnosis.slices import Part
from posebench.files.validation import Count, read_models
from posebench.files.writing import write_text
from posebench.results.folder import VISIBLE_JSON, ResultsFolder

FIX = "Diagnose its predictions again with --save, or remove the file."
"""What to do about a damaged file."""
PerKind = Annotated[tuple[Count, ...], Field(min_length=len(KINDS), max_length=len(KINDS))]
"""A number for each of `error_kinds.KINDS`."""


class KeptDiagnosis(BaseModel):
    """The diagnosis of one record. `results/diagnoses/<id>.json` holds it; `tasks.diagnose.Diagnosis` explains the parts.

    `counts` and the values of `joints` are numbers of keypoints by `error_kinds.KINDS`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")

    schema_version: Literal[1] = 1
    record: str = Field(description="id of the record that it is about")
    posebench: str = Field(description="version that made it")
    limits: str
    right_if: str
    people: Count
    unfound: Count
    counts: PerKind
    repairs: tuple[Repair, ...]
    joints: dict[str, PerKind]
    worst: tuple[Worst, ...]
    registration: Registration
    slices: tuple[Part, ...]
    calibration: Calibration
    sigmas: tuple[Sensitivity, ...]
    body_lengths: BodyLengths | None = None
    notes: tuple[str, ...]

    @field_validator("joints")
    @classmethod
    def _compared(cls, joints: dict[str, PerKind]) -> dict[str, PerKind]:
        for name, counts in joints.items():
            if not any(counts):
                raise ValueError(f"{name} has no predictions; keypoints without any are left out")
        return joints

    @field_validator("worst")
    @classmethod
    def _of_each_kind(cls, worst: tuple[Worst, ...]) -> tuple[Worst, ...]:
        for one in worst:
            if len(one.kinds) != len(KINDS):
                raise ValueError(f"kinds should be {len(KINDS)} numbers, of {', '.join(KINDS)}")
        return worst


def save_diagnosis(kept: KeptDiagnosis, results: Path) -> Path:
    """Write `results/diagnoses/<id>.json`; a later one replaces it."""
    path = ResultsFolder(results).diagnosis(kept.record)
    write_text(path, kept.model_dump_json(indent=1) + "\n")
    return path


@dataclass(frozen=True)
class DiagnosesFound:
    """What the diagnoses folder holds.

    Attributes:
        by_record: id of a record → its diagnosis.
        notes: a sentence for each file that is skipped because it cannot be read, with its path.
    """

    by_record: dict[str, KeptDiagnosis]
    notes: tuple[str, ...]


def find_diagnoses(results: Path) -> DiagnosesFound:
    """All diagnoses below a results folder; damaged ones are skipped and named in notes."""
    paths = ResultsFolder(results).diagnoses.glob(VISIBLE_JSON)
    found = read_models(KeptDiagnosis, paths, "a readable diagnosis", FIX)
    return DiagnosesFound({one.record: one for one in found.kept}, found.notes)
