"""Compare rows of a leaderboard: the headline of several seeds each, from records alone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError, listed
from posebench.plain_text import one_line
from posebench.plugins.protocol import Protocol
from posebench.report.tables import comparison_table
from posebench.report.tables.rows import Row, row_labels, rows
from posebench.results.record import Record
from posebench.results.telling_apart import told_apart
from posebench.scoring import comparison
from posebench.scoring.comparison import Pair, Taken
from posebench.scoring.rank_ranges import with_seed_error
from posebench.tasks.row_records import rows_meant, unknown_row
from posebench.tasks.scoring.compare import GROUP, differences, pairs_frame

if TYPE_CHECKING:
    import pandas as pd

LESS_ASKED: tuple[Callable[[Row], object], ...] = (
    lambda row: row.data.synthetic, lambda row: row.data.corruption, lambda row: row.data.part, lambda row: row.rule.keypoints,
)  # fmt: skip
"""What a leaderboard is of that comes after another one of the same names."""


@dataclass(frozen=True, eq=False, repr=False)
class RowComparison:
    """Rows of one leaderboard.

    Attributes:
        rows: two or more.
        labels: a short name for each row that no other one has; `pairs` have them.
        pairs: every two rows: (first, second), (first, third), … . Only their headline is compared.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        return f"<Comparison of rows {listed(self.labels)}; .frame has every difference>"

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
            {"name": row.name, "label": label, "seeds": list(row.seeds), "headline": row.headline, "sd_of_seeds": row.spread,
             "records": [record.id for record in row.records]}
            for row, label in zip(self.rows, self.labels, strict=True)
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
    shown = list(row_labels(rows).values())
    pairs = (Pair(shown[a], shown[b], one, (one,), ()) for (a, b), one in zip(asked, found, strict=True))
    return RowComparison(tuple(rows), tuple(shown), tuple(pairs))


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
        names: of rows, or ids of records or their beginnings; an id names the row that the record is in.
        split: of the leaderboards to look in; None for that in which all names are found.
        convention: of the leaderboards to look in; None for the protocol's first one.

    Raises:
        PosebenchError: as `choose_rows` and `compare_rows`; or the split or convention is unknown.
    """
    if split is not None:
        protocol.check_split(split)
    rule = protocol.convention(convention)
    return compare_rows(choose_rows(rows(records), names, protocol.name, rule.name, split))


def choose_rows(
    found: Sequence[Row], names: Sequence[str], protocol: str, convention: str, split: str | None = None
) -> list[Row]:
    """The rows of those names, in their order.

    Args:
        found: all rows of a results folder.
        names, split: as of `compare_named`.
        protocol, convention: which leaderboards to look in. Of those with all names, real data goes before synthetic people,
            photographs as they are before corrupted ones, and all people and keypoints before a part of them.

    Raises:
        PosebenchError: a name is unknown, comes twice, or is that of several rows of one leaderboard; or no leaderboard has all
            names, or several have them.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PosebenchError(f"{twice[0]!r} is given twice; compare needs different rows.")
    able = [row for row in found if (row.rule.protocol, row.rule.convention) == (protocol, convention)]
    able = [row for row in able if split in (None, row.data.split)]
    named = [[row for row, _ in rows_meant(able, name)] for name in names]
    for name, own in zip(names, named, strict=True):
        if not own:
            where = _place(able, f"{protocol} {split}" if split else protocol, convention)
            _check_one_board(found, names, name, where)
            raise _not_here(found, able, name, where)
    chosen = [_only(own, name) for own, name in zip(_one_board(named), names, strict=True)]
    for place, row in enumerate(chosen):
        if row in chosen[:place]:
            raise PosebenchError(
                f"{names[chosen.index(row)]!r} and {names[place]!r} are one row, {row.name!r}; compare needs different rows. Seeds "
                "of one recipe are compared by their predictions files."
            )
    return chosen


def _one_board(named: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """For each name its rows in the leaderboard that has rows of all names.

    Args:
        named: for each name its rows in all leaderboards, at least one.
    """
    groups = [
        here
        for group in dict.fromkeys(row.group for row in named[0])
        if all(here := [[row for row in own if row.group == group] for own in named])
    ]
    if not groups:
        _check_group([own[0] for own in named])
    for is_less in LESS_ASKED:
        groups = [here for here in groups if not is_less(here[0][0])] or groups
    if len(groups) > 1:
        raise _several_boards(groups)
    return groups[0]


def _several_boards(groups: Sequence[list[list[Row]]]) -> PosebenchError:
    """The error for names that several leaderboards have: a line for each has that in which it differs, and the ids of its rows."""
    newest = [here[0][0].newest for here in groups]
    differ = [place for place in range(len(GROUP)) if len({one.group[place] for one in newest}) > 1]
    lines = [
        f"{'; '.join(f'{GROUP[place]} {one.group[place]}' for place in differ)}: {listed(row.id for own in here for row in own)}"
        for one, here in zip(newest, groups, strict=True)
    ]
    option = "Add --split, or type" if len({one.data.split for one in newest}) > 1 else "Type"
    first = f"{len(groups)} leaderboards have rows of these names. {option} the ids of the rows:"
    return PosebenchError("\n  ".join([first, *map(one_line, lines)]))


def _place(able: Sequence[Row], people: str, convention: str) -> str:
    """Such as `mpii val, official`; the records themselves say whether their people are synthetic."""
    whats = {row.data.what for row in able}
    return f"{whats.pop() if len(whats) == 1 else people}, {convention}"


def _check_one_board(found: Sequence[Row], names: Sequence[str], name: str, where: str) -> None:
    """Raises PosebenchError if all names are of rows, but no leaderboard has all: another convention would not help."""
    groups = [{row.group for row, _ in rows_meant(found, one)} for one in names]
    if all(groups) and not set.intersection(*groups):
        raise PosebenchError(
            f"{name!r} is no row of {where}, and no leaderboard has rows of all these names. Rows of different leaderboards are "
            "not comparable."
        )


def _not_here(found: Sequence[Row], able: Sequence[Row], name: str, where: str) -> PosebenchError:
    elsewhere = rows_meant(found, name)
    if not elsewhere:
        return unknown_row(f"row of {where}", name, able)
    its = elsewhere[0][0].rule, elsewhere[0][0].data
    return PosebenchError(
        f"{name!r} is no row of {where}. It is a row of {its[0].protocol} {its[1].split}, {its[0].convention}: add "
        f"--protocol {its[0].protocol} --split {its[1].split} --convention {its[0].convention}."
    )


def _only(rows: Sequence[Row], name: str) -> Row:
    if len(rows) > 1:
        told = told_apart([row.records for row in rows])
        ids = [f"{row.id}: {text}" for row, text in zip(rows, told, strict=True)]
        first = f"{len(rows)} rows of one leaderboard are named {name!r}. Type the id of one:"
        raise PosebenchError("\n  ".join([first, *map(one_line, ids)]))
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
            if row.single is not None:
                raise PosebenchError(
                    f"All people of {row.name!r} are of one {row.single}, so whether it differs from others cannot be told by "
                    "resampling. Score files with more people."
                )
            raise PosebenchError(
                f"The records of {row.name!r} have no resamples, or none on the same people. Compare their predictions files: "
                "posebench compare A B."
            )
        if row.resampled_on != rows[0].resampled_on:
            raise PosebenchError(
                f"{rows[0].name!r} and {row.name!r} were not resampled alike. Score their predictions files again."
            )
