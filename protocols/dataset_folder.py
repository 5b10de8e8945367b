"""Finding an annotation file in a dataset's folder."""

from collections.abc import Sequence
from pathlib import Path

from posebench.errors import NoAnnotation


def files_named(root: Path, folders: Sequence[str], names: Sequence[str]) -> list[Path]:
    """The files below `root` that have one of the names, in the order of the names.

    Args:
        root: the dataset's folder, or one of its files, which then is the only answer.
        folders: below `root`, "" for itself; searched in this order for every name.
        names: file names, which may hold `*`.
    """
    if root.is_file():
        return [root]
    found = (path for name in names for folder in folders for path in sorted((root / folder).glob(name)))
    return [path for path in found if path.is_file()]


def none_found(what: str, root: Path, folders: Sequence[str], names: Sequence[str], source: str) -> NoAnnotation:
    """The error for a dataset folder without an annotation.

    Args:
        what: such as `MPII val`. source: where the files come from, as a sentence.
    """
    places = ", ".join(str(root / folder) for folder in folders)
    return NoAnnotation(
        f"No {what} annotation below {root}: looked for {', '.join(names)} in {places}. "
        f"--data also takes one annotation file, of any name. {source}"
    )
