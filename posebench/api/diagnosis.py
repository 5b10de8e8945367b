"""Diagnosis from Python. No torch here."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, optional_path, people_of, protocol_named
from posebench.data.instances import Instances
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.tasks.diagnose import Diagnosis
    from posebench.tasks.label_errors import Suspects


def diagnose(
    file: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, people: Instances | None = None, input_size: tuple[int, int] | None = None,
    stride: int = 4, manifest: StrPath | None = None, joints: Sequence[str] = (), mapping: StrPath | None = None,
) -> "Diagnosis":  # fmt: skip
    """Say why a predictions file scores what it scores.

        >>> import numpy as np
        >>> people = pb.load_people("mpii")
        >>> np.savez("shifted.npz", keypoints=people.keypoints + 6)
        >>> diagnosis = pb.diagnose("shifted.npz", protocol="mpii")
        >>> {repair.kind: repair.count for repair in diagnosis.errors.repairs}
        {'jitter': 1632, 'inversion': 32, 'swap': 0, 'miss': 0, 'all': 1664}

    Args:
        data, split, convention, people, joints, mapping: as of `evaluate`.
        input_size: (width, height) of the network's crop, pixels; None for what the file states, else 256×256.
        stride: pixels of a heatmap cell in that crop.
        manifest: a CSV of labels of images or people (docs/diagnosis.md), by which scores are sliced.

    Returns:
        A `Diagnosis`: `.errors` (the kind of every error and what repairs would add), `.registration` (a constant offset of all
        keypoints), `.slices`, `.calibration`, `.sigmas`, `.body_lengths`, `.frame` (every keypoint with its error), `.as_json()`,
        `.save(results)` (beside the file's record), and `.evaluation` (the scores as they are).

    Raises:
        PosebenchError: the file or the manifest is damaged or of other people, or the protocol does not say how near is right.
    """
    from posebench.tasks import diagnose as tasks
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    rules = protocol_named(protocol)
    people = people_of([file], rules, data, split, convention) if people is None else people
    keypoints = asked_keypoints(rules, joints, optional_path(mapping))
    asked = tasks.Asked(input_size, stride, optional_path(manifest), keypoints)
    return tasks.diagnose(Path(file), rules, people, convention, asked)


def label_errors(
    files: Sequence[StrPath], *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, people: Instances | None = None,
) -> "Suspects":  # fmt: skip
    """Find keypoints on which all predictions files agree with each other and not with the annotation.

        >>> import numpy as np
        >>> people = pb.load_people("mpii")
        >>> guess = people.keypoints.copy()
        >>> guess[7, 0] += 60
        >>> np.savez("one.npz", keypoints=guess)
        >>> np.savez("other.npz", keypoints=guess + 1)
        >>> [(one.image, one.keypoint) for one in pb.label_errors(["one.npz", "other.npz"], protocol="mpii").errors.found]
        [('people-seed0-val-000007', 'right_ankle')]

    Args:
        files: two predictions files or more.
        data, split, convention, people, joints, mapping: as of `evaluate`.

    Returns:
        `Suspects`: `.errors.found` (the keypoints, the farthest first), `.save("labels.csv")` and `.draw("labels.jpg")`.

    Raises:
        PosebenchError: there is one file alone, a file is of other people, or the protocol does not say how near is right.
    """
    from posebench.tasks.label_errors import find_label_errors

    rules = protocol_named(protocol)
    people = people_of(files, rules, data, split, convention) if people is None else people
    return find_label_errors([Path(file) for file in files], rules, people, convention)
