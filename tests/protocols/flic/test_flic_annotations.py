"""FLIC's files: every form is known by what is in it, and whatever is wrong with one is a sentence."""

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from flic_data import COLUMNS, example_rows, h5_columns, parts, turned, write_examples, write_h5
from fuzzing import CRASHED, READ, REFUSED, outcomes
from scipy.io import savemat

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

FLIC = protocol("flic")
IMAGES = ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]
TEST = [False, False, True, True]


def rows(**more: Any) -> list[dict[str, Any]]:
    return example_rows(parts(4), IMAGES, TEST, **more)


def part_of(name: str, part: str) -> str:
    return f"{name} has {part}: scores are not comparable with published ones."


def test_examples_mat_has_both_halves(tmp_path: Path) -> None:
    file = write_examples(tmp_path / "x.mat", rows())
    train, test = (FLIC.instances(file, split) for split in ("train", "test"))
    assert [p.images[i] for p in (train, test) for i in p.image] == IMAGES
    assert np.array_equal(test.keypoints, parts(2) - 1) and (test.visibility == 2).all()
    assert test.center.tolist() == [[229.0, 239.0]] * 2 and test.size == pytest.approx(np.full((2, 2), 440.0))
    assert test.source.form == "examples.mat"
    assert test.source.notes == (part_of("x.mat", "2 of the 1,016 people of FLIC test"),)


def test_of_29_columns_the_annotated_11_are_read(tmp_path: Path) -> None:
    table = rows()
    table[2]["coords"] = np.stack([np.arange(28.0, -1, -1), np.arange(29.0) ** 2])
    people = FLIC.instances(write_examples(tmp_path / "x.mat", table), "test")
    assert (people.keypoints[0, :, 0] + 1).tolist() == [28, 27, 26, 25, 24, 23, 22, 19, 16, 15, 12]
    assert (people.keypoints[0, :, 1] + 1).tolist() == [0, 1, 4, 9, 16, 25, 36, 81, 144, 169, 256]


def test_normalize_tells_whose_sides_an_h5_has_where_nobody_faces_away(tmp_path: Path) -> None:
    own = FLIC.instances(write_h5(tmp_path / "own.h5", h5_columns(parts())), "test")
    assert own.labels["orientation"].tolist() == ["not facing away"] * 3
    points = parts()
    points[1] = turned(points[1])
    seen = FLIC.instances(write_h5(tmp_path / "seen.h5", h5_columns(points) | {"part": parts()}), "test")
    assert "orientation" not in seen.labels and np.array_equal(seen.keypoints, own.keypoints)
    assert seen.measures["torso_diameter_normalize"].tolist() == [100.0, 50.0, 100.0]
    silent = {name: column for name, column in h5_columns(parts()).items() if name != "normalize"}
    people = FLIC.instances(write_h5(tmp_path / "silent.h5", silent), "test")
    assert (people.labels, set(people.measures)) == ({}, {"torso_diameter"})


def test_examples_mat_is_person_centric(tmp_path: Path) -> None:
    points = parts(4)
    points[3] = turned(points[3])
    people = FLIC.instances(write_examples(tmp_path / "x.mat", example_rows(points, IMAGES, TEST)), "test")
    assert people.labels["orientation"].tolist() == ["not facing away", "facing away"]
    assert np.array_equal(people.keypoints, parts(2) - 1)


def test_of_flic_full_the_halves_are_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    full = rows(istrain=[1, 0, 0, 0], isbad=[0, 1, 0, 0], isunchecked=[0, 0, 0, 0])
    people = FLIC.instances(write_examples(tmp_path / "x.mat", full), "train")
    assert len(people) == 1 and people.source.form == "FLIC-full examples.mat"
    assert people.source.notes == ("1 person of FLIC-full is in neither half (bad or unchecked) and is left out.",)


def test_a_joint_that_is_not_annotated_is_unlabelled(tmp_path: Path) -> None:
    table = rows()
    table[2]["coords"][:, 1] = np.nan
    people = FLIC.instances(write_examples(tmp_path / "x.mat", table), "test")
    assert people.visibility.tolist() == [[2, 0] + [2] * 9, [2] * 11]


