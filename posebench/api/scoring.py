"""Scores from Python: load people and predictions, score, explain and compare. No torch here."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.data import predictions as predictions_files
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.tasks.scoring.compare import Comparison
    from posebench.tasks.scoring.evaluate import Evaluation
    from posebench.tasks.scoring.explain import Explanation

StrPath = str | Path


def protocol_named(protocol: str | Protocol) -> Protocol:
    """The protocol of that name; a protocol is returned as it is."""
    return registry.protocol(protocol) if isinstance(protocol, str) else protocol


def optional_path(path: StrPath | None) -> Path | None:
    return None if path is None else Path(path)


def people_of(
    files: Sequence[StrPath], protocol: Protocol, data: StrPath | None, split: str | None, convention: str | None
) -> Instances:
    """The annotated people of predictions files; see `posebench.tasks.people.people_of_files`."""
    from posebench.tasks.people import people_of_files

    return people_of_files([Path(file) for file in files], protocol, optional_path(data), split, convention)


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

    return people.load_people(protocol_named(protocol), optional_path(data), split, convention)


def load_predictions(
    file: StrPath, protocol: str | Protocol | None = None, people: Instances | None = None
) -> Predictions:
    """Load a predictions file.

        >>> import numpy as np
        >>> people = pb.load_people("mpii")
        >>> np.savez("shifted.npz", keypoints=people.keypoints + 6)
        >>> pb.load_predictions("shifted.npz", "mpii", people).keypoints.shape
        (500, 16, 2)

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
    convention: str | None = None, name: str | None = None, people: Instances | None = None, joints: Sequence[str] = (),
    mapping: StrPath | None = None,
) -> "Evaluation":  # fmt: skip
    """Score a predictions file under a published rule.

        >>> import numpy as np
        >>> people = pb.load_people("mpii")
        >>> np.savez("shifted.npz", keypoints=people.keypoints + 6)
        >>> result = pb.evaluate("shifted.npz", protocol="mpii")
        >>> round(result.metrics["Mean"], 2), result.record.name
        (78.91, 'shifted')

    Args:
        data, convention: as of `load_people`.
        split: None for the one that the file states, else the one that published numbers are about.
        name: the row's name in tables; None for the architecture or the file's name.
        people: the people of the file, if they are loaded already; then `data` and `split` are not used.
        joints: the keypoints to score, where not all; such scores are compared with scores on the same keypoints alone.
        mapping: a CSV of what the file calls the keypoints, where it is of another skeleton (docs/predictions.md).

    Returns:
        An `Evaluation`: `.metrics`, `.intervals`, `.per_joint`, `.frame`, `.notes`, `.save(results)`. Nothing is written yet.

    Raises:
        PosebenchError: the file is damaged or of other people.
    """
    from posebench.tasks.scoring import evaluate as tasks
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    rules = protocol_named(protocol)
    people = people_of([file], rules, data, split, convention) if people is None else people
    asked = asked_keypoints(rules, joints, optional_path(mapping))
    return tasks.evaluate(Path(file), rules, people, convention, name, keypoints=asked)


def score(
    keypoints: Any, people: Instances, *, protocol: str | Protocol, scores: Any = None, presence: Any = None,
    convention: str | None = None, name: str | None = None,
) -> "Evaluation":  # fmt: skip
    """Score keypoints in memory, such as those of one epoch of a training loop.

        >>> people = pb.load_people("mpii")
        >>> pb.score(people.keypoints, people, protocol="mpii").metrics["Mean"]
        100.0

    Args:
        keypoints: (N, K, 2) image pixels, 0-based, in the order of `people`; NaN where a keypoint is not predicted.
        people: the N people, as `load_people` gives them.
        scores: (N, K) confidences; None for 1 everywhere.
        presence: (N, K) probabilities that each keypoint is within the image, for COCO's convention `ex-oks`.
        convention, name: as of `evaluate`.

    Raises:
        PosebenchError: another number of people or keypoints.
    """
    from posebench.tasks.scoring.arrays import predictions_of
    from posebench.tasks.scoring.evaluate import evaluate_predictions

    predictions = predictions_of(keypoints, people, scores, presence=presence)
    return evaluate_predictions(predictions, protocol_named(protocol), people, convention, name)


