"""The flow about the networks: people to ask about, and predictions → scores → record and pictures. No torch here."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from posebench import predictions as files
from posebench import results
from posebench.errors import PosebenchError
from posebench.instances import Instances
from posebench.protocol import Protocol
from posebench.results import Record
from posebench.scores import Curve, Scores

EMBEDDED_TO_TRAIN, EMBEDDED_TO_SCORE = 4000, 500


def load_people(protocol: Protocol, data: Path | None, split: str, convention: str | None = None) -> Instances:
    """The people of a split: annotated ones below `data`, from the file that the convention's evaluator uses; or embedded ones.

    Raises:
        PosebenchError: the split is unknown, or the dataset is not there.
    """
    protocol.check_split(split)
    if data is None:
        from posebench import synthetic

        count = EMBEDDED_TO_TRAIN if split == protocol.train_split else EMBEDDED_TO_SCORE
        try:
            return synthetic.instances(protocol.skeleton, split, count)
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


def score(path: Path, protocol: Protocol, people: Instances, convention: str) -> tuple[Scores, files.Predictions]:
    """Score a predictions file.

    Raises:
        PosebenchError: the file is damaged or of other people; names the file.
    """
    made = protocol.read_predictions(path, people)
    with _naming(path):
        return protocol.score(made, people, convention), made


def curves(
    path: Path, protocol: Protocol, people: Instances, convention: str | None, thresholds: Any
) -> tuple[Curve, ...]:
    """The scores of a predictions file over (T,) ascending thresholds.

    Raises:
        PosebenchError: as `score`; or the protocol has no thresholds to choose.
    """
    made = protocol.read_predictions(path, people)
    with _naming(path):
        return protocol.curves(made, people, convention or next(iter(protocol.conventions)), thresholds)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


@dataclass(frozen=True)
class Network:
    """What somebody says made a predictions file that does not say so itself; input_size: (width, height) or None."""

    arch: str
    input_size: tuple[int, int] | None


def evaluate(
    path: Path,
    protocol: Protocol,
    people: Instances,
    convention: str | None,
    name: str | None,
    network: Network | None = None,
) -> tuple[Record, Scores, files.Predictions]:
    """Score a predictions file; the record is not yet written.

    Raises:
        PosebenchError: as `score`; or `network` is stated although the file names its own.
    """
    convention = convention or next(iter(protocol.conventions))
    scores, made = score(path, protocol, people, convention)
    if network is not None:
        if "arch" in made.provenance:
            raise PosebenchError(f"{path} says itself that {made.provenance['arch']} made it; leave out --arch.")
        stated = {"arch": network.arch, "stated": "by whoever scored it"}
        size = {} if network.input_size is None else {"input_size": list(network.input_size)}
        made = replace(made, provenance=dict(made.provenance) | stated | size)
    label = name or str(made.provenance.get("arch") or path.stem)
    if not 0 < len(label) <= results.LONGEST_NAME:
        raise PosebenchError(
            f"The name of a row may have 1 to {results.LONGEST_NAME} characters; this one has {len(label)}."
        )
    return results.make_record(label, protocol, convention, people, made, scores, path), scores, made


def overlays(record: Record, scores: Scores, made: files.Predictions, people: Instances, folder: Path) -> Path | None:
    """Draw the best and the worst cases to `folder/overlays/<record id>.png`.

    Returns:
        The picture's path; None where the protocol does not score people one by one.

    Raises:
        PosebenchError: the photographs are not there.
    """
    from posebench.overlays import overlays as draw
    from posebench.pixels import ImageReader

    if not len(scores.per_person):
        return None
    path = folder / "overlays" / f"{record.id}.png"
    rows = row_of_each(made, people)
    found = rows >= 0
    keypoints, missing = made.keypoints[rows], made.missing[rows] | ~found[:, None]
    what = f"{record.rule.protocol} {record.rule.convention} · {people.what}"
    title = f"{record.name} · {what}; below each: {scores.per_person_metric}"
    reader: Callable[[int], Any] = ImageReader(people)
    per_person = np.where(missing.all(axis=1), np.nan, scores.per_person)  # nothing to draw, perhaps no photograph
    draw(people, keypoints, missing, per_person, reader, path, title)
    return path


def row_of_each(made: files.Predictions, people: Instances) -> Any:
    """(N,) row of `made` that predicts each person of `people`: the one that names them, else the nearest that names nobody.

    -1 where there is neither.
    """
    rows = {
        (made.images[i], p): r for r, (i, p) in enumerate(zip(made.image.tolist(), made.person.tolist(), strict=True))
    }
    unnamed: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero((made.person < 0) & ~made.missing.any(axis=1)).tolist():
        unnamed[made.images[made.image[row]]].append(row)
    found = []
    for person, (image, number) in enumerate(zip(people.image.tolist(), people.person.tolist(), strict=True)):
        row, detected = rows.get((people.images[image], number), -1), unnamed.get(people.images[image], [])
        if row < 0 and detected:
            apart = made.keypoints[detected] - people.keypoints[person]
            row = detected[int((np.hypot(*apart.T).T * (people.visibility[person] > 0)).sum(axis=1).argmin())]
        found.append(row)
    return np.array(found, np.int64)
