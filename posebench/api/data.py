"""Datasets from Python: check a folder, and see what a network sees of it."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, load_people, optional_path, protocol_named
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.tasks.dataset.check import DataCheck


def check_data(
    protocol: str | Protocol, data: StrPath, *, workers: int | None = None, results: StrPath = "results",
    show: Callable[[int, int], None] = lambda done, total: None,
) -> "DataCheck":  # fmt: skip
    """Check a dataset's folder: files, photographs, annotations, duplicates between training and scoring.

    Args:
        data: the dataset's folder.
        workers: processes that read photographs; None for one less than the number of cores, at most 8.
        results: below which what was found of each photograph is kept, so that it is read once.
        show: called with how many photographs are done, and of how many.

    Returns:
        `DataCheck`: `.problems` (what makes training or scoring impossible, as sentences; empty where both are possible),
        `.splits`, `.findings`, `.duplicates`, `.damaged`, `.notes`, `.as_json()`.

    Raises:
        PosebenchError: the folder is not there.
    """
    from posebench.results.folder import ResultsFolder
    from posebench.tasks.dataset import check
    from posebench.tasks.worker_count import worker_count

    folder = ResultsFolder(Path(results))
    return check.check_data(protocol_named(protocol), Path(data), folder, workers=worker_count(workers), show=show)


def show_data(
    protocol: str | Protocol, arch: str, *, out: StrPath, data: StrPath | None = None, split: str | None = None,
    recipe: str | None = None, row: int | None = None, image: str | None = None,
) -> Path:  # fmt: skip
    """Draw what a network sees in training: crops, targets, boxes. A warning says where photographs are missing.

    Args:
        arch: the network, such as `hourglass8`.
        out: the PNG to write.
        data: the dataset's folder; None for synthetic people.
        split: None for the one that is trained on.
        recipe: `paper`, the name of a shipped recipe, or a TOML/JSON file; None for paper with data and quick without.
        row: one person, in six epochs: a row of the split. image: the people of one photograph. None for six people.

    Returns:
        The picture's path.

    Raises:
        PosebenchError: there is no such person or photograph, or both are named; or a photograph cannot be read.
    """
    from posebench.tasks.dataset import show
    from posebench.tasks.people import run_splits
    from posebench.tasks.training.job import Settings, make_job

    rules, folder = protocol_named(protocol), optional_path(data)
    trained = make_job(arch, rules, folder, Settings(recipe=recipe), Path("results")).recipe
    people, notes = show.with_photographs(load_people(rules, folder, split or run_splits(rules, folder).train))
    for note in notes:
        warnings.warn(note, stacklevel=2)
    show.show_data(rules, people, arch, trained, Path(out), keys=show.keys_of(people, row, image))
    return Path(out)
