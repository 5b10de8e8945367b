"""Damaged and hostile files: every reader of MPII answers with a sentence that names the file, or reads what is there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import mpii_release as made
import numpy as np
import pytest
from fuzzing import CRASHED, READ, REFUSED, outcomes
from scipy.io import savemat

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, load, save
from posebench.errors import PosebenchError
from posebench.files.arrays import array_names, load_array
from posebench.plugins.registry import protocol

MPII = protocol("mpii")
PEOPLE = 3
SEEDS = 40
"""Damaged variants of every form."""


def h5_columns() -> dict[str, Any]:
    return {
        "imgname": np.array([b"a.jpg", b"b.jpg", b"a.jpg"]), "person": np.array([0.0, 0, 1]), "index": np.array([133.0, 6, 133]),
        "center": np.full((3, 2), 50.0), "scale": np.array([1.0, 0.5, 0.25]), "part": np.arange(96.0).reshape(3, 16, 2),
        "visible": np.ones((3, 16)), "normalize": np.array([10.0, 12.0, 14.0]),
    }  # fmt: skip


def write_h5(path: Path, columns: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file.create_dataset(name, data=column)
    return path


def write_detections(path: Path, compressed: bool = False) -> Path:
    people = [made.annorect([made.point(j, 10.0 + j, 20.5, j % 2) for j in range(16)]) for _ in range(PEOPLE)]
    savemat(path, {
        "annolist": made.struct([{"annorect": made.struct([person])} for person in people]),
        "RELEASE_img_index": [7, 18, 28], "RELEASE_person_index": [1, 1, 1],
    }, do_compression=compressed)  # fmt: skip
    return path


def write_gt_valid(path: Path) -> Path:
    write_h5(path.with_name("valid.h5"), h5_columns())
    boxes = np.arange(12.0).reshape(2, 2, 3)
    savemat(path, {"pos_gt_src": np.ones((16, 2, 3)), "jnt_missing": np.zeros((16, 3)), "headboxes_src": boxes})
    return path


def write_json(path: Path) -> Path:
    joints = [[10.0 + joint, 20.5] for joint in range(16)]
    person = {"image": "a.jpg", "center": [50.0, 60.0], "scale": 2.0, "joints": joints, "joints_vis": [1] * 16}
    path.write_text(json.dumps([person, person | {"image": "b.jpg"}, person]))
    return path


def write_release(path: Path) -> Path:
    return made.write_trainers(path, *made.ODD.values())


FORMS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "train.h5": (lambda path: write_h5(path, h5_columns() | {"index": np.array([4.0, 9, 4])}), "train"),
    "detections.mat": (write_detections, "val"),
    "compressed.mat": (lambda path: write_detections(path, compressed=True), "val"),
    "gt_valid.mat": (write_gt_valid, "val"),
    "train.json": (write_json, "train"),
    "release.mat": (write_release, "train"),
}


def damaged(content: bytes, seed: int) -> bytes:
    """Cut off, or with some bytes changed; the damage is a function of the seed."""
    random = np.random.default_rng(seed)
    if seed % 4 == 0:
        return content[: int(random.integers(1, len(content)))]
    array = np.frombuffer(content, np.uint8).copy()
    where = random.integers(0, len(array), size=int(random.integers(1, 9)))
    array[where] ^= random.integers(1, 256, size=len(where)).astype(np.uint8)
    return array.tobytes()


def survive(read: Callable[[], object], path: Path) -> None:
    """Damaged variants of the file at `path` are each read, or refused in a sentence that names it.

    Or HDF5's own library crashes, which Python cannot prevent.
    """
    whole = path.read_bytes()
    contents = [damaged(whole, seed) for seed in range(SEEDS)]
    found = outcomes(read, path, contents)
    assert len(found) == SEEDS
    for seed, (content, became) in enumerate(zip(contents, found, strict=True)):
        assert became in ((READ, REFUSED, CRASHED) if content[:4] == b"\x89HDF" else (READ, REFUSED)), seed


@pytest.mark.filterwarnings("ignore")  # scipy and numpy may say what they like of damaged numbers
@pytest.mark.parametrize("name", FORMS)
def test_a_damaged_annotation_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    write, split = FORMS[name]
    path = write(tmp_path / name)
    assert len(MPII.instances(path, split)) in (2, PEOPLE)
    survive(lambda: MPII.instances(path, split), path)


@pytest.fixture
def people(tmp_path: Path) -> Instances:
    return MPII.instances(write_h5(tmp_path / "valid.h5", h5_columns()), "val")


def own_file(path: Path, people: Instances) -> None:
    save(for_instances(people, people.keypoints), path)


def field_h5(path: Path, people: Instances) -> None:
    write_h5(path, {"preds": people.keypoints})


def field_mat(path: Path, people: Instances) -> None:
    savemat(path, {"preds": people.keypoints}, do_compression=True)


def field_mat4(path: Path, people: Instances) -> None:
    savemat(path, {"preds": people.keypoints.reshape(3, 32)}, format="4")


def read_and_score(path: Path, people: Instances) -> None:
    made = MPII.read_predictions(path, people)
    try:
        MPII.score(made, people, "official")
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error  # as the command does


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("write", [own_file, field_h5, field_mat, field_mat4])
def test_a_damaged_prediction_file_is_read_or_refused_in_a_sentence(
    write: Any, people: Instances, tmp_path: Path
) -> None:
    path = tmp_path / "predictions.mat"
    write(path, people)
    survive(lambda: read_and_score(path, people), path)


@pytest.mark.parametrize("column", h5_columns())
@pytest.mark.parametrize(
    "wrong",
    [0, np.zeros(0), np.zeros((3, 7)), np.array([b"x", b"y", b"z"]), np.full((3, 16, 2), np.nan), h5py.Empty("f")],
)
def test_a_column_of_another_kind_is_refused(column: str, wrong: Any, tmp_path: Path) -> None:
    path = write_h5(tmp_path / "valid.h5", h5_columns() | {column: wrong})
    texts, nothing = isinstance(wrong, np.ndarray) and wrong.dtype.kind == "S", isinstance(wrong, h5py.Empty)
    if (column, texts, nothing) not in (
        ("imgname", True, False),
        ("index", False, True),
    ):  # names, and the one that may lack
        with pytest.raises(PosebenchError, match=str(path)):
            MPII.instances(path, "val")


@pytest.mark.parametrize(
    "column, value, sentence",
    [
        ("person", [0, -1, 1], r"person of row 1 \(b.jpg\) is -1, but should be a whole number"),
        ("person", [0, 0.5, 1], r"person of row 1 \(b.jpg\) is 0.5, but"),
        ("person", [0, 1e300, 1], r"person of row 1 \(b.jpg\) is 1e\+300: not finite, or beyond"),
        ("index", [4, 9, 5], r"index of row 2 \(a.jpg\) is not that of others with the same image name"),
        ("scale", [1, np.inf, 1], "scale of row 1 .* is inf: not finite, or beyond"),
        ("normalize", [1, np.nan, 1], r"normalize of row 1 \(b.jpg\) is nan: not finite"),
        ("center", np.full((3, 2), 1e300), "center of row 0"),
        ("imgname", np.array([b"a.jpg", b"../../x", b"c.jpg"]), "row 1 is named '../../x'"),
        ("imgname", np.array([b"a.jpg", b"x" * 10_000, b"c.jpg"]), r"'x{40}' \(10,000 characters\)"),
        ("imgname", np.array([b"a.jpg", b"\x1b]0;x\x07", b"c.jpg"]), "not a file name in"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named(column: str, value: Any, sentence: str, tmp_path: Path) -> None:
    path = write_h5(tmp_path / "valid.h5", h5_columns() | {column: np.asarray(value)})
    with pytest.raises(PosebenchError, match=sentence):
        people = MPII.instances(path, "val")
        raise PosebenchError(" ".join(people.source.notes))  # one of them is no error, but is said


def test_an_hdf5_file_of_kilobytes_cannot_take_gigabytes(tmp_path: Path, people: Instances) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("preds", shape=(10**9, 16, 2), dtype="f8", compression="gzip", chunks=(10**4, 16, 2))
    assert path.stat().st_size < 10_000
    sentence = "bomb.h5 declares arrays of 256,000,000,000 bytes; 1,073,741,824 is the most"
    for read in (
        lambda: MPII.read_predictions(path, people),
        lambda: MPII.instances(path, "val"),
        lambda: load_array(path),
    ):
        with pytest.raises(PosebenchError, match=sentence):
            read()
    own_file(path, people)
    with h5py.File(path, "a") as file:
        del file["keypoints"]
        file.create_dataset("keypoints", shape=(2**62, 2, 2**10), dtype="f8", chunks=(1, 1, 1))
    with pytest.raises(PosebenchError, match="declares arrays of"):
        load(path)


def test_only_the_arrays_that_are_asked_for_are_read(tmp_path: Path) -> None:
    arrays = {"first": np.arange(6.0).reshape(2, 3), "second": np.ones((3, 4))}
    savemat(tmp_path / "a.mat", arrays)
    write_h5(tmp_path / "a.h5", arrays)
    for name in ("a.mat", "a.h5"):
        assert sorted(array_names(tmp_path / name)) == ["first", "second"]
        assert list(load_array(tmp_path / name, ["first", "third"])) == ["first"]
        np.testing.assert_array_equal(load_array(tmp_path / name)["first"], arrays["first"])
