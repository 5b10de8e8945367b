"""Training and inference on a GPU, beside the same networks in eager float32, with the roofline of each. One command:

    python benchmarks/gpu.py [--out benchmarks/records] [--minutes 7.5] [--smoke]

Writes FOLDER/gpu-DEVICE.json and .md. Every phase runs in a process of its own with a time limit; what there is no time for is
listed as not measured. `--smoke` runs a small network for a moment on the CPU, to see that everything works.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gpu_measure
import gpu_people
import roofline
import torch

import posebench
from posebench.cost.latency import device_label
from posebench.files.writing import write_text
from posebench.plugins import registry

MEASURE = Path(gpu_measure.__file__)
FORMAT = "posebench gpu benchmark 1"


@dataclass(frozen=True)
class Subject:
    """A network to measure: name, input (height × width), and images per batch of training and of inference."""

    network: str
    size: str
    training: int
    inference: int


SUBJECTS = (
    Subject("hrnet_w32", "256x192", 128, 128),
    Subject("hourglass8", "256x256", 32, 64),
    Subject("simplebaseline_resnet50", "256x192", 128, 256),
)
SMALL = (Subject("hourglass1", "64x64", 2, 2),)
PHASES = "training", "inference", "fed", "inference compiled", "training compiled"
"""In order of importance: the last ones are left out where time is short."""
LIMITS = {"training": 75, "inference": 60, "fed": 75, "inference compiled": 110, "training compiled": 170}
"""Seconds that a phase of one network may take."""
PICTURES, PEOPLE = 1024, 80_000


def run(folder: Path, device: str, minutes: float, smoke: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Measure everything.

    Returns:
        A row per way, and sentences on what was not measured.
    """
    ends = time.monotonic() + 60 * minutes
    file, data = folder / "rows.jsonl", folder / "data"
    file.touch()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpu_people.write_dataset(data, *((4, 8, 1) if smoke else (PICTURES, PEOPLE, min(cores, 16))))
    unmeasured = []
    for phase in PHASES[:3] if smoke else PHASES:
        for subject in SMALL if smoke else SUBJECTS:
            left = ends - time.monotonic()
            what = f"{subject.network}, {phase}"
            if left < 15:
                unmeasured.append(f"{what}: no time was left.")
                continue
            batch = subject.inference if phase.startswith("inference") else subject.training
            command = [
                sys.executable, str(MEASURE), subject.network, subject.size, str(batch), phase, str(file),
                "--device", device, "--data", str(data), "--seconds", "0.05" if smoke else "5",
            ]  # fmt: skip
            started = time.monotonic()
            try:
                done = subprocess.run(
                    command, timeout=min(left, LIMITS[phase] * (5 if smoke else 1)), capture_output=True, text=True
                )
            except subprocess.TimeoutExpired as error:
                unmeasured.append(f"{what}: stopped after {error.timeout:.0f} s.")
                continue
            except KeyboardInterrupt:
                unmeasured.append(f"{what}: interrupted.")
                ends = 0.0  # what is measured is written
                continue
            if done.returncode:
                last = (done.stderr.strip() or "no message").splitlines()[-1]
                unmeasured.append(f"{what}: ended with code {done.returncode}: {last[:300]}")
            print(f"{what}: {time.monotonic() - started:.0f} s, {ends - time.monotonic():.0f} s left", flush=True)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    unmeasured += [
        f"{row['network']}, {row['phase']}, {row['way']}: {row['failed']}." for row in rows if "failed" in row
    ]
    return [row for row in rows if "failed" not in row], unmeasured


def add_rooflines(rows: list[dict[str, Any]], peaks: roofline.Peaks) -> None:
    """Give every row its network's roofline and what share of it was reached."""
    limits: dict[tuple[str, str, int], roofline.Work] = {}
    for row in rows:
        key = row["network"], row["size"], row["batch"]
        if key not in limits:
            height, width = map(int, row["size"].split("x"))
            with torch.device("meta"):
                skeleton = registry.protocol(gpu_measure.PROTOCOL).skeleton
                model = registry.architecture(row["network"], skeleton, (width, height)).eval()
            limits[key] = roofline.work(model, row["batch"], peaks)
        passes = 3 if row["phase"] == "training" else 1
        row["roofline"] = 1 / (limits[key].seconds * passes)
        row["of_roofline"] = row["images_per_second"] / row["roofline"]
        row["gflop_per_image"] = passes * limits[key].operations / 1e9


