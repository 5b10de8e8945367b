"""One update of the weights: what each field of a recipe changes, and what it leaves as it is."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from stranger import Tiny
from torch import Tensor, nn

from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.plugins.architecture import Architecture
from posebench.plugins.recipe import Recipe
from posebench.samples.loader import Batch
from posebench.training import precision
from posebench.training.averaging import Average
from posebench.training.losses import Losses
from posebench.training.precision import loss_of
from posebench.training.step import Updater

MPII = registry.protocol("mpii")
SGD = Tiny.paper.changed(**{"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 6})


class Normed(Tiny):
    """Two blocks with batch normalisation, and a head."""

    def __init__(self) -> None:
        super().__init__(MPII.skeleton, (24, 32))
        block = [
            nn.Sequential(nn.Conv2d(c, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.Dropout(0.25), nn.ReLU()) for c in (3, 8)
        ]
        self.body = nn.Sequential(*block, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 32))


def fresh(kind: type[Any] = Tiny) -> Architecture:
    torch.manual_seed(3)
    return kind() if kind is Normed else kind(MPII.skeleton, (24, 32))


def batch(samples: int = 6) -> Batch:
    draw = torch.Generator().manual_seed(5)
    images = torch.randint(0, 256, (samples, 32, 24, 3), dtype=torch.uint8, generator=draw)
    keypoints = torch.rand(samples, 16, 2, generator=draw) * 24
    rows = torch.arange(samples)
    return Batch(images, keypoints, keypoints[..., 0] > 4, torch.zeros(samples, 2, 3), rows, torch.ones(samples) > 0)


def updated(recipe: Recipe, model: Architecture, steps: int = 2, said: list[str] | None = None) -> Updater:
    """The updater after some steps on one batch."""
    updater = Updater(model, recipe, Accelerator(), (said if said is not None else []).append)
    updater.begin()
    torch.manual_seed(11)
    for step in range(steps):
        updater(batch(), recipe.learning_rate, step + 1)
    return updater


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_sgd_moves_against_the_gradient() -> None:
    model = fresh()
    before = weights(model)["body.4.bias"]
    updater = updated(SGD, model, steps=1)
    moved = updater.optimizer.param_groups[0]["params"][-1]
    torch.testing.assert_close(moved.detach(), before - 0.5 * moved.grad)


def test_momentum_keeps_a_part_of_the_last_move() -> None:
    plain, moved = fresh(), fresh()
    start = weights(plain)["body.4.bias"]
    updated(SGD, plain, steps=2)
    updated(SGD.changed(**{"momentum": 0.5, "nesterov": True}), moved, steps=2)
    assert (moved.body[4].bias - start).abs().sum() > 1.4 * (plain.body[4].bias - start).abs().sum()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weights_decay_but_biases_and_normalisation_do_not(optimizer: str) -> None:
    class Still(Normed):
        def loss(self, outputs: Any, keypoints: Any, visible: Any) -> Tensor:
            return outputs.sum() * 0

    model = Still()
    before = weights(model)
    updated(SGD.changed(**{"optimizer": optimizer, "weight_decay": 0.1}), model, steps=1)
    after = weights(model)
    torch.testing.assert_close(after["body.4.weight"], before["body.4.weight"] * (1 - 0.5 * 0.1))
    torch.testing.assert_close(after["body.0.0.weight"], before["body.0.0.weight"] * (1 - 0.5 * 0.1))
    for name in ("body.4.bias", "body.0.1.weight", "body.0.1.bias"):
        assert torch.equal(after[name], before[name]), name


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop"])
def test_the_denominator_has_the_recipes_epsilon(optimizer: str) -> None:
    recipe = SGD.changed(**{"optimizer": optimizer, "epsilon": 1e6, "learning_rate": 1.0, "weight_decay": 0.0})
    model = fresh()
    before = weights(model)
    updated(recipe, model, steps=1)
    moved = max((value - before[name]).abs().max().item() for name, value in model.state_dict().items())
    assert 0 < moved < 1e-5  # a gradient divided by a million; with the usual epsilon Adam's first step is the rate


def test_gradients_longer_than_the_limit_are_shortened_to_it() -> None:
    model = fresh()
    before = weights(model)
    updated(SGD.changed(**{"clip_norm": 0.02, "learning_rate": 1.0}), model, steps=1)
    moves = [value - before[name] for name, value in model.state_dict().items()]
    assert torch.cat([move.flatten() for move in moves]).norm().item() == pytest.approx(0.02, rel=1e-3)


@pytest.mark.parametrize("parts", [2, 4, 6])  # 6 samples in 4 parts: 2, 2, 1, 1
def test_a_batch_in_parts_makes_the_same_update(parts: int) -> None:
    whole, split = fresh(), fresh()
    for recipe, model in ((SGD, whole), (SGD.changed(accumulate=parts), split)):
        updated(recipe, model, steps=3)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(split.state_dict()[name], value, rtol=1e-5, atol=1e-7)


def test_the_loss_of_a_batch_in_parts_is_that_of_the_batch() -> None:
    losses = []
    for parts in (1, 4):
        updater = Updater(fresh(), SGD.changed(accumulate=parts), Accelerator(), print)
        updater.begin()
        losses.append(updater(batch(), 0.1, 1)["place"].item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


def test_recomputed_activations_change_nothing() -> None:
    """Not the weights, nor dropout, nor the statistics of batch normalisation."""
    kept, again = fresh(Normed), fresh(Normed)
    updated(SGD, kept, steps=3)
    updated(SGD.changed(recompute=True), again, steps=3)
    assert list(again.state_dict()) == list(kept.state_dict())
    for name, value in kept.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_recomputed_activations_are_not_kept() -> None:
    def stored(recipe: Recipe) -> int:
        updater = Updater(fresh(Normed), recipe, Accelerator(), print)
        updater.begin()
        sizes: list[int] = []

        def pack(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel() * tensor.requires_grad)  # of activations and weights, not of the images
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss_of(updater.model, updater.model, batch(), updater.precision, updater.device)
        return sum(sizes)

    assert stored(SGD.changed(recompute=True)) < 0.7 * stored(SGD)


def test_a_frozen_part_keeps_its_weights_and_statistics() -> None:
    model = fresh(Normed)
    before = weights(model)
    updated(SGD.changed(**{"freeze": ("body.0", "body.4.bias"), "weight_decay": 0.1}), model, steps=2)
    frozen = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    assert frozen == {name for name in before if name.startswith("body.0.")} | {"body.4.bias"}


def test_a_part_that_is_not_there_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(PosebenchError, match=r"No part of the network is named 'bodi'\. Did you mean 'body'\?"):
        Updater(fresh(Normed), SGD.changed(**{"freeze": ("bodi",)}), Accelerator(), print)
    with pytest.raises(PosebenchError, match=r"freeze = \['body'\] leaves nothing to train"):
        Updater(fresh(Normed), SGD.changed(**{"freeze": ("body",)}), Accelerator(), print)


def test_the_average_follows_the_weights_by_its_rule() -> None:
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(0.0)
    average = Average(model, decay=0.5)
    for step, value in ((1, 11.0), (2, 12.0), (100, 20.0)):
        model.weight.data.fill_(value)
        average.update(step)
    # decays: 2/11, 3/12, then 0.5: 0 → 9 → 0.25 · 9 + 0.75 · 12 = 11.25 → (11.25 + 20) / 2
    assert average.values["weight"].item() == pytest.approx(15.625)
    with average.applied():
        assert model.weight.item() == pytest.approx(15.625)
    assert model.weight.item() == 20


@pytest.mark.parametrize("arch", ["hourglass1", "hrnet_w32", "simplebaseline:resnet18"])
def test_no_step_waits_for_the_device(arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the device `meta` there are no values: whatever needs one, such as `.item()`, is an error."""
    # Every kind of layer, and few of each.
    for name, value in (("hrnet.MODULES", (1, 1, 1)), ("hrnet.BLOCKS", 1), ("hourglass.ORDER", 2)):
        monkeypatch.setattr(f"posebench.architectures.{name}", value)
    with pytest.raises(RuntimeError, match="meta"):
        torch.ones((), device="meta").item()
    model = registry.architecture(arch, MPII.skeleton, (64, 64))
    recipe = SGD.changed(optimizer="rmsprop", input_size=(64, 64), accumulate=2, clip_norm=1.0, ema=0.9)
    accelerator: Any = SimpleNamespace(device=torch.device("meta"), num_processes=1)
    updater = Updater(model, recipe, accelerator, print)
    updater.begin()
    losses = Losses()
    for step in (1, 2):
        losses.add(updater(replace(batch(), images=torch.zeros(6, 64, 64, 3, dtype=torch.uint8)), 1e-3, step))
    assert [part.device.type for parts in losses.unread for part in parts.values()][:2] == ["meta", "meta"]


