"""People whom FLIC has twice, and what their two annotations say of the annotators.

FLIC's images were proposed by a person detector, and where it fired twice on one person, both were annotated by different
workers. Two rows of one image are the same person where the labelled keypoints are, in the mean, nearer than 0.3 of the
shorter torso to each other. Any number from 0.15 to 0.6 gives the same people in both halves: 309 of train, 82 of test, and
2 who are in both.
"""

from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import counted
from posebench.scoring.pck import PCK, SMALLEST_SLICE
from posebench.scoring.scores import Ceiling

from .. import label_agreement

SAME_PERSON = 0.3


def annotated_twice(image: Array, keypoints: Array, torso: Array) -> Array:
    """Rows that show the same person.

    Args:
        image: (N,) number of each row's image. keypoints: (N, K, 2), NaN where unlabelled. torso: (N,) pixels.

    Returns:
        (P, 2) rows: a person's first annotation and another one. Three annotations of one person are two pairs.
    """
    pairs = []
    order = np.argsort(image, kind="stable")
    starts = np.flatnonzero(np.diff(image[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        for place in range(1, len(rows)):
            row, before = rows[place], rows[:place]
            same = apart(keypoints[before], keypoints[row]) <= SAME_PERSON * np.minimum(torso[before], torso[row])
            if same.any():
                pairs.append((before[same.argmax()], row))
    return np.array(pairs, np.int64).reshape(-1, 2)


def apart(people: Array, person: Array) -> Array:
    """(N,) mean distance of `people` (N, K, 2) from `person` (K, 2) over what both have labelled; inf where that is nothing."""
    distances = np.linalg.norm(people - person, axis=2)
    both = np.isfinite(distances)
    number, total = both.sum(axis=1), distances.sum(axis=1, where=both)
    mean: Array = np.divide(total, number, out=np.full(len(people), np.inf), where=number > 0)
    return mean


def pairs_of(instances: Instances) -> Array:
    """As `annotated_twice`. `instances` need `torso_diameter`; without it, no duplicates are found."""
    if instances.synthetic or "torso_diameter" not in instances.measures:
        return np.zeros((0, 2), np.int64)
    keypoints = np.where(instances.visibility[..., None] > UNLABELLED, instances.keypoints, np.nan)
    return annotated_twice(instances.image, keypoints, instances.measures["torso_diameter"])


def in_both_halves(halves: list[tuple[list[str], Array, Array]]) -> tuple[str, ...]:
    """A sentence on the images in which the same person is in both halves; none where there is none.

    Args:
        halves: of each, the images' names, keypoints and torsos, as `annotated_twice` takes them.
    """
    (first, *_), _ = halves
    every = [name for images, _, _ in halves for name in images]
    number = {name: i for i, name in enumerate(dict.fromkeys(every))}
    image = np.array([number[name] for name in every], np.int64)
    keypoints, torso = (np.concatenate(column) for column in list(zip(*halves, strict=True))[1:])
    pairs = annotated_twice(image, keypoints, torso)
    shared = list(dict.fromkeys(every[b] for a, b in pairs.tolist() if a < len(first) <= b))
    if not shared:
        return ()
    images = counted(len(shared), "image is", "images are")
    return (
        f"{images} in train and in test, with the same person annotated in both: {', '.join(map(file_name, shared[:3]))}.",
    )


def file_name(image: str) -> str:
    """Without folders."""
    return Path(image).name


def ceiling(instances: Instances, pairs: Array, rule: PCK) -> Ceiling | None:
    """What the annotators reach against each other; None where too few people are there twice.

    Args:
        instances: with the labels and the measure of the rule. pairs: (P, 2), as `pairs_of`.
    """
    if len(pairs) < SMALLEST_SLICE:
        return None
    what = f"Two annotations of the same {len(pairs):,} people of {instances.what}, by the shorter of their torsos."
    one, other = pairs.T
    return label_agreement.ceiling(instances.take(one), instances.take(other), rule, what)
