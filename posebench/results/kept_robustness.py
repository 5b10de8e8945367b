"""Kept robustness: how a network's score changes with corrupted photographs and with other boxes."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from posebench.diagnosis.estimate import Estimate
from posebench.files.validation import Count, Found, read_models
from posebench.files.writing import write_text
from posebench.results.folder import VISIBLE_JSON, ResultsFolder
from posebench.results.record import LONGEST_NAME, Data, Resampling, Rule

FIX = "Measure it again with `posebench robustness`, or remove the file."
"""What to do about a damaged file."""
CLEAN, MPC, RPC = "clean", "mPC", "rPC"
"""The score on photographs as they are, its mean over corrupted ones, and that mean in percent of it."""
Part = Literal["clean", "corruption", "shift", "scale", "boxes"]
"""What a condition changes: nothing, the photographs, or where the boxes lie, how large they are, and who made them."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class Condition(_Part):
    """The headline under one condition.

    Attributes:
        part: what is changed. name: such as `fog`, `right` or `jittered`.
        level: the severity, the shift in pixels of a crop that is 256 high, or the factor of the scale; 0 where there is none.
        change: the score minus the clean one, paired.
    """

    part: Part
    name: str
    level: FiniteFloat
    score: Estimate
    change: Estimate


class Corrupted(_Part):
    """What all corruptions together say.

    Attributes:
        names, severities: those that were measured.
        rule, seed: as of `samples.corruption.Corruption`.
        packages: versions of the packages that computed them.
        means: corruption → mean over severities.
        mpc: mean over all cells. rpc: that in percent of the clean score.
        mpc_resampled: mPC on each resample, for paired differences of networks; empty where one is unknown.
        resampled: `clean`, and corruption → its mean, on each resample, likewise; None in files of older versions.
    """

    names: tuple[str, ...]
    severities: tuple[int, ...]
    rule: Literal["advmix", "exact"]
    seed: int
    packages: dict[str, str]
    means: dict[str, Estimate]
    mpc: Estimate
    rpc: Estimate
    mpc_resampled: list[float]
    resampled: dict[str, list[float]] | None = None


class KeptRobustness(_Part):
    """One network on one set of people. `results/robustness/<id>.json` holds it.

    Attributes:
        name: of the row. arch, input_size, weights_sha256, flip_test: of the network.
        clean: the headline on the photographs and boxes as they are.
        conditions: all others, in the order in which they were measured.
        resampling: how the intervals were made.
        corrupted: None where no corruption was measured.
    """

    schema_version: Literal[1] = 1
    posebench: str = Field(description="version that made it")
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    arch: str
    input_size: tuple[int, int]
    weights_sha256: str
    flip_test: bool
    rule: Rule
    data: Data
    chosen: Count = Field(description="people who were predicted; `data.people` are those of them who are scored")
    people_of_split: Count = Field(description="usable people of the split as it was read, among whom they were chosen")
    people_of_dataset: Count | None = Field(
        description="usable people of the split in the whole dataset; None: unknown"
    )
    clean: Estimate
    conditions: tuple[Condition, ...]
    corrupted: Corrupted | None
    resampling: Resampling
    notes: tuple[str, ...]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        """What tables have a row or a column for is there."""
        if self.corrupted is not None:
            for name in self.corrupted.names:
                levels = {one.level for one in self.of("corruption", name)}
                if name not in self.corrupted.means or not levels >= {*self.corrupted.severities}:
                    raise ValueError(
                        f"corrupted.names has {name}, which has no mean, or is not measured in each severity"
                    )
        right, down = ({one.level for one in self.of("shift", name)} for name in ("right", "down"))
        if (right ^ down) - {0}:
            raise ValueError("conditions have other shifts to the right than down")
        return self

    @property
    def who(self) -> str:
        """Such as `200 of 1,000 people of lsp lspet-val`."""
        if self.data.part:
            return f"{self.data.part} of {self.data.dataset} {self.data.split}"
        chosen = "all" if self.chosen == self.people_of_split else f"{self.chosen:,} of"
        return f"{chosen} {self.people_of_split:,} people of {self.data.what}"

    def of(self, part: Part, name: str | None = None) -> list[Condition]:
        """The conditions of a part, or of one name in it, in ascending level."""
        own = [one for one in self.conditions if one.part == part and name in (None, one.name)]
        return sorted(own, key=lambda one: one.level)

    @property
    def group(self) -> tuple[object, ...]:
        """Networks share a table only where all of these agree."""
        rule, data, damage = self.rule, self.data, self.corrupted
        how = None if damage is None else (damage.rule, damage.seed, damage.names, damage.severities)
        asked = self.chosen, self.people_of_split
        people = data.dataset, data.split, data.box_source, data.annotations_sha256, data.people, data.images
        return rule.protocol, rule.version, rule.scope, *people, *asked, how


def save_robustness(kept: KeptRobustness, identity: str, results: Path) -> Path:
    """Write `results/robustness/<id>.json`; a later one replaces it."""
    path = ResultsFolder(results).robustness_file(identity)
    write_text(path, kept.model_dump_json(indent=1) + "\n")
    return path


def find_robustness(results: Path) -> Found[KeptRobustness]:
    """All of it below a results folder; damaged files are skipped and named in notes."""
    paths = ResultsFolder(results).robustness.glob(VISIBLE_JSON)
    return read_models(KeptRobustness, paths, "a readable measurement of robustness", FIX)
