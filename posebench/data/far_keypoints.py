"""Predicted keypoints so far away that a file must have been written wrongly."""

import numpy as np

from posebench.data.predictions import Predictions
from posebench.errors import counted
from posebench.plain_text import shown_name

FARTHEST = 1e6
"""Pixels; the sides of a photograph are shorter (a JPEG's have at most 65,535)."""
NAMED = 3
"""Most keypoints that the note names."""


def far_notes(predictions: Predictions, file: str) -> tuple[str, ...]:
    """A note on keypoints beyond every photograph, with their rows and values; none if there are none.

    Args:
        file: name of the predictions file, for the note; empty for predictions in memory.
    """
    beyond = (predictions.keypoints > FARTHEST) | (predictions.keypoints < -FARTHEST)
    if not beyond.any():  # before the axes are taken apart, which takes longer
        return ()
    far = beyond.any(axis=2) & ~predictions.missing
    if not far.any():
        return ()
    places = [
        f"{predictions.keypoint_names[joint]} of row {row} ({shown_name(predictions.images[predictions.image[row]])}) at "
        + ", ".join(f"{value:.6g}" for value in predictions.keypoints[row, joint].tolist())
        for row, joint in np.argwhere(far)[:NAMED].tolist()
    ]
    number, of = int(far.sum()), f" of {shown_name(file)}" if file else ""
    return (
        f"{counted(number, f'keypoint{of} has', f'keypoints{of} have')} a coordinate beyond ±{FARTHEST:,.0f} pixels, which no "
        f"photograph has: {'; '.join(places)}{'; …' if number > NAMED else ''}. "
        "Such keypoints are scored as they stand. Was the file written wrongly?",
    )
