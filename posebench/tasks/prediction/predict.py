"""Predict people with a checkpoint into a predictions file."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import posebench
from posebench.data import predictions
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.data.provenance import Boxes, Inference, Provenance
from posebench.errors import Interrupted, PosebenchError
from posebench.files import writing
from posebench.files.locking import locked
from posebench.plugins.protocol import Protocol
from posebench.results.folder import BEST, CHECKPOINT, ResultsFolder, plain
from posebench.tasks.people import missing_notes
from posebench.tasks.training.train import unreadable_notes

if TYPE_CHECKING:
    from posebench.inference.predict import Keep
    from posebench.inference.ways import How
    from posebench.plugins.architecture import Architecture
    from posebench.samples.corruption import Corruption
    from posebench.training.checkpoints import Checkpoint

Made = TypeVar("Made")


@dataclass(frozen=True)
class Predicted:
    """What predicting leaves.

    Attributes:
        predictions: the file. notes: what was left out or changed, as sentences.
    """

    predictions: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptHeatmaps:
    """Heatmaps that are kept while people are predicted.

    Attributes:
        path: the heatmap file to write.
        last_stack: keep the last stack alone, where a network has several.
        say: called with what will be kept and the space that it needs, before the first person is predicted.
    """

    path: Path
    last_stack: bool = False
    say: Callable[[str], None] = lambda sentence: None


@dataclass(frozen=True)
class Predicting:
    """How people are predicted.

    Attributes:
        workers: processes that make batches.
        how: another way of running the network; its measured difference from the plain one is a note.
        keep: the file in which heatmaps are kept; None to keep none.
        scales: of each person's region, over which heatmaps are averaged.
        corruption: of every photograph before it is predicted; None for none.
    """

    workers: int = 0
    how: "How | None" = None
    keep: KeptHeatmaps | None = None
    scales: Sequence[float] = (1.0,)
    corruption: "Corruption | None" = None


PLAINLY = Predicting()


def predict(
    checkpoint: Path, protocol: Protocol, people: Instances, out: Path, asked: Predicting = PLAINLY,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:  # fmt: skip
    """Predict people with a checkpoint into a predictions file. Of several processes, each predicts a part and the first writes.

    Args:
        checkpoint: or an exported ONNX file.
        out: the file to write.
        show: called after every batch with how many people are done, and of how many.

    Raises:
        PosebenchError: the checkpoint is damaged or of other keypoints; the network's output is not finite; another
            process writes `out`; or the heatmaps cannot be kept: there is too little space, or the outputs are none.
        Interrupted: Ctrl-C or SIGTERM; no file is written.
    """
    from posebench.samples.corruption import check_sizes
    from posebench.training import processes
    from posebench.training.stopping import asked_to_stop

    def show_or_stop(done: int, total: int) -> None:
        show(done, total)
        if stop.is_set() and done < total:
            raise Interrupted(
                f"Stopped after {done:,} of {total:,} people; {out} is not written. Type the same command again."
            )

    processes.join()
    missing_notes(people)
    if asked.corruption is not None:
        check_sizes(people)
    if asked.keep is not None:
        _check_keep(asked.keep, out, processes.count(), asked.scales)
    lock = locked(out.with_name(f"{out.name}.lock"), f"writes {out}")
    with processes.entered_by_first(lock) as notes, asked_to_stop() as stop:
        made, more = _predictions(checkpoint, protocol, people, asked, show_or_stop)
        replaced = processes.by_first(lambda: _save(made, out))
    return Predicted(out, (*notes, *more, *replaced))


def _save(made: Predictions, out: Path) -> tuple[str, ...]:
    """Write the predictions; a sentence where other ones are replaced, such as those of an undamaged dataset."""
    try:
        before = predictions.load(out) if out.is_file() else made
    except PosebenchError:
        before = None
    predictions.save(made, out)
    if before is None:
        return (f"{out} was no readable predictions file and is replaced",)
    if predictions.digest(before) == predictions.digest(made):
        return ()
    without = [int(one.missing.all(axis=1).sum()) for one in (before, made)]
    people = f": {without[0]:,} people had no prediction, now {without[1]:,}" if without[0] != without[1] else ""
    return (f"{out} had other predictions and is replaced{people}",)


def _check_keep(keep: KeptHeatmaps, out: Path, processes: int, scales: Sequence[float]) -> None:
    """Raise PosebenchError where heatmaps cannot be kept beside these predictions."""
    if len(scales) > 1:
        raise PosebenchError("--keep-heatmaps keeps what is put out for each person's own region. Leave out --scales.")
    if processes > 1:
        raise PosebenchError(
            f"--keep-heatmaps needs one process, but torchrun started {processes}. Type the command without torchrun."
        )
    if keep.path.resolve() == out.resolve():
        raise PosebenchError(f"--keep-heatmaps and --out both name {out}. Give the heatmaps another name.")


def _predictions(
    checkpoint: Path, protocol: Protocol, people: Instances, asked: Predicting, show: Callable[[int, int], None]
) -> tuple[Predictions, tuple[str, ...]]:
    """The predictions, and notes."""
    import torch
    from accelerate import Accelerator

    from posebench.inference import fast
    from posebench.inference import predict as inference
    from posebench.inference.stored_network import open_network
    from posebench.samples.loader import Loading

    how, scales, corruption = asked.how, asked.scales, asked.corruption
    stored = open_network(checkpoint)
    stored.check_way(how)
    trained, model = stored.trained, stored.network(protocol.skeleton)
    device = Accelerator().device
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    notes: tuple[str, ...] = ()
    said: list[str] = []
    facts = network_facts(trained, model) | {"checkpoint_sha256": writing.sha256(checkpoint)}
    if "box_score" in people.measures:
        facts["boxes"] = Boxes(sha256=people.source.sha256, count=len(people), notes=list(people.notes))
    if len(scales) > 1:
        facts["scales"] = sorted(scales)
    if corruption is not None:
        facts["corrupted"] = corruption.stated
    if people.chosen is not None:
        facts["chosen"] = people.chosen
    if stored.way is not None:
        facts["inference"] = Inference(way=stored.way)
    if how is not None:
        model, found = fast.run_as(model, how, inference.first_images(model, people))
        notes = (f"{how.label}, against the plain network: {found.sentence}",)
        facts["inference"] = Inference(way=how.label, folded=model.folded[0], difference=vars(found))
    provenance, flip_test = Provenance(**facts), trained.recipe.flip_test

    def run(**more: Any) -> tuple[Predictions, list[str]]:
        loading = Loading(asked.workers, say=said.append, divided=True, change=corruption)
        return inference.predict(model, people, flip_test=flip_test, scales=scales, loading=loading, show=show, **more)

    with fast.precision("fp32", device):
        if asked.keep is None:
            made, unreadable = run()
        else:
            made, unreadable = _keeping(asked.keep, model, people, flip_test, provenance, lambda add: run(keep=add))
    if unreadable:
        provenance = provenance.model_copy(update={"unreadable": sorted(unreadable)})
    made = replace(made, provenance=provenance)
    return made, (*notes, *said, *unreadable_notes(unreadable, "count as missed"))


def _keeping(
    keep: KeptHeatmaps, model: "Architecture", people: Instances, flip_test: bool, provenance: Provenance,
    run: "Callable[[Keep], Made]",
) -> "Made":  # fmt: skip
    """What `run` returns while the outputs that it hands over are written to a heatmap file."""
    from posebench.inference import heatmap_writer as writer
    from posebench.inference import predict as inference

    images = inference.first_images(model, people, batch_size=1)
    usable = people.take(people.usable)
    form = writer.form_of(model, images, len(usable), flip_test, keep.last_stack)
    keep.say(f"{keep.path}: {form.sentence}; {writing.shown_bytes(writing.free_bytes(keep.path))} are free there.")
    writer.check_space(keep.path, form)
    region = inference.regions(usable, model.input_size, model.pipeline.regions)
    return writer.keep_heatmaps(keep.path, model, form, usable, region, provenance, lambda kept: run(kept.add))


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


def predictions_path(checkpoint: Path, people: Instances, results: ResultsFolder, asked: Predicting = PLAINLY) -> Path:
    """Where predictions of `people` go: another file for every run, split, annotation file, source of boxes, and option.

    Where photographs are missing and that is allowed, their number is in the name.
    """
    from posebench.samples.images import missing_photographs

    facts = people.dataset, people.box_source, people.source.identity
    data = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
    run = checkpoint.resolve().parent.name
    if checkpoint.name == BEST and checkpoint.with_name(CHECKPOINT).is_file():
        run += "-best"
    elif checkpoint.name != CHECKPOINT:  # not a run's own: an imported one, among others in some folder
        run = f"{plain(checkpoint.name.partition('.')[0])}-{writing.sha256(checkpoint)[:8]}"
    options = [] if asked.how is None else [asked.how.label.replace(" ", "-")]
    options += [f"scales-{'-'.join(f'{scale:g}' for scale in asked.scales)}"] if len(asked.scales) > 1 else []
    options += [] if asked.corruption is None else [f"{asked.corruption.name}-{asked.corruption.severity}"]
    options += [f"{len(missing)}-missing"] if people.allow_missing and (missing := missing_photographs(people)) else []
    options += [] if people.chosen is None else [f"{people.chosen.people}-people"]
    return results.predictions / f"{'-'.join((run, plain(people.split), data, *options))}.h5"
