"""PoseTrack: equal to poseval on real people and on animated ones, and cases one can check by hand. Head lengths are 10 pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posetrack_data import person, sequence, write

from posebench.plugins import registry
from posebench.scoring.scores import Scores

POSETRACK = registry.protocol("posetrack")
CASES = (
    "real3frames_gt_as_pred", "real3frames_noise0.25", "synthetic12_gt_as_pred", "synthetic12_noise0.25",
    "quirk_last_frame_wrong", "quirk_empty_prediction_frame",
)  # fmt: skip
COLUMNS = {
    "Head": "Head", "Shou": "Shoulder", "Elb": "Elbow", "Wri": "Wrist", "Hip": "Hip", "Knee": "Knee", "Ankl": "Ankle",
}  # fmt: skip
OF_TRACKS = {"Total": "MOTA", "MOTP": "MOTP", "Prec": "MOT precision", "Rec": "MOT recall"}
KEYPOINTS = 15
"""Of the 17 in the files, without the ears."""


def scored(case: str, shared: Path, convention: str = "official") -> Scores:
    """Scores of one of the reference's cases."""
    data = shared / "data" / "posetrack"
    people = POSETRACK.instances(data / "gt" / ("real3frames" if case.startswith("real") else "synthetic12"), "val")
    return POSETRACK.score(POSETRACK.read_predictions(data / "predictions" / case, people), people, convention)


@pytest.mark.parametrize("case", CASES)
def test_official_equals_poseval(case: str, shared: Path, golden: Any) -> None:
    expected, found = golden["posetrack"][case], scored(case, shared)
    metrics = found.metrics
    assert found.images == expected["frames"]
    assert [*found.per_joint.values()] == pytest.approx(expected["AP_per_joint15"], abs=1e-9)
    for name, value in expected["AP"].items():
        assert metrics[COLUMNS.get(name, "mAP")] == pytest.approx(value, abs=1e-9), name
    assert metrics["Precision"] == pytest.approx(expected["precision_total"], abs=1e-9)
    assert metrics["Recall"] == pytest.approx(expected["recall_total"], abs=1e-9)
    for name, value in expected.get("MOTA", {}).items():
        column = OF_TRACKS.get(name) or f"MOTA {COLUMNS[name]}"
        assert metrics[column] == pytest.approx(value, abs=1e-9), name


def test_corrected_counts_the_last_frame(shared: Path) -> None:
    assert scored("quirk_last_frame_wrong", shared).metrics["MOTA"] == 100
    assert scored("quirk_last_frame_wrong", shared, "corrected").metrics["MOTA"] < 90


def test_ap_is_the_same_under_both_conventions(shared: Path) -> None:
    official, corrected = (scored("synthetic12_noise0.25", shared, one) for one in ("official", "corrected"))
    assert official.per_joint == corrected.per_joint
    assert official.metrics["MOTA"] != corrected.metrics["MOTA"]


def score(tmp_path: Path, truth: Any, made: Any, convention: str = "corrected") -> Scores:
    """Scores of small sequences; lists of them, or one."""
    folders = [
        write(tmp_path / name, *(one if isinstance(one, list) else [one]))
        for name, one in (("truth", truth), ("made", made))
    ]
    people = POSETRACK.instances(folders[0], "val")
    return POSETRACK.score(POSETRACK.read_predictions(folders[1], people), people, convention)


def results(frames: Any, **more: Any) -> dict[str, Any]:
    return sequence(frames, **{"scores": 0.5} | more)


def test_half_a_head_length_is_right_and_more_is_wrong(tmp_path: Path) -> None:
    truth = sequence([[(1, person())]])
    assert score(tmp_path, truth, results([[(1, person(moved=5.0))]])).metrics["mAP"] == 100
    assert score(tmp_path, truth, results([[(1, person(moved=5.001))]])).metrics["mAP"] == 0


def test_of_two_predictions_the_one_with_more_keypoints_finds_the_person(tmp_path: Path) -> None:
    # The first has only the nose; so the nose of the first is wrong, and comes before that of the second.
    made = results([[(1, person(only=["nose"])), (2, person())]])
    found = score(tmp_path, sequence([[(1, person())]]), made)
    assert found.per_joint["nose"] == 50
    assert found.per_joint["left_wrist"] == 100
    assert found.metrics["Precision"] == pytest.approx(100 * (14 + 1 / 2) / 15)


