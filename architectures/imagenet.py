"""ImageNet weights through timm: from this machine's cache, or downloaded once. Without a network, the error comes at once."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import constants, get_session, try_to_load_from_cache
from torch import nn

from posebench.errors import PosebenchError

SECONDS = 3.0
"""For one connection: timm's own download retries for more than a minute, and writes a line for each retry."""
FILES = "model.safetensors", "pytorch_model.bin"
"""Names of weights on the hub."""


def imagenet(name: str, **arguments: Any) -> nn.Module:
    """A timm model with its ImageNet weights.

    Args:
        name: timm's, with the weights' tag, such as `resnet50.tv_in1k`.
        arguments: for `timm.create_model`.

    Raises:
        PosebenchError: the weights are not on this machine and cannot be downloaded.
    """
    there = cached(name)
    if not there and not reachable(source(name)):
        raise _unavailable(name, f"{source(name)} cannot be reached")
    try:
        with _offline() if there else nullcontext():
            model: nn.Module = timm.create_model(name, pretrained=True, **arguments)
    except TypeError:  # the model does not take these arguments
        raise
    except Exception as error:  # a download fails in many ways
        raise _unavailable(name, f"the download failed ({type(error).__name__})") from error
    return model


def _unavailable(name: str, why: str) -> PosebenchError:
    return PosebenchError(
        f"The ImageNet weights {name} are not on this machine, and {why}. Add --no-pretrained, or pretrained = false in a "
        "study's [settings], to start from random weights. Or run on a machine with a network: "
        f"python -c \"import timm; timm.create_model('{name}', pretrained=True)\" "
        f"and copy its ~/.cache/huggingface/hub to {constants.HF_HUB_CACHE} here."
    )


def cached(name: str) -> bool:
    """Whether the weights are in the cache of the hub or of torch."""
    known: Any = timm.get_pretrained_cfg(name)
    if known is None:
        return False
    if known.hf_hub_id:
        hub = known.hf_hub_id.partition("@")[0]
        return any(
            isinstance(try_to_load_from_cache(hub, file), str) for file in (known.hf_hub_filename, *FILES) if file
        )
    return bool(known.url) and (Path(torch.hub.get_dir()) / "checkpoints" / Path(known.url).name).is_file()


def source(name: str) -> str:
    """The address that the weights are downloaded from."""
    known: Any = timm.get_pretrained_cfg(name)
    return constants.ENDPOINT if known is None or known.hf_hub_id or not known.url else str(known.url)


def reachable(address: str) -> bool:
    """Whether one connection succeeds, through the user's proxy where there is one."""
    try:
        get_session().head(address, timeout=SECONDS)
    except Exception:  # of whichever client the hub uses; offline mode too
        return False
    return True


@contextmanager
def _offline() -> Iterator[None]:
    """Let the hub read its cache without asking for a newer file first, which takes a minute without a network."""
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
