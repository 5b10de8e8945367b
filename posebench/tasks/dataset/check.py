"""Checks a dataset's folder: what is there, what is missing, what is unusual, and what is in two splits."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import NoAnnotation, PosebenchError, counted
from posebench.plugins.protocol import Protocol
from posebench.results.folder import ResultsFolder, plain
from posebench.samples.photograph_check import PhotographFacts, hash_words, near_pairs
from posebench.samples.photograph_scan import scan
from posebench.tasks.dataset.check_annotations import NAMED, Finding, annotation_findings, finding, size_findings
from posebench.tasks.people import load_people, run_splits
from posebench.tasks.training.preflight import scoring_problem

Facts = Mapping[Path, PhotographFacts]


@dataclass(frozen=True)
class SplitCheck:
    """What is there of one split.

    Attributes:
        split: its name. problem: why its people cannot be read; empty where they can. The rest is then empty.
        unannotated: there is no annotation file.
        annotation: name of the annotation file. annotation_sha256: its hash.
        people: usable ones. known: as many as the whole dataset has; None where that is not known.
        needed: photographs of usable people. present: those that are there. missing: the first three others.
        folder: where the photographs should be.
        photographs_sha256: one hash for names and contents of all that are present; empty where there are none.
    """

    split: str
    problem: str = ""
    unannotated: bool = False
    annotation: str = ""
    annotation_sha256: str = ""
    people: int = 0
    known: int | None = None
    needed: int = 0
    present: int = 0
    missing: tuple[str, ...] = ()
    folder: str = ""
    photographs_sha256: str = ""


@dataclass(frozen=True)
class DataCheck:
    """What `check_data` found.

    Attributes:
        protocol: its name. data: the folder. download: where the dataset comes from.
        train_split, report_split: the splits that a run trains on and scores.
        splits: in the protocol's order. findings: what was counted. duplicates: photographs in both of these splits.
        damaged: photographs that do not decode, a sentence for each split that has some.
        problems: what makes training or scoring impossible, as sentences. notes: what else a reader should know.
        cache: the file with the facts and hashes of every photograph.
    """

    protocol: str
    data: str
    download: str
    train_split: str
    report_split: str
    splits: tuple[SplitCheck, ...]
    findings: tuple[Finding, ...]
    duplicates: tuple[Finding, ...]
    damaged: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    cache: str

    def __repr__(self) -> str:
        return f"<DataCheck of {self.protocol} in {self.data}: {counted(len(self.problems), 'problem', 'problems')}>"

    def as_json(self) -> dict[str, Any]:
        """All of it, for `--json`."""
        return asdict(self) | {"possible": not self.problems}


@dataclass(frozen=True)
class _Split:
    """A split while it is checked: its people, or why there are none."""

    name: str
    people: Instances | None = None
    problem: str = ""
    unannotated: bool = False
    facts: Facts = field(default_factory=dict)

    @cached_property
    def paths(self) -> dict[int, Path]:
        """Row of `images` → its photograph, of usable people."""
        if self.people is None:
            return {}
        rows = np.unique(self.people.image[self.people.usable]).tolist()
        return {row: self.people.photograph(row) for row in rows}

    @cached_property
    def decoded(self) -> dict[Path, PhotographFacts]:
        """The photographs that decode, by path."""
        known = ((path, self.facts.get(path)) for path in self.paths.values())
        return {path: facts for path, facts in known if facts is not None and not facts.problem}

    def sizes(self) -> Array:
        """(M, 2) width and height: the photographs' own; infinite where unknown."""
        assert self.people is not None  # noqa: S101 - for mypy: only called where there are people
        sizes = np.full((len(self.people.images), 2), np.inf)
        for row, path in self.paths.items():
            if path in self.decoded:
                sizes[row] = self.decoded[path].width, self.decoded[path].height
        return sizes


