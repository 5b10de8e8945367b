"""Compare rows of a leaderboard: the headline of several seeds each, from records alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError, counted, listed, unknown
from posebench.plugins.protocol import Protocol
from posebench.report.tables import comparison_table
from posebench.report.tables.columns import training
from posebench.report.tables.rows import Row, rows
from posebench.results.record import Record
from posebench.scoring import comparison
from posebench.scoring.comparison import Pair, Taken
from posebench.scoring.rank_ranges import with_seed_error
from posebench.tasks.scoring.compare import differences, pairs_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class RowComparison:
    """Rows of one leaderboard.

    Attributes:
        rows: two or more.
        pairs: every two rows: (first, second), (first, third), … . Only their headline is compared.
    """

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        return f"<Comparison of rows {listed(row.name for row in self.rows)}; .frame has every difference>"

    @property
    def frame(self) -> "pd.DataFrame":
        """Differences as rows: columns `a`, `b`, `name`, `difference`, `low`, `high`, `p`, `resolved`."""
        return pairs_frame(self.pairs)

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        return comparison_table.html(self.pairs, self.rows[0].newest)

    def as_json(self) -> dict[str, Any]:
        """Rows and pairs as JSON values."""
        rows = [
            {"name": row.name, "seeds": list(row.seeds), "headline": row.headline, "sd_of_seeds": row.spread,
             "records": [record.id for record in row.records]}
            for row in self.rows
        ]  # fmt: skip
        return {"rows": rows} | comparison.as_json(self.pairs)


def compare_rows(rows: Sequence[Row], chosen: Sequence[tuple[int, int]] | None = None) -> RowComparison:
    """Compare the headline of rows on the same resamples of the images; rows of several seeds vary over these too, unless both
    rows are the same trainings, which are compared seed by seed.

    Args:
        chosen: which pairs are compared, as places in `rows`; they are one family. None for every two rows.

    Raises:
        PosebenchError: fewer than two rows, rows of different leaderboards, or rows without comparable resamples.
    """
    if len(rows) < 2:
        raise PosebenchError(f"compare takes two rows or more; {rows[0].name!r} is one.")
    asked = list(combinations(range(len(rows)), 2)) if chosen is None else chosen
    both = [(rows[a], rows[b]) for a, b in asked]
    for pair in both:
        _check_group(pair)
    _check_resamples(rows)
    headline, units = rows[0].rule.headline, rows[0].records[0].sampling.units
    taken = [
        Taken(headline, a.headline, b.headline, drawn)
        for (a, b), drawn in zip(both, _resampled(rows, asked), strict=True)
    ]
    found = comparison.family(taken, units)
    names = [row.name for row in rows]
    labels = {row.id: row.name if names.count(row.name) == 1 else f"{row.name} ({row.id})" for row in rows}
    pairs = (Pair(labels[a.id], labels[b.id], one, (one,), ()) for (a, b), one in zip(both, found, strict=True))
    return RowComparison(tuple(rows), tuple(pairs))


def _resampled(rows: Sequence[Row], asked: Sequence[tuple[int, int]]) -> list[Array]:
    """(R,) differences of each pair, which vary over seeds too. Seeds of two rows are independent, unless both rows are the same
    trainings, as those of two decoders are: then only the difference of each training varies.
    """
    same = [_same_trainings(rows[a], rows[b]) for a, b in asked]
    images = [row.resampled for row in rows] + [rows[a].resampled - rows[b].resampled for a, b in asked]
    errors = [row.seed_error for row in rows] + [
        _error_of_difference(rows[a], rows[b]) if paired else 0.0 for (a, b), paired in zip(asked, same, strict=True)
    ]
    drawn = with_seed_error(np.array(images), np.array(errors))
    return [
        drawn[len(rows) + place] if paired else drawn[a] - drawn[b]
        for place, ((a, b), paired) in enumerate(zip(asked, same, strict=True))
    ]


def _same_trainings(one: Row, other: Row) -> bool:
    """Whether both rows are of the same checkpoints, seed by seed."""
    of_one, of_other = ([record.model.checkpoint_sha256 for record in row.records] for row in (one, other))
    return None not in of_one and of_one == of_other


def _error_of_difference(one: Row, other: Row) -> float:
    """Standard error of the mean difference of trainings; 0 for one training."""
    if not (one.by_seed and other.by_seed):
        return 0.0
    return float(np.std(np.subtract(one.by_seed, other.by_seed), ddof=1)) / math.sqrt(len(one.records))


def compare_named(
    records: Sequence[Record], names: Sequence[str], protocol: Protocol, split: str | None, convention: str | None
) -> RowComparison:
    """Compare the rows of those names.

    Args:
        records: all of a results folder.
        names: of rows, or ids of records; an id names the row that the record is in.
        split, convention: which leaderboards to look in; None for the protocol's first ones.

    Raises:
        PosebenchError: as `choose_rows` and `compare_rows`; or the split or convention is unknown.
    """
    split = split or protocol.report_split
    protocol.check_split(split)
    rule = protocol.convention(convention)
    return compare_rows(choose_rows(rows(records), names, protocol.name, rule.name, split))


def choose_rows(found: Sequence[Row], names: Sequence[str], protocol: str, convention: str, split: str) -> list[Row]:
    """The rows of those names, in their order.

    Args:
        found: all rows of a results folder.
        names: as of `compare_named`.
        protocol, convention, split: which leaderboards to look in. Real data goes before synthetic people, and photographs as they
            are before corrupted ones.

    Raises:
        PosebenchError: a name is unknown, comes twice, or is that of several rows of these leaderboards; or no leaderboard
            has all names.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PosebenchError(f"{twice[0]!r} is given twice; compare needs different rows.")
    asked = protocol, convention, split
    able = [row for row in found if (row.rule.protocol, row.rule.convention, row.data.split) == asked]
    for name in names:
        if not any(_is_named(row, name) for row in able):
            where = _place(able, f"{protocol} {split}", convention)
            _check_one_board(found, names, name, where)
            raise _unknown_row(found, able, name, where)
    groups = [
        here
        for group in dict.fromkeys(row.group for row in able)
        if all(here := [[row for row in able if row.group == group and _is_named(row, name)] for name in names])
    ]
    for less_asked in ("synthetic", "corruption"):
        groups = [here for here in groups if not getattr(here[0][0].data, less_asked)] or groups
    if not groups:
        _check_group([next(row for row in able if _is_named(row, name)) for name in names])
        raise PosebenchError(f"No leaderboard has rows of all these names: {listed(names)}.")
    if len(groups) > 1:
        raise PosebenchError(
            f"{counted(len(groups), 'leaderboard has', 'leaderboards have')} rows of these names, which differ in "
            f"{'; '.join(differences(groups[0][0][0].newest, groups[1][0][0].newest))}. Compare their predictions files."
        )
    chosen = [_only(here, name) for here, name in zip(groups[0], names, strict=True)]
    for place, row in enumerate(chosen):
        if row in chosen[:place]:
            raise PosebenchError(
                f"{names[chosen.index(row)]!r} and {names[place]!r} are one row, {row.name!r}; compare needs different rows. Seeds "
                "of one recipe are compared by their predictions files."
            )
    return chosen


