"""Fast ways: the same result, or the difference in words; never a silent one."""

import copy
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from posebench.cost.latency import measure, vary
from posebench.errors import PosebenchError
from posebench.inference import fast as ways
from posebench.inference.fast import Fast, OutputDifference, check, difference, run_as
from posebench.inference.predict import first_images, predict
from posebench.inference.ways import How
from posebench.plugins import registry
from posebench.plugins.pipeline import Pipeline
from posebench.synthetic import people as synthetic


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    model = registry.architecture("hourglass1", registry.protocol("mpii").skeleton, (64, 64)).eval()
    vary(model)
    return model


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_folding_computes_the_same_and_the_network_stays_as_it_was(network, images: Tensor) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fast, found = run_as(network, How(folded=True), images)
    assert fast.folded == (36, 53)
    assert found.relative < 1e-5
    assert found.keypoints == 3 * 16
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def points_network():
    """A network with a pipeline of its own, as published weights have."""
    torch.manual_seed(0)
    model = registry.architecture("hourglass1", registry.protocol("mpii").skeleton, (64, 64)).eval()
    model.pipeline = Pipeline("theirs", alignment="points", flip_shift=1)
    model.origin = {"weights": "theirs"}
    return model


def test_a_fast_network_sees_the_crops_of_its_own_pipeline() -> None:
    model = points_network()
    people = synthetic.instances(model.skeleton, "val", 3)
    plain, _ = predict(model, people)
    fast, found = run_as(model, How(folded=True), first_images(model, people))
    assert (fast.pipeline, fast.origin, fast.name) == (model.pipeline, {"weights": "theirs"}, "hourglass1")
    assert found.move < 1e-3
    np.testing.assert_allclose(predict(fast, people)[0].keypoints, plain.keypoints, atol=1e-3)


def test_the_first_images_are_those_that_are_predicted_first() -> None:
    model = points_network()
    people = synthetic.instances(model.skeleton, "val", 3)
    seen: list[Tensor] = []
    prepare = model.prepare
    model.prepare = lambda images: seen.append(images) or prepare(images)
    predict(model, people)
    assert torch.equal(first_images(model, people), seen[0])


def test_bfloat16_changes_something_and_says_how_much(network, images: Tensor) -> None:
    fast, found = run_as(network, How(folded=True, precision="bf16"), images)
    assert 1e-4 < found.relative < 0.1
    assert f"differ by up to {found.relative:.1e}" in found.sentence
    assert fast(fast.prepare(images)).dtype == torch.float32


def test_a_difference_is_measured_in_pixels_of_the_input() -> None:
    class Shifted(Fast):
        def __init__(self, model) -> None:
            nn.Module.__init__(self)
            self.model, self.how, self.name = model, How(folded=True), "shifted"

        def forward(self, images: Tensor) -> Tensor:
            return self.model(images).roll(1, dims=-1)

    class Peak(nn.Module):
        name = "peak"

        def forward(self, images: Tensor) -> Tensor:
            return torch.eye(4).reshape(1, 1, 4, 4).repeat(len(images), 2, 1, 1)

        def prepare(self, images: Tensor) -> Tensor:
            return images.float()

        def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
            column = outputs[:, :, 1].argmax(-1)  # of the second row
            return torch.stack([column * 3.0, column * 4.0], dim=-1), torch.ones_like(column)

    found = difference(Peak(), Shifted(Peak()), torch.zeros(3, 4, 4, 3, dtype=torch.uint8))
    assert (found.relative, found.move, found.moved, found.keypoints, found.images) == (1.0, 5.0, 6, 6, 3)


def test_another_result_in_float32_is_refused(network, images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(model: nn.Module, images: Tensor) -> tuple[int, int]:
        with torch.no_grad():
            next(model.parameters()).mul_(1.01)
        return 1, 1

    monkeypatch.setattr(ways, "fold", wrong)
    with pytest.raises(
        PosebenchError, match="hourglass1, folded fp32, differs from the plain network by .* more than 1e-05"
    ):
        run_as(network, How(folded=True), images)


def test_bfloat16_may_differ_and_nan_may_not(network, images: Tensor) -> None:
    with torch.inference_mode():
        fast = Fast(network, How(precision="bf16"), network.prepare(images))
    check(fast, OutputDifference(0.3, 9.0, 1, 48, 3))
    with pytest.raises(PosebenchError, match="not finite"):
        check(fast, OutputDifference(float("nan"), 9.0, 1, 48, 3))


def test_tf32_is_for_gpus(network, images: Tensor) -> None:
    with pytest.raises(PosebenchError, match="tf32 needs an NVIDIA GPU; this device is cpu"):
        run_as(network, How(precision="tf32"), images)


def test_smaller_batches_are_filled_up_so_that_nothing_is_compiled_twice(
    network, images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []

    def compiler(run, options):
        assert options == {"freezing": False}  # it corrupts transposed convolutions

        def wrapped(given: Tensor) -> Tensor:
            shapes.append((tuple(given.shape), given.is_contiguous(memory_format=torch.channels_last)))
            return run(given)

        return wrapped

    monkeypatch.setattr(torch, "compile", compiler)
    fast, _ = run_as(network, How(True, True), images)
    prepared = network.prepare(images)
    with torch.inference_mode():
        few = fast(prepared[:2])
        assert torch.allclose(few, network(prepared[:2]), atol=1e-5)
    assert shapes == [((3, 3, 64, 64), True)] * 2


def test_a_compiler_that_fails_is_a_sentence(network, images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(given: Tensor) -> Tensor:
        raise RuntimeError("no g++\nlong story")

    monkeypatch.setattr(torch, "compile", lambda run, options: broken)
    with pytest.raises(PosebenchError, match="torch.compile fails on hourglass1: RuntimeError: no g\\+\\+. It needs"):
        run_as(network, How(True, True), images)


def test_times_are_positive_ordered_and_of_every_way(network) -> None:
    timings = measure(network, [How(), How(folded=True)], 2, 0.0)
    assert [timing.how for timing in timings] == ["eager fp32", "folded fp32"]
    for timing in timings:
        assert 0 < timing.low <= timing.median <= timing.high
        assert timing.rounds == 5
        assert timing.images_per_second == pytest.approx(2000 / timing.median)
        assert timing.same
    weights = 4 * sum(parameter.numel() for parameter in network.parameters())
    assert all(weights < timing.memory < weights + 2**24 for timing in timings)


@pytest.mark.skipif(
    "POSEBENCH_TEST_COMPILE" not in os.environ, reason="compiles for a minute; set POSEBENCH_TEST_COMPILE=1"
)
def test_compiled_computes_the_same(network, images: Tensor) -> None:
    _, found = run_as(network, How(True, True), images)
    assert found.relative < 1e-5


def test_a_faster_network_is_shown_the_crops_of_its_own_pipeline(network, images: Tensor) -> None:
    imported = copy.deepcopy(network)
    imported.pipeline = replace(network.pipeline, alignment="points", regions="hrnet")
    assert Fast(imported, How(precision="bf16"), network.prepare(images)).pipeline == imported.pipeline
