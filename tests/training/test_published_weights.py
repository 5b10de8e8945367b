"""Published weights: exported and imported again they are what they were, and nothing is half imported in silence."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from narrow import narrow

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.registry import architecture, protocol
from posebench.training import checkpoints, published_weights

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))


@pytest.fixture(scope="module", autouse=True)
def _narrow() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch)
        yield


@cache
def shaken(arch: str, skeleton: Skeleton = HAND) -> Any:
    """A small network whose every tensor is its own."""
    torch.manual_seed(0)
    model = architecture(arch, skeleton, (64, 64)).eval()
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.add_(torch.rand_like(value) * 1e-3)
    return model


@pytest.mark.parametrize(
    "arch, family",
    [
        ("hourglass1", "princeton"),
        ("hourglass3:stem=bearpaw", "bearpaw"),
        ("hourglass2:stem=bearpaw,residuals=2", "bearpaw"),
        ("hrnet_w48", "hrnet"),
        ("hrnet_w32", "mmpose"),
        ("hrnet_w32", "mmpose-0"),
        ("simplebaseline_resnet101", "simplebaseline"),
        ("simplebaseline_resnet50", "mmpose"),
    ],
)
def test_what_is_exported_and_imported_again_is_the_same_network(arch: str, family: str) -> None:
    model = shaken(arch)
    exported = published_weights.export(model, family)
    again, fit = published_weights.load(
        arch.partition(":stem")[0] if "residuals" not in arch else arch, exported, keypoints=HAND, input_size=(64, 64)
    )
    assert (again.name, again.pipeline.name, fit.family, fit.complete) == (arch, family.partition("-")[0], family, True)
    theirs = again.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items())


def test_the_usual_wrappings_are_taken_off() -> None:
    model = shaken("hourglass1")
    exported = published_weights.export(model)
    for wrapped in (
        {"state_dict": exported, "epoch": 3, "optimizer": {"state": {}}},
        {"model": "pose_net", "state_dict": {f"module.{name}": value for name, value in exported.items()}},
        {"model": {f"model.module.{name}": value for name, value in exported.items()}},
    ):
        again, fit = published_weights.load("hourglass1", wrapped, keypoints=HAND, input_size=(64, 64))
        assert fit.complete
        assert torch.equal(next(again.parameters()), next(model.parameters()))


def test_files_from_before_batch_normalisation_counted_are_whole() -> None:
    exported = published_weights.export(shaken("hourglass1"))
    old = {name: value for name, value in exported.items() if not name.endswith("num_batches_tracked")}
    assert published_weights.load("hourglass1", old, keypoints=HAND, input_size=(64, 64))[1].complete


def test_every_tensor_that_does_not_fit_is_named_and_a_part_is_imported_only_on_demand() -> None:
    exported = published_weights.export(shaken("hourglass1"))
    del exported["pre.0.conv.weight"]
    exported["extra.bias"] = torch.zeros(3)
    exported["pre.0.bn.weight"] = torch.zeros(5)
    sentence = (
        r"1 missing \(pre.0.conv.weight\); 1 left over \(extra.bias\); "
        r"1 of another shape \(pre.0.bn.weight is \(5,\), not \(16,\)\)\. --partial"
    )
    with pytest.raises(PosebenchError, match=sentence):
        published_weights.load("hourglass1", exported, keypoints=HAND, input_size=(64, 64))
    model, fit = published_weights.load("hourglass1", exported, keypoints=HAND, input_size=(64, 64), partial=True)
    assert fit.lines()[1:4] == [
        "  missing: pre.0.conv.weight",
        "  left over: extra.bias",
        "  of another shape: pre.0.bn.weight is (5,), not (16,)",
    ]
    assert torch.equal(model.state_dict()["stem.3.body.2.weight"], exported["pre.1.conv1.conv.weight"])


def test_weights_of_another_depth_are_refused() -> None:
    with pytest.raises(
        PosebenchError, match=r"do not fit hourglass1 with 3 keypoints: 335 left over \(299 of hgs\.1, 30 of"
    ):
        published_weights.load(
            "hourglass1", published_weights.export(shaken("hourglass2")), keypoints=HAND, input_size=(64, 64)
        )


def test_weights_of_nobody_known_are_refused_with_the_known() -> None:
    with pytest.raises(
        PosebenchError, match=r"hourglass1 reads those of princeton \(has outs.0.conv.weight\), bearpaw"
    ):
        published_weights.load("hourglass1", {"a.weight": torch.zeros(1)})
    with pytest.raises(PosebenchError, match="has no named tensors"):
        published_weights.load("hourglass1", {"state_dict": {"a": 1}})


def test_keypoints_are_counted_in_the_file() -> None:
    exported = published_weights.export(shaken("hourglass1", protocol("coco").skeleton))
    assert published_weights.load("hourglass1", exported)[0].skeleton == protocol("coco").skeleton
    with pytest.raises(PosebenchError, match=r"are for 3 keypoints, .* Installed: .*mpii \(16\)"):
        published_weights.load("hourglass1", published_weights.export(shaken("hourglass1")))


def test_a_file_is_read_without_executing_it_and_an_old_best_accuracy_does_not_disturb(tmp_path: Path) -> None:
    exported = published_weights.export(shaken("hourglass1"))
    torch.save({"state_dict": exported, "best_acc": np.float64(0.5)}, tmp_path / "a.pth.tar")
    assert published_weights.read(tmp_path / "a.pth.tar").keys() == exported.keys()
    torch.save({"state_dict": exported, "who": Path("x")}, tmp_path / "b.pth")
    with pytest.raises(PosebenchError, match="contains Python objects besides tensors"):
        published_weights.read(tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(b"nothing of the kind")
    with pytest.raises(PosebenchError, match="not readable as weights"):
        published_weights.read(tmp_path / "c.pth")


def test_a_pipeline_survives_a_checkpoint(tmp_path: Path) -> None:
    torch.save(published_weights.export(shaken("hrnet_w32")), tmp_path / "hrnet.pth")
    out = tmp_path / "checkpoint.pt"
    checkpoints.import_published("hrnet_w32", tmp_path / "hrnet.pth", out, keypoints=HAND, input_size=(64, 64))
    state = checkpoints.load(out)
    model = state.network(HAND, out)
    assert model.pipeline == architecture("hrnet_w32", HAND).published[0].pipeline != Pipeline()
    assert (model.pipeline.alignment, model.pipeline.flip_shift) == ("points", 1)
    origin = state.trained_on["began_with"]
    assert (origin["weights"], origin["file"], len(origin["sha256"])) == ("hrnet", "hrnet.pth", 64)
    with pytest.raises(PosebenchError, match="already exists"):
        checkpoints.import_published("hrnet_w32", tmp_path / "hrnet.pth", out, keypoints=HAND, input_size=(64, 64))
    with pytest.raises(PosebenchError, match="is already a posebench checkpoint"):
        published_weights.read(out)


def test_simple_baselines_weights_see_blue_first() -> None:
    model = architecture("simplebaseline_resnet50", HAND, (64, 64))
    image = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    image[..., 0] = 255  # red
    ours = model.prepare(image)[0, :, 0, 0]
    model.pipeline = model.published[0].pipeline
    theirs = model.prepare(image)[0, :, 0, 0]
    assert ours.argmax() == 0
    assert theirs.argmax() == 2
    assert theirs[2].item() == pytest.approx((1 - 0.406) / 0.225)


def test_only_where_weights_are_not_our_own_does_the_mirror_move() -> None:
    model = architecture("hrnet_w32", HAND, (64, 64))
    maps = torch.rand(1, 3, 4, 5)
    straight = model.unflip(maps)
    model.pipeline = model.published[0].pipeline
    moved = model.unflip(maps)
    assert torch.equal(moved[..., 1:], straight[..., :-1])
    assert torch.equal(moved[..., 0], straight[..., 0])


def command(*arguments: object) -> Any:
    from click.testing import CliRunner

    from posebench.cli.main import main

    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_a_published_network_is_scored_with_its_own_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 6)
    monkeypatch.chdir(tmp_path)
    mpii = protocol("mpii").skeleton
    torch.save({"state_dict": published_weights.export(shaken("simplebaseline_resnet50", mpii))}, "sb.pth.tar")
    small = architecture("simplebaseline_resnet50", mpii, (64, 64)).paper.model_copy(update={"input_size": (64, 64)})
    Path("small.json").write_text(small.model_dump_json())
    arguments = (
        "--arch",
        "simplebaseline_resnet50",
        "--weights",
        "sb.pth.tar",
        "--epochs",
        0,
        "--recipe",
        "small.json",
    )
    command("run", *arguments, "--protocol", "mpii", "--workers", 0)
    record = json.loads(next(Path("results/records").iterdir()).read_text())
    assert record["model"]["pipeline"] == "simplebaseline"
    assert record["model"]["trained_on"]["began_with"]["file"] == "sb.pth.tar"
    assert "published weights (simplebaseline)" in Path("results/leaderboard.md").read_text()


def test_import_predict_and_export_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
    monkeypatch.chdir(tmp_path)
    exported = published_weights.export(shaken("hourglass1:stem=bearpaw", protocol("mpii").skeleton))
    torch.save({"state_dict": {f"module.{name}": value for name, value in exported.items()}}, "hg1.pth.tar")
    done = command("weights", "import", "hg1.pth.tar", "--arch", "hourglass1", "--input-size", "64x64")
    assert done.stdout.strip() == "hg1.pth.posebench.pt"
    assert f"bearpaw: {len(exported)} tensors imported" in done.stderr
    made = command("predict", "hg1.pth.posebench.pt", "--protocol", "mpii", "--workers", 0).stdout.strip()
    assert Path(made).is_file()
    command("weights", "export", "hg1.pth.posebench.pt", "--out", "again.pth")
    again = torch.load("again.pth", weights_only=True)
    assert again.keys() == exported.keys()
    assert all(torch.equal(value, exported[name]) for name, value in again.items())


def test_training_goes_on_from_published_weights_and_keeps_their_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(published_weights.export(shaken("hourglass1", protocol("mpii").skeleton)), "hg.pth")
    arguments = ("--arch", "hourglass1", "--weights", "hg.pth", "--epochs", 1, "--recipe", "quick", "--limit", 4)
    path = Path(command("train", *arguments, "--protocol", "mpii", "--workers", 0).stdout.strip())
    state = checkpoints.load(path)
    assert state.pipeline.name == "princeton"
    assert state.trained_on["began_with"]["weights"] == "princeton"
    assert state.step == 1
    command("train", *arguments, "--protocol", "mpii", "--workers", 0, "--resume")
    assert checkpoints.load(path).trained_on == state.trained_on


def test_a_variant_is_trained_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 2)
    monkeypatch.chdir(tmp_path)
    arch = "simplebaseline:mobilenetv3_small_050"
    arguments = ("--arch", arch, "--recipe", "quick", "--epochs", 1, "--limit", 4, "--no-pretrained")
    path = Path(command("train", *arguments, "--protocol", "mpii", "--workers", 0).stdout.strip())
    assert path.parent.name.startswith("simplebaseline-mobilenetv3_small_050-mpii-quick")
    assert checkpoints.load(path).arch == arch
    assert checkpoints.load(path).recipe.pretrained is False
    command("predict", path, "--protocol", "mpii", "--workers", 0)


def test_weights_of_a_run_that_diverged_are_refused() -> None:
    model = architecture("hourglass1", protocol("mpii").skeleton, (64, 64))
    state = published_weights.export(model, "princeton")
    state["pre.0.conv.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(PosebenchError, match="1 tensor is not finite, pre.0.conv.weight first"):
        published_weights.load("hourglass1", state)


def test_a_part_without_its_head_is_told_by_its_other_names() -> None:
    skeleton = protocol("mpii").skeleton
    state = published_weights.export(architecture("hourglass1", skeleton, (64, 64)), "princeton")
    part = {name: value for name, value in state.items() if not name.startswith("outs.")}
    _, fit = published_weights.load("hourglass1", part, keypoints=skeleton, partial=True)
    assert (fit.family, fit.missing) == ("princeton", ("outs.0.conv.weight", "outs.0.conv.bias"))
    with pytest.raises(
        PosebenchError, match="no head, so the number of keypoints is unknown; name a protocol with --protocol"
    ):
        published_weights.load("hourglass1", part, partial=True)
