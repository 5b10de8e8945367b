"""Track: people who were predicted frame by frame → the same people in tracks. No torch here."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, load, save
from posebench.data.provenance import Tracked
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, counted
from posebench.inference.tracker import Tracker, above, sequences, track
from posebench.plugins.protocol import Protocol


@dataclass(frozen=True)
class TrackedFile:
    """A predictions file with tracks.

    Attributes:
        path: the file.
        people, frames, sequences, tracks: how many there are; frames without people are not counted.
        left_out: keypoints that were left out for their scores.
    """

    path: Path
    people: int
    frames: int
    sequences: int
    tracks: int
    left_out: int

    @property
    def sentence(self) -> str:
        """Such as `126 people in 12 frames of 1 sequence: 11 tracks.`"""
        left_out = f"; {counted(self.left_out, 'keypoint', 'keypoints')} left out" if self.left_out else ""
        return (
            f"{counted(self.people, 'person', 'people')} in {counted(self.frames, 'frame', 'frames')} of "
            f"{counted(self.sequences, 'sequence', 'sequences')}: {counted(self.tracks, 'track', 'tracks')}{left_out}."
        )


def track_file(
    path: Path, protocol: Protocol, out: Path, tracker: Tracker, least_score: float | None = None
) -> TrackedFile:
    """Write a predictions file with tracks.

    Args:
        path: posebench's own file, or results that `protocol` reads without the annotation; images of one sequence have one
            folder and are in order.
        least_score: keypoints of a lower score are left out, and people without any other; None for all.

    Raises:
        PosebenchError: the file is damaged, or has several people for one annotated person or no people.
    """
    given = protocol.read_unannotated(path)
    made = given if least_score is None else above(given, least_score)
    if not len(made):
        raise PosebenchError(
            f"{path} has no people to track." if not len(given) else
            f"{path} has no keypoint with a score of {least_score:g} or more; the largest is {given.scores.max():g}."
        )  # fmt: skip
    made = track(made, tracker)
    stated = Tracked(**vars(tracker), above=least_score)
    made = replace(made, provenance=made.provenance.model_copy(update={"tracked": stated}))
    save(made, out)
    return _counted(out, made, int((~given.missing).sum() - (~made.missing).sum()))


def draw_tracks(path: Path, images: Path, picture: Path) -> None:
    """Draw frames of a predictions file with tracks, a colour for each track.

    Args:
        images: the folder below which the images of the file lie. picture: the PNG to write.

    Raises:
        PosebenchError: an image cannot be read.
    """
    from posebench.report.galleries.track_strip import track_strip
    from posebench.samples.images import read_image

    made = load(path)
    nobody = made.take(np.zeros(0, np.int64))
    people = Instances(
        dataset=made.dataset, split=made.split, skeleton=Skeleton(made.keypoint_names), images=made.images,
        image_ids=np.arange(len(made.images)), image=nobody.image, person=nobody.person, center=np.zeros((0, 2)),
        size=np.zeros((0, 2)), keypoints=nobody.keypoints, visibility=nobody.missing, usable=np.zeros(0, bool),
        image_root=images,
    )  # fmt: skip
    track_strip(made, sequences(made), lambda row: read_image(people.photograph(row)), picture, path.name)


def _counted(out: Path, made: Predictions, left_out: int) -> TrackedFile:
    """The numbers of a file; tracks are numbered within each sequence."""
    frames = sequences(made)
    tracks = [np.unique(np.asarray(made.track_id)[np.concatenate(one)]) for one in frames]
    return TrackedFile(out, len(made), sum(map(len, frames)), len(frames), sum(map(len, tracks)), left_out)
