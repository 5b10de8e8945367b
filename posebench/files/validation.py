"""Files of pydantic models: recipes, records, costs and descriptions; and validation errors as one sentence."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from posebench.errors import PosebenchError

Model = TypeVar("Model", bound=BaseModel)


def read_model(model: type[Model], path: Path, what: str, fix: str = "") -> Model:
    """Read a JSON file, or a TOML file by its ending, as a model.

    Args:
        what: what the file should be, such as `a cost file`. fix: a sentence on what to do if it is not.

    Raises:
        PosebenchError: the file cannot be read or does not fit the model; names the field that is wrong.
    """
    try:
        text = path.read_text("utf-8")
        return model.model_validate(tomllib.loads(text)) if path.suffix == ".toml" else model.model_validate_json(text)
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise PosebenchError(" ".join(filter(None, (f"{path} is not {what}: {explain(error)}.", fix)))) from error


def explain(error: Exception) -> str:
    """The first problem of a validation, on one line: field, complaint, value."""
    if not isinstance(error, ValidationError):
        return str(error)
    # A field that is not known is more often the cause of one that is missing than the other way round.
    first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    where = ".".join(map(str, first["loc"]))
    if not first["loc"]:  # a rule about several fields, in its own words
        return first["msg"].removeprefix("Value error, ")
    value = "" if first["type"] == "missing" else f" (is {first['input']!r:.80})"
    complaint = f"{first['msg'][0].lower()}{first['msg'][1:]}{value}"
    return f"{where}: {complaint}" if where else complaint
