"""Figures: the style of all plots, and how they are written.

Drawn through figures of their own: no pyplot, no global state, and the same bytes from the same records.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import Normal, Stroke
from matplotlib.textpath import text_to_path

from posebench.files.writing import write_atomically
from posebench.plain_text import one_line
from posebench.report.plots.fonts import FONT, SUBSTITUTE, drawable, families, set_fonts, undrawable
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.rows import row_labels

# Okabe and Ito, "Color universal design" (2008), without the yellow that white paper swallows.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333", "#AAAAAA")
INK, QUIET, GRID, WARNING = "#222222", "#666666", "#e4e4e4", "#B03A00"
CEILING_LINE: dict[str, Any] = {"color": INK, "linestyle": (0, (4, 2.5)), "linewidth": 1.1}
"""Line of the agreement between annotators: dashed, in every plot."""
WIDTH = 8.0
"""Inches of a figure: letters have one size in all pictures of a page, and are legible on paper."""
SUBTITLE = 0.17
"""Inches that every line of the subtitle takes."""
TITLE = 0.21
"""Inches that every line of the title takes."""
EDGE = 0.15
"""Inches left and right of title and subtitle."""
HINTED = 1.06
"""Factor on the widths of texts: drawn letters are moved to whole pixels, which makes some wider."""
NARROWEST = 0.25
"""Width of the narrowest letters, in sizes of the font."""
KEY_SIZE, KEY = 8.5, 0.5
"""Size of the letters of a key, and inches that an entry takes beside its name."""
LONGEST_NAME = 60
"""Letters of a row's name in a legend."""
COMPRESSION = 4
"""zlib's level. A page of photographs takes a third of the time of the default level, 6, and is one percent larger."""
CASING = [Stroke(linewidth=1.5, foreground="white"), Normal()]
"""White edge of letters, which keeps them legible on what is coloured, also on dark pages."""
JPEG_QUALITY = 90
"""Of pages of photographs, which take a fifth of a PNG's space; letters and marks stay clean."""
STYLE: dict[Any, Any] = {
    "font.family": FONT, "font.size": 9, "text.usetex": False, "text.color": INK,
    "axes.edgecolor": "#bbbbbb", "axes.labelcolor": QUIET, "axes.grid": False, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "grid.color": GRID,
    "grid.linewidth": 0.8, "xtick.color": QUIET, "ytick.color": QUIET, "xtick.major.size": 0,
    "ytick.major.size": 0, "legend.frameon": False, "legend.fontsize": KEY_SIZE, "figure.facecolor": "white",
    "axes.facecolor": "white", "savefig.facecolor": "white", "path.simplify": True, "xtick.major.pad": 6,
    # Papers refuse fonts of type 3; a fixed salt names the parts of an SVG alike each time.
    "pdf.fonttype": 42, "svg.hashsalt": "posebench",
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """The look of every figure, whatever the reader's own matplotlibrc says."""
    with mpl.rc_context(STYLE):
        yield


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure: whole, or not at all, and the same bytes from the same figure."""

    # The default metadata names matplotlib's version.
    _save(figure, path, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": COMPRESSION})


def save_photographs(figure: Figure, path: Path) -> None:
    """`save_png`, but as JPEG where the path ends in `.jpg`."""
    if path.suffix.lower() == ".jpg":
        _save(figure, path, format="jpg", pil_kwargs={"quality": JPEG_QUALITY})
    else:
        save_png(figure, path)


def _save(figure: Figure, path: Path, **form: Any) -> None:
    FigureCanvasAgg(figure)
    set_fonts(figure)
    write_atomically(path, lambda partial: figure.savefig(partial, dpi=150, **form))


def plain(text: str, longest: int) -> str:
    """One line of up to `longest` letters that matplotlib draws as it is: no formula, no letter that no font has."""
    text = drawable(one_line(text))
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return text.replace("$", r"\$")


@lru_cache(maxsize=4096)
def inches(text: str, points: float, bold: bool = False) -> float:
    """How wide a line of text is drawn, at most."""
    found = families(text)
    font = FontProperties(family=found, size=points, weight="bold" if bold and found == [FONT] else "normal")
    return HINTED * float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72


def fitting(text: str, width: float, points: float, bold: bool = False) -> str:
    """`plain`, shortened to `width` inches."""
    most = min(len(text), int(width * 72 / points / NARROWEST))
    able = bisect_right(range(1, most + 1), width, key=lambda letters: inches(plain(text, letters), points, bold))
    return plain(text, max(able, 1))


def broken(text: str, width: float, points: float, bold: bool = False) -> list[str]:
    """Lines of a text, each `plain` and at most `width` inches wide. It is broken between words."""
    lines, left = [""], -1.0
    for word in one_line(text).split():
        needed = inches(plain(word, len(word)), points, bold) + inches(" ", points, bold)
        if needed > left:
            lines, left = [*lines, word], width - needed
        else:
            lines[-1], left = f"{lines[-1]} {word}", left - needed
    return [fitting(line, width, points, bold) for line in lines[1:]] or [""]


def key_columns(names: Sequence[str], width: float) -> int:
    """How many columns a figure's key has: as many as fit in `width` inches."""
    return max(1, int(width / (KEY + max((inches(name, KEY_SIZE) for name in names), default=0))))


def heading(figure: Figure, titles: Sequence[str], about: Sequence[str], warning: bool) -> None:
    """Title and subtitle.

    Args:
        titles: lines of `title`. about: lines of `subtitle`. warning: whether the warning of synthetic people is among these.
    """
    width, height = figure.get_size_inches()
    left = EDGE / width
    for place, line in enumerate(titles):
        figure.text(left, 1 - (0.15 + TITLE * place) / height, line, weight="bold", fontsize=11, va="top")
    below = 0.4 + TITLE * (len(titles) - 1)
    for place, line in enumerate(about):
        color = WARNING if warning and line in SYNTHETIC_NOTE else QUIET
        figure.text(left, 1 - (below + SUBTITLE * place) / height, line, fontsize=8.5, color=color, va="top")


def heading_room(titles: list[str], about: list[str]) -> float:
    """Inches that a heading of these lines takes beyond one of one line each."""
    return TITLE * (len(titles) - 1) + SUBTITLE * (len(about) - 1)


def title(board: Board, what: str, width: float) -> list[str]:
    """Lines of the title, for a figure of `width` inches: what is drawn, then the board's own title."""
    return broken(f"{what}, {board.title}", width - 2 * EDGE, 11, bold=True)


def subtitle(board: Board, parts: list[str], width: float) -> list[str]:
    """Lines below the title, for a figure of `width` inches: on synthetic people the warning; what a reader needs to read it."""
    missing = undrawable(row_labels(board.rows).values())
    letters = f"{SUBSTITUTE}: a letter that no font on this machine has" if missing else ""
    texts = [SYNTHETIC_NOTE] * board.synthetic + ["; ".join(filter(None, [*parts, letters]))]
    return [line for text in texts if text for line in broken(text, width - 2 * EDGE, 8.5)] or [""]


def full_scale(axis: Axes, board: Board) -> None:
    """The whole scale from nothing to perfect, so that bars and lines of two plots can be compared."""
    full = full_score(board)
    axis.set_ylim(0, full * 1.01)
    axis.set_yticks([full * part / 5 for part in range(6)])
    axis.grid(axis="y")


def full_score(board: Board) -> float:
    """The score of a perfect network."""
    return 100.0 if board.rule.unit == "%" else 1.0


def number(value: float, board: Board, decimals: int = 2) -> str:
    """A score as a reader sees it: fractions with three decimals, percentages with `decimals`."""
    if value != value:
        return UNKNOWN
    return f"{value:.{3 if board.rule.unit != '%' else decimals}f}"
