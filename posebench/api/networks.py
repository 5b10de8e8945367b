"""Networks from Python: train, predict, decode, load published weights, count the cost, check a plugin."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.api.scoring import StrPath, load_people, optional_path, protocol_named
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.cost.record import Cost
    from posebench.inference.heatmap_file import Heatmaps
    from posebench.plugin_checks.runner import Proof
    from posebench.plugins.architecture import Architecture
    from posebench.tasks.prediction.decode import Decodings
    from posebench.tasks.prediction.predict import Predicted
    from posebench.tasks.training.train import Trained
    from posebench.training.run import Progress


def train(
    arch: str, *, protocol: str | Protocol, data: StrPath | None = None, recipe: str | None = None,
    epochs: int | None = None, input_size: tuple[int, int] | None = None, batch_size: int | None = None,
    lr: float | None = None, device: str | None = None, seed: int = 0, limit: int | None = None,
    weights: StrPath | None = None, backbone_weights: StrPath | None = None, fork: StrPath | None = None, pretrained: bool = True,
    workers: int | None = None, results: StrPath = "results", packs: StrPath | None = None, resume: bool = False,
    restart: bool = False, validate_every: int | None = None, select_by: str | None = None,
    early_stop: int | None = None, max_time: str | None = None, track: Sequence[str] = (),
    show: "Callable[[Progress], None]" = lambda progress: None,
) -> "Trained":  # fmt: skip
    """Train a network.

    Args:
        recipe: `paper`, the name of a shipped recipe, or a TOML/JSON file; None for paper with data or
            published weights and quick without.
        input_size: (width, height) of the crops in pixels; None for the recipe's.
        lr: learning rate, instead of the recipe's.
        fork: a checkpoint with whose weights a new run begins.
        pretrained: False starts from random weights, also where the architecture starts from ImageNet weights.
        show: called after every step.
        The others are the options of `posebench train`.

    Returns:
        `Trained`: `.checkpoint` (a path; the best one where the run is validated) and `.notes`.

    Raises:
        PosebenchError: a checkpoint of this run exists, and neither `resume` nor `restart` is set.
    """
    from posebench.tasks.training import train as tasks
    from posebench.tasks.training.job import Settings, make_job
    from posebench.tasks.training.watching import Watching

    settings = Settings(
        recipe=recipe, epochs=epochs, input_size=input_size, batch_size=batch_size, learning_rate=lr, device=device,
        seed=seed, limit=limit, weights=optional_path(weights), backbone_weights=optional_path(backbone_weights),
        fork=optional_path(fork), pretrained=pretrained, workers=workers, packs=optional_path(packs),
        resume=resume, restart=restart,
        watching=Watching(
            validate_every=validate_every, select_by=select_by, early_stop=early_stop, max_time=max_time, track=tuple(track),
        ),
    )  # fmt: skip
    job = make_job(arch, protocol_named(protocol), optional_path(data), settings, Path(results))
    return tasks.train(job, show)


def predict(
    checkpoint: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    out: StrPath | None = None, keep_heatmaps: StrPath | None = None, scales: Sequence[float] = (1.0,),
    corruption: str | None = None, people: int | None = None, allow_missing: bool = False, device: str | None = None,
    workers: int | None = None, results: StrPath = "results", show: Callable[[int, int], None] = lambda done, total: None,
) -> "Predicted":  # fmt: skip
    """Predict the people of a split with a checkpoint.

    Args:
        split: None for the one that `posebench run` scores.
        out: the file to write; None for one below `results`.
        keep_heatmaps: a file for the heatmaps of every person, to be read with `open_heatmaps`; None to keep none.
        scales: decode the mean of the heatmaps of regions that are so many times as large as the person's.
        corruption: of every photograph, such as `fog:3`; None for none.
        people: how many, evenly spread over the split, which are scored as a part of it; None for all.
        allow_missing: whether photographs of the split may be missing: their people count as missed.
        device: `cpu`, `cuda`, `cuda:1` or `mps`; None for a GPU where there is one.
        show: called after every batch with how many people are done, and of how many.

    Returns:
        `Predicted`: `.predictions` (a path) and `.notes`.

    Raises:
        PosebenchError: the checkpoint is damaged or of other keypoints.
    """
    from posebench.data.chosen import choose
    from posebench.results.find_checkpoint import existing_checkpoint
    from posebench.results.folder import ResultsFolder
    from posebench.samples.corruption import read_corruption
    from posebench.tasks.people import run_splits
    from posebench.tasks.prediction import predict as tasks
    from posebench.tasks.worker_count import loader_count
    from posebench.training.devices import use_device

    use_device(device)
    rules, network = protocol_named(protocol), existing_checkpoint(Path(checkpoint))
    damage = None if corruption is None else read_corruption(corruption)
    asked = choose(load_people(rules, data, split or run_splits(rules, optional_path(data)).report), people)
    asked = replace(asked, allow_missing=allow_missing)
    keep = None if keep_heatmaps is None else tasks.KeptHeatmaps(Path(keep_heatmaps))
    how = tasks.Predicting(loader_count(workers, device), keep=keep, scales=scales, corruption=damage)
    file = Path(out) if out else tasks.predictions_path(network, asked, ResultsFolder(Path(results)), how)
    return tasks.predict(network, rules, asked, file, how, show)


def open_heatmaps(file: StrPath) -> "AbstractContextManager[Heatmaps]":
    """Open a heatmap file of `predict`, for a `with` statement.

    The value's methods read one person at a time: `.mean(row)` (S, K, h, w), `.of_pass(row, "mirrored")`, `.peaks(row)`.

    Raises:
        PosebenchError: the file is missing, damaged or of another kind.
    """
    from posebench.inference import heatmap_file

    return heatmap_file.open_heatmaps(Path(file))


def draw_heatmaps(
    file: StrPath, *, protocol: str | Protocol, out: StrPath, data: StrPath | None = None, split: str | None = None,
    rows: Sequence[int] = (), joints: Sequence[str] = (),
) -> Path:  # fmt: skip
    """Draw the heatmaps of every stack of a heatmap file of `predict` beside the annotation, for chosen people.

    Args:
        out: the PNG to write.
        split: None for the one that the file states.
        rows: people, by their row of the split; none for six people whom the last stack corrects.
        joints: keypoints, such as `["left_wrist"]`; none for those that the last stack corrects most.

    Returns:
        The picture's path.

    Raises:
        PosebenchError: the file is damaged or of other people, a row or a keypoint is not there, or a photograph cannot be read.
    """
    from posebench.tasks.people import split_of_files
    from posebench.tasks.prediction.show_heatmaps import show_heatmaps

    rules = protocol_named(protocol)
    people = load_people(rules, data, split or split_of_files([Path(file)], rules))
    show_heatmaps(Path(file), people, Path(out), rows, joints)
    return Path(out)


def decode(
    file: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, decoders: Sequence[str] = (), stacks: Sequence[int] = (), mirrors: Sequence[str] = (),
    out: StrPath | None = None, show: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> "Decodings":  # fmt: skip
    """Decode a heatmap file of `predict` in every way, and score each beside the network's own decoding.

    Args:
        split: None for the one that the file states.
        decoders, stacks, mirrors: which, such as `["dark"]`, `[2]` and `["on"]`; all without any.
        out: a predictions file to write of the one decoding that is chosen; what is not named is then the network's own.
        show: called after every person, then after every scored decoding, with how many are done, of how many, and of what:
            `people` or `decodings`.

    Returns:
        `Decodings`: `.frame` (a row for each decoding), `.save("table.md")`.

    Raises:
        PosebenchError: the file is damaged or of other people, or does not have what is asked for.
    """
    from posebench.tasks.prediction import decode as tasks

    asked = tasks.Asked(tuple(decoders), tuple(stacks), tuple(mirrors), optional_path(out))
    return tasks.decode(Path(file), protocol_named(protocol), optional_path(data), split, convention, asked, show)


def load_network(
    arch: str, weights: "StrPath | Mapping[str, Any]", *, protocol: str | Protocol | None = None,
    input_size: tuple[int, int] | None = None,
) -> "Architecture":  # fmt: skip
    """Load published weights into the architecture of that name, with the pipeline that they expect.

    Args:
        arch: such as `hrnet_w32`.
        weights: a file of the authors of HRNet, SimpleBaseline, the hourglass or mmpose, or the state dict in it.
        protocol: whose keypoints; None to count them in the weights.
        input_size: (width, height) of the crops; None for the published one.

    Raises:
        PosebenchError: the weights are not, tensor by tensor, those of the architecture, or they are a checkpoint of
            posebench, which `load_checkpoint` reads.
    """
    from posebench.training import published_weights

    keypoints = None if protocol is None else protocol_named(protocol).skeleton
    source = weights if isinstance(weights, Mapping) else Path(weights)
    return published_weights.load(arch, source, keypoints=keypoints, input_size=input_size)[0]


def load_checkpoint(checkpoint: StrPath) -> "Architecture":
    """Load a network that posebench trained, imported or exported to ONNX: on the CPU, in eval mode.

    Its `prepare`, `forward` and `decode` take a batch of crops from pixels to keypoints.

    Raises:
        PosebenchError: the file is missing, damaged or of another tool.
    """
    from posebench.inference.stored_network import open_network
    from posebench.tasks.prediction.predict_pictures import skeleton_of

    stored = open_network(Path(checkpoint))
    return stored.network(skeleton_of(stored.trained.keypoints))


def measure_cost(arch: str, *, protocol: str | Protocol = "mpii", input_size: tuple[int, int] | None = None) -> "Cost":
    """Count the parameters, multiply-accumulates and memory of a network. `posebench cost` also measures its time.

        >>> pb.measure_cost("hourglass1").parameters
        3426448

    Args:
        protocol: whose keypoints it finds.
        input_size: (width, height); None for the architecture's own.

    Raises:
        PosebenchError: the network does not run on this size.
    """
    from posebench.cost.measure import measure

    rules = protocol_named(protocol)
    return measure(arch, (rules.name, rules.skeleton), input_size, None)


def check_plugin(name: str, *, train: bool = True) -> "list[Proof]":
    """Run all checks on a plugin, as `posebench plugin check` does.

    Args:
        train: with the check that trains, the longest one.

    Returns:
        One result per kind of plugin of that name; `.failed` says whether a check failed.

    Raises:
        PosebenchError: no plugin has that name.
    """
    from posebench.plugin_checks import suite

    return [suite.prove(kind, name, train=train) for kind in suite.kinds(name)]
