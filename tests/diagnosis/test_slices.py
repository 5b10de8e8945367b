"""Parts of the data, each on people whom a person can picture, and manifests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posebench as pb
from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.diagnosis import slices as parts
from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.manifest import read_manifest
from posebench.diagnosis.slices import Part, slices
from posebench.plugins import registry

MPII = registry.protocol("mpii")
HIPS, SHOULDERS = MPII.skeleton.index("left_hip", "right_hip"), MPII.skeleton.index("left_shoulder", "right_shoulder")


def people(count: int, per_image: int = 1, **changes: Any) -> Instances:
    """People 100 pixels wide and 200 tall, 300 apart, heads of 10 pixels, all keypoints visible."""
    k = len(MPII.skeleton)
    body = np.stack([np.linspace(0, 100, k), np.linspace(0, 200, k)], axis=1)
    images = -(-count // per_image)
    columns = {
        "images": tuple(f"{i}.jpg" for i in range(images)), "image_ids": np.arange(images),
        "image": np.arange(count) // per_image, "person": np.arange(count) % per_image,
        "center": np.zeros((count, 2)), "size": np.full((count, 2), 250.0),
        "keypoints": body + 300.0 * (np.arange(count) % per_image)[:, None, None],
        "visibility": np.full((count, k), 2, np.int8), "usable": np.ones(count, bool),
        "measures": {"head_length": np.full(count, 10.0)},
    }  # fmt: skip
    return Instances(dataset="mpii", split="val", skeleton=MPII.skeleton, **(columns | changes))


def cut(who: Instances, keypoints: np.ndarray, manifest: dict[str, np.ndarray] | None = None) -> dict[str, Part]:
    compared = MPII.compared(for_instances(who, keypoints), who, "official")
    return {f"{one.by} {one.name}".strip(): one for one in slices(compared, manifest or {})}


def test_occluded_keypoints_are_a_part_of_their_own() -> None:
    who = people(4)
    who.visibility[:, HIPS[0]] = 1
    keypoints = who.keypoints.copy()
    keypoints[0, HIPS[0]] += 90
    found = cut(who, keypoints)
    shown = {name: (one.right.value, one.people, one.keypoints) for name, one in found.items()}
    assert shown == {
        "all": (pytest.approx(100 * 55 / 56), 4, 56), "visibility visible": (100, 4, 52), "visibility occluded": (75, 4, 4),
    }  # fmt: skip
    low, high = found["visibility occluded"].right.interval
    assert 0 <= low < 75 < high <= 100


@pytest.mark.usefixtures("few_resamples")
def test_parts_pool_what_the_headline_pools_and_agree_with_the_record(shared: Path) -> None:
    data = shared / "data/mpii"
    found = pb.diagnose(data / "predictions/hg_s2_b1.mat", protocol="mpii", data=data)
    mine = {one.name: one.right for one in found.slices if one.by in ("", "visibility")}
    assert mine["all"].value == found.evaluation.metrics["Mean"]
    recorded = {one.name: one for one in found.evaluation.record.slices if one.by == "visibility"}
    for name in ("visible", "occluded"):
        assert (mine[name].value, mine[name].interval) == (recorded[name].value, recorded[name].interval)


def test_everything_has_the_interval_of_the_score_where_nothing_of_some_people_counts() -> None:
    who = people(6)
    who.visibility[4:] = 0
    keypoints = who.keypoints.copy()
    keypoints[0] += 90
    keypoints[1, HIPS[0]] += 90
    predictions = for_instances(who, keypoints)
    scores = MPII.score(predictions, who, "official")
    everything = slices(MPII.compared(predictions, who, "official"), {})[0]
    assert (everything.name, everything.people, everything.right.value) == ("all", 4, scores.metrics["Mean"])
    assert everything.right.interval == scores.intervals["Mean"]


def test_people_are_cut_in_thirds_by_the_longer_side_of_their_boxes() -> None:
    box = np.array([[0, 0, 9, 30.0], [0, 0, 20, 9], [0, 0, 50, 9], [0, 0, 9, 40], [0, 0, 60, 9], [0, 0, 9, 10]])
    names = parts.size(people(6, bbox=box)).tolist()
    assert names == [
        "middle third", "smallest third", "largest third", "middle third", "largest third", "smallest third"
    ]  # fmt: skip


def test_boxes_overlap_from_a_tenth_of_their_union_on() -> None:
    # 100 × 10 pixels each; the second begins where the first has 18.2 % left: 18.2 / 181.8 is a little more than a tenth.
    box = np.array([[0, 0, 100, 10], [81.8, 0, 100, 10], [163.7, 0, 100, 10], [0, 0, 100, 10.0]])
    who = people(4, per_image=3, bbox=box)  # the fourth is in another image
    assert parts.crowding(who).tolist() == ["1–2", "1–2", "0", "0"]


def test_people_of_an_image_are_counted_where_they_are_usable() -> None:
    assert parts.together(people(7, per_image=6)).tolist() == ["5 or more"] * 6 + ["1"]
    usable = np.array([True, True, False, False, False, False, True])
    assert parts.together(people(7, per_image=6, usable=usable)).tolist() == ["2–4"] * 6 + ["1"]


def test_labelled_keypoints_are_all_half_or_fewer() -> None:
    who = people(4)
    who.visibility[1, :8] = who.visibility[2, :9] = who.visibility[3] = 0
    assert parts.labelled(who).tolist() == ["all", "half or more", "fewer than half", ""]


def test_a_person_is_cut_by_the_border_where_the_box_reaches_it() -> None:
    box = np.array([[5, 5, 80, 90.0], [5, 5, 93, 80], [1, 5, 20, 20], [5, 5, 20, 20]])
    sizes = np.array([[100.0, 100.0]] * 3 + [[np.inf, np.inf]])
    who = people(4, bbox=box, image_sizes=sizes)
    assert parts.truncation(who).tolist() == ["inside the image", "cut by the border", "cut by the border", ""]
    assert parts.truncation(people(2)).tolist() == ["", ""]


@pytest.mark.parametrize(
    "degrees, name",
    [
        (0, "upright"),
        (29, "upright"),
        (-31, "tilted"),
        (61, "lying"),
        (-119, "lying"),
        (121, "upside down"),
        (180, "upside down"),
    ],
)
def test_rotation_is_the_torsos_turn_from_upright_to_either_side(degrees: float, name: str) -> None:
    who = people(2)
    turn = np.radians(degrees)
    who.keypoints[:, HIPS] = [[90.0, 100], [110, 100]]
    who.keypoints[:, SHOULDERS] = [[[100 + 50 * np.sin(turn), 100 - 50 * np.cos(turn)]] * 2] * 2
    who.visibility[1, HIPS[0]] = 0
    assert parts.rotation(who).tolist() == [name, ""]


def test_labels_of_thirty_people_are_parts_and_rarer_ones_are_not() -> None:
    labels = np.array(["dancing"] * 30 + ["fishing"] * 31 + ["rowing"] * 29 + [""] * 5)
    found = cut(who := people(95, labels={"activity": labels}), who.keypoints)
    assert {name: one.people for name, one in found.items()} == {
        "all": 95, "activity dancing": 30, "activity fishing": 31,
    }  # fmt: skip


def test_a_manifest_labels_images_and_empty_cells_are_in_no_part(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("image,weather,place\n0.jpg,rain,indoors\n 1.jpg ,sun,\n")
    who = people(5, per_image=2)
    labels, notes = read_manifest(tmp_path / "m.csv", who)
    assert {name: column.tolist() for name, column in labels.items()} == {
        "weather": ["rain", "rain", "sun", "sun", ""], "place": ["indoors", "indoors", "", "", ""],
    }  # fmt: skip
    assert notes == ()
    found = cut(who, who.keypoints, labels)
    assert {name: one.people for name, one in found.items() if "people in" not in name} == {
        "all": 5, "weather rain": 2, "weather sun": 2, "place indoors": 2,
    }  # fmt: skip


def test_a_manifest_labels_people_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("person,image,sex\n1,0.jpg,f\n0,2.jpg,m\n7,0.jpg,m\n")
    labels, notes = read_manifest(tmp_path / "m.csv", people(5, per_image=2))
    assert labels["sex"].tolist() == ["", "f", "", "", "m"]
    assert notes == ("1 row is about others than mpii val; the first is 0.jpg, person 7.",)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is empty"),
        ("image\n0.jpg\n", "has the columns image. A manifest needs the column image"),
        ("name,weather\n0.jpg,sun\n", "has the columns name, weather. A manifest needs the column image"),
        ("image,a,a\n0.jpg,1,2\n", "each has a name of its own"),
        ("image,a\n0.jpg\n", "line 2: there are 1 cell, but 2 columns"),
        ("image,a\n0.jpg,x\n0.jpg,y\n", "0.jpg is there twice, in lines 2 and 3"),
        ("image,a\nx.jpg,x\n", "labels nobody of mpii val; its first row is about x.jpg. .* such as 0.jpg, person 0"),
        ("image,a\n", "labels nobody of mpii val"),
        ("image,a\n" + "".join(f"{i}.jpg,{i}\n" for i in range(101)), "the column a has 101 different labels"),
        ('image,a\n"0.jpg,x\n', "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(pb.PosebenchError, match=message):
        read_manifest(tmp_path / "m.csv", people(101))


def test_everyone_alike_is_no_criterion() -> None:
    who = people(4)
    assert list(cut(who, who.keypoints)) == ["all"]
    assert list(cut(replace(who, visibility=np.zeros_like(who.visibility)), who.keypoints)) == []


def test_a_part_is_worse_only_beyond_the_chance_of_as_many_parts() -> None:
    def part(name: str, value: float, half: float, people: int = 40) -> Part:
        return Part("size", name, Estimate(value, (value - half, value + half)), people, 600)

    everything = Part("", "all", Estimate(70.0, (66.0, 74.0)), 800, 12000)
    low, lower = part("low", 64.0, 3.0), part("lower", 50.0, 3.0)
    assert parts.worse_parts([everything, low]) == [low]  # 6 is more than the 5 of a right triangle with 3 and 4
    assert parts.worse_parts([everything, low, lower]) == [lower, low]  # of two parts, more than 5 · 2.24 / 1.96 = 5.7
    many = [part(f"part {place}", 70.0, 3.0) for place in range(18)]
    assert parts.worse_parts([everything, low, lower, *many]) == [lower]  # of twenty, more than 5 · 3.02 / 1.96 = 7.7
    assert parts.worse_parts([everything, part("few", 10.0, 3.0, people=29)]) == []
    assert parts.worse_parts([everything, Part("size", "unknown", Estimate(10.0), 40, 600)]) == []
