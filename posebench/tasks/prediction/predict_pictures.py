"""Predict pictures: photographs, folders and videos → predictions, and drawings of the skeletons."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench import torchrun
from posebench.data import predictions
from posebench.data.predictions import Predictions
from posebench.data.provenance import Boxes, Inference, Provenance
from posebench.data.skeleton import Skeleton
from posebench.errors import Interrupted, PosebenchError, counted
from posebench.files import writing
from posebench.plugins import registry
from posebench.tasks.prediction.predict import network_facts

if TYPE_CHECKING:
    from posebench.inference.picture_boxes import PictureBoxes
    from posebench.inference.pictures import Frame, Picture, PictureReader
    from posebench.inference.predict_frames import FrameBoxes, FramePeople, FramePredictor
    from posebench.inference.stored_network import StoredNetwork
    from posebench.inference.ways import How

FORMAT = "posebench pictures 1"
DATASET = "pictures"
WHOLE = "whole pictures"
"""The box source where no boxes are given."""
NAMED = 3
"""How many unreadable pictures a note names."""
LONGEST_NAME = 200
"""Bytes of a drawing's file name; file systems allow 255, and a temporary name is longer."""


@dataclass(frozen=True)
class PictureJob:
    """What to predict.

    Attributes:
        checkpoint: the network.
        inputs: photographs, videos, and folders.
        out: the folder to write into.
        boxes: a file of boxes; None for the whole pictures.
        box_threshold: boxes of a lower score are left out.
        draw_above: draw keypoints of a higher score; None for no drawings.
        how: another way of running the network; None for the plain one.
    """

    checkpoint: Path
    inputs: tuple[Path, ...]
    out: Path
    boxes: Path | None = None
    box_threshold: float | None = None
    draw_above: float | None = None
    how: "How | None" = None


@dataclass(frozen=True)
class PredictedPictures:
    """What predicting pictures leaves.

    Attributes:
        predictions, table: the same people as a predictions file and as JSON.
        drawings: the folder of drawings; None where none was asked for.
        notes: what was left out or changed, as sentences.
    """

    predictions: Path
    table: Path
    drawings: Path | None
    notes: tuple[str, ...]


@dataclass
class _Found:
    """The frames predicted so far."""

    names: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    people: "list[FramePeople]" = field(default_factory=list)

    def noting(self, frames: "Iterator[FramePeople]", show: Callable[[int], None]) -> "Iterator[FramePeople]":
        """Pass frames on and keep what was found in them, without their pixels."""
        for one in frames:
            height, width = one.frame.image.shape[:2]
            self.names.append(one.frame.name)
            self.sizes.append((width, height))
            self.people.append(replace(one, frame=replace(one.frame, image=np.empty((0, 0, 3), np.uint8))))
            show(len(self.names))
            yield one


def predict_pictures(job: PictureJob, show: Callable[[int, int], None] = lambda done, total: None) -> PredictedPictures:
    """Predict the people of photographs and videos, and draw them.

    Args:
        show: called after every frame with how many are done, and of how many.

    Raises:
        PosebenchError: the checkpoint, the boxes or all pictures cannot be read; the network's output is not finite.
        Interrupted: Ctrl-C; what was predicted until then is written.
    """
    from posebench.inference.picture_boxes import read_boxes
    from posebench.inference.pictures import PictureReader, find_pictures

    if torchrun.processes() > 1:
        raise PosebenchError("Pictures are predicted by one process. Type the same command without torchrun.")
    if job.boxes is None and job.box_threshold is not None:
        raise PosebenchError("--box-threshold applies to the scores of --boxes, and --boxes is not given.")
    boxes = None if job.boxes is None else read_boxes(job.boxes, job.box_threshold or 0.0)
    reader = PictureReader(find_pictures(job.inputs, job.out))
    stored, predictor = _network(job)
    total, found, stopped = reader.count(), _Found(), False
    frames = predictor.people(reader, lambda frame: _boxes_of(frame, boxes))
    try:
        seen = found.noting(frames, lambda done: show(done, max(total, done + 1)))
        for picture, its in itertools.groupby(seen, key=lambda one: one.frame.picture):
            reader.notes.extend(_draw(picture, its, predictor.model.skeleton, job))
        show(len(found.names), len(found.names))  # unreadable pictures were counted in the total
    except KeyboardInterrupt:
        stopped = True
    if not found.names and not stopped:
        raise PosebenchError(_unreadable(reader, "so there is nothing to predict."))
    made = _predictions(job, stored, predictor, found, boxes)
    notes = _notes(reader, predictor, found, boxes) + _not_drawn(found, job.draw_above)
    paths = job.out / "predictions.h5", job.out / "predictions.json"
    predictions.save(made, paths[0])
    writing.write_text(paths[1], _table(made, found, predictor.model.skeleton, reader.unreadable))
    if stopped:
        raise Interrupted(
            f"Stopped after {len(found.names):,} of {total:,}. The people found until then are in {job.out}."
        )
    return PredictedPictures(*paths, None if job.draw_above is None else job.out / "drawings", notes)


