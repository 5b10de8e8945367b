"""examples/outside_model: a network in another runtime, through posebench's public API alone."""

import ast
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import posebench as pb

EXAMPLE = Path(__file__).parents[2] / "examples/outside_model"
SOURCE = EXAMPLE / "src"
SIZE, CELL = 32, (5, 20)
"""Width of the stand-in's maps, and the column and row of every maximum."""


class Interpreter:
    """Stands in for the runtime: one maximum, at the same cell in every map."""

    def __init__(self, file: str, num_threads: int) -> None:
        self.image: Any = None

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array([1, SIZE, SIZE, 3])}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1, "shape": np.array([1, 8, 8, 16])}, {"index": 2, "shape": np.array([1, SIZE, SIZE, 16])}]

    def set_tensor(self, index: int, image: Any) -> None:
        self.image = image

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> Any:
        maps = np.zeros((1, SIZE, SIZE, 16), np.float32)
        maps[0, CELL[1], CELL[0]] = 1
        return maps


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example's modules `network` and `command`, on the stand-in."""
    runtime = ModuleType("ai_edge_litert.interpreter")
    runtime.Interpreter = Interpreter  # type: ignore[attr-defined]
    for name in [name for name in sys.modules if name.startswith("outside_model")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", ModuleType("ai_edge_litert"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", runtime)
    monkeypatch.syspath_prepend(SOURCE)
    import outside_model.command

    return outside_model.command


def test_it_uses_the_public_api_alone() -> None:
    command = (SOURCE / "outside_model/command.py").read_text()
    imported = [
        alias.name for node in ast.walk(ast.parse(command)) if isinstance(node, ast.Import) for alias in node.names
    ]
    assert "posebench" in imported
    assert not re.findall(r"from posebench|import posebench\.|posebench\._", command)
    assert set(re.findall(r"\bpb\.(\w+)", command)) <= set(pb.__all__)
    assert "posebench" not in re.sub(r'"""(.|\n)*?"""', "", (SOURCE / "outside_model/network.py").read_text())


def test_a_cell_of_the_map_is_the_pixel_that_the_crop_had_there(example: Any) -> None:
    network = example.EfficientPose(Path("stand-in.tflite"))
    image = np.zeros((300, 400, 3), np.uint8)
    center, side = np.array([200.0, 100.0]), 128.0  # a cell is 4 pixels; the first one's middle is at 138, 38
    keypoints, scores = network(image, center, side)
    assert keypoints.tolist() == [[138.0 + 4 * 5, 38.0 + 4 * 20]] * 16
    assert (scores > 0).all()
    x, y = keypoints[0].astype(int)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    network(image, center, side)
    seen = network.interpreter.image[0, ..., 0]
    assert np.unravel_index(seen.argmax(), seen.shape) == (20, 5)


def test_keypoints_are_found_by_name_and_the_others_are_missing(example: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = example.EfficientPose(Path("stand-in.tflite"))
    monkeypatch.setattr(example, "read_image", lambda file: np.zeros((200, 200, 3), np.uint8))
    for protocol, missing in (("mpii", 0), ("lsp", 0), ("coco", 5)):
        people = pb.load_people(protocol)
        people = people.take(np.arange(3))
        keypoints, scores = example.predict(network, people)
        assert np.isnan(keypoints).any(axis=2).sum() == 3 * missing, protocol
        assert scores.shape == keypoints.shape[:2] == (3, len(people.skeleton))


def test_every_command_of_the_page_exists() -> None:
    text = (EXAMPLE / "README.md").read_text()
    (line,) = re.findall(r"^score-efficientpose .*", text, re.MULTILINE)
    command = (SOURCE / "outside_model/command.py").read_text()
    assert set(re.findall(r"--\w+", line)) <= set(re.findall(r"\"(--\w+)\"", command))
    assert set(re.findall(r"pb\.(\w+)", text)) <= set(pb.__all__)


@pytest.mark.skipif(
    find_spec("ai_edge_litert") is None, reason="the example's runtime, ai-edge-litert, is not installed"
)
def test_the_real_network_becomes_a_row(shared: Path, tmp_path: Path) -> None:
    model = shared / "data/models/efficientpose/EfficientPoseRT.tflite"
    if not model.is_file():
        pytest.skip("EfficientPose is not on this machine (../shared/data/models)")
    command = [sys.executable, "-m", "outside_model.command", str(model), "--protocol", "mpii"]
    done = subprocess.run(
        [*command, "--data", str(shared / "data/mpii"), "--results", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(next((tmp_path / "records").iterdir()).read_text())
    assert (record["name"], record["data"]["people"], record["data"]["split"]) == (
        "EfficientPoseRT", 5, "val, 5 photographs",
    )  # fmt: skip
    assert record["metrics"]["Mean"] > 80
    assert pb.leaderboard(tmp_path)["training"].tolist() == ["on MPII"]
