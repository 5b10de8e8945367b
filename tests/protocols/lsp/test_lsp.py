"""LSP's rules: equal to the reference evaluator on Yang et al.'s predictions, and right on people one can check by eye."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lsp_data import joints, write_lsp, write_lspet
from scipy.io import savemat

from posebench.data.chosen import chosen
from posebench.data.predictions import for_instances
from posebench.data.provenance import Chosen
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.tasks.people import load_people

pytestmark = pytest.mark.usefixtures("few_resamples")  # intervals are not what is tested here

LSP = protocol("lsp")
PREDICTED = {"person-centric": "yang16_pc", "observer-centric": "yang16_oc"}
PRINTED = {"person-centric": 73.6, "observer-centric": 81.5}
"""Mean PCK@0.2 as Yang et al. (CVPR 2016) print it."""


def yang(shared: Path, convention: str, labels: str) -> Any:
    people = load_people(LSP, shared / "data/lsp", "test", convention)
    made = LSP.read_predictions(shared / f"data/lsp/predictions/{PREDICTED[labels]}.mat", people)
    return LSP.score(made, people, convention)


@pytest.mark.parametrize("labels", PREDICTED)
def test_pck_equals_the_reference_and_the_printed_table(shared: Path, golden: Any, labels: str) -> None:
    expected = golden["lsp"][PREDICTED[labels]]
    scores = yang(shared, labels, labels)
    for part in ("Ankle", "Knee", "Hip", "Wrist", "Elbow", "Shoulder", "Head", "Mean"):
        assert scores.metrics[part] == pytest.approx(expected["PCK@0.2"][part], abs=1e-9)
    assert scores.metrics["AUC[0,0.2]"] == pytest.approx(expected["PCK@0.2"]["AUC"], abs=1e-9)
    assert scores.per_joint == pytest.approx(expected["PCK@0.2"]["per_joint"], abs=1e-9)
    assert round(scores.metrics["Mean"], 1) == PRINTED[labels]
    assert (scores.people, scores.images, scores.notes, scores.ceiling) == (1000, 1000, (), None)


@pytest.mark.parametrize("rule", ["", "-pcp"])
def test_observer_centric_predictions_scored_by_person_centric_labels_name_the_other_convention(
    shared: Path, rule: str
) -> None:
    (note,) = yang(shared, f"person-centric{rule}", "observer-centric").notes
    assert note == (
        "For 28 % of the people, 3 or more keypoints fit better with left and right exchanged. If these predictions have an "
        f"observer's left and right, score them with --convention observer-centric{rule}."
    )


@pytest.mark.parametrize("exchanged, noted", [(1, 0), (2, 1)])
def test_more_than_a_fifth_of_the_people_with_exchanged_sides_are_noted(exchanged: int, noted: int) -> None:
    people = synthetic.instances(LSP.skeleton, "test", 8)
    keypoints = people.keypoints.copy()
    keypoints[:exchanged] = keypoints[:exchanged, list(LSP.skeleton.flip_order)]
    notes = LSP.score(for_instances(people, keypoints), people, "person-centric").notes
    assert [note.startswith("For 25 % of the people") for note in notes].count(True) == noted


@pytest.mark.parametrize("labels", PREDICTED)
def test_pcp_equals_the_reference(shared: Path, golden: Any, labels: str) -> None:
    expected = golden["lsp"][PREDICTED[labels]]["PCP@0.5 from keypoints"]
    assert yang(shared, f"{labels}-pcp", labels).metrics == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("labels", PREDICTED)
def test_the_curves_are_the_references_pdj(shared: Path, golden: Any, labels: str) -> None:
    curves = {curve.label: curve for curve in yang(shared, labels, labels).curves}
    for threshold, parts in golden["lsp"][PREDICTED[labels]]["PDJ"].items():
        for part, value in parts.items():
            at = curves[part].thresholds.index(float(threshold))
            assert curves[part].values[at] == pytest.approx(value, abs=1e-9), (part, threshold)


def test_thresholds_of_ones_own_are_pdj_too(shared: Path, golden: Any) -> None:
    people = load_people(LSP, shared / "data/lsp", "test")
    made = LSP.read_predictions(shared / "data/lsp/predictions/yang16_pc.mat", people)
    ankle = next(c for c in LSP.curves(made, people, "person-centric", np.array([0.1, 0.3])) if c.label == "Ankle")
    assert ankle.values == pytest.approx((25.5, 73.4), abs=1e-9)


def test_the_annotators_agreement_on_lspet_is_the_ceiling(shared: Path) -> None:
    people = load_people(LSP, shared / "data/lsp", "lspet-val")
    scores = LSP.score(for_instances(people, people.keypoints), people, "person-centric")
    assert scores.ceiling is not None
    assert scores.ceiling.what == (
        "Two annotations of the same 25 photographs of LSP extended, by the shorter of their torsos: a small sample. Where left "
        "and right are exchanged in a whole annotation and this is forgiven, Mean is 79.2."
    )
    limbs = LSP.score(for_instances(people, people.keypoints), people, "person-centric-pcp").ceiling
    assert limbs is not None and "by the shorter of their limbs" in limbs.what
    assert limbs.metrics["Mean"] == pytest.approx(85.3, abs=0.05)
    assert scores.ceiling.metrics["Mean"] == pytest.approx(77.7, abs=0.05)
    assert [curve.label for curve in scores.ceiling.curves] == [curve.label for curve in scores.curves]
    assert (scores.people, scores.images, set(scores.per_joint.values())) == (718, 718, {100})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Both datasets, every second person of whom faces away."""
    write_lsp(tmp_path / "lsp_dataset/joints.mat", joints(2000))
    write_lspet(tmp_path / "lspet_dataset/joints.mat", all_labelled(joints(10_000)))
    return tmp_path


