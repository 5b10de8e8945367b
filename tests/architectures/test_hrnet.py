"""HRNet and SimpleBaseline: sizes, options, targets, and ImageNet weights. Their published weights: test_published.py."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from narrow import narrow
from torch import nn

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.registry import architecture, protocol

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))
SEEN = torch.ones(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("hrnet_w32", 28_536_080),
        ("hrnet_w48", 63_595_696),
        ("simplebaseline_resnet50", 33_999_440),
        ("simplebaseline_resnet101", 52_991_568),
        ("simplebaseline_resnet152", 68_635_216),
    ],
)
def test_the_published_number_of_parameters_without_any_memory(name: str, parameters: int) -> None:
    with torch.device("meta"):
        model = architecture(name, protocol("mpii").skeleton)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert all(p.is_meta for p in model.parameters())


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize(
    "name, stride",
    [
        ("hrnet_w32", 4),
        ("hrnet_w32:fusion=stages", 4),
        ("hrnet_w32:fusion=last,head=8", 8),
        ("hrnet_w32:head=16", 16),
        ("simplebaseline_resnet50", 4),
        ("simplebaseline:vit_tiny_patch16_224", 4),
        ("simplebaseline:mobilenetv3_small_100", 4),
    ],
)
def test_a_map_per_keypoint_and_no_parameter_that_nothing_reads(name: str, stride: int) -> None:
    torch.manual_seed(0)
    model = architecture(name, HAND, (64, 96))
    outputs = model(torch.randn(2, 3, 96, 64))
    assert outputs.shape == (2, 3, 96 // stride, 64 // stride)
    model.loss(outputs, torch.full((2, 3, 2), 30.0), SEEN)["heatmaps"].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    keypoints, scores = model.decode(outputs)
    assert keypoints.shape == (2, 3, 2)
    assert scores.shape == (2, 3)


@pytest.mark.parametrize(
    "name, parts",
    [
        ("hrnet_w32", ["conv1.weight", "layer1.0.conv2.weight", "stage4.2", "final_layer.weight"]),
        ("simplebaseline:resnet18", ["deconv_layers.0.weight", "deconv_layers.6.weight", "final_layer.weight"]),
    ],
)
def test_what_no_pretrained_weights_are_for_begins_as_a_normal_draw_of_deviation_0_001(
    name: str, parts: list[str]
) -> None:
    torch.manual_seed(0)
    weights = architecture(name, HAND, (64, 64)).state_dict()
    for part in parts:
        drawn = torch.cat([
            value.flatten() for key, value in weights.items() if key.startswith(part) and value.ndim == 4
        ])  # fmt: skip
        assert drawn.std().item() == pytest.approx(1e-3, rel=0.25 if len(drawn) < 1000 else 0.05), part
        assert drawn.mean().item() == pytest.approx(0, abs=4e-3 / len(drawn) ** 0.5), part
    assert not weights["final_layer.bias"].any()


def test_fusion_grows_from_the_last_module_to_all() -> None:
    counts = []
    for fusion in ("last", "stages", "full"):
        with torch.device("meta"):
            counts.append(sum(p.numel() for p in architecture(f"hrnet_w32:fusion={fusion}", HAND).parameters()))
    assert counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("name", ["hrnet_w32", "simplebaseline_resnet50"])
def test_sizes_and_recipes_are_those_of_the_dataset(name: str) -> None:
    with torch.device("meta"):
        on_mpii, on_coco = (architecture(name, protocol(p).skeleton) for p in ("mpii", "coco"))
        large = architecture(name, HAND, (288, 384))
    assert (on_mpii.input_size, on_coco.input_size) == ((256, 256), (192, 256))
    assert (on_mpii.sigma, large.sigma) == (2.0, 3.0)
    assert (on_coco.paper.batch_size, on_coco.paper.augmentation.rotated) == (128, 0.6)
    assert on_coco.paper.augmentation.rotation > on_mpii.paper.augmentation.rotation


@pytest.mark.parametrize("name", ["hrnet_w32", "simplebaseline_resnet50"])
def test_a_size_that_the_stride_does_not_divide_is_refused(name: str) -> None:
    with pytest.raises(PosebenchError, match="multiples of 32; height 256, width 200 is not. Try 256x192"):
        architecture(name, HAND, (200, 256))


def test_only_labelled_keypoints_near_the_map_count_and_half_the_mean_square_is_the_loss() -> None:
    model = architecture("hrnet_w32", HAND, (64, 64))
    outputs = torch.ones(1, 3, 16, 16)
    far = torch.tensor([[[400.0, 30.0], [30.0, 30.0], [30.0, 30.0]]])
    nobody = torch.tensor([[True, False, False]])
    assert model.loss(outputs, far, nobody)["heatmaps"] == 0
    near = torch.tensor([[[64.0 + 8, 30.0], [30.0, 30.0], [30.0, 30.0]]])  # outside, but its Gaussian is not
    assert model.loss(outputs, near, nobody)["heatmaps"] > 0
    blank = model.loss(torch.zeros(1, 3, 16, 16), torch.full((1, 3, 2), 33.5), nobody)["heatmaps"]
    # A Gaussian's square has the sum pi sigma^2; of 3 x 256 cells, and half of it.
    assert blank.item() == pytest.approx(torch.pi * 4 / (3 * 256) / 2, rel=1e-2)


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("simplebaseline:resnet5o", "timm has no model 'resnet5o'. Similar names: resnet50, "),
        ("simplebaseline", "needs a timm backbone after a colon, such as simplebaseline:resnet50"),
    ],
)
def test_a_backbone_that_timm_has_not_is_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        architecture(name, HAND, (64, 64))


def test_a_backbone_sees_images_as_its_pretrained_weights_do() -> None:
    with torch.device("meta"):
        resnet, vit = (
            architecture(f"simplebaseline:{name}", HAND, (64, 64)) for name in ("resnet50", "vit_tiny_patch16_224")
        )
    assert resnet.pipeline.mean == (0.485, 0.456, 0.406)
    assert vit.pipeline.mean == vit.pipeline.std == (0.5, 0.5, 0.5)


def test_a_backbone_that_needs_memory_to_be_built_is_built_all_the_same() -> None:
    with torch.device("meta"):
        model = architecture("simplebaseline:swin_tiny_patch4_window7_224", HAND, (224, 224))
    assert all(p.is_meta for p in model.parameters())
    assert model.stride == 4


@pytest.mark.parametrize("name", ["hrnet_w32", "hrnet_w32:head=8", "simplebaseline_resnet50"])
def test_imagenet_weights_come_through_timm_and_the_head_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    create = timm.create_model
    asked = []

    def downloaded(name: str, pretrained: bool = False, **arguments: Any) -> nn.Module:
        model: nn.Module = create(name, pretrained=False, **arguments)
        if pretrained:
            asked.append(name)
            for value in model.state_dict().values():
                value.fill_(2)
        return model

    monkeypatch.setattr(timm, "create_model", downloaded)
    monkeypatch.setattr("posebench.architectures.imagenet.reachable", lambda address: True)
    model = architecture(name, HAND, (64, 64))
    assert model.load_pretrained() == f"timm {asked[0]}"
    new = {name for name, value in model.state_dict().items() if not (value == 2).all()}
    assert {name.partition(".")[0] for name in new} == {"final_layer"} | (
        {"deconv_layers"} if "simple" in name else set()
    )
    assert asked == [{"h": "hrnet_w32.ms_in1k", "s": "resnet50.tv_in1k"}[name[0]]]


class NoNetwork:
    """A client that finds no server, and notes how long it would have waited."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def head(self, address: str, timeout: float) -> None:
        self.asked.append(timeout)
        raise OSError("Name or service not known")


