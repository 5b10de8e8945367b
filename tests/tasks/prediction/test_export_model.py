"""Exported models: the same outputs and keypoints, usable wherever a checkpoint is, and refused where they are not the same."""

import builtins
import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import faulty
import numpy as np
import pytest
import timm
import torch
from narrow import narrow

from posebench.cost.latency import vary
from posebench.data import predictions
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.inference import onnx_export
from posebench.inference.onnx_network import load, open_session
from posebench.inference.ways import How
from posebench.plugins import registry
from posebench.synthetic import people as synthetic
from posebench.tasks.prediction.export_model import ExportedModel, export_model
from posebench.tasks.prediction.predict import Predicting, predict
from posebench.training.checkpoints import Checkpoint, save
from posebench.training.checkpoints import load as load_checkpoint

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (posebench-2d[onnx])")
pytest.importorskip("onnxscript", reason="onnxscript is not installed (posebench-2d[onnx])")


@dataclass(frozen=True)
class Exported:
    """A checkpoint, and what came of exporting it to `file`."""

    checkpoint: Path
    made: ExportedModel

    @property
    def file(self) -> Path:
        return self.made.path


def checkpoint_of(arch: str, skeleton: Skeleton, folder: Path) -> Path:
    """A network on 64×64 pixels with all the tensors that training keeps, and statistics that are not those of an identity."""
    torch.manual_seed(0)
    model = registry.architecture(arch, skeleton, (64, 64))
    vary(model)
    path = folder / "network.pt"
    kept = {"average": model.state_dict(), "random": {"cpu": torch.get_rng_state()}}
    save(path, replace(Checkpoint.published(model), **kept))
    return path


@pytest.fixture(scope="module", autouse=True)
def _short() -> Iterator[None]:
    """An hourglass that halves once, an HRNet and a ResNet of one block per stage: few layers are exported soon."""
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch)
        patch.setattr(timm, "create_model", partial(timm.create_model, layers=(1, 1, 1, 1)))
        patch.setattr("posebench.architectures.hourglass.ORDER", 1)
        patch.setattr("posebench.architectures.hrnet.MODULES", (1, 1, 1))
        patch.setattr("posebench.architectures.hrnet.BLOCKS", 1)
        yield


