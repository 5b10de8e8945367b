"""Kept comparisons: the paired differences of two records, which records alone do not have for keypoints."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from posebench.files.validation import Found, read_models
from posebench.files.writing import write_text
from posebench.results.folder import VISIBLE_JSON, ResultsFolder
from posebench.scoring.comparison import Difference

FIX = "Compare the predictions files again with --save, or remove the file."
"""What to do about a damaged file."""
Intervals = dict[str, tuple[float, float] | None]
"""Name → the interval of a difference; None where it is unknown."""


class KeptComparison(BaseModel):
    """Two records on the same people. `results/comparisons/<id>--<id>.json` holds it.

    p-values are corrected as `posebench.scoring.comparison` says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")

    schema_version: Literal[1] = 1
    a: str = Field(description="id of the record that is subtracted from")
    b: str = Field(description="id of the record that is subtracted")
    metrics: tuple[Difference, ...]
    joints: tuple[Difference, ...]

    def intervals(self, first: str) -> tuple[Intervals, Intervals]:
        """Of metrics and of keypoints, of the differences from the record of that id to the other one."""
        turned = first != self.a
        metrics, joints = (
            {one.name: _turned(one.interval) if turned else one.interval for one in differences}
            for differences in (self.metrics, self.joints)
        )
        return metrics, joints


def _turned(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (-interval[1], -interval[0])


def save_comparison(kept: KeptComparison, results: Path) -> Path:
    """Write `results/comparisons/<id>--<id>.json`; a later one replaces it."""
    path = ResultsFolder(results).comparison(kept.a, kept.b)
    write_text(path, kept.model_dump_json(indent=1) + "\n")
    return path


def find_comparisons(results: Path) -> Found[KeptComparison]:
    """All comparisons below a results folder; damaged ones are skipped and named in notes."""
    paths = ResultsFolder(results).comparisons.glob(VISIBLE_JSON)
    return read_models(KeptComparison, paths, "a readable comparison", FIX)
