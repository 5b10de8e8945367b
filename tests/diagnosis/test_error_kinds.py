"""The kind of every error, on keypoints whose distances a person can check, and what repairs add."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import SIGMAS, plain
from coco_data import written

import posebench as pb
from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.diagnosis.error_kinds import KINDS, error_kinds, kinds_of
from posebench.plugins import registry
from posebench.scoring import oks_pairing
from posebench.scoring.compared import Compared
from posebench.scoring.oks_matching import Detections
from posebench.scoring.oks_similarity import People

MPII = registry.protocol("mpii")
ANKLE, KNEE, WRIST, OTHER_WRIST, PELVIS = MPII.skeleton.index(
    "right_ankle", "right_knee", "right_wrist", "left_wrist", "pelvis"
)


def compared(people: Instances, keypoints: np.ndarray, **more: Any) -> Compared:
    return MPII.compared(for_instances(people, keypoints, **more), people, "official")


def kinds(people: Instances, keypoints: np.ndarray, **more: Any) -> list[list[str]]:
    found = kinds_of(compared(people, keypoints, **more))
    return [[KINDS[kind] if kind >= 0 else "" for kind in row] for row in found.tolist()]


@pytest.mark.parametrize("pixels, kind", [(5.0, "good"), (5.01, "jitter"), (10.0, "jitter"), (10.01, "miss")])
def test_half_a_head_is_good_and_a_whole_head_is_jitter(two_people: Instances, pixels: float, kind: str) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[1, ANKLE, 1] -= pixels  # heads are 10 pixels long
    assert kinds(two_people, keypoints)[1][ANKLE] == kind


def test_a_wrist_at_the_other_wrist_is_an_inversion(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, WRIST] = two_people.keypoints[0, OTHER_WRIST] + [3, 4]
    found = kinds(two_people, keypoints)
    assert found[0][WRIST] == "inversion"
    assert {kind for row in found for kind in row} == {"good", "inversion"}


def test_an_ankle_at_the_knee_is_a_miss_and_no_inversion(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, ANKLE] = two_people.keypoints[0, KNEE]
    assert kinds(two_people, keypoints)[0][ANKLE] == "miss"


@pytest.mark.parametrize("other", [WRIST, OTHER_WRIST])
def test_a_wrist_at_another_persons_wrist_of_either_side_is_a_swap(two_people: Instances, other: int) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, WRIST] = two_people.keypoints[1, other]
    assert kinds(two_people, keypoints)[0][WRIST] == "swap"


def test_a_person_of_another_image_is_nobody_to_swap_with(two_people: Instances) -> None:
    apart = replace(two_people, images=("a.jpg", "b.jpg"), image=np.array([0, 1]), image_ids=np.array([5, 6]))
    keypoints = apart.keypoints.copy()
    keypoints[0, WRIST] = apart.keypoints[1, WRIST]
    assert kinds(apart, keypoints)[0][WRIST] == "miss"


def test_a_keypoint_that_is_not_labelled_is_no_place_to_confuse_with(two_people: Instances) -> None:
    visibility = two_people.visibility.copy()
    visibility[0, OTHER_WRIST] = visibility[1, WRIST] = 0
    people = replace(two_people, visibility=visibility)
    keypoints = people.keypoints.copy()
    keypoints[0, WRIST] = people.keypoints[0, OTHER_WRIST]
    keypoints[0, KNEE] = people.keypoints[1, WRIST]
    found = kinds(people, keypoints)
    assert (found[0][WRIST], found[0][OTHER_WRIST], found[0][KNEE], found[1][WRIST]) == ("miss", "", "miss", "")


def test_a_keypoint_that_is_not_predicted_is_a_miss(two_people: Instances) -> None:
    missing = np.zeros((2, 16), bool)
    missing[0, PELVIS] = True
    keypoints = np.where(missing[..., None], np.nan, two_people.keypoints)
    assert kinds(two_people, keypoints, missing=missing)[0][PELVIS] == "miss"


def test_a_bound_without_equality_has_its_errors_at_equality(two_people: Instances) -> None:
    keypoints = two_people.keypoints.copy()
    keypoints[0, ANKLE, 1] -= 5
    predictions = for_instances(two_people, keypoints)
    found = {name: kinds_of(MPII.compared(predictions, two_people, name))[0, ANKLE] for name in ("official", "bearpaw")}
    assert {name: KINDS[kind] for name, kind in found.items()} == {"official": "good", "bearpaw": "jitter"}


def slow_kind(one: Compared, n: int, k: int) -> str:
    """The kind of one keypoint, word by word from the module's description."""
    people, order = one.people, one.people.skeleton.flip_order
    labelled = people.visibility > 0
    if not one.counted[n, k] or one.row[n] < 0:
        return ""
    place = one.keypoints[n, k]
    if np.isnan(place).any():
        return "miss"

    def apart(m: int, j: int) -> float:
        return float(np.hypot(*(place - people.keypoints[m, j])) / one.clear[m, j])

    places = {"own": apart(n, k)}
    if order[k] != k and labelled[n, order[k]]:
        places["inversion"] = apart(n, order[k])
    for m in range(len(people)):
        for j in (k, order[k]):
            if m != n and people.image[m] == people.image[n] and labelled[m, j]:
                places["swap"] = min(apart(m, j), places.get("swap", np.inf))
    nearest = min(places, key=lambda name: places[name])
    confused = nearest != "own" and places[nearest] <= 1
    if one.good[n, k] and (one.hits_are_good or not confused):
        return "good"
    if confused:
        return nearest
    return "jitter" if np.hypot(*(place - people.keypoints[n, k])) <= one.near[n, k] else "miss"


