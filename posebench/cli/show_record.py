"""One record on a terminal, for a person: everything that it states but long curves and resamples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from posebench.cli.show_scores import curves_table, interval, print_resamples, scores_table
from posebench.cost.record import NOT_TIMED, Cost
from posebench.errors import counted
from posebench.plain_text import one_line
from posebench.plugins.recipe import Recipe
from posebench.report.tables.columns import UNKNOWN, scales, size, training
from posebench.results.history import LOSS, SCORE
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL

Facts = Iterable[tuple[str, Any]]
"""Terms and what is known of each; None or an empty text where nothing is."""
IN_TRAINING = "name", "epochs", "input_size"
"""Settings of a recipe that stand with the network."""
LONGEST_CURVE = 12
"""Thresholds of a curve that is shown, such as COCO's ten; others are for plots."""
LONGEST_TERM = 12
"""Letters of a term; with it, a hash fits into 80 columns."""


def print_record(out: Console, record: Record, path: Path, costs: Sequence[Cost]) -> None:
    """One record in sections, each of terms and values, as wide as the console.

    Args:
        path: its file.
        costs: measured costs of networks, of which those of this network are shown.
    """
    rule, data = record.rule, record.data
    out.print(f"[bold]{_text(record.name)}[/bold] on {_text(data.what)}", highlight=False)
    _section(out, "Rule", [
        ("protocol", f"{rule.protocol}, version {rule.version}"), ("convention", f"{rule.convention}: {rule.sentence}"),
        ("keypoints", ", ".join(rule.keypoints)),
        ("evaluator", rule.evaluator), ("published by", rule.published_by),
    ])  # fmt: skip
    _section(out, "Data", [
        ("people", f"{data.people:,} in {counted(data.images, 'image', 'images')} of {data.what}"),
        ("boxes", data.box_source), ("ground truth", data.annotations),
    ])  # fmt: skip
    _heading(out, f"Scores, ranked by {rule.headline}")
    out.print(Padding(scores_table(record), (0, 0, 0, 2), expand=False))
    print_resamples(out, record)
    if curves := [curve for curve in record.curves if len(curve.thresholds) <= LONGEST_CURVE]:
        _heading(out, f"{', '.join(curve.label for curve in curves)} by threshold")
        out.print(Padding(curves_table(curves, rule.unit), (0, 0, 0, 2), expand=False))
    if record.per_joint:
        _heading(out, f"Keypoints, {record.per_joint_metric}")
        out.print(Padding(_keypoints(record), (0, 0, 0, 2), expand=False))
    _section(out, "Notes", [("", note) for note in record.notes])
    _section(out, "Network", _network(record))
    _section(out, "Recipe", _recipe(record.model.recipe or {}))
    _section(out, "Cost", _cost(record, costs))
    _section(out, "Files", _files(record, path))
    _section(
        out, "Made", [("on", record.created), ("with", ", ".join(f"{k} {v}" for k, v in record.environment.items()))]
    )


def _keypoints(record: Record) -> Table:
    """One row per keypoint: its score and interval."""
    digits = 1 if record.rule.unit == "%" else 3
    table = Table(box=None, pad_edge=False, show_header=bool(record.per_joint_intervals))
    table.add_column("", overflow="fold")
    table.add_column(record.rule.unit, justify="right", no_wrap=True)
    table.add_column(f"{LEVEL} %", justify="right", no_wrap=True)
    for name, value in record.per_joint.items():
        shown = UNKNOWN if value is None else f"{value:.4f}"
        table.add_row(_text(name), shown, interval(record.per_joint_intervals.get(name), digits))
    return table


