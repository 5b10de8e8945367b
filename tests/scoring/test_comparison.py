"""Comparisons: differences on the same people, and how many of them chance explains."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from posebench.cli.main import main
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import protocol
from posebench.scoring.bootstrap import Sampling
from posebench.scoring.comparison import (
    Pair,
    Taken,
    as_json,
    compare,
    each_alone,
    family,
    of_intervals,
    p_values,
    studentised,
)
from posebench.scoring.scores import Scores

WAVE = np.sin(np.arange(1000.0) * 7)
"""Noise of 1,000 resamples: mean 0, standard deviation 0.71."""


def run(mean: float, noise: float = 0.0, joints: dict[str, float] | None = None, phase: int = 0) -> Scores:
    wave = noise * np.roll(WAVE, phase)
    joints = joints or {}
    return Scores(
        metrics={"Head": mean + 1, "Mean": mean},
        resampled={"Head": mean + 1 + wave, "Mean": mean + wave},
        per_joint=joints,
        per_joint_resampled={
            name: value + np.roll(wave, 97 * place) for place, (name, value) in enumerate(joints.items())
        },
    )


def pair(a: Scores, b: Scores) -> Pair:
    (only,) = compare([("a", a), ("b", b)], "Mean")
    return only


def test_a_difference_is_taken_resample_by_resample() -> None:
    one = pair(run(82, 5), run(80, 4)).headline
    assert (one.a, one.b, one.value) == (82, 80, 2)
    assert one.interval == pytest.approx((1.0, 3.0), abs=0.01)  # the noise that both share is gone: 5 - 4 is left
    assert one.resolved


def test_a_difference_below_its_noise_is_not_resolved() -> None:
    one = pair(run(80.5, 1), run(80)).headline
    assert one.p == pytest.approx((1 + 2 / 3 * 1000) / 1001, abs=0.01)  # |sin| reaches 1/2 in two thirds of a period
    assert not one.resolved


def test_a_run_and_itself_differ_by_nothing() -> None:
    one = pair(run(80, 3), run(80, 3)).headline
    assert (one.value, one.interval, one.p, one.resolved) == (0, (0, 0), 1, False)


def test_a_difference_that_does_not_vary_is_not_resolved() -> None:
    assert pair(run(80.1, 3), run(70.3, 3)).headline.p == 1


def test_swapping_two_runs_turns_the_sign_and_nothing_else() -> None:
    there, back = pair(run(82, 2), run(80)).headline, pair(run(80), run(82, 2)).headline
    assert (there.value, there.p) == (-back.value, back.p)


def test_one_keypoint_among_many_needs_more_evidence_than_alone() -> None:
    few = pair(run(0, 1, {"j0": 0.9}), run(0, 0, {"j0": 0})).joints[0]
    many = pair(run(0, 1, {f"j{i}": 0.9 for i in range(9)}), run(0, 0, {f"j{i}": 0.0 for i in range(9)})).joints[0]
    assert few.p is not None and many.p is not None
    assert few.p < many.p


def test_the_headline_of_one_pair_is_its_own_family_and_of_several_pairs_one_family() -> None:
    runs = [run(80.68, 1), run(80), run(79.98, 1, phase=300)]
    alone = pair(*runs[:2]).headline
    first = compare([(str(place), one) for place, one in enumerate(runs)], "Mean")[0].headline
    assert alone.value == first.value
    assert alone.p is not None and first.p is not None
    assert alone.p < first.p


def test_pairs_are_all_in_the_order_of_the_runs() -> None:
    pairs = compare([(name, run(80, i)) for i, name in enumerate("abc")], "Mean")
    assert [(one.a, one.b) for one in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [one.name for one in pairs[0].metrics] == ["Head", "Mean"]


def test_the_headline_among_the_metrics_is_the_headline_in_its_own_family() -> None:
    one = pair(run(80.5, 1), run(80))
    assert one.metrics[1] is one.headline


def test_a_keypoint_that_one_run_lacks_is_unknown_and_costs_the_others_nothing() -> None:
    both = pair(run(0, 1, {"nose": 1.1}), run(0, 0, {"nose": 0.0})).joints
    lacking = pair(run(0, 1, {"nose": 1.1, "neck": math.nan}), run(0, 0, {"nose": 0.0, "neck": 5.0})).joints
    assert lacking[0] == both[0]
    assert (lacking[1].name, lacking[1].p, lacking[1].interval, lacking[1].resolved) == ("neck", None, None, False)
    assert as_json([pair(run(0), run(0, joints={"neck": math.nan}))])["pairs"][0]["joints"][0]["b"] is None


def test_a_resample_that_is_unknown_makes_the_p_value_unknown() -> None:
    broken = Scores(metrics={"Mean": 80}, resampled={"Mean": np.array([1, np.nan, 3])})
    one = pair(broken, Scores(metrics={"Mean": 79}, resampled={"Mean": np.array([1, 2, 3])})).headline
    assert (one.value, one.interval, one.p) == (1, None, None)


def test_an_unknown_score_is_not_compared_and_one_of_minus_one_is() -> None:
    a, b = Scores(metrics={"Mean": 2, "APM": math.nan, "MOTA": -1}), Scores(metrics={"Mean": 1, "APM": 0.5, "MOTA": 3})
    _, apm, mota = pair(a, b).metrics
    assert (math.isnan(apm.a), apm.b, math.isnan(apm.value), apm.p) == (True, 0.5, True, None)
    assert (mota.a, mota.value) == (-1, -4)


def test_scores_without_resamples_are_compared_without_a_verdict() -> None:
    one = pair(Scores(metrics={"Mean": 2}), Scores(metrics={"Mean": 1})).headline
    assert (one.value, one.p, one.resolved) == (1, None, False)


def test_the_largest_t_is_over_the_family_and_about_the_samples_difference() -> None:
    t, largest = studentised(np.array([3.0, 10.0]), np.array([[2.0, 3, 4], [14.0, 10, 6]]))
    assert t.tolist() == [3, 2.5]
    assert largest.tolist() == [1, 0, 1]


def test_each_difference_alone_is_as_in_a_family_of_one() -> None:
    taken = [
        Taken("Mean", 90.0, value, 90.0 - value + scale * np.roll(WAVE, 50))
        for value, scale in ((88, 2), (90, 1), (89, 0))
    ]
    intervals, p = each_alone(np.array([2.0, 0.0, 1.0]), np.array([one.resampled for one in taken]), 30)
    for place, one in enumerate(taken):
        (alone,) = family([one], 30)
        assert (tuple(intervals[place]), p[place]) == (alone.interval, alone.p)


def test_independent_intervals_add_as_the_sides_of_a_right_triangle() -> None:
    assert of_intervals(50.0, (47.0, 58.0), 30.0, (15.0, 34.0)) == (15.0, 37.0)  # 3, 4 → 5 below; 8, 15 → 17 above


def test_a_p_value_counts_the_sample_among_its_resamples() -> None:
    assert p_values(np.array([5.0, 2.0, 0.0]), np.array([1.0, 2, 3, 4])).tolist() == [1 / 5, 4 / 5, 1]


def scored(rules: Protocol, people: Instances, path: Path) -> tuple[str, Scores]:
    return path.stem, rules.score(rules.read_predictions(path, people), people, "official")


def test_eight_stacks_are_better_than_two_by_1_79_on_mpii(shared: Path) -> None:
    rules, data = protocol("mpii"), shared / "data/mpii"
    people = rules.instances(data, "val")
    files = [data / "predictions" / f"{name}.mat" for name in ("hg_s8_b1", "hg_s2_b1")]
    (found,) = compare([scored(rules, people, file) for file in files], "Mean")
    assert found.headline.value == pytest.approx(1.79, abs=0.005)
    assert found.headline.interval == pytest.approx((1.41, 2.15), abs=0.05)  # resampled by another seed
    assert found.headline.p == 1 / 1001
    resolved = {one.name: one.resolved for one in found.joints}
    assert sum(resolved.values()) == 10
    assert resolved["right_wrist"] and not resolved["left_shoulder"]


def test_coco_is_compared_by_resampled_ap(shared: Path) -> None:
    rules, pairs = protocol("coco"), shared / "data/coco/pairs"
    people = rules.instances(pairs / "val538_gt.json", "val")
    files = [pairs / f"val538_seed0_{name}.json" for name in ("dt", "bbox_dt")]
    (found,) = compare([scored(rules, people, file) for file in files], "AP")
    assert (found.headline.value, found.headline.resolved) == (0, False)  # one set of keypoints, with and without boxes
    by_name = {one.name: one for one in found.metrics}
    assert by_name["APM"].value == pytest.approx(-0.0029, abs=0.0001)  # boxes decide who is of medium size
    assert by_name["APM"].resolved
    assert found.joints == ()


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def test_the_command_says_what_is_resolved_and_json_says_everything(shared: Path) -> None:
    data = shared / "data/mpii"
    files = [data / "predictions" / f"{name}.mat" for name in ("hg_s8_b1", "hg_s2_b1")]
    options = ("--protocol", "mpii", "--data", data, "--name", "eight", "--name", "two")
    done = invoke(*files, *options)
    assert done.exit_code == 0, done.output
    assert "Mean: resolved. eight is better than two by 1.79." in done.output
    assert "left hip 87.02 85.98 +1.04" in " ".join(done.output.split())
    whole = json.loads(invoke(*files, *options, "--json").stdout)
    (only,) = whole["pairs"]
    assert [run["name"] for run in whole["runs"]] == [only["a"], only["b"]] == ["eight", "two"]
    assert (len(only["metrics"]), len(only["joints"])) == (11, 16)
    assert only["headline"]["resolved"] is True
    assert all(len(run["predictions_sha256"]) == 64 for run in whole["runs"])


def test_a_hostile_name_is_shown_literally(shared: Path) -> None:
    data = shared / "data/flic"
    file = data / "predictions/yang16_oc.mat"
    names = ("--name", "[bold]x[/bold]\n\x1b[31m", "--name", "n" * 150)
    done = invoke(file, file, "--protocol", "flic", "--data", data, *names)
    assert done.exit_code == 0, done.output
    assert "A: [bold]x[/bold] [31m (yang16_oc.mat)" in done.output


def test_three_files_are_compared_pair_by_pair_and_alike_names_are_told_apart(shared: Path) -> None:
    data = shared / "data/flic"
    file = data / "predictions/yang16_oc.mat"
    done = invoke(file, file, file, "--protocol", "flic", "--data", data)
    assert done.exit_code == 0, done.output
    assert done.output.count("identical") == 3
    assert done.output.count("Not predicted, so not scored") == 1
    whole = json.loads(invoke(file, file, file, "--protocol", "flic", "--data", data, "--json").stdout)
    assert [run["name"] for run in whole["runs"]] == [f"yang16_oc ({place})" for place in (1, 2, 3)]


def test_files_of_one_name_are_told_apart_by_the_ends_of_their_paths(tmp_path: Path) -> None:
    from posebench.synthetic.people import instances

    truth = instances(protocol("mpii").skeleton, "val", 500).keypoints
    files = [tmp_path / folder / "deep" / "net.npz" for folder in ("old", "new")]
    for place, file in enumerate(files):
        file.parent.mkdir(parents=True)
        np.savez(file, keypoints=truth + place)
    whole = json.loads(invoke(*files, "--protocol", "mpii", "--json").stdout)
    assert [run["name"] for run in whole["runs"]] == ["net, old/deep/net.npz", "net, new/deep/net.npz"]


def shown(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str:
    """What `compare` prints on a terminal of 80 columns."""
    monkeypatch.setattr(
        "posebench.cli.console.open_console", lambda stderr=False, quiet=False: Console(width=80, stderr=stderr)
    )
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    assert "…" not in done.output
    assert max(map(len, done.output.splitlines())) <= 80
    return " ".join(done.output.split())


def test_three_files_fit_80_columns_with_whole_names_and_numbers(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shared / "data/mpii"
    files = [data / "predictions" / f"{name}.mat" for name in ("hg_s8_b1", "hg_s2_b1", "hg_s2_b1")]
    names = [word for name in ("eight", "n" * 60, "two") for word in ("--name", name)]
    text = shown(monkeypatch, *files, "--protocol", "mpii", "--data", data, *names)
    assert "A: eight (hg_s8_b1.mat), Mean 89.09" in text
    assert "n" * 60 in text
    assert "A − B +1.79 [+1.44, +2.17] ≤0.001 resolved 10 of 16" in text
    assert "B − C +0.00 [+0.00, +0.00] 1.000 identical 0 of 16" in text


def test_a_file_and_itself_are_said_to_be_identical(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shared / "data/flic"
    file = data / "predictions/yang16_oc.mat"
    text = shown(monkeypatch, file, file, "--protocol", "flic", "--data", data, "--name", "a", "--name", "b")
    assert "A and B are identical files (equal SHA-256)" in text
    assert text.endswith("A: a (yang16_oc.mat), Wrist 94.24 B: b (yang16_oc.mat), Wrist 94.24")


def test_equal_scores_are_no_difference_and_not_said_to_be_chance(tmp_path: Path) -> None:
    from posebench.synthetic.people import instances

    truth = instances(protocol("mpii").skeleton, "val", 500).keypoints
    np.savez(tmp_path / "truth.npz", keypoints=truth)
    np.savez(tmp_path / "near.npz", keypoints=truth + 0.01)
    done = invoke(tmp_path / "truth.npz", tmp_path / "near.npz", "--protocol", "mpii")
    assert "Mean: no difference. truth and near both score 100.00." in done.output
    assert "may be chance" not in done.output
    assert " equal" in next(line for line in done.output.splitlines() if line.startswith(" Mean "))


def test_a_file_of_other_people_is_a_sentence_that_names_it(shared: Path) -> None:
    data = shared / "data"
    flic, mpii = data / "flic/predictions/yang16_oc.mat", data / "mpii/predictions/newell.h5"
    done = invoke(flic, mpii, "--protocol", "flic", "--data", data / "flic")
    assert (done.exit_code, done.output) == (
        1,
        f"Error: {mpii}: keypoints are (N, 16, 2), but flic has 11. Was this file written for another protocol? "
        "--mapping scores the keypoints that both have.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.h5"], "compare takes two predictions files or more; a.h5 is one. `evaluate` scores one."),
        (
            ["a.h5", "b.h5", "--name", "x"],
            "There are 2 files, but 1 --name. Give one per file, in their order, or none.",
        ),
        (["a.h5", "b.h5"], "a.h5 does not exist; a predictions file should be there."),
    ],
)
def test_a_mistyped_comparison_is_a_sentence(arguments: list[str], sentence: str) -> None:
    assert sentence in invoke(*arguments, "--protocol", "mpii").output


def test_runs_resampled_by_different_units_are_refused() -> None:
    by_image = Scores(metrics={"Mean": 80.0}, sampling=Sampling(926, "image"))
    by_film = Scores(metrics={"Mean": 81.0}, sampling=Sampling(30, "film"))
    with pytest.raises(PosebenchError, match=r"different units \(film \(30\) and image \(926\)\)"):
        compare([("a", by_image), ("b", by_film)], "Mean")


def test_all_rows_but_the_headline_are_one_family() -> None:
    noise = np.random.default_rng(3).normal(size=(4, 1000))
    zeros = np.zeros(1000)
    names = ("Mean", "Head", "nose", "neck")
    a = Scores(
        metrics={"Mean": 2.0, "Head": 2.0}, resampled={"Mean": 2 + noise[0], "Head": 2 + noise[1]},
        per_joint={"nose": 2.0, "neck": 2.0}, per_joint_resampled={"nose": 2 + noise[2], "neck": 2 + noise[3]},
    )  # fmt: skip
    b = Scores(
        metrics=dict.fromkeys(names[:2], 0.0), resampled=dict.fromkeys(names[:2], zeros),
        per_joint=dict.fromkeys(names[2:], 0.0), per_joint_resampled=dict.fromkeys(names[2:], zeros),
    )  # fmt: skip
    (found,) = compare([("a", a), ("b", b)], "Mean")
    assert found.headline.p is not None
    assert found.headline.p < 0.06
    for one in (found.metrics[1], *found.joints):
        assert one.p == pytest.approx(1 - 0.9545**3, abs=0.03)
