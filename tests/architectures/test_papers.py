"""The shipped recipes of papers: the published settings, as numbers, and what they make of a network."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.recipe import Recipe, shipped
from posebench.plugins.registry import architecture, protocol
from posebench.tasks.training.initial_weights import fresh_network, recipe_network
from posebench.training import published_weights

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))
EPOCHS = {"hrnet": (210, (170, 200)), "simplebaseline": (140, (90, 120))}
AUGMENTATION = {
    "hrnet-mpii": (0.25, 30, 0.0), "hrnet-coco": (0.35, 45, 0.3), "simplebaseline-mpii": (0.25, 30, 0.0),
    "simplebaseline-coco": (0.3, 40, 0.0),
}  # fmt: skip
"""How much scale varies, degrees, and the probability of half a body."""


@pytest.mark.parametrize("name", AUGMENTATION)
def test_the_recipes_of_hrnet_and_simple_baseline_are_the_published_ones(name: str) -> None:
    recipe, (epochs, steps) = shipped(name), EPOCHS[name.partition("-")[0]]
    assert (recipe.optimizer, recipe.learning_rate, recipe.epsilon) == ("adam", 1e-3, 1e-8)
    assert (recipe.epochs, recipe.batch_size, recipe.last_batch, recipe.divisor) == (epochs, 128, "keep", 10)
    assert [m * epochs for m in recipe.milestones] == pytest.approx(steps)
    assert recipe.input_size == ((192, 256) if name.endswith("coco") else (256, 256))
    scale, rotation, half = AUGMENTATION[name]
    its = recipe.augmentation
    assert (its.draws, its.rotated, its.flip, its.colour) == ("normal", 0.6, 0.5, 0)
    assert its.scale == pytest.approx((1 - scale, 1 + scale))
    assert (its.rotation, its.half_body, its.half_body_keypoints) == (rotation, half, 8)
    assert (recipe.targets.place, recipe.targets.sigma, recipe.targets.unlabelled) == ("cell", None, "ignored")
    assert (recipe.pipeline, recipe.pretrained, recipe.weight_decay, recipe.precision) == (
        "published",
        True,
        None,
        "no",
    )


@pytest.mark.parametrize("name", AUGMENTATION)
def test_the_rate_is_divided_after_the_published_epochs(name: str) -> None:
    recipe, (epochs, (first, second)) = shipped(name), EPOCHS[name.partition("-")[0]]
    steps = 174  # of an epoch of MPII's 22,246 people with batches of 128
    rates = [recipe.rate(epoch * steps - before, epochs * steps) for epoch in (first, second) for before in (1, 0)]
    assert rates == pytest.approx([1e-3, 1e-4, 1e-4, 1e-5])


@pytest.mark.parametrize("name, people, unlabelled", [("mpii", 22_246, "empty"), ("coco", 149_813, "ignored")])
def test_the_hourglass_sees_as_many_samples_as_in_its_release(name: str, people: int, unlabelled: str) -> None:
    recipe = shipped(f"hourglass-{name}")
    assert recipe.epochs * people == pytest.approx(100 * 8000 * 6, rel=0.005)
    assert (recipe.optimizer, recipe.learning_rate, recipe.epsilon) == ("rmsprop", 2.5e-4, 1e-8)
    assert (recipe.batch_size, recipe.milestones, recipe.divisor) == (6, (0.75,), 5)
    its = recipe.augmentation
    assert (its.draws, its.rotation, its.rotated, its.flip, its.colour) == ("log-normal", 30, 0.4, 0.5, 0.4)
    assert np.log2(its.scale) == pytest.approx((-0.5, 0.5))
    assert (recipe.targets.place, recipe.targets.sigma, recipe.targets.unlabelled) == ("cell", 1, unlabelled)


@pytest.mark.parametrize("name, size", [("cpn-coco", (192, 256)), ("cpn-mpii", (256, 256))])
def test_the_recipe_of_the_cascaded_pyramid_network_halves_its_rate_after_3_6_million_samples(
    name: str, size: tuple[int, int]
) -> None:
    recipe = shipped(name)
    assert (recipe.optimizer, recipe.learning_rate, recipe.weight_decay, recipe.batch_size) == ("adam", 5e-4, 1e-5, 32)
    assert (recipe.input_size, recipe.pretrained) == (size, True)
    people = 149_813  # of COCO
    assert recipe.milestones[0] * recipe.epochs * people == pytest.approx(3.6e6, rel=0.002)
    rates = [recipe.rate(epoch, recipe.epochs) for epoch in (0, 23, 24, 48, 143)]
    assert rates == pytest.approx([5e-4, 5e-4, 5e-4 / 2, 5e-4 / 4, 5e-4 / 32])
    its = recipe.augmentation
    assert (its.draws, its.scale, its.rotation, its.rotated, its.flip) == ("uniform", (0.7, 1.35), 45, 1, 0.5)


@pytest.mark.parametrize("name, people, size", [("mpii", 22_246, (368, 368)), ("coco", 149_813, (192, 256))])
def test_the_convolutional_pose_machine_sees_as_many_samples_as_in_its_release(
    name: str, people: int, size: tuple[int, int]
) -> None:
    recipe = shipped(f"cpm-{name}")
    assert recipe.epochs * people == pytest.approx(600_000 * 16, rel=0.005)
    assert (recipe.optimizer, recipe.learning_rate, recipe.momentum, recipe.weight_decay) == ("sgd", 8e-5, 0.9, 5e-4)
    assert (recipe.batch_size, recipe.divisor, recipe.input_size) == (16, 3, size)
    assert [m * 600_000 for m in recipe.milestones] == pytest.approx([136_106 * i for i in (1, 2, 3, 4)])
    its = recipe.augmentation
    assert (its.draws, its.scale, its.rotation, its.rotated, its.flip) == ("uniform", (0.7, 1.3), 40, 1, 0.5)
    assert (recipe.targets.sigma, recipe.targets.unlabelled) == (0.875, "ignored")


def test_the_common_recipe_is_the_same_for_all_and_leaves_unlabelled_keypoints_out() -> None:
    recipe = shipped("common")
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule, recipe.warmup) == ("adam", 1e-3, "cosine", 0.05)
    assert (recipe.input_size, recipe.epochs, recipe.batch_size) == ((256, 256), 100, 16)
    its = recipe.augmentation
    assert (its.draws, its.scale, its.rotation, its.rotated, its.flip) == ("uniform", (0.75, 1.25), 30, 1, 0.5)
    assert (recipe.targets.place, recipe.targets.unlabelled, recipe.pipeline) == ("exact", "ignored", "posebench")
    assert (recipe.pretrained, recipe.precision) == (False, "auto")


@pytest.mark.parametrize(
    "arch, dataset, name",
    [
        ("hourglass3:residuals=2", "mpii", "hourglass-mpii"),
        ("hourglass8", "coco", "hourglass-coco"),
        ("hrnet_w32", "lsp", "hrnet-mpii"),
        ("hrnet_w48", "coco", "hrnet-coco"),
        ("cpn_resnet50", "coco", "cpn-coco"),
        ("cpm:stages=2", "lsp", "cpm-mpii"),
        ("simplebaseline_resnet50", "flic", "simplebaseline-mpii"),
        ("simplebaseline:resnet18", "coco", "simplebaseline-coco"),
    ],
)
def test_paper_is_chosen_by_architecture_and_dataset(arch: str, dataset: str, name: str) -> None:
    with torch.device("meta"):
        model = architecture(arch, protocol(dataset).skeleton)
    assert model.paper is shipped(name)
    assert model.input_size == (shipped(name).input_size if "hourglass" not in arch else (256, 256))


def small(name: str, **changes: Any) -> Recipe:
    return shipped(name).changed(input_size=(64, 64), **changes)


def made(arch: str, recipe: Recipe) -> Architecture:
    return recipe_network(arch, HAND, recipe)


def test_the_published_pipeline_is_that_of_the_authors_weights() -> None:
    with torch.device("meta"):
        hrnet, baseline = (
            made("hrnet_w32", small("hrnet-mpii")),
            made("simplebaseline:resnet18", small("simplebaseline-mpii")),
        )
        common, mine = (
            made("hrnet_w32", small("common")),
            made("hourglass1:stem=bearpaw", small("common", pipeline="published")),
        )
        lite = made("simplebaseline:tf_efficientnet_lite0", small("simplebaseline-mpii"))
    assert hrnet.pipeline == type(hrnet).published[0].pipeline
    assert (hrnet.pipeline.alignment, hrnet.pipeline.flip_shift, hrnet.pipeline.regions) == ("points", 1, "hrnet")
    assert (baseline.pipeline.channels, baseline.pipeline.alignment) == ("bgr", "points")
    assert baseline.pipeline.mean == (0.485, 0.456, 0.406)
    assert (lite.pipeline.mean, lite.pipeline.alignment) == ((0.5, 0.5, 0.5), "points")
    assert (common.pipeline.name, common.pipeline.alignment) == ("posebench", "edges")
    assert mine.pipeline.name == "bearpaw"


def test_weights_keep_their_pipeline_whatever_the_recipe_says(tmp_path: Path) -> None:
    """Of published weights; `forked` goes the same way."""
    torch.save(
        published_weights.export(architecture("hourglass1:stem=bearpaw", HAND, (64, 64))), tmp_path / "weights.pth"
    )
    recipe = small("hourglass-mpii", pipeline="published")
    mpii = SimpleNamespace(skeleton=HAND)
    job = SimpleNamespace(arch="hourglass1", protocol=mpii, recipe=recipe, fork=None, weights=tmp_path / "weights.pth")
    model = fresh_network(job, resumed=False)  # type: ignore[arg-type]
    assert model.pipeline.name == "bearpaw"
    assert model.target_settings == recipe.targets


@pytest.mark.parametrize("arch", ["hourglass1", "simplebaseline:resnet18"])
def test_unlabelled_keypoints_are_left_out_or_trained_to_empty_maps(arch: str) -> None:
    keypoints = torch.full((1, 3, 2), 30.0)
    nobody, one = torch.zeros(1, 3, dtype=torch.bool), torch.tensor([[False, True, False]])
    ignoring, emptying = (made(arch, small("common", targets={"unlabelled": rule})) for rule in ("ignored", "empty"))
    outputs = torch.ones((1, 1, 3, 16, 16) if arch == "hourglass1" else (1, 3, 16, 16))
    half = 1 if arch == "hourglass1" else 2
    assert [sum(model.loss(outputs, keypoints, nobody).values()) * half for model in (ignoring, emptying)] == [0, 1]
    seen = [float(sum(model.loss(outputs, keypoints, one).values())) for model in (ignoring, emptying)]
    assert seen[1] - seen[0] == pytest.approx(2 / 3 / half)  # the maps of two of three keypoints


def test_each_architecture_has_its_own_rule_for_unlabelled_keypoints_where_the_recipe_says_none() -> None:
    nobody = torch.zeros(1, 3, dtype=torch.bool)
    for arch, shape, loss in (("hourglass1", (1, 1, 3, 16, 16), 1), ("simplebaseline:resnet18", (1, 3, 16, 16), 0)):
        model = architecture(arch, HAND, (64, 64))
        assert sum(model.loss(torch.ones(shape), torch.full((1, 3, 2), 30.0), nobody).values()) == loss


def test_a_gaussian_that_ends_one_cell_before_the_map_still_counts_as_in_hrnets_code() -> None:
    model: Any = made("hrnet_w32", small("hrnet-mpii"))  # sigma 2: a Gaussian reaches 6 cells
    outputs, seen = torch.ones(1, 3, 16, 16), torch.tensor([[True, False, False]])

    def counts(cell: float) -> bool:
        keypoints = torch.full((1, 3, 2), 32.0)
        keypoints[0, 0, 0] = cell * 4 - 2 * (cell < 0)  # C's cast rounds towards 0
        return bool(model.loss(outputs, keypoints, seen)["heatmaps"] > 0)

    assert [counts(cell) for cell in (-8, -7, -6, 21, 22)] == [False, True, True, True, False]


def test_the_recipes_sigma_is_drawn() -> None:
    for arch in ("hourglass1", "simplebaseline:resnet18"):
        model = made(arch, small("common", targets={"place": "cell", "sigma": 1.5}))
        target = model.targets(torch.full((1, 3, 2), 33.5), torch.ones(1, 3, dtype=torch.bool))
        assert target is not None
        assert target[0, 0, 8, 8:14].tolist() == pytest.approx([np.exp(-(d**2) / 4.5) * (d <= 4.5) for d in range(6)])


class Own(Architecture):
    """Draws no targets, and has no published weights."""

    name = "own"
    forward = loss = decode = unflip = None  # type: ignore[assignment]


def test_a_recipe_that_sets_what_an_architecture_does_not_have_is_refused() -> None:
    model = Own(HAND, (64, 64))  # type: ignore[abstract]
    model.follow(shipped("common"))
    assert model.target_settings.unlabelled == "ignored"
    with pytest.raises(
        PosebenchError, match=r"own draws targets by a rule of its own, so `place` and `sigma` .* Remove them"
    ):
        model.follow(shipped("common").changed(targets={"place": "cell"}))
    with pytest.raises(PosebenchError, match=r"own has no published pipeline. Remove `pipeline` from the recipe"):
        model.follow(shipped("common").changed(pipeline="published"))
