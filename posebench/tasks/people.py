"""The people of a split: annotated, detected, or synthetic."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from posebench.data.chosen import choose, chosen, in_images_of
from posebench.data.instances import Instances
from posebench.data.predictions import stated_people
from posebench.data.provenance import Chosen
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Protocol, RunSplits
from posebench.plugins.recipe import Recipe
from posebench.plugins.registry import errors_of

ALLOW_MISSING = "With --allow-missing, predict and run count its people as missed, as those of damaged photographs."
SYNTHETIC_TO_TRAIN, SYNTHETIC_TO_SCORE = 4000, 500


def load_people(
    protocol: Protocol,
    data: Path | None,
    split: str | None = None,
    convention: str | None = None,
    limit: int | None = None,
) -> Instances:
    """The annotated people of a split, from the file that the convention's evaluator uses; without data, synthetic people.

    Args:
        data: the dataset's folder, or one of its annotation files.
        split: None for the one that published numbers are about.
        convention: None for the protocol's first one.
        limit: only the first so many usable people; None for everybody.

    Raises:
        PosebenchError: the split is unknown, or the dataset is not there.
    """
    split = split or protocol.report_split
    protocol.check_split(split)
    people = _synthetic(protocol, split, limit) if data is None else _annotated(protocol, data, split, convention)
    return people if limit is None else people.take(np.flatnonzero(people.usable)[:limit])


def people_of_files(
    files: Sequence[Path], protocol: Protocol, data: Path | None, split: str | None, convention: str | None = None
) -> Instances:
    """The annotated people of predictions files, as `load_people` gives them; where the files are of a part, that part.

    Args:
        split: None for the one that the files state, else the one that published numbers are about.

    Raises:
        PosebenchError: as `load_people`; or the files state different splits, and none is named, or different parts.
    """
    part = _part_of_files(files)
    return chosen(load_people(protocol, data, split or split_of_files(files, protocol), convention), part)


def _part_of_files(files: Sequence[Path]) -> Chosen | None:
    """The part of the people that all files are of; None for the whole split."""
    parts = [_stated(file)[1] for file in files]
    for file, part in zip(files, parts, strict=True):
        if part != parts[0]:
            first, other = ("all people" if one is None else one.sentence for one in (parts[0], part))
            raise PosebenchError(
                f"{files[0]} has predictions of {first}, but {file} of {other}. Predict the same people for both; "
                "`posebench predict --people N` chooses the same ones for every network."
            )
    return parts[0] if parts else None


def split_of_files(files: Sequence[Path], protocol: Protocol) -> str | None:
    """The split of the protocol that posebench's own files state; None where they state none.

    Raises:
        PosebenchError: they state different ones.
    """
    first: Path | None = None
    split = None
    for file in files:
        stated = _stated(file)[0]
        if stated not in protocol.splits:
            continue
        if first is not None and stated != split:
            raise PosebenchError(
                f"{first} has predictions of {protocol.name} {split}, but {file} of {protocol.name} {stated}. "
                "Name files of one split."
            )
        first, split = first or file, stated
    return split


def _stated(file: Path) -> tuple[str, Chosen | None]:
    """What `stated_people` reads of a file, once: each time it compares the whole file with its checksum."""
    if not file.is_file():
        return stated_people(file)
    about = file.stat()
    return _kept(file, about.st_ino, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _kept(file: Path, *version: int) -> tuple[str, Chosen | None]:
    """`stated_people` of a file that is there, until it is written again."""
    return stated_people(file)


def _synthetic(protocol: Protocol, split: str, limit: int | None) -> Instances:
    """All synthetic people of the split; of more usable ones than the limit, only the first."""
    from posebench.synthetic import people

    every = SYNTHETIC_TO_TRAIN if split == protocol.train_split else SYNTHETIC_TO_SCORE
    count = every if limit is None else min(limit, every)
    try:
        made = people.instances(protocol.skeleton, split, count)
        if limit is not None and made.usable.sum() < limit and count < every:
            made = people.instances(protocol.skeleton, split, every)
    except PosebenchError as error:
        raise PosebenchError(f"{error} Name the photographs of {protocol.name} with --data.") from error
    return made


def _annotated(protocol: Protocol, data: Path, split: str, convention: str | None) -> Instances:
    if not data.exists():
        raise PosebenchError(
            f"--data {data} does not exist. It should be the folder of {protocol.name}, or its annotation file."
        )
    with errors_of("protocol", protocol.name, "annotations"):
        source = protocol.annotations(data, split, protocol.convention(convention).name)
    with errors_of("protocol", protocol.name, "instances"):
        return protocol.instances(source, split)


def run_splits(protocol: Protocol, data: Path | None) -> RunSplits:
    """The splits to train on and to score where none is named.

    Args:
        data: the dataset's folder or file; None for synthetic people.

    Raises:
        PosebenchError: the plugin fails.
    """
    with errors_of("protocol", protocol.name, "run_splits"):
        return protocol.run_splits(data)


def left_out_note(people: int, recipe: Recipe) -> str:
    """How many of so many people an epoch leaves out, because it uses full batches only; empty where it leaves out nobody."""
    left = people % recipe.batch_size
    if recipe.last_batch == "keep" or not left or people < recipe.batch_size:
        return ""
    return (
        f"Each epoch trains on {people - left:,} of {people:,} people, not always the same ones: batches have {recipe.batch_size} "
        'people, and a last batch that is not full is left out (last_batch = "drop").'
    )


def people_to_predict(
    protocol: Protocol, annotated: Instances, boxes: Path | None, threshold: float | None, count: int | None = None
) -> Instances:
    """The annotated people, or those whom a detector found in their images; `notes` say what was left out.

    Args:
        annotated: of the whole split.
        count: so many annotated people, or the boxes in their images; None for all.

    Raises:
        PosebenchError: a threshold without boxes, the boxes are not what they should be, or the split has fewer people.
    """
    asked = choose(annotated, count, detected=boxes is not None)
    if boxes is None:
        if threshold is not None:
            raise PosebenchError("--box-threshold applies to the scores of --boxes, and --boxes is not given.")
        return asked
    with errors_of("protocol", protocol.name, "detected"):
        found = protocol.detected(annotated, boxes, threshold or 0.0)
    return in_images_of(found, asked)


def missing_notes(people: Instances) -> tuple[str, ...]:
    """A sentence on photographs that are missing, whose people count as missed; none where all are there.

    Raises:
        PosebenchError: as `check_photographs`; says which option allows it.
    """
    from posebench.samples.images import check_photographs

    try:
        missing = check_photographs(people)
    except PosebenchError as error:
        allowed = "" if people.allow_missing or not people.with_photograph().any() else f" {ALLOW_MISSING}"
        raise PosebenchError(f"{error}{allowed}") from error
    many = counted(len(missing), "photograph is missing; its", "photographs are missing; their")
    return (f"{many} people count as missed: {', '.join(missing[:3])}",) if missing else ()
