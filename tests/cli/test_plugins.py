"""Plugins under the real commands: what they raise is one sentence, and outputs may be a tuple."""

import json
import subprocess
from pathlib import Path
from typing import Any

import entry
import faulty
import pytest

FEW = "--limit", 8, "--batch-size", 4, "--epochs", 1, "--recipe", "quick", "--workers", 0


@pytest.fixture(scope="module")
def path(tmp_path_factory: Any) -> Path:
    """The folder from which the plugins of faulty.py count as installed."""
    return faulty.install(tmp_path_factory.mktemp("faulty"))


def posebench(*arguments: object, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return entry.posebench(*arguments, cwd=cwd, people=6, **faulty.variables(path))


@pytest.mark.parametrize(
    "arch, failure",
    [
        ("CannotCount", "is broken: ZeroDivisionError: division by zero (faulty.py, line "),
        ("ForgetsALayer", "failed in forward: AttributeError: 'ForgetsALayer' object has no attribute 'neck' (faulty.py, "),
        ("TooFewPlaces", "failed in loss: RuntimeError: The size of tensor a (16) must match "),
        ("NoJoints", "failed in decode: KeyError: 'joints' (faulty.py, line "),
        ("CannotEvenSay", "failed in forward: BrokenMessage: (its message cannot be shown) (faulty.py, line "),
    ],
)  # fmt: skip
def test_what_an_architecture_raises_is_one_sentence(arch: str, failure: str, path: Path, tmp_path: Path) -> None:
    done = posebench("run", "--arch", arch, "--protocol", "mpii", *FEW, path=path, cwd=tmp_path)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("Error: ")
    assert f"The architecture '{arch}' (faulty:build_{arch} of faulty 1.0) {failure}" in last, done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_protocol_raises_is_one_sentence(path: Path, tmp_path: Path) -> None:
    done = posebench("run", "--arch", "Sound", "--protocol", "DividesByNobody", *FEW, path=path, cwd=tmp_path)
    assert done.returncode == 1
    assert (
        "The protocol 'DividesByNobody' (faulty:DividesByNobody of faulty 1.0) failed in score: "
        "ZeroDivisionError: division by zero (faulty.py, line "
    ) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_network_that_puts_out_a_tuple_is_trained_predicted_and_counted(path: Path, tmp_path: Path) -> None:
    arguments = "--arch", "Pair", "--protocol", "mpii"
    done = posebench("run", *arguments, *FEW, path=path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(next((tmp_path / "results/records").iterdir()).read_text())
    assert (record["model"]["arch"], record["model"]["flip_test"], record["model"]["step"]) == ("Pair", True, 2)
    checkpoint = next((tmp_path / "results/runs").glob("*/checkpoint.pt"))
    folded = posebench("predict", checkpoint, "--protocol", "mpii", "--workers", 0, "--fast", path=path, cwd=tmp_path)
    assert folded.returncode == 0, folded.stderr
    assert "folded fp32, against the plain network: outputs differ by up to " in folded.stderr
    counted = posebench("cost", *arguments, "--no-latency", "--json", path=path, cwd=tmp_path)
    (cost,) = json.loads(counted.stdout)["costs"]
    # A convolution 3 → 8 of 8×8 and one 8 → 16 of 1×1, on the 32×32 cells of 128×128 pixels.
    assert (cost["macs"], cost["unused"]) == (32 * 32 * (8 * 3 * 8 * 8 + 16 * 8), {})
