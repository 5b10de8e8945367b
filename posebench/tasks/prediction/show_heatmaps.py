"""Shows the heatmaps that every stack of a network has of chosen people and keypoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import Crop, inverse, transform
from posebench.data.instances import Instances
from posebench.errors import PosebenchError, unknown

if TYPE_CHECKING:
    from posebench.inference.heatmap_file import Heatmaps
    from posebench.report.galleries.heatmap_sheet import SeenKeypoint
    from posebench.samples.images import ImageReader

LINES = 6
"""Keypoints on a sheet for which no person is named."""
EACH = 3
"""Keypoints of each person who is named, where no keypoint is."""
NEAR = 2.0
"""Cells from its annotation within which a peak is taken for right."""
DRAWN = 256
"""Pixels across a drawn crop, at least."""


def show_heatmaps(
    file: Path, people: Instances, path: Path, rows: Sequence[int] = (), keypoints: Sequence[str] = ()
) -> None:
    """Write a sheet: a line for each keypoint, with the annotation and the heatmap of every stack.

    Args:
        file: as `posebench predict --keep-heatmaps` wrote it.
        people: the annotated people of the split that was predicted.
        path: the PNG to write.
        rows: people, by their row of the split; without any, people whom the last stack corrects.
        keypoints: their names; without any, those that the last stack corrects most.

    Raises:
        PosebenchError: the file is damaged or of other people, a row or a name is not there, or a photograph cannot be read.
    """
    from posebench.inference.heatmap_file import open_heatmaps
    from posebench.report.galleries.contact_sheet import Heading
    from posebench.report.galleries.heatmap_sheet import heatmap_sheet
    from posebench.report.tables.board import SYNTHETIC_NOTE
    from posebench.samples.images import ImageReader

    places = _places(people, keypoints)
    with open_heatmaps(file) as kept:
        row_of = _rows_of(kept, people, file)
        chosen = choose(kept, people, row_of, rows, places)
        reader = ImageReader(people.take(np.array([row for row, _ in chosen])))
        seen = [_seen(kept, people, row_of[row], row, place, reader) for row, place in chosen]
        stacks, network = kept.stacks, kept.provenance.arch or file.stem
        passes = " and ".join(kept.passes)
    about = f"mean of the passes {passes}" if "mirrored" in passes else "upright crops"
    if not rows:
        about += (
            "; chosen where the last stack corrects the first"
            if len(stacks) > 1
            else "; chosen where errors are largest"
        )
    heading = Heading(f"Heatmaps of {network} on {people.what}", about, SYNTHETIC_NOTE if people.synthetic else "")
    heatmap_sheet(seen, people.skeleton, stacks, path, heading)


def choose(
    kept: "Heatmaps", people: Instances, row_of: dict[int, int], rows: Sequence[int], places: Sequence[int]
) -> list[tuple[int, int]]:
    """(row of the people, keypoint) of each line.

    Args:
        row_of: row of the people → row of the file.
        rows, places: those that are named; where both are, every keypoint of every person.

    Raises:
        PosebenchError: a row was not predicted, or there is nothing labelled to choose from.
    """
    for row in rows:
        if row not in row_of:
            raise PosebenchError(
                f"--row {row} is not among the people of the heatmap file. It has {len(row_of):,} of {people.what}, "
                f"such as row {next(iter(row_of))}."
            )
    if rows and places:
        return [(row, place) for row in rows for place in places]
    able = np.isin(np.arange(len(people.skeleton)), places) if places else np.ones(len(people.skeleton), bool)
    asked = list(rows or row_of)
    found = []
    for row in asked:
        errors = _errors(kept, people, row_of[row], row)
        labelled = np.flatnonzero((people.visibility[row] > 0) & able).tolist()
        values = [(*_corrected(errors[place]), row, place) for place in labelled]
        found.append(sorted(values, key=_first)[: EACH if rows else 1])
    best = [value for values in found for value in values]
    if not best:
        raise PosebenchError(
            f"None of these keypoints is labelled on these people of {people.what}. Name others with --row and --joint."
        )
    return [(row, place) for _, _, row, place in (best if rows else sorted(best, key=_first)[:LINES])]


def _first(value: tuple[bool, float, int, int]) -> tuple[bool, float]:
    """Sort key: the last stack is right, then the largest correction."""
    return not value[0], -value[1]


def _corrected(errors: Array) -> tuple[bool, float]:
    """Whether the last stack is right, and by how many cells it is nearer than the first; of one stack, how far it is off."""
    if len(errors) == 1:
        return True, float(errors[0])
    return bool(errors[-1] <= NEAR), float(errors[0] - errors[-1])


def _errors(kept: "Heatmaps", people: Instances, place: int, row: int) -> Array:
    """(K, S) cells from each stack's peak to the annotation of a person."""
    truth = transform(inverse(kept.to_image[place]), people.keypoints[row])
    return np.asarray(np.hypot(*np.moveaxis(kept.peaks(place) - truth, 2, 0)).T / kept.stride)


def _places(people: Instances, keypoints: Sequence[str]) -> list[int]:
    names = people.skeleton.keypoints
    for name in keypoints:
        if name not in names:
            raise unknown(f"keypoint of {people.what}", name, names, label="Keypoints")
    return [names.index(name) for name in keypoints]


def _rows_of(kept: "Heatmaps", people: Instances, file: Path) -> dict[int, int]:
    """Row of the people → row of the file, for those who were predicted and whose photograph was readable.

    Raises:
        PosebenchError: the file is of other people, or of detected ones.
    """
    kept.check_people(people, file)
    if (kept.person < 0).any():
        raise PosebenchError(
            f"{file} has heatmaps of detected people ({kept.box_source}), which have no annotation to compare with."
        )
    key = {
        (people.images[image], int(person)): row
        for row, (image, person) in enumerate(zip(people.image, people.person, strict=True))
    }
    found = {}
    for place in np.flatnonzero(~kept.missing).tolist():
        whose = kept.images[kept.image[place]], int(kept.person[place])
        if whose not in key:
            raise PosebenchError(
                f"{file} has heatmaps of {whose[0]}, person {whose[1]}, whom {people.what} does not have."
            )
        found[key[whose]] = place
    if not found:
        raise PosebenchError(f"{file} has no heatmaps: no photograph could be read when it was written.")
    return found


def _seen(
    kept: "Heatmaps", people: Instances, place: int, row: int, keypoint: int, reader: "ImageReader"
) -> "SeenKeypoint":  # fmt: skip
    from posebench.report.galleries.heatmap_sheet import SeenKeypoint
    from posebench.samples.images import cut

    width, height = kept.input_size
    to_crop = inverse(kept.to_image[place])
    # The network's own crop, in more pixels where it has few: edges stay on edges.
    factor = max(1, -(-DRAWN // width))
    scaled = np.column_stack([to_crop[:, :2] * factor, (to_crop[:, 2] + 0.5) * factor - 0.5])
    image = reader(int(people.image[row]))
    labelled = people.visibility[row][:, None] > 0
    return SeenKeypoint(
        name=people.skeleton.keypoints[keypoint], whose=f"row {row} · {Path(people.images[people.image[row]]).name}",
        place=keypoint, crop=cut(image, Crop(scaled, width * factor, height * factor)), input_size=kept.input_size,
        annotated=transform(to_crop, np.where(labelled, people.keypoints[row], np.nan)),
        maps=kept.mean(place)[:, keypoint], peaks=kept.peaks(place)[:, keypoint], stride=kept.stride,
    )  # fmt: skip
