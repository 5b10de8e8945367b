"""Decoders: each rule on maps for which its published code can be followed with a pocket calculator."""

import math

import numpy as np
import pytest

from posebench.plugins.decoders import DECODERS
from posebench.plugins.heatmaps import Peak

E = math.exp
NEWELL = Peak()


def decode(name: str, maps: np.ndarray, peak: Peak = NEWELL) -> np.ndarray:
    return DECODERS[name](maps.astype(np.float32), peak)


def two_cells(x: int, y: int, dx: int, dy: int, size: tuple[int, int] = (13, 15)) -> np.ndarray:
    """(2, h, w): a map with 1 at (x, y) and 0.5 a step beside it, and one with the reverse step; else 0."""
    maps = np.zeros((2, *size))
    maps[:, y, x] = 1
    maps[0, y + dy, x + dx] = maps[1, y - dy, x - dx] = 0.5
    return maps


def test_the_decoders_have_these_names() -> None:
    assert list(DECODERS) == ["argmax", "quarter", "dark", "udp", "soft-argmax", "integral"]


def test_argmax_is_the_first_of_the_highest_cells() -> None:
    maps = np.zeros((2, 4, 5))
    maps[0, 3, 1], maps[1, 2, 4], maps[1, 3, 0] = 0.3, 0.7, 0.7
    assert decode("argmax", maps).tolist() == [[1, 3], [4, 2]]


def test_quarter_moves_towards_the_higher_neighbour_by_the_pipelines_rule() -> None:
    maps = two_cells(1, 6, 1, 0)
    assert decode("quarter", maps).tolist() == [[1.25, 6], [0.75, 6]]
    assert decode("quarter", maps, Peak(own=(2, 1), other=(2, 1))).tolist() == [[1, 6], [1, 6]]  # HRNet's border


def test_dark_on_two_cells_in_a_row() -> None:
    # The blur of 11 cells is a Gaussian of sigma 0.3 x (5 - 1) + 0.8 = 2, so g(d) = exp(-d²/8). The blurred row around the
    # higher cell is v(d) = g(d) + 0.5 g(d - 1):
    #   v(-2) = 0.768857   v(-1) = 1.185762   v(0) = 1.441248   v(1) = 1.382497   v(2) = 1.047779
    # First derivative of its logarithm: (ln v(1) - ln v(-1)) / 2 = (0.323891 - 0.170386) / 2 = 0.076753
    # Second one, over two cells: (ln v(2) - 2 ln v(0) + ln v(-2)) / 4 = (0.046673 - 0.731019 - 0.262850) / 4 = -0.236799
    # Step: 0.076753 / 0.236799 = 0.324125. Down the map it is symmetric, so there is none.
    assert decode("dark", two_cells(6, 5, 1, 0)) == pytest.approx(np.array([[6.324125, 5], [5.675875, 5]]), abs=2e-5)
    assert decode("dark", two_cells(6, 5, 0, 1)) == pytest.approx(np.array([[6, 5.324125], [6, 4.675875]]), abs=2e-5)


def test_dark_on_two_cells_in_a_diagonal() -> None:
    # v(x, y) = g(x) g(y) + 0.5 g(x - 1) g(y - 1), the same for (y, x): so both derivatives are equal, and so are both steps,
    # d / -(dd + m), with the derivatives d along x, dd twice along x, and m along both.
    g = [E(-(d**2) / 8) for d in range(4)]

    def log(x: int, y: int) -> float:
        return math.log(g[abs(x)] * g[abs(y)] + 0.5 * g[abs(x - 1)] * g[abs(y - 1)])

    d = (log(1, 0) - log(-1, 0)) / 2
    dd = (log(2, 0) - 2 * log(0, 0) + log(-2, 0)) / 4
    m = (log(1, 1) - 2 * log(1, -1) + log(-1, -1)) / 4
    step = d / -(dd + m)
    expected = np.array([[6 + step, 5 + step], [6 - step, 5 - step]])
    assert decode("dark", two_cells(6, 5, 1, 1)) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("x, y", [(1, 6), (13, 6), (7, 1), (7, 11)])
