"""One network on one device: training and inference in several ways. Started by `gpu.py`, which sets a time limit.

    python benchmarks/gpu_measure.py NETWORK HEIGHTxWIDTH BATCH PHASE FILE [--seconds 6] [--device cuda] [--data DIR]

Appends one JSON line per way to FILE as soon as it is measured, so that a limit loses only what was not finished.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

import posebench as pb
from posebench.cost.latency import vary
from posebench.inference.fast import Fast, difference, precision
from posebench.inference.ways import How
from posebench.plugins import registry
from posebench.plugins.outputs import total_loss

BASELINE = "eager fp32 NCHW"
RESIDENT = "bf16 channels-last"
FED = "bf16 channels-last, fed by the loader"
GRAPH = "bf16 channels-last, CUDA graph"
WARM_UPS, ROUNDS = 3, 5
WORKERS = 16
PROTOCOL = "coco"


@dataclass(frozen=True)
class Way:
    """A way of training."""

    label: str
    bf16: bool = True
    graph: bool = False
    compiled: bool = False


TRAINING = {
    "training": (Way(BASELINE, bf16=False), Way(RESIDENT), Way(GRAPH, graph=True)),
    "training compiled": (Way("bf16 channels-last, torch.compile", compiled=True),),
}
INFERENCE = {
    "inference": ((How(), False), (How(True, False, "bf16"), False), (How(True, False, "bf16"), True)),
    "inference compiled": ((How(True, True, "bf16"), False),),
}


def timed(step: Callable[[], Any], device: torch.device, seconds: float) -> float:
    """Median seconds of a step: after a warm-up, rounds of several steps that end when the device has finished."""

    def run(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return (time.perf_counter() - started) / count

    run(WARM_UPS)
    count = max(1, round(seconds / ROUNDS / max(run(1), 1e-6)))
    return median(run(count) for _ in range(ROUNDS))


def optimizer_of(model: Any, way: Way, device: torch.device) -> torch.optim.Optimizer:
    """The recipe's optimiser: PyTorch's default form for the baseline, the fastest one otherwise."""
    gpu = device.type == "cuda"
    if model.paper.optimizer == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), lr=1e-5, foreach=way.bf16, capturable=way.graph and gpu)
    return torch.optim.Adam(model.parameters(), lr=1e-5, fused=way.bf16, capturable=way.graph and gpu)


def training_step(model: Any, way: Way, batch: int, device: torch.device) -> Callable[[], Any]:
    """A step on a batch that lies on the device: normalisation, targets, loss, gradients, update."""
    width, height = model.input_size
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (batch, height, width, 3), dtype=torch.uint8, generator=generator).to(device)
    keypoints = torch.rand(batch, len(model.skeleton), 2, generator=generator) * torch.tensor([width, height])
    keypoints, visible = keypoints.to(device), torch.ones(batch, len(model.skeleton), dtype=torch.bool, device=device)
    model.train()
    if way.bf16:
        model.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(model, way, device)
    network = torch.compile(model) if way.compiled else model
    static = model.prepare(images)
    static = static.clone(memory_format=torch.channels_last if way.bf16 else torch.contiguous_format)

    def step() -> None:
        optimizer.zero_grad()
        half = torch.autocast(device.type, torch.bfloat16, cache_enabled=not way.graph) if way.bf16 else nullcontext()
        with half:
            outputs = network(static)
        total_loss(model.loss(outputs, keypoints, visible)).backward()
        optimizer.step()

    run = graphed(step, device) if way.graph else step

    def whole() -> None:
        static.copy_(model.prepare(images))
        run()

    return whole


def graphed(step: Callable[[], Any], device: torch.device) -> Callable[[], Any]:
    """A step recorded as a CUDA graph, which the device then repeats without waiting for Python."""
    if device.type != "cuda":
        raise RuntimeError("CUDA graphs need an NVIDIA GPU")
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def train(model: Any, way: Way, batch: int, device: torch.device, seconds: float) -> dict[str, Any]:
    """Images per second of training on a resident batch."""
    with precision("fp32", device):
        took = timed(training_step(copy.deepcopy(model), way, batch, device), device, seconds)
    return {"way": way.label, "images_per_second": batch / took}


@torch.inference_mode()
def infer(model: Any, how: How, graph: bool, batch: int, device: torch.device, seconds: float) -> dict[str, Any]:
    """Images per second of the network alone, and the largest relative difference from the plain one."""
    width, height = model.input_size
    generator = torch.Generator().manual_seed(0)
    raw = torch.randint(0, 256, (batch, height, width, 3), dtype=torch.uint8, generator=generator).to(device)
    fast = Fast(model.eval(), how, model.prepare(raw[:2]) if not how.compiled else model.prepare(raw))
    images = fast.prepare(raw)
    images = images.contiguous(memory_format=torch.channels_last if how.folded else torch.contiguous_format)
    found = difference(model, fast, raw)
    run = graphed(lambda: fast(images), device) if graph else lambda: fast(images)
    label = BASELINE if how == How() else f"{how.label}{', CUDA graph' if graph else ''}"
    took = timed(run, device, seconds)
    return {"way": label, "images_per_second": batch / took, "relative_difference": found.relative}


def fed(
    arch: str, size: tuple[int, int], batch: int, device: torch.device, seconds: float, data: Path
) -> dict[str, Any]:
    """Images per second of `posebench train`: photographs read, cut and augmented by the loader."""

    class Enough(Exception):
        pass

    half = "bf16" if device.type == "cuda" else "no"
    recipe = data.parent / f"{registry.find('architecture', arch).name}.toml"
    recipe.write_text(
        f'name = "gpu"\ninput_size = [{size[0]}, {size[1]}]\nepochs = 1\nbatch_size = {batch}\noptimizer = "adam"\n'
        f'learning_rate = 1e-5\nprecision = "{half}"\npretrained = false\n'
    )
    times: list[float] = []

    def show(progress: Any) -> None:
        times.append(time.perf_counter())
        if len(times) > 2 * WARM_UPS and times[-1] - times[0] > 2 * seconds:
            raise Enough

    workers = WORKERS if device.type == "cuda" else 0
    results = data.parent / f"results-{recipe.stem}"
    with suppress(Enough):
        pb.train(
            arch, protocol=PROTOCOL, data=data, recipe=str(recipe), workers=workers, results=results, show=show,
            restart=True,
        )  # fmt: skip
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    first = len(times) // 3  # the loader's first batches were waiting
    took = (time.perf_counter() - times[first]) / max(len(times) - 1 - first, 1)
    return {"way": FED, "images_per_second": batch / took, "workers": workers}


def attempt(measure: Callable[[int], dict[str, Any]], batch: int, row: dict[str, Any], file: Path) -> None:
    """Measure one way and append its line; half the batch after an out-of-memory error, the reason after any other."""
    while True:
        started = time.perf_counter()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        try:
            found = measure(batch)
            break
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            batch //= 2
            if not batch:
                found = {"failed": "out of memory"}
                break
        except Exception as error:  # one way that fails must not end the others
            found = {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
            break
    found |= {"batch": batch, "seconds": time.perf_counter() - started}
    if torch.cuda.is_available():
        found["gpu_bytes"] = torch.cuda.max_memory_allocated()
    with file.open("a") as lines:
        lines.write(json.dumps(row | found) + "\n")


def main() -> None:
    """Measure one phase of one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("size", help="HEIGHTxWIDTH")
    parser.add_argument("batch", type=int)
    parser.add_argument("phase", choices=[*TRAINING, *INFERENCE, "fed"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    height, width = map(int, options.size.split("x"))
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    base = {"network": options.network, "size": options.size, "phase": options.phase.partition(" ")[0]}
    batch, seconds, file = options.batch, options.seconds, options.file
    if options.phase == "fed":
        row = base | {"phase": "training", "way": FED}
        attempt(lambda b: fed(options.network, (width, height), b, device, seconds, options.data), batch, row, file)
        return
    model = registry.architecture(options.network, registry.protocol(PROTOCOL).skeleton, (width, height))
    vary(model)
    model.to(device)
    for way in TRAINING.get(options.phase, ()):
        attempt(lambda b, way=way: train(model, way, b, device, seconds), batch, base | {"way": way.label}, file)
    for how, graph in INFERENCE.get(options.phase, ()):
        label = f"{how.label}{', CUDA graph' if graph else ''}"
        attempt(
            lambda b, how=how, graph=graph: infer(model, how, graph, b, device, seconds),
            batch,
            base | {"way": label},
            file,
        )


if __name__ == "__main__":
    main()
