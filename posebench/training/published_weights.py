"""Published weights: converted to posebench networks and back. A partial import must be asked for, and is reported.

A file may be a state dict or any of the usual wrappings of one. Its tensor names tell the layout (`CheckpointLayout.head`).
"""

import contextlib
import pickle
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, counted, existing, unknown
from posebench.files.writing import sha256
from posebench.plugins import registry
from posebench.plugins.architecture import Architecture
from posebench.plugins.checkpoint_layout import CheckpointLayout

Tensors = Mapping[str, Tensor]

WRAPPINGS = ("state_dict", "best_state_dict", "model_state_dict", "model", "network", "net")
"""Keys under which training scripts store the weights."""
PREFIXES = ("module.", "model.")
"""Prefixes that a wrapper adds to every name (DataParallel; Newell's trainer)."""
COUNTER = ".num_batches_tracked"
"""Batch normalisation's counter: missing in files from before torch 0.4.1, and not needed."""
NAMED = 6
"""Tensors that do not fit and are named one by one in an error; more are counted by module."""


@dataclass(frozen=True)
class Fit:
    """Which tensors of a file fit a network. Names are those of the file.

    Attributes:
        family: the file's layout, `CheckpointLayout.name`.
        taken: how many tensors were imported.
        unread: in the file, but never read by the published code.
        missing: not in the file. left: not in the network. misshapen: name, with both shapes.
    """

    family: str
    taken: int
    unread: tuple[str, ...]
    missing: tuple[str, ...]
    left: tuple[str, ...]
    misshapen: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every tensor of file and network has its counterpart."""
        return not (self.missing or self.left or self.misshapen)

    def lines(self) -> list[str]:
        """The full report, a line per tensor that does not fit."""
        groups = {
            "missing": self.missing,
            "left over": self.left,
            "of another shape": self.misshapen,
        }
        told = [f"  {what}: {name}" for what, names in groups.items() for name in names]
        unread = [
            f"  skipped, because the published code never reads them: {counted(len(self.unread), 'tensor', 'tensors')}"
        ]
        return [
            f"{self.family}: {counted(self.taken, 'tensor', 'tensors')} imported",
            *told,
            *unread[: len(self.unread)],
        ]

    def summary(self) -> str:
        """What does not fit, on one line: each tensor, or how many there are of each module."""
        groups = {"missing": self.missing, "left over": self.left, "of another shape": self.misshapen}
        return "; ".join(f"{len(names):,} {what} ({_named(names)})" for what, names in groups.items() if names)


def _named(names: tuple[str, ...]) -> str:
    if len(names) <= NAMED:
        return ", ".join(names)
    modules = Counter(".".join(name.split(" ")[0].split(".")[:2]) for name in names)
    return ", ".join(f"{count} of {module}" for module, count in modules.items())


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint file, unwrapped; nothing in the file is executed.

    Raises:
        PosebenchError: the file is missing, not readable as tensors, or a checkpoint of posebench.
    """
    existing(path, "a file of weights")
    try:
        with torch.serialization.safe_globals(_harmless()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about foreign pickles; the error below covers it
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise PosebenchError(
            f"{path} is not readable as weights: it is damaged, or contains Python objects besides tensors. "
            "With the code that wrote it, save only the state dict: torch.save(network.state_dict(), file)."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise PosebenchError(f"{path} is not readable as weights: it is damaged, or another kind of file.") from error
    if isinstance(loaded, dict) and str(loaded.get("format", "")).startswith("posebench"):
        raise PosebenchError(
            f"{path} is already a posebench checkpoint; posebench predict (in Python, pb.load_checkpoint) reads it."
        )
    return unwrapped(loaded, str(path))


def _harmless() -> list[Any]:
    """Types that old checkpoints contain besides tensors: a best accuracy, as a numpy number."""
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    kinds = [type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64)]
    return [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, *kinds]


def unwrapped(loaded: Any, what: str = "This") -> dict[str, Tensor]:
    """The tensors of what a training script saved, without prefixes of wrappers.

    Raises:
        PosebenchError: there are none.
    """
    while isinstance(loaded, Mapping):
        inner = next((loaded[name] for name in WRAPPINGS if isinstance(loaded.get(name), Mapping)), None)
        if inner is None:
            break
        loaded = inner
    found = {k: v for k, v in loaded.items() if isinstance(v, Tensor)} if isinstance(loaded, Mapping) else {}
    if not found:
        raise PosebenchError(f"{what} has no named tensors; it should be a state dict, or a dict that contains one.")
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in found)), None):
        found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found


