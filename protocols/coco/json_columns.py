"""JSON of millions of numbers: the file, and columns of numbers from lists of values."""

import gc
import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from posebench.array_type import Array
from posebench.errors import PosebenchError, existing

WRONG = KeyError, TypeError, ValueError, AttributeError, OverflowError
"""What a wrong entry makes the functions below, and subscripts, raise."""


def load(path: Path) -> tuple[Any, bytes]:
    """The content of a JSON file, and its bytes.

    Raises:
        PosebenchError: it is missing, or no JSON.
    """
    try:
        text = existing(path, "a COCO file").read_bytes()
        try:
            content = orjson.loads(text)
        except orjson.JSONDecodeError:
            # Python's own reader is slower and takes more: NaN, say, whose row is then named.
            content = json.loads(text)
    except (ValueError, OSError, RecursionError) as error:
        kind = (
            "It is no text: another kind of file?"
            if isinstance(error, UnicodeDecodeError)
            else f"{error}. Was it cut off?"
        )
        raise PosebenchError(f"{path} is not readable JSON. {kind}") from error
    return content, text


@contextmanager
def without_collection() -> Iterator[None]:
    """For functions that read: a parser makes hundreds of thousands of lists and no cycle; to look for one takes as long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def floats(values: list[Any]) -> Array:
    """(N,) float64 of N numbers. Raises TypeError where one is none: a string, null or a list."""
    return np.asarray(array("d", values))


def table(rows: list[list[Any]], width: int) -> Array:
    """(N, width) float64 of N lists of numbers. Raises TypeError as `floats`, and ValueError for another length."""
    flat = array("d")
    for row in rows:
        if len(row) != width:
            raise ValueError(f"{len(row)} values instead of {width}")
        flat.fromlist(row)
    return np.asarray(flat).reshape(-1, width)


def whole(values: list[Any], name: str) -> Array:
    """(N,) int64 of N whole numbers, also where they are written 7.0. Raises TypeError, ValueError or OverflowError."""
    try:
        return np.array(array("q", values), np.int64)
    except TypeError:
        wrong = [value for value in values if isinstance(value, float) and not value.is_integer()]
        if wrong:
            raise ValueError(f"{name} is {wrong[0]!r}, not a whole number") from None
        return np.array(array("q", [int(value) if isinstance(value, float) else value for value in values]), np.int64)