def all_labelled(rows: Any) -> Any:
    rows[..., 2] = 1
    return rows


def test_a_hit_is_within_a_fifth_of_the_torso(root: Path) -> None:
    people = LSP.instances(root, "test")
    assert people.measures["torso_diameter"][0] == 50
    guess = people.keypoints.copy()
    guess[0, 11] += [10.0, 0.0]  # left wrist, exactly 0.2 torso: a hit
    guess[2, 11] += [0.0, 10.5]
    scores = LSP.score(for_instances(people, guess), people, "person-centric")
    assert scores.per_joint["left_wrist"] == 99.9
    assert scores.metrics["Wrist"] == pytest.approx(99.95)
    assert scores.metrics["Mean"] == pytest.approx(100 * (1 - 1 / 14_000))


def test_a_limb_is_within_half_its_length_at_both_ends(root: Path) -> None:
    people = LSP.instances(root, "test")
    guess = people.keypoints.copy()
    guess[0, 13] += [0.0, 15.0]  # head top: exactly half of 30 pixels, a hit
    guess[2, 13] += [0.0, 15.5]
    guess[4, 12] += [16.0, 0.0]  # neck, the limb's other end
    scores = LSP.score(for_instances(people, guess), people, "person-centric-pcp")
    assert scores.metrics["Head"] == pytest.approx(99.8)
    assert scores.per_joint["head"] == pytest.approx(99.8)
    assert scores.metrics["Torso"] == 100
    assert [part.by for part in scores.slices] == []  # a limb is neither visible nor occluded


def test_occluded_keypoints_count_and_are_shown_apart(tmp_path: Path) -> None:
    rows = joints(2000)
    rows[1000:1100, 0, 2] = 1  # right ankles
    people = LSP.instances(write_lsp(tmp_path / "joints.mat", rows), "test")
    guess = people.keypoints.copy()
    guess[:50, 0] += 100.0
    scores = LSP.score(for_instances(people, guess), people, "person-centric")
    assert scores.per_joint["right_ankle"] == 95
    assert [(part.name, part.value, part.keypoints) for part in scores.slices] == [
        ("visible", 100.0, 13_900),
        ("occluded", 50.0, 100),
    ]


