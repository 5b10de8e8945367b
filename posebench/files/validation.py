"""Files of pydantic models: recipes, records, costs and descriptions; and validation errors as one sentence."""

import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from posebench.errors import PosebenchError

Model = TypeVar("Model", bound=BaseModel)
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of things, as tables and arrays can hold it."""
Known = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A number that is NaN where it is unknown. JSON has null for it."""


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
        problem = explain(error, model)
        end = "" if problem.endswith("?") else "."
        raise PosebenchError(" ".join(filter(None, (f"{path} is not {what}: {problem}{end}", fix)))) from error


@dataclass(frozen=True)
class Found(Generic[Model]):
    """What a folder of such files holds.

    Attributes:
        kept: in the order of their paths.
        notes: a sentence for each file that is skipped because it cannot be read, with its path.
    """

    kept: tuple[Model, ...]
    notes: tuple[str, ...]


def read_models(model: type[Model], paths: Iterable[Path], what: str, fix: str) -> Found[Model]:
    """Read the files of a folder that other processes may write to; a file that is gone by now is left out.

    Args:
        what, fix: as for `read_model`.
    """
    models, problems = [], []
    for path in sorted(paths):
        try:
            if path.is_file():  # no pipe, which would wait for ever
                models.append(read_model(model, path, what, fix))
        except PosebenchError as error:
            if path.exists():
                problems.append(f"Warning: skipped. {error}")
    return Found(tuple(models), tuple(problems))


def explain(error: Exception, model: type[BaseModel] | None = None) -> str:
    """The first problem of a validation, on one line: field, complaint, value.

    Args:
        model: what was validated; for a field that is not known, its nearest one is suggested.
    """
    if not isinstance(error, ValidationError):
        return str(error)
    # A field that is not known is more often the cause of one that is missing than the other way round.
    first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        *place, name = first["loc"]
        known = _fields(model, place)
        near = get_close_matches(str(name), known, n=1)
        below = [".".join(map(str, [*place, one])) for one in known if name in _fields(model, [*place, one])]
        told = f". It is a field of {below[0]}." if below else f". Did you mean {near[0]}?" if near else ""
        return f"{where} is not a known field{told}"
    whole = not where  # a rule about several fields
    value = "" if whole or first["type"] == "missing" else f" (is {first['input']!r:.80})"
    message = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    complaint = f"{message[0].lower()}{message[1:]}{value}"
    return f"{where}: {complaint}" if where else complaint


def _fields(model: Any, place: Sequence[int | str]) -> list[str]:
    """Names of the fields at a place of a model; none where it has no such place."""
    for part in place:
        model = model.model_fields[part].annotation if _is_model(model) and part in model.model_fields else None
    return list(model.model_fields) if _is_model(model) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
