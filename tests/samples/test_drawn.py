"""Pictures of synthetic people: drawn once, the same afterwards, also for worker processes."""

import multiprocessing
import pickle

import numpy as np
import pytest

from posebench.samples import drawn
from posebench.samples.drawn import DrawnPictures
from posebench.synthetic.people import draw

NAMES = tuple(f"people-seed0-train-{number:06d}" for number in range(3))


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were drawn, in order."""
    names: list[str] = []
    monkeypatch.setattr(drawn, "draw", lambda name: (names.append(name), draw(name))[1])
    return names


def test_a_picture_is_drawn_once(drawings: list[str]) -> None:
    pictures = DrawnPictures.room(3)
    for row in (1, 2, 1, 1):
        np.testing.assert_array_equal(pictures.picture(row, NAMES[row]), draw(NAMES[row]))
    assert drawings == [NAMES[1], NAMES[2]]


def test_pictures_without_room_are_drawn_each_time(drawings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "MOST_BYTES", 2 * 256 * 256 * 3)
    pictures = DrawnPictures.room(3)
    for _ in range(2):
        np.testing.assert_array_equal(pictures.picture(2, NAMES[2]), draw(NAMES[2]))
    assert drawings == [NAMES[2], NAMES[2]]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork processes")
def test_what_a_forked_process_draws_is_there_for_the_others(drawings: list[str]) -> None:
    pictures = DrawnPictures.room(3)
    worker = multiprocessing.get_context("fork").Process(target=pictures.picture, args=(2, NAMES[2]))
    worker.start()
    worker.join()
    np.testing.assert_array_equal(pictures.picture(2, NAMES[2]), draw(NAMES[2]))
    assert drawings == []


def test_a_spawned_process_has_room_of_its_own() -> None:
    pictures = DrawnPictures.room(3)
    pictures.picture(0, NAMES[0])
    copy = pickle.loads(pickle.dumps(pictures))  # noqa: S301 (our own bytes)
    assert copy.sizes.tolist() == [[0, 0], [0, 0], [0, 0]]
    np.testing.assert_array_equal(copy.picture(0, NAMES[0]), draw(NAMES[0]))
