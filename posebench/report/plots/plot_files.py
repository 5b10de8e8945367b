"""Files of a figure: PNG for a light and for a dark page, PDF and SVG for papers. The same figure makes the same bytes."""

import io
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from posebench.array_type import Array
from posebench.files.writing import write_atomically, write_bytes
from posebench.report.plots.fonts import set_fonts

Format = Literal["png", "pdf", "svg"]
FORMATS: tuple[Format, ...] = get_args(Format)
DPI = 150
DARK = "-dark"
"""End of the name of a PNG for dark pages."""
PAPER, LIGHT_INK = 0.08, 0.97
"""Lightness on a dark page of what is white and of what is black on a light one."""
COLORS = 256
"""As many as a PNG's palette holds."""
EXACT = 64
"""The most frequent colours, which stay as they are: all that is drawn as a surface."""
# matplotlib would write its own version, and the date.
METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
}


def dark(path: Path) -> Path:
    """The picture for dark pages that lies beside a PNG."""
    return path.with_name(f"{path.stem}{DARK}.png")


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that are written for one: a PNG has one for dark pages beside it."""
    return (path, dark(path)) if path.suffix == ".png" else (path,)


def write_figure(figure: Figure, path: Path, title: str = "") -> None:
    """Write a figure in the format of the path's ending, and beside a PNG the one for dark pages.

    Args:
        title: kept in PDF and SVG, where readers and screen readers find it.
    """
    set_fonts(figure)
    kind = path.suffix[1:]
    if kind == "png":
        _write_pngs(figure, path)
        return
    metadata = {"Title": title} | METADATA[kind]
    write_atomically(path, lambda partial: figure.savefig(partial, format=kind, metadata=metadata))


def _write_pngs(figure: Figure, path: Path) -> None:
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    places, palette = indexed(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
    for one, colors in ((path, palette), (dark(path), darkened(palette))):
        image, file = Image.fromarray(places), io.BytesIO()
        image.putpalette(colors.tobytes())
        image.save(file, "png", dpi=(DPI, DPI))
        write_bytes(one, file.getvalue())


def indexed(pixels: Array) -> tuple[Array, Array]:
    """An image of any colours (H, W, 4) as places (H, W) in a palette (at most `COLORS`, 3), all uint8.

    Where there are more colours, the most frequent one of each cube of colours stands for the others in it. These are mixtures
    at the edges of lines and letters.
    """
    packed = np.ascontiguousarray(pixels).view("<u4")[..., 0] & 0xFFFFFF
    colors, counts = np.unique(packed, return_counts=True)
    colors = colors[np.argsort(-counts, kind="stable")]
    channels = np.stack([colors & 255, colors >> 8 & 255, colors >> 16], axis=1).astype(int)
    first = place = np.arange(len(colors))
    side = 1
    while len(first) > COLORS:
        side += 1
        cube = (channels // side) @ [1 << 16, 1 << 8, 1]
        cube[:EXACT] = -1 - np.arange(EXACT)
        _, first, place = np.unique(cube, return_index=True, return_inverse=True)
    table = np.zeros(1 << 24, np.uint8)
    table[colors] = place
    return table[packed], channels[first].astype(np.uint8)


def dark_color(color: str) -> str:
    """The colour that a colour such as `#0072B2` has in pictures for dark pages."""
    return to_hex(darkened(255 * np.array([to_rgb(color)]))[0] / 255)


def darkened(colors: Array) -> Array:
    """Colours (N, 3) uint8 for a dark page: white becomes `PAPER`, black `LIGHT_INK`, and hues stay."""
    given = colors / 255
    lightness = given.mean(axis=1, keepdims=True)
    # The power keeps colours of middle lightness from becoming dark ones.
    turned = LIGHT_INK + (PAPER - LIGHT_INK) * lightness**1.5 + (given - lightness)
    shown: Array = np.round(255 * np.clip(turned, 0, 1)).astype(np.uint8)
    return shown
