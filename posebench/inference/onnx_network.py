"""ONNX network: an exported file that ONNX Runtime computes, with the decoding of its architecture.

The file's input `images` is (B, H, W, 3) uint8 RGB crops. Its outputs are the network's (`outputs`, or `outputs_0`, `outputs_1`, …
where it puts out a tuple), `keypoints` (B, K, 2) in crop pixels and `scores` (B, K). Its metadata entry `posebench` is the
checkpoint without tensors.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing
from posebench.files.validation import explain
from posebench.inference.wrapped_network import WrappedNetwork
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs
from posebench.training.checkpoints import Checkpoint

ENDING = ".onnx"
METADATA = "posebench"
IMAGES, OUTPUTS, KEYPOINTS, SCORES = "images", "outputs", "keypoints", "scores"
TENSORS = "model", "optimizer", "average", "random"
"""Fields of a checkpoint that the metadata does not have."""
INSTALL = "Install it with: pip install 'posebench-2d[onnx]'"


def runtime() -> ModuleType:
    """The module onnxruntime.

    Raises:
        PosebenchError: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise PosebenchError(f"ONNX files need onnxruntime, which is not installed. {INSTALL}") from error
    onnxruntime.set_default_logger_severity(3)  # errors only; it writes to stderr
    return onnxruntime  # type: ignore[no-any-return]


def open_session(path: Path) -> Any:
    """An ONNX Runtime session of a file, on the GPU where this onnxruntime has one.

    Raises:
        PosebenchError: the file is missing or damaged, or onnxruntime is not installed.
    """
    module = runtime()
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in module.get_available_providers()]
    existing(path, "an ONNX file")
    try:
        return module.InferenceSession(path.read_bytes(), providers=providers)
    except OSError:
        raise
    except Exception as error:  # onnxruntime has an exception class per error code, and no common one
        first = next(iter(str(error).splitlines()), "")
        raise PosebenchError(f"{path} is not readable as an ONNX file: {first[:200]}") from error


def read_metadata(path: Path, session: Any) -> Checkpoint:
    """What an exported file says of its network: a checkpoint without weights.

    Raises:
        PosebenchError: posebench did not export the file, or its metadata is damaged.
    """
    text = session.get_modelmeta().custom_metadata_map.get(METADATA)
    if text is None:
        raise PosebenchError(f"{path} was not exported by posebench. Use a file that `posebench export-model` wrote.")
    try:
        return Checkpoint.of(json.loads(text) | {name: {} for name in TENSORS})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise PosebenchError(f"{path} has damaged metadata: {type(error).__name__}: {explain(error)}.") from error


class OnnxNetwork(WrappedNetwork):
    """An exported network; preparation and the network run in ONNX Runtime, the rest is the architecture's own."""

    def __init__(self, model: Architecture, session: Any) -> None:
        """
        Args:
            model: the architecture with any weights; they are not read.
            session: as `open_session` makes it.
        """
        super().__init__(model)
        self._session = session
        names = [output.name for output in session.get_outputs()]
        self._names = [name for name in names if name not in (KEYPOINTS, SCORES)]

    def prepare(self, images: Tensor) -> Tensor:
        """Crops (B, H, W, 3) uint8 → (B, 3, H, W) uint8: the file normalises them."""
        return images.permute(0, 3, 1, 2)

    def forward(self, images: Tensor) -> Outputs:
        """(B, 3, H, W) uint8 → the network's outputs, on the images' device."""
        crops = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        made = tuple(
            torch.from_numpy(output).to(images.device) for output in self._session.run(self._names, {IMAGES: crops})
        )
        return made if self._names != [OUTPUTS] else made[0]

    def decoded(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Crops (B, H, W, 3) uint8 → keypoints (B, K, 2) and scores (B, K), as the file itself decodes them."""
        keypoints, scores = self._session.run([KEYPOINTS, SCORES], {IMAGES: images.contiguous().cpu().numpy()})
        return torch.from_numpy(keypoints), torch.from_numpy(scores)


def load(path: Path, skeleton: Skeleton) -> tuple[Checkpoint, OnnxNetwork]:
    """Read an exported file.

    Returns:
        What it says of its training, without weights, and its network.

    Raises:
        PosebenchError: the file is damaged, was not exported by posebench, or is for other keypoints.
    """
    session = open_session(path)
    trained = read_metadata(path, session)
    return trained, OnnxNetwork(trained.untrained(skeleton, path), session)
