"""Counting: literals that one can check by eye, on networks of one layer; then the networks of the literature."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from posebench.cost.count import MACs, count, count_model
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.inference.tensor_watch import Watch
from posebench.plugins import registry
from posebench.plugins.architecture import Architecture

TWO = Skeleton(keypoints=("nose", "tail"))


class Around(Architecture):
    """Any layers as a network on 6 × 4 pixels (width × height)."""

    def __init__(self, body: nn.Module, score: Callable[[Tensor], Tensor] = torch.sum) -> None:
        super().__init__(TWO, (6, 4))
        self.body, self.score = body, score

    def forward(self, images: Tensor) -> Tensor:
        outputs: Tensor = self.body(images)
        return outputs

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> Tensor:
        return self.score(outputs)

    def decode(self, outputs: Tensor) -> Any:
        raise NotImplementedError

    def unflip(self, outputs: Tensor) -> Tensor:
        raise NotImplementedError


def macs(body: nn.Module, *shape: int) -> tuple[int, int]:
    """(counted, counted on outputs) for an input of that shape."""
    counter = MACs()
    with torch.device("meta"), torch.no_grad(), Watch(counter):
        body.to("meta")(torch.zeros(shape))
    return counter.total, counter.total_on_outputs


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_nothing_depends_on_where_it_is_counted(device: str) -> None:
    counts = count_model(Around(nn.Conv2d(3, 5, 3, padding=1)).to(device))
    assert (counts.macs, counts.parameters) == (6 * 4 * 5 * 9 * 3, 5 * 9 * 3 + 5)


def test_a_convolution_has_one_per_output_element_kernel_and_input_channel() -> None:
    assert macs(nn.Conv2d(3, 5, (3, 1)), 2, 3, 4, 6) == (2 * (5 * 2 * 6) * 3 * 3,) * 2


def test_stride_and_groups_divide() -> None:
    assert macs(nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), 1, 4, 8, 6) == ((6 * 4 * 3) * 9 * 4 // 2,) * 2


def test_a_transposed_convolution_counts_its_input_and_published_tables_its_output() -> None:
    layer = nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1, groups=2)
    once = (8 * 3 * 5) * 16 * 6 // 2
    assert macs(layer, 1, 8, 3, 5) == (once, 4 * once)


def test_a_linear_layer_and_a_product_of_matrices() -> None:
    assert macs(nn.Linear(7, 5), 3, 7) == (3 * 7 * 5,) * 2
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    counter = MACs()
    with torch.device("meta"), torch.no_grad(), Watch(counter):
        places = torch.zeros(1, 5, 8)
        attention.to("meta")(places, places, places)
    assert counter.total == 4 * (5 * 8 * 8) + 2 * (5 * 5 * 8)  # in and out, then queries·keys and weights·values


def test_a_function_is_counted_like_a_module() -> None:
    class Functional(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.nn.functional.conv2d(x, x.new_zeros(5, 3, 3, 3))

    assert macs(Functional(), 1, 3, 4, 6) == ((5 * 2 * 4) * 27,) * 2


def test_activations_are_what_is_alive_at_the_fullest_moment() -> None:
    body = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.ReLU(inplace=True), nn.Conv2d(8, 2, 1))
    cells = 6 * 4 * 4  # bytes of one channel
    assert count_model(Around(body)).activations == cells * (3 + 8 + 8)  # the image is still there
    assert count_model(Around(nn.Conv2d(3, 2, 1))).activations == cells * (3 + 2)


def test_training_keeps_what_the_backward_pass_needs() -> None:
    # The image for the first layer's weights, and the 8 channels for the second's; the sum needs nothing.
    counts = count_model(Around(nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 2, 1))))
    assert counts.kept == 6 * 4 * 4 * (3 + 8)


def test_a_parameter_that_no_gradient_reaches_is_named() -> None:
    body = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Identity())
    body[1].register_module("spare", nn.Conv2d(4, 4, 3))
    assert count_model(Around(body)).unused == {"body.1.spare.weight": 144, "body.1.spare.bias": 4}
    assert count_model(Around(nn.Conv2d(3, 2, 1))).unused == {}


def test_what_only_the_loss_leaves_out_is_unused() -> None:
    head = nn.Conv2d(3, 2, 1)
    assert count_model(Around(head, lambda outputs: outputs.detach().sum())).unused == {
        "body.weight": 6,
        "body.bias": 2,
    }


def test_a_frozen_parameter_is_used_and_stays_frozen() -> None:
    head = nn.Conv2d(3, 2, 1)
    head.weight.requires_grad_(False)
    assert count_model(Around(head)).unused == {}
    assert not head.weight.requires_grad


def test_counting_leaves_statistics_and_mode_alone() -> None:
    model = Around(nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)))
    model.eval()
    count_model(model)
    assert not model.training
    assert model.body[1].running_var.tolist() == [1.0, 1.0]
    assert model.body[1].num_batches_tracked == 0


def test_a_network_that_reads_values_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reads(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x * (1 if x.sum().item() > 0 else 2))

    monkeypatch.setattr("posebench.cost.count.architecture", lambda *of: Around(Reads(3, 5, 1)))
    counts, size = count("any", TWO)
    assert (counts.macs, size) == (6 * 4 * 5 * 3, (6, 4))


def test_a_network_that_fails_is_a_sentence_with_its_name_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.cost.count.architecture", lambda *of: Around(nn.Conv2d(4, 5, 1)))
    with pytest.raises(PosebenchError, match="any does not run on an input of width 6, height 4: RuntimeError: "):
        count("any", TWO, (6, 4))


def test_an_eight_stack_hourglass_has_no_unused_parameter() -> None:
    counts, size = count("hourglass8", registry.protocol("mpii").skeleton)
    # Newell's PyTorch release holds 32.82 M, of which its skip convolutions' 7.39 M are never used. pytorch-pose, with its
    # wider stem, has 25.59 M and 28.09 G.
    assert (counts.parameters, counts.unused, size) == (25_434_112, {}, (256, 256))
    assert counts.macs == counts.macs_on_outputs == 27_440_185_344


@pytest.mark.parametrize(
    "name, protocol, size, parameters, macs_, on_outputs, printed",
    [
        ("hrnet_w32", "coco", (192, 256), 28.54, 7.65, 7.12, 7.10),
        ("simplebaseline_resnet50", "coco", (192, 256), 34.00, 5.43, 8.99, 8.90),
        ("simplebaseline_resnet152", "coco", (192, 256), 68.64, 12.70, 15.76, 15.7),
        ("hourglass8:stem=bearpaw", "mpii", (256, 256), 25.59, 28.09, 26.17, None),
        (
            "cpn_resnet50",
            "coco",
            (192, 256),
            27.01,
            7.03,
            6.55,
            None,
        ),  # 6.20 is printed; docs/training.md has the difference
        ("cpm", "coco", (192, 256), 31.30, 63.74, 59.36, None),  # mmpose has 63.81, in units of 10⁹
    ],
)
def test_published_networks_have_their_parameters_and_operations(
    name: str,
    protocol: str,
    size: tuple[int, int],
    parameters: float,
    macs_: float,
    on_outputs: float,
    printed: float | None,
) -> None:
    counts, _ = count(name, registry.protocol(protocol).skeleton, size)
    assert counts.unused == {}
    assert round(counts.parameters / 1e6, 2) == parameters
    assert round(counts.macs / 1e9, 2) == macs_
    assert round(counts.macs_on_outputs / 1024**3, 2) == on_outputs
    assert printed is None or on_outputs == pytest.approx(printed, rel=0.011)
