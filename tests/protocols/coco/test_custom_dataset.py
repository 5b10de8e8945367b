"""Datasets in COCO's form that a file describes: read, scored with their own sigmas, and kept apart in every table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from coco_data import annotation, dataset, written
from coco_evaluators import reported
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posebench.cli.main import main
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.results.record import Record
from posebench.scoring import bootstrap

NAMES = ["snout", "left_paw", "right_paw", "left_hoof", "right_hoof"]
DESCRIPTION = """
name = "horses"
keypoints = ["snout", "left_paw", "right_paw", "left_hoof", "right_hoof"]
sigmas = [0.03, 0.05, 0.05, 0.09, 0.09]
bones = [["snout", "left_paw"], ["snout", "right_paw"]]

[files.train]
annotations = "annotations/horses_train.json"
images = "photographs"

[files.val]
annotations = "annotations/horses_val.json"
images = "photographs"
"""


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 3)


def described(folder: Path, text: str = DESCRIPTION, suffix: str = ".toml") -> Any:
    path = folder / f"horses{suffix}"
    path.write_text(text)
    return protocol(f"coco:{path}")


def people(folder: Path, *annotations: dict[str, Any], names: list[str] | None = None, text: str = DESCRIPTION) -> Any:
    content = dataset(*(annotations or (annotation(5), annotation(5, id=8, image_id=9))), keypoints=names)
    written(folder / "annotations/horses_val.json", content)
    return described(folder, text).instances(folder, "val")


def moved(content: Any, pixels: float) -> list[dict[str, Any]]:
    """Detections as far to the right of every annotated person."""
    return [
        {"image_id": a["image_id"], "category_id": 1, "score": 0.9,
         "keypoints": [v + (pixels if i % 3 == 0 else 0) for i, v in enumerate(a["keypoints"])]}
        for a in content["annotations"]
    ]  # fmt: skip


def test_a_description_gives_name_keypoints_pairs_and_splits(tmp_path: Path) -> None:
    horses = described(tmp_path)
    assert horses.name == "coco:horses"
    assert horses.skeleton.keypoints == tuple(NAMES)
    assert horses.skeleton.flip_pairs == ((1, 2), (3, 4))
    assert (horses.splits, horses.train_split, horses.report_split) == (("train", "val"), "train", "val")
    assert protocol("coco").name == "coco"  # the built-in one stays as it is
    assert len(protocol("coco").skeleton) == 17


def test_the_same_in_json(tmp_path: Path) -> None:
    import tomllib

    assert described(tmp_path, json.dumps(tomllib.loads(DESCRIPTION)), ".json").sigmas[3] == 0.09


def test_a_single_split_is_the_one_that_is_reported(tmp_path: Path) -> None:
    horses = described(tmp_path, DESCRIPTION.replace("files.train", "files.all").replace("files.val", "files.test"))
    assert (horses.splits, horses.report_split) == (("all", "test"), "all")
    with pytest.raises(PosebenchError, match="No split of coco:horses is named 'val'. .*Known: all, test"):
        horses.instances(tmp_path, "val")


def test_people_are_read_with_their_own_number_of_keypoints(tmp_path: Path) -> None:
    horses = people(tmp_path, names=NAMES)
    assert horses.keypoints.shape == (2, 5, 2)
    assert horses.image_root == tmp_path / "photographs"
    assert horses.source.notes == ("Mirroring swaps 2 pairs of keypoints, left_… and right_….",)


def test_scores_are_by_the_described_sigmas(tmp_path: Path) -> None:
    """At 15 pixels, area 2,500 and sigma s a keypoint's similarity is exp(-225 / (8 * 2500 * s * s))."""
    people(tmp_path)
    content = json.loads((tmp_path / "annotations/horses_val.json").read_text())
    similarity = np.mean([np.exp(-225 / (8 * 2500 * s * s)) for s in (0.03, 0.05, 0.05, 0.09, 0.09)])
    horses = described(tmp_path)
    truth = horses.instances(tmp_path, "val")
    made = horses.read_predictions(written(tmp_path / "dt.json", moved(content, 15)), truth)
    assert horses.score(made, truth, "official").per_person.tolist() == pytest.approx([similarity, similarity])
    wider = described(tmp_path, DESCRIPTION.replace("0.03, 0.05, 0.05, 0.09, 0.09", "0.9, 0.9, 0.9, 0.9, 0.9"))
    assert wider.score(made, truth, "official").metrics["AP"] == 1.0
    assert horses.score(made, truth, "official").metrics["AP"] == 0.0


