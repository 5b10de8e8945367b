"""The flow about the networks: people to ask about, and predictions → scores → record and pictures. No torch here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.matching import row_of_each
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol
from posebench.results import record as results
from posebench.results.record import Record
from posebench.scoring.scores import Curve, Scores


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
    from posebench.report.overlays import overlays as draw
    from posebench.samples.images import ImageReader

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