def load(
    arch: str, source: str | Path | Mapping[str, Any], *, keypoints: int | Skeleton | None = None,
    input_size: tuple[int, int] | None = None, partial: bool = False,
) -> tuple[Architecture, Fit]:  # fmt: skip
    """A network with published weights, and with the pipeline that they expect.

    Args:
        arch: its name; an option that the file's family needs (`hourglass2:stem=bearpaw`) is added.
        source: a file, or what `torch.load` made of one.
        keypoints: the skeleton, or how many keypoints one of an installed protocol has; None to count them in the file.
        input_size: (width, height) of the crops; None for the published one.
        partial: import what fits and leave the rest as it is initialised.

    Raises:
        PosebenchError: the file is of no family that the architecture knows, or does not fit it tensor by tensor.
    """
    source = Path(source) if isinstance(source, str) else source
    tensors = read(source) if isinstance(source, Path) else unwrapped(source)
    with torch.device("meta"):
        layouts = registry.architecture(arch, Skeleton(("any",))).published
    layout = recognise(arch, layouts, tensors, partial)
    if not isinstance(keypoints, Skeleton):
        if keypoints is None and layout.head not in tensors:
            raise PosebenchError(
                "The weights have no head, so the number of keypoints is unknown; name a protocol with --protocol."
            )
        keypoints = _skeleton(tensors[layout.head].shape[0] if keypoints is None else keypoints)
    if layout.option and layout.option not in arch.partition(":")[2].split(","):
        arch += f"{',' if ':' in arch else ':'}{layout.option}"
    model = registry.architecture(arch, keypoints, input_size)
    state, fit = match(model, layout, tensors)
    if not (fit.complete or (partial and state)):
        raise PosebenchError(
            f"The {layout.name} weights do not fit {arch} with {len(keypoints)} keypoints: {fit.summary()}."
            + ("" if partial else " --partial imports what fits, and names every other tensor.")
        )
    broken = [name for name, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise PosebenchError(
            f"{counted(len(broken), 'tensor is', 'tensors are')} not finite, "
            f"{layout.theirs(broken[0])} first. Did the training diverge?"
        )
    model.load_state_dict(state, strict=False)
    model.pipeline = layout.pipeline
    model.origin = {"weights": layout.name}
    if isinstance(source, Path):
        model.origin |= {"file": source.name, "sha256": sha256(source)}
    return model, fit


def recognise(
    arch: str, layouts: tuple[CheckpointLayout, ...], tensors: Tensors, partial: bool = False
) -> CheckpointLayout:
    """The layout of a file: by its head; with `partial`, else the one with the most names in common.

    Raises:
        PosebenchError: none of the architecture's layouts.
    """
    for layout in layouts:
        if layout.head in tensors:
            return layout
    if partial and layouts:
        with torch.device("meta"):
            names = list(registry.architecture(arch, Skeleton(("any",))).state_dict())
        likely = max(layouts, key=lambda layout: len({layout.theirs(name) for name in names} & tensors.keys()))
        if any(likely.theirs(name) in tensors for name in names):
            return likely
    known = ", ".join(f"{layout.name} (has {layout.head})" for layout in layouts) or "none"
    first = ", ".join(list(tensors)[:3])
    raise PosebenchError(
        f"Unrecognised checkpoint format. {arch} reads those of {known}; this one begins with {first}."
    )


def match(model: Architecture, layout: CheckpointLayout, tensors: Tensors) -> tuple[dict[str, Tensor], Fit]:
    """The tensors that fit, under posebench's names, and the report."""
    state, missing, misshapen = {}, [], []
    expected = set()
    for name, mine in model.state_dict().items():
        theirs = layout.theirs(name)
        expected.add(theirs)
        if theirs not in tensors:
            if not theirs.endswith(COUNTER):
                missing.append(theirs)
        elif tensors[theirs].shape != mine.shape:
            misshapen.append(f"{theirs} is {tuple(tensors[theirs].shape)}, not {tuple(mine.shape)}")
        else:
            state[name] = tensors[theirs]
    unread = layout.unread(model)
    extra = [name for name in tensors if name not in expected]
    left = tuple(name for name in extra if name not in unread)
    ignored = tuple(name for name in extra if name in unread)
    return state, Fit(layout.name, len(state), ignored, tuple(missing), left, tuple(misshapen))


def export(model: Architecture, family: str | None = None) -> dict[str, Tensor]:
    """A network's tensors under published names; tensors that the published code never reads are zero.

    Args:
        family: name of the layout; None for the one that the weights were imported from, or the first that fits.

    Raises:
        PosebenchError: the architecture has no such layout, or the layout does not cover the network's options.
    """
    chosen = model.name.partition(":")[2].split(",")
    fitting = {p.name: p for p in model.published if p.option is None or p.option in chosen}
    if family is None:  # an option tells the layout
        likely = sorted(fitting, key=lambda name: (name != model.pipeline.name, fitting[name].option is None))
        family = likely[0] if likely else "any"
    if family not in fitting:
        raise unknown(f"naming of {model.name}", family, fitting)
    layout = fitting[family]
    state = {layout.theirs(name): value.detach().cpu() for name, value in model.state_dict().items()}
    if len(state) != len(model.state_dict()):
        raise PosebenchError(
            f"{model.name} has options that {family} has no tensor names for, so it cannot be exported to them."
        )
    return state | {name: torch.zeros(shape) for name, shape in layout.unread(model).items()}


def _skeleton(count: int) -> Skeleton:
    """The one skeleton of so many keypoints among the installed protocols.

    Raises:
        PosebenchError: there is none, or several.
    """
    found: dict[Any, tuple[str, Skeleton]] = {p.skeleton.keypoints: (name, p.skeleton) for name, p in _protocols()}
    fitting = [(name, skeleton) for name, skeleton in found.values() if len(skeleton) == count]
    if len(fitting) == 1:
        return fitting[0][1]
    names = ", ".join(f"{name} ({len(skeleton)})" for name, skeleton in found.values())
    raise PosebenchError(
        f"The weights are for {count} keypoints, which no single installed protocol has; name one with --protocol. "
        f"Installed: {names}."
    )


def _protocols() -> Iterator[tuple[str, Any]]:
    for plugin in registry.installed("protocol"):
        with contextlib.suppress(PosebenchError):  # a broken protocol of another package does not matter here
            yield plugin.name, registry.protocol(plugin.name)
