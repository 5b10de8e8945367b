"""The flow: instances → train → predict → evaluate → record. Each step's result is a file that the next one takes."""

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

import posebench
from posebench import predictions as files
from posebench import recipe as recipes
from posebench import results
from posebench.errors import PosebenchError, counted
from posebench.instances import Instances
from posebench.progress import progress
from posebench.protocol import Protocol
from posebench.recipe import Recipe
from posebench.results import Record
from posebench.scores import Curve, Scores

if TYPE_CHECKING:
    from posebench.architecture import Architecture

if TYPE_CHECKING:
    from posebench.fast import How

EMBEDDED_TO_TRAIN, EMBEDDED_TO_SCORE = 4000, 500


@dataclass(frozen=True)
class Job:
    """One training run to be scored.

    Attributes:
        protocol: whose people and rules.
        data: the dataset's folder or file; None for embedded people.
        results: folder of records; checkpoints and predictions are kept below it.
        weights: a file of published weights to begin with; None for none. With no epochs, they are scored as they are.
        limit: train on the first so many usable people; None for all.
        workers: processes that make batches.
    """

    arch: str
    protocol: Protocol
    data: Path | None
    recipe: Recipe
    seed: int
    results: Path
    weights: Path | None = None
    limit: int | None = None
    workers: int = 0

    def key(self, train: Instances) -> str:
        """Folder and file name of this run: readable, and different wherever anything that matters is."""
        facts = {
            "recipe": self.recipe.model_dump(mode="json"), "limit": self.limit, "protocol": self.protocol.version,
            "data": [train.dataset, train.split, train.source.identity], "arch": self.arch,
            "weights": None if self.weights is None else files.sha256(self.weights),
        }  # fmt: skip
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
        return f"{plain(self.arch)}-{plain(self.protocol.name)}-{self.recipe.name}-seed{self.seed}-{digest}"


def plain(name: str) -> str:
    """A plugin's name as part of a file's, without the colon that not every system takes: `hourglass2-stem=bearpaw`."""
    return re.sub(r"[^\w.=-]+", "-", name)


def load_people(protocol: Protocol, data: Path | None, split: str, convention: str | None = None) -> Instances:
    """The people of a split: annotated ones below `data`, from the file that the convention's evaluator uses; or embedded ones.

    Raises:
        PosebenchError: the split is unknown, or the dataset is not there.
    """
    protocol.check_split(split)
    if data is None:
        from posebench import synthetic

        count = EMBEDDED_TO_TRAIN if split == protocol.train_split else EMBEDDED_TO_SCORE
        try:
            return synthetic.instances(protocol.skeleton, split, count)
        except PosebenchError as error:
            raise PosebenchError(f"{error} Name the photographs of {protocol.name} with --data.") from error
    if not data.exists():
        raise PosebenchError(
            f"--data {data} does not exist. It should be the folder of {protocol.name}, or its annotation file."
        )
    convention = convention or next(iter(protocol.conventions))
    protocol.check_convention(convention)
    return protocol.instances(protocol.annotations(data, split, convention), split)


def people_to_predict(
    protocol: Protocol, annotated: Instances, boxes: Path | None, threshold: float | None, console: Console
) -> Instances:
    """The annotated people, or those whom a detector found in their images; what was left out is told.

    Raises:
        PosebenchError: a threshold without boxes, or the boxes are not what they should be.
    """
    if boxes is None:
        if threshold is not None:
            raise PosebenchError("--box-threshold is about the scores of --boxes, and there are none.")
        return annotated
    found = protocol.detected(annotated, boxes, threshold or 0.0)
    console.print(f"{len(found):,} boxes of {found.box_source} to predict.", highlight=False, markup=False)
    for note in found.source.notes:
        console.print(note, style="yellow", highlight=False, markup=False)
    return found


