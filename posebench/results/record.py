"""Records: what was run, on what data, by which rule, with which scores. Leaderboards and plots read nothing else."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from posebench.data.instances import SYNTHETIC
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.files.validation import Count, read_models
from posebench.files.writing import write_text
from posebench.results.folder import VISIBLE_JSON, ResultsFolder, check_folder, slug
from posebench.scoring.bootstrap import Sampling
from posebench.scoring.scores import Ceiling, Curve, Slice

LONGEST_NAME = 200
IN_MEMORY = "in memory"
"""Name of predictions that were not read from a file."""
FIX = "Score its predictions again, or remove the file."
"""What to do about a damaged record."""
MOST_NAMED = 3
"""Keypoints whose names fit into a heading."""
INTERVALS = "t on the logit scale with the bootstrap's standard error; expanded percentile where scores are unbounded"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class Rule(_Part):
    """Which protocol and convention made the numbers."""

    protocol: str
    version: Count
    convention: str
    rule: str
    evaluator: str
    published_by: str = Field("", description="whose published numbers are by it")
    headline: str
    unit: str
    keypoints: tuple[str, ...] = Field((), description="those that were scored; empty for all of the protocol's")
    file_keypoints: tuple[tuple[str, str], ...] = Field(
        (), description="of the predictions file, in its order, each with the protocol's that it is, or empty text; none where "
        "the file has the protocol's keypoints",
    )  # fmt: skip
    ranked_apart: bool = Field(
        False, description="whether the headline is another than the protocol's, such as MOTA of a file with tracks"
    )

    @model_serializer(mode="wrap")
    def _without_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value or name != "ranked_apart"}

    @property
    def sentence(self) -> str:
        """The rule in words, which may name a number of keypoints: it says where only some of them are scored."""
        return f"{self.rule} Here, only the chosen ones of its keypoints." if self.keypoints else self.rule

    @property
    def scope(self) -> str:
        """The convention, and the keypoints where they are not all: scores of different scopes are not comparable."""
        return f"{self.convention} on {', '.join(self.keypoints)}" if self.keypoints else self.convention

    @property
    def short_scope(self) -> str:
        """The scope with the number of the keypoints instead of their names, where they are many."""
        many = len(self.keypoints) > MOST_NAMED
        return f"{self.convention} on {len(self.keypoints)} keypoints" if many else self.scope

    @property
    def by(self) -> str:
        """Such as `, ranked by MOTA`; empty where the protocol's headline ranks."""
        return f", ranked by {self.headline}" * self.ranked_apart


class Data(_Part):
    """On which people."""

    dataset: str
    split: str
    box_source: str
    people: Count
    images: Count
    annotations: str
    annotations_sha256: str
    synthetic: bool = Field(
        validation_alias=AliasChoices("synthetic", "embedded"),  # older records
        description="people drawn by posebench, not photographs: never in one table with real data",
    )
    corruption: str = Field("", description="of the photographs when they were predicted; empty for none")
    part: str = Field("", description="of the split, such as `200 of 2,958 people`; empty for all of it")

    @field_validator("dataset")
    @classmethod
    def _todays_name(cls, dataset: str) -> str:
        return SYNTHETIC if dataset == "embedded people" else dataset  # older records

    @model_serializer(mode="wrap")
    def _without_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value or name not in ("corruption", "part")}

    @property
    def what(self) -> str:
        """Such as `mpii val`, for messages."""
        return f"{self.dataset} {self.shown_split}"

    @property
    def shown_split(self) -> str:
        """The split, the part of it, and the corruption of its photographs: scores of another one are not comparable."""
        split = f"{self.split} ({self.part})" if self.part else self.split
        return f"{split} with {self.corruption}" if self.corruption else split


class Resampling(_Part):
    """How the intervals were made; None in older records, where they are the middle 95 % of resamples of the images."""

    unit: str = Field(description="what was drawn, such as `image` or `film`")
    units: Count
    largest: float | None = Field(description="the score of a perfect prediction; None: unbounded")
    intervals: str


