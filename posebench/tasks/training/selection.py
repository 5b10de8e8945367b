"""Selection: the people whose score chooses a run's best checkpoint. They are neither trained on nor reported."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Protocol, RunSplits
from posebench.tasks.people import load_people, run_splits
from posebench.tasks.training.preflight import scoring_problem

PART = 0.1
"""Of the training images, held out where the protocol has no split for selection."""
SEED = 0
"""Of the draw of these images. It is not the run's: runs of all seeds and networks are selected by the same people."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The people of a run that is validated while it trains.

    Attributes:
        train: whom to train on. people: who choose the checkpoint; no image of theirs is trained on.
        split: what `people` are, for tables and records, such as `lspet-val` or `10 % of train`.
        note: a sentence that says all this.
    """

    train: Instances
    people: Instances
    split: str
    note: str

    def notes(self, processes: int) -> tuple[str, ...]:
        """What a run of so many processes says of its validation."""
        alone = f"The first of {processes} processes validates; the others wait for it."
        return (self.note, alone) if processes > 1 else (self.note,)

    @property
    def identity(self) -> str:
        """What tells this selection from others: the split, and a digest of the images."""
        names = sorted({self.people.images[row] for row in self.people.image.tolist()})
        return f"{self.split} ({hashlib.sha256(repr(names).encode()).hexdigest()[:8]})"


def choose_people(protocol: Protocol, data: Path | None, train: Instances, asked: str | None = None) -> Selection:
    """The people of the selection split, and the training people without theirs.

    Args:
        data: the dataset's folder or file; None for synthetic people.
        train: the people of the training split, or some of them.
        asked: name of a split; the training split's name holds out a part of it. None for the protocol's selection split, and
            where it has none, for a part of the training split.

    Raises:
        PosebenchError: the split is the reported one or shares images with it, is unknown, or nobody would be left.
    """
    splits = run_splits(protocol, data)
    name = asked or splits.select or splits.train
    if name == splits.train:
        return held_out(train)
    others = ", ".join(split for split in protocol.splits if split not in (splits.report, protocol.report_split))
    if name in (splits.report, protocol.report_split):
        raise PosebenchError(
            f"--select-by {name}: scores of {name} are reported, and a checkpoint that is chosen by them scores too high there. "
            f"Leave out --select-by to hold out {100 * PART:.0f} % of {splits.train}, or name another split: {others}."
        )
    people = load_people(protocol, data, name)
    if shared := _images(people) & _images(load_people(protocol, data, splits.report)):
        raise PosebenchError(
            f"--select-by {name}: {counted(len(shared), 'image', 'images')} of {name} are also in {splits.report}, "
            f"whose scores are reported (first: {min(shared)[1]}). Name another split, or leave out --select-by."
        )
    if problem := scoring_problem(protocol, people):
        raise PosebenchError(f"--select-by {name}: {problem}")
    theirs = _images(people)
    also = np.array([key in theirs for key in _keys(train)])[train.image]
    note = f"{people.usable.sum():,} people of {name} choose the best checkpoint"
    return _selection(train.take(~also), people, name, note, int((train.usable & also).sum()))


def scored_split(
    protocol: Protocol, data: Path | None, splits: RunSplits, asked: str, select_by: str | None = None
) -> RunSplits:
    """The splits of a run that scores another one than usual.

    Args:
        data: the dataset's folder or file; None for synthetic people.
        asked: the split to score.
        select_by: the split whose score chooses the best checkpoint; None where no checkpoint is chosen, or by training people.

    Raises:
        PosebenchError: the split is unknown, or has images that are trained on or choose the checkpoint.
    """
    theirs = _images(load_people(protocol, data, asked))
    for used, does in ((splits.train, "are trained on"), (select_by, "choose the best checkpoint")):
        if used and (shared := theirs & _images(load_people(protocol, data, used))):
            raise PosebenchError(
                f"--split {asked}: {counted(len(shared), 'image', 'images')} of {asked} {does}, being in {used} too "
                f"(first: {min(shared)[1]}). Name another split: {', '.join(protocol.splits)}."
            )
    return replace(splits, report=asked)


def held_out(train: Instances) -> Selection:
    """A part of the training people by whole images, and by whole groups of images where there are groups.

    Raises:
        PosebenchError: there is only one image or group.
    """
    units = np.unique(train.units[train.usable])
    unit = "image" if train.groups is None else train.group
    if len(units) < 2:
        raise PosebenchError(
            f"{train.what} has {counted(len(units), unit, unit + 's')} to train on, so none can be held out for --validate-every. "
            "Name a split with --select-by, or train on more people."
        )
    drawn = np.random.default_rng(SEED).permutation(units)[: max(1, round(PART * len(units)))]
    chosen = np.isin(train.units, drawn)
    people = of_images(train.take(chosen))
    note = f"{people.usable.sum():,} people of {counted(len(drawn), unit, unit + 's')} of {train.split} choose the best checkpoint"
    return _selection(
        train.take(~chosen), people, f"{100 * PART:.0f} % of {train.split}", note, int(people.usable.sum())
    )


def _selection(train: Instances, people: Instances, split: str, note: str, fewer: int) -> Selection:
    """The selection with its sentence.

    Args:
        fewer: how many usable people are not trained on because of it.
    """
    left = int(train.usable.sum())
    if not left:
        raise PosebenchError(f"Nobody of {train.what} is left to train on without the images of {split}.")
    rest = counted(left, "person is", "people are")
    note += f" and are not trained on; {rest}." if fewer else f"; {rest} trained on."
    return Selection(train, people, split, note)


def of_images(people: Instances) -> Instances:
    """The same people; images that show none of them are left out, so that scores and their resamples do not count them."""
    shown, image = np.unique(people.image, return_inverse=True)
    return replace(
        people, image=image, images=tuple(people.images[row] for row in shown.tolist()), image_ids=people.image_ids[shown],
        groups=_rows(people.groups, shown), image_sizes=_rows(people.image_sizes, shown),
    )  # fmt: skip


def _rows(column: Array | None, rows: Array) -> Array | None:
    return None if column is None else column[rows]


def _keys(people: Instances) -> list[tuple[str, str]]:
    """What tells images apart: folder and name, one for each of `people.images`."""
    return [(str(people.image_root), name) for name in people.images]


def _images(people: Instances) -> set[tuple[str, str]]:
    """The images that show people."""
    keys = _keys(people)
    return {keys[row] for row in np.unique(people.image).tolist()}
