"""Predict: from a trained network and instances to a Predictions value, in image pixels."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posebench.array_type import Array
from posebench.data.geometry import transform, widened
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.errors import PosebenchError
from posebench.inference.scales import OWN, check_scales, mean_over_scales
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, each
from posebench.plugins.registry import errors_of
from posebench.samples.loader import HERE, Batch, Loading, Samples, batches, prediction_keys
from posebench.samples.pack import Pack
from posebench.training import processes

Keep = Callable[[Batch, Outputs, Outputs | None], None]
"""Called with a batch, the network's outputs for it, and those for the mirrored crops (not un-flipped) or None."""


@torch.inference_mode()
def predict(
    model: Architecture, instances: Instances, *, flip_test: bool = True, scales: Sequence[float] = OWN,
    loading: Loading = HERE, show: Callable[[int, int], None] = lambda done, total: None,
    keep: Keep = lambda batch, upright, mirrored: None,
) -> tuple[Predictions, list[str]]:  # fmt: skip
    """Predict every usable person of `instances`.

    Args:
        model: on the device to use; put in eval mode here.
        flip_test: decode the mean of the outputs for the crop and for its mirror image.
        scales: decode the mean over regions that are so many times as large as the person's, as `check_scales` allows.
        loading: how samples are loaded; the rows of its pack are the usable people. With `divided`, each process predicts a
            part, and all return the whole; the batches stay those of a single process, so the numbers are the same.
        show: called after every batch with how many people are done, and of how many.
        keep: called with every batch and the network's outputs for it.

    Returns:
        Predictions in the order of `instances`, without provenance, and the names of photographs that could not be read. Their
        people are declared missing.

    Raises:
        PosebenchError: the network put out something that is not finite, or there is no one to predict.
        WorkerDied: a process that makes batches was killed, for the second time.
    """
    check_scales(scales)
    people = instances.take(instances.usable)
    if not len(people):
        raise PosebenchError(f"{instances.what} has no one to predict.")
    device = next(model.parameters()).device
    model.eval()
    keypoints = np.full((len(people), len(people.skeleton), 2), np.nan)
    scores = np.zeros(keypoints.shape[:2])
    missing = np.ones(keypoints.shape[:2], bool)
    done = 0
    share = (processes.index(), processes.count()) if loading.divided else (0, 1)
    ordered = sorted(scales, key=lambda scale: scale != 1)  # the person's own region first
    views = (_batches(samples_for(model, people, loading.pack, one), loading, share, device) for one in ordered)
    for batch, *others in zip(*views, strict=True):
        upright, mirrored = passes(model, _prepared(model, batch.images.to(device, non_blocking=True)), flip_test)
        keep(batch, upright, mirrored)
        outputs = averaged(model, upright, mirrored)
        if others:
            more = [_outputs(model, one.images.to(device, non_blocking=True), flip_test) for one in others]
            outputs = mean_over_scales(model, [outputs, *more], ordered)
        crops, confidence = _decode(model, outputs)
        if not (np.isfinite(crops).all() and np.isfinite(confidence).all()):
            raise PosebenchError(
                f"The network's keypoints or scores are not finite for {people.describe(int(batch.rows[0]))}."
            )
        index, readable = batch.rows.numpy(), batch.readable.numpy()
        keypoints[index[readable]] = transform(batch.to_image.numpy(), crops)[readable]
        scores[index[readable]] = confidence[readable]
        missing[index[readable]] = False
        done += len(index)
        show(min(done * share[1], len(people)), len(people))  # as if the others were as far
    if loading.divided:
        _gather(keypoints, scores, missing)
        if done * share[1] < len(people):
            show(len(people), len(people))
    lost = missing.all(axis=1)
    unreadable = list(dict.fromkeys(people.images[i] for i in people.image[lost].tolist()))
    made = for_instances(
        people, keypoints, scores, missing=missing, region=regions(people, model.input_size, model.pipeline.regions),
        input_box=people.bbox, **detected(people, scores),
    )  # fmt: skip
    return made, unreadable