def worker_count(asked: int | None) -> int:
    """Processes that make batches: as asked, else one less than there are cores, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores - 1) if asked is None else asked


def choose_recipe(arch: str, protocol: Protocol, data: Path | None, name: str | None, epochs: int | None) -> Recipe:
    """The recipe by name; unnamed, `paper` on a dataset and `quick` on embedded people."""
    name = name or ("quick" if data is None else "paper")
    chosen = _published(arch, protocol) if name == "paper" else recipes.choose(name)
    return chosen if epochs is None else chosen.model_copy(update={"epochs": epochs})


def _published(arch: str, protocol: Protocol) -> Recipe:
    """The architecture's own recipe. Only a network tells it; one without memory is enough."""
    import torch

    from posebench.plugins import architecture

    with torch.device("meta"):
        recipe = getattr(architecture(arch, protocol.skeleton), "paper", None)
    if not isinstance(recipe, Recipe):
        raise PosebenchError(
            f"{arch} has no published recipe (its class has no `paper`). Name one: --recipe quick, or a file."
        )
    return recipe


def train(job: Job, console: Console, resume: bool, restart: bool) -> Path:
    """Train, and return the checkpoint's path. Published weights and no epochs: they are it.

    Raises:
        PosebenchError: a checkpoint of this very run is there, and neither `resume` nor `restart` is asked for.
    """
    import torch

    from posebench import train as training

    if job.weights is not None and not job.recipe.epochs:
        return _as_published(job, job.weights)
    people = load_people(job.protocol, job.data, job.protocol.train_split)
    if job.limit is not None:
        people = people.take(np.flatnonzero(people.usable)[: job.limit])
    path = job.results / "runs" / job.key(people) / "checkpoint.pt"
    if path.exists() and not resume:
        if not restart:
            raise PosebenchError(
                f"{path} holds this very run. Add --resume to go on from it, or --restart to train anew."
            )
        path.unlink(missing_ok=True)  # of several processes, one is first
    # Written before the first step: a folder that cannot be written to must not be found after an epoch.
    files.write_text(path.with_name("recipe.json"), job.recipe.model_dump_json(indent=1) + "\n")
    torch.manual_seed(job.seed)
    model = _fresh(job, resumed=path.exists())
    with progress(console, f"train {job.arch}") as update:

        def show(p: training.Progress) -> None:
            update(p.step, p.steps, f"epoch {p.epoch}/{p.epochs}  loss {p.loss:.6f}  rate {p.rate:.1e}")

        state = training.train(model, people, job.recipe, job.seed, path, show, job.workers)
    _tell_unreadable(state["trained_on"]["unreadable"], "were not trained on", console)
    return path


def _fresh(job: Job, resumed: bool) -> "Architecture":
    """The network as training begins: random, from ImageNet, or from published weights. A resumed one gets its own."""
    from posebench import weights
    from posebench.plugins import architecture

    skeleton, size = job.protocol.skeleton, job.recipe.input_size
    if job.weights is not None:
        return weights.load(job.arch, job.weights, keypoints=skeleton, input_size=size)[0]
    model = architecture(job.arch, skeleton, size)
    if job.recipe.pretrained and not resumed and (name := model.load_pretrained()) is not None:
        model.origin = {"weights": name}
    return model


def _as_published(job: Job, file: Path) -> Path:
    """The checkpoint of published weights that are scored as they are."""
    from posebench import checkpoints, weights

    model, _ = weights.load(job.arch, file, keypoints=job.protocol.skeleton, input_size=job.recipe.input_size)
    width, height = job.recipe.input_size
    name = f"{plain(model.name)}-{job.protocol.name}-published-{width}x{height}-{files.sha256(file)[:8]}"
    path = job.results / "runs" / name / "checkpoint.pt"
    checkpoints.save(path, checkpoints.of_published(model))
    return path


