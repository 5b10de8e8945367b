"""A study on a cluster: each run is a job of an array, through submitit. SLURM decides when and where."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posebench.errors import PosebenchError
from posebench.studies.carry_out import Telling, make
from posebench.studies.findings import find
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.report import write_report
from posebench.studies.state import states

CLUSTERS = ("slurm", "local")
"""Executors of submitit: `local` starts all jobs at once on this machine, to try a study out."""
DAY = 24 * 60
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "slurm": {"timeout_min": DAY, "gpus_per_node": 1, "cpus_per_task": 8},
    "local": {"timeout_min": DAY},
}
"""Of a job, where nothing else is said. A job whose time is over is put back into the queue, and its run goes on."""


@dataclass(frozen=True)
class OneRun:
    """What a job does: one run of a study.

    Attributes:
        key: of the run.
    """

    asked: Asked
    key: str

    def __call__(self) -> str:
        """Make the run; the last job of all writes the report.

        Returns:
            the run's state in a word.

        Raises:
            PosebenchError: the run failed.
        """
        plan = make_plan(self.asked)
        (planned,) = (run for run in plan.runs if run.key == self.key)
        make(plan, planned, Telling(print))
        after = states(plan)
        if all(state.word == "done" for state in after):
            write_report(find(plan, after))
        (state,) = (one for one in after if one.run is planned)
        if state.word == "failed":
            raise PosebenchError(state.detail)
        return state.word

    def checkpoint(self) -> Any:
        """What submitit asks for when a job's time is over: the same job, which goes on from the run's checkpoint."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def submit(plan: Plan, cluster: str, options: Sequence[str]) -> list[Any]:
    """Submit the runs that are neither done nor under way, as one array.

    Args:
        cluster: of `CLUSTERS`.
        options: of submitit's executor, such as `slurm_partition=gpu`.

    Returns:
        submitit's jobs; none where no run is left.

    Raises:
        PosebenchError: submitit is not installed, the cluster is not there, or an option is unknown.
    """
    left = [state.run.key for state in states(plan) if state.word not in ("done", "running")]
    executor = _executor(plan.folder / "jobs", cluster)
    parameters = {**PARAMETERS[cluster], "name": f"posebench-{plan.study.name}", **dict(map(_option, options))}
    try:
        executor.update_parameters(**parameters)
    except (AssertionError, NameError, TypeError, ValueError) as error:
        raise PosebenchError(f"submitit does not take these options: {str(error).splitlines()[0]}") from error
    asked = _absolute(plan.asked)
    with executor.batch() if left else nullcontext():
        return [executor.submit(OneRun(asked, key)) for key in left]


def _executor(folder: Path, cluster: str) -> Any:
    try:
        from submitit import AutoExecutor
    except ImportError as error:
        raise PosebenchError(
            "--cluster needs submitit, which is not installed. Type pip install 'posebench-2d[cluster]'."
        ) from error
    try:
        return AutoExecutor(folder, cluster=cluster)
    except RuntimeError as error:  # no srun here
        raise PosebenchError(
            f"--cluster {cluster}: submitit finds no {cluster} here. Type the command on a machine of the cluster."
        ) from error


def _option(text: str) -> tuple[str, Any]:
    """`slurm_partition=gpu` → the name and the value, a number where it is one."""
    name, sign, value = text.partition("=")
    if not (sign and name.isidentifier()):
        raise PosebenchError(f"--cluster-option {text!r} should be NAME=VALUE, such as slurm_partition=gpu.")
    return name, int(value) if value.isdecimal() else value


def _absolute(asked: Asked) -> Asked:
    """With paths that lead to the same places from every folder."""
    data, boxes = (None if path is None else path.absolute() for path in (asked.data, asked.boxes))
    return replace(asked, data=data, boxes=boxes, results=asked.results.absolute())
