"""LSP's files and splits: which people, which photographs, which labels; and what damaged files end in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lsp_data import FLIP, joints, person, write_lsp, write_lspet
from scipy.io import savemat

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.tasks.people import load_people, run_splits

LSP = protocol("lsp")


def lspet_rows() -> Any:
    rows = joints(10_000)
    rows[..., 2] = 1
    return rows


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both datasets as their archives unpack, without photographs; both kinds of labels."""
    folder = tmp_path_factory.mktemp("leeds")
    seen = joints(2000)
    seen[1::2] = seen[1::2][:, FLIP]  # those who face away get an observer's sides
    write_lsp(folder / "lsp_dataset/joints.mat", joints(2000))
    write_lsp(folder / "lsp_dataset/joints_relabelled.mat", seen)
    write_lspet(folder / "lspet_dataset/joints.mat", lspet_rows())
    return folder


@pytest.mark.parametrize("split, people, first, last, images", [
    ("train", 11_000, "lspet_dataset/images/im00001.jpg", "lsp_dataset/images/im1000.jpg", "."),
    ("lsp-train", 1000, "im0001.jpg", "im1000.jpg", "lsp_dataset/images"),
    ("test", 1000, "im1001.jpg", "im2000.jpg", "lsp_dataset/images"),
    ("lspet-train", 3998, "im00001.jpg", "im04000.jpg", "lspet_dataset/images"),
    ("lspet-val", 1000, "im04001.jpg", "im05000.jpg", "lspet_dataset/images"),
])  # fmt: skip
def test_a_split_is_a_range_of_images(root: Path, split: str, people: int, first: str, last: str, images: str) -> None:
    found = LSP.instances(root, split)
    assert (len(found), found.images[0], found.images[-1]) == (people, first, last)
    assert found.image_root == root / images
    assert (found.what, found.usable.all()) == (f"lsp {split}", True)


def test_no_near_duplicate_of_lspet_val_is_trained_on(root: Path) -> None:
    images = LSP.instances(root, "lspet-train").images
    assert sorted({f"im{number:05d}.jpg" for number in range(1, 4001)} - set(images)) == ["im00545.jpg", "im03597.jpg"]


def test_copies_of_a_photograph_are_one_group_of_the_training_people(root: Path) -> None:
    people = LSP.instances(root, "lspet-train")
    where = dict(zip(people.images, people.groups, strict=True))
    assert where["im00298.jpg"] == where["im02636.jpg"] == where["im03556.jpg"] != where["im00299.jpg"]
    # Seven pairs and two trios of the list lie within 1 to 4000 whole.
    assert (people.group, len(people.images) - len(set(people.groups.tolist()))) == ("photograph", 7 + 2 * 2)
    assert LSP.instances(root, "lspet-val").groups is None


def test_no_cluster_of_the_references_list_is_cut(shared: Path) -> None:
    import json

    clusters = json.loads((shared / "data/lsp/lspet/near_duplicates.json").read_text())
    sides = [
        {int(name[2:7]) for name in LSP.instances(shared / "data/lsp", split).images}
        for split in ("lspet-train", "lspet-val")
    ]
    assert not [cluster for cluster in clusters if all(side & set(cluster) for side in sides)]


def test_every_split_of_the_real_files_has_its_people(shared: Path) -> None:
    found = {split: LSP.instances(shared / "data/lsp", split) for split in LSP.splits}
    assert {split: len(people) for split, people in found.items()} == {
        "train": 11_000, "test": 1000, "lsp-train": 1000, "lspet-train": 3998, "lspet-val": 1000,
    }  # fmt: skip
    scored = {split: int((people.measures["torso_diameter"] > 0).sum()) for split, people in found.items()}
    assert scored == {"train": 8179, "test": 1000, "lsp-train": 1000, "lspet-train": 2868, "lspet-val": 718}
    missing = [name for name in found["lspet-val"].images if not (found["lspet-val"].image_root / name).is_file()]  # type: ignore[operator]
    assert not missing


def test_pixels_are_counted_from_0_and_unlabelled_places_are_not_kept(tmp_path: Path) -> None:
    rows = lspet_rows()
    rows[4000, 11] = -30.0, np.nan, 0.0
    people = LSP.instances(write_lspet(tmp_path / "joints.mat", rows), "lspet-val")
    assert people.keypoints[0, 10].tolist() == (person()[10] - 1).tolist()
    assert (people.keypoints[0, 11].tolist(), people.visibility[0].tolist()) == ([0, 0], [2] * 11 + [0, 2, 2])


def test_the_region_is_the_extent_of_the_labelled_keypoints_and_a_quarter_more(tmp_path: Path) -> None:
    rows = lspet_rows()
    rows[4000, 11, :] = 0
    rows[4001, 1:, 2] = 0  # an ankle alone
    people = LSP.instances(write_lspet(tmp_path / "joints.mat", rows), "lspet-val")
    assert people.center[0].tolist() == [(19 + 104) / 2, (29 + 189) / 2]
    assert people.size[0].tolist() == [1.25 * 85, 1.25 * 160]
    assert (people.center[1].tolist(), people.size[1].tolist()) == ([89, 189], [16, 16])


