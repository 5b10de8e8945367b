"""How many processes make batches, where nobody says."""

import os

import pytest
import torch

from posebench.tasks.worker_count import loader_count, worker_count


@pytest.fixture(autouse=True)
def six_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(6)), raising=False)


def a_gpu(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_a_gpu_is_fed_by_all_cores_but_one_and_a_cpu_by_the_process_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    a_gpu(monkeypatch, True)
    assert [loader_count(None, device) for device in (None, "cuda:1", "cpu")] == [5, 5, 0]
    a_gpu(monkeypatch, False)
    assert loader_count(None) == 0


def test_the_number_that_was_asked_for_is_used_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    a_gpu(monkeypatch, False)
    assert (loader_count(3), loader_count(0), worker_count(3), worker_count(None)) == (3, 0, 3, 5)


def test_more_than_nine_cores_give_eight_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    assert worker_count(None) == 8
