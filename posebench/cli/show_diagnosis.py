"""A diagnosis on a terminal: for each question a sentence with the finding, then a short table."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.cli.diagnosis_tables import (
    bounds,
    make_table,
    number,
    print_body_lengths,
    print_calibration,
    print_finding,
    print_registration,
    print_sigmas,
    print_slices,
)
from posebench.cli.show_scores import _label
from posebench.diagnosis.error_kinds import GOOD, KINDS, ErrorKinds
from posebench.diagnosis.estimate import Estimate
from posebench.errors import counted
from posebench.report.columns import UNKNOWN
from posebench.scoring.bootstrap import LEVEL
from posebench.scoring.scores import shown_decimals
from posebench.tasks.diagnose import Diagnosis


def print_diagnosis(out: Console, diagnosis: Diagnosis, quiet: bool = False) -> None:
    """Every question of a diagnosis.

    Args:
        quiet: findings and tables alone, without the data, the limits and the notes.
    """
    record = diagnosis.evaluation.record
    said = Console(file=out.file, quiet=True) if quiet else out
    rule, data = record.rule, record.data
    decimals = shown_decimals(rule.unit)
    value = record.metrics[rule.headline]
    now = Estimate(math.nan if value is None else value, record.intervals.get(rule.headline))
    said.print(
        f"[bold]{_label(record.name)}[/bold] on {_label(data.what)}: {data.people:,} people in "
        f"{counted(data.images, 'image', 'images')}; {_label(rule.protocol)} {_label(rule.convention)}: "
        f"{_label(rule.headline)} {number(now.value, decimals)} {bounds(now, decimals)}",
        highlight=False,
    )
    print_errors(out, said, diagnosis.errors, rule.headline, decimals)
    said.print(f"{_label(diagnosis.compared.limits)}.", style="dim", highlight=False)
    print_registration(out, said, diagnosis.registration, rule.headline, decimals)
    print_slices(out, said, diagnosis.slices, diagnosis.compared.right_if)
    print_calibration(out, said, diagnosis.calibration, diagnosis.compared.right_if, rule.headline, decimals)
    print_sigmas(out, diagnosis.sigmas, rule.headline, decimals)
    print_body_lengths(out, said, diagnosis.body_lengths)
    said.print(f"{LEVEL} %: intervals over resamples, paired for what is added.", style="dim", highlight=False)
    for note in diagnosis.notes:
        said.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def print_errors(out: Console, said: Console, errors: ErrorKinds, headline: str, decimals: int) -> None:
    """Kinds of errors with what repairs add; then by keypoint; then the worst people."""
    print_finding(out, _most_lost(errors, headline, decimals))
    if errors.unfound:
        said.print(
            f"{errors.unfound:,} of {counted(errors.people, 'person is', 'people are')} not found; kinds are of the others' "
            "keypoints.",
            highlight=False,
        )
    out.print(_repairs(errors, headline, decimals))
    if not errors.joints:
        return
    print_finding(out, _worst_joint(errors))
    out.print(_joints(errors))
    if errors.worst:
        worst = errors.worst[0]
        print_finding(out, f"The worst person has {worst.wrong} of {sum(worst.kinds)} keypoints wrong.")
        out.print(_worst(errors))


def _most_lost(errors: ErrorKinds, headline: str, decimals: int) -> str:
    if all(math.isnan(one.gain.value) for one in errors.repairs):
        return f"{headline} is unknown, and so is what repairs would add to it."
    known = [one for one in errors.repairs if one.kind != "all" and one.gain.value > 0]
    if not known:
        return f"No kind of error lowers {headline}."
    most = max(known, key=lambda one: one.gain.value)
    return f"Most is lost to {most.kind}: its repair alone would add {most.gain.value:.{decimals}f} to {headline}."


def _worst_joint(errors: ErrorKinds) -> str:
    wrong = {name: 100 * (1 - counts[GOOD] / sum(counts)) for name, counts in errors.joints.items()}
    name = max(wrong, key=lambda name: wrong[name])
    return f"{name.replace('_', ' ')} is wrong most often: {wrong[name]:.1f} % of its predictions."


def _repairs(errors: ErrorKinds, headline: str, decimals: int) -> Table:
    table = make_table(["kind", "errors", "%", f"{LEVEL} %", f"repair adds\nto {_label(headline)}", f"{LEVEL} %"])
    for one in errors.repairs:
        share = [UNKNOWN, ""] if one.share is None else [number(one.share.value, 1), bounds(one.share, 1)]
        count = f"{one.count:,}" if one.of == "keypoints" else f"{one.count:,} {one.of}"
        table.add_row(one.kind, count, *share, number(one.gain.value, decimals, "+"), bounds(one.gain, decimals, "+"))
    return table


def _joints(errors: ErrorKinds) -> Table:
    table = make_table(["%", *KINDS, "keypoints"])
    for name, counts in errors.joints.items():
        total = sum(counts)
        shares = (f"{100 * count / total:.1f}" for count in counts)
        table.add_row(_label(name.replace("_", " ")), *shares, f"{total:,}")
    return table


def _worst(errors: ErrorKinds) -> Table:
    table = make_table(["image", "person", *KINDS])
    for one in errors.worst:
        table.add_row(_label(one.image), str(one.person), *map(str, one.kinds))
    return table
