"""One file under every convention: the numbers, and how much of each difference is the ground truth's and how much the rule's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from posebench.cli.main import main
from posebench.data.predictions import for_instances, save
from posebench.data.provenance import Provenance, TrainedOn
from posebench.plugins.registry import protocol
from posebench.tasks.scoring.explain import explain

MPII = protocol("mpii")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Three people with head length 10; predictions of which one wrist is 7 pixels off and one pelvis 9."""
    parts = np.arange(1, 97, dtype=float).reshape(3, 16, 2)
    parts[0, 0] = 0  # unlabelled
    with h5py.File(tmp_path / "valid.h5", "w") as file:
        file["imgname"], file["person"] = np.array([b"a.jpg", b"b.jpg", b"c.jpg"]), np.zeros(3)
        file["center"], file["scale"] = np.full((3, 2), 50.0), np.full(3, 1.0)
        file["part"], file["visible"], file["normalize"] = parts, np.ones((3, 16)), np.full(3, 10.0)
    guess = parts.copy()
    guess[1, 10, 0] += 7
    guess[2, 6, 1] += 9
    with h5py.File(tmp_path / "guess.h5", "w") as file:
        file["preds"] = guess
    return tmp_path / "valid.h5", tmp_path / "guess.h5"


def test_each_conventions_mean_is_as_one_counts_it_by_hand(files: tuple[Path, Path]) -> None:
    means = {
        entry.convention.name: entry.scores.metrics["Mean"]
        for entry in explain(files[1], MPII, files[0], "val")
        if entry.scores
    }
    assert means == pytest.approx({
        "official": 100 * 40 / 41,  # 3 × 14, one of them unlabelled, one missed
        "hrnet": 100 * 40 / 41,
        "mmpose": 100 * 40 / 41,
        "bearpaw": 100 - 100 / 3 / 14,  # a third of one joint in 14
        "princeton": 100 * 45 / 47,  # 3 × 16, and the pelvis is missed too
    })  # fmt: skip


def test_a_difference_is_what_the_ground_truth_and_the_rule_make(shared: Path) -> None:
    entries = {
        entry.convention.name: entry
        for entry in explain(shared / "data/mpii/predictions/hg_s8_b1.mat", MPII, shared / "data/mpii", "val")
    }
    assert entries["official"].from_ground_truth == entries["official"].from_rule == 0
    assert entries["hrnet"].ground_truth == "gt_valid.mat"
    assert round(entries["hrnet"].from_ground_truth, 4) == -0.0026  # one ankle of 38,430 keypoints
    assert entries["hrnet"].from_rule == 0
    assert round(entries["bearpaw"].from_rule, 4) == -0.4479
    assert round(entries["princeton"].from_ground_truth + entries["princeton"].from_rule, 4) == 0.7991


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_shows_every_convention_and_writes_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    shown = run(
        "evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--explain", "--results", tmp_path / "r"
    )
    assert shown.exit_code == 0, shown.output
    for name, convention in MPII.conventions.items():
        assert f"{name}  {convention.rule}" in shown.output
    assert "Mean +0.0581: +0.0000 by the ground truth, +0.0581 by the rule" in shown.output
    assert not (tmp_path / "r").exists()


def test_the_commands_json_has_the_same(files: tuple[Path, Path]) -> None:
    shown = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--explain", "--json")
    told = json.loads(shown.stdout)
    assert [entry["name"] for entry in told["conventions"]] == list(MPII.conventions)
    assert told["conventions"][0]["metrics"]["Mean"] == pytest.approx(100 * 40 / 41)


def test_a_convention_that_cannot_be_computed_says_why(files: tuple[Path, Path], monkeypatch: Any) -> None:
    from posebench.errors import PosebenchError

    score = type(MPII).score

    def picky(self: Any, predictions: Any, instances: Any, convention: str) -> Any:
        if convention == "hrnet":
            raise PosebenchError("gt_valid.mat is needed.")
        return score(self, predictions, instances, convention)

    monkeypatch.setattr(type(MPII), "score", picky)
    shown = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--explain")
    assert shown.exit_code == 0
    assert "gt_valid.mat is needed." in shown.output


