"""Pictures of a page: their address or content, their variant for dark pages, and their size."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posebench.report.plots.plot_files import dark
from posebench.results.folder import Gallery, ResultsFolder

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A PNG as a page shows it.

    Attributes:
        light: its address, or its content as a `data:` address. dark: that of the variant for dark pages; None where there is none.
        alt: what it shows, for readers who do not see it.
        caption: what stands below it, or "".
        size: (width, height) in pixels; None where the file is damaged.
        inside: whether the page holds the content.
    """

    light: str
    dark: str | None
    alt: str
    caption: str
    size: tuple[int, int] | None
    inside: bool


def picture(folder: ResultsFolder, path: Path, alt: str, caption: str = "", *, inside: bool) -> Picture:
    """A picture in the results folder."""
    place = _content if inside else folder.link
    other = dark(path)
    return Picture(place(path), place(other) if other.is_file() else None, alt, caption, _size(path), inside)


def gallery_picture(
    folder: ResultsFolder, gallery: Gallery, name: str, names: Mapping[str, str], *, inside: bool
) -> Picture:
    """A gallery in the results folder.

    Args:
        name: of the record that it is of. names: of all records, by their ids.
    """
    caption = f"Best, median and worst people of {name}"
    if gallery.other:
        caption = f"The people on whom {name} and {names.get(gallery.other, gallery.other)} differ most"
    alt = f"{caption}: photographs with predicted and annotated skeletons"
    return picture(folder, gallery.path, alt, caption, inside=inside)


def _content(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _size(path: Path) -> tuple[int, int] | None:
    """The size of a PNG, so that a page keeps its place free before it is read."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(PNG):
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
