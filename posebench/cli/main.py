"""The command line: the group of all commands, and how errors end."""

import gc
import os
import sys
from typing import Any

import click

import posebench
from posebench import torchrun
from posebench.cli import (
    bundle,
    compare,
    cost,
    data,
    decode,
    diagnose,
    evaluate,
    export,
    export_model,
    heatmaps,
    label_errors,
    predict,
    recipe,
    report,
    robustness,
    run,
    show,
    study,
    track,
    train,
    verify,
    weights,
)
from posebench.cli import list as cli_list
from posebench.cli import plugin as cli_plugin
from posebench.cli.wrapping import terminal_width, wrapped
from posebench.errors import Interrupted, PosebenchError
from posebench.plain_text import printable

# torch loads OpenMP later. Its threads wait for each other at every layer, by default for milliseconds at full speed; where
# other programs need the cores, a step then takes several times as long. Waiting shorter costs nothing on a quiet machine.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
# pydantic, which most commands load, would look into every installed package for plugins of its own: 40 ms, and posebench has none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
# Nearly all objects of a command are the libraries', which stay until it ends. Python would look through them for garbage after
# each 700 new ones: a tenth of a short training run's processor time.
gc.set_threshold(20_000, 10, 10)


class Sentences(click.Group):
    """Turns what a user can mend into one sentence, and everything else that ends a program into its usual exit."""

    def main(self, *arguments: Any, **more: Any) -> Any:
        try:
            return super().main(*arguments, **more)
        except SystemExit as ended:
            if torchrun.processes() > 1:
                torchrun.end(ended.code if isinstance(ended.code, int) else ended.code is not None)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (PosebenchError, click.ClickException) as error:
            if not _speaks():
                ctx.exit(error.exit_code)
            if isinstance(error, click.ClickException):
                raise _folded(error) from error
            said = str(error) if isinstance(error, Interrupted) else f"Error: {error}"
            click.echo(wrapped(said, terminal_width(sys.stderr)), err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if not _speaks():
                ctx.exit(1)
            raise click.ClickException(printable(f"{error.strerror or error}: {error.filename or ''}")) from error


def _folded(error: click.ClickException) -> click.ClickException:
    """The error with lines that fit the terminal, which would cut words; one that shows itself in a way of its own stays."""
    if type(error).show not in (click.UsageError.show, click.ClickException.show):
        return error
    text = wrapped(f"Error: {error.format_message()}", terminal_width(sys.stderr)).removeprefix("Error: ")
    return click.UsageError(text, error.ctx) if isinstance(error, click.UsageError) else click.ClickException(text)


def _speaks() -> bool:
    """Whether this process says why it ends: of several, the first one that fails."""
    if torchrun.processes() == 1:
        return True
    from posebench.training.processes import fails_first

    return fails_first()


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(posebench.__version__)
def main() -> None:
    """Train, evaluate and compare 2D human pose architectures.

    \b
    posebench run --arch hourglass8 --protocol mpii      train, predict, score
    posebench evaluate FILE --protocol mpii --data DIR   score a file
    posebench evaluate FILE ... --explain                under every convention
    posebench compare A B --protocol mpii --data DIR     difference, p-value
    posebench diagnose FILE --protocol mpii --data DIR   why it errs
    posebench study NAME --dry-run                       a question: its runs
    posebench report                                     leaderboards, plots
    posebench verify RECORD --data DIR                   compute a record again
    posebench data check NAME --data DIR                 check a dataset
    posebench data show NAME --data DIR --arch NAME      see the crops
    posebench plugin check NAME                          check a plugin
    posebench robustness CHECKPOINT --protocol mpii      damaged photographs
    posebench cost --arch hourglass8                     operations, time
    posebench recipe list                                recipes to copy
    posebench list                                       what is installed

    \b
    Completion in bash: eval "$(_POSEBENCH_COMPLETE=bash_source posebench)"
    """


for _command in (
    run.run,
    study.study,
    train.train,
    predict.predict,
    track.track,
    evaluate.evaluate,
    export.export,
    export_model.export_model,
    compare.compare,
    diagnose.diagnose,
    heatmaps.heatmaps,
    robustness.robustness,
    decode.decode,
    label_errors.label_errors,
    report.report,
    show.show,
    verify.verify,
    bundle.bundle,
    recipe.recipe,
    weights.weights,
    data.data,
    cli_plugin.plugin,
    cost.cost,
    cli_list.list_,
):
    main.add_command(_command)