def test_the_other_half_beside_tells_who_is_in_both(tmp_path: Path) -> None:
    sentence = "1 image is in train and in test, with the same person annotated in both: b.jpg."
    write_h5(tmp_path / "train.h5", h5_columns(parts(3), ["a.jpg", "b.jpg", "c.jpg"]))
    other = parts(2)
    other[0] += 3
    other[1] += 300  # somebody else
    file = write_h5(tmp_path / "valid.h5", h5_columns(other, ["b.jpg", "c.jpg"]))
    part = part_of("valid.h5", "2 of the 1,016 people of FLIC test")
    assert FLIC.instances(file, "test").source.notes == (part, sentence)
    table = example_rows(
        np.concatenate([parts(3), other]), ["a.jpg", "b.jpg", "c.jpg", "b.jpg", "c.jpg"], [0, 0, 0, 1, 1]
    )
    part = part_of("x.mat", "3 of the 3,987 people of FLIC train")
    assert FLIC.instances(write_examples(tmp_path / "x.mat", table), "train").source.notes == (part, sentence)
    (tmp_path / "train.h5").write_bytes(b"\x89HDF\r\n\x1a\n cut off")
    _, note = FLIC.instances(file, "test").source.notes
    assert note.startswith("Whether images are in train and in test is not known: ") and "train.h5" in note


def test_the_file_of_the_other_half_is_refused(shared: Path) -> None:
    annot = shared / "data/flic/annot"
    with pytest.raises(
        PosebenchError,
        match=r"train\.h5 has 3,987 people, as FLIC train, but FLIC test was asked for. Use --split train",
    ):
        FLIC.instances(annot / "train.h5", "test")
    with pytest.raises(PosebenchError, match="Use --split test"):
        FLIC.instances(annot / "valid_personcentric.h5", "train")


def test_forms_are_chosen_by_what_the_convention_needs(tmp_path: Path) -> None:
    write_examples(tmp_path / "examples.mat", rows())
    chosen = lambda convention: FLIC.annotations(tmp_path, "test", convention).name  # noqa: E731
    assert chosen("observer-centric") == chosen("person-centric") == "examples.mat"
    (tmp_path / "annot").mkdir()
    write_h5(tmp_path / "annot/valid.h5", h5_columns(parts()))
    assert (chosen("observer-centric"), chosen("person-centric")) == ("valid.h5", "examples.mat")


def test_a_missing_split_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"looked for train\.h5, train_personcentric\.h5, examples\.mat"):
        FLIC.instances(tmp_path, "train")
    with pytest.raises(PosebenchError, match="No split of flic is named 'val'. Known: test, train"):
        FLIC.instances(tmp_path, "val")


def at(column: Any, place: Any, value: Any) -> Any:
    changed = column.astype(type(value)) if isinstance(value, float) else column.copy()
    changed[place] = value
    return changed


H5 = h5_columns(parts())
DAMAGED_H5 = {
    "lacks": ({"part": None, "x": 1}, "is not a FLIC annotation: .* has 'part', but this has center, imgname"),
    "lacks others": ({"imgname": None, "scale": None}, "lacks imgname, scale"),
    "another dataset": ({"part": np.zeros((3, 16, 2))}, r"part is \(3, 16, 2\), but FLIC has \(3, 11, 2\)"),
    "a number": ({"part": 3.0}, r"part is \(\), but FLIC has"),
    "text": ({"part": np.full((3, 11, 2), b"x")}, r"part is \(3, 11, 2\) .S1, but should be"),
    "nobody": (h5_columns(parts(0)) | {"imgname": np.zeros(0, "S5")}, "has no people"),
    "NaN": ({"part": at(H5["part"], (1, 4, 0), np.nan)}, r"part of row 1 \(a.jpg\) is \[\[.*not finite"),
    "inf": ({"center": at(H5["center"], (2, 1), np.inf)}, r"center of row 2 \(b.jpg\) is \[240.0, inf\]: not finite"),
    "huge": ({"part": at(H5["part"], (0, 0, 0), 1e200)}, r"part of row 0 .*beyond any photograph"),
    "no scale": ({"scale": np.array([2.2, 0, 2.2])}, r"scale of row 1 \(a.jpg\) is 0, but should be above 0"),
    "negative": ({"normalize": np.array([1.0, 1, -4])}, r"normalize of row 2 \(b.jpg\) is -4"),
    "few scales": ({"scale": np.ones(2)}, r"scale is \(2,\) float64, but should be \(3,\) numbers"),
    "a wide centre": ({"center": np.ones((3, 3))}, r"center is \(3, 3\)"),
    "few names": ({"imgname": np.array([b"a.jpg"])}, r"imgname is \(1,\) \|S5, but should be 3 file names"),
    "numbers for names": ({"imgname": np.arange(3)}, r"imgname is \(3,\) int64"),
    "no name": ({"imgname": np.array([b"a.jpg", b"", b"c.jpg"])}, "row 1 names no image"),
    "no torso": ({"part": np.ones((3, 11, 2)), "normalize": None}, r"row 0 \(a.jpg\) has no torso"),
}