def _batches(samples: Samples, loading: Loading, share: tuple[int, int], device: torch.device) -> Iterator[Batch]:
    """The batches of a part of the people."""
    if loading.change is not None:
        samples.read.change = loading.change
    keys = prediction_keys(samples.instances.image, loading.batch_size, loading.workers, share)
    return batches(samples, keys, loading.workers, device.type == "cuda", loading.say)


def _gather(keypoints: Array, scores: Array, missing: NDArray[np.bool_]) -> None:
    """Fill in what the other processes predicted."""
    mine = ~missing.all(axis=1)
    for rows, found, confidence in processes.gathered((np.flatnonzero(mine), keypoints[mine], scores[mine])):
        keypoints[rows], scores[rows], missing[rows] = found, confidence, False


def first_images(model: Architecture, instances: Instances, batch_size: int = 32) -> Tensor:
    """(B, H, W, 3) uint8 on the model's device: the first crops that `predict` gives the network."""
    people = instances.take(instances.usable)
    if not len(people):
        raise PosebenchError(f"{instances.what} has no one to predict.")
    first = next(prediction_keys(people.image, batch_size, workers=0))
    batch = samples_for(model, people).batch(first)
    return batch.images.to(next(model.parameters()).device)


def samples_for(model: Architecture, people: Instances, pack: Pack | None = None, scale: float = 1.0) -> Samples:
    """Upright crops, as the model's pipeline cuts them.

    Args:
        pack: the pixels of these people; None to read their photographs.
        scale: of the regions that the crops show.
    """
    made = Samples(people, model.input_size, pipeline=model.pipeline, pack=pack)
    made.size = made.size * scale
    return made


def regions(people: Instances, input_size: tuple[int, int], code: str = "") -> Array:
    """(N, 4) middle and size of what the network sees of each person: the region, widened to the input's aspect.

    Args:
        code: the pipeline's `regions`.
    """
    width, height = input_size
    center, size = people.region(code)
    return np.column_stack([center, widened(size, width / height)])


def detected(people: Instances, scores: Array) -> dict[str, Array]:
    """Columns of detected people: the score is multiplied by the detector's confidence, and `person` is -1."""
    if "box_score" not in people.measures:
        return {"box_score": np.ones(len(people))}
    box_score = people.measures["box_score"]
    return {"box_score": box_score, "score": box_score * scores.mean(axis=1), "person": np.full(len(people), -1)}


def decoded(model: Architecture, images: Tensor, flip_test: bool) -> tuple[Array, Array]:
    """Crops (B, H, W, 3) uint8 → keypoints (B, K, 2) in crop pixels and scores (B, K), float64."""
    return _decode(model, _outputs(model, images, flip_test))


def _outputs(model: Architecture, images: Tensor, flip_test: bool) -> Outputs:
    """What is decoded of crops (B, H, W, 3) uint8."""
    return averaged(model, *passes(model, _prepared(model, images), flip_test))


def _prepared(model: Architecture, images: Tensor) -> Tensor:
    with errors_of("architecture", model.name, "prepare"):
        return model.prepare(images)


def passes(model: Architecture, images: Tensor, flip_test: bool) -> tuple[Outputs, Outputs | None]:
    """Outputs for prepared images (B, 3, H, W), and for their mirror images, not un-flipped; None without a flip test."""
    with errors_of("architecture", model.name, "forward"):
        upright: Outputs = model(images)
        return upright, model(images.flip(-1)) if flip_test else None


def averaged(model: Architecture, upright: Outputs, mirrored: Outputs | None) -> Outputs:
    """The mean of outputs with those of the mirrored images, tensor by tensor; without them the outputs themselves."""
    if mirrored is None:
        return upright
    with errors_of("architecture", model.name, "unflip"):
        return each(lambda one, other: (one + other) / 2, upright, model.unflip(mirrored))


def _decode(model: Architecture, outputs: Outputs) -> tuple[Array, Array]:
    with errors_of("architecture", model.name, "decode"):
        keypoints, scores = model.decode(outputs)
        return keypoints.cpu().double().numpy(), scores.cpu().double().numpy()
