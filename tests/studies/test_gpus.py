"""Several GPUs: which there are, and a process for each that sees it alone."""

import os
from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.studies.gpus import gpus, share
from posebench.studies.plan import Asked, Plan
from posebench.studies.study_file import Study

PLAN = Study(name="mine", question="Which?", architectures=("hourglass1",), protocols=("mpii",))


def plan_of(results: Path) -> Plan:
    return Plan(Asked(study=PLAN, results=results), (), ())


def note_what_is_seen(asked: Asked, log: Path) -> None:
    """What a process does here instead of making runs."""
    log.write_text(f"{asked.study.name} on {os.environ['CUDA_VISIBLE_DEVICES']}")


def fail(asked: Asked, log: Path) -> None:
    """What a process does that meets an error of its own."""
    os._exit(3)


@pytest.mark.parametrize(
    "count, visible, device, expected",
    [
        (4, None, None, ["0", "1", "2", "3"]),
        (2, "5,7", None, ["5", "7"]),
        (1, None, None, []),
        (0, None, None, []),
        (4, None, "cuda:1", []),
    ],
)
def test_there_is_a_process_for_each_of_several_gpus(
    count: int, visible: str | None, device: str | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus(device) == expected


def test_each_process_sees_one_gpu_and_this_one_sees_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    looked: list[int] = []
    assert share(plan_of(tmp_path), ["5", "7"], lambda states: looked.append(len(states)), note_what_is_seen) == []
    folder = tmp_path / "studies" / "mine"
    assert [(folder / f"gpu-{name}.log").read_text() for name in "57"] == ["mine on 5", "mine on 7"]
    assert (os.environ["CUDA_VISIBLE_DEVICES"], set(looked)) == ("5,7", {0})


def test_a_process_that_ends_with_an_error_is_named_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"The process of GPU 1 ended with code 3; .*gpu-1\.log says why\."):
        share(plan_of(tmp_path), ["1", "2"], lambda states: None, fail)
