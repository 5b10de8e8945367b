"""Archives: equal files give equal bytes, and a hostile archive ends in a sentence before anything is written."""

import os
import stat
import struct
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from posebench.errors import PosebenchError
from posebench.files import archive
from posebench.files.archive import extract, is_archive, write_archive


def zipped(path: Path, *members: tuple[str | ZipInfo, bytes], compress: int = 0) -> Path:
    with ZipFile(path, "w", compress) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_equal_files_give_equal_bytes_whatever_their_order_and_dates(tmp_path: Path) -> None:
    file = tmp_path / "p.h5"
    file.write_bytes(b"12345")
    write_archive(tmp_path / "one.zip", {"b/p.h5": file, "a.txt": b"text"})
    os.utime(file, (0, 0))
    write_archive(tmp_path / "two.zip", {"a.txt": b"text", "b/p.h5": file})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    extract(tmp_path / "one.zip", tmp_path / "out")
    assert below(tmp_path / "out") == ["a.txt", "b/p.h5"]
    assert (tmp_path / "out/b/p.h5").read_bytes() == b"12345"


def test_an_archive_that_was_packed_again_with_folders_and_deflate_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("records/", b""), ("records/a.json", b"{}" * 99), compress=ZIP_DEFLATED)
    extract(path, tmp_path / "out")
    assert (tmp_path / "out/records/a.json").read_bytes() == b"{}" * 99


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/x", "a//x", "./x", "C:/x", "a\\..\\x", "a/.. /x", "\x1b[31m", "n" * 256, "a/\u202ex"],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("good", b"1"), (name, b"2"))
    with pytest.raises(PosebenchError, match="which leads out of its folder or is no plain name"):
        extract(path, tmp_path / "out")
    assert below(tmp_path) == ["x.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(kind: int, tmp_path: Path) -> None:
    info = ZipInfo("predictions/p.h5")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    with pytest.raises(PosebenchError, match=r"predictions/p\.h5 is a link or a device, not a file"):
        extract(zipped(tmp_path / "x.zip", (info, b"/etc/passwd")), tmp_path / "out")


def test_a_name_that_stands_there_twice_is_refused_also_in_capitals(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="it has A.txt more than once"):
        extract(zipped(tmp_path / "x.zip", ("A.txt", b"1"), ("a.TXT", b"2")), tmp_path / "out")


def test_a_name_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="cannot be read as a zip archive"):
        extract(zipped(tmp_path / "x.zip", ("a", b"1"), ("a/b", b"2")), tmp_path / "out")


def test_a_bomb_is_refused_by_the_size_that_it_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 100_000)
    path = zipped(tmp_path / "x.zip", *((f"{i}.bin", bytes(30_000)) for i in range(4)), compress=ZIP_DEFLATED)
    assert path.stat().st_size < 1_000
    with pytest.raises(
        PosebenchError, match="its files have 120,000 bytes when unpacked; at most 100,000 are possible"
    ):
        extract(path, tmp_path / "out")
    with pytest.raises(PosebenchError, match="would have 100,001 bytes"):
        write_archive(tmp_path / "y.zip", {"a": bytes(100_001)})


def test_a_bomb_that_states_a_smaller_size_than_it_has_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("a.bin", bytes(1_000_000)), compress=ZIP_DEFLATED)
    content = path.read_bytes()
    assert content.count(struct.pack("<I", 1_000_000)) == 2
    path.write_bytes(content.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10)))
    with pytest.raises(PosebenchError, match="cannot be read as a zip archive"):
        extract(path, tmp_path / "out")
    assert (tmp_path / "out/a.bin").stat().st_size <= 10


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST", 3)
    with pytest.raises(PosebenchError, match="it has 4 files; at most 3"):
        extract(zipped(tmp_path / "x.zip", *((f"{i}", b"") for i in range(4))), tmp_path / "out")


def test_other_forms_and_passwords_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("a", b"1" * 99), compress=ZIP_LZMA)
    with pytest.raises(PosebenchError, match="a is compressed in another form than deflate"):
        extract(path, tmp_path / "out")
    path = zipped(tmp_path / "y.zip", ("a", b"1"))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(PosebenchError, match="a is encrypted"):
        extract(path, tmp_path / "out")


def test_a_damaged_archive_is_a_sentence_wherever_it_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ("records/a.json", b'{"a": 1}' * 5), ("b", b"2" * 9))
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            extract(path, tmp_path / f"out{place}")
        except PosebenchError as error:
            assert str(error).startswith(str(path))
    path.write_bytes(whole[:-30])
    assert not is_archive(path)
    with pytest.raises(PosebenchError, match="cannot be read as a zip archive"):
        extract(path, tmp_path / "out")
