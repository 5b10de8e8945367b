"""The Python front door: what `import posebench as pb` offers as functions. Each is a command of the same name.

Everything heavy is imported inside the function that needs it: `import posebench` imports neither torch nor pandas.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.data import predictions as predictions_files
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.plugins import registry
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    import pandas as pd

    from posebench.cost.record import Cost
    from posebench.plugin_checks.runner import Proof
    from posebench.plugins.architecture import Architecture
    from posebench.tasks.compare import Comparison
    from posebench.tasks.evaluate import Evaluation
    from posebench.tasks.explain import Explained
    from posebench.tasks.predict import Predicted
    from posebench.tasks.train import Trained
    from posebench.training.loop import Progress

StrPath = str | Path


def protocol_named(protocol: str | Protocol) -> Protocol:
    """The protocol of that name; a protocol is returned as it is."""
    return registry.protocol(protocol) if isinstance(protocol, str) else protocol


def load_people(
    protocol: str | Protocol, data: StrPath | None = None, split: str | None = None, convention: str | None = None
) -> Instances:
    """Load the annotated people of a split; without data, synthetic people.

        >>> people = pb.load_people("mpii")
        >>> people.what, people.keypoints.shape
        ('synthetic people val', (500, 16, 2))

    Args:
        protocol: such as `mpii`.
        data: the dataset's folder, or one of its annotation files.
        split: None for the one that published numbers are about.
        convention: the published rule that the ground truth file is chosen for; None for the protocol's first one.

    Raises:
        PosebenchError: the split is unknown, or the dataset is not there.
    """
    from posebench.tasks import people

    return people.load_people(protocol_named(protocol), _path(data), split, convention)


def load_predictions(
    file: StrPath, protocol: str | Protocol | None = None, people: Instances | None = None
) -> Predictions:
    """Load a predictions file.

    Args:
        file: posebench's own file; or, with `protocol` and `people`, any form that the protocol reads.
        people: whom the file is about, for forms that do not name people.

    Raises:
        PosebenchError: the file is missing, damaged or of other people.
    """
    if protocol is None or people is None:
        return predictions_files.load(Path(file))
    return protocol_named(protocol).read_predictions(Path(file), people)


def evaluate(
    file: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, name: str | None = None, people: Instances | None = None,
) -> "Evaluation":  # fmt: skip
    """Score a predictions file under a published rule.

        >>> result = pb.evaluate("hg_s8_b1.mat", protocol="mpii", data="mpii")  # doctest: +SKIP
        >>> result.metrics["Mean"], result.intervals["Mean"]  # doctest: +SKIP
        (89.0945, (88.50, 89.66))

    Args:
        data, split, convention: as of `load_people`.
        name: the row's name in tables; None for the architecture or the file's name.
        people: whom the file is about, where they are loaded already; then `data` and `split` are not used.

    Returns:
        An `Evaluation`: `.metrics`, `.intervals`, `.per_joint`, `.frame`, `.notes`, `.save(results)`. Nothing is written yet.

    Raises:
        PosebenchError: the file is damaged or of other people.
    """
    from posebench.tasks import evaluate as tasks

    rules = protocol_named(protocol)
    people = load_people(rules, data, split, convention) if people is None else people
    return tasks.evaluate(Path(file), rules, people, convention, name)


def score(
    keypoints: Any, people: Instances, *, protocol: str | Protocol, scores: Any = None, convention: str | None = None,
    name: str | None = None,
) -> "Evaluation":  # fmt: skip
    """Score keypoints in memory, such as those of one epoch of a training loop.

        >>> people = pb.load_people("mpii")
        >>> pb.score(people.keypoints, people, protocol="mpii").metrics["Mean"]
        100.0

    Args:
        keypoints: (N, K, 2) image pixels, 0-based, in the order of `people`; NaN where a keypoint is not predicted.
        people: the N people, as `load_people` gives them.
        scores: (N, K) confidences; None for 1 everywhere.
        convention, name: as of `evaluate`.

    Raises:
        PosebenchError: another number of people or keypoints.
    """
    from posebench.tasks.arrays import predictions_of
    from posebench.tasks.evaluate import evaluate_predictions

    predictions = predictions_of(keypoints, people, scores)
    return evaluate_predictions(predictions, protocol_named(protocol), people, convention, name)


def save_predictions(
    file: StrPath, keypoints: Any, people: Instances, *, scores: Any = None, arch: str | None = None,
    input_size: tuple[int, int] | None = None, parameters: int | None = None, trained_on: str | None = None,
) -> Path:  # fmt: skip
    """Write keypoints of any network as a predictions file.

    Args:
        file: the file to write, such as `mine.h5`.
        keypoints, people, scores: as of `score`.
        arch: the network's name. input_size: (width, height) of its crops. parameters: how many it has.
        trained_on: the data that it was trained on, such as `MPII`.

    Returns:
        The file's path.

    Raises:
        PosebenchError: another number of people or keypoints.
    """
    from posebench.tasks.arrays import predictions_of, provenance_of

    provenance = provenance_of(arch, input_size, parameters, trained_on)
    predictions_files.save(predictions_of(keypoints, people, scores, provenance), Path(file))
    return Path(file)


def explain(
    file: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None
) -> "list[Explained]":
    """Score a predictions file under every convention of its protocol, with the reason for each difference.

    Returns:
        Per convention an `Explained`: `.convention` (its name, rule and source), `.scores.metrics`, `.ground_truth`, and what
        the ground truth and the rule contribute to the difference from the first convention.

    Raises:
        PosebenchError: the file cannot be scored under the first convention.
    """
    from posebench.tasks import explain as tasks

    rules = protocol_named(protocol)
    return tasks.explain(Path(file), rules, _path(data), split or rules.report_split)


def compare(
    files: Sequence[StrPath], *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, names: Sequence[str] = (),
) -> "Comparison":  # fmt: skip
    """Compare predictions files on the same people: differences, intervals, p-values.

    Args:
        files: two or more.
        names: one per file, or none.

    Returns:
        A `Comparison`: `.pairs`, `.frame`, `.runs`.

    Raises:
        PosebenchError: as `evaluate`; or fewer than two files.
    """
    from posebench.tasks import compare as tasks

    rules = protocol_named(protocol)
    people = load_people(rules, data, split, convention)
    return tasks.compare([Path(file) for file in files], rules, people, convention, names)


def train(
    arch: str, *, protocol: str | Protocol, data: StrPath | None = None, recipe: str | None = None,
    epochs: int | None = None, seed: int = 0, limit: int | None = None, weights: StrPath | None = None,
    workers: int | None = None, results: StrPath = "results", resume: bool = False, restart: bool = False,
    show: "Callable[[Progress], None]" = lambda progress: None,
) -> "Trained":  # fmt: skip
    """Train a network.

    Args:
        recipe: `paper`, `quick`, or a TOML/JSON file; None for paper with data and quick without.
        show: called after every step.
        The others are the options of `posebench train`.

    Returns:
        `Trained`: `.checkpoint` (a path) and `.notes`.

    Raises:
        PosebenchError: a checkpoint of this run exists, and neither `resume` nor `restart` is set.
    """
    from posebench.results.folder import ResultsFolder
    from posebench.tasks import train as tasks

    rules = protocol_named(protocol)
    chosen = tasks.choose_recipe(arch, rules, _path(data), recipe or ("paper" if weights else None), epochs)
    job = tasks.Job(
        arch, rules, _path(data), chosen, seed, ResultsFolder(Path(results)), _path(weights), limit,
        tasks.worker_count(workers),
    )  # fmt: skip
    return tasks.train(job, resume=resume, restart=restart, show=show)


def predict(
    checkpoint: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    out: StrPath | None = None, workers: int | None = None, results: StrPath = "results",
    show: Callable[[int, int], None] = lambda done, total: None,
) -> "Predicted":  # fmt: skip
    """Predict the people of a split with a checkpoint.

    Args:
        split: None for the one that `posebench run` scores.
        out: the file to write; None for one below `results`.
        show: called after every batch with how many people are done, and of how many.

    Returns:
        `Predicted`: `.predictions` (a path) and `.notes`.

    Raises:
        PosebenchError: the checkpoint is damaged or of other keypoints.
    """
    from posebench.results.folder import ResultsFolder
    from posebench.tasks import predict as tasks
    from posebench.tasks.people import run_splits
    from posebench.tasks.train import worker_count

    rules = protocol_named(protocol)
    people = load_people(rules, data, split or run_splits(rules, _path(data)).report)
    file = Path(out) if out else tasks.predictions_path(Path(checkpoint), people, ResultsFolder(Path(results)))
    return tasks.predict(Path(checkpoint), rules, people, file, workers=worker_count(workers), show=show)


def load_network(arch: str, weights: StrPath, *, protocol: str | Protocol | None = None) -> "Architecture":
    """Load published weights into the architecture of that name, with the pipeline that they expect.

    Args:
        arch: such as `hrnet_w32`.
        weights: a file of the authors of HRNet, SimpleBaseline, the hourglass or mmpose.
        protocol: whose keypoints; None to count them in the file.

    Raises:
        PosebenchError: the weights are not, tensor by tensor, those of the architecture.
    """
    from posebench.training.checkpoints import load_published

    keypoints = None if protocol is None else protocol_named(protocol).skeleton
    return load_published(arch, Path(weights), keypoints)


def measure_cost(arch: str, *, protocol: str | Protocol = "mpii", input_size: tuple[int, int] | None = None) -> "Cost":
    """Count the parameters, multiply-accumulates and memory of a network. `posebench cost` also measures its time.

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


def leaderboard(results: StrPath = "results") -> "pd.DataFrame":
    """All leaderboards of a results folder as one table; rows of different leaderboards are not comparable.

    Returns:
        The columns of the CSV files, after `leaderboard`, the title of the one that a row belongs to.

    Raises:
        PosebenchError: the folder is not there, or a record in it is damaged.
    """
    import pandas as pd

    from posebench.report.board import boards
    from posebench.results.record import load_records

    frames = [board.frame.assign(leaderboard=board.title) for board in boards(load_records(Path(results)))]
    if not frames:
        return pd.DataFrame({"leaderboard": []})
    table = pd.concat(frames, ignore_index=True)
    return table[["leaderboard", *(column for column in table.columns if column != "leaderboard")]]


def write_report(results: StrPath = "results") -> list[Path]:
    """Write leaderboards, plots and the page from the records of a results folder.

    Returns:
        The files' paths, `index.html` last.

    Raises:
        PosebenchError: there is no readable record.
    """
    from posebench.report.page import write_report as write

    return write(Path(results))


def _path(path: StrPath | None) -> Path | None:
    return None if path is None else Path(path)
