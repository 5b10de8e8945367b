"""SimpleBaseline (Xiao, Wu, Wei, "Simple Baselines for Human Pose Estimation and Tracking", ECCV 2018).

    image ─► backbone (1/32) ─► three times: transposed convolution 4×4 / 2, BN, ReLU ─► 1×1 ─► heatmaps (1/4)

The head stands on any timm backbone: `simplebaseline:vit_base_patch16_224` is what ViTPose calls its classic decoder (two
transposed convolutions from 1/16). A backbone gets as many of them as bring it to 1/4.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.architecture import check_input_size
from posebench.plugins.checkpoint_layout import CheckpointLayout
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Recipe

from .backbone_weights import fitted, tensor_names
from .heatmap_network import OURS, SIMPLE_BASELINE, HeatmapNetwork, Size, initialise, mmpose
from .imagenet import imagenet
from .papers import paper

FINEST = 4
"""Crop pixels per heatmap cell that deconvolutions stop at."""
CHANNELS = 256
PREFIX = "backbone.model."
"""timm wraps a backbone whose features it hands out."""


class SimpleBaseline(HeatmapNetwork):
    """A backbone from timm, deconvolutions, and one 1×1 convolution."""

    published = (
        CheckpointLayout("simplebaseline", "final_layer.weight", SIMPLE_BASELINE, lambda key: key.removeprefix(PREFIX)),
        *mmpose(PREFIX),
    )

    def __init__(self, skeleton: Skeleton, input_size: Size | None, backbone: str) -> None:
        """
        Args:
            backbone: timm's name, as in `timm.list_models()`; its ImageNet tag may follow after a dot.

        Raises:
            PosebenchError: timm has no such model, it cannot hand out features, or the input size does not fit.
        """
        recipe = paper("simplebaseline", skeleton)
        input_size = input_size or recipe.input_size
        super().__init__(skeleton, input_size)
        self.paper = recipe
        self.timm_name = backbone
        self.backbone = features(backbone, input_size)
        self.pipeline = normalised(backbone)
        reduction, channels = self.backbone.feature_info.reduction()[-1], self.backbone.feature_info.channels()[-1]
        check_input_size(f"simplebaseline on {backbone}", input_size, reduction)
        layers: list[nn.Module] = []
        self.stride = reduction
        while self.stride % 2 == 0 and self.stride // 2 >= FINEST:
            self.stride //= 2
            inputs = CHANNELS if layers else channels
            layers += [
                nn.ConvTranspose2d(inputs, CHANNELS, 4, 2, 1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU(inplace=True)
            ]  # fmt: skip
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = nn.Conv2d(CHANNELS if layers else channels, len(skeleton), 1)
        self.deconv_layers.apply(initialise)
        initialise(self.final_layer)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, K, H/stride, W/stride)."""
        maps: Tensor = self.final_layer(self.deconv_layers(self.backbone(images)[-1]))
        return maps

    def follow(self, recipe: Recipe) -> None:
        """As every architecture; the normalisation stays the backbone's, which another one than a ResNet may need."""
        mean, std = self.pipeline.mean, self.pipeline.std
        super().follow(recipe)
        self.pipeline = replace(self.pipeline, mean=mean, std=std)

    @property
    def has_pretrained(self) -> bool:
        """Whether timm has ImageNet weights of the backbone."""
        import timm

        return bool(timm.is_model_pretrained(self.timm_name))

    def load_pretrained(self) -> str | None:
        """The backbone's ImageNet weights, through timm, resampled to this input size where they depend on it."""
        if not self.has_pretrained:
            return None
        name = self.timm_name
        self.backbone.load_state_dict(features(name, self.input_size, imagenet).state_dict())
        return f"timm {name}"

    def load_backbone(self, tensors: Mapping[str, Tensor]) -> str:
        """The backbone's weights from a state dict of its whole network, under timm's names or efficientnet_pytorch's."""
        state = self.backbone.state_dict()
        mine = {name.removeprefix("model."): name for name in state}
        whole = tensor_names(self.timm_name)
        if strange := [name for name in mine if name not in whole]:
            raise PosebenchError(
                f"Weights of the backbone {self.timm_name} cannot be read from a file: timm names its {strange[0]} in another "
                "way where it hands out features. Start without --backbone-weights."
            )
        found = fitted(self.timm_name, {name: state[its] for name, its in mine.items()}, whole, tensors)
        self.backbone.load_state_dict({mine[name]: value for name, value in found.state.items()}, strict=False)
        if found.scaled is not None:
            mean, std = found.scaled
            self.pipeline = replace(self.pipeline, mean=(mean,) * 3, std=(std,) * 3)
        return f"backbone {self.timm_name} from a file with {found.names}'s names"


