"""What tests of studies share."""

import pytest

from posebench.tasks import people


@pytest.fixture
def few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 synthetic people to train on and 20 to score: how many there are is not what is tested."""
    monkeypatch.setattr(people, "SYNTHETIC_TO_TRAIN", 60)
    monkeypatch.setattr(people, "SYNTHETIC_TO_SCORE", 20)
