"""Studies from Python: a question, answered by the runs of a file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, optional_path

if TYPE_CHECKING:
    from posebench.studies.findings import Answer


def study(
    name: StrPath, *, data: StrPath | None = None, small: bool = False, boxes: StrPath | None = None, device: str | None = None,
    workers: int | None = None, results: StrPath = "results", make_runs: bool = True,
    say: Callable[[str], None] = lambda sentence: None,
) -> "Answer":  # fmt: skip
    """Make the runs of a study that are not done, and write its report, as `posebench study` does; one run after the other.

    Args:
        name: a TOML file, or the name of a shipped study.
        data: folder of the dataset, or a folder with a folder for each protocol; None for synthetic people.
        small: the study's small size.
        make_runs: False to report what is done, without making any run.
        say: called before and after every run with a sentence.
        The others are the options of `posebench study`.

    Returns:
        `Answer`: `.verdicts` (sentences), `.frame` (differences), `.findings` (rows and pairs by protocol), `.states`.

    Raises:
        PosebenchError: the study is no valid one, or its runs cannot be made; a single run that fails is in `.states` only.
        Interrupted: Ctrl-C or SIGTERM; the run under way has written its checkpoint.
    """
    from posebench.studies import carry_out, findings, report
    from posebench.studies.plan import Asked, make_plan
    from posebench.studies.state import states
    from posebench.studies.study_file import read_study

    found = read_study(str(name))
    plan = make_plan(
        Asked(
            study=found.small_size if small else found, data=optional_path(data), results=Path(results), boxes=optional_path(boxes),
            device=device, workers=workers, small=small,
        ),
        to_read=not make_runs,
    )  # fmt: skip
    now = states(plan)
    if make_runs:
        carry_out.check_beginnings(now)
        now = carry_out.carry_out(plan, carry_out.Telling(say))
    answer = findings.find(plan, now)
    report.write_report(answer)
    return answer
