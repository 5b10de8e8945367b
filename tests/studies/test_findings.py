"""Findings and report: rows with seeds, which rows are compared, the verdict, and the paper's figures beside them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import MPII, record

from posebench.results.kept_study import find_studies
from posebench.results.record import Record
from posebench.studies.findings import Answer, find
from posebench.studies.plan import Asked, Plan, PlannedRun, make_plan
from posebench.studies.report import markdown, write_report
from posebench.studies.state import RunState
from posebench.studies.study_file import Published, Study

pytestmark = pytest.mark.usefixtures("few_people")

MINE = Study(
    name="mine", question="Are more stacks better?", source="A paper, table 3", protocols=("mpii",), recipes=("quick",),
    architectures=("hourglass1", "hourglass2", "hourglass2:head=8"), seeds=(0, 1),
    published=Published(protocol="mpii", metric="PCKh@0.5", source="table 3", values={"hourglass1": 80.0, "hourglass2": 81.5}),
)  # fmt: skip
MEANS = {"hourglass1": (60.0, 62.0), "hourglass2": (64.0, 66.0), "hourglass2:head=8": (61.0, 61.5)}
"""Score of each seed."""
NOISE = np.random.default_rng(0).normal(0, 0.5, 200)
OWN = {name: np.random.default_rng(seed).normal(0, 0.1, 200) for seed, name in enumerate(MEANS, start=1)}
"""What the images change for every row, and for one alone."""


def scored(run: PlannedRun, **changes: Any) -> Record:
    mean = MEANS[run.place.arch][run.job.seed]
    model = {"arch": run.place.arch, "seed": run.job.seed, "parameters": 3_400_000, "input_size": [64, 64]}
    return record(
        run.place.arch, metrics=MPII["metrics"] | {"Mean": mean}, intervals={"Mean": (mean - 1, mean + 1)},
        model=model | {"recipe": {}, "trained_on": {}}, predictions=f"{run.key}.h5",
        resampled=(mean + NOISE + OWN[run.place.arch]).tolist(), **changes,
    )  # fmt: skip


def answered(results: Path, study: Study = MINE, done: tuple[int, ...] = (0, 1, 2, 3, 4, 5), **changes: Any) -> Answer:
    """What is found where only these runs are done."""
    asked = Asked(study=study, results=results, small=study.name.endswith("-small"))
    plan = Plan(asked, runs_of(study.architectures, study.recipes), ())
    states = [
        RunState(run, "done", "", scored(run, **changes)) if place in done else RunState(run, "waiting")
        for place, run in enumerate(plan.runs)
    ]
    return find(plan, states)


@cache
def runs_of(architectures: tuple[str, ...], recipes: tuple[str, ...]) -> tuple[PlannedRun, ...]:
    study = MINE.model_copy(update={"architectures": architectures, "recipes": recipes, "published": None})
    return make_plan(Asked(study=study)).runs


def test_each_network_is_compared_with_the_first_over_all_its_seeds(tmp_path: Path) -> None:
    (found,) = answered(tmp_path).findings
    assert [row.headline for row in found.done] == [61.0, 65.0, 61.25]
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        ("hourglass2", "hourglass1"),
        ("hourglass2:head=8", "hourglass1"),
    ]
    assert [round(pair.headline.value, 6) for pair in found.pairs] == [4.0, 0.25]


def test_the_verdict_is_a_sentence_with_the_difference_its_interval_and_whether_it_is_resolved(tmp_path: Path) -> None:
    better, same = answered(tmp_path).verdicts
    assert better.startswith("hourglass2 − hourglass1 = +4.00 [+")
    assert better.endswith("], resolved")
    assert same.startswith("hourglass2:head=8 − hourglass1 = +0.25 [−")
    assert same.endswith("], not resolved")


def test_a_verdict_on_one_seed_says_so(tmp_path: Path) -> None:
    assert answered(tmp_path, done=(0, 1)).verdicts[0].endswith("], resolved (one seed each)")
    assert answered(tmp_path, done=(0, 1, 4)).verdicts[0].endswith("], resolved (one seed of one of the two)")


def test_rows_that_differ_in_two_things_are_not_compared(tmp_path: Path) -> None:
    study = MINE.model_copy(
        update={"architectures": ("hourglass1", "hourglass2"), "recipes": ("quick", "common"), "published": None}
    )
    (found,) = answered(tmp_path, study, done=tuple(range(8))).findings
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        ("hourglass2, quick", "hourglass1, quick"), ("hourglass1, common", "hourglass1, quick"),
        ("hourglass2, common", "hourglass2, quick"), ("hourglass2, common", "hourglass1, common"),
    ]  # fmt: skip


def test_what_is_done_is_compared_and_what_is_missing_is_named(tmp_path: Path) -> None:
    answer = answered(tmp_path, done=(0, 1, 4))
    assert [(row.name, row.missing, row.row is None) for row in answer.findings[0].rows] == [
        ("hourglass1", (1,), False), ("hourglass2", (), False), ("hourglass2:head=8", (0, 1), True),
    ]  # fmt: skip
    assert len(answer.verdicts) == 1
    assert "3 runs are not done, of 6: hourglass2:head=8, mpii, seed 0 (waiting)" in markdown(answer)
    assert markdown(answered(tmp_path, done=())).endswith("## mpii\n\nNo run is done.\n")


def test_the_report_has_scores_seeds_and_differences_beside_the_papers(tmp_path: Path) -> None:
    lines = markdown(answered(tmp_path)).splitlines()
    assert lines[:3] == ["# Study: mine", "", "**Are more stacks better?**"]
    assert "Asked by A paper, table 3." in lines
    assert "| hourglass2 | 65.00 | " in "\n".join(lines)
    row = next(line for line in lines if line.startswith("| hourglass1 |"))
    assert row.split(" | ")[3:] == ["1.41", "0: 60.00, 1: 62.00", "64×64", "3.4", "80.0 |"]
    assert any(
        line.startswith("| hourglass2 − hourglass1 | +4.00 [") and line.endswith("| resolved | +1.50 |")
        for line in lines
    )
    assert any(line.startswith("| hourglass2:head=8 − hourglass1 |") and line.endswith("| – |") for line in lines)
    assert lines[-1].startswith(
        "Paper: PCKh@0.5 (table 3). Its rule, boxes and people may differ from those of the rows"
    )


@pytest.mark.parametrize("name, data", [("mine-small", {}), ("mine", {"synthetic": True})])
def test_the_papers_figures_stand_in_no_table_of_other_people_or_of_the_small_size(
    tmp_path: Path, name: str, data: dict
) -> None:
    text = markdown(answered(tmp_path, MINE.model_copy(update={"name": name}), data=data))
    assert "| paper |" not in text
    assert (
        "The paper has, at full size on its own photographs, and therefore not comparable with these rows: hourglass1 80.0; "
        "hourglass2 81.5. PCKh@0.5 (table 3)."
    ) in text


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    first = [(path.name, path.read_bytes()) for path in write_report(answered(tmp_path))]
    assert [name for name, _ in first] == ["scores-mpii.png", "study.json", "report.md"]
    assert [(path.name, path.read_bytes()) for path in write_report(answered(tmp_path))] == first
    assert (tmp_path / "studies" / "mine" / "scores-mpii-dark.png").is_file()


def test_a_figure_without_differences_is_removed(tmp_path: Path) -> None:
    write_report(answered(tmp_path))
    *_, path = write_report(answered(tmp_path, done=(0,)))
    assert sorted(file.name for file in path.parent.iterdir()) == ["report.md", "study.json"]


def test_what_the_reports_page_shows_is_kept(tmp_path: Path) -> None:
    write_report(answered(tmp_path, done=(0, 1, 3)))
    kept = find_studies(tmp_path).kept["mine"]
    assert (kept.question, kept.source) == ("Are more stacks better?", "A paper, table 3")
    assert kept.notes[0].startswith("3 runs are not done, of 6: hourglass2:head=8, mpii, seed 0 (waiting)")
    (found,) = kept.findings
    assert (found.protocol, found.synthetic, len(found.verdicts)) == ("mpii", False, 1)
    assert found.verdicts[0].startswith("hourglass2 − hourglass1 = +")


def test_names_cannot_write_markdown(tmp_path: Path) -> None:
    study = MINE.model_copy(update={"question": "Is [this](http://elsewhere) <b>better</b>?"})
    text = markdown(answered(tmp_path, study))
    assert r"**Is \[this\](http<!-- -->://elsewhere) &lt;b&gt;better&lt;/b&gt;?**" in text


def test_rows_without_common_resamples_say_why_they_are_not_compared(tmp_path: Path) -> None:
    answer = answered(tmp_path)
    states = [
        RunState(one.run, "done", "", one.record.model_copy(update={"resampled": []}) if one.record else None)
        for one in answer.states
    ]
    (found,) = find(answer.plan, states).findings
    assert (found.pairs, "have no resamples" in found.problem) == ((), True)


def test_everything_is_json(tmp_path: Path) -> None:
    told = answered(tmp_path, done=(0, 3, 1)).as_json()
    assert (told["study"], [run["state"] for run in told["runs"]].count("done")) == ("mine", 3)
    (found,) = told["findings"]
    assert [row["headline"] for row in found["rows"]] == [61.0, 64.0, None]
    assert found["pairs"][0]["headline"]["difference"] == 3.0