def test_people_of_lspet_without_a_torso_are_not_scored(tmp_path: Path) -> None:
    rows = all_labelled(joints(10_000))
    rows[4000, 9] = -50.0, 3.0, 0.0  # left shoulder of image 4001
    rows[4001, 2, 2] = 0  # right hip of image 4002
    rows[4002, 0, 2] = 0  # an ankle of image 4003, which is no part of the torso
    people = LSP.instances(write_lspet(tmp_path / "joints.mat", rows), "lspet-val")
    assert np.isnan(people.measures["torso_diameter"]).tolist() == [True, True] + [False] * 998
    guess = people.keypoints.copy()
    guess[:3] += 1000.0
    for convention, rest in (("person-centric", 100 * 997 / 998), ("person-centric-pcp", 100 * 997 / 998)):
        scores = LSP.score(for_instances(people, guess), people, convention)
        assert (scores.people, scores.images) == (998, 998)
        assert scores.metrics["Head"] == pytest.approx(rest)
    assert scores.metrics["Lower legs"] == pytest.approx((100 + 100 * 997 / 998) / 2)
    assert "2 people have no label of the left shoulder or of the right hip, so no torso" in people.notes[2]
    part = chosen(people, Chosen(people=500, of=1000))  # every second person, so that 4001 is in it and 4002 is not
    assert part.notes[2].startswith("1 person has no label of the left shoulder or of the right hip, so no torso")
    assert part.notes[1].startswith("Of the whole split: LSP extended was labelled by crowd workers")


def test_labels_of_the_other_kind_draw_a_note(root: Path) -> None:
    people = LSP.instances(root, "test")
    made = for_instances(people, people.keypoints)
    assert LSP.score(made, people, "person-centric").notes == ()
    assert LSP.score(made, people, "observer-centric").notes == (
        "The annotation has person-centric labels and observer-centric is about observer-centric ones: scores are not comparable "
        "with published ones.",
    )


@pytest.mark.parametrize("form", ["pred", "preds"])
def test_published_files_count_pixels_from_1(root: Path, tmp_path: Path, form: str) -> None:
    people = LSP.instances(root, "test")
    savemat(tmp_path / "made.mat", {form: (people.keypoints + 1).transpose(2, 1, 0)})
    np.testing.assert_array_equal(LSP.read_predictions(tmp_path / "made.mat", people).keypoints, people.keypoints)


@pytest.mark.parametrize("shape, message", [
    ((2, 14, 999), "has 999 people, but lsp test has 1,000"), ((2, 10, 1000), r"keypoints are \(N, 10, 2\), but lsp has 14"),
    ((14, 1000), r"keypoints are \(14, 1000\) float64"),
])  # fmt: skip
def test_published_files_of_another_shape_are_refused(root: Path, tmp_path: Path, shape: Any, message: str) -> None:
    savemat(tmp_path / "made.mat", {"pred": np.zeros(shape)})
    with pytest.raises(PosebenchError, match=message):
        LSP.read_predictions(tmp_path / "made.mat", LSP.instances(root, "test"))


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file, cut off", b"\x89HDF\r\n\x1a\n cut off"])
def test_damaged_predictions_end_in_a_sentence(root: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "made.mat").write_bytes(content)
    with pytest.raises(PosebenchError, match=r"made\.mat"):
        LSP.read_predictions(tmp_path / "made.mat", LSP.instances(root, "test"))


@pytest.mark.parametrize("convention", LSP.conventions)
def test_synthetic_people_are_their_own_truth_under_every_convention(convention: str) -> None:
    people = synthetic.instances(LSP.skeleton, "test", 40)
    scores = LSP.score(for_instances(people, people.keypoints), people, convention)
    assert (scores.metrics["Mean"], scores.notes, scores.ceiling, scores.people) == (100, (), None, 40)


def test_no_ceiling_is_drawn_of_a_file_that_has_changed(root: Path) -> None:
    people = LSP.instances(root, "lspet-val")
    made = for_instances(people, people.keypoints)
    assert LSP.score(made, people, "person-centric").ceiling is not None
    other = replace(people, source=replace(people.source, sha256="0" * 64))
    assert LSP.score(made, other, "person-centric").ceiling is None
    gone = replace(people, source=replace(people.source, file=str(root / "gone.mat")))
    assert LSP.score(made, gone, "person-centric").ceiling is None


def test_a_file_without_a_photograph_that_is_annotated_twice_has_no_ceiling(tmp_path: Path) -> None:
    rows = joints(10_000)
    rows[..., 2] = 1
    rows[..., :2] += np.random.default_rng(0).uniform(0, 300, (10_000, 14, 2))  # no two people are alike
    people = LSP.instances(write_lspet(tmp_path / "joints.mat", rows).parent, "lspet-val")
    assert LSP.score(for_instances(people, people.keypoints), people, "person-centric").ceiling is None
