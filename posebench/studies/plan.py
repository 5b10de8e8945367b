"""Plan: the runs of a study, each checked before the first one begins."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path

from posebench.data import common_keypoints
from posebench.data.instances import Instances
from posebench.data.provenance import Decoded
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import choose
from posebench.plugins.recipe_files import PAPER
from posebench.report.tables.columns import size
from posebench.results.folder import ResultsFolder, plain
from posebench.studies import corrupting
from posebench.studies.decoding import decodings
from posebench.studies.study_file import Study
from posebench.tasks.people import load_people, people_to_predict, run_splits
from posebench.tasks.robustness.conditions import RobustnessAsked
from posebench.tasks.training.job import Job, Settings, make_job
from posebench.tasks.training.preflight import check_before_run

Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person asks for.

    Attributes:
        study: at its small size already, where that is asked for.
        data: folder of the dataset, or a folder with a folder for each protocol; None for synthetic people.
        results: the results folder.
        boxes: a detector's boxes instead of the annotated ones; None for these.
        device: such as `cuda:1`; None for the one that accelerate chooses.
        workers: processes that load batches; None as of `posebench run`.
        small: whether the study is at its small size.
    """

    study: Study
    data: Path | None = None
    results: Path = Path("results")
    boxes: Path | None = None
    device: str | None = None
    workers: int | None = None
    small: bool = False


@dataclass(frozen=True)
class RowPlace:
    """Where a row stands in the study: what all its seeds share.

    Attributes:
        decoder: of a row of the findings; empty for the network's own, and for runs, which every decoder decodes.
        condition: of a row of the findings, such as `clean` or a corruption; empty for runs, and without corruptions.
    """

    arch: str
    protocol: str
    recipe: str
    input_size: Size | None
    decoder: str = ""
    condition: str = ""