def check_data(
    protocol: Protocol,
    data: Path,
    results: ResultsFolder,
    *,
    workers: int = 0,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> DataCheck:
    """Check every split of a dataset's folder.

    Args:
        results: keeps what was found of each photograph, so that a check goes on where it was interrupted.
        workers: processes.
        show: called with how many photographs are checked, and of how many.

    Raises:
        PosebenchError: the folder does not exist, or the results cannot be written.
    """
    if not data.exists():
        raise PosebenchError(f"--data {data} does not exist. It should be the folder of {protocol.name}.")
    read = [_read(protocol, data, split) for split in protocol.splits]
    paths = list(dict.fromkeys(path for split in read for path in split.paths.values()))
    place = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]
    cache = results.checks / f"{plain(protocol.name)}-{place}.jsonl"
    facts = scan(paths, cache, workers, show) if paths else {}
    splits = {split.name: replace(split, facts=facts) for split in read}
    run = run_splits(protocol, data)
    train, report = splits[run.train], splits[run.report]
    checked = {name: _checked(split, protocol) for name, split in splits.items()}
    return DataCheck(
        protocol=protocol.name, data=str(data), download=protocol.download, train_split=train.name,
        report_split=report.name, splits=tuple(checked.values()),
        findings=(*photograph_findings(facts), *_people_findings(splits)),
        duplicates=tuple(duplicates(train.decoded, report.decoded, (train.name, report.name))),
        damaged=tuple(filter(None, map(_damaged, splits.values()))),
        problems=tuple(_problems(protocol, checked[train.name], checked[report.name], report.people)),
        notes=tuple(filter(None, (run.note, *_same_images(train, report), *_notes(splits)))), cache=str(cache),
    )  # fmt: skip


def _read(protocol: Protocol, data: Path, split: str) -> _Split:
    try:
        return _Split(split, load_people(protocol, data, split))
    except (PosebenchError, OSError) as error:
        # Where the dataset comes from is said once, not for every split.
        problem = str(error).removesuffix(protocol.download).rstrip()
        return _Split(split, problem=problem, unannotated=isinstance(error, NoAnnotation))


def _checked(split: _Split, protocol: Protocol) -> SplitCheck:
    people, known = split.people, protocol.known_counts.get(split.name)
    if people is None:
        return SplitCheck(split.name, split.problem, split.unannotated, known=known)
    present = [path for path in split.paths.values() if path in split.facts]
    missing = [people.images[row] for row, path in split.paths.items() if path not in split.facts]
    hashes = sorted(f"{path.name} {split.decoded[path].sha256}" for path in present if path in split.decoded)
    return SplitCheck(
        split=split.name, annotation=Path(people.source.file).name, annotation_sha256=people.source.sha256,
        people=int(people.usable.sum()), known=known, needed=len(split.paths), present=len(present),
        missing=tuple(missing[:NAMED]), folder=str(people.image_root or ""),
        photographs_sha256=hashlib.sha256("\n".join(hashes).encode()).hexdigest() if hashes else "",
    )  # fmt: skip


def photograph_findings(facts: Facts) -> list[Finding]:
    """What is unusual in photographs."""

    def found(one: str, many: str, holds: Callable[[PhotographFacts], bool]) -> list[Finding]:
        return finding(
            (path.name for path, its in facts.items() if holds(its)), f"photograph {one}", f"photographs {many}"
        )

    whole = sum(not its.problem for its in facts.values())
    decode = [Finding(whole, "photograph decodes" if whole == 1 else "photographs decode", ())] if whole else []
    return [
        *decode,
        *found("is grayscale", "are grayscale", lambda its: its.grayscale),
        *found("is CMYK", "are CMYK", lambda its: its.cmyk),
        *found("has 16 bits a channel", "have 16 bits a channel", lambda its: its.bits > 8),
        *found("is rotated by EXIF (posebench uses the stored pixels)",
               "are rotated by EXIF (posebench uses the stored pixels)", lambda its: its.orientation > 1),
    ]  # fmt: skip