def predict(
    checkpoint: Path, protocol: Protocol, people: Instances, out: Path, console: Console, workers: int = 0,
    how: "How | None" = None,
) -> Path:  # fmt: skip
    """Predict `people` with a checkpoint into the file `out`; `how` runs the network another way and says what that changes."""
    import torch
    from accelerate import Accelerator

    from posebench import checkpoints, fast
    from posebench import predict as prediction
    from posebench.train import device_name

    state = checkpoints.load(checkpoint)
    model = checkpoints.network(state, protocol.skeleton, checkpoint)
    device = Accelerator().device
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    flip_test = bool(state["recipe"]["flip_test"])
    provenance = {
        "arch": state["arch"], "parameters": sum(p.numel() for p in model.parameters()), "input_size": state["input_size"],
        "recipe": state["recipe"], "seed": state["seed"], "step": state["step"], "steps": state["steps"],
        "trained_on": state["trained_on"], "pipeline": state["pipeline"]["name"],
        "checkpoint": "the last one", "checkpoint_sha256": files.sha256(checkpoint), "flip_test": flip_test,
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
    files.save(made, out)
    return out


def _tell_unreadable(names: list[str], consequence: str, console: Console) -> None:
    if names:
        many = counted(len(names), "photograph could not be read; its", "photographs could not be read; their")
        console.print(f"[yellow]{many} people {consequence}: {', '.join(names[:3])}", highlight=False)


def predictions_path(checkpoint: Path, people: Instances, folder: Path) -> Path:
    """Where predictions of `people` go: another file for every run, split, annotation file and source of boxes."""
    facts = people.dataset, people.box_source, people.source.identity
    data = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
    return folder / "predictions" / f"{checkpoint.resolve().parent.name}-{people.split}-{data}.h5"


def score(path: Path, protocol: Protocol, people: Instances, convention: str) -> tuple[Scores, files.Predictions]:
    """Score a predictions file.

    Raises:
        PosebenchError: the file is damaged or of other people; names the file.
    """
    made = protocol.read_predictions(path, people)
    with _naming(path):
        return protocol.score(made, people, convention), made


def curves(
    path: Path, protocol: Protocol, people: Instances, convention: str | None, thresholds: Any
) -> tuple[Curve, ...]:
    """The scores of a predictions file over (T,) ascending thresholds.

    Raises:
        PosebenchError: as `score`; or the protocol has no thresholds to choose.
    """
    made = protocol.read_predictions(path, people)
    with _naming(path):
        return protocol.curves(made, people, convention or next(iter(protocol.conventions)), thresholds)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


def evaluate(
    path: Path, protocol: Protocol, people: Instances, convention: str | None, name: str | None
) -> tuple[Record, Scores, files.Predictions]:
    """Score a predictions file; the record is not yet written."""
    convention = convention or next(iter(protocol.conventions))
    scores, made = score(path, protocol, people, convention)
    label = name or str(made.provenance.get("arch") or path.stem)
    if not 0 < len(label) <= results.LONGEST_NAME:
        raise PosebenchError(
            f"The name of a row may have 1 to {results.LONGEST_NAME} characters; this one has {len(label)}."
        )
    return results.make_record(label, protocol, convention, people, made, scores, path), scores, made


def overlays(record: Record, scores: Scores, made: files.Predictions, people: Instances, folder: Path) -> Path | None:
    """Draw the best and the worst cases to `folder/overlays/<record id>.png`.

    Returns:
        The picture's path; None where the protocol does not score people one by one.

    Raises:
        PosebenchError: the photographs are not there.
    """
    from posebench.overlays import overlays as draw
    from posebench.pixels import ImageReader

    if not len(scores.per_person):
        return None
    path = folder / "overlays" / f"{record.id}.png"
    rows = row_of_each(made, people)
    found = rows >= 0
    keypoints, missing = made.keypoints[rows], made.missing[rows] | ~found[:, None]
    what = f"{record.rule.protocol} {record.rule.convention} · {people.what}"
    title = f"{record.name} · {what}; below each: {scores.per_person_metric}"
    reader: Callable[[int], Any] = ImageReader(people)
    per_person = np.where(missing.all(axis=1), np.nan, scores.per_person)  # nothing to draw, perhaps no photograph
    draw(people, keypoints, missing, per_person, reader, path, title)
    return path


def row_of_each(made: files.Predictions, people: Instances) -> Any:
    """(N,) row of `made` that predicts each person of `people`: the one that names them, else the nearest that names nobody.

    -1 where there is neither.
    """
    rows = {
        (made.images[i], p): r for r, (i, p) in enumerate(zip(made.image.tolist(), made.person.tolist(), strict=True))
    }
    unnamed: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero((made.person < 0) & ~made.missing.any(axis=1)).tolist():
        unnamed[made.images[made.image[row]]].append(row)
    found = []
    for person, (image, number) in enumerate(zip(people.image.tolist(), people.person.tolist(), strict=True)):
        row, detected = rows.get((people.images[image], number), -1), unnamed.get(people.images[image], [])
        if row < 0 and detected:
            apart = made.keypoints[detected] - people.keypoints[person]
            row = detected[int((np.hypot(*apart.T).T * (people.visibility[person] > 0)).sum(axis=1).argmin())]
        found.append(row)
    return np.array(found, np.int64)
