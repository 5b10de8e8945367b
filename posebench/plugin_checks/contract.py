"""Checks of an architecture's contract: construction, shapes, the loss, checkpoints, the recipe."""

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugin_checks.runner import Broken, Unsettled
from posebench.plugin_checks.subject import BODY, SEED, TRIO, Size, Subject, described, total
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, each, form_of, tensors_of, worst
from posebench.plugins.plugin_errors import reason
from posebench.plugins.recipe import QUICK, Recipe
from posebench.samples.loader import Batch
from posebench.training import checkpoints
from posebench.training.run import Run
from posebench.training.step import Updater

FAR = 1000.0
"""Pixels by which an unlabelled keypoint is moved, and a labelled one is put outside its crop."""
SAME = 1e-5
"""Relative difference below which two losses are the same."""


def builds(subject: Subject) -> str:
    """The entry point makes an Architecture that knows its skeleton and crop size, and normalises its images."""
    default = subject.outline(BODY, None).input_size
    size = subject.small
    model = subject.model(BODY, size)
    if model.skeleton is not BODY or tuple(model.input_size) != size:
        raise Broken(
            f"Built for {len(BODY)} keypoints at {_text(size)}, it says {len(model.skeleton)} at {_text(model.input_size)}.",
            "Call super().__init__(skeleton, input_size) with what the entry point was given.",
        )
    if not any(True for _ in model.parameters()):
        raise Broken("It has no parameters.", "Assign layers to attributes of self, after super().__init__.")
    images = subject.batch(BODY, size, 2).images
    prepared = model.prepare(images)
    _expect("prepare", prepared, (2, 3, size[1], size[0]))
    return f"{len(BODY)} keypoints; {_text(default)} by default; examined at {_text(size)}"


def shapes(subject: Subject) -> str:
    """The methods return the right shapes, types and device, also for other skeletons and crops that are not square."""
    width, height = subject.small
    cases: list[tuple[Skeleton, Size]] = [
        (BODY, subject.small),
        (TRIO, (width, 2 * height)),
        (TRIO, (2 * width, height)),
    ]
    done, refused = [], []
    for skeleton, size in cases:
        if size != subject.small and subject.refusal(size):
            refused.append(_text(size))
            continue
        _one_pass(subject, skeleton, size)
        done.append(f"K = {len(skeleton)} at {_text(size)}")
    note = f"; {' and '.join(refused)} refused" if refused else ""
    if len(refused) == 2:  # another skeleton is still to be seen
        _one_pass(subject, TRIO, subject.small)
        done.append(f"K = {len(TRIO)} at {_text(subject.small)}")
    return ", ".join(done) + note


def odd_sizes(subject: Subject) -> str:
    """A crop size that its stride does not divide is served, or refused by the constructor with a sentence."""
    width, height = subject.small
    told = []
    for size in ((width + 1, height + 1), (width + 2, height + 6), (3, 5)):
        sentence = subject.refusal(size)
        if not sentence:
            try:
                _one_pass(subject, TRIO, size)
            except Exception as error:
                what = error.reason if isinstance(error, Broken) else reason(error)
                raise Broken(
                    f"The constructor takes {_text(size)}, but then fails: {what}",
                    "Refuse it in the constructor: posebench.plugins.architecture.check_input_size(name, input_size, multiple).",
                ) from error
        told.append(f"{_text(size)} {'refused' if sentence else 'served'}")
    return ", ".join(told)


def _one_pass(subject: Subject, skeleton: Skeleton, size: Size) -> None:
    """Every method once, on two people."""
    model = subject.model(skeleton, size)
    batch = subject.batch(skeleton, size, 2)
    with torch.no_grad():
        outputs = model(model.prepare(batch.images))
        expected = [tuple(output.shape) for output in _batched(outputs)]
        _expect_each("forward", outputs, expected)
        unflipped = model.unflip(outputs)
        if form_of(unflipped) != form_of(outputs):
            raise Broken(
                f"unflip returns {form_of(unflipped)} for {form_of(outputs)}.",
                "Return what forward returns, mirrored back.",
            )
        _expect_each("unflip", unflipped, expected)
        decoded = model.decode(outputs)
        if not (isinstance(decoded, tuple) and len(decoded) == 2):
            raise Broken(f"decode returns a {type(decoded).__name__}.", "Return two tensors: keypoints, scores.")
        _expect("decode, keypoints", decoded[0], (2, len(skeleton), 2))
        _expect("decode, scores", decoded[1], (2, len(skeleton)))
        total(model.loss(outputs, batch.keypoints, batch.visible))


def _batched(outputs: Any) -> tuple[Tensor, ...]:
    """The tensors of outputs for two images."""
    fix = "Return one tensor or a tuple of tensors, each with the batch first: (B, …)."
    try:
        tensors = tensors_of(outputs)
    except PosebenchError as error:
        raise Broken(f"forward returns {form_of(outputs)}, not a tensor or a tuple of tensors.", fix) from error
    for output in tensors:
        if not output.dim() or len(output) != 2:
            raise Broken(f"forward returns {described(output)} for 2 images.", fix)
    return tensors


def _expect_each(what: str, outputs: Outputs, shapes: list[tuple[int, ...]]) -> None:
    for place, (output, shape) in enumerate(zip(tensors_of(outputs), shapes, strict=True)):
        _expect(f"{what}[{place}]" if isinstance(outputs, tuple) else what, output, shape)


