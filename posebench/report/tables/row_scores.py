"""Scores of a row by name, with their intervals: metrics, keypoints, parts of the data."""

from posebench.report.tables.rows import Row

Score = tuple[float | None, tuple[float, float] | None]
"""A value and its 95 % interval; None where unknown."""
UNSCORED: Score = (None, None)


def metrics(row: Row) -> dict[str, Score]:
    """Every metric."""
    return {name: (value, row.intervals.get(name)) for name, value in row.metrics.items()}


def keypoints(row: Row) -> dict[str, Score]:
    """Every keypoint."""
    return {spaced(name): (value, row.per_joint_intervals.get(name)) for name, value in row.per_joint.items()}


def parts(row: Row) -> dict[str, Score]:
    """Every part of the data."""
    return {f"{part.by}: {part.name}": (part.value, part.interval) for part in row.slices}


def spaced(keypoint: str) -> str:
    """A keypoint's name as shown: `left_wrist` as `left wrist`."""
    return keypoint.replace("_", " ")
