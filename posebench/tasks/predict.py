"""Predict people with a checkpoint into a predictions file."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import posebench
from posebench.data import predictions
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.data.provenance import Boxes, Inference, Provenance
from posebench.errors import Interrupted
from posebench.files import writing
from posebench.files.locking import locked
from posebench.plugins.protocol import Protocol
from posebench.results.folder import BEST, CHECKPOINT, ResultsFolder, plain
from posebench.tasks.train import unreadable_notes

if TYPE_CHECKING:
    from posebench.inference.ways import How
    from posebench.plugins.architecture import Architecture
    from posebench.training.checkpoints import Checkpoint


@dataclass(frozen=True)
class Predicted:
    """What predicting leaves.

    Attributes:
        predictions: the file. notes: what was left out or changed, as sentences.
    """

    predictions: Path
    notes: tuple[str, ...] = ()


def predict(
    checkpoint: Path, protocol: Protocol, people: Instances, out: Path, *, workers: int = 0, how: "How | None" = None,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:  # fmt: skip
    """Predict people with a checkpoint into a predictions file. Of several processes, each predicts a part and the first writes.

    Args:
        checkpoint: or an exported ONNX file.
        out: the file to write.
        workers: processes that make batches.
        how: another way of running the network; its measured difference from the plain one is a note.
        show: called after every batch with how many people are done, and of how many.

    Raises:
        PosebenchError: the checkpoint is damaged or of other keypoints; the network's output is not finite; or another
            process writes `out`.
        Interrupted: Ctrl-C or SIGTERM; no file is written.
    """
    from posebench.training import processes
    from posebench.training.stopping import asked_to_stop

    def show_or_stop(done: int, total: int) -> None:
        show(done, total)
        if stop.is_set() and done < total:
            raise Interrupted(
                f"Stopped after {done:,} of {total:,} people; {out} is not written. Type the same command again."
            )

    processes.join()
    lock = locked(out.with_name(f"{out.name}.lock"), f"writes {out}")
    with processes.entered_by_first(lock) as notes, asked_to_stop() as stop:
        made, more = _predictions(checkpoint, protocol, people, workers, how, show_or_stop)
        processes.by_first(lambda: predictions.save(made, out))
    return Predicted(out, (*notes, *more))


def _predictions(
    checkpoint: Path, protocol: Protocol, people: Instances, workers: int, how: "How | None",
    show: Callable[[int, int], None],
) -> tuple[Predictions, tuple[str, ...]]:  # fmt: skip
    """The predictions, and notes."""
    import torch
    from accelerate import Accelerator

    from posebench.inference import fast
    from posebench.inference import predict as inference
    from posebench.inference.stored_network import open_network
    from posebench.samples.loader import Loading

    stored = open_network(checkpoint)
    stored.check_way(how)
    trained, model = stored.trained, stored.network(protocol.skeleton)
    device = Accelerator().device
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    notes: tuple[str, ...] = ()
    said: list[str] = []
    facts = network_facts(trained, model) | {"checkpoint_sha256": writing.sha256(checkpoint)}
    if "box_score" in people.measures:
        facts["boxes"] = Boxes(sha256=people.source.sha256, count=len(people), notes=list(people.source.notes))
    if stored.way is not None:
        facts["inference"] = Inference(way=stored.way)
    if how is not None:
        model, found = fast.run_as(model, how, inference.first_images(model, people))
        notes = (f"{how.label}, against the plain network: {found.sentence}",)
        facts["inference"] = Inference(way=how.label, folded=model.folded[0], difference=vars(found))
    with fast.precision("fp32", device):
        made, unreadable = inference.predict(
            model, people, flip_test=trained.recipe.flip_test, loading=Loading(workers, say=said.append, divided=True),
            provenance=Provenance(**facts), show=show,
        )  # fmt: skip
    return made, (*notes, *said, *unreadable_notes(unreadable, "count as missed"))


def network_facts(trained: "Checkpoint", model: "Architecture") -> dict[str, Any]:
    """What `Provenance` says of a checkpoint's network."""
    from posebench.training.devices import device_name

    facts = {name: getattr(trained, name) for name in ("arch", "input_size", "seed", "step", "steps", "trained_on")}
    facts |= {
        "recipe": trained.recipe.model_dump(mode="json"), "parameters": sum(p.numel() for p in model.parameters()),
        "pipeline": trained.pipeline.name,
        "checkpoint": "the best one" if trained.selection.get("chosen") else "the last one", "flip_test": trained.recipe.flip_test,
        "device": device_name(next(model.parameters()).device), "posebench": posebench.__version__,
        "torch": version("torch"), "history": trained.history,
    }  # fmt: skip
    facts |= {"weights": "averaged"} if trained.average else {}
    facts |= {"selection": trained.selection} if trained.selection else {}
    return facts | ({"stopped": trained.stopped} if trained.stopped else {})


def predictions_path(checkpoint: Path, people: Instances, results: ResultsFolder) -> Path:
    """Where predictions of `people` go: another file for every run, split, annotation file and source of boxes."""
    facts = people.dataset, people.box_source, people.source.identity
    data = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
    run = checkpoint.resolve().parent.name
    if checkpoint.name == BEST and checkpoint.with_name(CHECKPOINT).is_file():
        run += "-best"
    elif checkpoint.name != CHECKPOINT:  # not a run's own: an imported one, among others in some folder
        run = f"{plain(checkpoint.name.partition('.')[0])}-{writing.sha256(checkpoint)[:8]}"
    return results.predictions / f"{run}-{plain(people.split)}-{data}.h5"
