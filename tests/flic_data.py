"""Small FLIC annotations for tests: people one can check by eye, in the forms that the dataset comes in."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import savemat

COLUMNS = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]
"""Where the 11 keypoints are among the 29 of examples.mat."""
LEFT, RIGHT = [0, 1, 2, 6, 8], [3, 4, 5, 7, 9]


def parts(people: int = 3) -> Any:
    """(N, 11, 2) people who face us; left shoulder to right hip is 50 pixels, right shoulder to left hip 100."""
    points = np.zeros((people, 11, 2))
    points[:] = np.arange(12, 1, -1)[:, None]
    points[:, 0], points[:, 7] = [130.0, 50.0], [100.0, 90.0]
    points[:, 3], points[:, 6] = [40.0, 60.0], [120.0, 120.0]
    points[:, 1], points[:, 4] = [140.0, 80.0], [30.0, 85.0]
    return points


def turned(points: Any) -> Any:
    """Left and right in each other's place: the same people as seen by themselves, if they face away."""
    changed = points.copy()
    changed[..., LEFT, :], changed[..., RIGHT, :] = points[..., RIGHT, :], points[..., LEFT, :]
    return changed


def h5_columns(points: Any, images: list[str] | None = None) -> dict[str, Any]:
    """What the hourglass release's file says of people with person-centric labels (N, 11, 2)."""
    n = len(points)
    images = images or ["a.jpg", "a.jpg", "b.jpg", "c.jpg"][:n]
    return {
        "imgname": np.array([name.encode() for name in images]), "person": np.zeros(n, int), "scale": np.full(n, 2.2),
        "visible": np.ones((n, 11)), "center": np.full((n, 2), 240.0), "part": points,
        "normalize": np.hypot(*(points[:, 3] - points[:, 6]).T),
    }  # fmt: skip


def write_h5(path: Path, columns: dict[str, Any]) -> Path:
    """An HDF5 file of these datasets."""
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file[name] = column
    return path


def example_rows(points: Any, images: list[str], test: Any, **more: Any) -> list[dict[str, Any]]:
    """Rows of examples.mat; whoever is not in `test` is in train, unless `istrain` says otherwise."""
    rows = []
    for i, image in enumerate(images):
        coords = np.full((2, 29), np.nan)
        coords[:, COLUMNS] = points[i].T
        rows.append(
            {
                "poselet_hit_idx": np.array([[7, 9]], np.uint16), "moviename": "film", "coords": coords, "filepath": image,
                "imgdims": np.array([[480.0, 720.0, 3.0]]), "currframe": 31.0,
                "torsobox": np.array([[200.0, 90.0, 260.0, 190.0]], np.float32),
                "istrain": bool(not test[i]), "istest": bool(test[i]),
            }
            | {name: column[i] for name, column in more.items()}
        )  # fmt: skip
    return rows


def write_examples(path: Path, rows: list[dict[str, Any]]) -> Path:
    """An examples.mat with these rows."""
    table = np.empty((1, len(rows)), dtype=[(name, object) for name in rows[0]])
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[0, i][name] = value
    savemat(path, {"examples": table})
    return path
