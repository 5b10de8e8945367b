"""The people of a split, and a limit on their number."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.plugins import registry
from posebench.synthetic import people as synthetic
from posebench.tasks.people import load_people


def ankles(limit: int | None, monkeypatch: pytest.MonkeyPatch) -> Instances:
    """Of 40 training people, whose right ankles in rows 16, 18 and 25 are not labelled."""
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_TRAIN", 40)
    protocol: Any = SimpleNamespace(skeleton=Skeleton(("right_ankle",)), train_split="train", check_split=str)
    return load_people(protocol, None, "train", limit=limit)


@pytest.mark.parametrize("limit, rows", [(3, 3), (16, 16), (17, 18), (18, 20), (99, 40)])
def test_a_limit_gives_the_first_usable_people(limit: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Usable ones alone: row 17 is the seventeenth of them."""
    every, some = ankles(None, monkeypatch), ankles(limit, monkeypatch)
    expected = [row for row in range(rows) if row not in (16, 18, 25)]
    assert np.flatnonzero(~every.usable).tolist() == [16, 18, 25]
    assert [some.images[image] for image in some.image] == [every.images[row] for row in expected]
    assert np.array_equal(some.keypoints, every.keypoints[expected])


def test_no_more_people_are_made_than_a_limit_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, make = [], synthetic.instances

    def counted(skeleton: Skeleton, split: str, count: int) -> Instances:
        counts.append(count)
        return make(skeleton, split, count)

    monkeypatch.setattr(synthetic, "instances", counted)
    load_people(registry.protocol("mpii"), None, "train", limit=3)
    assert counts == [3]
