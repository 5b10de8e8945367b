"""Reads the provenance that a predictions file states. It is anyone's JSON and shown in reports, so what is odd is left out."""

import json
import math
from typing import Any

from pydantic import ValidationError

from posebench.data.provenance import Provenance
from posebench.files.validation import explain
from posebench.plain_text import shown_name

LARGEST = 1 << 22
"""Bytes: the history of 10,000 epochs."""
DEEPEST = 16
"""Lists and objects within each other; posebench's own provenance has five."""
LONGEST_TEXT = 10_000
LARGEST_NUMBER = 1 << 63
LONGEST_LABEL = 40
"""Letters of a field's name that a note repeats."""


def read_provenance(text: str) -> tuple[Provenance, tuple[str, ...]]:
    """The provenance in a JSON text, and a sentence for each field that is left out because it cannot be right."""
    if not text:
        return Provenance(), ()
    if len(text) > LARGEST:
        return Provenance(), (f"The file's provenance is not used: it has {len(text):,} characters.",)
    try:
        stated = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return Provenance(), ("The file's provenance is not used: it is not readable JSON.",)
    if not isinstance(stated, dict):
        return Provenance(), (f"The file's provenance is not used: it is not a JSON object ({shown_name(text[:20])}).",)
    odd = {name: problem for name, value in stated.items() if (problem := _problem([name, value], -1))}
    while True:
        try:
            made = Provenance.model_validate({name: value for name, value in stated.items() if name not in odd})
            return made, tuple(_note(name, problem) for name, problem in odd.items())
        except ValidationError as error:
            wrong = str(error.errors()[0]["loc"][0])
            odd[wrong] = explain(error, Provenance).partition(": ")[2]


def _problem(value: Any, depth: int = 0) -> str:
    """Why a value cannot be kept; empty where it can."""
    match value:
        case str():
            return _text_problem(value)
        case bool() | None:
            return ""
        case int():
            return "" if abs(value) < LARGEST_NUMBER else "it has a number that is too large"
        case float():
            return "" if math.isfinite(value) else "it has a number that is too large"
        case dict():
            inner = [*value, *value.values()]
        case _:
            inner = list(value)
    if depth >= DEEPEST:
        return f"it is nested deeper than {DEEPEST} lists and objects"
    return next(filter(None, (_problem(one, depth + 1) for one in inner)), "")


def _text_problem(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"it has a text of {len(text):,} characters"
    return (
        ""
        if text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)
        else "it has text that is no Unicode"
    )


def _note(name: str, problem: str) -> str:
    label = shown_name(name)
    label = label if len(label) <= LONGEST_LABEL else f"{label[:LONGEST_LABEL]}…"
    return f"The file's provenance states '{label}', which is left out: {problem}."
