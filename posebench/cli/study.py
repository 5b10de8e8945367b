"""`posebench study`: answer a question by the runs of a file; what is done, and which studies there are."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench import torchrun
from posebench.cli.complete import studies
from posebench.cli.gathered import gathered
from posebench.cli.options import (
    Output,
    boxes_option,
    json_option,
    output_options,
    results_option,
    workers_option,
)
from posebench.cli.wrapping import terminal_width, wrapped
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.studies import plan
    from posebench.studies.plan import Plan
    from posebench.studies.state import RunState


class Answering(click.Group):
    """`posebench study FILE` is `posebench study run FILE`."""

    default = "run"

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command of that name, else `run`."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [self.default, *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options of `run` may stand before the study."""
        own = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if own or not args else [self.default, *args])


@click.group(cls=Answering)
def study() -> None:
    """Answer a question by training and scoring networks.

    A study is a TOML file with the question in words and its architectures, recipes, seeds, protocols, decoders and
    corruptions. STUDY is such a file, or the name of one that ships with posebench.

    \b
    posebench study STUDY --dry-run   the runs and their cost
    posebench study STUDY             make the runs, write the report
    posebench study status STUDY      what is done, running, failed
    posebench study list              the shipped studies
    """


@dataclass(frozen=True)
class Asked:
    """A study, its data, and where its runs are: the folder of the data, detected boxes and the results folder."""

    name: str
    data: Path | None
    small: bool
    boxes: Path | None
    results: Path

    def read(self, device: str | None = None, workers: int | None = None) -> "plan.Asked":
        """The study's file, with what is asked of it.

        Raises:
            PosebenchError: there is no such study, or it is damaged.
        """
        from posebench.studies import plan
        from posebench.studies.study_file import read_study

        found = read_study(self.name)
        plan.check_names(found)
        return plan.Asked(
            study=found.small_size if self.small else found, data=self.data, results=self.results, boxes=self.boxes,
            device=device, workers=workers, small=self.small,
        )  # fmt: skip


asked_options = gathered(
    "asked",
    Asked,
    click.argument("name", metavar="STUDY", shell_complete=studies),
    click.option(
        "--data", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of the dataset, or a folder with a folder for each protocol. Default: synthetic people, drawn by posebench.",
    ),
    click.option(
        "--small", is_flag=True,
        help="The study's small size, its table [small]: hours at most, on a CPU. It shows that a study runs, not what is true.",
    ),
    boxes_option,
    results_option,
)  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """The cluster to which runs are submitted, None for this machine, and submitit's options for it."""

    cluster: str | None
    options: tuple[str, ...]


@study.command()
@asked_options
@click.option(
    "--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps. Default: every GPU, with a process each; else cpu."
)
@workers_option
@click.option("--dry-run", is_flag=True, help="Print the runs and how long they take on this device, and make none.")
@gathered(
    "cluster",
    Cluster,
    click.option(
        "--cluster", type=click.Choice(["slurm", "local"]),
        help="Submit every run as a job, through submitit, and return. `local` starts all of them at once on this machine.",
    ),
    click.option(
        "--cluster-option", "options", multiple=True, metavar="NAME=VALUE",
        help="Option of submitit's executor, such as slurm_partition=gpu or timeout_min=600; may be repeated.",
    ),
)  # fmt: skip
@output_options
def run(asked: Asked, device: str | None, workers: int | None, dry_run: bool, cluster: Cluster, output: Output) -> None:
    """Make the runs of a study that are not done, and write its report.

    A run whose record is in the results folder is not made again. Ctrl-C keeps the run under way; the same command goes on.
    """
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.cli.show_study import print_plan
    from posebench.studies import measure
    from posebench.studies.carry_out import check_beginnings
    from posebench.studies.gpus import gpus
    from posebench.studies.plan import make_plan
    from posebench.studies.state import states

    if torchrun.processes() > 1:
        raise PosebenchError(
            "posebench study starts a process for each GPU by itself. Type the command without torchrun."
        )
    if cluster.options and cluster.cluster is None:
        raise PosebenchError("--cluster-option is about --cluster, which is not given. Add --cluster slurm.")
    out = open_console(stderr=output.quiet or output.as_json, quiet=output.quiet)
    wanted, here = asked.read(device, workers), cluster.cluster is None
    for protocol in wanted.study.protocols:
        say_synthetic(out, wanted.data, protocol)
    with out.status("Loading PyTorch; checking that every run can be made and scored") as status:
        plan = make_plan(wanted)
        now = states(plan)
        check_beginnings(now)
        left = [state.run for state in now if state.word not in ("done", "running") and (dry_run or here)]
        seconds = measure.measured(left, lambda doing: status.update(f"Measuring a few steps of {doing}"))
    devices = gpus(wanted.device)
    print_notes(out, plan.notes)
    print_plan(open_console() if dry_run and not output.as_json else out, plan, now, seconds, max(1, len(devices)))
    if dry_run:
        if output.as_json:
            click.echo(json.dumps(measure.as_json(now, seconds)))
    elif cluster.cluster is not None and any(state.word != "done" for state in now):
        _submit(plan, cluster.cluster, cluster.options, asked.name)
    else:
        _answer(out, plan, _made(out, plan, devices, seconds) if here else now, output.as_json)


