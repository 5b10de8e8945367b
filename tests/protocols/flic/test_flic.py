"""FLIC's rules: equal to the published evaluators on Yang et al.'s predictions, and right on people one can check by eye."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from flic_data import LEFT, RIGHT, example_rows, h5_columns, parts, turned, write_examples, write_h5
from scipy.io import savemat

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic

pytestmark = pytest.mark.usefixtures("few_resamples")  # intervals are not what is tested here

FLIC = protocol("flic")
GOLDEN = {
    "observer-centric": "observer-centric | lsho-rhip observer-centric (MODEC, Chen&Yuille PDJ, eval_pose)",
    "observer-centric-normalize": "observer-centric | normalize(rsho-lhip person-centric; pose-hg h5)",
    "person-centric": "person-centric | lsho-rhip person-centric",
    "person-centric-normalize": "person-centric | normalize(rsho-lhip person-centric; pose-hg h5)",
}
YANG = "data/flic/predictions/yang16_oc.mat"


@pytest.fixture(scope="module")
def official(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FLIC's examples.mat, made of the hourglass release, whose `index` is the row there."""
    points, images, test = np.zeros((5003, 11, 2)), [""] * 5003, np.zeros(5003, bool)
    for name in ("train", "valid"):
        with h5py.File(shared / f"data/flic/annot/{name}_personcentric.h5") as file:
            index = file["index"][()]
            points[index], test[index] = file["part"][()], name == "valid"
            for row, image in zip(index, file["imgname"][()], strict=True):
                images[row] = image.decode()
    return write_examples(tmp_path_factory.mktemp("flic") / "labels.mat", example_rows(points, images, test))


@pytest.fixture(scope="module")
def examples(official: Path) -> Instances:
    return FLIC.instances(official, "test")


@pytest.fixture(params=["as chosen", "person-centric h5", "examples.mat"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("convention", GOLDEN)
def test_every_number_equals_the_reference(
    shared: Path, examples: Instances, golden: Any, form: str, convention: str
) -> None:
    chosen = FLIC.annotations(shared / "data/flic", "test", convention)
    file = {"as chosen": chosen, "person-centric h5": shared / "data/flic/annot/valid_personcentric.h5"}.get(form)
    people = examples if file is None else FLIC.instances(file, "test")
    made = FLIC.read_predictions(shared / YANG, people)
    scores = FLIC.score(made, people, convention)
    expected = golden["flic"]["sets"]["yang16"][GOLDEN[convention]]
    lines = {curve.label: curve.values for curve in scores.curves}
    for part in ("Elbow", "Wrist", "Shoulder"):
        assert scores.metrics[part] == pytest.approx(expected["PCK@0.20"][part], abs=1e-9)
        for at in (5, 10, 20):
            assert lines[part][at] == pytest.approx(expected[f"PCK@0.{at:02d}"][part], abs=1e-9)
    for part in ("Elbow", "Wrist"):
        assert scores.metrics[f"{part}@0.1"] == lines[part][10]
        assert scores.metrics[f"AUC[0,0.2] {part}"] == pytest.approx(expected[f"AUC[0,0.2] {part}"], abs=1e-9)
        modec = expected[f"MODEC AUC(1..20 px of 100px torso) {part}"]
        assert np.trapezoid(lines[part][1:]) / 19 == pytest.approx(modec, abs=1e-9)
    for at, share in (("0.20", 1), ("0.10", 2), ("0.05", 4)):  # half the torso makes 0.2 of it 0.1
        shorter = replace(people, measures={name: length / share for name, length in people.measures.items()})
        per_joint = list(FLIC.score(made, shorter, convention).per_joint.values())
        known = [np.nan if value is None else value for value in expected[f"PCK@{at}"]["per_joint"]]
        assert per_joint == pytest.approx(known, abs=1e-6, nan_ok=True)


def test_hips_equal_eval_pck(shared: Path, golden: Any) -> None:
    people = FLIC.instances(shared / "data/flic", "test")
    scores = FLIC.score(FLIC.read_predictions(shared / YANG, people), people, "observer-centric")
    assert scores.metrics["Hip"] == pytest.approx(golden["flic"]["sets"]["yang16"]["eval_pck.m"]["Hip"], abs=1e-9)
    assert scores.notes == (
        "Not predicted, so not scored: left_eye, right_eye.",
        "82 people are annotated twice and count twice.",
    )


def test_person_centric_files_become_observer_centric_to_the_bit(shared: Path) -> None:
    annot = shared / "data/flic/annot"
    for split, name, people, away in (("train", "train", 3987, 199), ("test", "valid", 1016, 48)):
        seen, own = (FLIC.instances(annot / f"{name}{labels}.h5", split) for labels in ("", "_personcentric"))
        assert len(seen) == people
        assert np.array_equal(seen.keypoints, own.keypoints)
        assert np.array_equal(seen.measures["torso_diameter"], own.measures["torso_diameter"])
        assert (own.labels["orientation"] == "facing away").sum() == away
        assert (seen.source.form, own.source.form) == (f"{name}.h5", f"{name}_personcentric.h5")


def test_people_who_face_away_are_named_and_scored_apart(shared: Path) -> None:
    people = FLIC.instances(shared / "data/flic/annot/valid_personcentric.h5", "test")
    made = FLIC.read_predictions(shared / YANG, people)
    seen, own = (FLIC.score(made, people, convention) for convention in ("observer-centric", "person-centric"))
    sentence = "Left and right of 48 people who face away were exchanged to observer-centric labels: the file is person-centric."
    assert sentence in seen.notes and sentence not in own.notes
    apart = {(part.name, part.people): part.value for part in own.slices if part.by == "orientation"}
    assert apart["facing away", 48] == 0  # every left elbow and wrist was guessed on an observer's left
    assert apart["not facing away", 968] > 95


def one_facing_away() -> Any:
    """Person-centric labels of 3 people, of whom the second faces away."""
    points = parts()
    points[1] = turned(points[1])
    return points


def test_sides_follow_the_convention(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(one_facing_away())), "test")
    assert np.array_equal(people.keypoints, parts() - 1)
    observed, own = for_instances(people, parts() - 1.0), for_instances(people, one_facing_away() - 1.0)
    for convention in ("observer-centric", "observer-centric-normalize"):
        assert set(FLIC.score(observed, people, convention).per_joint.values()) == {100}
        assert FLIC.score(own, people, convention).per_joint["left_elbow"] == pytest.approx(200 / 3)
    for convention in ("person-centric", "person-centric-normalize"):
        assert set(FLIC.score(own, people, convention).per_joint.values()) == {100}
        assert FLIC.score(observed, people, convention).per_joint["left_elbow"] == pytest.approx(200 / 3)


def test_the_torso_follows_the_convention(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(one_facing_away())), "test")
    assert people.measures["torso_diameter"].tolist() == [50.0, 50.0, 50.0]
    assert people.measures["torso_diameter_person_centric"].tolist() == [50.0, 100.0, 50.0]
    assert people.measures["torso_diameter_normalize"].tolist() == [100.0, 50.0, 100.0]
    guess = people.keypoints.copy()
    guess[:, 10] += [15.0, 0.0]  # the nose, which has no side: 0.3 of 50, 0.15 of 100 pixels
    made = for_instances(people, guess)
    noses = [FLIC.score(made, people, convention).per_joint["nose"] for convention in GOLDEN]
    assert noses == pytest.approx([0, 200 / 3, 100 / 3, 200 / 3])


