"""Decoders of a study: a run is trained once, and each decoder makes a row of it."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from faulty import Pair, Sound
from rich.console import Console
from watched_runs import Watching, install

from posebench.cli.show_study import print_states
from posebench.errors import PosebenchError
from posebench.results.record import Record, find_records, save_record
from posebench.studies.carry_out import carry_out
from posebench.studies.findings import find
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.state import RunState, is_of, state_of, states
from posebench.studies.study_file import Published, Settings, Study

MINE = Study(
    name="mine", question="Which?", architectures=("sound", "sound:other"), protocols=("mpii",), recipes=("quick",),
    seeds=(0,), input_sizes=((24, 32),), settings=Settings(epochs=1, limit=4, batch_size=2), decoders=("argmax", "dark"),
)  # fmt: skip
ONE = {"architectures": ("sound",)}


@pytest.fixture(autouse=True)
def sound(monkeypatch: pytest.MonkeyPatch, few_people: None, no_pictures: None) -> None:
    """Installed architectures of which each has heatmaps of 8×6 cells."""
    install(monkeypatch, Sound)


def plan_of(results: Path, **changes: Any) -> Plan:
    return make_plan(Asked(study=MINE.model_copy(update=changes), results=results, device="cpu"))


def trained_again() -> None:
    raise AssertionError("the run is trained again")


def decoded(state: RunState) -> dict[str, str]:
    return {decoder: its.whole.model.decoded.sentence for decoder, its in state.decoded.items()}


def stating(record: Record, **changes: Any) -> Record:
    """The record with other facts on its network."""
    return record.model_copy(update={"model": record.model.model_copy(update=changes)})


def test_a_run_is_trained_once_and_has_a_record_for_each_decoder(tmp_path: Path) -> None:
    plan, watching = plan_of(tmp_path), Watching()
    done = carry_out(plan, watching)
    assert watching.told == [
        "1/2 sound, mpii, seed 0", "ended sound, mpii, seed 0",
        "2/2 sound:other, mpii, seed 0", "ended sound:other, mpii, seed 0",
    ]  # fmt: skip
    ways = {"argmax": "argmax, stack 1, mirror on", "dark": "dark, stack 1, mirror on"}
    assert [decoded(state) for state in done] == [ways, ways]
    names = sorted(record.name for record in find_records(tmp_path).records)
    assert names == [
        "sound", "sound, argmax", "sound, dark", "sound:other", "sound:other, argmax", "sound:other, dark",
    ]  # fmt: skip
    assert not list(tmp_path.rglob("*heatmaps*"))


def test_rows_of_one_network_are_compared_with_its_first_decoder_and_networks_under_each(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    (found,) = find(plan, carry_out(plan, Watching())).findings
    assert [row.name for row in found.rows] == [
        "sound, argmax", "sound, dark", "sound:other, argmax", "sound:other, dark",
    ]  # fmt: skip
    assert sorted((pair.a, pair.b) for pair in found.pairs) == [
        ("sound, dark", "sound, argmax"), ("sound:other, argmax", "sound, argmax"), ("sound:other, dark", "sound, dark"),
        ("sound:other, dark", "sound:other, argmax"),
    ]  # fmt: skip


def test_a_decoder_that_a_study_gains_needs_no_training(tmp_path: Path) -> None:
    (before,) = carry_out(plan_of(tmp_path, **ONE), Watching())
    more = plan_of(tmp_path, **ONE, decoders=("dark", "quarter"))
    now, told = states(more), StringIO()
    assert [state.word for state in now] == ["stopped"]
    print_states(Console(file=told, width=80), more, now)
    assert re.search(r"sound, mpii, seed 0 +stopped +Mean [\d.]+; to be decoded by quarter\s", told.getvalue())
    (after,) = carry_out(more, Watching(trained_again))
    assert (after.word, sorted(after.decoded)) == ("done", ["dark", "quarter"])
    assert after.scored("dark").whole == before.scored("dark").whole
    again = Watching()
    carry_out(more, again)
    assert again.told == []


def test_each_decoding_is_also_scored_on_the_studys_keypoints(tmp_path: Path) -> None:
    (state,) = carry_out(plan_of(tmp_path, **ONE, joints=("left_wrist", "right_wrist")), Watching())
    assert [its.answer.rule.keypoints for its in state.decoded.values()] == [("right_wrist", "left_wrist")] * 2
    assert [its.whole.rule.keypoints for its in state.decoded.values()] == [()] * 2


def test_a_decoding_is_neither_taken_for_the_run_nor_for_another_decoding_or_checkpoint(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, **ONE)
    (state,) = carry_out(plan, Watching())
    argmax, dark = state.run.decodings
    record = state.scored("dark").whole
    assert (is_of(record, state.run), is_of(record, state.run, argmax), is_of(record, state.run, dark)) == (
        False, False, True,
    )  # fmt: skip
    assert not is_of(stating(record, scales=[0.9, 1.1]), state.run, dark)
    records = [stating(state.record, checkpoint_sha256="another"), record]
    assert (state_of(state.run, plan, records).word, state_of(state.run, plan, records).decoded) == ("stopped", {})


def test_a_network_that_is_no_longer_there_is_trained_again(tmp_path: Path) -> None:
    (before,) = carry_out(plan_of(tmp_path, **ONE, decoders=()), Watching())
    save_record(before.record.model_copy(update={"created": "2020-01-02T03:04:05+00:00"}), tmp_path)
    before.run.job.results.checkpoint(before.run.key).unlink()
    steps: list[int] = []
    (after,) = carry_out(plan_of(tmp_path, **ONE), Watching(lambda: steps.append(1)))
    assert (len(steps), after.word) == (1, "done")


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"decoders": ("dork",)}, "The study 'mine': No decoder is named 'dork'. Did you mean 'dark'?"),
        (
            {"published": Published(protocol="mpii", metric="PCKh", source="a paper", values={"sound, udp": 80.0})},
            "a published value of 'sound, udp', which is none of its rows on mpii. Rows: sound, argmax; sound, dark;",
        ),
    ],
)
def test_a_name_that_is_none_is_refused_before_the_first_run(tmp_path: Path, change: dict, complaint: str) -> None:
    with pytest.raises(PosebenchError) as raised:
        plan_of(tmp_path, **change)
    assert complaint in str(raised.value)


def test_a_network_without_heatmaps_is_refused_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Pair)
    with pytest.raises(PosebenchError) as raised:
        plan_of(tmp_path, **ONE)
    assert str(raised.value) == (
        "sound puts out 16×24 and 16×32 for a person, which are no heatmaps of 16 keypoints, so the study's list `decoders` does "
        "not apply to it. Leave it out."
    )


def test_heatmaps_for_which_the_disk_has_no_room_are_refused_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posebench.studies.decoding.free_bytes", lambda path: 20_000)
    with pytest.raises(
        PosebenchError, match=r"The heatmaps of sound need 61 kB in .* until they are decoded, but 20 kB are"
    ):
        plan_of(tmp_path, **ONE)
    to_read = make_plan(Asked(study=MINE, results=tmp_path), to_read=True)
    assert [state.word for state in states(to_read)] == ["waiting", "waiting"]
