"""Devices: where a network is trained."""

import torch


def device_name(device: torch.device) -> str:
    """Such as `NVIDIA H200`, or `cpu`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
