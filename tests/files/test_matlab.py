"""The MATLAB reader: what scipy's says of whole files, and a sentence for those of which a header lies."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from posebench.errors import PosebenchError
from posebench.files.arrays import LARGEST, load_array, load_structs
from posebench.files.matlab import is_level_5, variables


def cells(*values: Any) -> Any:
    array = np.empty((1, len(values)), object)
    array[0] = values
    return array


VALUES = {
    "double": np.arange(15.0).reshape(3, 5) / 4, "single": np.arange(6, dtype="f4").reshape(2, 3),
    "cube": np.arange(24).reshape(2, 3, 4),
    "byte": np.array([[200, 3]], np.uint8), "short": np.array([[-200]], np.int16), "long": np.array([[-(2**40)]]),
    "empty": np.zeros((0, 3)), "complex": np.array([[1 + 2j, 3 - 4j]]), "text": "thirteen chars", "accents": "Zürich 日本",
    "lines": np.array(["abc", "de ", "f  "]), "none": "", "cells": cells(1.5, "two", np.zeros((0, 0)), cells("deep", 4)),
    "struct": {"x": 1.5, "name": "one", "inner": {"y": np.arange(3)}},
    "records": np.array([[(1, "a"), (2, "b"), (3, "c")]], dtype=[("n", object), ("t", object)]),
}  # fmt: skip


def same(found: Any, expected: Any) -> None:
    assert (found.shape, found.dtype.names) == (expected.shape, expected.dtype.names)
    if found.dtype.names:
        for name in found.dtype.names:
            same(found[name], expected[name])
    elif found.dtype == object:
        for one, other in zip(found.ravel(), expected.ravel(), strict=True):
            same(one, other)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("compressed", [False, True])
def test_every_kind_of_array_is_as_scipy_reads_it(compressed: bool, tmp_path: Path) -> None:
    savemat(tmp_path / "all.mat", VALUES, do_compression=compressed)
    found, expected = load_array(tmp_path / "all.mat"), loadmat(tmp_path / "all.mat")
    assert list(found) == list(VALUES)
    for name in VALUES:
        same(found[name], expected[name])


def test_the_real_files_are_as_scipy_reads_them(shared: Path) -> None:
    for file in ("mpii/annot/gt_valid.mat", "mpii/predictions/hg_s8_b1.mat", "flic/predictions/yang16_oc.mat"):
        expected = loadmat(shared / "data" / file)
        for name, found in load_array(shared / "data" / file).items():
            same(found, expected[name])


def test_a_struct_is_read_as_far_as_it_is_asked(tmp_path: Path) -> None:
    savemat(tmp_path / "s.mat", VALUES)
    records = load_structs(tmp_path / "s.mat", "records").fields()
    assert [element.number() for element in records["n"]] == [1.0, 2.0, 3.0]
    assert np.isnan(records["t"][0].number())
    assert load_structs(tmp_path / "s.mat", "double").fields() == {}
    assert [cell.number() for cell in load_structs(tmp_path / "s.mat", "cells").cells()[:1]] == [1.5]
    savemat(tmp_path / "n.mat", {"a": cells("1", "-2.5", 7, np.float32(0.5), 2 + 1j, "", [1, 2], "x")})
    numbers = [cell.number() for cell in load_structs(tmp_path / "n.mat", "a").cells()]
    assert numbers[:4] == [1.0, -2.5, 7.0, 0.5]
    assert np.isnan(numbers[4:]).all()


def test_the_other_byte_order_is_read(tmp_path: Path) -> None:
    def part(kind: int, content: bytes) -> bytes:
        return np.array([kind, len(content)], ">u4").tobytes() + content + bytes(-len(content) % 8)

    body = part(6, np.array([6, 0], ">u4").tobytes()) + part(5, np.array([2, 3], ">i4").tobytes()) + part(1, b"preds")
    body += part(9, np.arange(6.0).astype(">f8").tobytes())
    path = tmp_path / "big.mat"
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + part(14, body))
    np.testing.assert_array_equal(load_array(path)["preds"], [[0, 2, 4], [1, 3, 5]])
    same(load_array(path)["preds"], loadmat(path)["preds"])


def patched(path: Path, old: list[int], new: list[int]) -> Path:
    content, before = path.read_bytes(), np.array(old, "<u4").tobytes()
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, np.array(new, "<u4").tobytes()))
    return path


@pytest.mark.parametrize(
    "value, old, new, sentence",
    [
        (np.full((3, 7), 0.5, object), [5, 8, 3, 7], [5, 8, 2**31 - 1, 2**31 - 1], r"array of \(2147483647, 2147483647\) in"),
        (np.zeros((3, 5, 7)), [5, 12, 3, 5, 7], [5, 12, 3, 5, 10**9], r"array of \(3, 5, 1000000000\) in"),
        (np.zeros((3, 7)), [5, 8, 3, 7], [5, 8, 2**32 - 3, 7], r"array of \(-3, 7\)"),
        (np.zeros((3, 7)), [9, 168], [77, 168], "numbers of kind 77"),
        (np.zeros((3, 7)), [9, 168], [9, 16_800], "a part of 16,800 bytes, where 168 are left"),
        (np.zeros((3, 7)), [6, 0, 5, 8], [5, 0, 5, 8], "class 5"),
        ("abcdefghi", [16, 9], [4, 9], "neither a readable HDF5 nor a readable MATLAB file"),
    ],
)  # fmt: skip
def test_a_header_that_lies_is_a_sentence(
    value: Any, old: list[int], new: list[int], sentence: str, tmp_path: Path
) -> None:
    savemat(tmp_path / "a.mat", {"a": value})
    with pytest.raises(PosebenchError, match=sentence):
        load_array(patched(tmp_path / "a.mat", old, new))


def test_cells_within_cells_without_end_are_a_sentence(tmp_path: Path) -> None:
    value: Any = 1.0
    for _ in range(40):
        value = cells(value)
    savemat(tmp_path / "deep.mat", {"a": value})
    with pytest.raises(PosebenchError, match="arrays nest deeper than 32"):
        load_array(tmp_path / "deep.mat")


def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LARGEST == 2**30
    monkeypatch.setattr("posebench.files.arrays.LARGEST", 10**6)
    bomb = zlib.compress(bytes(2 * 10**6))
    path = tmp_path / "bomb.mat"
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + np.array([15, len(bomb)], "<u4").tobytes() + bomb)
    with pytest.raises(PosebenchError, match="unpacks to more than 1,000,000 bytes"):
        load_array(path)


def test_only_what_is_asked_for_is_unpacked(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"large": np.zeros((300, 400)), "small": np.ones((2, 3))}, do_compression=True)
    assert is_level_5(tmp_path / "a.mat")
    assert [name for name, _ in variables(tmp_path / "a.mat", 1000, ["small"])] == ["small"]
    with pytest.raises(PosebenchError, match="unpacks to more than 1,000 bytes"):
        list(variables(tmp_path / "a.mat", 1000))
