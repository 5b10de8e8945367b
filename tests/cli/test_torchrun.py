"""The commands under torchrun, in two processes on the CPU: one of them speaks, and the people are divided among both."""

import os
import subprocess
import sys
from pathlib import Path

import entry
import faulty
import h5py
import pytest

TORCHRUN = Path(sys.executable).with_name("torchrun")
OF_SEVEN = """
from posebench.tasks import people

people.SYNTHETIC_TO_SCORE = 7
import posebench.__main__
"""
"""`python -m posebench`, but with 7 drawn people to score in place of 500."""
FORKED = """
import sys, uuid

from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def work():
    from posebench.cli.main import main

    main()


settings = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "run_id": str(uuid.uuid4()), "max_restarts": 0}
elastic_launch(LaunchConfig(1, 1, 2, start_method="fork", monitor_interval=1, **settings), work)()
"""
"""`torchrun` with processes that are forked, and so have torch, in place of two that import it anew. It looks at them only each
second: one that fails after the other one is not ended before it could say so."""


def torchrun(*arguments: object, folder: Path, forked: bool = False) -> subprocess.CompletedProcess[str]:
    """Run posebench with these arguments in two processes, with the plugins of faulty.py."""
    (folder / "plugins").mkdir()
    plugins = faulty.install(folder / "plugins")
    environment = os.environ | {
        "PYTHONPATH": f"{plugins}{os.pathsep}{Path(faulty.__file__).parent}",
        "OMP_NUM_THREADS": "1",
    }
    few = "--limit", 6, "--epochs", 1, "--recipe", "quick", "--workers", 0
    script = folder / "script.py"
    script.write_text(FORKED if forked else OF_SEVEN)
    start = [script] if forked else [TORCHRUN, "--nproc_per_node", 2, script]
    return entry.run(list(map(str, (*start, *arguments, "--protocol", "fair", *few))), folder, environment)


def test_run_trains_and_predicts_with_both_processes_and_scores_once(tmp_path: Path) -> None:
    done = torchrun("run", "--arch", "Sound", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Leaderboards and plots: ") == done.stdout.count("train Sound 1/1") == 1
    (predictions,) = (tmp_path / "results" / "predictions").iterdir()
    with h5py.File(predictions) as file:
        assert file["keypoints"].shape == (7, 3, 2)
        assert not file["missing"][:].any()
    assert len(list((tmp_path / "results" / "records").iterdir())) == 1


def test_a_process_leaves_the_others_before_it_ends_at_once() -> None:
    code = "import atexit; from posebench import torchrun; atexit.register(print, 'left'); torchrun.end(3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "left\n", "")


@pytest.mark.parametrize(
    "arch, failure", [("FailsInTheSecondProcess", "failed in forward: "), ("Soundd", "Did you mean")]
)
def test_an_error_of_one_process_or_of_both_is_one_sentence(arch: str, failure: str, tmp_path: Path) -> None:
    done = torchrun("train", "--arch", arch, folder=tmp_path, forked=True)
    assert done.returncode != 0
    assert [line[:7] for line in done.stderr.splitlines() if "Error: " in line[:7]] == ["Error: "]
    assert failure in " ".join(done.stderr.split())
    assert done.stdout == ""