def check_kinds(one: Compared) -> set[str]:
    found = kinds_of(one)
    expected = [[slow_kind(one, n, k) for k in range(found.shape[1])] for n in range(len(found))]
    assert [[KINDS[kind] if kind >= 0 else "" for kind in row] for row in found.tolist()] == expected
    return {kind for row in expected for kind in row}


def test_kinds_are_those_of_a_slow_reading_of_the_rule_on_crowded_people() -> None:
    random = np.random.default_rng(3)
    n, k = 30, 16
    people = Instances(
        dataset="mpii", split="val", skeleton=MPII.skeleton, images=("a", "b", "c"), image_ids=np.arange(3),
        image=random.integers(0, 3, n), person=np.arange(n), center=np.full((n, 2), 50.0), size=np.full((n, 2), 90.0),
        keypoints=random.uniform(0, 100, (n, k, 2)), visibility=random.integers(0, 3, (n, k)).astype(np.int8),
        usable=np.ones(n, bool), measures={"head_length": random.uniform(5, 30, n)},
    )  # fmt: skip
    guess = people.keypoints + random.normal(0, 12, (n, k, 2))
    assert check_kinds(compared(people, guess)) == {"", *KINDS}


def coco_case(folder: Path, seed: int) -> tuple[Any, Instances, Any]:
    case = plain(np.random.default_rng(seed))
    protocol = registry.protocol("coco")
    people = protocol.instances(written(folder / "gt.json", case.truth), "val")
    return protocol, people, protocol.read_predictions(written(folder / "dt.json", case.detections), people)


@pytest.mark.parametrize("seed", range(3))
def test_kinds_of_coco_are_those_of_a_slow_reading_of_the_rule(tmp_path: Path, seed: int) -> None:
    protocol, people, predictions = coco_case(tmp_path, seed)
    assert check_kinds(protocol.compared(predictions, people, "official")) >= {"good", "jitter", "miss"}


@pytest.mark.parametrize("seed", range(2))
def test_a_keypoint_of_coco_belongs_to_the_place_of_the_largest_similarity(tmp_path: Path, seed: int) -> None:
    protocol, people, predictions = coco_case(tmp_path, seed)
    one = protocol.compared(predictions, people, "official")
    squares = ((one.keypoints[:, None, :, None] - people.keypoints[None, :, None]) ** 2).sum(axis=4)  # (N, M, K, K)
    similarity = np.exp(-squares / (2 * people.measures["area"][None, :, None, None] * (2 * SIGMAS) ** 2))
    own = similarity[np.arange(len(people)), np.arange(len(people))].diagonal(axis1=1, axis2=2)
    for (n, k), kind in np.ndenumerate(kinds_of(one)):
        if kind < 0:
            continue
        sides = [k, people.skeleton.flip_order[k]]
        others = [
            similarity[n, m, k, j]
            for m in np.flatnonzero(people.image == people.image[n])
            for j in sides
            if people.visibility[m, j] > 0 and (m, j) != (n, k)
        ]
        best = max(others, default=0)
        if best > own[n, k]:
            assert (KINDS[kind] in ("inversion", "swap")) == (best >= 0.5)
        else:
            limits = {"good": (0.85, 1), "jitter": (0.5, 0.85), "miss": (0, 0.5)}
            low, high = limits[KINDS[kind]]
            assert low <= own[n, k] <= high


def test_a_good_keypoint_of_coco_is_an_inversion_where_the_other_side_is_nearer(tmp_path: Path) -> None:
    protocol, people, predictions = coco_case(tmp_path, 1)
    keypoints = people.keypoints.copy()
    left, right = people.skeleton.index("left_eye", "right_eye")
    keypoints[0, right] = keypoints[0, left] + [2.0, 0.0]
    near = replace(people, keypoints=keypoints, visibility=np.full_like(people.visibility, 2))
    guess = np.repeat(keypoints[None, 0], len(predictions), axis=0)
    guess[:, left] += [1.5, 0.0]  # eyes are 2 pixels apart, and 1.5 pixels are a similarity above 0.85 here
    alone = near.take(np.array([0]))
    only = for_instances(alone, guess[:1])
    one = protocol.compared(only, alone, "official")
    assert one.good[0, left]
    found = kinds_of(one)[0]
    assert [KINDS[found[k]] for k in (left, right)] == ["inversion", "good"]


