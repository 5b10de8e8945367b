"""Bundles: records with everything that verifies them but the dataset, as one zip archive."""

import hashlib
import json
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from posebench.errors import PosebenchError
from posebench.files.archive import extract, write_archive
from posebench.files.writing import sha256
from posebench.plain_text import one_line
from posebench.results.find_record import home, read_record
from posebench.results.folder import ResultsFolder, plain
from posebench.results.record import Record
from posebench.results.record_fields import ABSENT, Difference
from posebench.tasks.verification.bundle_readme import readme
from posebench.tasks.verification.stated_files import StatedFile, predictions_file
from posebench.tasks.verification.verify import Places, Verification, verify

DISTRIBUTION = "posebench-2d"
README, ENVIRONMENT, SUMS = "README.txt", "environment.txt", "SHA256SUMS"
RECORDS, PREDICTIONS, RECIPES = "records", "predictions", "recipes"
LINE_OF_SUMS = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class _Kept:
    """A record and the files of a bundle that belong to it: names in the archive."""

    record: Record
    path: Path
    predictions: Path
    name: str

    @property
    def record_name(self) -> str:
        return f"{RECORDS}/{self.record.id}.json"

    @property
    def recipe_name(self) -> str:
        return f"{RECIPES}/{self.record.id}.json" if self.record.model.recipe else ""


def write_bundle(paths: Sequence[Path], out: Path, predictions: tuple[Path, ...] = ()) -> Path:
    """Write a bundle. The same records and installed packages give the same bytes.

    Args:
        paths: records' files.
        out: the archive to write.
        predictions: as of `Places`.

    Returns:
        `out`.

    Raises:
        PosebenchError: `out` exists; a record is damaged, or its predictions file is not there or has another hash.
    """
    _check_free(out)
    kept: dict[str, _Kept] = {}
    for path in paths:
        record = read_record(path)
        file = predictions_file(record, predictions or (home(path),))
        if file.path is None or file.differs:
            raise PosebenchError(f"{path} cannot be bundled without its predictions. {file.problem or _other(file)}")
        if file.path.is_dir():
            raise PosebenchError(
                f"{path} cannot be bundled: its predictions are a folder, {file.path}. Score them as one file, "
                f"{file.path.name}.zip: python -m zipfile -c {file.path.name}.zip {file.path}/*.json"
            )
        kept[record.id] = _Kept(record, path, file.path, _name_of(record))
    members: dict[str, bytes | Path] = {}
    for one in kept.values():
        members |= {one.record_name: one.path, one.name: one.predictions}
        if one.recipe_name:
            members[one.recipe_name] = recipe_text(one.record)
    ordered = [kept[identity] for identity in sorted(kept)]
    contents = [(one.record, one.record_name, one.name, one.recipe_name) for one in ordered]
    members[ENVIRONMENT] = _environment([one.record for one in ordered]).encode()
    members[README] = readme(contents).encode()
    members[SUMS] = _sums(members).encode()
    _check_free(out)
    write_archive(out, members)
    return out


def recipe_text(record: Record) -> bytes:
    """The recipe of a record as a file that `--recipe` reads."""
    return (json.dumps(record.model.recipe, indent=1) + "\n").encode()


def verify_bundle(path: Path, places: Places) -> list[Verification]:
    """Compute every record of a bundle again, and compare its files with the hashes in `SHA256SUMS`.

    Args:
        places: as of `verify`; predictions are those of the bundle.

    Raises:
        PosebenchError: the archive is damaged or hostile, or is no bundle.
    """
    with TemporaryDirectory(prefix="posebench-") as name:
        folder = Path(name).resolve()
        extract(path, folder)
        records = sorted(ResultsFolder(folder).records.glob("*.json"))
        if not records or not (folder / SUMS).is_file():
            raise PosebenchError(f"{path} is no bundle of posebench: it has no {SUMS if records else 'records'}.")
        changed = _changed(folder)
        found = [verify(record, replace(places, predictions=(folder,))) for record in records]
        return [_in_bundle(one, folder, path, (*changed, *_other_recipe(one, folder))) for one in found]


