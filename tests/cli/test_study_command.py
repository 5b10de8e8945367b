"""`posebench study` as a user types it: the plan, the runs, the report, the status, and what is refused."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import entry
import faulty
import pytest
from mpii_folder import write_folder
from terminal import type_posebench

TEXT = """
name = "mine"
question = "Does a network with scores by row and column find wrists better than one with heatmaps?"
architectures = ["Sound", "NoJoints", "Pair"]
protocols = ["mpii"]
recipes = ["quick"]
input_sizes = [[32, 32]]
[settings]
epochs = 1
limit = 8
batch_size = 4
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study, in which the networks of faulty.py are installed."""
    path = tmp_path_factory.mktemp("study")
    faulty.install(path)
    (path / "mine.toml").write_text(TEXT)
    return path


def posebench(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return entry.posebench("study", *arguments, cwd=folder, people=6, **faulty.variables(folder))


@pytest.fixture(scope="module")
def planned(folder: Path) -> dict[str, Any]:
    """What --dry-run prints as JSON, before anything is made."""
    done = posebench("mine.toml", "--dry-run", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert not (folder / "results" / "runs").exists()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def made(folder: Path, planned: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """What the study printed when it was made; one of its networks cannot be decoded."""
    return posebench("--workers", 0, "mine.toml", folder=folder)


def test_the_plan_has_every_run_and_its_measured_time(planned: dict[str, Any]) -> None:
    assert [(run["architecture"], run["seed"], run["state"]) for run in planned["runs"]] == [
        ("Sound", 0, "waiting"), ("NoJoints", 0, "waiting"), ("Pair", 0, "waiting"),
    ]  # fmt: skip
    assert all(run["seconds"] > 0 for run in planned["runs"])
    assert planned["seconds"] == pytest.approx(sum(run["seconds"] for run in planned["runs"]))


def test_runs_are_made_and_a_failed_one_is_an_error_at_the_end(made: Any, folder: Path) -> None:
    assert made.returncode == 1
    last = made.stderr.splitlines()[-1]
    assert last.startswith(
        "Error: 1 of 3 runs failed; type the same command to try again. NoJoints, mpii, seed 0: The architecture"
    )
    for line in (
        "Run 1 of 3: Sound, mpii, seed 0",
        "Run 3 of 3: Pair, mpii, seed 0",
        "Report: results/studies/mine/report.md",
    ):
        assert line in made.stdout, line
    assert "Pair − Sound = " in made.stdout
    report = (folder / "results/studies/mine/report.md").read_text()
    assert "1 run is not done, of 3: NoJoints, mpii, seed 0 (failed)." in report


def test_the_same_command_tries_the_failed_run_alone_again(made: Any, folder: Path) -> None:
    report = (folder / "results/studies/mine/report.md").read_bytes()
    plan = posebench("mine.toml", "--dry-run", "--quiet", folder=folder)
    assert "3 runs, 2 done. The others take about " in " ".join(plan.stdout.split())
    again = posebench("mine.toml", folder=folder)
    assert "3 runs, 2 done. " in again.stdout
    assert [line for line in again.stdout.splitlines() if line.startswith("Run ")] == [
        "Run 1 of 1: NoJoints, mpii, seed 0"
    ]
    assert (folder / "results/studies/mine/report.md").read_bytes() == report


def test_the_status_names_each_run_with_its_score_or_its_reason(made: Any, folder: Path) -> None:
    done = posebench("status", "mine.toml", "--json", folder=folder)
    runs = {run["architecture"]: run for run in json.loads(done.stdout)["runs"]}
    assert [run["state"] for run in runs.values()] == ["done", "failed", "done"]
    assert "failed in decode: KeyError: 'joints'" in runs["NoJoints"]["detail"]
    seen = type_posebench("study", "status", "mine.toml", cwd=folder, columns=80, people=6, **faulty.variables(folder))
    assert seen.lines[0].startswith("Does a network with scores by row and column find wrists")
    assert "2 done, 1 failed" in seen.lines
    assert max(map(len, seen.lines)) <= 80


def test_shipped_studies_are_listed_and_shown(folder: Path) -> None:
    listed = posebench("list", folder=folder).stdout.splitlines()
    assert listed[listed.index("stacks-at-equal-cost") + 1].startswith("    Do more hourglasses in a row")
    assert 'name = "stacks-at-equal-cost"' in posebench("show", "stacks-at-equal-cost", folder=folder).stdout


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (("stacks",), "No study is named 'stacks'. Did you mean 'stacks-at-equal-cost'?"),
        (("mine.toml", "--small"), "The study 'mine' has no small size. Add a table [small] to its file."),
        (
            ("mine.toml", "--cluster-option", "slurm_partition=gpu"),
            "--cluster-option is about --cluster, which is not given.",
        ),
        (("mine.toml", "--cluster", "local", "--cluster-option", "gpu"), "--cluster-option 'gpu' should be NAME=VALUE"),
        (
            ("mine.toml", "--cluster", "local", "--cluster-option", "nonsense=1"),
            "submitit does not take these options:",
        ),
        (("status", "nowhere.toml"), "nowhere.toml does not exist; a study should be there."),
    ],
)
def test_a_mistake_is_one_sentence(folder: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = posebench(*arguments, folder=folder)
    assert (done.returncode, complaint in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_job_of_submitit_makes_a_run_and_the_last_one_writes_the_report(tmp_path: Path) -> None:
    faulty.install(tmp_path)
    text = TEXT.replace('"mine"', '"job"').replace('"Sound", "NoJoints", "Pair"', '"Sound"')
    (tmp_path / "job.toml").write_text(text)
    write_folder(tmp_path / "mpii")  # four people to score; a job draws 500
    job = "job.toml", "--data", "mpii", "--cluster", "local"
    done = posebench(*job, "--workers", 0, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = tmp_path / "results/studies/job/report.md"
    assert wait_for(report, seconds=300), next((tmp_path / "results/studies/job/jobs").glob("*.err")).read_text()
    written = report.read_bytes()
    assert b"| Sound | " in written
    report.unlink()
    again = posebench(*job, folder=tmp_path)  # no run is left
    assert (again.returncode, "Report: " in again.stdout, report.read_bytes()) == (0, True, written)


def wait_for(path: Path, seconds: float) -> bool:
    """Whether a file is there before that time is over."""
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.2)
    return path.exists()


def test_torchrun_is_refused(folder: Path) -> None:
    done = entry.posebench("study", "mine.toml", cwd=folder, WORLD_SIZE="2", RANK="0", **faulty.variables(folder))
    assert "posebench study starts a process for each GPU by itself. Type the command without torchrun." in done.stderr