def test_all_keypoints_of_a_prediction_that_finds_nobody_are_wrong(tmp_path: Path) -> None:
    made = results([[(1, person()), (2, person(x=400.0))]])
    found = score(tmp_path, sequence([[(1, person())]]), made)
    assert (found.metrics["Precision"], found.metrics["Recall"]) == (50, 100)


def test_frames_in_which_nobody_is_annotated_do_not_count(tmp_path: Path) -> None:
    found = score(tmp_path, sequence([[(1, person())], []]), results([[(1, person())], [(1, person())]]))
    assert (found.images, found.metrics["Precision"], found.metrics["MOTA"]) == (1, 100, 100)


def test_keypoints_within_an_ignored_region_do_not_count_on_either_side(tmp_path: Path) -> None:
    corners = [(90, 40), (300, 40), (300, 400), (90, 400)]
    truth = sequence([[(1, person()), (2, person(x=400.0))]], regions={0: [corners]})
    made = results([[(1, person(moved=50.0)), (2, person(x=400.0))]])
    found = score(tmp_path, truth, made)
    assert (found.people, found.metrics["mAP"], found.metrics["MOTA"]) == (1, 100, 100)


def test_the_border_of_an_ignored_region_is_outside(tmp_path: Path) -> None:
    corners = [(100, 0), (300, 0), (300, 400), (100, 400)]
    found = score(tmp_path, sequence([[(1, person())]], regions={0: [corners]}), results([[(1, person())]]))
    assert found.people == 1


def test_a_swap_of_two_tracks_is_two_switches(tmp_path: Path) -> None:
    here, there = person(), person(x=300.0)
    truth = sequence([[(1, here), (2, there)]] * 3)
    made = results([[(5, here), (6, there)], [(6, here), (5, there)], [(6, here), (5, there)]])
    assert score(tmp_path, truth, made).metrics["MOTA"] == pytest.approx(100 * (1 - 2 / 6))


def test_tracks_of_two_sequences_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    truth = [sequence([[(1, person())]] * 2, name) for name in ("walk", "run")]
    made = [results([[(track, person())]] * 2, name=name) for name, track in (("walk", 1), ("run", 2))]
    assert score(tmp_path, truth, made).metrics["MOTA"] == 100


def test_official_has_one_miss_and_one_false_positive_for_a_frame_without_predictions(tmp_path: Path) -> None:
    pair = [(1, person()), (2, person(x=300.0))]
    truth, made = sequence([pair] * 3), results([pair, [], pair])
    assert score(tmp_path, truth, made, "official").metrics["MOTA"] == pytest.approx(
        100 * (1 - 2 / 3)
    )  # of 2 + 1 objects
    assert score(tmp_path, truth, made, "corrected").metrics["MOTA"] == pytest.approx(100 * (1 - 2 / 6))


def test_official_adds_distances_twice(tmp_path: Path) -> None:
    truth, made = sequence([[(1, person())]] * 2), results([[(1, person(moved=2.0))]] * 2)
    assert score(tmp_path, truth, made, "official").metrics["MOTP"] == pytest.approx(60)
    assert score(tmp_path, truth, made, "corrected").metrics["MOTP"] == pytest.approx(80)


def test_mota_below_zero_stays_a_number(tmp_path: Path) -> None:
    from posebench.tasks.scoring.evaluate import evaluate

    people = POSETRACK.instances(write(tmp_path / "truth", sequence([[(1, person())]] * 2)), "val")
    wrong = [(1, person(x=300.0)), (2, person(x=500.0))]
    made = write(tmp_path / "made", results([wrong] * 2))
    assert evaluate(made, POSETRACK, people, "corrected").record.metrics["MOTA"] == pytest.approx(-200)


def test_without_tracks_ap_is_scored_and_a_note_says_so(tmp_path: Path) -> None:
    made = results([[(1, person())]])
    del made["annotations"][0]["track_id"]
    found = score(tmp_path, sequence([[(1, person())]]), made)
    assert found.metrics["mAP"] == 100
    assert "MOTA" not in found.metrics
    assert "no tracks (track_id)" in " ".join(found.notes)


