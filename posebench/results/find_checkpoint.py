"""Finding the checkpoints in a folder that a user names instead of one of them."""

from pathlib import Path

from posebench.errors import PosebenchError, existing, listed, natural
from posebench.plain_text import shown_name
from posebench.results.folder import BEST, CHECKPOINT

PATTERNS = [place + name for place in ("", "*/", "*/*/") for name in ("*.pt", "*.onnx")]
"""Where checkpoints and exported networks lie in a run's folder, in `runs`, and in a results folder."""
MOST_NAMED = 8


def existing_checkpoint(path: Path) -> Path:
    """`path` if it is a file with something in it.

    Raises:
        PosebenchError: it is not; of a folder the sentence names the checkpoints in it, newest first.
    """
    if not path.is_dir():
        return existing(path, "a checkpoint")
    found = [
        one
        for pattern in PATTERNS
        for one in path.glob(pattern)
        if one.is_file() and "/." not in f"/{one.relative_to(path)}"
    ]
    if not found:
        raise PosebenchError(f"{path} is a folder without a checkpoint (.pt, .onnx). Name a checkpoint's file.")
    found.sort(key=lambda one: (-one.stat().st_mtime, natural(str(one))))
    names = [shown_name(str(one.relative_to(path))) for one in found]
    both = {BEST, CHECKPOINT} <= {one.name for one in found}
    which = f" {BEST} has the best validation score of its run, {CHECKPOINT} the weights after the last step." * both
    raise PosebenchError(
        f"{path} is a folder. Name one of the checkpoints in it, newest first: {listed(names, MOST_NAMED)}.{which}"
    )
