"""The check that an architecture can learn, and its cost."""

import statistics
import time
from typing import Any

import torch

from posebench.plugin_checks.runner import Broken, Unsettled
from posebench.plugin_checks.subject import BODY, PEOPLE, Subject, total
from posebench.plugins.architecture import Architecture
from posebench.samples.loader import Batch

STEPS = 200
LOOK = 10
"""Steps between two looks at the decoded keypoints."""
RATES = (2e-3, 3e-4)
"""Adam's; the second for networks that the first one shakes apart."""
FALL = 2.0
"""No more: a cross entropy against a Gaussian cannot fall below the Gaussian's own entropy."""
NEAR = 1 / 16
"""The median keypoint must come this near, in parts of the crop's longer side: 4 pixels of 64, a hourglass's cell."""


def learns(subject: Subject) -> str:
    """It can memorise eight people: the loss falls to half, and decoded keypoints come near the true ones."""
    batch = subject.batch(BODY, subject.small)
    near = NEAR * max(subject.small)
    ends = time.monotonic() + subject.seconds
    told = []
    for rate in RATES:
        step, fall, distance = _fit(subject, batch, rate, near, ends)
        result = f"in {step} steps the loss fell {fall:.3g}-fold and the median keypoint is {distance:.1f} pixels off"
        if fall >= FALL and distance <= near:
            return f"{PEOPLE} people: {result}"
        if time.monotonic() >= ends:
            raise Unsettled(f"{subject.seconds:g} s were not enough: {result}. Allow more time with --seconds.")
        told.append(f"at rate {rate:g} {result}")
    raise Broken(
        f"{PEOPLE} people cannot be memorised: {'; '.join(told)}. Expected: {FALL:g}-fold, {near:.1f} pixels.",
        "Check the scale of the loss, the initial weights of the last layer, and that eval mode agrees with training mode.",
    )


def _fit(subject: Subject, batch: Batch, rate: float, near: float, ends: float) -> tuple[int, float, float]:
    """Train until near enough, or out of steps or time; steps done, factor by which the loss fell, median distance."""
    model = subject.build(BODY, subject.small)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    first = last = distance = float("nan")
    with subject.watch(f"train {subject.name}") as update:
        for step in range(1, STEPS + 1):
            model.train()
            value = total(model.loss(model(model.prepare(batch.images)), batch.keypoints, batch.visible))
            last = value.item()
            first = last if step == 1 else first
            if not torch.isfinite(value):
                return step, 0.0, float("inf")
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, 2 * (1 - (step - 1) / STEPS))  # whole, then down to nothing
            optimizer.step()
            update(step, STEPS, f"loss {last:.4g}")
            if step % LOOK == 0:
                distance = _distance(model, batch)
                if (distance <= near and first >= FALL * last) or time.monotonic() >= ends:
                    break
    return step, first / last if last > 0 else float("inf"), distance


@torch.no_grad()
def _distance(model: Architecture, batch: Batch) -> float:
    """Median distance of labelled keypoints from the decoded ones, in crop pixels."""
    model.eval()
    found, _ = model.decode(model(model.prepare(batch.images)))
    distance = (found - batch.keypoints).norm(dim=-1)[batch.visible].median()
    return float(distance) if torch.isfinite(distance) else float("inf")


@torch.no_grad()
def costs(subject: Subject) -> dict[str, Any]:
    """Parameters, and the time of one forward pass at the default size, one crop at a time, on one CPU thread."""
    model = subject.build(BODY, None).eval()
    width, height = model.input_size
    images = torch.zeros((1, height, width, 3), dtype=torch.uint8)
    spent: list[float] = []
    begun = time.monotonic()
    while len(spent) < 6 and (len(spent) < 2 or time.monotonic() - begun < 2):  # the first one warms up
        started = time.perf_counter()
        model.decode(model(model.prepare(images)))
        spent.append(time.perf_counter() - started)
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "unused_parameters": subject.facts.get("unused_parameters"),
        "input_size": [width, height],
        "milliseconds_per_crop": round(1000 * statistics.median(spent[1:]), 1),
    }