def _network(record: Record) -> Facts:
    """What is known of the network and of its training."""
    model, history = record.model, record.model.history
    chosen = model.selection
    yield "architecture", model.arch
    yield "stated", model.stated
    yield "parameters", None if model.parameters is None else f"{model.parameters:,}"
    yield "input (h×w)", size(model.input_size)
    yield "training", training(model, [] if model.seed is None else [model.seed])
    yield "steps", None if model.step is None else f"{model.step:,} of {model.steps or model.step:,}"
    if history:
        last = {name: history[-1].get(name) for name in (LOSS, SCORE)}
        yield "last epoch", ", ".join(f"{name} {value:.6g}" for name, value in last.items() if value is not None)
    yield "checkpoint", model.checkpoint
    if chosen is not None:
        score = "" if chosen.score is None else f", {chosen.score:.4f} at epoch {chosen.epoch}"
        yield "selected by", f"{chosen.metric} of {chosen.people:,} people of {chosen.split}{score}"
    yield "flip test", None if model.flip_test is None else "yes" if model.flip_test else "no"
    yield "scales", scales(model)
    yield "pipeline", model.pipeline
    yield "ran as", None if model.inference is None else model.inference.way
    yield "decoded as", None if model.decoded is None else model.decoded.sentence
    yield "device", model.device
    yield "versions", ", ".join(f"{name} {it}" for name in ("posebench", "torch") if (it := getattr(model, name)))


def _recipe(recipe: Mapping[str, Any]) -> Facts:
    """The settings that are not the defaults, such as averaged weights; those of another version as they stand."""
    try:
        settings = Recipe.model_validate(recipe).model_dump(mode="json", exclude_defaults=True) if recipe else {}
    except ValidationError:
        settings = dict(recipe)
    for name, value in settings.items():
        if name in IN_TRAINING:
            continue
        shown = ", ".join(f"{key} {its}" for key, its in value.items()) if isinstance(value, Mapping) else f"{value}"
        field = Recipe.model_fields.get(name)
        about = f" ({field.description})" if field is not None and field.description else ""
        yield name, shown + about


def _cost(record: Record, costs: Sequence[Cost]) -> Iterator[tuple[str, str]]:
    """Operations of the network, and its speed on each device on which it was timed."""
    model = record.model
    own = [cost for cost in costs if (cost.arch, cost.input_size) == (model.arch, model.input_size)]
    for cost in own[:1]:
        yield "operations", f"{cost.macs / 1e9:.2f} G multiply-accumulates, {cost.parameters / 1e6:.2f} M parameters"
    for cost in own:
        for timing in cost.timings[:1]:
            if cost.device != NOT_TIMED:
                speed = f"{timing.images_per_second:.1f} images/s ({timing.how}, batch {timing.batch})"
                yield "speed", f"{speed} on {cost.device}"


def _files(record: Record, path: Path) -> Iterator[tuple[str, str | None]]:
    """Each file with its hash in full below it."""
    model = record.model
    trained_on = model.trained_on
    yield "record", str(path)
    yield "predictions", record.predictions
    yield "", record.predictions_sha256
    yield "ground truth", record.data.annotations
    yield "", record.data.annotations_sha256
    if trained_on is not None and trained_on.annotations_sha256:
        yield "trained on", trained_on.annotations
        yield "", trained_on.annotations_sha256
    if model.checkpoint_sha256 is not None:
        yield "checkpoint", "SHA-256"
        yield "", model.checkpoint_sha256
    if model.boxes is not None:
        yield "boxes", counted(model.boxes.count, "box", "boxes")
        yield "", model.boxes.sha256


def _section(out: Console, title: str, facts: Facts) -> None:
    """A title and its facts; nothing where nothing is known."""
    known = [(term, str(value)) for term, value in facts if value]
    if not known:
        return
    _heading(out, title)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    if any(term for term, _ in known):
        table.add_column(no_wrap=True, min_width=LONGEST_TERM)
    table.add_column(overflow="fold")
    for term, value in known:
        table.add_row(*([_text(term)] if len(table.columns) > 1 else []), _text(value))
    out.print(Padding(table, (0, 0, 0, 2), expand=False), highlight=False)


def _heading(out: Console, title: str) -> None:
    out.print(f"\n[bold]{_text(title)}[/bold]", highlight=False)


def _text(text: str) -> str:
    return escape(one_line(text))
