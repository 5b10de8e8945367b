"""`posebench cost`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_size
from posebench.cli.options import archs_option, json_option
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    import torch
    from rich.console import Console

    from posebench.cost.measure import Clock
    from posebench.cost.record import Cost

BUSY = 1.5
"""Ratio of quartiles above which the machine is busy: on an idle one they are within a few percent."""


@dataclass(frozen=True)
class Timing:
    """On which device time is measured, whether it is, and whether torch.compile is timed too."""

    device: str | None
    no_latency: bool
    no_compile: bool


@click.command()
@archs_option
@click.option(
    "--input-size",
    callback=read_size,
    metavar="HEIGHTxWIDTH",
    help="Size of the network's input, such as 256x192. Default: the architecture's own.",
)
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(1),
    metavar="N",
    help="Images per timed pass; may be repeated. Default: 1, and on a GPU 64 too.",
)
@click.option(
    "--protocol",
    "protocol_name",
    default="mpii",
    show_default=True,
    metavar="NAME",
    help="Protocol with the keypoints that the network finds: mpii has 16, coco 17.",
)
@gathered(
    "timing",
    Timing,
    click.option(
        "--device", metavar="NAME", help="Device to time on, such as cpu or cuda:1. Default: the GPU, if there is one."
    ),
    click.option("--no-latency", is_flag=True, help="Only count; this takes seconds."),
    click.option("--no-compile", is_flag=True, help="Do not time torch.compile, which needs a minute or two to prepare."),
)  # fmt: skip
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also keep the measurement in DIR/cost, where `posebench report` shows it.",
)
@json_option
def cost(
    archs: tuple[str, ...], input_size: tuple[int, int] | None, batches: tuple[int, ...], protocol_name: str, timing: Timing,
    results: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Measure what networks cost: operations, memory, time.

    Also parameters. Time is that on this device. Published figures stand beside the measured ones, with the rule that makes
    them comparable.
    """
    from posebench.cli.console import open_console
    from posebench.cost.measure import measure
    from posebench.cost.record import save
    from posebench.plugins import registry

    protocol = registry.protocol(protocol_name)
    clock = None if timing.no_latency else _clock(_device(timing.device), batches, not timing.no_compile)
    console, errors = open_console(), open_console(stderr=True)
    costs = []
    for arch in dict.fromkeys(archs):
        with errors.status(arch) as status:
            found = measure(
                arch, (protocol.name, protocol.skeleton), input_size, clock,
                lambda doing, arch=arch: status.update(f"{arch}: {doing}"),  # type: ignore[misc]
            )  # fmt: skip
        costs.append(found)
        if results is not None:
            errors.print(f"saved: {save(found, results)}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(_plain(costs)))
    else:
        _print(console, costs)


def _device(name: str | None) -> "torch.device":
    """The device of that name; None: the GPU if there is one, else the CPU."""
    import torch

    there = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if name is None:
        return there or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        known = f"{there.type}, cpu" if there else "cpu"
        raise PosebenchError(f"--device {name} is not on this machine. Available: {known}.") from error
    if device.type == "meta":
        raise PosebenchError("--device meta computes nothing, so it cannot be timed. Add --no-latency to count only.")
    return device


def _clock(device: "torch.device", batches: tuple[int, ...], compiled: bool) -> "Clock":
    from posebench.cost.measure import Clock

    batches = batches or ((1,) if device.type == "cpu" else (1, 64))
    return Clock(device, tuple(dict.fromkeys(batches)), compiled)


def _plain(costs: "list[Cost]") -> dict[str, Any]:
    from posebench.cost.record import PUBLISHED_RULE, RULE

    entries = [
        cost.model_dump(mode="json")
        | {"gflops_as_published": cost.gflops_as_published, "published": [vars(row) for row in cost.published]}
        for cost in costs
    ]
    return {"rule": RULE, "published_rule": PUBLISHED_RULE, "input_size": "width, height", "costs": entries}


def _print(console: "Console", costs: "list[Cost]") -> None:
    """Counts with one column per network, then times with one row per way of running it."""
    from rich.table import Table
    from rich.text import Text  # not rich's markup: names are other people's

    from posebench.cost.record import PUBLISHED_RULE, RULE
    from posebench.report.tables.cost_tables import COUNTS, TIMES, by_device, counted, timed

    table = Table(box=None, pad_edge=False)
    rows = list(zip(COUNTS, *counted(costs), strict=True))
    for place, name in enumerate(rows[0]):
        table.add_column(Text("" if place == 0 else name), justify="right" if place else "left", overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(f"\n{RULE}\n{PUBLISHED_RULE}", highlight=False, style="dim")
    for device, same in by_device(costs):
        times = Table(box=None, pad_edge=False, title=Text(f"\non {device}"), title_justify="left")
        for place, name in enumerate(TIMES):
            times.add_column(Text(name), justify="left" if place < 3 else "right", overflow="fold")
        for row in timed(same):
            times.add_row(*map(Text, row))
        console.print(times)
        note = "The network alone, on random images; median and quartiles of passes; the ways of running it take turns."
        console.print(note, highlight=False, style="dim")
        if any(timing.high > BUSY * timing.low for one in same for timing in one.timings):
            busy = f"[yellow]Quartiles differ by more than a factor of {BUSY:g}: the machine is busy, and the times are imprecise."
            console.print(busy, highlight=False)