class Record(_Part):
    """One scored predictions file. `results/records/<id>.json` holds it.

    `metrics` are in the order of the field's tables: PCK in percent, OKS AP as a fraction. `per_joint` is None where a
    keypoint was not predicted. `model` and `training` are what the predictions file says of its origin.
    """

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    rule: Rule
    data: Data
    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]] = Field({}, description="95 %, by resampling images")
    per_joint: dict[str, float | None]
    per_joint_intervals: dict[str, tuple[float, float]] = {}
    per_joint_metric: str
    curves: list[Curve]
    slices: list[Slice] = []
    ceiling: Ceiling | None = None
    resampling: Resampling | None = None
    resampled: list[float] = Field([], description="the headline on each resample of the images, for ranks and pairs")
    notes: list[str]
    predictions: str
    predictions_sha256: str
    model: Provenance = Provenance()
    created: str
    environment: dict[str, str]

    @property
    def id(self) -> str:
        """File name without ending; different for every name, group and predictions file."""
        # A file that is scored again replaces its record, however that was ranked.
        protocol, version, _, *same = self.group
        group = protocol, version, self.rule.scope, *same
        tail = hashlib.sha256(repr((group, self.name, self.predictions_sha256)).encode()).hexdigest()[:8]
        return f"{self._readable('synthetic ' * self.data.synthetic + self.data.split)}-{tail}"

    @property
    def older_id(self) -> str:
        """The id before synthetic people were named in it; the same as `id` for other people."""
        return f"{self._readable(self.data.split)}-{self.id[-8:]}"

    def _readable(self, people: str) -> str:
        return slug(f"{self.rule.protocol} {people} {self.name}")

    @property
    def sampling(self) -> Sampling:
        """What was resampled: of records of older versions, the images."""
        made = self.resampling
        return Sampling(self.data.images) if made is None else Sampling(made.units, made.unit, made.largest)

    @property
    def group(self) -> tuple[str, int, str, str, str, str, str]:
        """Records are comparable, and share a table, only where all of these agree: the annotations' hash is the last."""
        rule, data = self.rule, self.data
        same = data.dataset, data.shown_split, data.box_source, data.annotations_sha256
        return rule.protocol, rule.version, rule.scope + rule.by, *same


def save_record(record: Record, results: Path) -> Path:
    """Write `results/records/<id>.json`; the same file scored again replaces its record."""
    path, older = (ResultsFolder(results).record(identity) for identity in (record.id, record.older_id))
    write_text(path, record.model_dump_json(indent=1) + "\n")
    if older != path:
        older.unlink(missing_ok=True)
    return path


def check_writable(results: Path) -> None:
    """Raise a sentence unless a record can be written below a results folder, before anything is computed for it.

    Raises:
        PosebenchError: the folder cannot be made, or nothing can be written in it.
    """
    folder = ResultsFolder(results).records
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise PosebenchError(
            f"{existing} cannot be written to ({error.strerror}), so the record could not be kept. "
            "Name another folder with --results."
        ) from error


@dataclass(frozen=True)
class RecordsFound:
    """What the records folder holds.

    Attributes:
        records: in the order of their file names.
        notes: a sentence for each file that is skipped because it cannot be read, with its path.
    """

    records: tuple[Record, ...]
    notes: tuple[str, ...]


def find_records(results: Path) -> RecordsFound:
    """All records below a results folder; damaged ones are skipped and named in notes.

    Raises:
        PosebenchError: the folder is not there, or all its records are damaged.
    """
    check_folder(results)
    paths = ResultsFolder(results).records.glob(VISIBLE_JSON)
    found = read_models(Record, paths, "a readable record", FIX)
    if found.notes and not found.kept:
        raise PosebenchError(found.notes[0])
    return RecordsFound(found.kept, found.notes)


def newest(records: Iterable[Record]) -> Record:
    """The newest record, which gives the texts of a row or a table."""
    found = tuple(records)
    return found[0] if len(found) == 1 else max(found, key=lambda record: (record.created, record.id))
