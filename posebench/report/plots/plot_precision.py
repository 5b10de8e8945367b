"""Picture of a diagnosis: precision over recall, a line for each threshold of OKS."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from posebench.report.plots.plot_run import run_page
from posebench.report.plots.plot_style import GRID, WIDTH
from posebench.results.record import Record
from posebench.scoring.scores import Curve

HIGH = 4.6
"""Inches below the heading."""
DARKEST, LIGHTEST = 0.0, 0.85
"""Part of the scale of colours that is seen on white."""


def precision(record: Record, curves: Sequence[Curve]) -> Figure | None:
    """Precision over recall; None where predictions are no detections."""
    if not curves:
        return None
    about = ["a line for each threshold of OKS; beside it the area below it, which is its AP"]
    figure, above = run_page(record, "Precision over recall", about, (WIDTH, HIGH))
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(0.65 / WIDTH, 0.55 / height, 1 - 1.75 / WIDTH, 1 - above / height)
    colors = mpl.colormaps["viridis"](np.linspace(DARKEST, LIGHTEST, len(curves)))
    for curve, color in zip(curves, colors, strict=True):
        label = f"OKS {curve.label}   {np.mean(curve.values):.3f}"
        axis.plot(curve.thresholds, curve.values, color=tuple(color), linewidth=1.6, label=label)
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.01)
    axis.grid(color=GRID)
    axis.set_xlabel("recall")
    axis.set_ylabel("precision")
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), handlelength=1.4, title="threshold      AP")
    return figure
