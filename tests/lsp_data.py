"""Small people of LSP in files of LSP's and LSPET's size: the splits are ranges of image numbers, so a file has all of them."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

FLIP = [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13]
"""Position of each keypoint's mirror partner, in the files' order."""


def person() -> Any:
    """(14, 2) a person, in pixels from 1, who faces us: left at the right. Left shoulder to right hip is 50 pixels."""
    return np.array([
        [40.0, 190.0], [42.0, 150.0], [50.0, 110.0], [80.0, 110.0], [88.0, 150.0], [90.0, 190.0],
        [20.0, 110.0], [25.0, 90.0], [50.0, 70.0], [80.0, 70.0], [105.0, 90.0], [110.0, 110.0],
        [65.0, 60.0], [65.0, 30.0],
    ])  # fmt: skip


def joints(people: int) -> Any:
    """(N, 14, 3) the person again and again, with flag 0; every second one is turned, so left is at the left."""
    rows = np.zeros((people, 14, 3))
    rows[..., :2] = person()
    rows[1::2, :, :2] = person()[FLIP]
    return rows


def write_lsp(path: Path, rows: Any) -> Path:
    """LSP's joints.mat of (N, 14, 3): (3, 14, N)."""
    return _write(path, rows.transpose(2, 1, 0))


def write_lspet(path: Path, rows: Any) -> Path:
    """LSPET's joints.mat of (N, 14, 3): (14, 3, N)."""
    return _write(path, rows.transpose(1, 2, 0))


def _write(path: Path, array: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"joints": array})
    return path