def _is_named(row: Row, text: str) -> bool:
    return row.name == text or any(text in (record.id, record.older_id) for record in row.records)


def _place(able: Sequence[Row], people: str, convention: str) -> str:
    """Such as `mpii val, official`; the records themselves say whether their people are synthetic."""
    whats = {row.data.what for row in able}
    return f"{whats.pop() if len(whats) == 1 else people}, {convention}"


def _check_one_board(found: Sequence[Row], names: Sequence[str], name: str, where: str) -> None:
    """Raises PosebenchError if all names are of rows, but no leaderboard has all: another convention would not help."""
    groups = [{row.group for row in found if _is_named(row, one)} for one in names]
    if all(groups) and not set.intersection(*groups):
        raise PosebenchError(
            f"{name!r} is no row of {where}, and no leaderboard has rows of all these names. Rows of different leaderboards are "
            "not comparable."
        )


def _unknown_row(found: Sequence[Row], able: Sequence[Row], name: str, where: str) -> PosebenchError:
    elsewhere = next((row for row in found if _is_named(row, name)), None)
    if elsewhere is None:
        return unknown(f"row of {where}", name, dict.fromkeys(row.name for row in able), label="Rows")
    its = elsewhere.rule, elsewhere.data
    return PosebenchError(
        f"{name!r} is no row of {where}. It is a row of {its[0].protocol} {its[1].split}, {its[0].convention}: add "
        f"--protocol {its[0].protocol} --split {its[1].split} --convention {its[0].convention}."
    )


def _only(rows: Sequence[Row], name: str) -> Row:
    if len(rows) > 1:
        ids = "; ".join(f"{row.id} ({training(row.model, row.seeds) or row.newest.predictions})" for row in rows)
        raise PosebenchError(
            f"{len(rows)} rows of one leaderboard are named {name!r}. Name one by the id of a record: {ids}."
        )
    return rows[0]


def _check_group(rows: Sequence[Row]) -> None:
    for row in rows[1:]:
        if row.group != rows[0].group:
            raise PosebenchError(
                f"{rows[0].name!r} and {row.name!r} are in different leaderboards, so they cannot be compared. "
                f"They differ in {'; '.join(differences(rows[0].newest, row.newest))}."
            )


def _check_resamples(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.resampled_on is None:
            raise PosebenchError(
                f"The records of {row.name!r} have no resamples, as those of one image or sequence, or none on the same people. "
                "Compare their predictions files: posebench compare A B."
            )
        if row.resampled_on != rows[0].resampled_on:
            raise PosebenchError(
                f"{rows[0].name!r} and {row.name!r} were not resampled alike. Score their predictions files again."
            )
