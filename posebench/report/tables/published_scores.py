"""Published numbers, as `results/published.csv` has them: one number a row, with the convention in its source's own words.

`CONVENTIONS` says which of these words mean which convention here; whatever it does not name stands beside no leaderboard.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from types import MappingProxyType

from posebench.data.box_source import ANNOTATION
from posebench.errors import PosebenchError
from posebench.results.folder import ResultsFolder

COLUMNS = ("arch", "input_size", "protocol", "split", "convention", "metric", "value", "params_m", "gflops", "source")

HRNET_BOXES = "COCO_val2017_detections_AP_H_56_person.json"
"""The person detections, of 56.4 AP, that the HRNet and SimpleBaseline releases share."""

CONVENTIONS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType({
    ("mpii", "flip=1; GT center/scale; mean=micro over 14 joints"): ("hrnet", ANNOTATION),
    ("mpii", "bearpaw eval_PCKh"): ("bearpaw", ANNOTATION),
    ("mpii", "mmpose"): ("mmpose", ANNOTATION),
    ("mpii", "flip=1; test.py mpii_eval: micro over all 16 joints"): ("princeton", ANNOTATION),
    ("flic", "OBSERVER-centric"): ("observer-centric", ANNOTATION),
    ("lsp", "person-centric PCK"): ("person-centric", ANNOTATION),
    ("lsp", "observer-centric PCK"): ("observer-centric", ANNOTATION),
    ("coco", "flip=1; shift_heatmap; boxes=detector AP_H 56.4; oks_nms+kpt rescoring"): ("hrnet", HRNET_BOXES),
    ("coco", "mmpose; flip=1; boxes=detector AP_H 56.4; oks_nms"): ("mmpose", HRNET_BOXES),
})  # fmt: skip
"""(protocol, how the source's description of its convention begins) → (convention here, box source)."""
NOT_COMPARABLE = ("caffe-style", "ablation")
"""Words in a description that mark unverified numbers, or numbers on some of the joints."""

LONGEST_WORDS = 60
"""Letters of a source's description that are shown."""

METRICS = {
    "PCKh@0.10/mean": "Mean@0.1", "PCKh@0.11/mean": "Mean@0.11", "PCKh@0.5/mean(macro14)": "Mean",
    "PCKh@0.5/mean(micro16)": "Mean",
}  # fmt: skip
"""Names of metrics that are not simply the last part of the source's."""


@dataclass(frozen=True)
class PublishedScores:
    """One published row.

    Attributes:
        name: architecture, and what the source says of the checkpoint. input_size: height × width, as published.
        protocol, split, convention, box_source: what must agree with a leaderboard; convention and box source are "" where the
            source's words mean none that is known here.
        source: repository and file, or paper.
        words: how the source's description of its convention begins.
        metrics: name here → the value as printed, in this protocol's unit.
    """

    name: str
    input_size: str
    protocol: str
    split: str
    convention: str
    box_source: str
    source: str
    words: str
    metrics: Mapping[str, float]


def published(results: Path) -> list[PublishedScores]:
    """The rows of `results/published.csv`, in file order; none without the file.

    Raises:
        PosebenchError: the file lacks a column or has a value that is not a number.
    """
    path = ResultsFolder(results).published
    if not path.is_file():
        return []
    try:
        return _rows(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise PosebenchError(f"{path} is not readable as a .csv in UTF-8: {error}. Save it as CSV UTF-8.") from error


def _rows(path: Path) -> list[PublishedScores]:
    """As `published`. Raises UnicodeDecodeError, csv.Error, too."""
    rows: dict[tuple[str, str, str, str, str, str, str, str], dict[str, float]] = defaultdict(dict)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise PosebenchError(f"{path} lacks the column {lacking[0]}; it should have {', '.join(COLUMNS)}.")
        for entry in reader:
            if None in entry or None in entry.values():
                raise PosebenchError(
                    f"{path}, line {reader.line_num} should have {len(reader.fieldnames or ())} values, as the header has."
                )
            rule = _rule(entry["protocol"], entry["convention"])
            value = _number(entry["value"])
            if not math.isfinite(value):
                raise PosebenchError(f"{path}, line {reader.line_num}: value {entry['value']!r} is not a number.")
            split = entry["split"].removesuffix("2017")
            words = "" if rule[0] else _beginning(entry["convention"])
            key = (_name(entry), entry["input_size"], entry["protocol"], split, *rule, entry["source"], words)
            rows[key].setdefault(
                METRICS.get(entry["metric"], _metric(entry["metric"])), _in_unit(entry["protocol"], value)
            )
    return [PublishedScores(*key, metrics) for key, metrics in rows.items()]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _rule(protocol: str, description: str) -> tuple[str, str]:
    """Convention and box source; empty where the description means none that is known here."""
    if any(word in description for word in NOT_COMPARABLE):
        return "", ""
    for (of, beginning), rule in CONVENTIONS.items():
        if of == protocol and description.startswith(beginning):
            return rule
    return "", ""


def _beginning(description: str) -> str:
    """The part of a description that says why its numbers are compared with nothing, else the first that states a rule."""
    parts = [part.strip() for part in description.split(";")]
    doubts = (part for part in parts if any(word in part for word in NOT_COMPARABLE))
    rules = (part for part in parts if part != "flip=1")
    return shorten(next(doubts, next(rules, description)), LONGEST_WORDS, placeholder=" …")


def _name(entry: Mapping[str, str]) -> str:
    """The architecture, with which checkpoint it is and what it was trained on, where the description says so."""
    _, known, data = entry["convention"].partition("trained on ")
    if known:
        return f"{entry['arch']}, trained on {data}"
    checkpoint = next((word for word in ("last", "best") if f"checkpoint={word}" in entry["convention"]), None)
    return f"{entry['arch']}, {checkpoint} checkpoint" if checkpoint else entry["arch"]


def _metric(name: str) -> str:
    """`PCKh@0.5/elbow` → `Elbow`; COCO's names stay."""
    _, slash, last = name.partition("/")
    return last.title() if slash else name


def _in_unit(protocol: str, value: float) -> float:
    """COCO is in fractions here; sources print either. PCK is in percent; mmpose prints fractions."""
    if protocol == "coco":
        return round(value / 100, 6) if value > 1 else value
    return round(value * 100, 6) if value <= 1 else value