def _made(out: "Console", plan: "Plan", devices: list[str], seconds: dict[str, float]) -> "list[RunState]":
    """Make the runs, on several GPUs with a process for each."""
    from posebench.cli.console import progress
    from posebench.cli.show_study import Watching, counts
    from posebench.studies.carry_out import carry_out
    from posebench.studies.gpus import share

    if not devices:
        return carry_out(plan, Watching(out, seconds))
    with progress(out, f"{plan.study.name} on {len(devices)} GPUs") as update:
        return share(
            plan, devices,
            lambda now: update(sum(state.word == "done" for state in now), len(now), counts(now)),
        )  # fmt: skip


def _answer(out: "Console", plan: "Plan", after: "list[RunState]", as_json: bool) -> None:
    """Write the report, and print what it says; a run that failed is an error at the end."""
    from posebench.cli.show_study import print_answer
    from posebench.studies import findings, report

    answer = findings.find(plan, after)
    paths = report.write_report(answer)
    print_answer(out, answer)
    click.echo(json.dumps(answer.as_json()) if as_json else f"Report: {paths[-1]}")
    if failed := [state for state in after if state.word == "failed"]:
        first = failed[0]
        raise PosebenchError(
            f"{len(failed)} of {len(after)} runs failed; type the same command to try again. {first.run.title}: {first.detail}"
        )


def _submit(plan: "Plan", cluster: str, options: tuple[str, ...], name: str) -> None:
    """Submit the runs, and say how to follow them."""
    from posebench.studies.cluster import submit

    jobs = submit(plan, cluster, options)
    if not jobs:
        click.echo("No run is left to submit.")
        return
    click.echo(f"Submitted: {', '.join(str(job.job_id) for job in jobs)}. Their logs are in {plan.folder / 'jobs'}.")
    click.echo(
        f"`posebench study status {name}`, with the same options, says how far they are. The last job writes the report."
    )


@study.command()
@asked_options
@json_option
def status(asked: Asked, as_json: bool) -> None:
    """Say which runs are done, running, stopped, waiting or failed.

    A failed run is shown with the reason.
    """
    from posebench.cli.console import open_console
    from posebench.cli.show_study import print_states
    from posebench.studies.findings import find
    from posebench.studies.plan import make_plan
    from posebench.studies.state import states

    out = open_console(stderr=as_json)
    with out.status("Reading records"):
        plan = make_plan(asked.read(), to_read=True)
        now = states(plan)
    if as_json:
        click.echo(json.dumps(find(plan, now).as_json()))
    else:
        print_states(out, plan, now)


@study.command("list")
def list_() -> None:
    """List the studies that ship with posebench, with their questions."""
    from posebench.studies.study_file import read_study, shipped_names

    for name in shipped_names():
        click.echo(name)
        click.echo(wrapped(f"    {read_study(name).question}", terminal_width(sys.stdout)))


@study.command()
@click.argument("name", metavar="STUDY", shell_complete=studies)
def show(name: str) -> None:
    """Print a study: a TOML file with comments, to copy and change."""
    from posebench.studies.study_file import study_path

    click.echo(study_path(name).read_text("utf-8"), nl=False)