def save_predictions(
    file: StrPath, keypoints: Any, people: Instances, *, scores: Any = None, presence: Any = None, arch: str | None = None,
    input_size: tuple[int, int] | None = None, parameters: int | None = None, trained_on: str | None = None,
) -> Path:  # fmt: skip
    """Write keypoints of any network as a predictions file.

    Each row answers for one person of `people`, so the file states their box source, `annotation`.

    Args:
        file: the file to write, such as `mine.h5`.
        keypoints, people, scores, presence: as of `score`.
        arch: the network's name. input_size: (width, height) of its crops. parameters: how many it has.
        trained_on: the data that it was trained on, such as `MPII`.

    Returns:
        The file's path.

    Raises:
        PosebenchError: another number of people or keypoints.
    """
    from posebench.tasks.scoring.arrays import predictions_of, provenance_of

    provenance = provenance_of(arch, input_size, parameters, trained_on)
    predictions_files.save(predictions_of(keypoints, people, scores, provenance, presence), Path(file))
    return Path(file)


def explain(
    file: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None
) -> "Explanation":
    """Score a predictions file under every convention of its protocol, with the reason for each difference.

        >>> import numpy as np
        >>> people = pb.load_people("mpii")
        >>> np.savez("shifted.npz", keypoints=people.keypoints + 6)
        >>> explained = pb.explain("shifted.npz", protocol="mpii")
        >>> explained.frame["Mean"].round(2).to_dict()
        {'official': 78.91, 'hrnet': 78.91, 'bearpaw': 78.89, 'mmpose': 78.91, 'princeton': 78.94}

    Returns:
        An `Explanation`: `.frame` (a row per convention), and per convention an `Explained`: `.convention` (its name, rule and
        source), `.scores.metrics`, `.ground_truth`, and what the ground truth and the rule contribute to the difference from
        the first convention.

    Raises:
        PosebenchError: the file cannot be scored under the first convention.
    """
    from posebench.tasks.scoring import explain as tasks

    rules = protocol_named(protocol)
    return tasks.explain(Path(file), rules, optional_path(data), split)


def compare(
    runs: "Sequence[StrPath | Evaluation]", *, protocol: str | Protocol | None = None, data: StrPath | None = None,
    split: str | None = None, convention: str | None = None, names: Sequence[str] = (),
) -> "Comparison":  # fmt: skip
    """Compare predictions files, or evaluations, on the same people: differences, intervals, p-values.

        >>> people = pb.load_people("mpii")
        >>> right = pb.score(people.keypoints, people, protocol="mpii", name="right")
        >>> shifted = pb.score(people.keypoints + 9, people, protocol="mpii", name="shifted")
        >>> pb.compare([right, shifted]).pairs[0].headline.resolved
        True

    Rows of a results folder: `compare_rows`.

    Args:
        runs: two or more; each a predictions file, or what `evaluate` or `score` returned.
        protocol: the rules for the files; evaluations need none.
        data, split, convention: of the files, as of `evaluate`.
        names: one per run, or none.

    Returns:
        A `Comparison`: `.pairs`, `.frame`, `.runs`.

    Raises:
        PosebenchError: as `evaluate`; fewer than two runs; or runs by different rules or of different people.
    """
    from posebench.tasks.scoring import compare as tasks
    from posebench.tasks.scoring import evaluate as scoring

    tasks.check_names([str(run) for run in runs], names)
    files = [Path(run) for run in runs if isinstance(run, str | Path)]
    scored = {}
    if files:
        if protocol is None:
            raise PosebenchError(
                f"No protocol is given to score {files[0]} by. Add protocol=, such as protocol='mpii'."
            )
        rules = protocol_named(protocol)
        people = people_of(files, rules, data, split, convention)
        scored = {file: scoring.evaluate(file, rules, people, convention) for file in files}
    evaluations = [scored[Path(run)] if isinstance(run, str | Path) else run for run in runs]
    origins = [str(run) if isinstance(run, str | Path) else run.record.predictions for run in runs]
    return tasks.compare_evaluations(evaluations, names, origins)