def test_limits_of_coco_are_similarities_of_85_and_50_percent(tmp_path: Path) -> None:
    protocol, people, predictions = coco_case(tmp_path, 1)
    one = protocol.compared(predictions, people, "official")
    squares = ((one.keypoints - people.keypoints) ** 2).sum(axis=2)
    area = people.measures["area"][:, None]
    similarity = np.exp(-squares / (2 * area * (2 * SIGMAS) ** 2))
    asked = one.counted & one.found[:, None]
    assert (one.good[asked] == (similarity >= 0.85)[asked]).all()
    assert (one.right[asked] == (similarity >= 0.5)[asked]).all()
    assert 0 < one.good[asked].sum() < one.right[asked].sum() < asked.sum()


def test_repairs_of_a_pooled_mean_add_up_to_what_is_lost(two_people: Instances) -> None:
    people = replace(two_people, images=("a.jpg", "b.jpg"), image=np.array([0, 1]), image_ids=np.array([5, 6]))
    keypoints = people.keypoints.copy()
    keypoints[0, WRIST] = people.keypoints[0, OTHER_WRIST]
    keypoints[1, ANKLE, 1] -= 9
    keypoints[1, KNEE, 1] -= 90
    keypoints[1, PELVIS, 1] -= 90  # is not in the official mean
    one = compared(people, keypoints)
    before = one.rescored(one.predictions)
    found = error_kinds(one, "Mean", before)
    gains = {repair.kind: round(repair.gain.value, 6) for repair in found.repairs}
    part = round(100 / 28, 6)
    assert gains == {"jitter": part, "inversion": part, "swap": 0, "miss": part, "all": round(300 / 28, 6)}
    assert [repair.count for repair in found.repairs] == [1, 1, 0, 2, 4]
    assert [repair.share.value for repair in found.repairs if repair.share] == [3.125, 3.125, 0, 6.25, 12.5]
    assert found.joints["pelvis"] == (1, 0, 0, 0, 1)
    assert [(worst.image, worst.person, worst.wrong) for worst in found.worst] == [("b.jpg", 1, 3), ("a.jpg", 0, 1)]
    assert before.metrics["Mean"] == pytest.approx(100 * 25 / 28)


@pytest.mark.usefixtures("few_resamples")
def test_repairing_all_of_coco_is_putting_every_wrong_keypoint_on_its_annotation(tmp_path: Path) -> None:
    protocol, people, predictions = coco_case(tmp_path, 2)
    one = protocol.compared(predictions, people, "official")
    found = error_kinds(one, "AP", one.rescored(predictions))
    all_repaired = next(repair for repair in found.repairs if repair.kind == "all")
    keypoints = predictions.keypoints.copy()
    for n in range(len(people)):
        keypoints[one.row[n]] = np.where(one.good[n, :, None], keypoints[one.row[n]], people.keypoints[n])
    by_hand = one.rescored(replace(predictions, keypoints=keypoints)).metrics["AP"]
    assert found.unfound == 0
    assert one.rescored(predictions).metrics["AP"] + all_repaired.gain.value == pytest.approx(by_hand)
    assert by_hand > 0.8  # false detections with higher scores than true ones are left


@pytest.mark.usefixtures("few_resamples")
def test_a_file_that_finds_nobody_has_no_kinds_and_everyone_is_unfound(tmp_path: Path) -> None:
    protocol, people, _ = coco_case(tmp_path, 1)
    empty = protocol.read_predictions(written(tmp_path / "empty.json", []), people)
    one = protocol.compared(empty, people, "official")
    found = error_kinds(one, "AP", one.rescored(empty))
    assert (found.counts, found.joints, found.worst) == ((0, 0, 0, 0, 0), {}, ())
    assert found.unfound == found.people == len(people)
    assert {repair.kind: repair.count for repair in found.repairs} == dict.fromkeys(
        (*KINDS[1:], "all", "score", "background"), 0
    )
    found.as_json()


def test_gains_of_a_headline_that_is_unknown_are_unknown(two_people: Instances) -> None:
    missing = np.zeros((2, 16), bool)
    missing[:, ANKLE] = missing[1] = True  # nobody's right ankle is predicted, so the official Mean is unknown
    keypoints = np.where(missing[..., None], np.nan, two_people.keypoints)
    one = compared(two_people, keypoints, missing=missing)
    found = error_kinds(one, "Mean", one.rescored(one.predictions))
    assert [repair.count for repair in found.repairs] == [0, 0, 0, 15, 15]
    assert all(np.isnan(repair.gain.value) for repair in found.repairs)
    assert found.as_json()["repairs"][0]["gain"] == {"value": None, "interval": None}


