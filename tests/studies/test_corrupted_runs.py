"""Corruptions of a study: a run is trained once, and each condition of the photographs makes a row of it."""

import os
import re
import signal
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from faulty import Sound
from rich.console import Console
from watched_runs import Watching, install

from posebench.cli.show_study import print_answer
from posebench.errors import Interrupted, PosebenchError
from posebench.results.kept_robustness import find_robustness
from posebench.results.record import find_records
from posebench.studies.carry_out import carry_out
from posebench.studies.corrupting import under
from posebench.studies.findings import Answer, find
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.report import markdown, write_report
from posebench.studies.state import RunState, is_of, states
from posebench.studies.study_file import Published, Settings, Study
from posebench.synthetic.people import instances
from posebench.tasks import people

pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed (posebench-2d[robustness])")

MINE = Study(
    name="mine", question="Which loses least?", architectures=("sound", "sound:other"), protocols=("mpii",), recipes=("quick",),
    seeds=(0, 1), input_sizes=((24, 32),), settings=Settings(epochs=1, limit=4, batch_size=2),
    corruptions=("pixelate", "contrast"), severities=(2, 5),
)  # fmt: skip
SCORED = 8
ONE = {"architectures": ("sound",), "seeds": (0,)}


class Steady(Sound):
    """Its keypoints are near where they are on average, so that no score is 0, and depend on the pixels."""

    def decode(self, outputs: Any) -> Any:
        places, scores = super().decode(outputs)
        drawn = instances(self.skeleton, "val", SCORED)
        average = torch.from_numpy(
            ((drawn.keypoints - drawn.center[:, None]) / drawn.size[:, None]).mean(axis=0)
        ).float()
        middle = torch.tensor(self.input_size) / 2
        return middle + average * torch.tensor(self.input_size) + 0.1 * (places - middle), scores


