"""What a study costs: the time of a run from what was measured, and the sentence on all of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from posebench.cli.show_study import cost
from posebench.studies import measure
from posebench.studies.measure import Speed, measured
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.state import RunState
from posebench.studies.study_file import Settings, Study
from posebench.tasks.robustness.conditions import RobustnessAsked

pytestmark = pytest.mark.usefixtures("few_people")

MINE = Study(
    name="mine", question="Which?", architectures=("hourglass1", "hourglass2"), protocols=("mpii",), recipes=("quick",),
    seeds=(0, 1, 2), settings=Settings(epochs=3, limit=50, batch_size=8),
)  # fmt: skip


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(Asked(study=MINE, results=tmp_path))


def test_a_runs_time_is_that_of_its_steps_of_drawing_its_people_and_of_predicting(plan: Plan) -> None:
    # 50 people are 6 batches of 8, 3 times; 20 people are predicted.
    assert Speed(step=0.5, person=0.1, drawing=0.02).seconds(plan.runs[0]) == pytest.approx(
        18 * 0.5 + 50 * 0.02 + 20 * 0.1
    )


def test_photographs_are_corrupted_and_predicted_under_every_condition_and_clean_once_more(plan: Plan) -> None:
    asked = RobustnessAsked(("corruptions",), ("fog", "snow"), (1, 3, 5))
    run = replace(plan.runs[0], corruptions=asked)
    # 20 people, each in a photograph of their own, are predicted once, and then 1 + 6 times.
    assert Speed(step=0.5, person=0.1, corrupting=0.25).seconds(run) == pytest.approx(
        18 * 0.5 + 20 * 8 * 0.1 + 20 * 0.25
    )
    assert cost([RunState(run, "waiting")], {run.key: 60.0}).endswith("prediction with the corruption of photographs.")
    assert cost([RunState(run, "waiting")], {}) == (
        "1 run. Each is made once; its network then predicts everybody 7 times: clean, and with 2 corruptions in 3 severities."
    )


def test_runs_that_differ_in_the_seed_alone_are_measured_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "speed", lambda run: Speed(step=len(run.place.arch), person=0.0))
    told: list[str] = []
    seconds = measured(plan.runs, told.append)
    assert told == ["hourglass1", "hourglass2"]
    assert set(seconds.values()) == {180.0}
    assert set(seconds) == {run.key for run in plan.runs}


def test_the_cost_is_a_sentence_for_what_is_left(plan: Plan) -> None:
    now = [RunState(run, "done" if place < 2 else "waiting") for place, run in enumerate(plan.runs)]
    seconds = {run.key: 1800.0 for run in plan.runs[2:]}
    assert cost(now, seconds).startswith(
        "6 runs, 2 done. The others take about 2 h 0 min on this device, one after the other: "
    )
    assert "They take about" not in cost(now, seconds)
    assert "about 1 h 0 min on 2 GPUs: " in cost(now, seconds, devices=2)
    assert "about 30 min on 8 GPUs: " in cost(now, seconds, devices=8)  # a run is on one
    assert cost(now, {}) == "6 runs, 2 done."
