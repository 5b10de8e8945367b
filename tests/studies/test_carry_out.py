"""Runs of a study in this process: each once, shared by locks, kept by Ctrl-C, and found by their records."""

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stranger import Tiny
from watched_runs import Watching, install

import posebench as pb
from posebench.errors import Interrupted, PosebenchError
from posebench.files.locking import locked
from posebench.results.record import find_records
from posebench.samples.loader import Samples
from posebench.studies.carry_out import carry_out, check_beginnings
from posebench.studies.measure import speed
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.state import claim, is_of, states
from posebench.studies.study_file import Settings, Study
from posebench.tasks.run import run

MINE = Study(
    name="mine", question="Which?", architectures=("tiny", "tiny:other"), protocols=("mpii",), recipes=("quick",),
    seeds=(0, 1), input_sizes=((24, 32),), settings=Settings(epochs=2, limit=8, batch_size=4),
    joints=("left_wrist", "right_wrist"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, few_people: None, no_pictures: None) -> None:
    """Installed architectures whose names begin with `tiny`."""
    install(monkeypatch, Tiny)


def plan_of(results: Path, **changes: Any) -> Plan:
    return make_plan(Asked(study=MINE.model_copy(update=changes), results=results, device="cpu"))


def words(plan: Plan) -> list[str]:
    return [state.word for state in states(plan)]


def test_every_run_is_made_once_and_has_a_record_of_all_keypoints_and_of_the_studys(tmp_path: Path) -> None:
    plan, watching = plan_of(tmp_path), Watching()
    assert [state.word for state in carry_out(plan, watching)] == ["done"] * 4
    assert watching.told[:3] == ["1/4 tiny, mpii, seed 0", "ended tiny, mpii, seed 0", "2/4 tiny:other, mpii, seed 0"]
    records = find_records(tmp_path).records
    assert sorted(record.rule.keypoints for record in records) == [()] * 4 + [("right_wrist", "left_wrist")] * 4
    assert states(plan)[3].answer.rule.keypoints == ("right_wrist", "left_wrist")
    again = Watching()
    carry_out(plan_of(tmp_path), again)
    assert again.told == []


def test_initial_weights_that_cannot_be_had_are_found_before_the_first_run_of_those_that_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bare(Tiny):
        def load_pretrained(self) -> str:
            raise PosebenchError(f"The weights of {self.name} are not here.")

    plan = plan_of(tmp_path, architectures=("tiny",), seeds=(3,))
    carry_out(plan, Watching())
    install(monkeypatch, Bare)
    check_beginnings(states(plan))  # it is done
    both = plan_of(tmp_path, seeds=(3, 4))
    with pytest.raises(PosebenchError) as raised:
        check_beginnings(states(both))
    found = "1. tiny:other: The weights of tiny:other are not here.", "2. tiny: The weights of tiny are not here."
    assert str(raised.value).split("\n  ") == ["Nothing was trained:", *found]


def test_a_run_that_posebench_run_has_made_is_only_scored_on_the_studys_keypoints(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, architectures=("tiny",), seeds=(3,))
    (planned,) = plan.runs
    record = run(planned.job, planned.people.scored, planned.people.asked, Watching(), name="a name of its own")
    assert is_of(record, planned)

    def trained_again() -> None:
        raise AssertionError("the run is trained again")

    carry_out(plan, Watching(trained_again))
    (state,) = states(plan)
    assert (state.word, state.record) == ("done", record)
    assert repr(state) == f"<{state.run.title}: done>"
    assert state.answer.predictions_sha256 == record.predictions_sha256


def test_where_there_are_no_imagenet_weights_a_run_is_found_whatever_the_study_says_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (planned,) = plan_of(tmp_path, architectures=("tiny",), seeds=(3,)).runs
    record = run(planned.job, planned.people.scored, planned.people.asked, Watching())
    random = MINE.settings.model_copy(update={"pretrained": False})
    (other,) = plan_of(tmp_path, architectures=("tiny",), seeds=(3,), settings=random).runs
    recipe = {**record.model.recipe, "pretrained": False}
    older = record.model_copy(update={"model": record.model.model_copy(update={"recipe": recipe})})
    assert (other.key, is_of(record, other), is_of(older, other)) == (planned.key, True, True)
    monkeypatch.setattr(Tiny, "has_pretrained", True)
    (other,) = plan_of(tmp_path, architectures=("tiny",), seeds=(3,), settings=random).runs
    assert (is_of(record, other), is_of(older, other), is_of(older, planned)) == (False, True, False)


def test_records_of_other_runs_are_not_taken_for_a_run(tmp_path: Path) -> None:
    (planned,) = plan_of(tmp_path, architectures=("tiny",), seeds=(3,)).runs
    record = run(planned.job, planned.people.scored, planned.people.asked, Watching())
    for seed, settings in (
        (4, MINE.settings),
        (3, Settings(epochs=1, limit=8, batch_size=4)),
        (3, Settings(epochs=2, limit=7, batch_size=4)),
    ):
        (other,) = plan_of(tmp_path, architectures=("tiny",), seeds=(seed,), settings=settings).runs
        assert not is_of(record, other)
    for changed in (
        {"step": 3}, {"stopped": "--max-time"}, {"arch": "tiny:other"},
        {"trained_on": record.model.trained_on.model_copy(update={"began_with": {"weights": "a", "file": "a.pth"}})},
        {"trained_on": record.model.trained_on.model_copy(update={"continued": [{"step": 1}]})},
    ):  # fmt: skip
        assert not is_of(record.model_copy(update={"model": record.model.model_copy(update=changed)}), planned)


def test_ctrl_c_keeps_the_run_under_way_and_the_next_process_goes_on(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, architectures=("tiny",))
    with pytest.raises(Interrupted):
        carry_out(plan, Watching(lambda: signal.raise_signal(signal.SIGINT)))
    assert words(plan) == ["stopped", "waiting"]
    steps: list[int] = []
    carry_out(plan, Watching(lambda: steps.append(1)))
    assert (words(plan), len(steps)) == (["done", "done"], 1)  # the first run has done its first step before


def test_a_run_that_another_process_makes_is_left_to_it(tmp_path: Path) -> None:
    plan, watching = plan_of(tmp_path, architectures=("tiny",)), Watching()
    with locked(claim(plan.runs[0], plan), "makes it"):
        (first, _) = states(plan)
        assert (first.word, first.detail.startswith("process ")) == ("running", True)
        carry_out(plan, watching)
    assert watching.told == ["2/2 tiny, mpii, seed 1", "ended tiny, mpii, seed 1"]
    assert words(plan) == ["waiting", "done"]


def test_a_run_that_fails_says_why_and_the_others_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, watching = plan_of(tmp_path, architectures=("tiny",)), Watching()
    with monkeypatch.context() as broken:
        decode = Tiny.decode
        broken.setattr(
            Tiny,
            "decode",
            lambda self, outputs: decode(self, outputs * float("nan")) if seed() == 0 else decode(self, outputs),
        )

        def seed() -> int:
            return int(watching.told[-1][-1])

        carry_out(plan, watching)
    first, second = states(plan)
    assert (first.word, second.word) == ("failed", "done")
    assert first.detail.startswith("The network's keypoints or scores are not finite for ")
    assert watching.told[1] == f"failed tiny, mpii, seed 0: {first.detail}"
    carry_out(plan, watching)
    assert words(plan) == ["done", "done"]


def test_a_run_that_posebench_run_trains_now_is_no_failure(tmp_path: Path) -> None:
    plan, watching = plan_of(tmp_path, architectures=("tiny",), seeds=(0,)), Watching()
    lock = plan.runs[0].job.results.checkpoint(plan.runs[0].key).with_name("lock")
    with locked(lock, "trains it"):
        carry_out(plan, watching)
    assert watching.told[1].startswith("failed tiny, mpii, seed 0: This process already trains ")
    assert words(plan) == ["waiting"]


def test_an_error_of_the_code_ends_the_study_and_is_the_runs_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path, architectures=("tiny",), seeds=(0,))
    monkeypatch.setattr("posebench.studies.carry_out.run", lambda *arguments, **more: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        carry_out(plan, Watching())
    (state,) = states(plan)
    assert (state.word, state.detail) == ("failed", "ZeroDivisionError: integer division or modulo by zero")


def test_a_network_is_measured_by_steps_that_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def half_a_second_later() -> float:
        clock[0] += 0.5
        return clock[0]

    class Slow(Samples):
        def batch(self, pairs: Any) -> Any:
            clock[0] += 8 if pairs[0][0] == 0 else 4  # synthetic people are drawn in the first epoch
            return super().batch(pairs)

    monkeypatch.setattr("posebench.studies.measure.Samples", Slow)
    monkeypatch.setattr("posebench.studies.measure.time", SimpleNamespace(perf_counter=half_a_second_later))
    (run,) = plan_of(tmp_path, architectures=("tiny",), seeds=(0,)).runs
    found = speed(run)  # of batches of four people, which are made within 8.5 and 4.5 seconds
    assert (found.step, found.person, found.drawing) == (0.5 + 4.5, (0.5 + 8.5) / 4, 1.0)
    assert not list(tmp_path.iterdir())


TEXT = """
name = "mine"
question = "Which?"
architectures = ["tiny", "tiny:other"]
protocols = ["mpii"]
recipes = ["quick"]
joints = ["left_wrist", "right_wrist"]
[small]
seeds = [5]
input_sizes = [[24, 32]]
epochs = 1
limit = 4
batch_size = 2
"""


def test_python_makes_the_runs_and_returns_the_answer(tmp_path: Path) -> None:
    file, results, said = tmp_path / "mine.toml", tmp_path / "results", []
    file.write_text(TEXT)
    before = pb.study(file, small=True, device="cpu", results=results, make_runs=False)
    assert (before.verdicts, [state.word for state in before.states]) == ([], ["waiting", "waiting"])
    answer = pb.study(file, small=True, device="cpu", results=results, say=said.append)
    assert [text for text in said if text.startswith("Run ")] == [
        "Run 1 of 2: tiny, mpii, seed 5", "Run 2 of 2: tiny:other, mpii, seed 5",
    ]  # fmt: skip
    (verdict,) = answer.verdicts
    assert verdict.startswith("tiny:other − tiny = ")
    assert answer.frame[["a", "b", "name"]].values.tolist() == [["tiny:other", "tiny", "Mean"]]
    assert repr(answer) == f"<Study mine-small, 2 of 2 runs done: {verdict}>"
    assert (results / "studies" / "mine-small" / "report.md").is_file()
