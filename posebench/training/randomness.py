"""Randomness: the states of PyTorch's random numbers, from which a resumed run draws the same ones (dropout)."""

from collections.abc import Mapping
from typing import Any

import torch

from posebench.training import processes


def state(device: torch.device) -> dict[str, Any]:
    """The states of the generators that a network on this device uses."""
    found = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        found["mps"] = torch.mps.get_rng_state()
    return found


def restore(states: Mapping[str, Any], device: torch.device) -> None:
    """Go on from the states of a checkpoint; those of another kind of device, or of another process, are left out."""
    if processes.index():
        states = dict(enumerate(states.get("others", ()), 1)).get(processes.index(), {})
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