def test_dark_leaves_the_two_outermost_cells_as_they_are(x: int, y: int) -> None:
    maps = np.zeros((1, 13, 15))
    maps[0, y, x], maps[0, 6, 7] = 1, 0.9
    assert decode("dark", maps).tolist() == [[x, y]]


def test_udp_on_two_cells_in_a_row() -> None:
    # OpenCV's blur of 7 cells has the weights 1, 3.5, 7, 9, 7, 3.5, 1 (over 32), so the blurred row around the higher cell is
    #   v(-1) = 7/9 + 3.5/18 = 35/36   v(0) = 1 + 7/18 = 25/18   v(1) = 7/9 + 1/2 = 23/18
    # First derivative of its logarithm: ln(v(1) / v(-1)) / 2 = ln(46 / 35) / 2 = 0.136647
    # Second one, over one cell: ln(v(1) v(-1) / v(0)²) = ln 0.644 = -0.440057
    # Step: 0.136647 / 0.440057 = 0.310521. The stretch to 0 … 1 adds a constant to the logarithm, which no derivative sees.
    assert decode("udp", two_cells(6, 5, 1, 0)) == pytest.approx(np.array([[6.310521, 5], [5.689479, 5]]), abs=2e-5)
    assert decode("udp", two_cells(6, 5, 0, 1)) == pytest.approx(np.array([[6, 5.310521], [6, 4.689479]]), abs=2e-5)


def test_udp_moves_a_peak_at_the_edge_half_a_cell_outwards() -> None:
    # Beyond the edge stands the edge's own value, so the first derivative is half the second one, whatever the neighbour is.
    maps = np.zeros((2, 13, 15))
    maps[:, 5, 0] = 1
    maps[0, 5, 1], maps[1, 5, 1] = 0.5, 0.2
    assert decode("udp", maps) == pytest.approx(np.array([[-0.5, 5], [-0.5, 5]]), abs=1e-5)


def test_soft_argmax_on_two_cells_in_a_row() -> None:
    # Weights under the softmax of 10 times the heights 1, 0.9 and 23 times 0: e^10, e^9 and 1. The mean step to the right is
    # (e^9 x 1 + (0 - 1)) / (e^10 + e^9 + 23): of the cells with weight 1, all steps but the one to the right cancel.
    maps = np.zeros((1, 9, 11))
    maps[0, 4, 6], maps[0, 4, 7] = 1, 0.9
    assert (E(9) - 1) / (E(10) + E(9) + 23) == pytest.approx(0.268703, abs=1e-6)
    assert decode("soft-argmax", maps) == pytest.approx(np.array([[6.268703, 4]]), abs=1e-5)


def test_the_window_of_soft_argmax_ends_with_the_map() -> None:
    # In a corner 9 of 25 cells are left: steps 0, 1 and 2, each three times, with weights e^10 and eight times 1.
    maps = np.zeros((1, 9, 11))
    maps[0, 8, 0] = 1
    step = (3 * 1 + 3 * 2) / (E(10) + 8)
    assert decode("soft-argmax", maps) == pytest.approx(np.array([[step, 8 - step]]), abs=1e-7)


def test_integral_is_the_mean_of_all_cells() -> None:
    # Heights ln 1 … ln 6 have the weights 1/21 … 6/21: x = ((2 + 5) x 1 + (3 + 6) x 2) / 21, y = (4 + 5 + 6) / 21.
    maps = np.log(np.arange(1, 7)).reshape(1, 2, 3)
    assert decode("integral", maps) == pytest.approx(np.array([[25 / 21, 15 / 21]]), abs=1e-6)


@pytest.mark.parametrize("name", ["argmax", "quarter", "dark", "udp", "soft-argmax"])
def test_a_map_that_is_nowhere_above_0_has_the_pipelines_place(name: str) -> None:
    maps = np.full((2, 7, 9), -0.5)
    maps[0, 4, 5] = -0.1
    maps[1] = 0
    assert decode(name, maps, Peak(own=(2, 1), other=(2, 1), empty=0.0)).tolist() == [[0, 0], [0, 0]]
    assert np.isfinite(decode(name, maps)).all()
