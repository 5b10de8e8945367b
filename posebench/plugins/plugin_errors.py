"""What a plugin raises, as one sentence: type, message, and the place in the plugin's file."""

import traceback
from pathlib import Path

from posebench.errors import PosebenchError

LONGEST_REASON = 400
"""Characters kept of a plugin's message, so that a report stays one page."""
LIBRARIES = {"torch", "numpy", "importlib", "h5py", "scipy", "timm", "accelerate"}
_PACKAGE = Path(__file__).parents[1]


class PluginError(PosebenchError):
    """A plugin raised something else than a PosebenchError. The cause is what it raised."""


def reason(error: BaseException) -> str:
    """An exception on one line: type, message, and the place in the plugin's code; a PosebenchError is its sentence."""
    if isinstance(error, PluginError) and error.__cause__ is not None:
        error = error.__cause__
    try:
        message = " ".join(str(error).split())
    except Exception:  # even its message may be broken
        message = "(its message cannot be shown)"
    if len(message) > LONGEST_REASON:
        message = message[: LONGEST_REASON - 1] + "…"
    if isinstance(error, PosebenchError):
        return message  # a sentence for users: they need no line of code
    place = _place(error)
    return f"{type(error).__name__}: {message}" + (f" ({place})" if place else "")


def _place(error: BaseException) -> str:
    """The innermost line that belongs to neither a library nor posebench's core: the plugin's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if not LIBRARIES & set(path.parts) and not _in_core(path) and not frame.filename.startswith("<"):
            return f"{path.name}, line {frame.lineno}, in {frame.name}"
    return ""


def _in_core(path: Path) -> bool:
    """Whether a file is posebench's own and no plugin; in a wheel the built-in plugins lie below the package."""
    if not path.is_relative_to(_PACKAGE):
        return False
    return path.relative_to(_PACKAGE).parts[0] not in ("architectures", "protocols")