def test_a_compiled_network_is_trained_under_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes longer than a test may: here it is a module around the network, as torch's is."""
    compiled: list[nn.Module] = []

    def compile_(network: nn.Module) -> nn.Module:
        compiled.append(nn.Sequential(network))
        return compiled[0]

    monkeypatch.setattr(torch, "compile", compile_)
    model, plain = fresh(), fresh()
    updater = updated(SGD.changed(compile=True), model)
    updated(SGD, plain)
    assert updater.wrapped is compiled[0]
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in model.state_dict().items())


class Hungry(Tiny):
    """A network for which the device has memory for two samples at a time."""

    seen: list[int]

    def forward(self, images: Tensor) -> Tensor:
        self.seen = [*getattr(self, "seen", []), len(images)]
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(images)


def test_a_batch_that_is_too_large_passes_in_parts() -> None:
    hungry, calm, said = fresh(Hungry), fresh(), []
    updater = updated(SGD, hungry, steps=2, said=said)
    updated(SGD, calm, steps=2)
    for name, value in calm.state_dict().items():
        torch.testing.assert_close(hungry.state_dict()[name], value, rtol=1e-5, atol=1e-7)
    assert hungry.seen == [6, 3, 2, 2, 1, 1, 2, 2, 1, 1]
    assert said[0].startswith("The device's memory is too small for 6 samples at once: each batch of 6 now passes")
    assert "in 4 parts" in said[1]
    assert updater.facts() == {"passes": 4}