@pytest.mark.parametrize("name", ["hrnet_w32", "simplebaseline_resnet50"])
def test_without_a_network_one_short_connection_is_tried_and_nothing_is_downloaded(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import timm

    create, client = timm.create_model, NoNetwork()

    def untrained(name: str, pretrained: bool = False, **arguments: Any) -> nn.Module:
        assert not pretrained, "timm's own download waits for more than a minute"
        return create(name, **arguments)

    monkeypatch.setattr(timm, "create_model", untrained)
    monkeypatch.setattr("posebench.architectures.imagenet.get_session", lambda: client)
    monkeypatch.setattr("posebench.architectures.imagenet.cached", lambda name: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = architecture(name, HAND, (64, 64))
    with pytest.raises(PosebenchError, match=rf"cannot be reached. Add --no-pretrained, .* copy .* to {tmp_path} here"):
        model.load_pretrained()
    assert client.asked == [3.0]


def test_weights_in_the_cache_are_read_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm
    from huggingface_hub import constants

    create, client, offline = timm.create_model, NoNetwork(), []

    def read(name: str, pretrained: bool = False, **arguments: Any) -> nn.Module:
        offline.append((pretrained, constants.is_offline_mode()))
        return create(name, **arguments)

    monkeypatch.setattr("posebench.architectures.imagenet.get_session", lambda: client)
    monkeypatch.setattr("posebench.architectures.imagenet.try_to_load_from_cache", lambda hub, file: f"{hub}/{file}")
    model = architecture("hrnet_w32", HAND, (64, 64))
    monkeypatch.setattr(timm, "create_model", read)
    model.load_pretrained()
    assert (offline, client.asked, constants.is_offline_mode()) == ([(True, True)], [], False)


def test_listing_and_building_hourglasses_needs_no_timm() -> None:
    import subprocess

    code = (
        "from posebench.plugins.registry import architecture as a; from posebench.data.skeleton import Skeleton as S;"
    )
    code += "import sys; a('hourglass1', S(('x',)), (64, 64)); sys.exit('timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
