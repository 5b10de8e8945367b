"""Checks of how an architecture behaves: gradients, repeatability, mixed precision, targets against decoding, mirrors."""

import torch
from torch import Tensor

from posebench.plugin_checks.runner import Broken, Unsettled
from posebench.plugin_checks.subject import BODY, PEOPLE, SEED, Size, Subject, total
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, each, tensors_of, worst

ALONE = 1e-5
"""Largest difference between a crop alone and in a batch, relative to the largest output: float32 summed in another order."""
BF16 = 0.15
"""Root mean square error under bf16, relative to the outputs' spread; bf16 keeps 8 bits, and networks add such errors up."""
STEPS = 4
"""Updates after which a gradient must have come: branches that begin at zero get none in the first."""
UPDATES = 200
"""Of outputs, at each rate."""
DONE = 1e-4
"""The loss over outputs is not minimised further below this part of where it began."""
FALL = 0.1
"""The loss over outputs counts as minimised below this part of where it began."""


def gradients(subject: Subject) -> str:
    """Every parameter takes part: within a few updates, each gets a gradient that is finite and not zero."""
    model = subject.build(BODY, subject.small).train()
    batch = subject.batch(BODY, subject.small, 4)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.Adam(trained.values(), lr=1e-3)
    reached: set[str] = set()
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = total(model.loss(model(model.prepare(batch.images)), batch.keypoints, batch.visible))
        if not value.requires_grad:
            raise Broken(
                "The loss has no gradient.", "Compute it from `outputs` in torch, without .detach() or .item()."
            )
        value.backward()  # type: ignore[no-untyped-call]
        for name, parameter in trained.items():
            if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
                raise Broken(f"The gradient of {name} is not finite.", "Look for a division by zero or a root of zero.")
            if parameter.grad is not None and parameter.grad.any():
                reached.add(name)
        if len(reached) == len(trained):
            break
        optimizer.step()
    unused = [name for name in trained if name not in reached]
    subject.facts["unused_parameters"] = sum(trained[name].numel() for name in unused)
    if unused:
        more = f" and {len(unused) - 6} more" if len(unused) > 6 else ""
        raise Broken(
            f"unused: {', '.join(unused[:6])}{more}. No gradient reached them in {STEPS} updates.",
            "Use them in forward and the loss, or remove them. To keep one unused: requires_grad_(False).",
        )
    frozen = sum(1 for _ in model.parameters()) - len(trained)
    return f"all of {len(trained)} parameter tensors" + (f"; {frozen} frozen" if frozen else "")


@torch.no_grad()
def repeats(subject: Subject) -> str:
    """In eval mode, the same images give the same outputs, to the bit."""
    model = subject.model(BODY, subject.small)
    images = model.prepare(subject.batch(BODY, subject.small, 2).images)
    once, twice = model(images), model(images)
    apart = worst(lambda one, other: (one - other).abs().max(), once, twice)
    if apart != 0:
        raise Broken(
            f"The same images gave outputs that differ by up to {apart:.3g}.",
            "Apply dropout and noise, and update running statistics, only if self.training.",
        )
    return "equal to the bit"


@torch.no_grad()
def alone(subject: Subject) -> str:
    """In eval mode, a crop gives the same outputs alone and in a batch."""
    model = subject.model(BODY, subject.small)
    images = subject.batch(BODY, subject.small, 5).images
    together = model(model.prepare(images))
    apart = each(lambda *one: torch.cat(one), *(model(model.prepare(images[i : i + 1])) for i in range(len(images))))
    found = worst(lambda one, other: (one - other).abs().max() / one.abs().max().clamp(min=1e-30), together, apart)
    if found > ALONE:
        raise Broken(
            f"In a batch of 5, outputs differ by {found:.2g} of the largest from those of each crop alone.",
            "Do not normalise over the batch in eval mode, and do not mix the batch with another dimension.",
        )
    return f"differs by {found:.1g} of the largest output"


def autocast(subject: Subject) -> str:
    """Under bf16 autocast, outputs stay finite and close, and loss and decoding take them."""
    model = subject.model(BODY, subject.small)
    batch = subject.batch(BODY, subject.small, 4)
    fix = "Recipes may ask for bf16: compute what needs precision in .float()."
    exact = each(Tensor.detach, model(model.prepare(batch.images)))
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(model.prepare(batch.images))
    value = total(model.loss(outputs, batch.keypoints, batch.visible))
    outputs = each(Tensor.detach, outputs)
    decoded, _ = model.decode(model.unflip(outputs))
    if not all(torch.isfinite(tensor).all() for tensor in (*tensors_of(outputs), value, decoded)):
        raise Broken("Under bf16 autocast, outputs, loss or keypoints are not finite.", fix)
    error = worst(_error, outputs, exact)
    if error > BF16:
        raise Broken(f"Under bf16 autocast, outputs are off by {error:.2f} of their spread.", fix)
    return f"off by {error:.2g} of the outputs' spread"


def _error(found: Tensor, exact: Tensor) -> Tensor:
    """Root mean square error over the spread of the exact values."""
    return (found.float() - exact).square().mean().sqrt() / exact.std().clamp(min=1e-30)