def skeleton_of(keypoints: tuple[str, ...]) -> Skeleton:
    """The skeleton with these keypoints of an installed protocol; without one, a skeleton without bones."""
    for plugin in registry.installed("protocol"):
        try:
            skeleton = registry.protocol(plugin.name).skeleton
        except PosebenchError:  # a broken protocol of another package does not matter here
            continue
        if skeleton.keypoints == keypoints:
            return skeleton
    return Skeleton(keypoints)


def _network(job: PictureJob) -> "tuple[StoredNetwork, FramePredictor]":
    """The checkpoint, and its network on the device to use."""
    import torch
    from accelerate import Accelerator

    from posebench.inference.predict_frames import FramePredictor
    from posebench.inference.stored_network import open_network

    stored = open_network(job.checkpoint)
    stored.check_way(job.how)
    model = stored.network(skeleton_of(stored.trained.keypoints))
    model.to(Accelerator().device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return stored, FramePredictor(model, stored.trained.recipe.flip_test, job.how)


def _boxes_of(frame: "Frame", boxes: "PictureBoxes | None") -> "FrameBoxes":
    from posebench.inference.picture_boxes import columns, whole_picture
    from posebench.inference.predict_frames import FrameBoxes

    if boxes is not None:
        return FrameBoxes(*columns(boxes.of(frame.name)))
    height, width = frame.image.shape[:2]
    return FrameBoxes(whole_picture(width, height), np.ones(1), padding=1.0)


def _draw(picture: "Picture", frames: "Iterator[FramePeople]", skeleton: Skeleton, job: PictureJob) -> tuple[str, ...]:
    """Draw the frames of one picture, if drawings are wanted; a sentence if it cannot be drawn."""
    from posebench.report.galleries.draw_pictures import CannotEncode

    notes: tuple[str, ...] = ()
    if job.draw_above is not None:
        try:
            _write_drawing(picture, frames, skeleton, job.out, job.draw_above)
        except CannotEncode as error:
            notes = (f"{picture.name} was predicted, but not drawn: {error}",)
    for _ in frames:  # without a drawing, the people are wanted all the same
        pass
    return notes


def _write_drawing(
    picture: "Picture", frames: "Iterator[FramePeople]", skeleton: Skeleton, out: Path, above: float
) -> None:
    from posebench.inference.pictures import video_facts
    from posebench.report.galleries.draw_pictures import write_photograph, write_video
    from posebench.report.galleries.draw_skeletons import draw_skeletons

    drawn = (draw_skeletons(one.frame.image, skeleton, one.keypoints, one.scores, above) for one in frames)
    path = out / "drawings" / drawing_name(picture.name)
    if picture.is_video:
        target = path if path.suffix == ".mp4" else path.with_name(f"{path.name}.mp4")
        write_video(drawn, video_facts(picture.path).rate, target)
    else:
        write_photograph(next(drawn), path)


def drawing_name(name: str) -> str:
    """A picture's name as the path of its drawing below the folder: names that are too long for a temporary name are cut."""
    *folders, last = name.split("/")
    if len(last.encode()) > LONGEST_NAME:
        path = Path(last)
        digest = hashlib.sha256(last.encode()).hexdigest()[:8]
        kept = path.stem.encode()[: LONGEST_NAME - 20].decode("utf-8", "ignore")
        last = f"{kept}-{digest}{path.suffix}"
    return "/".join((*folders, last))


def _predictions(
    job: PictureJob, stored: "StoredNetwork", predictor: "FramePredictor", found: _Found, boxes: "PictureBoxes | None"
) -> Predictions:
    facts: dict[str, Any] = network_facts(stored.trained, predictor.model)
    facts["checkpoint_sha256"] = writing.sha256(job.checkpoint)
    if stored.way is not None:
        facts["inference"] = Inference(way=stored.way)
    if job.how is not None and predictor.found is not None:
        facts["inference"] = Inference(way=job.how.label, difference=vars(predictor.found))
    source = WHOLE
    if boxes is not None:
        source = f"{boxes.file.name} >= {job.box_threshold or 0.0}"
        many = sum(map(len, boxes.by_image.values()))
        facts["boxes"] = Boxes(sha256=writing.sha256(boxes.file), count=many, notes=boxes.notes)
    people, count = found.people, len(predictor.model.skeleton)
    scores = np.concatenate([np.empty((0, count)), *(one.scores for one in people)])
    box_score = np.concatenate([np.empty(0), *(one.boxes.score for one in people)])
    keypoints = np.concatenate([np.empty((0, count, 2)), *(one.keypoints for one in people)])
    return Predictions(
        keypoint_names=predictor.model.skeleton.keypoints, images=tuple(found.names),
        image=np.repeat(np.arange(len(people)), [len(one.scores) for one in people]),
        person=np.full(len(scores), -1), keypoints=keypoints, scores=scores, score=box_score * scores.mean(axis=1),
        missing=np.zeros(scores.shape, bool), region=np.concatenate([np.empty((0, 4)), *(one.region for one in people)]),
        input_box=np.concatenate([np.empty((0, 4)), *(one.boxes.bbox for one in people)]), box_score=box_score,
        dataset=DATASET, box_source=source, provenance=Provenance(**facts),
    )  # fmt: skip


def _table(made: Predictions, found: _Found, skeleton: Skeleton, unreadable: list[str]) -> str:
    """The predictions as JSON: per picture its people, per person box, score and [x, y, score] of every keypoint."""
    pictures: list[dict[str, Any]] = [
        {"name": name, "width": width, "height": height, "people": []}
        for name, (width, height) in zip(found.names, found.sizes, strict=True)
    ]
    triples = np.round(np.concatenate([made.keypoints, made.scores[..., None]], axis=2), 4).tolist()
    boxes = np.zeros((0, 4)) if made.input_box is None else made.input_box
    for image, box, score, points in zip(
        made.image.tolist(), boxes.tolist(), made.score.tolist(), triples, strict=True
    ):
        pictures[image]["people"].append({"box": box, "score": round(score, 4), "keypoints": points})
    content = {
        "format": FORMAT, "network": made.provenance.arch, "keypoint_names": skeleton.keypoints, "bones": skeleton.bones,
        "pictures": pictures, "unreadable": unreadable,
    }  # fmt: skip
    return json.dumps(content) + "\n"


def _notes(
    reader: "PictureReader", predictor: "FramePredictor", found: _Found, boxes: "PictureBoxes | None"
) -> tuple[str, ...]:
    notes = [_unreadable(reader, "left out.")] if reader.unreadable else []
    notes += reader.notes
    if boxes is not None:
        empty = [one.frame.name for one in found.people if not len(one.scores)]
        if empty:
            notes.append(f"{counted(len(empty), 'picture has', 'pictures have')} no box, such as {empty[0]}.")
        notes += [*boxes.notes, *boxes.left()]
    if predictor.how is not None and predictor.found is not None:
        notes.append(f"{predictor.how.label}, against the plain network: {predictor.found.sentence}")
    return tuple(notes)


def _not_drawn(found: _Found, above: float | None) -> tuple[str, ...]:
    """A sentence where people are not drawn because all their keypoints have low scores."""
    highest = [scores.max() for one in found.people for scores in one.scores]
    low = [score for score in highest if above is not None and score <= above]
    if not low:
        return ()
    many = counted(len(low), "person is", "people are")
    return (
        f"{many} not drawn: no keypoint has a score above {above}; the highest is {max(low):.2g}. "
        f"Lower scores are drawn with --draw-above {max(low) / 2:.1g}.",
    )


def _unreadable(reader: "PictureReader", consequence: str) -> str:
    names = ", ".join(reader.unreadable[:NAMED]) + (", …" if len(reader.unreadable) > NAMED else "")
    many = counted(len(reader.unreadable), "picture could not be read", "pictures could not be read")
    return f"{many}, {consequence.rstrip('.')}: {names}."