def test_every_convention_and_the_export_work_on_another_skeleton(tmp_path: Path) -> None:
    truth = people(tmp_path)
    horses = described(tmp_path)
    content = json.loads((tmp_path / "annotations/horses_val.json").read_text())
    twice = [entry | {"bbox": [20, 30, 50, 60]} for entry in moved(content, 1) * 2]
    made = horses.read_predictions(written(tmp_path / "dt.json", twice), truth)
    assert [len(horses.processed(made, name)) for name in horses.conventions] == [4, 2, 4, 2, 4]
    horses.export("coco-json", horses.processed(made, "hrnet"), truth, tmp_path / "out.json")
    again = horses.read_predictions(tmp_path / "out.json", truth)
    expected = reported(horses.score(made, truth, "hrnet"))
    assert reported(horses.score(again, truth, "official")) == expected
    assert expected["AP"] > 0.9


def evaluated(folder: Path, *more: str) -> Any:
    command = ["evaluate", str(folder / "dt.json"), "--protocol", f"coco:{folder / 'horses.toml'}"]
    return CliRunner().invoke(main, [*command, "--results", str(folder / "results"), *more])


def test_the_command_line_scores_a_described_dataset_and_the_record_says_by_which_sigmas(tmp_path: Path) -> None:
    people(tmp_path)
    content = json.loads((tmp_path / "annotations/horses_val.json").read_text())
    written(tmp_path / "dt.json", moved(content, 1))
    done = evaluated(tmp_path, "--data", str(tmp_path), "--json")
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["rule"]["protocol"] == "coco:horses"
    assert record["data"]["people"] == 2
    assert any(note.startswith("Sigmas: from horses.toml (") for note in record["notes"])
    (tmp_path / "horses.toml").write_text(DESCRIPTION.replace("0.03", "0.04"))
    other = json.loads(evaluated(tmp_path, "--data", str(tmp_path), "--json").stdout)
    groups = [Record.model_validate({k: v for k, v in r.items() if k != "record"}).group for r in (record, other)]
    assert groups[0] != groups[1]  # other sigmas never share a table
    assert groups[0][0] == groups[1][0] == "coco:horses"


def test_embedded_people_lack_hooves_and_that_is_a_sentence(tmp_path: Path) -> None:
    described(tmp_path)
    written(tmp_path / "dt.json", [])
    done = evaluated(tmp_path)
    assert done.exit_code == 1
    assert "No keypoint of the synthetic people is named 'snout'." in done.stderr
    assert "Name the photographs of coco:horses with --data." in done.stderr


def test_embedded_people_serve_a_skeleton_of_theirs(tmp_path: Path) -> None:
    text = DESCRIPTION.replace("paw", "wrist").replace("hoof", "ankle").replace("snout", "nose")
    horses = described(tmp_path, text)
    from posebench.tasks.people import load_people

    drawn = load_people(horses, None, "val")
    assert drawn.skeleton.keypoints[1] == "left_wrist"
    assert drawn.keypoints.shape == (500, 5, 2)


def test_keypoints_and_bones_may_come_from_the_annotation(tmp_path: Path) -> None:
    without = "\n".join(line for line in DESCRIPTION.splitlines() if not line.startswith(("keypoints", "bones")))
    horses = people(tmp_path, names=NAMES, text=without)
    assert horses.skeleton.keypoints == tuple(NAMES)
    assert horses.skeleton.bones == (("snout", "left_paw"),)
    with pytest.raises(PosebenchError, match="name none that can be used .* List them: keypoints"):
        people(tmp_path, text=without)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(
        PosebenchError, match=r"names no keypoints, and .*horses_val.json is not there to take them from"
    ):
        described(tmp_path / "elsewhere", without)


def test_the_word_coco_stands_for_its_seventeen_sigmas(tmp_path: Path) -> None:
    lines = DESCRIPTION.replace("[0.03, 0.05, 0.05, 0.09, 0.09]", '"coco"')
    with pytest.raises(PosebenchError, match="has 17 sigmas but 5 keypoints; every keypoint needs one"):
        described(tmp_path, lines)
    body = json.dumps(list(protocol("coco").skeleton.keypoints))
    text = lines.replace(json.dumps(NAMES), body).replace("snout", "nose").replace("paw", "wrist")
    assert described(tmp_path, text).sigmas.tolist() == protocol("coco").sigmas.tolist()


def test_keypoints_in_another_order_than_the_annotations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="has the keypoints in another order: right_hoof, left_hoof"):
        people(tmp_path, names=NAMES[::-1])