@pytest.mark.parametrize("damage", DAMAGED_H5)
def test_a_damaged_h5_is_a_sentence(tmp_path: Path, damage: str) -> None:
    change, sentence = DAMAGED_H5[damage]
    columns = {name: column for name, column in (H5 | change).items() if column is not None}
    with pytest.raises(PosebenchError, match=rf"broken\.h5.*{sentence}"):
        FLIC.instances(write_h5(tmp_path / "broken.h5", columns), "test")


def coords(place: Any, value: float) -> Any:
    full = np.full((2, 29), np.nan)
    full[:, COLUMNS] = parts(1)[0].T
    full[place] = value
    return full


DAMAGED_ROW = {
    "coords shape": ({"coords": np.zeros((2, 14))}, r"coords of examples\(3\) is \(2, 14\) float64, but should be \(2, 29\)"),
    "coords text": ({"coords": "none"}, r"coords of examples\(3\) is \['none'\]"),
    "half a joint": ({"coords": coords((0, 1), np.nan)}, "both NaN where unlabelled"),
    "inf": ({"coords": coords((0, 1), np.inf)}, r"coords of examples\(3\)"),
    "huge": ({"coords": coords((1, 1), 1e200)}, r"coords of examples\(3\)"),
    "no shoulder": ({"coords": coords((slice(None), 0), np.nan)}, r"examples\(3\) \(b.jpg\) has no torso"),
    "no other shoulder": ({"coords": coords((slice(None), 3), np.nan)}, r"examples\(3\) \(b.jpg\) has no torso"),
    "no image": ({"filepath": ""}, r"filepath of examples\(3\) is \[\], but should be a file name"),
    "an image's number": ({"filepath": 7.0}, r"filepath of examples\(3\) is \[\[7.0\]\]"),
    "no box": ({"torsobox": np.zeros((0, 0))}, r"torsobox of examples\(3\) is \[\], but should be 4 numbers"),
    "a box of NaN": ({"torsobox": np.full((1, 4), np.nan)}, r"torsobox of examples\(3\)"),
    "a mark of 2": ({"istest": 2.0}, r"istest of examples\(3\) is \[\[2.0\]\], but should be 0 or 1"),
    "no mark": ({"istrain": np.zeros((0, 0))}, r"istrain of examples\(3\)"),
    "both halves": ({"istrain": True}, r"examples\(3\) is in both halves, istrain and istest"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED_ROW)
def test_a_damaged_row_of_examples_mat_is_a_sentence(tmp_path: Path, damage: str) -> None:
    change, sentence = DAMAGED_ROW[damage]
    table = rows()
    table[2] |= change
    with pytest.raises(PosebenchError, match=rf"broken\.mat.*{sentence}"):
        FLIC.instances(write_examples(tmp_path / "broken.mat", table), "test")


@pytest.mark.parametrize(
    "variables, sentence",
    [
        ({"examples": np.zeros((3, 2))}, r"its variable 'examples' is \(3, 2\) float64, no struct"),
        ({"examples": {"coords": 1.0, "filepath": "a"}}, "lacks torsobox, istrain, istest"),
        ({"other": 1.0}, "examples.mat has 'examples' .*, but this has other. A MATLAB file of version 7.3"),
        (
            {"examples": np.zeros((1, 0), [(name, object) for name in rows()[0]])},
            "has no people|this has|no struct|lacks",
        ),
    ],
)
def test_another_mat_is_a_sentence(tmp_path: Path, variables: dict[str, Any], sentence: str) -> None:
    savemat(tmp_path / "broken.mat", variables)
    with pytest.raises(PosebenchError, match=rf"broken\.mat.*({sentence})"):
        FLIC.instances(tmp_path / "broken.mat", "test")


def test_a_half_without_people_is_a_sentence(tmp_path: Path) -> None:
    file = write_examples(tmp_path / "x.mat", example_rows(parts(2), ["a.jpg", "b.jpg"], [0, 0]))
    assert len(FLIC.instances(file, "train")) == 2
    with pytest.raises(PosebenchError, match="no person is marked istest"):
        FLIC.instances(file, "test")


@pytest.mark.parametrize("ending", ["h5", "mat"])
def test_a_file_cut_off_anywhere_is_a_sentence(tmp_path: Path, ending: str) -> None:
    whole = tmp_path / f"whole.{ending}"
    write_h5(whole, H5) if ending == "h5" else write_examples(whole, rows())
    content = whole.read_bytes()
    cut = tmp_path / f"cut.{ending}"
    for length in np.linspace(0, len(content) - 8, 25).astype(int):
        cut.write_bytes(content[:length])
        with pytest.raises(PosebenchError, match=rf"cut\.{ending}"):
            FLIC.instances(cut, "test")


def test_an_h5_with_changed_bytes_is_read_or_is_a_sentence(tmp_path: Path) -> None:
    content = np.frombuffer(write_h5(tmp_path / "whole.h5", H5).read_bytes(), np.uint8)
    contents = []
    for seed in range(60):  # not so for .mat: scipy itself crashes on some
        rng = np.random.default_rng(seed)
        damaged = content.copy()
        damaged[rng.integers(0, len(content), 8)] = rng.integers(0, 256, 8)
        contents.append(damaged.tobytes())
    file = tmp_path / "damaged.h5"
    found = outcomes(partial(FLIC.instances, file, "test"), file, contents)
    assert len(found) == 60
    assert set(found) <= {READ, REFUSED, CRASHED}
    assert found.count(REFUSED) > 5


def test_more_people_than_memory_holds_is_a_sentence(tmp_path: Path) -> None:
    file = write_h5(tmp_path / "huge.h5", {name: column for name, column in H5.items() if name != "part"})
    with h5py.File(file, "a") as damaged:
        damaged.create_dataset("part", (10**13, 11, 2), float, chunks=(9, 11, 2))
    with pytest.raises(PosebenchError, match=r"huge\.h5 declares arrays of 1,760,000,000,000,399 bytes"):
        FLIC.instances(file, "test")


def test_what_the_h5_calls_invisible_is_occluded_and_photographs_lie_beside(tmp_path: Path) -> None:
    visible = np.ones((3, 11))
    visible[1, 2] = 0
    (tmp_path / "annot").mkdir()
    file = write_h5(tmp_path / "annot/valid.h5", H5 | {"visible": visible})
    people = FLIC.instances(file, "test")
    assert np.argwhere(people.visibility == 1).tolist() == [[1, 2]] and people.image_root == tmp_path / "images"
    (tmp_path / "annot/images").mkdir()
    assert FLIC.instances(file, "test").image_root == tmp_path / "annot/images"


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    names = ["../../etc/passwd", "a\x00b\n\x1b[31m.jpg", "é" * 300]
    columns = h5_columns(parts(), names)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, column in columns.items():
            if name != "imgname":
                file[name] = column
        file["imgname"] = np.array([n.replace("\x00", "") for n in names], h5py.string_dtype())
    people = FLIC.instances(tmp_path / "x.h5", "test")
    assert people.images == tuple(n.replace("\x00", "") for n in names)
