"""Predictions as tables: .npz in the annotation's order, .csv by name; everything that is wrong is a sentence with its place."""

from pathlib import Path

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.prediction_tables import load
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol

HEADER = "image,person,keypoint,x,y,score\n"


def test_an_npz_is_read_in_the_annotations_order_and_nan_is_missing(two_people: Instances, tmp_path: Path) -> None:
    keypoints = two_people.keypoints + 0.25
    keypoints[1, 3] = np.nan
    np.savez(tmp_path / "p.npz", keypoints=keypoints, scores=np.full((2, 16), 0.5))
    made = load(tmp_path / "p.npz", two_people)
    assert made.keypoints[0, 2].tolist() == [40.25, 20.25]
    assert np.argwhere(made.missing).tolist() == [[1, 3]]
    assert made.scores[0, 0] == 0.5


def test_an_npz_may_state_the_presence_of_keypoints(two_people: Instances, tmp_path: Path) -> None:
    keypoints, presence = two_people.keypoints.copy(), np.full((2, 16), 0.25)
    keypoints[1, 3] = np.nan
    np.savez(tmp_path / "p.npz", keypoints=keypoints, presence=presence)
    made = load(tmp_path / "p.npz", two_people)
    assert made.presence is not None
    assert (made.presence[0, 3], made.presence[1, 3], made.scores[0, 3]) == (0.25, 0, 1)
    np.savez(tmp_path / "p.npz", keypoints=keypoints, presence=presence[:1])
    with pytest.raises(PosebenchError, match=r"presence is \(1, 16\) float64, but .* needs \(2, 16\) numbers"):
        load(tmp_path / "p.npz", two_people)


def test_a_csv_is_read_by_image_person_and_keypoint_in_any_order(two_people: Instances, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(HEADER + "a.jpg,1,left_knee,7.5,8,0.25\na.jpg,0,head_top,1,2,\n")
    made = load(tmp_path / "p.csv", two_people)
    names = two_people.skeleton.keypoints
    assert made.keypoints[1, names.index("left_knee")].tolist() == [7.5, 8]
    assert made.scores[1, names.index("left_knee")] == 0.25
    assert made.scores[0, names.index("head_top")] == 1
    assert (~made.missing).sum() == 2


@pytest.mark.parametrize(
    "text, message",
    [
        ("image,person,x,y\n", "lacks the column keypoint. The header is image,person,keypoint,x,y"),
        (HEADER + "a.jpg,0,left_kne,1,2,\n", "line 2: No keypoint is named 'left_kne'. Did you mean 'left_knee'"),
        (HEADER + "a.jpg,0,left_knee,1,2,\na.jpg,0,left_knee,1,2,\n", "line 3: left_knee of a.jpg stands twice"),
        (HEADER + "b.jpg,0,left_knee,1,2,\n", "line 2: mpii val has no person 0 in 'b.jpg'"),
        (HEADER + "a.jpg,0,left_knee,nan,2,\n", "line 2: nan, 2.0, 1.0 are not finite"),
        (HEADER + "a.jpg,zero,left_knee,1,2,\n", "line 2: a number is missing or wrong"),
        (HEADER + "a.jpg,0,left_knee\n", "line 2: a number is missing or wrong"),
    ],
)
def test_a_wrong_csv_is_a_sentence_with_the_line(
    two_people: Instances, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(PosebenchError) as caught:
        load(tmp_path / "p.csv", two_people)
    assert message in str(caught.value)


def test_a_wrong_npz_is_a_sentence(two_people: Instances, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", poses=np.zeros((2, 16, 2)))
    np.savez(tmp_path / "short.npz", keypoints=np.zeros((1, 16, 2)))
    np.savez(tmp_path / "turned.npz", keypoints=np.zeros((16, 2, 2)))
    np.savez(tmp_path / "scored.npz", keypoints=np.zeros((2, 16, 3)))
    np.savez(tmp_path / "nested.npz", keypoints=np.zeros((2, 16, 2)), scores=np.zeros((2, 16, 1)))
    np.savez(tmp_path / "text.npz", keypoints=np.full((2, 16, 2), "x"))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:50])
    np.save(tmp_path / "array.npy", np.zeros((2, 16, 2)))
    for name, message in (
        ("other.npz", "has no array 'keypoints'; it has poses"),
        ("short.npz", r"keypoints is \(1, 16, 2\) float64, but mpii val needs \(2, 16, 2\) numbers"),
        ("turned.npz", r"Save keypoints\.transpose\(1, 0, 2\)\.$"),
        ("scored.npz", r"save keypoints=array\[\.\.\., :2\], scores=array\[\.\.\., 2\]\.$"),
        ("nested.npz", r"scores is \(2, 16, 1\) .* Save scores\[\.\.\., 0\]\.$"),
        ("text.npz", r"keypoints is \(2, 16, 2\) <U1"),
        ("cut.npz", "cannot be read as .npz"),
        ("array.npy", r"is one array without a name. Save it as .npz: np.savez\('array' \+ '.npz', keypoints=array\)"),
    ):
        with pytest.raises(PosebenchError, match=message):
            load(tmp_path / name, two_people)
    with pytest.raises(
        PosebenchError, match=r"needs \(2, 16, 2\) numbers. mpii test has 1 people: is it --split test\?$"
    ):
        load(tmp_path / "short.npz", two_people, {"val": 1, "test": 1})


@pytest.mark.parametrize("name", ["mpii", "flic", "coco", "lsp"])
def test_every_protocol_reads_tables(name: str, tmp_path: Path) -> None:
    from posebench.tasks.people import load_people

    rules = protocol(name)
    people = load_people(rules, None)
    np.savez(tmp_path / "p.npz", keypoints=people.keypoints)
    assert rules.read_predictions(tmp_path / "p.npz", people).keypoints.shape == people.keypoints.shape