def _in_bundle(found: Verification, folder: Path, bundle: Path, changed: tuple[Difference, ...]) -> Verification:
    """A verification with the names that its files have in the bundle."""

    def named(text: str) -> str:
        return text.replace(str(folder), str(bundle))

    file = found.predictions
    return replace(
        found, origin=named(found.origin), unchecked=tuple(map(named, found.unchecked)),
        predictions=replace(file, path=None if file.path is None else Path(named(str(file.path))), problem=named(file.problem)),
        differences=(*changed, *found.differences),
    )  # fmt: skip


def _changed(folder: Path) -> tuple[Difference, ...]:
    """The files that are not those of `SHA256SUMS`."""
    text = (folder / SUMS).read_text("utf-8", "replace")
    stated = {found[2]: found[1] for line in text.splitlines() if (found := LINE_OF_SUMS.fullmatch(line))}
    there = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    hashes = {name: sha256(path) for name, path in there.items() if name != SUMS}
    both = ((name, stated.get(name, ABSENT), hashes.get(name, ABSENT)) for name in {**stated, **hashes})
    return tuple(Difference(f"SHA-256 of {name}", mine, its) for name, mine, its in both if mine != its)


def _other_recipe(found: Verification, folder: Path) -> tuple[Difference, ...]:
    """The recipe's file, where it is not the record's recipe."""
    path = folder / RECIPES / f"{Path(found.origin).stem}.json"
    own = recipe_text(found.record) if found.record.model.recipe else None
    there = path.read_bytes() if path.is_file() else None
    if own == there:
        return ()
    texts = [ABSENT if text is None else one_line(text.decode("utf-8", "replace")) for text in (own, there)]
    return (Difference(f"{RECIPES}/{path.name}", *texts),)


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise PosebenchError(
            f"{out} exists, and a bundle is not overwritten. Name another file with --out, or remove it."
        )


def _other(file: StatedFile) -> str:
    return f"{file.path} has the SHA-256 {file.found}, but the record states {file.sha256}."


def _name_of(record: Record) -> str:
    """The name of a predictions file in the archive, which begins with its hash: several may have one name."""
    file = Path(record.predictions)
    ending = re.sub(r"[^.\w]", "", file.suffix, flags=re.ASCII)[:8]
    return f"{PREDICTIONS}/{record.predictions_sha256[:8]}-{plain(file.stem)}{ending}"


def _environment(records: Sequence[Record]) -> str:
    """The versions that made the records, as comments, and those that are installed, in pip's form."""
    lines = ["# What made the records:"]
    for record in records:
        versions = ", ".join(f"{name} {version}" for name, version in record.environment.items())
        model = record.model
        network = [f"torch {model.torch}" * bool(model.torch), f"on {model.device}" * bool(model.device)]
        told = " ".join(filter(None, network))
        lines.append(one_line(f"# {record.id}: {versions}" + (f"; the network: {told}" if told else "")))
    lines += ["#", f"# What made this archive: Python {platform.python_version()} and"]
    needed = (re.match(r"[\w.-]+", text) for text in metadata.requires(DISTRIBUTION) or () if "extra ==" not in text)
    names = [DISTRIBUTION, *sorted(found[0] for found in needed if found)]
    return "\n".join([*lines, *(line for name in names for line in _installed(name))]) + "\n"


def _installed(name: str) -> list[str]:
    try:
        return [f"{name}=={metadata.version(name)}"]
    except metadata.PackageNotFoundError:
        return []


def _sums(members: dict[str, bytes | Path]) -> str:
    """A line per file, as `sha256sum -c` reads it."""
    digests = {
        name: hashlib.sha256(one).hexdigest() if isinstance(one, bytes) else sha256(one)
        for name, one in members.items()
    }
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
