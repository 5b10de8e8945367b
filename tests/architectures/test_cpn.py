"""Cascaded pyramid network: size, whose errors are mined, and what is decoded. Its other promises: test_suite.py."""

from typing import Any

import pytest
import timm
import torch

from posebench.data.skeleton import Skeleton
from posebench.plugins.recipe import Targets
from posebench.plugins.registry import architecture, protocol

TEN = Skeleton(keypoints=tuple("abcdefghij"))
HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))


def unbuilt(name: str, skeleton: Skeleton) -> Any:
    """A network without memory, for a loss in which every map counts; its loss and decoding need no weights."""
    with torch.device("meta"):
        model = architecture(name, skeleton, (64, 96))
    model.target_settings = Targets(unlabelled="empty")
    return model


def refined(*maps: list[float]) -> torch.Tensor:
    """Outputs (B, 5, K, 24, 16): GlobalNet's are 0; every cell of RefineNet's map k of person b is maps[b][k]."""
    outputs = torch.zeros(len(maps), 5, len(maps[0]), 24, 16)
    outputs[:, -1] = torch.tensor(maps)[:, :, None, None]
    return outputs


def parts(model: Any, outputs: torch.Tensor) -> dict[str, float]:
    """The loss of outputs for people of whom no keypoint is labelled, so that every map should be 0."""
    people, keypoints = len(outputs), len(model.skeleton)
    nobody = torch.zeros(people, keypoints, dtype=torch.bool)
    return {name: float(part) for name, part in model.loss(outputs, torch.zeros(people, keypoints, 2), nobody).items()}


def test_the_published_number_of_parameters_without_any_memory() -> None:
    with torch.device("meta"):
        model = architecture("cpn_resnet50", protocol("coco").skeleton)
    assert sum(p.numel() for p in model.parameters()) == 27_010_453


def test_refinenet_learns_from_the_eight_hardest_keypoints_of_ten() -> None:
    # Half the squares of 2, 3, …, 9, which are 4 + 9 + 16 + 25 + 36 + 49 + 64 + 81 = 284; without mining also of 0 and 1.
    maps = [float(k) for k in range(10)]
    levels = dict.fromkeys(("global5", "global4", "global3", "global2"), 0)
    assert parts(unbuilt("cpn_resnet50", TEN), refined(maps)) == {**levels, "refine": 284 / 8 / 2}
    assert parts(unbuilt("cpn_resnet50:hard=all", TEN), refined(maps)) == {**levels, "refine": 285 / 10 / 2}
    assert parts(unbuilt("cpn_resnet50:hard=6", TEN), refined(maps))["refine"] == pytest.approx(271 / 6 / 2)


def test_each_person_has_hardest_keypoints_of_its_own_and_the_others_get_no_gradient() -> None:
    rising, falling = [float(k) for k in range(10)], [float(9 - k) for k in range(10)]
    outputs = refined(rising, falling).requires_grad_()
    nobody = torch.zeros(2, 10, dtype=torch.bool)
    loss = unbuilt("cpn_resnet50", TEN).loss(outputs, torch.zeros(2, 10, 2), nobody)
    loss["refine"].backward()
    assert outputs.grad is not None
    learns = outputs.grad[:, -1].flatten(2).any(dim=-1)
    assert learns.tolist() == [[False] * 2 + [True] * 8, [True] * 8 + [False] * 2]


def test_a_skeleton_with_fewer_keypoints_than_are_hard_learns_from_all() -> None:
    assert parts(unbuilt("cpn_resnet50", HAND), refined([1.0, 2.0, 4.0]))["refine"] == 21 / 3 / 2


def test_globalnet_learns_from_all_keypoints_on_every_level() -> None:
    outputs = torch.zeros(1, 5, 10, 24, 16)
    outputs[:, 0] = 1  # P5
    outputs[:, 3, :4] = 2  # P2
    found = parts(unbuilt("cpn_resnet50", TEN), outputs)
    assert found == pytest.approx({"global5": 0.5, "global4": 0, "global3": 0, "global2": 0.8, "refine": 0})


def test_refinenets_maps_are_decoded() -> None:
    outputs = torch.zeros(1, 5, 3, 24, 16)
    outputs[:, :4, :, 3, 5] = 9
    outputs[:, 4, :, 20, 10] = 1
    keypoints, scores = unbuilt("cpn_resnet50", HAND).decode(outputs)
    assert keypoints[0, 0].tolist() == [41.5, 81.5]  # the middle of a cell of 4 pixels
    assert scores.tolist() == [[1, 1, 1]]


def twos(model: torch.nn.Module) -> torch.nn.Module:
    """A network from `meta` in memory, with 2 for all its numbers."""
    model.to_empty(device="cpu")
    for value in model.state_dict().values():
        value.fill_(2)
    return model


def resnet(name: str, **arguments: Any) -> torch.nn.Module:
    with torch.device("meta"):
        return timm.create_model(name, **arguments)


@pytest.mark.parametrize("source", ["hub", "file"])
def test_imagenets_weights_are_those_of_the_backbone_alone(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.architectures.cpn.imagenet", lambda name, **of: twos(resnet(name, **of)))
    model = unbuilt("cpn_resnet50", HAND).to_empty(device="cpu")
    for value in model.state_dict().values():
        value.fill_(3)
    whole = twos(resnet("resnet50")).state_dict()
    told = model.load_pretrained() if source == "hub" else model.load_backbone(whole)
    assert told == {
        "hub": "timm resnet50.tv_in1k", "file": "backbone resnet50.tv_in1k from a file with timm's names",
    }[source]  # fmt: skip
    read = {name.partition(".")[0]: bool((value == 2).all()) for name, value in model.state_dict().items()}
    assert read == {"backbone": True, "global_net": False, "refine_net": False}
