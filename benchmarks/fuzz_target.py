"""One form of file for `fuzz.py`: a whole file, how it is damaged, and what reads it and scores with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fuzzing import damaged

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.tasks.scoring.evaluate import naming

Mutate = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Target:
    """One form of file.

    Attributes:
        name: for the table.
        content: of a whole file.
        path: where a damaged one is written; what lies beside it is whole.
        read: reads it, and does with it what posebench does.
        mutate: how it is damaged.
    """

    name: str
    content: bytes
    path: Path
    read: Callable[[], object]
    mutate: Mutate = damaged


def made(name: str, path: Path, read: Callable[[Path], object], *mutations: Mutate) -> list[Target]:
    """Targets of a file that is there, one for each way to damage it."""
    content, found = path.read_bytes(), []
    for mutate in mutations or (damaged,):
        how = "" if mutate is damaged else f", {mutate.__name__.replace('_', ' ')}"
        found.append(Target(f"{name}{how}", content, path, lambda: read(path), mutate))
    return found


def scoring(people: Instances, of: Any, convention: str) -> Callable[[Path], object]:
    """Reads a predictions file and scores it."""

    def read(path: Path) -> object:
        predictions = of.read_predictions(path, people)
        with naming(path):
            return of.score(predictions, people, convention)

    return read


def annotated(of: Any, split: str, convention: str) -> Callable[[Path], object]:
    """Reads an annotation, and scores its own keypoints by it."""

    def read(path: Path) -> object:
        people = of.instances(path, split)
        with naming(path):
            return of.score(for_instances(people, people.keypoints), people, convention)

    return read
