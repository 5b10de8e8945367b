"""Stored network: a trained network in a checkpoint or in an exported ONNX file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.inference import onnx_network
from posebench.inference.ways import How
from posebench.plugins.architecture import Architecture
from posebench.training import checkpoints
from posebench.training.checkpoints import Checkpoint

ONNX_WAY = "onnx fp32"
"""The way of running a network that the provenance of predictions states."""


@dataclass(frozen=True)
class StoredNetwork:
    """A network in a file.

    Attributes:
        path: of the file.
        trained: what the file says of its training; without weights where it is an ONNX file.
        session: ONNX Runtime's; None for a checkpoint.
    """

    path: Path
    trained: Checkpoint
    session: Any = None

    @property
    def way(self) -> str | None:
        """How the network runs; None for PyTorch's own way."""
        return None if self.session is None else ONNX_WAY

    def network(self, skeleton: Skeleton) -> Architecture:
        """The network, on the CPU, in eval mode.

        Raises:
            PosebenchError: it was trained for other keypoints, or its weights do not fit its architecture.
        """
        if self.session is None:
            return self.trained.network(skeleton, self.path).eval()
        return onnx_network.OnnxNetwork(self.trained.untrained(skeleton, self.path), self.session).eval()

    def check_way(self, how: How | None) -> None:
        """Raise PosebenchError where the network cannot be run in another way."""
        if how is not None and self.session is not None:
            raise PosebenchError(
                f"--fast, --compile and --precision do not apply to {self.path}: ONNX Runtime computes it. Leave them out."
            )


def open_network(path: Path) -> StoredNetwork:
    """Read a checkpoint, or a file that `posebench export-model` wrote, told by its ending.

    Raises:
        PosebenchError: the file is missing, damaged or of another tool; or onnxruntime is not installed.
    """
    if path.suffix.lower() != onnx_network.ENDING:
        return StoredNetwork(path, checkpoints.load(path))
    session = onnx_network.open_session(path)
    return StoredNetwork(path, onnx_network.read_metadata(path, session), session)
