"""A manifest: a CSV file in which the user labels images or people, so that scores are sliced by these labels.

    image,person,weather
    a.jpg,0,rain
    b.jpg,2,sun

The column `image` has file names as in the annotation. `person` is optional: the dataset's own number of the person in that image.
Every other column is a criterion. People without a row, and empty cells, are in no part.
"""

import csv
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted, existing

KEYS = "image", "person"
MOST_PARTS = 100
"""Different labels of one column; more are no criterion but something like a number."""


def read_manifest(path: Path, people: Instances) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Criterion → (N,) label of each person, "" where the manifest has none; and notes on rows that are about nobody.

    Raises:
        PosebenchError: it is no such table, all its rows are about others, or it labels an image or person twice.
    """
    columns, rows = _read(path)
    by_person = "person" in columns
    place = _places(people, by_person)
    labels = {name: np.full(len(people), "", dtype=object) for name in columns if name not in KEYS}
    used: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        key = tuple(row[name] for name in KEYS if name in columns)
        if key in used:
            raise PosebenchError(f"{path}: {', person '.join(key)} is there twice, in lines {used[key]} and {line}.")
        used[key] = line
        for name, column in labels.items():
            column[place.get(key, [])] = row[name]
    strange = [key for key in used if key not in place]
    if len(strange) == len(used):
        named = f"{people.images[people.image[0]]}, person {people.person[0]}" if len(people) else "nobody"
        about = f"; its first row is about {', person '.join(strange[0])}" if strange else ""
        raise PosebenchError(
            f"{path} labels nobody of {people.what}{about}. Write image (and person) as in the annotation, such as {named}."
        )
    for name, column in labels.items():
        if (parts := len(set(column.tolist()) - {""})) > MOST_PARTS:
            raise PosebenchError(
                f"{path}: the column {name} has {parts:,} different labels, but a criterion has at most {MOST_PARTS}. "
                "Write a few kinds instead, such as small and large."
            )
    many = counted(len(strange), "row is", "rows are")
    notes = (
        (f"{many} about others than {people.what}; the first is {', person '.join(strange[0])}.",) if strange else ()
    )
    return {name: column.astype(str) for name, column in labels.items()}, notes


def _read(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns, and each row with its line."""
    try:
        with existing(path, "a manifest").open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = [name.strip() for name in next(reader, [])]
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PosebenchError(f"{path} cannot be read as CSV: {error}.") from error
    labels = [name for name in columns if name not in KEYS]
    if "image" not in columns or not labels or not all(columns) or len(set(columns)) < len(columns):
        raise PosebenchError(
            f"{path} has the columns {', '.join(columns) or 'none'}. A manifest needs the column image, perhaps person, and "
            "one column or more with labels; each has a name of its own."
        )
    for line, cells in lines:
        if len(cells) != len(columns):
            raise PosebenchError(
                f"{path}, line {line}: there are {counted(len(cells), 'cell', 'cells')}, but {len(columns)} columns."
            )
    return columns, [(line, dict(zip(columns, cells, strict=True))) for line, cells in lines]


def _places(people: Instances, by_person: bool) -> dict[tuple[str, ...], list[int]]:
    """(image,) or (image, person) → rows of people; images without people have none."""
    places: dict[tuple[str, ...], list[int]] = {} if by_person else {(name,): [] for name in people.images}
    for row, (image, person) in enumerate(zip(people.image.tolist(), people.person.tolist(), strict=True)):
        key = (people.images[image], str(person)) if by_person else (people.images[image],)
        places.setdefault(key, []).append(row)
    return places