def target(subject: Subject) -> str:
    """What minimises the loss decodes to the keypoints: the target and its decoding are inverses."""
    model, keypoints = subject.model(BODY, subject.oblong), places(subject.oblong)
    outputs, fall = ideal(subject)
    found, _ = model.decode(outputs)
    away = (found - keypoints).flatten(0, 1)
    cell = cell_size(outputs, subject.oblong)
    distance = away.norm(dim=1).quantile(0.95).item()
    shift = away.mean(dim=0).tolist()
    if distance <= cell and max(map(abs, shift)) <= cell / 4:
        return f"95 % within {distance:.2g} pixels, mean offset ({shift[0]:+z.2f}, {shift[1]:+z.2f})"
    if fall > FALL:
        raise Unsettled("the loss cannot be minimised over outputs alone; see the training check.")
    raise Broken(
        f"The outputs that minimise the loss decode {distance:.1f} pixels (95 %) from the keypoints, "
        f"({shift[0]:+z.1f}, {shift[1]:+z.1f}) on average, at {subject.oblong[1]}×{subject.oblong[0]}.",
        "Look for x and y exchanged, width and height exchanged, or a stride without its half cell "
        "(posebench.data.geometry.cell_to_pixel).",
    )


def places(size: Size) -> Tensor:
    """(PEOPLE, K, 2) crop pixels, well inside."""
    random = torch.rand((PEOPLE, len(BODY), 2), generator=torch.Generator().manual_seed(SEED))
    return (0.2 + 0.6 * random) * (torch.tensor(size) - 1)


def ideal(subject: Subject) -> tuple[Outputs, float]:
    """The outputs that minimise the loss for `places`. Computed once.

    Returns:
        outputs, and the final loss over the initial one (1 if it cannot be minimised this way).
    """
    if subject.ideal is None:
        model = subject.model(BODY, subject.oblong)
        with torch.no_grad():
            start = each(Tensor.float, model(model.prepare(subject.batch(BODY, subject.oblong).images)))
        subject.ideal = _minimised(model, start, places(subject.oblong))
    return subject.ideal


def _minimised(model: Architecture, start: Outputs, keypoints: Tensor) -> tuple[Outputs, float]:
    visible = torch.ones(keypoints.shape[:2], dtype=torch.bool)
    first = total(model.loss(start, keypoints, visible)).item()
    best, least = start, first
    for rate in (0.02, 0.3, 5.0):  # outputs may be parts of the crop, heights, logits or pixels
        leaf = each(lambda output: output.clone().requires_grad_(), start)
        optimizer = torch.optim.Adam(tensors_of(leaf), lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, UPDATES)
        for _ in range(UPDATES):
            value = total(model.loss(leaf, keypoints, visible))
            if not torch.isfinite(value) or not value.requires_grad or value.item() <= DONE * first:
                break
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        found = each(Tensor.detach, leaf)
        last = total(model.loss(found, keypoints, visible)).item()
        if last < least:
            best, least = found, last
        if least <= DONE * first:
            break
    return best, max(least, 0.0) / first if first > 0 else float(least >= first)


def cell_size(outputs: Outputs, size: Size) -> float:
    """Crop pixels per cell of the finest heatmap; 2 pixels where outputs are not maps."""
    maps = [output for output in tensors_of(outputs) if output.dim() >= 4 and min(output.shape[-2:]) >= 4]
    return max(size[0] / max((output.shape[-1] for output in maps), default=size[0]), 2.0)


def mirror(subject: Subject) -> str:
    """Outputs of mirrored images, un-flipped, decode to the mirrored keypoints with left and right exchanged."""
    model, size = subject.model(BODY, subject.oblong), subject.oblong
    order = list(BODY.flip_order)
    outputs, _ = ideal(subject)  # as a network would see people in the mirror
    with torch.no_grad():
        seen, _ = model.decode(outputs)
        unflipped = model.unflip(outputs)
        back, _ = model.decode(unflipped)
        twice = model.unflip(unflipped)
    cell = cell_size(outputs, size)
    reflected = torch.stack([size[0] - 1 - seen[..., 0], seen[..., 1]], dim=-1)
    wrong = {
        "left and right are not exchanged": (reflected, "Reorder keypoints by list(self.skeleton.flip_order)."),
        "x is not mirrored": (seen[:, order], "Reverse columns, or x → width - 1 - x."),
        "it changes nothing": (seen, "Reverse columns, and reorder keypoints by list(self.skeleton.flip_order)."),
    }
    away = back - reflected[:, order]
    if away.abs().max() <= cell / 2:
        if not all(map(_close, tensors_of(twice), tensors_of(outputs))):
            raise Broken(
                "unflip twice does not restore the outputs, although keypoints are restored.",
                "Only reverse and reorder; do not scale or add.",
            )
        return f"within {away.abs().max().item():.2g} pixels; twice is the identity"
    for what, (found, fix) in wrong.items():
        if _near(back - found, cell / 2):
            raise Broken(f"unflip: {what}.", fix)
    return _shifted(model, away, cell)


def _close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def _near(away: Tensor, tolerance: float) -> bool:
    """Whether at least 95 % are within the tolerance: keypoints at the border may be lost."""
    return bool((away.abs().amax(dim=-1) <= tolerance).float().mean() >= 0.95)


def _shifted(model: Architecture, away: Tensor, cell: float) -> str:
    """Accept a constant shift along x of at most one cell, as in HRNet's evaluation, if unflip's docstring states it."""
    shift = away.flatten(0, 1).median(dim=0).values
    across = shift[0].item()
    if not _near(away - shift, cell / 2) or shift[1].abs() > cell / 2 or abs(across) > 1.25 * cell:
        raise Broken(
            f"unflip: keypoints come back {away.norm(dim=-1).median().item():.1f} pixels (median) from their places.",
            "Reverse the columns of maps, or x → width - 1 - x, and reorder keypoints by list(self.skeleton.flip_order).",
        )
    if "shift" not in (type(model).unflip.__doc__ or "").lower():
        raise Broken(
            f"unflip: all keypoints come back shifted by {across:+.1f} pixels.",
            "Mirror x → width - 1 - x. If the shift is intended, as in HRNet, say 'shift' in the docstring of unflip.",
        )
    return f"with the shift of {across:+.1f} pixels that the docstring of unflip states"
