"""Validation errors of recipes, records and descriptions as one sentence."""

from pydantic import ValidationError


def explain(error: Exception) -> str:
    """The first problem of a validation, on one line: field, complaint, value."""
    if not isinstance(error, ValidationError):
        return str(error)
    # A field that is not known is more often the cause of one that is missing than the other way round.
    first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    where = ".".join(map(str, first["loc"]))
    value = "" if first["type"] == "missing" else f" (is {first['input']!r:.80})"
    complaint = f"{first['msg'][0].lower()}{first['msg'][1:]}{value}"
    return f"{where}: {complaint}" if where else complaint
