"""Zip archives: the same files always give the same bytes; a foreign archive is read without trusting it."""

import errno
import shutil
import stat
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

from posebench.errors import PosebenchError, existing
from posebench.files.writing import write_atomically
from posebench.plain_text import shown_name

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the first one that a zip archive can state."""
LARGEST = 2**30
"""Bytes of all members together, unpacked."""
MOST = 10_000
"""Members of an archive."""
LONGEST_PART = 255
"""Bytes of a name between two slashes; file systems allow no more."""
FORMS = (ZIP_STORED, ZIP_DEFLATED)
DAMAGE = (BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, ValueError)
"""What zipfile raises for damaged bytes and unknown forms; a place outside the file, or a name that is a file and a folder, is an
`OSError`."""


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive."""
    return path.is_file() and is_zipfile(path)


def write_archive(path: Path, members: Mapping[str, bytes | Path]) -> None:
    """Write an archive, whole or not at all. Members are sorted, of one date, and not compressed: zlib's bytes differ by version.

    Args:
        members: name in the archive → content, or the file that has it.

    Raises:
        PosebenchError: the members have more than `LARGEST` bytes, or the archive cannot be written.
    """
    size = sum(len(one) if isinstance(one, bytes) else one.stat().st_size for one in members.values())
    if size > LARGEST:
        raise PosebenchError(
            f"{path} would have {size:,} bytes; at most {LARGEST:,} are possible. Write several archives."
        )

    def write(partial: Path) -> None:
        with ZipFile(partial, "w") as archive:
            for name in sorted(members):
                _add(archive, name, members[name])

    write_atomically(path, write, size=size)


def _add(archive: ZipFile, name: str, content: bytes | Path) -> None:
    info = ZipInfo(name, EARLIEST)
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16  # Unix, wherever it is written
    with archive.open(info, "w") as member:
        if isinstance(content, bytes):
            member.write(content)
        else:
            with content.open("rb") as file:
                shutil.copyfileobj(file, member)


def extract(path: Path, folder: Path) -> None:
    """Extract an archive into an empty folder, after every member was checked.

    Raises:
        PosebenchError: the archive is missing or damaged, has more than `LARGEST` bytes, or has a member that leads out of the
            folder, is no regular file, or stands there twice.
    """
    try:
        with ZipFile(existing(path, "an archive")) as archive:
            members = archive.infolist()
            if problem := _problem(members):
                raise PosebenchError(f"{path} is not extracted: {problem}")
            for member in members:
                if not member.is_dir():
                    _extract(archive, member, folder / member.filename)
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, errno.EEXIST, errno.ENOTDIR):
            raise  # such as a full disk
        raise PosebenchError(f"{path} cannot be read as a zip archive: {error}. Was it cut off?") from error


def _extract(archive: ZipFile, member: ZipInfo, target: Path) -> None:
    """Copy one member; zipfile reads no more than the size that it states, and checks its checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file)


def _problem(members: list[ZipInfo]) -> str:
    """Why an archive is not to be extracted, as the rest of a sentence; empty where it may be."""
    if len(members) > MOST:
        return f"it has {len(members):,} files; at most {MOST:,} are possible."
    size = sum(member.file_size for member in members)
    if size > LARGEST:
        return f"its files have {size:,} bytes when unpacked; at most {LARGEST:,} are possible."
    names = Counter(member.filename.casefold() for member in members)
    for member in members:
        shown = shown_name(member.filename[:LONGEST_PART])
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _stays(member.filename):
            return f"it has the name {shown!r}, which leads out of its folder or is no plain name."
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            return f"{shown} is a link or a device, not a file."
        if names[member.filename.casefold()] > 1:
            return f"it has {shown} more than once."
        if member.flag_bits & 1:
            return f"{shown} is encrypted."
        if member.compress_type not in FORMS:
            return f"{shown} is compressed in another form than deflate. Pack it again."
    return ""


def _stays(name: str) -> bool:
    """Whether a member's name is that of a file below the folder, on every system."""
    parts = name.removesuffix("/").split("/")
    plain = name.isprintable() and not any(one in name for one in '\\:*?"<>|')
    return plain and all(part.strip(". ") and len(part.encode()) <= LONGEST_PART for part in parts)
