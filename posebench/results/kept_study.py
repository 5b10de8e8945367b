"""Kept studies: what a study asks and has found, as the report's page shows it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from posebench.files.validation import read_models
from posebench.files.writing import write_text
from posebench.results.folder import ResultsFolder

FIX = "Type `posebench study` for it again, or remove the file."
"""What to do about a damaged file."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptFindings(_Part):
    """What a study has found on one protocol.

    Attributes:
        synthetic: whether the people are drawn by posebench.
        verdicts: a sentence for each difference; of corruptions, for those of all together.
        problem: why rows could not be compared; empty where they could.
    """

    protocol: str
    synthetic: bool
    verdicts: tuple[str, ...]
    problem: str = ""


class KeptStudy(_Part):
    """A study's question and its answer. `results/studies/<name>/study.json` holds it.

    Attributes:
        source: who asked first; empty where nobody did.
        notes: sentences on what the verdicts are about, such as the runs that are not done.
    """

    schema_version: Literal[1] = 1
    question: str
    source: str
    notes: tuple[str, ...]
    findings: tuple[KeptFindings, ...]


@dataclass(frozen=True)
class StudiesFound:
    """What the folder of studies holds.

    Attributes:
        kept: name of the study's folder → what is kept of it, in the order of the names.
        notes: a sentence for each file that is skipped because it cannot be read, with its path.
    """

    kept: dict[str, KeptStudy]
    notes: tuple[str, ...]


def save_study(kept: KeptStudy, name: str, results: Path) -> Path:
    """Write `results/studies/<name>/study.json`; a later one replaces it."""
    path = ResultsFolder(results).study_file(name)
    write_text(path, kept.model_dump_json(indent=1) + "\n")
    return path


def find_studies(results: Path) -> StudiesFound:
    """All studies below a results folder; damaged files are skipped and named in notes."""
    folder = ResultsFolder(results)
    kept: dict[str, KeptStudy] = {}
    notes: list[str] = []
    for path in sorted(folder.studies.glob("[!.]*/")):
        found = read_models(KeptStudy, [folder.study_file(path.name)], "a readable study", FIX)
        for study in found.kept:
            kept[path.name] = study
        notes += found.notes
    return StudiesFound(kept, tuple(notes))
