"""The people of a split: annotated, detected, or synthetic."""

from pathlib import Path

from rich.console import Console

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol

EMBEDDED_TO_TRAIN, EMBEDDED_TO_SCORE = 4000, 500


def load_people(protocol: Protocol, data: Path | None, split: str, convention: str | None = None) -> Instances:
    """The people of a split: annotated ones below `data`, from the file that the convention's evaluator uses; or embedded ones.

    Raises:
        PosebenchError: the split is unknown, or the dataset is not there.
    """
    protocol.check_split(split)
    if data is None:
        from posebench.synthetic import people

        count = EMBEDDED_TO_TRAIN if split == protocol.train_split else EMBEDDED_TO_SCORE
        try:
            return people.instances(protocol.skeleton, split, count)
        except PosebenchError as error:
            raise PosebenchError(f"{error} Name the photographs of {protocol.name} with --data.") from error
    if not data.exists():
        raise PosebenchError(
            f"--data {data} does not exist. It should be the folder of {protocol.name}, or its annotation file."
        )
    convention = convention or next(iter(protocol.conventions))
    protocol.check_convention(convention)
    return protocol.instances(protocol.annotations(data, split, convention), split)


def people_to_predict(
    protocol: Protocol, annotated: Instances, boxes: Path | None, threshold: float | None, console: Console
) -> Instances:
    """The annotated people, or those whom a detector found in their images; what was left out is told.

    Raises:
        PosebenchError: a threshold without boxes, or the boxes are not what they should be.
    """
    if boxes is None:
        if threshold is not None:
            raise PosebenchError("--box-threshold is about the scores of --boxes, and there are none.")
        return annotated
    found = protocol.detected(annotated, boxes, threshold or 0.0)
    console.print(f"{len(found):,} boxes of {found.box_source} to predict.", highlight=False, markup=False)
    for note in found.source.notes:
        console.print(note, style="yellow", highlight=False, markup=False)
    return found