@dataclass(frozen=True, eq=False)
class People:
    """The people of a protocol's runs.

    Attributes:
        train: whom to train on, the limit applied. scored: whom to score. asked: whom to predict.
    """

    train: Instances
    scored: Instances
    asked: Instances


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run: exactly a job of `posebench run`.

    Attributes:
        place: of its row. name: of its row, as reports show it. key: name of its folder below `results/runs`.
        decodings: one for each decoder of the study.
        corruptions: what is measured on corrupted photographs; None for nothing.
    """

    place: RowPlace
    name: str
    key: str
    job: Job
    people: People
    decodings: tuple[Decoded, ...] = ()
    corruptions: RobustnessAsked | None = None

    def __repr__(self) -> str:
        return f"<PlannedRun {self.title}>"

    @property
    def title(self) -> str:
        """Such as `hourglass8, mpii, seed 1`."""
        return f"{self.name}, {self.place.protocol}, seed {self.job.seed}"


@dataclass(frozen=True, eq=False)
class Plan:
    """The runs of a study, in the order in which they are made: all rows with the first seed, then with the next."""

    asked: Asked
    runs: tuple[PlannedRun, ...]
    notes: tuple[str, ...]

    @property
    def study(self) -> Study:
        """The question."""
        return self.asked.study

    @property
    def folder(self) -> Path:
        """Where the report is written, and which runs are under way."""
        return ResultsFolder(self.asked.results).study(self.study.name)

    @property
    def rows(self) -> list[tuple[PlannedRun, ...]]:
        """The runs of every row, by seed; rows in the order of the study."""
        by_row: dict[RowPlace, list[PlannedRun]] = {}
        for run in self.runs:
            by_row.setdefault(run.place, []).append(run)
        return [tuple(runs) for runs in by_row.values()]


def make_plan(asked: Asked, to_read: bool = False) -> Plan:
    """The runs of a study.

    Args:
        to_read: whether the runs are only looked up. Then nothing is asked for that making them needs: room on the disk,
            photographs, a network that can be built, the package that corrupts.

    Raises:
        PosebenchError: an architecture, a protocol, a recipe or a keypoint is unknown; two runs are the same; a network cannot be
            built for its input size; people cannot be read, predicted or scored; a decoder is unknown or the network has none; or
            photographs cannot be corrupted.
    """
    study = asked.study
    check_names(study)
    rules = {name: registry.protocol(name) for name in study.protocols}
    people = {name: _people(protocol, asked) for name, protocol in rules.items()}
    damage = corrupting.asked_of(study, asked.boxes)
    first = [(place, _job(place, rules[place.protocol], asked)) for place in places(study)]
    runs = []
    for seed in study.seeds:
        for place, its_first in first:
            job, its = replace(its_first, seed=seed), people[place.protocol]
            key = job.key(job.settings(its.train))
            runs.append(PlannedRun(place, row_name(place, study), key, job, its, corruptions=damage))
    _check_different(runs)
    if not to_read:
        _check_possible(runs, study)
    if study.decoders:
        ways = {place: decodings(job, people[place.protocol].asked, study.decoders, to_read) for place, job in first}
        runs = [replace(run, decodings=ways[run.place]) for run in runs]
    if not asked.small:
        _check_published(study)
    notes = dict.fromkeys(note for protocol in rules.values() for note in _notes(protocol, asked))
    return Plan(asked, tuple(runs), tuple(notes))


def places(study: Study) -> list[RowPlace]:
    """The rows of a study: by protocol, then in the order of its lists."""
    sizes: Sequence[Size | None] = study.input_sizes or (None,)
    every = product(study.protocols, study.recipes, sizes, study.architectures)
    return [RowPlace(arch, protocol, recipe, input_size) for protocol, recipe, input_size, arch in every]


def places_of(place: RowPlace, study: Study) -> list[RowPlace]:
    """The rows that the runs of one place have: one for each decoder or condition of the study."""
    every = product(study.decoders or ("",), corrupting.conditions(study))
    return [replace(place, decoder=decoder, condition=condition) for decoder, condition in every]


def row_name(place: RowPlace, study: Study) -> str:
    """The architecture, with recipe, input size and decoder where the study has several, and the condition: `hrnet_w32, fog`."""
    parts = [place.arch]
    parts += [place.recipe] if len(study.recipes) > 1 else []
    parts += [str(size(place.input_size))] if len(study.input_sizes) > 1 else []
    parts += [place.decoder] if place.decoder and len(study.decoders) > 1 else []
    return ", ".join([*parts, *filter(None, [place.condition])])


def check_names(study: Study) -> None:
    """Check every name of a study, before anything heavy is imported.

    Raises:
        PosebenchError: an architecture, a protocol, a recipe, a decoder, a corruption or a keypoint is unknown; says what to
            write instead.
    """
    with _naming(study):
        for arch in study.architectures:
            registry.check_architecture(arch)
        for recipe in study.recipes:
            if recipe != PAPER:
                choose(recipe)
        for name in study.protocols:
            protocol = registry.protocol(name)
            common_keypoints.check_names(study.joints, protocol.skeleton, name)
        if study.decoders:
            from posebench.plugins import decoders  # imports torch

            decoders.check_names(study.decoders)
        corrupting.asked_of(study, None)


def data_of(data: Path | None, protocol: str) -> Path | None:
    """The dataset's folder: the one of its name in a folder of datasets, else the folder itself.

    A folder that has the dataset's name is its own: `lsp/` may hold `lsp/` and `lspet/`.
    """
    name = plain(protocol.partition(":")[0])
    below = None if data is None or data.resolve().name == name else data / name
    return below if below is not None and below.is_dir() else data


def _people(protocol: Protocol, asked: Asked) -> People:
    data = data_of(asked.data, protocol.name)
    if data is not None and data.is_file():
        raise PosebenchError(
            f"--data {data} is one file, so training and scoring would share their people. Name the folder."
        )
    splits = run_splits(protocol, data)
    train = load_people(protocol, data, splits.train, limit=asked.study.settings.limit)
    scored = load_people(protocol, data, splits.report)
    return People(train, scored, people_to_predict(protocol, scored, asked.boxes, None))


def _notes(protocol: Protocol, asked: Asked) -> list[str]:
    note = run_splits(protocol, data_of(asked.data, protocol.name)).note
    return [note] if note else []


def _job(place: RowPlace, protocol: Protocol, asked: Asked) -> Job:
    """The job of a row's first seed. Which recipe is the paper's is known by building the network, so a row does it once."""
    own = asked.study.settings
    settings = Settings(
        recipe=place.recipe, input_size=place.input_size, seed=asked.study.seeds[0], epochs=own.epochs, batch_size=own.batch_size,
        learning_rate=own.learning_rate, limit=own.limit, pretrained=own.pretrained is not False, device=asked.device,
        workers=asked.workers,
    )  # fmt: skip
    return make_job(place.arch, protocol, data_of(asked.data, protocol.name), settings, asked.results)


def _check_different(runs: Sequence[PlannedRun]) -> None:
    seen: dict[str, PlannedRun] = {}
    for run in runs:
        if (other := seen.setdefault(run.key, run)) is not run:
            raise PosebenchError(
                f"Two runs of this study are the same: {_told(other)} and {_told(run)}. Remove one of them from its lists."
            )


def _check_possible(runs: Sequence[PlannedRun], study: Study) -> None:
    for _, group in groupby(sorted(runs, key=lambda run: run.place.protocol), lambda run: run.place.protocol):
        first, *others = [run for run in group if run.job.seed == study.seeds[0]]
        jobs, people = [run.job for run in (first, *others)], first.people
        check_before_run(jobs, people.scored, people.asked)
        if first.corruptions is not None:
            corrupting.check_possible(people.asked, first.corruptions, len(jobs) * len(study.seeds), first.job.results)


def _told(run: PlannedRun) -> str:
    place = run.place
    return f"{place.arch} by {place.recipe} on {place.protocol} with seed {run.job.seed}"


def _check_published(study: Study) -> None:
    if study.published is None:
        return
    asked = [place for place in places(study) if place.protocol == study.published.protocol]
    known = [row_name(one, study) for place in asked for one in places_of(place, study)]
    for name in study.published.values:
        if name not in known:
            raise PosebenchError(
                f"The study {study.name!r} has a published value of {name!r}, which is none of its rows on "
                f"{study.published.protocol}. Rows: {'; '.join(known) or 'none'}."
            )


@contextmanager
def _naming(study: Study) -> Iterator[None]:
    """Put the study's name before an error about what it names."""
    try:
        yield
    except PosebenchError as error:
        raise PosebenchError(f"The study {study.name!r}: {error}") from error