def markdown(record: dict[str, Any]) -> str:
    """The record as a page."""
    peaks = record["peaks"]
    lines = [
        f"# {record['device']}", "",
        f"{record['created'][:10]}, posebench {record['posebench']}, torch {record['torch']}, CUDA {record['cuda']}, "
        f"Python {record['python']}, {record['cores']} CPU cores; {record['minutes']:.1f} minutes in all.", "",
        f"Roofline ({peaks['source']}): {peaks['operations'] / 1e12:.4g} TFLOP/s in bfloat16, {peaks['bytes'] / 1e12:.3g} TB/s; "
        "everything fused that can be, a training step as three forward passes (`benchmarks/roofline.py`).", "",
        "| network | input | phase | way | batch | images/s | times the baseline | roofline, images/s | reached |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    base = {
        (row["network"], row["phase"]): row["images_per_second"]
        for row in record["rows"] if row["way"] == gpu_measure.BASELINE
    }  # fmt: skip
    for row in record["rows"]:
        beside = base.get((row["network"], row["phase"]))
        times = "–" if beside is None else f"{row['images_per_second'] / beside:.2f}"
        lines.append(
            f"| {row['network']} | {row['size'].replace('x', '×')} | {row['phase']} | {row['way']} | {row['batch']} | "
            f"{row['images_per_second']:,.1f} | {times} | {row['roofline']:,.0f} | {100 * row['of_roofline']:.1f} % |"
        )
    resident = {
        row["network"]: row["images_per_second"] for row in record["rows"] if row["way"] == gpu_measure.RESIDENT
    }
    fed = {row["network"]: row["images_per_second"] for row in record["rows"] if row["way"] == gpu_measure.FED}
    shares = [f"{name} {fed[name] / resident[name]:.2f}" for name in fed if name in resident]
    if shares:
        lines += [
            "",
            "Training fed by the loader, as a share of training on a resident batch: " + ", ".join(shares) + ".",
        ]
    if record["not_measured"]:
        lines += ["", "Not measured:", "", *(f"- {sentence}" for sentence in record["not_measured"])]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "records", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=7.5, help="for all phases together (default: 7.5)")
    parser.add_argument("--smoke", action="store_true", help="a small network for a moment on the CPU")
    options = parser.parse_args()
    if not options.smoke and not torch.cuda.is_available():
        parser.error("This machine has no NVIDIA GPU that torch can use. Add --smoke to run everything on the CPU.")
    started = time.monotonic()
    device = torch.device("cpu" if options.smoke else "cuda")
    name = device_label(device)
    measured = roofline.measured(device)
    peaks = roofline.data_sheet(name) or measured
    with tempfile.TemporaryDirectory() as folder:
        rows, unmeasured = run(Path(folder), device.type, options.minutes, options.smoke)
    add_rooflines(rows, peaks)
    record = {
        "format": FORMAT, "device": name, "smoke": options.smoke, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "posebench": posebench.__version__, "torch": str(torch.__version__),
        "cuda": (torch.version.cuda if device.type == "cuda" else None) or "none", "python": platform.python_version(),
        "cores": os.cpu_count(),
        "minutes": (time.monotonic() - started) / 60, "peaks": asdict(peaks), "measured_peaks": asdict(measured),
        "rows": rows, "not_measured": unmeasured,
    }  # fmt: skip
    path = options.out / f"gpu-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.json"
    write_text(path, json.dumps(record, indent=1) + "\n")
    write_text(path.with_suffix(".md"), markdown(record))
    print(path)
    print(path.with_suffix(".md"))
    if not rows:
        sys.exit("Nothing could be measured; the record says why.")


if __name__ == "__main__":
    main()
