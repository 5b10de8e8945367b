"""Options that several commands share: each of them, and those that belong together as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.complete import architectures, conventions, protocols, splits
from posebench.cli.gathered import Command, gathered
from posebench.cli.option_values import ArchitectureName, PluginName, read_names

if TYPE_CHECKING:
    from posebench.data.instances import Instances
    from posebench.plugins.protocol import Protocol


def results_folder(use: str) -> Command:
    """The option --results, with the help text that says for what it is used."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path),
        default=Path("results"),
        show_default=True,
        metavar="DIR",
        help=use,
    )


arch_option = click.option(
    "--arch",
    type=ArchitectureName(),
    required=True,
    metavar="NAME",
    shell_complete=architectures,
    help="Architecture; see `posebench list`.",
)
archs_option = click.option(
    "--arch", "archs", type=ArchitectureName(), required=True, multiple=True, metavar="NAME", shell_complete=architectures,
    help="Architecture; may be repeated. See `posebench list`.",
)  # fmt: skip
protocol_option = click.option(
    "--protocol", "protocol_name", type=PluginName("protocol"), required=True, metavar="NAME", shell_complete=protocols,
    help="Dataset and scoring rules; see `posebench list`.",
)  # fmt: skip
data_option = click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of the dataset, or one annotation file. Default: synthetic people, drawn by posebench.",
)  # fmt: skip
split_option = click.option(
    "--split",
    metavar="NAME",
    shell_complete=splits,
    help="Split of the dataset. Default: the one that published numbers are about.",
)
stated_split_option = click.option(
    "--split", metavar="NAME", shell_complete=splits,
    help="Split of the dataset. Default: as stated in the file, else the one that published numbers are about.",
)  # fmt: skip
results_option = results_folder("Folder for checkpoints, predictions, records and the report.")
results_to_read_option = results_folder("Results folder in which records are looked up by their id or name.")
kept_predictions_option = click.option(
    "--predictions", type=click.Path(path_type=Path), multiple=True, metavar="PATH",
    help="Predictions file, or a folder in which it is found by its hash; may be repeated. Default: the record's results folder.",
)  # fmt: skip
records_argument = click.argument("named", nargs=-1, required=True, metavar="RECORD...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print results only: no progress, no notes.")
name_option = click.option(
    "--name", metavar="TEXT", help="Name of the row in tables. Default: the architecture or the file's name."
)
convention_option = click.option(
    "--convention", metavar="NAME", shell_complete=conventions,
    help="Published scoring rule. Default: the protocol's first one; see `posebench list`.",
)  # fmt: skip
workers_option = click.option(
    "--workers", type=click.IntRange(0), metavar="N",
    help="Processes that load batches. Default: none on a CPU; on a GPU one less than there are cores, at most 8.",
)  # fmt: skip
device_option = click.option(
    "--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps. Default: a GPU where there is one, else cpu."
)
boxes_option = click.option(
    "--boxes", type=click.Path(path_type=Path), metavar="FILE",
    help="Detected boxes (COCO's result form) instead of the annotated ones.",
)  # fmt: skip
box_threshold_option = click.option(
    "--box-threshold", type=float, metavar="SCORE", help="Leave out boxes with a lower score. Default: 0."
)

allow_missing_option = click.option(
    "--allow-missing", is_flag=True,
    help="Predict although photographs of the split are missing: their people count as missed.",
)  # fmt: skip


@dataclass(frozen=True)
class GroundTruth:
    """What predictions are made for or scored against: the options --protocol, --data, --split and --convention.

    Attributes:
        protocol_name: empty where a command does not require --protocol, and it is not given.
        data: the dataset's folder or file; None for synthetic people.
        split, convention: None for the default one.
    """

    protocol_name: str
    data: Path | None
    split: str | None = None
    convention: str | None = None

    @cached_property
    def protocol(self) -> "Protocol":
        """The protocol of that name.

        Raises:
            PosebenchError: no protocol has that name.
        """
        from posebench.plugins import registry

        return registry.protocol(self.protocol_name)

    def people_of(self, files: Sequence[Path]) -> "Instances":
        """The people by whom predictions files are scored, as `tasks.people.people_of_files` chooses them."""
        from posebench.tasks.people import people_of_files

        return people_of_files(files, self.protocol, self.data, self.split, self.convention)


truth_of_file_options = gathered(
    "truth", GroundTruth, protocol_option, data_option, stated_split_option, convention_option
)


@dataclass(frozen=True)
class Subset:
    """The keypoints that are scored: the options --joints and --mapping."""

    joints: tuple[str, ...]
    mapping: Path | None


subset_options = gathered(
    "subset",
    Subset,
    click.option(
        "--joints", callback=read_names, metavar="NAME,NAME...",
        help="Score these keypoints alone, in a table of their own; FILE may be of another skeleton.",
    ),
    click.option(
        "--mapping", type=click.Path(path_type=Path), metavar="FILE.csv",
        help="What FILE calls the keypoints: lines of file,protocol in the order of FILE. Those that both have are scored.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What the row of a network is called, and in which results folder it is: the options --name and --results."""

    name: str | None
    results: Path


row_options = gathered("row", Row, name_option, results_option)


@dataclass(frozen=True)
class Output:
    """What is printed: the options --json and --quiet."""

    as_json: bool
    quiet: bool


output_options = gathered("output", Output, json_option, quiet_option)
