"""Predictions files from anyone: nothing but the file is read, damage is found, and odd contents are a sentence or a note."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, load, save
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.files.arrays import load_array
from posebench.files.checksum import LENGTH, states_checksum

CONTENT = "content of another file"


@pytest.fixture
def file(two_people: Instances, tmp_path: Path) -> Path:
    """A predictions file of two people, as posebench writes it."""
    save(for_instances(two_people, two_people.keypoints, provenance=Provenance(arch="tiny")), tmp_path / "p.h5")
    return tmp_path / "p.h5"


def without_checksum(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-LENGTH])


def external_storage(file: h5py.File, secret: Path) -> None:
    file.create_dataset("images", shape=(1,), dtype="S10", external=[(str(secret), 0, 10)])


def external_link(file: h5py.File, secret: Path) -> None:
    file["images"] = h5py.ExternalLink(str(secret), "/images")


def virtual_dataset(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout(shape=(1,), dtype="S10")
    layout[:] = h5py.VirtualSource(str(secret), "images", shape=(1,))
    file.create_virtual_dataset("images", layout)


def soft_link(file: h5py.File, secret: Path) -> None:
    file["elsewhere"] = h5py.ExternalLink(str(secret), "/")
    file["images"] = h5py.SoftLink("/elsewhere/images")


@pytest.mark.parametrize("to_pipe", [False, True])
@pytest.mark.parametrize("lead_out", [external_storage, external_link, virtual_dataset, soft_link])
@pytest.mark.parametrize("read", [load, load_array])
def test_data_in_another_file_is_refused_before_that_file_is_opened(
    read: Callable[[Path], Any], lead_out: Callable[[h5py.File, Path], None], to_pipe: bool, file: Path
) -> None:
    secret = file.with_name("secret")
    if to_pipe:
        os.mkfifo(secret)  # whoever opens it waits for ever
    else:
        with h5py.File(secret, "w") as other:
            other["images"] = np.array([CONTENT.encode()])
    with h5py.File(file, "a") as opened:
        del opened["images"]
        lead_out(opened, secret)
    with pytest.raises(PosebenchError, match=r"p\.h5: .*(links are not followed|is in another file)") as refused:
        read(file)
    assert CONTENT not in str(refused.value)


def test_a_chunk_that_unpacks_to_gigabytes_is_refused(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        del opened["score"]
        opened.create_dataset("score", (2,), "f8", maxshape=(None,), chunks=(2**28,), compression="gzip")
    with pytest.raises(PosebenchError, match=r"declares arrays of 2,147,\d{3},\d{3} bytes"):
        load(file)


def test_any_flipped_bit_is_found_before_the_library_reads_the_file(file: Path) -> None:
    content = file.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content) - LENGTH, 60).tolist():
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        file.write_bytes(changed)
        with pytest.raises(PosebenchError, match=r"p\.h5 is damaged: its checksum is [0-9a-f]{8}, but should be"):
            load(file)


def test_a_file_that_hdf5_itself_changed_has_no_checksum_and_is_read(file: Path) -> None:
    assert states_checksum(file)
    with h5py.File(file, "a") as opened:
        opened["score"][1] = 0.25
    assert not states_checksum(file)
    assert load(file).score.tolist() == [1.0, 0.25]


@pytest.mark.parametrize("kind", ["i1", "u1", "i8", "u8"])
def test_missing_may_be_whole_numbers_of_any_type(kind: str, file: Path) -> None:
    missing = np.zeros((2, 16), kind)
    missing[1, 3] = 1
    with h5py.File(file, "a") as opened:
        del opened["missing"]
        opened["missing"] = missing
    assert np.argwhere(load(file).missing).tolist() == [[1, 3]]


@pytest.mark.parametrize(
    "column, value, sentence",
    [
        ("missing", np.full((2, 16), 2), "missing is int64, but should be truth values"),
        ("missing", np.zeros((2, 16)), "missing is float64, but should be truth values"),
        ("image", np.array([0.0, 0.5]), "image is float64, but should be whole numbers"),
        ("person", np.array([b"0", b"1"]), r"person is \|S1, but should be whole numbers"),
        ("keypoints", np.zeros((2, 16, 2), complex), "keypoints is complex128, but should be numbers"),
        ("scores", np.array(1.5), r"scores is \(\), but should be \(2, 16\)"),
        ("image", np.zeros((2, 3), int), r"image is \(2, 3\), but should be one row of an image per person"),
        ("image", np.array(0), r"image is \(\), but should be one row"),
        ("images", np.array([5]), r"/images is \(1,\) int64, but should be a list of file names"),
    ],
)
def test_a_column_of_another_type_is_named(column: str, value: Any, sentence: str, file: Path) -> None:
    with h5py.File(file, "a") as opened:
        del opened[column]
        opened[column] = value
    with pytest.raises(PosebenchError, match=rf"p\.h5: .*{sentence}"):
        load(file)


@pytest.mark.parametrize("names", ['"nose"', "{}", "[1, 2]", "null"])
def test_keypoint_names_that_are_no_list_of_names_are_refused(names: str, file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened.attrs["keypoint_names"] = np.bytes_(names.encode())
    with pytest.raises(PosebenchError, match="should be a JSON list of names"):
        load(file)


NESTED = "[" * 210 + "]" * 210


@pytest.mark.parametrize(
    "stated, arch, note",
    [
        ("[]", None, r"is not used: it is not a JSON object \(\[\]\)"),
        ("null", None, r"is not used: it is not a JSON object \(null\)"),
        ('{"arch": "tin', None, "is not used: it is not readable JSON"),
        ("[" * 100_000, None, "is not used: it is not readable JSON"),
        (f'{{"x": {"9" * 5000}}}', None, "is not used: it is not readable JSON"),
        (f'{{"arch": "tiny", "x": {NESTED}}}', "tiny", "'x', which is left out: it is nested deeper than 16"),
        (f'{{"arch": "tiny", "x": {{"y": {"9" * 4000}}}}}', "tiny", "'x', .* a number that is too large"),
        ('{"arch": "tiny", "x": 1e999}', "tiny", "'x', .* a number that is too large"),
        ('{"arch": "tiny", "x": ["\\ud800"]}', "tiny", "'x', .* text that is no Unicode"),
        ('{"arch": "tiny", "\\ud800": 1}', "tiny", r"'\\ud800', .* text that is no Unicode"),
        (f'{{"arch": "tiny", "x": "{"y" * 10_001}"}}', "tiny", "'x', .* a text of 10,001 characters"),
        ('{"arch": "tiny", "seed": "many"}', "tiny", "'seed', .* valid integer"),
        ('{"arch": ["tiny"], "seed": 3, "history": 5}', None, "'arch', .* valid string"),
    ],
)
def test_odd_provenance_is_left_out_with_a_note(stated: str, arch: str | None, note: str, file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened.attrs["provenance"] = stated if len(stated) > 60_000 else np.bytes_(stated.encode())
    made = load(file)
    assert made.provenance.arch == arch
    assert made.provenance.model_dump_json()  # as a record keeps it
    with pytest.raises(PosebenchError, match=note):
        raise PosebenchError(" ".join(made.notes))


def test_numbers_that_are_not_finite_are_unknown_in_provenance(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened.attrs["provenance"] = np.bytes_(json.dumps({"arch": "tiny", "extra": float("nan")}))
    made = load(file)
    assert (made.provenance.plain(), made.notes) == ({"arch": "tiny", "extra": None}, ())