@pytest.fixture(scope="module")
def patched() -> Any:
    """Few people, no pictures of runs, and float32 without a measurement of bfloat16."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(people, "SYNTHETIC_TO_TRAIN", 60)
        monkeypatch.setattr(people, "SYNTHETIC_TO_SCORE", SCORED)
        monkeypatch.setattr("posebench.tasks.scoring.evaluate.Evaluation.draw_overlays", lambda self, results: None)
        for name in ("draw_curves", "draw_sheet"):
            monkeypatch.setattr(f"posebench.tasks.training.story.Story.{name}", lambda *arguments: None)
        monkeypatch.setattr("posebench.training.step.measured_gain", lambda model, batch, device: 0.5)
        install(monkeypatch, Steady)
        yield


pytestmark = pytest.mark.usefixtures("patched")


def plan_of(results: Path, **changes: Any) -> Plan:
    return make_plan(Asked(study=MINE.model_copy(update=changes), results=results, device="cpu"))


@pytest.fixture(scope="module")
def done(patched: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, list[RunState], list[str]]:
    """The study after its four runs, and what was told of them."""
    plan, watching = plan_of(tmp_path_factory.mktemp("done")), Watching()
    return plan, carry_out(plan, watching), watching.told


@pytest.fixture(scope="module")
def answer(done: tuple[Plan, list[RunState], list[str]]) -> Answer:
    return find(done[0], done[1])


class Stopping(Watching):
    """Asks to stop when two of the passes over corrupted photographs are done."""

    @contextmanager
    def predicting(self, asked: Any) -> Any:
        yield lambda done, total: os.kill(os.getpid(), signal.SIGINT) if total > SCORED and done == 2 * SCORED else None


def trained_again() -> None:
    raise AssertionError("the run is trained again")


def headline(state: RunState, condition: str) -> tuple[float, np.ndarray]:
    record = under(condition, state.record, state.corrupted)
    return record.metrics["Mean"], np.array(record.resampled)


def test_a_run_is_trained_once_and_its_scores_on_corrupted_photographs_are_those_of_robustness(done: Any) -> None:
    plan, after, told = done
    assert [line for line in told if "ended" not in line] == [
        "1/4 sound, mpii, seed 0", "2/4 sound:other, mpii, seed 0", "3/4 sound, mpii, seed 1", "4/4 sound:other, mpii, seed 1",
    ]  # fmt: skip
    assert [state.word for state in after] == ["done"] * 4
    kept = {one.name: one for one in find_robustness(plan.asked.results).kept}
    assert sorted(kept) == ["sound, seed 0", "sound, seed 1", "sound:other, seed 0", "sound:other, seed 1"]
    assert [(one.name, one.level) for one in kept["sound, seed 1"].conditions] == [
        ("contrast", 2), ("contrast", 5), ("pixelate", 2), ("pixelate", 5),
    ]  # fmt: skip
    assert len(find_records(plan.asked.results).records) == 4  # none of them is of corrupted photographs
    assert after[0].corrupted.clean.value == after[0].record.metrics["Mean"]


def test_mpc_is_the_mean_of_all_cells_and_change_and_rpc_are_taken_from_it(done: Any) -> None:
    state = done[1][0]
    cells = {
        name: [one.score.value for one in state.corrupted.of("corruption", name)] for name in ("contrast", "pixelate")
    }
    clean, mean = state.record.metrics["Mean"], np.mean([*cells["contrast"], *cells["pixelate"]])
    assert mean != clean > 0
    expected = {
        "clean": clean,
        "mPC": mean,
        "change": mean - clean,
        "rPC": 100 * mean / clean,
        "contrast": np.mean(cells["contrast"]),
    }
    for condition, value in expected.items():
        assert headline(state, condition)[0] == pytest.approx(value)
    drawn = {condition: headline(state, condition)[1] for condition in (*expected, "pixelate")}
    assert {len(one) for one in drawn.values()} == {1000}
    np.testing.assert_allclose(drawn["mPC"], (drawn["contrast"] + drawn["pixelate"]) / 2, atol=2e-6)
    np.testing.assert_allclose(drawn["change"], drawn["mPC"] - np.array(state.record.resampled), atol=2e-6)
    np.testing.assert_allclose(drawn["rPC"], 100 * drawn["mPC"] / np.array(state.record.resampled), atol=1e-4)


def test_networks_are_compared_under_each_condition_and_conditions_with_none(answer: Answer) -> None:
    (found,) = answer.findings
    conditions = ["clean", "mPC", "change", "rPC", "contrast", "pixelate"]
    assert [row.name for row in found.rows] == [
        f"{arch}, {condition}" for condition in conditions for arch in ("sound", "sound:other")
    ]
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        (f"sound:other, {condition}", f"sound, {condition}") for condition in conditions
    ]
    assert [sentence.split(" = ")[0] for sentence in answer.verdicts] == [
        f"{condition}: sound:other − sound" for condition in conditions
    ]
    one, other = (row.row for row in found.rows[4:6])  # change
    assert found.pairs[2].headline.value == pytest.approx(other.headline - one.headline)
    assert other.spread == pytest.approx(np.std(other.by_seed, ddof=1))
    rows = answer.as_json()["findings"][0]["rows"]
    kept = sorted(record.id for record in find_records(answer.plan.asked.results).records if record.name == "sound")
    assert all(sorted(row["records"]) == kept for row in rows[::2])


def test_the_report_says_what_the_conditions_are_and_begins_with_all_corruptions_together(answer: Answer) -> None:
    lines = markdown(answer).splitlines()
    assert (
        "Corrupted photographs: 2 corruptions of severity 2, 5, as posebench robustness makes them. clean is the score on the "
        "photographs as they are, mPC the mean over all corruptions and severities, change is mPC − clean, rPC is mPC in percent "
        "of clean, and the row of a corruption is the mean over its severities."
    ) in lines
    told = [line.split(" = ")[0] for line in lines if line.startswith("- ")]
    assert told == [f"- {condition}: sound:other − sound" for condition in ("clean", "mPC", "change", "rPC")]
    assert sum(line.startswith("| pixelate: sound:other − sound |") for line in lines) == 1
    change = next(line for line in lines if line.startswith("| sound, change |"))
    assert re.match(r"\| sound, change \| [+−]\d+\.\d\d \| [+−]\d+\.\d\d to [+−]\d+\.\d\d \|", change)
    paths = write_report(answer)
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_report(answer)] == before


def measured_with(state: RunState, **changes: Any) -> RunState:
    """The state with another measurement of what all corruptions together say."""
    damage = state.corrupted.corrupted.model_copy(update=changes)
    return replace(state, corrupted=state.corrupted.model_copy(update={"corrupted": damage}))


def test_shares_of_a_clean_score_that_is_0_on_a_resample_are_not_compared_which_is_said(done: Any) -> None:
    plan, after, _ = done
    damage = after[0].corrupted.corrupted
    nothing = damage.resampled | {"clean": [0.0, *damage.resampled["clean"][1:]]}
    answer = find(plan, [measured_with(after[0], resampled=nothing), *after[1:]])
    (found,) = answer.findings
    assert "sound:other, rPC" not in [pair.a for pair in found.pairs]
    assert len(found.pairs) == 5
    assert found.not_compared == "Not compared, because on some resamples the clean score is 0: sound, rPC."
    assert found.not_compared in markdown(answer).replace("\\", "").splitlines()


def test_networks_that_were_measured_with_other_versions_of_the_packages_are_named_as_such(done: Any) -> None:
    plan, after, _ = done
    old = [measured_with(after[0], packages={"numpy": "1.0"}), *after[1:]]
    sentence = "Not all networks were measured with the same versions of the packages that corrupt photographs: "
    assert sentence in markdown(find(plan, old))
    assert sentence not in markdown(find(plan, after))


def test_a_terminal_of_80_columns_shows_all_corruptions_together(answer: Answer) -> None:
    out = Console(width=80, force_terminal=True, file=StringIO(), no_color=True)
    print_answer(out, answer)
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.file.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "change: sound:other − sound = " in text and "pixelate" not in text
    assert "change: mPC − clean; rPC: mPC in percent of clean. The report has every corruption." in text


def test_corruptions_that_a_study_gains_need_no_training_and_an_interrupted_measurement_goes_on(
    done: Any, tmp_path: Path
) -> None:
    (before,) = carry_out(plan_of(tmp_path, **ONE, corruptions=(), severities=()), Watching())
    more = plan_of(tmp_path, **ONE, corruptions=("contrast",), severities=(1, 3, 5))
    assert [state.word for state in states(more)] == ["stopped"]
    with pytest.raises(Interrupted, match="Stopped; the run under way is kept. Type the same command again to go on"):
        carry_out(more, Stopping(trained_again))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("predictions/robustness/*/*.h5")}
    assert len(kept) == 2
    (after,) = carry_out(more, Watching(trained_again))
    assert (
        kept.items()
        <= {path: path.stat().st_mtime_ns for path in tmp_path.glob("predictions/robustness/*/*.h5")}.items()
    )
    assert (after.word, after.record, len(after.corrupted.conditions)) == ("done", before.record, 3)
    told = Watching()
    (again,) = carry_out(more, told)
    assert (told.told, again.corrupted) == ([], after.corrupted)
    (found,) = find(more, [again]).findings
    assert [row.name for row in found.rows] == [f"sound, {one}" for one in ("clean", "mPC", "change", "rPC")]


def test_a_measurement_of_other_cells_or_of_another_network_is_not_taken_and_not_replaced(done: Any) -> None:
    plan, after, _ = done
    fewer = plan_of(plan.asked.results, severities=(5,))
    assert [state.word for state in states(fewer)] == ["stopped"] * 4
    kept = after[0].corrupted
    damage = kept.corrupted.model_copy(update={"resampled": None})
    for odd in (
        kept.model_copy(update={"weights_sha256": "0" * 64}), kept.model_copy(update={"chosen": 7}),
        kept.model_copy(update={"corrupted": damage}), kept.model_copy(update={"corrupted": None}),
        kept.model_copy(update={"data": kept.data.model_copy(update={"box_source": "a detector"})}),
    ):  # fmt: skip
        assert not corrupting_is_of(odd, after[0])
    assert corrupting_is_of(kept, after[0])


def corrupting_is_of(kept: Any, state: RunState) -> bool:
    from posebench.studies.corrupting import is_of as measured_of

    return measured_of(kept, state.record, state.run.corruptions)


def test_predictions_of_corrupted_photographs_are_not_taken_for_the_run(done: Any) -> None:
    state = done[1][0]
    stated = {"name": "fog", "severity": 3, "rule": "advmix", "seed": 1}
    model = state.record.model.model_validate(state.record.model.plain() | {"corrupted": stated})
    assert is_of(state.record, state.run)
    assert not is_of(state.record.model_copy(update={"model": model}), state.run)


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"corruptions": ("fogg",)}, "The study 'mine': No corruption is named 'fogg'. Did you mean 'fog'?"),
        (
            {"published": Published(protocol="mpii", metric="PCKh", source="a paper", values={"sound, snow": 80.0})},
            "a published value of 'sound, snow', which is none of its rows on mpii. Rows: sound, clean; sound, mPC;",
        ),
    ],
)
def test_a_name_that_is_none_is_refused_before_the_first_run(tmp_path: Path, change: dict, complaint: str) -> None:
    with pytest.raises(PosebenchError) as raised:
        plan_of(tmp_path, **change)
    assert complaint in str(raised.value)


def test_a_missing_package_is_said_before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise PosebenchError("Corruptions are computed by a package")

    monkeypatch.setattr("posebench.studies.corrupting.corruptions_library", missing)
    with pytest.raises(PosebenchError, match="Corruptions are computed by a package"):
        plan_of(tmp_path)
    to_read = make_plan(Asked(study=MINE, results=tmp_path), to_read=True)  # what is done can be read without it
    assert [state.word for state in states(to_read)] == ["waiting"] * 4


def test_predictions_for_which_the_disk_has_no_room_are_refused_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 4 runs, each with 1 + 4 passes over 8 people with 16 keypoints of 25 bytes.
    monkeypatch.setattr("posebench.studies.corrupting.free_bytes", lambda path: 50_000)
    with pytest.raises(
        PosebenchError, match=r"on corrupted photographs need 64 kB in .*, but 50 kB are free there. Free some space"
    ):
        plan_of(tmp_path)
