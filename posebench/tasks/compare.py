"""Compare: predictions files on the same people, resample by resample."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Protocol
from posebench.results.record import Record
from posebench.scoring import comparison
from posebench.scoring.comparison import Pair
from posebench.tasks.evaluate import Evaluation, evaluate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs on the same people.

    Attributes:
        runs: two or more, with names that differ.
        pairs: every two of them: (first, second), (first, third), … .
    """

    runs: tuple[Evaluation, ...]
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(run.record.name for run in self.runs)}; .frame has every difference>"

    @property
    def records(self) -> list[Record]:
        """One per run."""
        return [run.record for run in self.runs]

    @property
    def frame(self) -> "pd.DataFrame":
        """Differences as rows: columns `a`, `b`, `name`, `difference`, `low`, `high`, `p`, `resolved`."""
        import pandas as pd

        rows = [
            (pair.a, pair.b, one.name, one.value, *(one.interval or (None, None)), one.p, one.resolved)
            for pair in self.pairs
            for one in (*pair.metrics, *pair.joints)
        ]
        return pd.DataFrame(rows, columns=["a", "b", "name", "difference", "low", "high", "p", "resolved"])

    def as_json(self) -> dict[str, Any]:
        """Runs and pairs as JSON values."""
        runs = [record.model_dump(mode="json", exclude={"resampled"}) for record in self.records]
        return {"runs": runs} | comparison.as_json(self.pairs)


def compare(
    files: Sequence[Path],
    protocol: Protocol,
    people: Instances,
    convention: str | None = None,
    names: Sequence[str] = (),
) -> Comparison:
    """Compare predictions files.

    Args:
        people: as `load_people` gives them for the same convention.
        names: a label per file, or none.

    Raises:
        PosebenchError: fewer than two files, another number of names, or as `evaluate`.
    """
    if len(files) < 2:
        raise PosebenchError(f"compare takes two predictions files or more; {files[0]} is one. `evaluate` scores one.")
    if names and len(names) != len(files):
        raise PosebenchError(
            f"There are {len(files)} files, but {counted(len(names), '--name', '--names')}. "
            "Give one per file, in their order, or none."
        )
    labels: Sequence[str | None] = names or [None] * len(files)
    runs = [evaluate(path, protocol, people, convention, name) for path, name in zip(files, labels, strict=True)]
    told_apart = [
        replace(run, record=run.record.model_copy(update={"name": name}))
        for run, name in zip(runs, _distinct([run.record.name for run in runs], files), strict=True)
    ]
    pairs = comparison.compare([(run.record.name, run.scores) for run in told_apart], protocol.headline)
    return Comparison(tuple(told_apart), tuple(pairs))


def _distinct(names: list[str], files: Sequence[Path]) -> list[str]:
    """Equal names are replaced by their files' paths; equal paths get their place as well."""
    for more in ([str(path) for path in files], [f"{path} ({place})" for place, path in enumerate(files, start=1)]):
        names = [new if names.count(name) > 1 else name for name, new in zip(names, more, strict=True)]
    return names
