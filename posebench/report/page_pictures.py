"""Pictures of a page: where their file is, their variant for the dark, and their size."""

from dataclasses import dataclass
from pathlib import Path

from posebench.results.folder import ResultsFolder

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A picture as a page shows it.

    Attributes:
        light: address of the picture. dark: that of the variant for dark pages; None where there is none.
        title: what it shows.
        size: (width, height) in pixels; None where the file does not say it.
    """

    light: str
    dark: str | None
    title: str
    size: tuple[int, int] | None


def picture(folder: ResultsFolder, path: Path, title: str) -> Picture:
    """A picture in the results folder, with the variant `<name>-dark.png` where that exists."""
    dark = path.with_stem(f"{path.stem}-dark")
    return Picture(folder.link(path), folder.link(dark) if dark.is_file() else None, title, _size(path))


def _size(path: Path) -> tuple[int, int] | None:
    """Size of a PNG, so that a page keeps its place free before it is read."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(PNG):
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