def test_a_sample_that_is_too_large_is_a_sentence() -> None:
    class Starving(Tiny):
        def forward(self, images: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(PosebenchError, match=r"memory of cpu is too small for one sample .* recompute = true"):
        updated(SGD, fresh(Starving))


def test_bfloat16_rounds_in_the_network_and_not_in_the_loss() -> None:
    model, device = fresh(), torch.device("cpu")
    rough, exact = (loss_of(model, model, batch(), precision, device)["place"] for precision in ("bf16", "no"))
    assert rough.dtype == torch.float32
    assert 0 < abs(rough.item() - exact.item()) < 0.01


def test_half_precision_on_a_cpu_is_refused() -> None:
    with pytest.raises(PosebenchError, match='precision = "fp16" needs a GPU; on a CPU use "auto"'):
        Updater(fresh(), SGD.changed(**{"precision": "fp16"}), Accelerator(cpu=True), print)


@pytest.mark.parametrize("gain, chosen", [(1.754, "bf16"), (0.37, "no")])
def test_auto_takes_the_faster_precision_and_says_so(gain: float, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.training.step.has_bf16", lambda device: True)
    monkeypatch.setattr("posebench.training.step.measured_gain", lambda model, batch, device: gain)
    said: list[str] = []
    updater = updated(SGD.changed(**{"precision": "auto"}), fresh(), said=said)
    assert updater.facts() == {"precision": chosen, "precision_gain": round(gain, 2)}
    assert said == [
        f"Trained in {'bfloat16' if gain > 1 else 'float32'}: bfloat16 is {gain:.2f} times as fast as float32 here."
    ]


@pytest.mark.parametrize("able", [True, False])
def test_bfloat16_is_found_with_a_pytorch_that_lists_no_capabilities(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    assert precision.has_bf16(torch.device("cpu")) == able


def test_auto_is_float32_where_the_processor_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.training.step.has_bf16", lambda device: False)
    updater = updated(SGD.changed(**{"precision": "auto"}), fresh())
    assert updater.facts() == {"precision": "no"}


def test_precisions_are_measured_on_one_thread_in_processor_time_so_that_other_programs_do_not_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, threads = [0.0], []

    def passed(model: object, batch: object, precision: str, device: object) -> None:
        threads.append(torch.get_num_threads())
        clock[0] += 3.0 if precision == "no" else 2.0

    monkeypatch.setattr(precision, "_pass", passed)
    monkeypatch.setattr(precision.time, "process_time", lambda: clock[0])
    monkeypatch.setattr(precision.time, "perf_counter", lambda: pytest.fail("the clock on the wall"))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert precision.measured_gain(fresh(), batch(), torch.device("cpu")) == 1.5
        assert (torch.get_num_threads(), set(threads)) == (3, {1})
    finally:
        torch.set_num_threads(before)


def test_measuring_the_precision_changes_nothing() -> None:
    model = fresh(Normed)
    model.train()
    before, random = weights(model), torch.get_rng_state()
    assert precision.measured_gain(model, batch(), torch.device("cpu")) > 0
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
