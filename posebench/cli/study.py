"""`posebench study`: answer a question by the runs of a file; what is done, and which studies there are."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench import torchrun
from posebench.cli.complete import studies
from posebench.cli.options import json_option, quiet_option, results_option, together, workers_option
from posebench.cli.wrapping import terminal_width, wrapped
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from posebench.studies.plan import Asked


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

    A study is a TOML file with the question in words and its architectures, recipes, seeds and protocols. STUDY is such a file, or
    the name of one that ships with posebench.

    \b
    posebench study STUDY --dry-run   the runs and their cost
    posebench study STUDY             make the runs, write the report
    posebench study status STUDY      what is done, running, failed
    posebench study list              the shipped studies
    """


asked_options = together(
    click.argument("name", metavar="STUDY", shell_complete=studies),
    click.option(
        "--data", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of the dataset, or a folder with a folder for each protocol. Default: synthetic people, drawn by posebench.",
    ),
    click.option(
        "--small", is_flag=True,
        help="The study's small size, its table [small]: minutes instead of days. It shows that a study runs, not what is true.",
    ),
    click.option(
        "--boxes", type=click.Path(path_type=Path), metavar="FILE",
        help="Detected boxes (COCO's result form) instead of the annotated ones.",
    ),
    click.option(
        "--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps. Default: every GPU, with a process each; else cpu."
    ),
    workers_option,
    results_option,
)  # fmt: skip


@study.command()
@asked_options
@click.option("--dry-run", is_flag=True, help="Print the runs and how long they take on this device, and make none.")
@json_option
@quiet_option
def run(dry_run: bool, as_json: bool, quiet: bool, **asked: Any) -> None:
    """Make the runs of a study that are not done, and write its report.

    A run whose record is in the results folder is not made again. Ctrl-C keeps the run under way; the same command goes on.
    """
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.cli.show_study import Watching, print_answer, print_plan
    from posebench.studies import carry_out, findings, measure, report
    from posebench.studies.plan import make_plan
    from posebench.studies.state import states

    if torchrun.processes() > 1:
        raise PosebenchError(
            "posebench study starts a process for each GPU by itself. Type the command without torchrun."
        )
    out = open_console(stderr=quiet or as_json, quiet=quiet)
    wanted = _asked(**asked)
    for protocol in wanted.study.protocols:
        say_synthetic(out, wanted.data, protocol)
    with out.status("Loading PyTorch; checking that every run can be made and scored") as status:
        plan = make_plan(wanted)
        now = states(plan)
        left = [state.run for state in now if state.word not in ("done", "running")]
        seconds = measure.measured(left, lambda doing: status.update(f"Measuring a few steps of {doing}"))
    print_notes(out, plan.notes)
    print_plan(out, plan, now, seconds)
    if dry_run:
        if as_json:
            click.echo(json.dumps(measure.as_json(now, seconds)))
        return
    after = carry_out.carry_out(plan, Watching(out, seconds))
    answer = findings.find(plan, after)
    paths = report.write_report(answer)
    print_answer(out, answer)
    if as_json:
        click.echo(json.dumps(answer.as_json()))
    else:
        click.echo(f"Report: {paths[-1]}")
    if failed := [state for state in after if state.word == "failed"]:
        first = failed[0]
        raise PosebenchError(
            f"{len(failed)} of {len(after)} runs failed; type the same command to try again. {first.run.title}: {first.detail}"
        )


@study.command()
@asked_options
@json_option
def status(as_json: bool, **asked: Any) -> None:
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
        plan = make_plan(_asked(**asked))
        now = states(plan)
    if as_json:
        click.echo(json.dumps(find(plan, now).as_json()))
    else:
        print_states(out, now)


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


def _asked(*, name: str, small: bool, data: Path | None, results: Path, boxes: Path | None, device: str | None,
           workers: int | None) -> "Asked":  # fmt: skip
    from posebench.studies.plan import Asked, check_names
    from posebench.studies.study_file import read_study

    found = read_study(name)
    check_names(found)
    return Asked(
        study=found.small_size if small else found,
        data=data,
        results=results,
        boxes=boxes,
        device=device,
        workers=workers,
        small=small,
    )
