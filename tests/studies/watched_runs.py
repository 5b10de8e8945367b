"""Runs in a test's own process: small networks under any name, and what is told of the runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from posebench.plugins.architecture import Architecture
from posebench.results.record import Record
from posebench.studies.plan import PlannedRun


def install(monkeypatch: pytest.MonkeyPatch, network: type[Architecture]) -> None:
    """Let every name be that of this network."""

    def architecture(name: str, skeleton: Any, size: Any = None) -> Architecture:
        model = network(skeleton, size or network.paper.input_size)
        model.name = name
        return model

    for module in ("plugins.registry", "training.checkpoints", "tasks.training.preflight"):
        monkeypatch.setattr(f"posebench.{module}.architecture", architecture, raising=False)
    monkeypatch.setattr("posebench.plugins.registry.check_architecture", lambda name: None)


class Watching:
    """Notes what is told; does something after the first step of training."""

    def __init__(self, at_first_step: Any = lambda: None) -> None:
        self.told: list[str] = []
        self.at_first_step = at_first_step

    def begins(self, planned: PlannedRun, number: int, total: int) -> "Watching":
        self.told.append(f"{number}/{total} {planned.title}")
        return self

    def ended(self, planned: PlannedRun, record: Record) -> None:
        self.told.append(f"ended {planned.title}")

    def failed(self, planned: PlannedRun, reason: str) -> None:
        self.told.append(f"failed {planned.title}: {reason}")

    @contextmanager
    def training(self, job: Any) -> Iterator[Any]:
        yield lambda progress: self.at_first_step() if progress.step == 1 else None

    @contextmanager
    def predicting(self, asked: Any) -> Iterator[Any]:
        yield lambda done, total: None

    def say(self, note: str) -> None:
        pass
