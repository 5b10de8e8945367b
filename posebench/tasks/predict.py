"""Predict people with a checkpoint into a predictions file."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

import posebench
from posebench.cli.console import progress
from posebench.data import predictions
from posebench.data.instances import Instances
from posebench.files import writing
from posebench.plugins.protocol import Protocol
from posebench.results.folder import CHECKPOINT, plain
from posebench.tasks.train import _tell_unreadable

if TYPE_CHECKING:
    from posebench.inference.ways import How


def predict(
    checkpoint: Path, protocol: Protocol, people: Instances, out: Path, console: Console, workers: int = 0,
    how: "How | None" = None,
) -> Path:  # fmt: skip
    """Predict `people` with a checkpoint into the file `out`; `how` runs the network another way and says what that changes."""
    import torch
    from accelerate import Accelerator

    from posebench.inference import fast
    from posebench.inference import predict as prediction
    from posebench.training import checkpoints
    from posebench.training.loop import device_name

    state = checkpoints.load(checkpoint)
    model = checkpoints.network(state, protocol.skeleton, checkpoint)
    device = Accelerator().device
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    flip_test = bool(state["recipe"]["flip_test"])
    provenance = {
        "arch": state["arch"], "parameters": sum(p.numel() for p in model.parameters()), "input_size": state["input_size"],
        "recipe": state["recipe"], "seed": state["seed"], "step": state["step"], "steps": state["steps"],
        "trained_on": state["trained_on"], "pipeline": state["pipeline"]["name"],
        "checkpoint": "the last one", "checkpoint_sha256": writing.sha256(checkpoint), "flip_test": flip_test,
        "device": device_name(device), "posebench": posebench.__version__, "torch": str(torch.__version__),
    }  # fmt: skip
    if "box_score" in people.measures:
        provenance["boxes"] = {"sha256": people.source.sha256, "count": len(people), "notes": list(people.source.notes)}
    if how is not None:
        model.eval()
        model, found = fast.quicken(model, how, prediction.first_images(model, people))
        console.print(f"{how.label}, against the plain network: {found.sentence}", highlight=False, soft_wrap=True)
        provenance["inference"] = {"way": how.label, "folded": model.folded[0], "difference": vars(found)}
    with progress(console, f"predict {people.what}") as update, fast.precision("fp32", device):
        made, unreadable = prediction.predict(
            model, people, flip_test=flip_test, workers=workers, provenance=provenance,
            show=lambda done, total: update(done, total, ""),
        )  # fmt: skip
    _tell_unreadable(unreadable, "count as missed", console)
    predictions.save(made, out)
    return out


def predictions_path(checkpoint: Path, people: Instances, folder: Path) -> Path:
    """Where predictions of `people` go: another file for every run, split, annotation file and source of boxes."""
    facts = people.dataset, people.box_source, people.source.identity
    data = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
    run = checkpoint.resolve().parent.name
    if checkpoint.name != CHECKPOINT:  # not a run's own: an imported one, among others in some folder
        run = f"{plain(checkpoint.name.partition('.')[0])}-{writing.sha256(checkpoint)[:8]}"
    return folder / "predictions" / f"{run}-{people.split}-{data}.h5"
