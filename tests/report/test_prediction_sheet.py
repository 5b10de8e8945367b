"""The prediction sheet: every person twice, annotated above and predicted below, each keypoint at its place."""

import numpy as np

from posebench.data.skeleton import Skeleton
from posebench.report.galleries.prediction_sheet import CAPTION, GAP, TALL, Seen, prediction_sheet

SKELETON = Skeleton(("nose", "left_wrist"))
BLACK = np.zeros((2, 64, 32, 3), np.uint8)
WIDE = TALL // 2


def sheet(annotated: list, predicted: list, visible: list) -> np.ndarray:
    seen = Seen(BLACK, np.array(annotated, float), np.array(visible), np.array(predicted, float))
    return prediction_sheet(seen, SKELETON, "epoch 3")


def coloured(tile: np.ndarray) -> tuple[int, int]:
    """The middle, (x, y), of what is drawn on a black tile."""
    rows, columns = np.nonzero(tile.any(axis=2))
    return round(columns.mean()), round(rows.mean())


def tile(image: np.ndarray, row: int, place: int) -> np.ndarray:
    top, left = CAPTION + row * (TALL + GAP), place * (WIDE + GAP)
    return image[top : top + TALL, left : left + WIDE]


def test_a_sheet_has_a_line_of_text_and_two_rows_of_people() -> None:
    everyone = [[True, True]] * 2
    drawn = sheet([[[4, 8], [4, 8]]] * 2, [[[20, 40], [20, 40]]] * 2, everyone)
    assert drawn.shape == (CAPTION + 2 * (TALL + GAP), 2 * WIDE + GAP, 3)
    assert (drawn[:CAPTION] < 100).any()  # letters
    # Four times as large; the middle of pixel 4 is 4.5 from the edge, so at 18 there, which is the middle of pixel 17.5.
    for place in (0, 1):
        assert np.abs(np.subtract(coloured(tile(drawn, 0, place)), (17.5, 33.5))).max() <= 1
        assert np.abs(np.subtract(coloured(tile(drawn, 1, place)), (81.5, 161.5))).max() <= 1


def test_keypoints_without_a_label_are_drawn_as_predicted_only() -> None:
    drawn = sheet([[[4, 8], [9, 9]]] * 2, [[[20, 40], [20, 40]]] * 2, [[False, False]] * 2)
    assert not tile(drawn, 0, 0).any()
    assert tile(drawn, 1, 0).any()