def test_a_note_on_several_conventions_is_said_once_with_their_numbers(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    score = type(MPII).score

    def noted(self: Any, predictions: Any, instances: Any, convention: str) -> Any:
        notes = ("An aspect of 3:4 is assumed.",) if convention in ("hrnet", "mmpose") else ()
        return replace(score(self, predictions, instances, convention), notes=notes)

    monkeypatch.setattr(type(MPII), "score", noted)
    out = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--explain").output
    assert out.splitlines()[-1] == "Note (2, 4): An aspect of 3:4 is assumed."
    assert out.count("An aspect of 3:4") == 1


def test_what_a_file_changes_is_a_reason_only_where_that_file_was_used(files: tuple[Path, Path]) -> None:
    reasons = {entry.convention.name: entry.reason for entry in explain(files[1], MPII, files[0], "val")}
    assert reasons["hrnet"] == "Head leaves out the upper neck."
    assert reasons["princeton"] == (
        "valid.h5 is truncated to whole pixels. Pelvis and thorax count in the mean and are easy."
    )


def test_every_note_of_the_scoring_is_shown_beside_conventions_and_curves(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    people = MPII.instances(files[0], "val")
    absent = np.zeros((3, 16), bool)
    absent[1] = True
    save(for_instances(people, people.keypoints, missing=absent), tmp_path / "own.h5")
    common = "evaluate", tmp_path / "own.h5", "--protocol", "mpii", "--data", files[0]
    lost = "1 person has no prediction and counted as missed; the first is in b.jpg."
    other = "hrnet's evaluator uses gt_valid.mat, but this is valid.h5: the numbers differ from that evaluator's."
    explained = " ".join(run(*common, "--explain").output.split())
    assert explained.count(f"Note: {lost}") == 1
    assert f"Note (2): {other}" in explained
    hrnet = json.loads(run(*common, "--explain", "--json").stdout)["conventions"][1]
    assert {lost, other} < {*hrnet["notes"]}
    curves = "--thresholds", "0.1:0.5:0.1", "--convention", "hrnet"
    assert f"Note: {lost}" in " ".join(run(*common, *curves).output.split())
    assert {lost, other} < {*json.loads(run(*common, *curves, "--json").stdout)["notes"]}


@pytest.mark.parametrize(
    "ignored", [("--convention", "hrnet"), ("--thresholds", "0:1:0.5"), ("--overlays",), ("--name", "x")]
)
def test_what_explain_would_ignore_is_refused(ignored: tuple[str, ...], files: tuple[Path, Path]) -> None:
    shown = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--explain", *ignored)
    assert shown.exit_code == 2
    assert f"{ignored[0]} would be ignored" in " ".join(shown.output.split())


def test_overlays_without_photographs_leave_the_record_and_say_so(files: tuple[Path, Path], tmp_path: Path) -> None:
    shown = run(
        "evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--overlays", "--results", tmp_path / "r"
    )
    (record,) = (tmp_path / "r/records").iterdir()
    assert shown.exit_code == 1
    assert f"The record is written ({record}), but its overlays are not." in shown.output


@pytest.mark.parametrize("asked", [("--explain",), ()])
def test_flic_fits_80_columns(asked: tuple[str, ...], shared: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "posebench.cli.console.open_console", lambda stderr=False, quiet=False: Console(width=80, stderr=stderr)
    )
    data = shared / "data/flic"
    done = run(
        "evaluate", data / "predictions/yang16_oc.mat", "--protocol", "flic", "--data", data, "--results", tmp_path, *asked
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "…" not in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines() if not line.startswith("Record: "))
    told = " ".join(done.output.split())
    if asked:
        assert "4 person-centric-normalize, on valid_personcentric.h5" in told
        assert "Wrist 94.2421 93.9961 89.7638 89.5177" in told
    else:
        assert "PCK % 95 % annotators" in told
        assert "Wrist 94.2421 92.2–95.8 98.7805" in told
        assert "95 %: the interval from 1,000 resamples, resampled by film (30) annotators:" in told


def test_princeton_says_visible_once(shared: Path, tmp_path: Path) -> None:
    data = shared / "data/mpii"
    arguments = (
        "evaluate",
        data / "predictions/newell.h5",
        "--protocol",
        "mpii",
        "--data",
        data,
        "--results",
        tmp_path,
    )
    assert "visibility: visible" not in run(*arguments, "--convention", "princeton").output
    assert "PCKh@0.5 pooled, visibility: visible (" in run(*arguments).output


def test_curves_go_over_the_thresholds_one_asks_for(files: tuple[Path, Path], tmp_path: Path) -> None:
    shown = run(
        "evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--results", tmp_path / "r",
        "--thresholds", "0.6:0.8:0.1", "--json",
    )  # fmt: skip
    mean = next(curve for curve in json.loads(shown.stdout)["curves"] if curve["label"] == "Mean")
    assert mean["thresholds"] == [0.6, 0.7, 0.8]
    assert mean["values"] == pytest.approx([100 * 40 / 41, 100, 100])
    assert not (tmp_path / "r").exists()
    table = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--thresholds", "0.6:0.8:0.1").output
    assert "0.6" in table
    assert " 97.56" in table


@pytest.mark.parametrize(
    "text", ["-0.1", "0.1,,0.2", "nan", "0:1:0.3", "1:0:0.1", "0:1:0", "0:nan:1", "0:1:1e-9", "a:b:c"]
)
def test_thresholds_that_are_none_are_a_sentence(text: str, files: tuple[Path, Path]) -> None:
    shown = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--thresholds", text)
    assert shown.exit_code == 2
    assert "or FROM:TO:STEP with whole steps" in " ".join(shown.output.split())


@pytest.mark.parametrize("text, thresholds", [("0.7", [0.7]), ("0.8,0.6, 0.7,0.6", [0.6, 0.7, 0.8])])
def test_thresholds_are_one_number_or_several_in_any_order(
    text: str, thresholds: list[float], files: tuple[Path, Path]
) -> None:
    shown = run("evaluate", files[1], "--protocol", "mpii", "--data", files[0], "--thresholds", text, "--json")
    mean = next(curve for curve in json.loads(shown.stdout)["curves"] if curve["label"] == "Mean")
    assert mean["thresholds"] == thresholds
    assert mean["values"] == pytest.approx([{0.6: 100 * 40 / 41}.get(at, 100) for at in thresholds])


def test_coco_has_ap_and_ar_at_the_ten_thresholds_of_its_rule_alone(shared: Path, golden: Any) -> None:
    pair = shared / "data/coco/pairs"
    common = "evaluate", pair / "mini79_seed0_dt.json", "--protocol", "coco", "--data", pair / "mini79_gt.json"
    curves = json.loads(run(*common, "--thresholds", "0.5:0.95:0.05", "--json").stdout)["curves"]
    (ap, ar), expected = (curve["values"] for curve in curves), golden["coco"]["cocomini_val79/seed0"]["stats"]
    assert ap == pytest.approx(expected["AP_per_oks"], abs=1e-12)
    assert (np.mean(ar), ar[0], ar[5]) == pytest.approx([expected[name] for name in ("AR", "AR50", "AR75")], abs=1e-12)
    table = run(*common, "--thresholds", "0.75").output
    assert f"0.75  {ap[5]:.3f}  {ar[5]:.3f}" in table
    refused = run(*common, "--thresholds", "0:1:0.5")
    assert refused.exit_code == 1
    assert "are part of its rule: 0.50 to 0.95 in steps of 0.05." in " ".join(refused.output.split())


def test_a_convention_on_another_ground_truth_says_that_these_are_not_its_numbers(files: tuple[Path, Path]) -> None:
    shown = {
        name: run(
            "evaluate",
            files[1],
            "--protocol",
            "mpii",
            "--data",
            files[0],
            "--convention",
            name,
            "--results",
            files[0].parent,
        )
        for name in ("hrnet", "princeton")
    }
    assert (
        "hrnet's evaluator uses gt_valid.mat, but this is valid.h5: the numbers differ from that evaluator's"
        in " ".join(shown["hrnet"].output.split())
    )
    assert "these are not" not in shown["princeton"].output


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda preds: preds * 0, "Hardly any predicted coordinate is above 2"),
        (lambda preds: preds / 1000, "Hardly any predicted coordinate is above 2"),
        (lambda preds: preds[::-1], "people the predicted keypoints lie elsewhere"),
        (lambda preds: preds[..., ::-1], "people the predicted keypoints lie elsewhere"),
        (lambda preds: preds, ""),
    ],
)
def test_a_file_in_other_units_or_another_order_is_noticed(change: Any, sentence: str, shared: Path) -> None:
    people = MPII.instances(shared / "data/mpii/annot/valid.h5", "val")

    made = MPII.read_predictions(shared / "data/mpii/predictions/hg_s8_b1.mat", people)
    notes = MPII.score(for_instances(people, change(made.keypoints)), people, "princeton").notes
    assert any(sentence in note for note in notes) if sentence else not notes