def _expect(what: str, value: Any, shape: tuple[int, ...]) -> None:
    fix = f"It should be {shape}, floating point and finite, on the device of its input."
    if not isinstance(value, Tensor) or tuple(value.shape) != shape or not value.is_floating_point():
        raise Broken(f"{what}: {described(value)}.", fix)
    if value.device.type != "cpu":
        raise Broken(f"{what}: on {value.device}, though its input is on the CPU.", fix)
    if not torch.isfinite(value).all():
        raise Broken(f"{what}: not finite.", fix)


def _text(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"  # height × width, as everywhere


def loss(subject: Subject) -> str:
    """The loss is finite, even if no keypoint is labelled or all are outside the crop, and ignores unlabelled keypoints."""
    model = subject.model(BODY, subject.small)
    batch = subject.batch(BODY, subject.small)
    with torch.no_grad():
        outputs = model(model.prepare(batch.images))
    value = _finite(model, outputs, batch.keypoints, batch.visible, "for synthetic people")
    nobody = torch.zeros_like(batch.visible)
    _finite(model, outputs, batch.keypoints, nobody, "for a batch in which no keypoint is labelled")
    everybody = torch.ones_like(batch.visible)
    for shift in (-FAR, FAR):
        _finite(
            model, outputs, batch.keypoints + shift, everybody, "for keypoints outside the crop, as after a rotation"
        )
    _blind(model, outputs, batch)
    return f"{value:.4g} before training; finite where no keypoint is labelled"


def _finite(model: Architecture, outputs: Outputs, keypoints: Tensor, visible: Tensor, when: str) -> float:
    leaf = each(lambda output: output.clone().requires_grad_(), outputs)
    value = total(model.loss(leaf, keypoints, visible))
    fix = "Divide by the number of labelled keypoints only after .clamp(min=1), and use no logarithm of 0."
    if not torch.isfinite(value):
        raise Broken(f"The loss is {value.item()} {when}.", fix)
    if value.requires_grad:
        value.backward()  # type: ignore[no-untyped-call]
        if any(one.grad is not None and not torch.isfinite(one.grad).all() for one in tensors_of(leaf)):
            raise Broken(f"The gradient of the loss is not finite {when}.", fix)
    return value.item()


def _blind(model: Architecture, outputs: Outputs, batch: Batch) -> None:
    visible = torch.arange(batch.visible.numel()).reshape(batch.visible.shape) % 3 > 0
    moved = torch.where(visible[..., None], batch.keypoints, batch.keypoints + FAR)
    here, there = (total(model.loss(outputs, places, visible)).item() for places in (batch.keypoints, moved))
    if abs(here - there) > SAME * max(abs(here), abs(there)):
        raise Broken(
            f"The loss changes from {here:.6g} to {there:.6g} when unlabelled keypoints move: their coordinates mean nothing.",
            "Multiply each keypoint's term by `visible`.",
        )


def checkpoint(subject: Subject) -> str:
    """A network in the checkpoint that training writes, loaded again, puts out the same, to the bit."""
    model = subject.model(BODY, subject.small)
    images = model.prepare(subject.batch(BODY, subject.small, 2).images)
    fix = (
        "Assign layers to attributes in the constructor, lists of them as nn.ModuleList, constants by register_buffer."
    )
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        before = model(images)
        path = Path(folder) / "checkpoint.pt"
        recipe = QUICK.model_copy(update={"input_size": subject.small})
        accelerator: Any = SimpleNamespace(device=torch.device("cpu"), num_processes=1)
        Run(Updater(model, recipe, accelerator, lambda sentence: None), recipe, SEED, path, {}).keep()
        size = path.stat().st_size
        torch.manual_seed(SEED + 1)  # the same seed must not restore what is missing in the file
        try:
            loaded = checkpoints.load(path).network(BODY, path).eval()
        except PosebenchError as error:
            raise Broken(str(error).replace(f"{path} ", "The checkpoint "), fix) from error
        after = loaded(images)
    apart = worst(lambda one, other: (one - other).abs().max(), before, after)
    if apart != 0:
        raise Broken(f"After loading, outputs differ by up to {apart:.3g}: some weights are not in state_dict().", fix)
    return f"{size / 2**20:.1f} MiB"


def meta(subject: Subject) -> str:
    """It can be built without memory (torch.device("meta")): so the recipe is read and costs are counted."""
    try:
        model = subject.default
    except PosebenchError as error:
        raise Broken(
            f"On the meta device: {reason(error)}",
            "Compute constants with numpy or math, and leave .item(), .tolist() and files out of the constructor.",
        ) from error
    real = [name for name, parameter in model.named_parameters() if not parameter.is_meta]
    if real:
        raise Broken(
            f"{len(real)} parameters are not on the current default device: {', '.join(real[:3])}.",
            "Do not name a device in the constructor.",
        )
    return "built at its default size"


def paper(subject: Subject) -> str:
    """`--recipe paper` has a recipe, and its crop size is one that the network accepts."""
    model = subject.outline(BODY, None)
    recipe = getattr(model, "paper", None)
    if recipe is None:
        raise Unsettled("it has no `paper`, so --recipe is required with --data.")
    if not isinstance(recipe, Recipe):
        raise Broken(f"`paper` is a {type(recipe).__name__}.", "Make it a posebench.plugins.recipe.Recipe.")
    if sentence := subject.refusal(recipe.input_size):
        raise Broken(f"The constructor refuses the crop size of `paper`: {sentence}", "Make the two equal.")
    try:
        model.follow(recipe)
    except PosebenchError as error:
        raise Broken(f"The network refuses its own `paper`: {error}", "Change `paper`, or the network.") from error
    return f"{recipe.epochs} epochs at {_text(recipe.input_size)}, batches of {recipe.batch_size}, {recipe.optimizer}"
