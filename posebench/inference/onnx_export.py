"""ONNX export: a network with its preparation and its decoding as one ONNX file, and what that changes."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from posebench.errors import PosebenchError
from posebench.inference.fast import OutputDifference, difference_of
from posebench.inference.onnx_network import IMAGES, INSTALL, KEYPOINTS, METADATA, OUTPUTS, SCORES, TENSORS, OnnxNetwork
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import tensors_of, worst
from posebench.plugins.plugin_errors import reason
from posebench.training.checkpoints import Checkpoint

OPSET = 18
EXPORT_LIMIT = 1e-3
"""Largest relative difference of an exported network's outputs. Another order of additions changes them by about 1e-5; a wrongly
translated operation changes them by far more."""
LARGEST = 2**31 - 1
"""Bytes of an ONNX file: protobuf's limit."""


@dataclass(frozen=True)
class ExportDifference:
    """What exporting changes on some crops.

    Attributes:
        outputs: relative difference, and how far keypoints move.
        absolute: largest difference of an output, in the network's own units.
        decoded: farthest that a keypoint of the file is from the one that the architecture decodes from the file's outputs,
            pixels of the network's input.
    """

    outputs: OutputDifference
    absolute: float
    decoded: float

    @property
    def sentence(self) -> str:
        """For the user."""
        return f"{self.outputs.sentence}; in the outputs' own units {self.absolute:.1e}"


class _WithDecoding(nn.Module):
    """Crops (B, H, W, 3) uint8 → the network's outputs, keypoints, scores."""

    def __init__(self, model: Architecture) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        outputs = self.model(self.model.prepare(images))
        keypoints, scores = self.model.decode(outputs)
        return (*tensors_of(outputs), keypoints, scores)


def export(model: Architecture, trained: Checkpoint, images: Tensor, path: Path) -> None:
    """Write a network as an ONNX file, for batches of any size.

    Args:
        model: on the CPU.
        trained: what the file is to say of it.
        images: (B, H, W, 3) uint8 crops, B from 2.

    Raises:
        PosebenchError: torch cannot export the network, it is too large, or a package is missing.
    """
    whole = _WithDecoding(model).eval()
    with torch.no_grad():
        outputs = model(model.prepare(images))
    names = [f"{OUTPUTS}_{i}" for i in range(len(outputs))] if isinstance(outputs, tuple) else [OUTPUTS]
    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                whole, (images,), dynamo=True, verbose=False, opset_version=OPSET, input_names=[IMAGES],
                output_names=[*names, KEYPOINTS, SCORES], dynamic_shapes=({0: torch.export.Dim("batch")},),
            )  # fmt: skip
    except (ImportError, torch.onnx.errors.OnnxExporterError) as error:
        missing = _missing_package(error)
        if missing:
            raise PosebenchError(f"Exporting needs {missing}, which is not installed. {INSTALL}") from error
        raise PosebenchError(f"torch cannot export {model.name} to ONNX: {_cause(error)}") from error
    if program is None:
        raise PosebenchError(f"torch cannot export {model.name} to ONNX.")
    content = program.model_proto
    entry = content.metadata_props.add()
    entry.key, entry.value = METADATA, json.dumps(_metadata(trained))
    if content.ByteSize() > LARGEST:
        raise PosebenchError(f"{model.name} has {content.ByteSize():,} bytes; an ONNX file can have {LARGEST:,}.")
    path.write_bytes(content.SerializeToString())


def _metadata(trained: Checkpoint) -> dict[str, Any]:
    return {name: value for name, value in trained.plain().items() if name not in TENSORS}


@torch.inference_mode()
def measure_difference(model: Architecture, exported: OnnxNetwork, images: Tensor) -> ExportDifference:
    """Run a network and its exported file on the same crops (B, H, W, 3) uint8 and compare outputs and keypoints."""
    plain, other = model(model.prepare(images)), exported(exported.prepare(images))
    moved = (exported.decode(other)[0] - exported.decoded(images)[0]).norm(dim=-1).max().item()
    absolute = worst(lambda one, two: (one - two).abs().max(), plain, other)
    return ExportDifference(difference_of(model, plain, other), absolute, moved)


def check_difference(name: str, found: ExportDifference) -> None:
    """Raise PosebenchError unless the exported network is the same up to rounding.

    Raises:
        PosebenchError: outputs differ by more than `EXPORT_LIMIT`, or the file decodes them differently.
    """
    if not found.outputs.relative <= EXPORT_LIMIT:  # also refuses NaN
        raise PosebenchError(
            f"{name} was not exported: outputs of the ONNX file differ by {found.outputs.relative:.1e} of the largest one; more "
            f"than {EXPORT_LIMIT:.0e} is not the same network."
        )
    if not found.decoded <= 1e-2:
        raise PosebenchError(
            f"{name} was not exported: keypoints of the ONNX file are up to {found.decoded:.2g} px beside those that "
            "the architecture decodes from the same outputs."
        )


def _missing_package(error: BaseException | None) -> str | None:
    """The package that an import failed for, here or in what caused it."""
    while error is not None:
        if isinstance(error, ImportError):
            return error.name or str(error)
        error = error.__cause__ or error.__context__
    return None


def _cause(error: BaseException) -> str:
    """The innermost reason of an exporter's error, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return reason(error)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress, log lines and deprecation warnings off the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
