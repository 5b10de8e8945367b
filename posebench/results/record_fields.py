"""Two records field by field: what one states and what a recomputation finds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from posebench.results.record import Record

NOT_COMPARED = frozenset({"schema_version", "name", "created", "environment", "predictions"})
"""Fields that no recomputation can find: labels of the row and of the file, when and with what the record was made."""
SENTENCES = re.compile(r"rule\.(rule|evaluator|published_by)|ceiling\.what|resampling\.(unit|intervals)|notes\[\d+\]")
"""Fields that are sentences for a reader. Another version of posebench may word them otherwise, but with the same numbers."""
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
ABSENT = "absent"
"""What stands for a field that only one of two records has."""


@dataclass(frozen=True)
class Difference:
    """A field in which a record and its recomputation differ.

    Attributes:
        field: such as `metrics.Mean` or `curves[0].values[17]`.
        stated: by the record. recomputed: from the files. Either may be `ABSENT`.
    """

    field: str
    stated: Any
    recomputed: Any

    @property
    def reworded(self) -> bool:
        """Whether it is a sentence in other words with the same numbers in the same order."""
        texts = self.stated, self.recomputed
        if not SENTENCES.fullmatch(self.field) or not all(isinstance(text, str) for text in texts):
            return False
        return ABSENT not in texts and NUMBER.findall(self.stated) == NUMBER.findall(self.recomputed)


def fields_of(record: Record) -> dict[str, Any]:
    """Every number and text of a record that can be recomputed, by its place in the file; floats as they are."""
    dumped = record.model_dump(mode="json", exclude=set(NOT_COMPARED))
    return dict(_leaves("", dumped))


def differences(stated: Mapping[str, Any], recomputed: Mapping[str, Any]) -> list[Difference]:
    """The fields that are not equal to the last digit, in the order of the record.

    Args:
        stated, recomputed: as `fields_of` gives them.
    """
    both = ((name, stated.get(name, ABSENT), recomputed.get(name, ABSENT)) for name in {**stated, **recomputed})
    return [Difference(name, mine, its) for name, mine, its in both if mine != its]


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value that is no list and no object, with its place; an empty one has none."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{place}.{key}" if place else key, inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(f"{place}[{index}]", inner)
    else:
        yield place, value