def test_a_hit_is_within_a_fifth_of_the_torso(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(parts())), "test")
    guess = people.keypoints.copy()
    guess[0, 2] += [10.0, 0.0]  # left wrist, exactly 0.2 torso: a hit
    guess[1, 2] += [10.5, 0.0]
    scores = FLIC.score(for_instances(people, guess), people, "observer-centric")
    assert scores.per_joint["left_wrist"] == pytest.approx(200 / 3)
    assert scores.metrics["Wrist"] == pytest.approx((200 / 3 + 100) / 2)
    assert scores.metrics["Wrist@0.1"] == pytest.approx((100 / 3 + 100) / 2)


def test_observer_centric_files_do_not_tell_who_faces_away(shared: Path) -> None:
    people = FLIC.instances(shared / "data/flic/annot/valid.h5", "test")
    made = for_instances(people, people.keypoints)
    for convention in ("person-centric", "person-centric-normalize"):
        with pytest.raises(PosebenchError, match=rf"valid\.h5 has observer-centric labels, but {convention} needs"):
            FLIC.score(made, people, convention)
        with pytest.raises(PosebenchError, match="observer-centric labels"):
            FLIC.curves(made, people, convention, np.array([0.1, 0.2]))


@pytest.mark.parametrize("convention", GOLDEN)
def test_embedded_people_are_their_own_truth(convention: str) -> None:
    people = synthetic.instances(FLIC.skeleton, "test", 40)
    scores = FLIC.score(for_instances(people, people.keypoints), people, convention)
    assert scores.metrics["Wrist"] == 100 and scores.ceiling is None
    turned_round = people.keypoints.copy()
    turned_round[:, LEFT + RIGHT] = people.keypoints[:, RIGHT + LEFT]
    assert FLIC.score(for_instances(people, turned_round), people, convention).metrics["Wrist"] < 50


def test_every_convention_is_told(shared: Path) -> None:
    assert list(FLIC.conventions) == list(GOLDEN)
    for convention in FLIC.conventions.values():
        assert convention.rule and convention.source
    assert all(convention.difference for name, convention in FLIC.conventions.items() if name != "observer-centric")
    chosen = [FLIC.annotations(shared / "data/flic", "test", name).name for name in GOLDEN]
    assert chosen == ["valid.h5", "valid.h5", "valid_personcentric.h5", "valid_personcentric.h5"]


