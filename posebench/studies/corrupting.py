"""Corrupting: what a run's network scores on corrupted photographs. It takes further passes, and no training."""

from pathlib import Path

import numpy as np

from posebench.data.instances import Instances
from posebench.diagnosis import robustness as estimates
from posebench.diagnosis.estimate import Estimate
from posebench.errors import PosebenchError
from posebench.files.writing import free_bytes, shown_bytes
from posebench.results.folder import ResultsFolder
from posebench.results.kept_robustness import CLEAN, MPC, RPC, Corrupted, KeptRobustness
from posebench.results.make_record import all_known
from posebench.results.record import Record
from posebench.samples.corruption import CORRUPTIONS, check_corruptions, check_sizes, corruptions_library
from posebench.studies.study_file import Study
from posebench.tasks.robustness import measure as robustness
from posebench.tasks.robustness.conditions import RobustnessAsked
from posebench.tasks.run import Viewer
from posebench.tasks.training.job import Job
from posebench.tasks.training.preflight import BYTES_PER_KEYPOINT

CHANGE = "change"
"""mPC − the score on the photographs as they are."""
SUMMARY = CLEAN, MPC, CHANGE, RPC
"""Conditions that are about all corruptions together."""


def asked_of(study: Study, boxes: Path | None) -> RobustnessAsked | None:
    """What is measured of every run of a study; None where its photographs are not corrupted.

    Raises:
        PosebenchError: a corruption or a severity is unknown.
    """
    if not study.corruptions:
        return None
    check_corruptions(study.corruptions, study.severities)
    return RobustnessAsked(("corruptions",), study.corruptions, study.severities, boxes=boxes)


def check_possible(people: Instances, asked: RobustnessAsked, runs: int, results: ResultsFolder) -> None:
    """Check that people can be predicted on corrupted photographs.

    Args:
        runs: how many networks will predict them.

    Raises:
        PosebenchError: the package that corrupts is not installed, some photographs are too small, or the disk has too little
            room for the predictions.
    """
    corruptions_library()
    check_sizes(people)
    each = int(people.usable.sum()) * len(people.skeleton) * BYTES_PER_KEYPOINT
    needed = runs * passes(asked) * each
    if needed > (free := free_bytes(results.path)):
        raise PosebenchError(
            f"The predictions of {people.what} on corrupted photographs need {shown_bytes(needed)} in {results.path}, but "
            f"{shown_bytes(free)} are free there. Free some space, or name another folder with --results."
        )


def passes(asked: RobustnessAsked) -> int:
    """How many times people are predicted: clean once more, and under every corruption and severity."""
    return 1 + len(asked.cells)


def conditions(study: Study) -> tuple[str, ...]:
    """Those under which each network has a row; the mean over severities of a corruption only where there are several."""
    if not study.corruptions:
        return ("",)
    return (*SUMMARY, *(name for name in CORRUPTIONS if name in study.corruptions and len(study.corruptions) > 1))


def measure(
    job: Job, checkpoint: Path, people: Instances, asked: RobustnessAsked, name: str, viewer: Viewer
) -> KeptRobustness:
    """What `posebench robustness` keeps of a run's checkpoint: its scores under every corruption and severity.

    Args:
        people: the annotated people of the split.
        name: of the row in tables of robustness.

    Raises:
        PosebenchError: as `posebench.tasks.robustness.measure`.
        Interrupted: Ctrl-C or SIGTERM; what is predicted is kept.
    """
    from posebench.training.devices import use_device

    use_device(job.device)
    planned = robustness.plan(str(checkpoint), job.protocol, people, asked, results=job.results.path, name=name)
    with viewer.predicting(planned.people) as show:
        return robustness.measure(planned, job.workers, lambda done, total, condition: show(done, total))


def is_of(kept: KeptRobustness, record: Record, asked: RobustnessAsked) -> bool:
    """Whether a measurement is of a record's network, rule and people, under what is asked, with all that a row needs."""
    damage = kept.corrupted
    if damage is None or damage.resampled is None:
        return False
    cells = tuple((name, severity) for name in damage.names for severity in damage.severities)
    scored = kept.group[: len(record.group)] == record.group  # rule and people come first in both
    same = kept.weights_sha256 == record.model.checkpoint_sha256 and scored
    whole = kept.chosen == kept.people_of_split
    return same and whole and (cells, damage.rule, damage.seed) == (asked.cells, asked.rule, asked.seed)


def under(condition: str, record: Record, kept: KeptRobustness) -> Record:
    """The record as it would be if its headline were that under a condition, with its resamples; it is not kept anywhere.

    Args:
        record: of the run, on the photographs as they are. kept: of the same network, as `is_of`.
        condition: of `conditions`.
    """
    if condition == CLEAN or kept.corrupted is None:
        return record
    found, drawn = _headline(condition, record, kept, kept.corrupted)
    bounded = condition not in (CHANGE, RPC)
    rule, made = record.rule, kept.resampling
    return record.model_copy(
        update={
            "rule": rule.model_copy(update={"unit": "%"}) if condition == RPC else rule,
            "data": record.data.model_copy(update={"corruption": condition}),
            "metrics": {rule.headline: found.value if np.isfinite(found.value) else None},
            "intervals": {} if found.interval is None else {rule.headline: found.interval},
            "resampling": made if bounded else made.model_copy(update={"largest": None}),
            "resampled": drawn, "per_joint": {}, "per_joint_intervals": {}, "curves": [], "slices": [],
        }
    )  # fmt: skip


def _headline(condition: str, record: Record, kept: KeptRobustness, damage: Corrupted) -> tuple[Estimate, list[float]]:
    """The headline under a condition, and its resamples; none where one is unknown."""
    resampled = damage.resampled or {}
    if condition == MPC:
        return damage.mpc, damage.mpc_resampled
    if condition not in (CHANGE, RPC):
        return damage.means[condition], resampled[condition]
    known = len(resampled[CLEAN]) == len(damage.mpc_resampled)
    clean = np.array([kept.clean.value, *(resampled[CLEAN] if known else ())])
    mean = np.array([damage.mpc.value, *(damage.mpc_resampled if known else ())])
    if condition == RPC:
        return damage.rpc, all_known(estimates.percent(mean, clean)[1:])
    return estimates.change(mean, clean, record.sampling), all_known((mean - clean)[1:])