def test_a_number_of_keypoints_that_disagrees_is_told(tmp_path: Path) -> None:
    notes = people(tmp_path, annotation(5, num_keypoints=3), annotation(5, id=8)).source.notes
    assert notes[1].startswith("1 person has another num_keypoints than labelled keypoints")


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"area": 0.0}, "annotation id 7 has area 0, by which OKS divides"),
        ({"area": -4.0}, "annotation id 7 has area -4; areas are not negative"),
        ({"keypoints": [1, 2, 2] * 4}, "annotation 0: 12 keypoint values, but horses .* has 5 keypoints"),
        ({"id": 8}, "annotation id 8 appears twice"),
        ({"category_id": 2}, r"annotates categories \[1, 2\]"),
    ],
)
def test_people_who_could_not_be_scored_are_refused(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        people(tmp_path, annotation(5, **changes), annotation(5, id=8, image_id=9))


def test_a_crowd_needs_no_area(tmp_path: Path) -> None:
    assert people(tmp_path, annotation(5, area=0.0, iscrowd=1), annotation(5, id=8)).usable.tolist() == [False, True]


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ('name = "horses"', "", "name: field required"),
        ('"horses"', '"../../etc"', "name: string should match pattern"),
        ('"horses"', '"[red]x"', "name: string should match pattern"),
        ('"horses"', '"horses\\n"', "name: string should match pattern"),
        ("0.03", "nan", r"sigma 1 \(snout\) is nan, but should be a number above 0 and below 10"),
        ("0.05, 0.05", "0.05, 0", r"sigma 3 \(right_paw\) is 0, but should be a number above 0"),
        ("0.03", "inf", r"sigma 1 \(snout\) is inf"),
        ("0.03", "true", r"sigma 1 \(snout\) is True"),
        ("[0.03, 0.05, 0.05, 0.09, 0.09]", '"cocoo"', "sigmas is 'cocoo', but should be a list of numbers"),
        ("0.03, ", "", "has 4 sigmas but 5 keypoints; every keypoint needs one"),
        ("0.03, 0.05, 0.05, 0.09, ", "", "has 1 sigma but 5 keypoints"),
        ('"left_paw", "right_paw", ', '"left_paw", "left_paw", ', "needs distinct keypoint names; twice: left_paw"),
        ('[["snout", "left_paw"]', '[["snout", "tail"]', "A bone ends at 'tail'"),
        ('images = "photographs"', "", "files.train.images: field required"),
        ("[files.train]", "colour = 3\n[files.train]", "colour is not a known field"),
        ("[files.train]", "[files.train", "is not a description of a dataset: Expected ']'"),
        (
            '"snout", "left_paw", "right_paw"',
            '"\\u001b[31m", "left_paw", "right_paw"',
            "keypoints.0: string should match",
        ),
    ],
)
def test_a_wrong_description_is_a_sentence_that_names_the_field(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    assert old in DESCRIPTION
    with pytest.raises(PosebenchError, match=f"horses.toml.*{sentence}"):
        described(tmp_path, DESCRIPTION.replace(old, new, 1))


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("coco:", "coco: should name a file that describes a dataset, such as coco:crowd.toml"),
        ("coco:crowd", "coco:crowd should name a file"),
        ("coco:nowhere.toml", "nowhere.toml does not exist; a dataset's description should be there"),
        ("mpii:x.toml", "The protocol 'mpii' has no variants, so 'mpii:x.toml' is not valid"),
        ("cocoa:x.toml", "No protocol is named 'cocoa'. Did you mean 'coco'"),
    ],
)
def test_a_wrong_variant_is_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        protocol(name)


def test_an_annotation_in_place_of_a_description_is_a_sentence(tmp_path: Path) -> None:
    written(tmp_path / "gt.json", dataset(annotation()))
    with pytest.raises(PosebenchError, match="gt.json is not a description of a dataset"):
        protocol(f"coco:{tmp_path / 'gt.json'}")
    (tmp_path / "big.json").write_text("[" + "1," * 600_000 + "1]")
    with pytest.raises(PosebenchError, match="a dataset's description is a short text"):
        protocol(f"coco:{tmp_path / 'big.json'}")


def test_a_missing_annotation_names_the_file_that_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"No horses train annotation: .*horses_train.json does not exist"):
        described(tmp_path).instances(tmp_path, "train")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_a_description_is_read_or_refused_in_a_sentence(data: Any, tmp_path: Path) -> None:
    raw = bytearray(DESCRIPTION.encode())
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 30)))
    raw[start:stop] = data.draw(st.binary(max_size=6) | st.sampled_from([b"[" * 3000, b'"', b"1e999", b"{}", b"\x00"]))
    (tmp_path / "horses.toml").write_bytes(bytes(raw))
    try:
        horses = protocol(f"coco:{tmp_path / 'horses.toml'}")
    except PosebenchError as error:
        assert "horses.toml" in str(error)
        assert "broken" not in str(error)  # that would be a traceback in disguise
    else:
        assert len(horses.sigmas) == len(horses.skeleton)
        assert (horses.sigmas > 0).all()