def test_a_person_without_a_labelled_keypoint_is_neither_trained_on_nor_predicted(tmp_path: Path) -> None:
    rows = lspet_rows()
    rows[4000, :, 2] = 0
    people = LSP.instances(write_lspet(tmp_path / "joints.mat", rows), "lspet-val")
    assert people.usable.tolist() == [False] + [True] * 999


def test_labels_are_told_by_what_is_in_the_file(root: Path) -> None:
    for convention, name in (("person-centric", "joints.mat"), ("observer-centric-pcp", "joints_relabelled.mat")):
        people = load_people(LSP, root, "test", convention)
        assert Path(people.source.file).name == name
        assert people.source.form == convention.removesuffix("-pcp")


def test_the_two_files_of_the_real_labels_are_told_apart(shared: Path) -> None:
    forms = [
        load_people(LSP, shared / "data/lsp", "test", convention).source
        for convention in ("person-centric", "observer-centric")
    ]
    assert [(Path(source.file).name, source.form) for source in forms] == [
        ("joints.mat", "person-centric"), ("joints_observer_centric.mat", "observer-centric"),
    ]  # fmt: skip


def test_lspet_has_no_observer_centric_labels(root: Path) -> None:
    with pytest.raises(PosebenchError, match="LSPET exists with person-centric labels alone"):
        load_people(LSP, root, "lspet-val", "observer-centric")


def test_a_file_with_the_other_labels_is_refused_with_the_convention_to_use(root: Path) -> None:
    file = root / "lsp_dataset/joints_relabelled.mat"
    assert len(load_people(LSP, file, "test", "observer-centric")) == 1000
    with pytest.raises(PosebenchError, match="has observer-centric labels.*Use --convention observer-centric"):
        load_people(LSP, file, "test")


@pytest.mark.parametrize("folder", ["lsp_dataset", "lsp", "."])
def test_the_folder_may_have_a_short_name_or_be_named_itself(tmp_path: Path, folder: str) -> None:
    write_lsp(tmp_path / folder / "joints.mat", joints(2000))
    assert len(load_people(LSP, tmp_path, "test")) == 1000


def test_what_is_missing_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(
        PosebenchError, match=r"No LSP annotation below .*looked for joints\.mat.*LSP's download unpacks"
    ):
        load_people(LSP, tmp_path, "test")
    write_lsp(tmp_path / "lsp/joints.mat", joints(2000))
    with pytest.raises(PosebenchError, match="No LSPET annotation below"):
        load_people(LSP, tmp_path, "train")
    with pytest.raises(PosebenchError, match="is one file, but train is of LSP and of LSPET"):
        load_people(LSP, tmp_path / "lsp/joints.mat", "train")


@pytest.mark.parametrize("lsp, lspet, splits, note", [
    (True, True, ("train", "test"), ""),
    (True, False, ("lsp-train", "test"), "has no images of LSPET"),
    (False, True, ("lspet-train", "lspet-val"), "has no images of LSP itself"),
    (False, False, ("train", "test"), ""),
])  # fmt: skip
def test_a_run_uses_the_splits_of_which_photographs_are_there(
    tmp_path: Path, lsp: bool, lspet: bool, splits: tuple[str, str], note: str
) -> None:
    for there, image in ((lsp, "lsp_dataset/images/im0001.jpg"), (lspet, "lspet_dataset/images/im00001.jpg")):
        if there:
            (tmp_path / image).parent.mkdir(parents=True)
            (tmp_path / image).touch()
    found = run_splits(LSP, tmp_path)
    assert (found.train, found.report) == splits
    assert note in found.note and bool(found.note) == bool(note)


def test_a_run_on_synthetic_people_uses_the_usual_splits() -> None:
    assert (run_splits(LSP, None).train, run_splits(LSP, None).report) == ("train", "test")


def nan_at(rows: Any) -> Any:
    rows[7, 3, 1] = np.nan
    return rows


@pytest.mark.parametrize("arrays, message", [
    ({"points": np.zeros((3, 14, 2000))}, "has no 'joints', so it is no annotation of LSP; it has points"),
    ({"joints": np.zeros((3, 16, 2000))}, r"'joints' is \(3, 16, 2000\) float64, but LSP's is \(3, 14, 2000\)"),
    ({"joints": np.zeros((2000, 14, 3))}, "must be saved again with -v7"),
    ({"joints": np.zeros((3, 14, 1999))}, "has 1,999 people, but LSP has 2,000"),
    ({"joints": np.full((3, 14, 2000), 2.5)}, "flags should be 0 or 1; one is 2.5"),
    ({"joints": np.array([["text"]])}, "'joints' is"),
    ({"joints": nan_at(joints(2000)).transpose(2, 1, 0)}, "left_hip of person 8 is .*, which is no place"),
])  # fmt: skip
def test_a_file_of_another_form_ends_in_a_sentence(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    savemat(tmp_path / "joints.mat", arrays)
    with pytest.raises(PosebenchError, match=message):
        load_people(LSP, tmp_path, "test")


def test_a_truncated_file_ends_in_a_sentence(tmp_path: Path) -> None:
    file = write_lsp(tmp_path / "joints.mat", joints(2000))
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(PosebenchError, match=r"joints\.mat is neither a readable HDF5 nor a readable MATLAB file"):
        load_people(LSP, tmp_path, "test")