def people_at(*middles: float, ignored: tuple[bool, ...] | None = None) -> People:
    """People of two keypoints, 10 pixels apart, and of area 100, in one image."""
    places = np.array([[(x, 0.0), (x, 10.0)] for x in middles])
    n = len(middles)
    return People(
        image=np.zeros(n, int), id=np.arange(1, n + 1), keypoints=places, labelled=np.ones((n, 2), bool),
        area=np.full(n, 100.0), bbox=np.zeros((n, 4)), crowd=np.zeros(n, bool),
        ignored=np.zeros(n, bool) if ignored is None else np.array(ignored),
    )  # fmt: skip


def paired(people: People, *found: tuple[float, float]) -> oks_pairing.Pairing:
    """Pair people with detections, each at a place with a score."""
    places = np.array([[(x, 0.0), (x, 10.0)] for x, _ in found])
    score = np.array([score for _, score in found])
    detections = Detections(
        image=np.zeros(len(found), int), keypoints=places, score=score, area=np.full(len(found), 100.0)
    )
    return oks_pairing.paired(detections, people, np.array([0.1, 0.1]), 1)


def test_the_better_scored_detection_takes_the_person_and_the_nearer_one_outdoes_it() -> None:
    found = paired(people_at(0, 50), (1, 0.3), (2, 0.9), (50, 0.5))
    assert found.detection.tolist() == [1, 2]
    assert found.outdone.tolist() == [True, False]
    assert found.background.tolist() == [True, False, False]
    np.testing.assert_allclose(found.similarity, [np.exp(-1 / 8), np.exp(-4 / 8), 1])


def test_a_person_is_found_from_a_similarity_of_one_tenth_on() -> None:
    last = float(np.sqrt(-8 * np.log(0.1)))
    assert paired(people_at(0), (last - 0.001, 1)).detection.tolist() == [0]
    assert paired(people_at(0), (last + 0.001, 1)).detection.tolist() == [-1]


def test_a_detection_of_a_person_who_does_not_count_is_no_background() -> None:
    found = paired(people_at(0, 50, ignored=(False, True)), (50, 0.9), (90, 0.8))
    assert found.detection.tolist() == [-1, -1]
    assert found.background.tolist() == [False, True]


def test_the_21st_detection_of_an_image_finds_nobody() -> None:
    crowd = [(1000.0 + i, 0.9) for i in range(20)]
    assert paired(people_at(0), *crowd, (0, 0.1)).detection.tolist() == [-1]
    assert paired(people_at(0), *crowd[:19], (0, 0.1)).detection.tolist() == [19]


def test_limbs_cannot_be_diagnosed(tmp_path: Path) -> None:
    people = pb.load_people("lsp").take(np.arange(7))
    save(for_instances(people, people.keypoints), tmp_path / "a.h5")
    with pytest.raises(pb.PosebenchError, match=r"about keypoints, but PCP@0\.5 scores limbs"):
        pb.diagnose(tmp_path / "a.h5", protocol="lsp", people=people, convention="person-centric-pcp")


@pytest.mark.usefixtures("few_resamples")
def test_every_error_of_a_published_file_has_one_kind_and_repairs_restore_the_mean(shared: Path) -> None:
    data = shared / "data/mpii"
    found = pb.diagnose(data / "predictions/hg_s8_b1.mat", protocol="mpii", data=data)
    gains = {repair.kind: repair.gain for repair in found.errors.repairs}
    assert found.evaluation.metrics["Mean"] + gains["all"].value == pytest.approx(100)
    assert sum(gains[kind].value for kind in KINDS[1:]) == pytest.approx(gains["all"].value)
    assert sum(found.errors.counts) == (found.compared.people.visibility > 0).sum()
    assert max(gains, key=lambda kind: gains[kind].value if kind != "all" else 0) == "jitter"
    low, high = gains["inversion"].interval
    assert low < gains["inversion"].value < high
    assert len(found.frame) == sum(found.errors.counts)


@pytest.mark.usefixtures("few_resamples")
def test_sides_of_an_observer_scored_as_the_persons_own_are_inversions(shared: Path) -> None:
    data = shared / "data/lsp"
    files = {name: data / f"predictions/yang16_{name}.mat" for name in ("pc", "oc")}
    counts = {name: pb.diagnose(file, protocol="lsp", data=data).errors for name, file in files.items()}
    inversions = {name: errors.counts[KINDS.index("inversion")] for name, errors in counts.items()}
    assert inversions["oc"] > 1.5 * inversions["pc"]
