"""The GPU benchmark runs from one command, here on the CPU; the roofline is what a person computes by hand."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import entry
import pytest
import torch
from torch import nn

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def roofline(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module; benchmarks are no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("roofline")


class Two(nn.Module):
    """A 1×1 convolution of 200 × 100 pixels from 3 to 5 channels, and the same again added."""

    input_size = (200, 100)

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 5, 1, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.one(images)
        return torch.relu(made) + made


def test_a_convolution_takes_its_arithmetic_or_its_traffic_whichever_is_longer(roofline: Any) -> None:
    with torch.device("meta"):
        model = Two().eval()
    pixels = 200 * 100
    traffic = 2 * (3 * pixels + 5 * pixels) + 2 * 15 / 4  # input, output; the weights once for the batch of 4
    added = 2 * 5 * pixels  # the second map is read once more
    slow = roofline.work(model, 4, roofline.Peaks(1e6, 1e12, ""))
    assert slow.operations == 2 * 3 * 5 * pixels
    assert slow.seconds == pytest.approx(0.6 + added / 1e12)
    wide = roofline.work(model, 4, roofline.Peaks(1e15, 1e6, ""))
    assert wide.bytes == traffic + added
    assert wide.seconds == pytest.approx((traffic + added) / 1e6)


@pytest.mark.parametrize(
    "device, peak", [("NVIDIA H200", 4.8e12), ("NVIDIA H100 PCIe", 2e12), ("NVIDIA H100 80GB HBM3", 3.35e12)]
)
def test_a_data_sheet_is_found_by_the_devices_name(roofline: Any, device: str, peak: float) -> None:
    assert roofline.data_sheet(device).bytes == peak
    assert roofline.data_sheet("AMD EPYC, 2 threads") is None


def forked(command: list[str], **settings: Any) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of a Python script, in a process that need not import torch."""
    assert command[0] == sys.executable
    return entry.run(command[1:], Path.cwd(), dict(os.environ))


def test_one_command_measures_every_phase_and_writes_both_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    gpu = importlib.import_module("gpu")
    monkeypatch.setattr(gpu, "subprocess", SimpleNamespace(run=forked, TimeoutExpired=subprocess.TimeoutExpired))
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--smoke", "--out", str(tmp_path)])
    gpu.main()
    path, page = (Path(line) for line in capsys.readouterr().out.splitlines()[-2:])
    record = json.loads(path.read_text())
    measured = [(row["phase"], row["way"]) for row in record["rows"]]
    assert measured == [
        ("training", "eager fp32 NCHW"),
        ("training", "bf16 channels-last"),
        ("inference", "eager fp32 NCHW"),
        ("inference", "folded bf16"),
        ("training", "bf16 channels-last, fed by the loader"),
    ], record["not_measured"]
    assert all(row["images_per_second"] > 0 and row["roofline"] > 0 for row in record["rows"])
    assert len(record["not_measured"]) == 2
    assert all(sentence.endswith("CUDA graphs need an NVIDIA GPU.") for sentence in record["not_measured"])
    assert page.read_text().startswith(f"# {record['device']}\n")
    assert path.name.startswith("gpu-")


def test_without_a_gpu_the_error_says_what_to_type(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = entry.run([str(BENCHMARKS / "gpu.py")], tmp_path, os.environ | {"PYTHONPATH": str(BENCHMARKS)})
    assert done.returncode == 2
    assert "no NVIDIA GPU that torch can use. Add --smoke" in done.stderr
