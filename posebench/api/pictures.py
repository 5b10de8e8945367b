"""A network in use, from Python: predict photographs and videos, put their people into tracks, export to ONNX."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, optional_path, protocol_named
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.tasks.prediction.export_model import ExportedModel
    from posebench.tasks.prediction.predict_pictures import PredictedPictures
    from posebench.tasks.track import TrackedFile


def predict_pictures(
    checkpoint: StrPath, pictures: StrPath | Sequence[StrPath], *, out: StrPath, boxes: StrPath | None = None,
    box_threshold: float | None = None, draw_above: float | None = 0.2, device: str | None = None,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> "PredictedPictures":  # fmt: skip
    """Predict the people of photographs, folders and videos, and draw their skeletons.

    Args:
        checkpoint: a network trained here or imported, or an exported .onnx file.
        pictures: one or several photographs, folders or videos.
        out: the folder to write into: predictions.h5, predictions.json and drawings/.
        boxes: a file of the people's boxes; None takes each whole picture as one person.
        box_threshold: boxes of a lower score are left out.
        draw_above: keypoints of a higher score are drawn; None for no drawings.
        device: `cpu`, `cuda`, `cuda:1` or `mps`; None for a GPU where there is one.
        show: called after every batch with how many pictures are done, and of how many.

    Returns:
        `PredictedPictures`: `.predictions`, `.table` and `.drawings` (paths) and `.notes`.

    Raises:
        PosebenchError: the checkpoint is damaged, or no picture can be read.
    """
    from posebench.tasks.prediction import predict_pictures as tasks
    from posebench.training.devices import use_device

    use_device(device)
    inputs = [pictures] if isinstance(pictures, str | Path) else pictures
    job = tasks.PictureJob(
        Path(checkpoint), tuple(map(Path, inputs)), Path(out), optional_path(boxes), box_threshold, draw_above
    )  # fmt: skip
    return tasks.predict_pictures(job, show)


def export_model(
    checkpoint: StrPath, onnx: StrPath, *, protocol: str | Protocol | None = None, data: StrPath | None = None,
    split: str | None = None,
) -> "ExportedModel":  # fmt: skip
    """Export a checkpoint's network to an ONNX file, which is written only if it computes the same.

    Args:
        onnx: the file to write, ending in .onnx.
        protocol, data, split: whose people's crops the two are compared on; None for synthetic people.

    Returns:
        `ExportedModel`: `.path`, `.difference` and `.crops` (what it was measured on).

    Raises:
        PosebenchError: the network cannot be exported, differs once exported, or a package is missing.
    """
    from posebench.tasks.prediction import export_model as tasks

    rules = None if protocol is None else protocol_named(protocol)
    return tasks.export_model(Path(checkpoint), Path(onnx), rules, optional_path(data), split)


def track(
    predictions: StrPath, out: StrPath, *, by: str = "pose", threshold: float = 0.3, frames: int = 1,
    above: float | None = None, picture: StrPath | None = None, images: StrPath = ".", protocol: str | Protocol = "posetrack",
) -> "TrackedFile":  # fmt: skip
    """Put people who were predicted frame by frame into tracks, by greedy matching with the frames before.

    Args:
        predictions: posebench's own file, or PoseTrack's results; images of one folder are one sequence, in the file's order.
        out: the predictions file to write.
        by: `pose` for OKS of the poses, `box` for intersection over union of the boxes.
        threshold: people who are less similar to every track begin a new one.
        frames: frames with people after which a track ends where it has nobody.
        above: keypoints of a lower score are left out, and people without any other; None for all.
        picture: a PNG to write, with frames of up to three sequences and a colour for each track; None for none.
        images: the folder below which the images lie, for the picture.
        protocol: by which `predictions` are read, where they are not posebench's own file.

    Returns:
        `TrackedFile`: `.path`, `.people`, `.frames`, `.sequences`, `.tracks` and `.left_out`.

    Raises:
        PosebenchError: the file is damaged, or has nobody to track; `by` is unknown; or an image cannot be read.
    """
    from posebench.errors import unknown
    from posebench.inference.tracker import WAYS, Tracker
    from posebench.tasks.track import draw_tracks, track_file

    if by not in WAYS:
        raise unknown("similarity of people", by, WAYS)
    made = track_file(Path(predictions), protocol_named(protocol), Path(out), Tracker(by, threshold, frames), above)
    if picture is not None:
        draw_tracks(made.path, Path(images), Path(picture))
    return made