def test_a_person_without_a_head_box_is_missed_and_a_note_says_so(tmp_path: Path) -> None:
    truth = sequence([[(1, person()), (2, person(x=300.0))]])
    del truth["annotations"][1]["bbox_head"]
    found = score(tmp_path, truth, results([[(1, person()), (2, person(x=300.0))]]))
    assert (found.metrics["Recall"], found.metrics["Precision"]) == (50, 50)
    notes = POSETRACK.instances(tmp_path / "truth", "val").notes
    assert notes == ("1 person has no head box to divide distances by: they cannot be found, and count as missed.",)


def test_one_track_twice_in_a_frame_is_refused(tmp_path: Path) -> None:
    made = results([[(3, person()), (3, person(x=300.0))]])
    with pytest.raises(Exception, match=r"2 people of images/val/walk/000000.jpg are predicted in track 3"):
        score(tmp_path, sequence([[(1, person())]]), made)


def test_sequences_are_resampled(tmp_path: Path) -> None:
    truth = [sequence([[(1, person())]] * 2, name) for name in ("walk", "run", "jump")]
    made = [
        results([[(1, person(moved=moved))]] * 2, name=name) for name, moved in (("walk", 0), ("run", 0), ("jump", 9))
    ]
    found = score(tmp_path, truth, made)
    assert (found.sampling.units, found.sampling.unit) == (3, "sequence")
    low, high = found.intervals["mAP"]
    # Of equal scores the file's order counts, and jump comes first: two wrong ones, then four right ones.
    assert found.metrics["mAP"] == pytest.approx(100 * (4 / 6) * (4 / 6))
    assert low < found.metrics["mAP"] < high
    # MOTA of the three is 100, 100 and -100; of resamples any mean of three of these.
    assert {round(value) for value in found.resampled["MOTA"]} == {-100, -33, 33, 100}


def test_a_single_sequence_has_no_interval(tmp_path: Path) -> None:
    assert score(tmp_path, sequence([[(1, person())]]), results([[(1, person())]])).intervals == {}


def test_chosen_keypoints_are_scored_as_if_there_were_no_others(tmp_path: Path) -> None:
    people = POSETRACK.instances(write(tmp_path / "truth", sequence([[(1, person())]] * 2)), "val")
    made = POSETRACK.read_predictions(write(tmp_path / "made", results([[(1, person())]] * 2)), people)
    found = POSETRACK.on_keypoints(("right_knee", "left_knee", "nose")).score(made, people, "official")
    assert [*found.per_joint] == ["right_knee", "left_knee", "nose"]
    assert ("Knee" in found.metrics, "Head" in found.metrics, "MOTA Knee" in found.metrics) == (True, False, True)
    assert found.metrics["mAP"] == 100


def test_a_diagnosis_compares_each_person_with_the_prediction_of_ap(tmp_path: Path) -> None:
    pair = [(1, person()), (2, person(x=300.0))]
    people = POSETRACK.instances(write(tmp_path / "truth", sequence([pair, pair])), "val")
    frames = [[(1, person(x=300.0, moved=2.0)), (2, person(x=600.0)), (3, person(moved=9.0))], []]
    made = POSETRACK.read_predictions(write(tmp_path / "made", results(frames)), people)
    compared = POSETRACK.compared(made, people, "official")
    assert compared.row.tolist() == [-1, 0, -1, -1]  # nothing of the third prediction is within half a head length
    assert compared.good.sum(axis=1).tolist() == [0, KEYPOINTS, 0, 0]
    assert compared.clear[:, 0].tolist() == pytest.approx([5, 5, 5, 5])
    assert compared.rescored(made).metrics == POSETRACK.score(made, people, "official").metrics
    some = POSETRACK.on_keypoints(("nose", "head_top"))
    assert some.compared(made, people, "official").good.shape == (4, 2)
    assert (
        some.compared(made, people, "official").rescored(compared.predictions.of_keypoints([13, 14])).metrics["mAP"] > 0
    )


def test_the_best_share_of_each_person_picks_overlays(tmp_path: Path) -> None:
    half = person(only=["nose", "left_knee", "right_knee"])
    found = score(tmp_path, sequence([[(1, person()), (2, person(x=300.0))]]), results([[(1, half)]]))
    assert found.per_person.tolist() == [100 * 3 / KEYPOINTS, 0]
    assert np.isnan(score(tmp_path, sequence([[(1, person(only=[]))]]), results([[(1, half)]])).per_person).all()
