"""What tests of studies share."""

import pytest

from posebench.tasks import people


@pytest.fixture
def few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 synthetic people to train on and 20 to score: how many there are is not what is tested."""
    monkeypatch.setattr(people, "SYNTHETIC_TO_TRAIN", 60)
    monkeypatch.setattr(people, "SYNTHETIC_TO_SCORE", 20)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a run are not what is tested, and take most of its time."""
    monkeypatch.setattr("posebench.tasks.scoring.evaluate.Evaluation.draw_overlays", lambda self, results: None)
    for name in ("draw_curves", "draw_sheet"):
        monkeypatch.setattr(f"posebench.tasks.training.story.Story.{name}", lambda *arguments: None)