def _damaged(split: _Split) -> str:
    """A sentence on the photographs of a split that do not decode; empty where all do."""
    names = [path.name for path in split.paths.values() if path in split.facts and path not in split.decoded]
    if not names:
        return ""
    many = counted(len(names), "photograph does not decode; its", "photographs do not decode; their")
    shown = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f"{split.name}: {many} people are not trained on, and count as missed where they are scored: {shown}"


def _people_findings(splits: Mapping[str, _Split]) -> list[Finding]:
    found: list[Finding] = []
    for split in splits.values():
        if split.people is not None:
            sizes = split.sizes()
            found += size_findings(split.people, sizes)
            stated = split.people.image_sizes
            found += annotation_findings(
                split.people, sizes if stated is None else np.where(np.isfinite(sizes), sizes, stated)
            )
    return found


def duplicates(one: Facts, other: Facts, splits: tuple[str, str]) -> list[Finding]:
    """Photographs that two splits share: the same file, the same pixels, or alike.

    Args:
        one, other: the decoded photographs of each. splits: their names.
    """
    between, names = f"of {splits[0]} and {splits[1]}", (lambda pair: f"{pair[0].name} = {pair[1].name}")
    by_pixels: dict[str, Path] = {}
    for path, facts in one.items():
        by_pixels.setdefault(facts.pixels_sha256, path)
    same = [(by_pixels[its.pixels_sha256], path) for path, its in other.items() if its.pixels_sha256 in by_pixels]
    first, second = list(one), list(other)
    alike = []
    if first and second:
        words = (hash_words([its.perceptual_hash for its in facts.values()]) for facts in (one, other))
        alike = [(first[a], second[b]) for a, b in near_pairs(*words).tolist()]
    near = [(a, b) for a, b in alike if one[a].pixels_sha256 != other[b].pixels_sha256]
    look = f"{between} looks alike (candidates for duplicates)", f"{between} look alike (candidates for duplicates)"
    return [
        *finding(map(names, same), f"photograph is in both {between[3:]}", f"photographs are in both {between[3:]}"),
        *finding((f"{a.name} ~ {b.name}" for a, b in near), f"pair {look[0]}", f"pairs {look[1]}"),
    ]


def _problems(protocol: Protocol, train: SplitCheck, report: SplitCheck, people: Instances | None) -> list[str]:
    """What makes training or scoring impossible."""
    found = []
    if train.problem and train.problem == report.problem:
        both = train.split if train.split == report.split else f"{train.split} and {report.split}"
        return [f"Training and scoring are impossible{_unread(both, train)}: {train.problem}"]
    for split, verb in ((train, "Training"), (report, "Scoring")):
        if split.problem:
            found.append(f"{verb} is impossible{_unread(split.split, split)}: {split.problem}")
        elif (lacking := split.needed - split.present) > 0:
            predicting = "Predicting is impossible" + " without --allow-missing" * (split.present > 0)
            found.append(
                f"{'Training is impossible' if split is train else predicting}: {split.folder} lacks {lacking:,} of the "
                f"{counted(split.needed, 'photograph', 'photographs')} of {split.split}: {', '.join(split.missing)}"
                + (", …" if lacking > NAMED else "")
            )
    if people is not None and (reason := scoring_problem(protocol, people)):
        found.append(f"Scoring is impossible: {reason}")
    return found


def _unread(name: str, split: SplitCheck) -> str:
    """Which split cannot be read; empty where its annotation is not there, as its problem says."""
    return "" if split.unannotated else f", because {name} cannot be read"


def _same_images(train: _Split, report: _Split) -> list[str]:
    """A note where the images to train on are those to score."""
    if train.people is None or report.people is None or tuple(train.people.images) != tuple(report.people.images):
        return []
    return [
        f"{train.name} and {report.name} are the same images: a network would be scored on people that it was trained on."
    ]


def _notes(splits: Mapping[str, _Split]) -> list[str]:
    """Notes of the annotations, each once, with the splits that it is of."""
    of: dict[str, list[str]] = {}
    for split in splits.values():
        for note in split.people.notes if split.people is not None else ():
            of.setdefault(note, []).append(split.name)
    return [f"{', '.join(names)}: {note}" for note, names in of.items()]