def test_annotators_agree_on_every_elbow_of_test_and_on_98_8_percent_of_the_wrists(shared: Path, form: str) -> None:
    name = "valid.h5" if form == "as chosen" else "valid_personcentric.h5"
    people = FLIC.instances(shared / "data/flic/annot" / name, "test")
    ceiling = FLIC.score(for_instances(people, people.keypoints), people, "observer-centric").ceiling
    assert ceiling is not None and "82 people" in ceiling.what
    assert ceiling.metrics["Elbow"] == 100 and ceiling.metrics["Wrist"] == pytest.approx(100 * 162 / 164)
    assert [curve.label for curve in ceiling.curves] == ["Elbow", "Wrist", "Shoulder", "Hip"]


def test_without_people_annotated_twice_there_is_no_ceiling(shared: Path) -> None:
    people = FLIC.instances(shared / "data/flic", "test")
    single = people.take(people.person == 0)
    scores = FLIC.score(for_instances(single, single.keypoints), single, "observer-centric")
    assert scores.ceiling is None and not any("twice" in note for note in scores.notes)


def test_the_ceiling_is_what_one_annotation_scores_against_the_other(tmp_path: Path) -> None:
    images = [f"{i // 3}.jpg" for i in range(90)]  # each with somebody else, with somebody, and with the same again
    points = parts(90)
    points[0::3] += 200
    points[2::3, 0] += [3.0, -4.0]  # the second time, the torso is 55 pixels long
    points[2::6, 2] += [10.5, 0.0]  # the left wrist: 0.21 of the shorter torso, 0.19 of the longer one
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(points, images)), "test")
    scores = FLIC.score(for_instances(people, people.keypoints), people, "observer-centric")
    assert scores.ceiling is not None and "the same 30 people" in scores.ceiling.what
    assert scores.ceiling.metrics["Wrist"] == pytest.approx((50 + 100) / 2)
    assert scores.ceiling.metrics["Elbow"] == 100
    assert "30 people are annotated twice and count twice." in scores.notes
    few = people.take(np.arange(87))
    assert FLIC.score(for_instances(few, few.keypoints), few, "observer-centric").ceiling is None  # 29 say too little


def test_two_annotations_of_one_image_are_two_people(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(parts())), "test")
    assert (people.image.tolist(), people.person.tolist()) == ([0, 0, 1], [0, 1, 0])


def test_yangs_keypoints_find_their_places(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(parts())), "test")
    savemat(tmp_path / "yang.mat", {"pred": np.arange(10.0)[None, :, None] + np.zeros((2, 10, 3))})
    made = FLIC.read_predictions(tmp_path / "yang.mat", people)
    at = dict(zip(made.keypoint_names, made.keypoints[0, :, 0] + 1, strict=True))
    assert (at["nose"], at["right_shoulder"], at["left_hip"], at["left_wrist"]) == (0, 2, 9, 8)
    assert made.missing.all(axis=0).nonzero()[0].tolist() == people.skeleton.index("left_eye", "right_eye")


def test_modecs_keypoints_find_their_places(tmp_path: Path) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(parts())), "test")
    savemat(tmp_path / "modec.mat", {"pred_coords": parts()[:, :6].transpose(2, 1, 0)})
    made = FLIC.read_predictions(tmp_path / "modec.mat", people)
    scores = FLIC.score(made, people, "observer-centric")
    assert [scores.metrics[part] for part in ("Elbow", "Wrist", "Shoulder")] == [100, 100, 100]
    assert scores.notes[0] == "Not predicted, so not scored: left_hip, right_hip, left_eye, right_eye, nose."


@pytest.mark.parametrize(
    "variables, sentence",
    [
        ({"pred": np.zeros((2, 9, 3))}, "pred has 9 keypoints; the form of Yang et al. has 10"),
        ({"pred": np.zeros((2, 10, 4))}, "has 4 people, but flic test has 3"),
        ({"pred": np.full((2, 10, 3), np.nan)}, r"keypoints are not finite; the first is left_shoulder of row 0 \(a.jpg\)"),
        ({"pred_coords": np.zeros((2, 10, 3))}, "pred_coords has 10 keypoints; the form of MODEC has 6"),
        ({"pred_coords": "text"}, r"keypoints are \(1,\) <U4, but should be"),
        ({"other": np.zeros(3)}, "has no 'preds'"),
    ],
)  # fmt: skip
def test_damaged_predictions_are_a_sentence(tmp_path: Path, variables: dict[str, Any], sentence: str) -> None:
    people = FLIC.instances(write_h5(tmp_path / "x.h5", h5_columns(parts())), "test")
    savemat(tmp_path / "made.mat", variables)
    with pytest.raises(PosebenchError, match=rf"made\.mat.*{sentence}"):
        FLIC.read_predictions(tmp_path / "made.mat", people)


def test_observer_centric_predictions_under_a_person_centric_convention_are_noticed(shared: Path) -> None:
    people = FLIC.instances(shared / "data/flic/annot/valid_personcentric.h5", "test")
    made = FLIC.read_predictions(shared / "data/flic/predictions/yang16_oc.mat", people)
    notes = " ".join(FLIC.score(made, people, "person-centric").notes)
    assert "the 48 people who face away score 0.0 % as given and 93.8 % with left and right exchanged" in notes
    assert "exchanged: the predictions look" not in " ".join(FLIC.score(made, people, "observer-centric").notes)