def test_what_a_network_was_trained_on_can_be_stated_unless_the_file_says_it(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    common = ("--protocol", "mpii", "--data", files[0], "--results", tmp_path / "r", "--json")
    stated = ("--trained-on", "MPII, COCO")
    model = json.loads(run("evaluate", files[1], *common, *stated).stdout)["model"]
    assert (model["trained_on"], "arch" in model) == ({"dataset": "MPII, COCO"}, False)
    people = MPII.instances(files[0], "val")
    provenance = Provenance(arch="mynet", trained_on=TrainedOn(dataset="mpii", split="train"))
    save(for_instances(people, people.keypoints, provenance=provenance), tmp_path / "own.h5")
    refused = run("evaluate", tmp_path / "own.h5", *common, *stated)
    assert "already states what it was trained on; leave out --trained-on" in refused.output
    assert "--trained-on would be ignored" in run("evaluate", files[1], *common[:-1], "--explain", *stated).output


def test_the_network_behind_a_file_can_be_stated_unless_the_file_says_it(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    common = ("--protocol", "mpii", "--data", files[0], "--results", tmp_path / "r", "--json")
    stated = ("--arch", "hourglass8", "--input-size", "256x192")
    model = json.loads(run("evaluate", files[1], *common, *stated).stdout)["model"]
    assert (model["arch"], model["input_size"]) == ("hourglass8", [192, 256])
    people = MPII.instances(files[0], "val")
    save(for_instances(people, people.keypoints, provenance=Provenance(arch="mynet")), tmp_path / "own.h5")
    refused = run("evaluate", tmp_path / "own.h5", *common, *stated)
    assert (refused.exit_code, "already states its architecture, mynet; leave out --arch" in refused.output) == (
        1,
        True,
    )
