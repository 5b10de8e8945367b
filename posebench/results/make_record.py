"""Making a record of one scoring: its numbers with their rule, people, notes and origin."""

import math
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import posebench
from posebench.data.far_keypoints import far_notes
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, digest
from posebench.files.writing import sha256
from posebench.plugins.protocol import Convention, Protocol
from posebench.results.record import IN_MEMORY, INTERVALS, Data, Record, Resampling, Rule
from posebench.scoring.bootstrap import LEVEL, score_interval
from posebench.scoring.scores import Scores

RESAMPLED_DECIMALS = 6
FEW_UNITS = 50
"""Below it a difference's 95 % interval holds the true one in less than about 93 % of datasets (docs/scoring.md)."""
ONE_IMAGE = "One image: no interval, because an interval needs at least two images."


def make_record(
    name: str,
    protocol: Protocol,
    convention: Convention,
    instances: Instances,
    predictions: Predictions,
    scores: Scores,
    path: Path | None,
) -> Record:
    """The record of one scoring.

    Args:
        name: the row's label in tables.
        path: the predictions file that was scored, of which the hash is kept; None for predictions in memory.
    """
    headline = scores.headline or protocol.headline
    return Record(
        name=name,
        rule=Rule(
            protocol=protocol.name, version=protocol.version, convention=convention.name, rule=convention.rule,
            evaluator=convention.source, published_by=convention.published_by, headline=headline, unit=protocol.unit,
            ranked_apart=headline != protocol.headline,
        ),
        data=Data(
            dataset=instances.dataset, split=instances.split, box_source=predictions.box_source, people=scores.people,
            images=scores.images, annotations=Path(instances.source.file).name,
            annotations_sha256=instances.source.sha256, synthetic=instances.synthetic,
            corruption=_damage(predictions), part="" if instances.chosen is None else instances.chosen.sentence,
        ),
        metrics={key: _known(value) for key, value in scores.metrics.items()},
        intervals=dict(scores.intervals),
        per_joint={key: _known(value) for key, value in scores.per_joint.items()},
        per_joint_intervals=dict(scores.per_joint_intervals),
        per_joint_metric=scores.per_joint_metric,
        curves=[curve for curve in scores.curves if all(map(math.isfinite, curve.values))],
        slices=list(scores.slices),
        ceiling=scores.ceiling,
        resampling=Resampling(**vars(scores.sampling), intervals=INTERVALS),
        resampled=all_known(scores.resampled.get(headline, np.zeros(0))),
        notes=[*notes_of(instances, predictions, scores, path), *few_units(scores, headline)],
        predictions=IN_MEMORY if path is None else path.name,
        predictions_sha256=digest(predictions) if path is None else sha256(path),
        model=predictions.provenance, created=datetime.now(UTC).isoformat(timespec="seconds"),
        environment={"posebench": posebench.__version__, "python": platform.python_version()},
    )  # fmt: skip


def notes_of(instances: Instances, predictions: Predictions, scores: Scores, path: Path | None) -> list[str]:
    """What was left out or treated specially, as sentences on the people, on the predictions and on the scoring.

    Args:
        path: the predictions file, by which notes name it; None for predictions in memory.
    """
    damage = _damage(predictions)
    damaged = [f"The photographs were predicted with {damage}; pictures show them without."] if damage else []
    far = far_notes(predictions, "" if path is None else path.name)
    return [*instances.notes, *predictions.notes, *far, *damaged, *scores.notes]


def _damage(predictions: Predictions) -> str:
    """The corruption of the photographs that were predicted; empty without one."""
    stated = predictions.provenance.corrupted
    return "" if stated is None else stated.sentence


def few_units(scores: Scores, headline: str) -> list[str]:
    """Notes on intervals that are too narrow or missing, because few units were resampled.

    Args:
        headline: the metric that ranks.
    """
    sampling = scores.sampling
    if sampling.units == 1:
        return (
            [ONE_IMAGE]
            if sampling.unit == "image"
            else [f"One {sampling.unit}: no interval, because an interval needs at least two {sampling.unit}s."]
        )
    value, drawn = scores.metrics.get(headline, math.nan), scores.resampled.get(headline, np.zeros(0))
    if len(drawn) and math.isfinite(value) and math.isnan(score_interval(value, drawn, sampling)[0]):
        why = "all {} score the same" if np.isfinite(drawn).all() else "some {} have nothing that it scores"
        resamples = why.format(f"resamples of the {sampling.units:,} {sampling.unit}s")
        return [f"No {LEVEL} % interval of {headline}: {resamples}. Score more {sampling.unit}s."]
    if 1 < sampling.units < FEW_UNITS:
        return [
            f"Only {sampling.units} {sampling.unit}s: {LEVEL} % intervals of differences between runs are too narrow "
            "(docs/scoring.md)."
        ]
    return []


def all_known(resampled: Any) -> list[float]:
    """Resamples as they are kept: rounded; empty where one of them is unknown, since ranks and pairs need all."""
    return np.round(resampled, RESAMPLED_DECIMALS).tolist() if np.isfinite(resampled).all() else []


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
