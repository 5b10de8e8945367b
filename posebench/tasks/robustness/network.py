"""The network of which robustness is measured: a stored one, or a plugin that brings its own weights."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.data.provenance import Provenance
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.files.writing import sha256
from posebench.plugins.registry import architecture, check_architecture, installed
from posebench.tasks.prediction.predict import network_facts

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture


@dataclass(frozen=True, eq=False)
class NetworkInUse:
    """A network on the device that it works on.

    Attributes:
        sha256: of its file, or of a plugin's weights.
        provenance: what its predictions say of it.
        flip_test: whether outputs of mirrored crops are averaged in.
        notes: what a reader should know of it, as sentences.
    """

    model: "Architecture"
    sha256: str
    provenance: Provenance
    flip_test: bool
    notes: tuple[str, ...] = ()


def network_in_use(source: str, skeleton: Skeleton) -> NetworkInUse:
    """The network of a checkpoint, of an exported ONNX file, or of an installed architecture as its plugin makes it.

    Args:
        source: a path, or the name of an architecture; an existing file comes first.

    Raises:
        PosebenchError: it is neither, or the network has other keypoints.
    """
    import torch
    from accelerate import Accelerator

    path = Path(source)
    if path.suffix or path.exists() or source.partition(":")[0] not in {one.name for one in installed("architecture")}:
        used = _stored(path, skeleton)
    else:
        used = _of_plugin(source, skeleton)
    used.model.to(Accelerator().device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return used


def _stored(path: Path, skeleton: Skeleton) -> NetworkInUse:
    from posebench.inference.stored_network import open_network

    if not path.exists():
        raise PosebenchError(
            f"{path} is neither a file nor an installed architecture. Name a checkpoint, an .onnx file, or an architecture "
            "that brings its own weights (`posebench list`)."
        )
    stored = open_network(path)
    model, digest = stored.network(skeleton), sha256(path)
    provenance = Provenance(**network_facts(stored.trained, model), checkpoint_sha256=digest)
    return NetworkInUse(model, digest, provenance, stored.trained.recipe.flip_test)


def _of_plugin(name: str, skeleton: Skeleton) -> NetworkInUse:
    import torch

    check_architecture(name)
    torch.manual_seed(0)  # a plugin without weights of its own has the same random ones each time
    model = architecture(name, skeleton).eval()
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    facts: dict[str, Any] = {"arch": name, "input_size": model.input_size, "flip_test": True}
    note = f"{name} has the weights that its plugin makes; no checkpoint is read."
    return NetworkInUse(model, digest.hexdigest(), Provenance(**facts), True, (note,))
