"""Pictures of a diagnosis: what there is, and their files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from posebench.diagnosis.clouds import Cloud
from posebench.diagnosis.confusions import Confusions
from posebench.report.plots import plot_clouds, plot_confusion, plot_errors, plot_precision
from posebench.report.plots.plot_files import write_figure
from posebench.report.plots.plot_style import style
from posebench.results.kept_diagnosis import KeptDiagnosis
from posebench.results.record import Record
from posebench.scoring.scores import Curve

CAPTIONS = {
    "errors": "Errors by kind",
    "clouds": "Where predictions land",
    "confusion": "Keypoints that are confused",
    "parts": "Right keypoints on parts of the data",
    "calibration": "Right keypoints over confidence",
    "precision": "Precision over recall",
}
"""Name of each picture's file → what it shows."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What is not kept with a diagnosis, because every prediction is needed for it.

    Attributes:
        keypoints: names of the skeleton, in the order of `confusions`.
        cell: side of a heatmap cell in units of the clouds.
        precision: precision over recall; empty where predictions are no detections.
    """

    clouds: Mapping[str, Cloud]
    confusions: Confusions
    keypoints: tuple[str, ...]
    cell: float
    precision: tuple[Curve, ...] = ()


def pictures(record: Record, kept: KeptDiagnosis) -> dict[str, Callable[[], Figure | None]]:
    """The pictures that need the kept diagnosis alone: a name, and what draws it; None where the diagnosis has nothing of it."""
    return {
        "errors": partial(plot_errors.errors, record, kept),
        "parts": partial(plot_errors.parts, record, kept),
        "calibration": partial(plot_errors.calibration, record, kept),
    }


def write_pictures(record: Record, kept: KeptDiagnosis, folder: Path, measured: Measured) -> tuple[Path, ...]:
    """Write `errors.png` and the others, each with its variant for dark pages beside it.

    Returns:
        the PNGs' paths.

    Raises:
        PosebenchError: the folder cannot be written to.
    """
    right_if, registration = kept.right_if, kept.registration
    draw = pictures(record, kept) | {
        "clouds": partial(plot_clouds.clouds, record, measured.clouds, right_if, measured.cell, registration),
        "confusion": partial(plot_confusion.confusion, record, measured.confusions, measured.keypoints, right_if),
        "precision": partial(plot_precision.precision, record, measured.precision),
    }
    written = []
    with style():
        for name, figure in draw.items():
            if (drawn := figure()) is not None:
                write_figure(drawn, folder / f"{name}.png")
                written.append(folder / f"{name}.png")
    return tuple(written)
