"""`posebench run`: train, predict, evaluate and report in a row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench import torchrun
from posebench.cli.gathered import gathered
from posebench.cli.options import (
    GroundTruth,
    Row,
    allow_missing_option,
    archs_option,
    box_threshold_option,
    boxes_option,
    data_option,
    protocol_option,
    quiet_option,
    row_options,
    split_option,
)
from posebench.cli.train import CHECKING, training_shown
from posebench.cli.training_options import training_options
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from posebench.data.instances import Instances
    from posebench.results.record import Record
    from posebench.tasks.run import Counted
    from posebench.tasks.training.job import Job, Settings
    from posebench.tasks.training.train import Show


@dataclass(frozen=True)
class Boxes:
    """In which boxes people are predicted: those of a detector's file above a score, and whether photographs may be missing."""

    boxes: Path | None
    box_threshold: float | None
    allow_missing: bool


@click.command()
@archs_option
@gathered("truth", GroundTruth, protocol_option, data_option, split_option)
@training_options
@gathered("boxes", Boxes, boxes_option, box_threshold_option, allow_missing_option)
@row_options
@quiet_option
def run(archs: tuple[str, ...], truth: GroundTruth, settings: "Settings", boxes: Boxes, row: Row, quiet: bool) -> None:
    """Train networks, predict, score, and write the report."""
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.cli.show_scores import print_scores
    from posebench.tasks import people as people_tasks
    from posebench.tasks.run import run as run_job
    from posebench.tasks.training.job import make_job
    from posebench.tasks.training.preflight import check_before_run
    from posebench.tasks.training.selection import scored_split

    out = open_console(stderr=quiet, quiet=quiet)
    protocol, data, split = truth.protocol, truth.data, truth.split
    say_synthetic(out, data, truth.protocol_name)
    if data is not None and data.is_file() and not (settings.weights is not None and settings.epochs == 0):
        raise PosebenchError(
            f"--data {data} is one file, so training and scoring would share their people. Name the folder."
        )
    splits = people_tasks.run_splits(protocol, data)
    if split is not None:
        validated = settings.watching.validate_every is not None
        select_by = (settings.watching.select_by or splits.select) if validated else None
        splits = scored_split(protocol, data, splits, split, select_by)
    print_notes(out, (splits.note,) if splits.note else ())
    with out.status(CHECKING):
        jobs = [make_job(arch, protocol, data, settings, row.results) for arch in archs]
        people = people_tasks.load_people(protocol, data, splits.report)
        asked = people_tasks.people_to_predict(protocol, people, boxes.boxes, boxes.box_threshold)
        asked = replace(asked, allow_missing=boxes.allow_missing)
        if boxes.boxes is not None:
            print_notes(out, (f"{len(asked):,} boxes of {asked.box_source} to predict.", *asked.notes))
        check_before_run(jobs, people, asked)
        print_notes(out, people_tasks.missing_notes(asked))
    records = []
    for job in jobs:
        name = (
            f"{row.name} ({job.arch})" if row.name and len(jobs) > 1 else row.name
        )  # several rows cannot have one name
        record = run_job(job, people, asked, Shown(out), name)
        if record is not None:
            print_scores(out, record)
            records.append(record)
    if torchrun.is_first():
        _report(row.results, records, out)


class Shown:
    """Shows a run on a console: a bar while it trains, a bar while it predicts, and its notes."""

    def __init__(self, out: "Console") -> None:
        self.out = out

    def training(self, job: "Job") -> "AbstractContextManager[Show]":
        """A bar with the loss and the rate."""
        return training_shown(self.out, job.arch)

    @contextmanager
    def predicting(self, asked: "Instances") -> "Iterator[Counted]":
        """A bar that counts people."""
        from posebench.cli.console import progress

        with progress(self.out, f"predict {asked.what}") as update:
            yield lambda done, total: update(done, total, "")

    def say(self, note: str) -> None:
        """A line."""
        from posebench.cli.console import print_notes

        print_notes(self.out, [note])


def _report(results: Path, records: "list[Record]", out: "Console") -> None:
    from posebench.cli.console import print_notes
    from posebench.cli.show_leaderboard import print_leaderboards
    from posebench.report.pages.page import write_pages
    from posebench.report.tables.contents import read_contents

    with out.status("Writing the report"):
        contents = read_contents(results)
        write_pages(contents)
    print_notes(out, contents.notes)
    groups = {record.group for record in records}
    print_leaderboards(out, [board for board in contents.boards if board.records[0].group in groups])
    click.echo(f"Leaderboards and plots: {contents.folder.index}")
