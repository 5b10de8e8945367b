"""Decode: the scores of kept heatmaps under every decoder, stack and mirror, each beside the network's own decoding."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.data import predictions
from posebench.errors import PosebenchError
from posebench.files.writing import write_text
from posebench.plugins.protocol import Protocol
from posebench.report.tables import decoding_table
from posebench.report.tables.decoding_table import DecodedRow
from posebench.results.record import Record
from posebench.scoring import bootstrap, comparison
from posebench.scoring.comparison import Difference, Taken
from posebench.tasks.people import load_people
from posebench.tasks.scoring.evaluate import Evaluation, evaluate_predictions, naming

if TYPE_CHECKING:
    import pandas as pd

    from posebench.inference.decodings import Decoding
    from posebench.inference.heatmap_file import Heatmaps

COLUMNS = (
    "stack", "mirror", "decoder", "own", "value", "low", "high", "difference", "difference_low", "difference_high", "p", "resolved",
)  # fmt: skip
Show = Callable[[int, int, str], None]
"""Called with how many are done, of how many, and of what: `people` or `decodings`."""
TABLE_ENDINGS = ".csv", ".md"


@dataclass(frozen=True)
class Asked:
    """Which decodings; an empty tuple for all that the file allows.

    Attributes:
        out: a predictions file to write of the one decoding that is chosen; what is not named is then the network's own.
    """

    decoders: tuple[str, ...] = ()
    stacks: tuple[int, ...] = ()
    mirrors: tuple[str, ...] = ()
    out: Path | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Decodings:
    """Heatmaps that were decoded in several ways.

    Attributes:
        file: the heatmap file.
        record: of the network's own decoding: rule and people.
        rows: stack by stack; the network's own decoding among them.
        notes: what was assumed, and what was left out or treated specially in scoring, as sentences.
    """

    file: Path
    record: Record
    rows: tuple[DecodedRow, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Decodings of {self.file.name}, {len(self.rows)} rows; .frame has every number>"

    @property
    def frame(self) -> "pd.DataFrame":
        """A row for each decoding, with the columns `COLUMNS`; numbers at full precision."""
        import pandas as pd

        return pd.DataFrame([_plain(row) for row in self.rows], columns=list(COLUMNS))

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        return decoding_table.html(self.record, self.rows)

    def as_json(self) -> dict[str, Any]:
        """Rule, people and rows as JSON values."""
        record = self.record.model_dump(mode="json", include={"name", "rule", "data", "sampling"})
        return record | {
            "file": str(self.file), "level": bootstrap.LEVEL, "resamples": bootstrap.RESAMPLES,
            "correction": decoding_table.CORRECTION, "notes": list(self.notes), "rows": [_plain(row) for row in self.rows],
        }  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the table: as CSV at full precision, or as Markdown, by the ending of `path`.

        Raises:
            PosebenchError: another ending, or the folder cannot be written to.
        """
        check_table(Path(path))
        if Path(path).suffix.lower() == ".md":
            write_text(Path(path), decoding_table.markdown(self.record, self.rows))
        else:
            write_text(Path(path), self.frame.to_csv(index=False, lineterminator="\n"))


def check_table(path: Path) -> None:
    """Raise PosebenchError unless the table can be written in the form of the path's ending."""
    if path.suffix.lower() not in TABLE_ENDINGS:
        raise PosebenchError(f"The table {path} should end in {' or '.join(TABLE_ENDINGS)}.")


def decode(
    file: Path, protocol: Protocol, data: Path | None, split: str | None = None, convention: str | None = None,
    asked: Asked = Asked(), show: Show = lambda done, total, what: None,
) -> Decodings:  # fmt: skip
    """Decode a heatmap file and score every decoding on the same people.

    Args:
        data, convention: as of `load_people`.
        split: None for the one that the file states.
        show: called after every person and then after every scored decoding.

    Raises:
        PosebenchError: the file is damaged or of other people, or does not have what is asked for.
    """
    from posebench.inference import decodings
    from posebench.inference.heatmap_file import open_heatmaps

    with open_heatmaps(file) as kept:
        own, notes = decodings.own_decoding(kept), _notes(kept)
        chosen = _chosen(kept, own, asked)
        people = load_people(protocol, data, split or kept.split, convention)
        kept.check_people(people, file)
        every = decodings.ordered([*chosen, own])
        made = decodings.decode(kept, every, lambda done, total: show(done, total, "people"))
    name = kept.provenance.arch or file.stem
    scored: list[Evaluation] = []
    for number, one in enumerate(made, start=1):
        with naming(file):
            scored.append(evaluate_predictions(one, protocol, people, convention, name))
        show(number, len(every), "decodings")
    if asked.out is not None:
        predictions.save(made[every.index(chosen[0])], asked.out)
    base = every.index(own)
    record = scored[base].record
    return Decodings(file, record, _rows(every, scored, base), (*notes, *record.notes))


def _notes(kept: "Heatmaps") -> tuple[str, ...]:
    from posebench.inference.decodings import own_decoding

    if kept.decoder:
        return ()
    return (
        f"The heatmap file does not say how its network decodes, so differences are from {own_decoding(kept).name}.",
    )


def _chosen(kept: "Heatmaps", own: "Decoding", asked: Asked) -> tuple["Decoding", ...]:
    """What is asked for; of `out`, the one decoding that is written.

    Raises:
        PosebenchError: the file does not have it, or several decodings are named for `out`.
    """
    from posebench.inference.decodings import choose

    if asked.out is None:
        return choose(kept, asked.decoders, asked.stacks, asked.mirrors)
    chosen = choose(
        kept, asked.decoders or (own.decoder,), asked.stacks or (own.stack,), asked.mirrors or (own.mirror,)
    )
    if len(chosen) > 1:
        raise PosebenchError(
            f"{asked.out} takes the predictions of one decoding, but {len(chosen)} are named: "
            f"{'; '.join(one.name for one in chosen[:3])}{'; …' if len(chosen) > 3 else ''}. Name one decoder, stack and mirror."
        )
    return chosen


def _rows(every: Sequence["Decoding"], scored: Sequence[Evaluation], base: int) -> tuple[DecodedRow, ...]:
    """A row for each decoding; the differences are one family.

    Args:
        base: which of them is the network's own.
    """
    headline = scored[base].record.rule.headline
    units = comparison.units_of([one.scores for one in scored])
    others = [place for place in range(len(every)) if place != base]
    taken = [Taken.metric(headline, scored[place].scores, scored[base].scores) for place in others]
    differences: dict[int, Difference] = dict(zip(others, comparison.family(taken, units), strict=True))
    return tuple(
        DecodedRow(decoding, one.scores.metrics[headline], one.record.intervals.get(headline), differences.get(place))
        for place, (decoding, one) in enumerate(zip(every, scored, strict=True))
    )


def _plain(row: DecodedRow) -> dict[str, Any]:
    """JSON values by the names of `COLUMNS`; unknown numbers are None."""
    one, apart = row.decoding, row.difference
    bounds = (None, None) if apart is None else apart.interval or (None, None)
    difference = 0.0 if apart is None else apart.value
    values = (
        one.stack, one.mirror, one.decoder, apart is None, row.value, *(row.interval or (None, None)), difference, *bounds,
        None if apart is None else apart.p, None if apart is None else apart.resolved,
    )  # fmt: skip
    finite = (None if isinstance(value, float) and not math.isfinite(value) else value for value in values)
    return dict(zip(COLUMNS, finite, strict=True))