def normalised(name: str) -> Pipeline:
    """Our pipeline with the mean and deviation that a backbone's pretrained weights expect: not all have ImageNet's."""
    import timm

    expected: Any = timm.get_pretrained_cfg(name)
    return replace(OURS, mean=tuple(expected.mean), std=tuple(expected.std)) if expected is not None else OURS


def features(name: str, input_size: Size, create: Callable[..., Any] | None = None) -> Any:
    """A timm model that puts out its last feature map, (B, C, H/r, W/r), in a list.

    Args:
        create: what makes the model; `timm.create_model` if None.

    Raises:
        PosebenchError: timm has no model of that name, or it has no feature maps.
    """
    import timm
    from timm.models._features import FeatureGetterNet

    create = create or timm.create_model
    known = timm.list_models()
    if not timm.is_model(name):
        near = ", ".join(get_close_matches(name.partition(".")[0], known, n=3))
        raise PosebenchError(
            f"timm has no model {name!r}.{f' Similar names: {near}.' if near else ''} timm.list_models() lists all {len(known):,}."
        )
    width, height = input_size
    try:
        try:
            model = create(name, num_classes=0, img_size=(height, width))
        except TypeError:  # convolutional: any size will do, and none is asked for
            model = create(name, num_classes=0)
        if not hasattr(model, "forward_intermediates"):
            return create(name, features_only=True, out_indices=(-1,))
        # Transformers end in a normalisation that their features are meant to be read behind.
        return FeatureGetterNet(model, out_indices=(-1,), norm=hasattr(model, "num_prefix_tokens"))
    except PosebenchError:
        raise
    except (RuntimeError, AssertionError, AttributeError, ValueError, TypeError, IndexError) as error:
        if torch.get_default_device().type == "meta":  # some of timm's cannot be built without memory
            with torch.device("cpu"):
                return features(name, input_size, create).to("meta")
        raise PosebenchError(
            f"timm's {name} has no feature maps for crops {height} high and {width} wide: {error}"
        ) from error


def simplebaseline(skeleton: Skeleton, input_size: Size | None = None, variant: str | None = None) -> SimpleBaseline:
    """SimpleBaseline on a timm backbone, which is named after a colon: `simplebaseline:resnet50`."""
    if not variant:
        raise PosebenchError("simplebaseline needs a timm backbone after a colon, such as simplebaseline:resnet50.")
    return SimpleBaseline(skeleton, input_size, variant)


def simplebaseline_resnet50(skeleton: Skeleton, input_size: Size | None = None) -> SimpleBaseline:
    """SimpleBaseline on ResNet-50: 34.0 M parameters for 16 keypoints."""
    return SimpleBaseline(skeleton, input_size, "resnet50.tv_in1k")


def simplebaseline_resnet101(skeleton: Skeleton, input_size: Size | None = None) -> SimpleBaseline:
    """SimpleBaseline on ResNet-101: 53.0 M parameters for 16 keypoints."""
    return SimpleBaseline(skeleton, input_size, "resnet101.tv_in1k")


def simplebaseline_resnet152(skeleton: Skeleton, input_size: Size | None = None) -> SimpleBaseline:
    """SimpleBaseline on ResNet-152: 68.6 M parameters for 16 keypoints."""
    return SimpleBaseline(skeleton, input_size, "resnet152.tv_in1k")