@pytest.fixture(scope="module")
def hourglass(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Of two stacks for MPII's keypoints; exporting takes seconds, so that it is done once."""
    folder = tmp_path_factory.mktemp("hourglass")
    checkpoint = checkpoint_of("hourglass2", registry.protocol("mpii").skeleton, folder)
    return Exported(checkpoint, export_model(checkpoint, folder / "network.onnx"))


@pytest.mark.parametrize("arch", ["hourglass2", "hrnet_w32:fusion=stages,head=8", "simplebaseline:resnet18"])
def test_each_family_is_exported_with_the_same_outputs(arch: str, hourglass: Exported, tmp_path: Path) -> None:
    made = hourglass.made
    if arch != "hourglass2":
        checkpoint = checkpoint_of(arch, registry.protocol("coco").skeleton, tmp_path)
        made = export_model(checkpoint, tmp_path / "network.onnx")
    assert made.crops == "16 crops of synthetic people val"
    assert made.difference.outputs.relative < 1e-4
    assert made.difference.decoded < 1e-3


def test_an_exported_file_takes_batches_of_any_size_and_decodes_them(hourglass: Exported) -> None:
    session = open_session(hourglass.file)
    for count in (1, 5):
        crops = np.full((count, 64, 64, 3), 100, np.uint8)
        outputs, keypoints, scores = session.run(None, {"images": crops})
        assert (outputs.shape, keypoints.shape, scores.shape) == ((count, 2, 16, 16, 16), (count, 16, 2), (count, 16))


def test_the_example_in_the_docs_runs(hourglass: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "use.md").read_text()
    (code,) = re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    shutil.copy(hourglass.file, "network.onnx")
    cv2.imwrite("person.jpg", np.full((30, 20, 3), 90, np.uint8))
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own text
    assert (names["keypoints"].shape, names["scores"].shape) == ((1, 16, 2), (1, 16))


def test_predictions_of_an_exported_file_are_those_of_the_network(hourglass: Exported, tmp_path: Path) -> None:
    protocol = registry.protocol("mpii")
    people = synthetic.instances(protocol.skeleton, "val", 5)
    made = []
    for path in (hourglass.checkpoint, hourglass.file):
        predict(path, protocol, people, tmp_path / "p.h5")
        made.append(predictions.load(tmp_path / "p.h5"))
    plain, exported = made
    np.testing.assert_allclose(exported.scores, plain.scores, rtol=1e-3, atol=1e-5)
    assert np.abs(exported.keypoints - plain.keypoints).max() < 1e-3
    assert (exported.provenance.arch, exported.provenance.parameters) == ("hourglass2", plain.provenance.parameters)
    assert plain.provenance.inference is None
    assert exported.provenance.inference is not None
    assert exported.provenance.inference.way == "onnx fp32"


def test_the_file_says_of_its_training_what_the_checkpoint_says(hourglass: Exported) -> None:
    before = load_checkpoint(hourglass.checkpoint).plain()
    after = load(hourglass.file, registry.protocol("mpii").skeleton)[0].plain()
    tensors: dict[str, Any] = {"model": {}, "optimizer": {}, "average": {}, "random": {}}
    assert json.dumps(after) == json.dumps(before | tensors)


def test_other_ways_of_running_are_refused(hourglass: Exported, tmp_path: Path) -> None:
    protocol = registry.protocol("mpii")
    people = synthetic.instances(protocol.skeleton, "val", 2)
    with pytest.raises(PosebenchError, match="do not apply to .*network.onnx: ONNX Runtime computes it"):
        predict(hourglass.file, protocol, people, tmp_path / "p.h5", Predicting(how=How(folded=True)))


def test_other_keypoints_are_refused(hourglass: Exported) -> None:
    with pytest.raises(
        PosebenchError, match=r"for 16 keypoints, but other 17 .*: it lacks nose, left_eye, .*; it has pelvis,"
    ):
        load(hourglass.file, registry.protocol("coco").skeleton)


def test_a_file_that_differs_from_the_network_is_not_written(
    hourglass: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "EXPORT_LIMIT", 0.0)
    monkeypatch.setattr(
        onnx_export, "export", lambda model, trained, images, path: path.write_bytes(hourglass.file.read_bytes())
    )
    torch.manual_seed(1)
    other = registry.architecture("hourglass2", registry.protocol("mpii").skeleton, (64, 64))
    save(tmp_path / "other.pt", Checkpoint.published(other))
    with pytest.raises(PosebenchError, match=r"hourglass2 was not exported: outputs of the ONNX file differ by"):
        export_model(tmp_path / "other.pt", tmp_path / "other.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["other.pt"]


def test_a_network_for_keypoints_of_its_own_is_compared_on_random_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(faulty.install(tmp_path))
    checkpoint = checkpoint_of("Sound", Skeleton(("tail", "left_paw", "right_paw")), tmp_path)
    assert export_model(checkpoint, tmp_path / "network.onnx").crops == "16 random images"


def test_a_damaged_file_and_one_of_another_tool_end_in_a_sentence(hourglass: Exported, tmp_path: Path) -> None:
    import onnx

    skeleton = registry.protocol("mpii").skeleton
    (tmp_path / "cut.onnx").write_bytes(hourglass.file.read_bytes()[:2000])
    with pytest.raises(PosebenchError, match="cut.onnx is not readable as an ONNX file"):
        load(tmp_path / "cut.onnx", skeleton)
    content = onnx.load(hourglass.file)
    content.metadata_props[0].value = '{"arch": "hourglass2"}'
    onnx.save(content, tmp_path / "damaged.onnx")
    with pytest.raises(
        PosebenchError, match="damaged.onnx has damaged metadata: ValidationError: keypoints: field required"
    ):
        load(tmp_path / "damaged.onnx", skeleton)
    del content.metadata_props[:]
    onnx.save(content, tmp_path / "theirs.onnx")
    with pytest.raises(PosebenchError, match="theirs.onnx was not exported by posebench"):
        load(tmp_path / "theirs.onnx", skeleton)
    with pytest.raises(PosebenchError, match="none.onnx does not exist"):
        load(tmp_path / "none.onnx", skeleton)


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_without_a_package_the_sentence_says_what_to_install(
    hourglass: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    imported = builtins.__import__

    def without(name: str, *others: Any, **more: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return imported(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PosebenchError, match=rf"{package}, which is not installed. Install it with: pip install"):
        export_model(hourglass.checkpoint, tmp_path / "network.onnx")


@pytest.mark.parametrize(
    "name, more, sentence",
    [("network.pt", {}, "should end in .onnx"), ("n.onnx", {"split": "val"}, "--data and --split need --protocol")],
)
def test_wrong_arguments_end_in_a_sentence(
    hourglass: Exported, tmp_path: Path, name: str, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        export_model(hourglass.checkpoint, tmp_path / name, **more)
