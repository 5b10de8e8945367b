"""Compare: predictions files on the same people, resample by resample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted, listed
from posebench.plugins.protocol import Protocol
from posebench.report.tables import comparison_table
from posebench.results.find_record import records_of
from posebench.results.folder import ResultsFolder
from posebench.results.kept_comparison import KeptComparison, save_comparison
from posebench.results.record import Record, find_records
from posebench.results.telling_apart import labels, short_names
from posebench.scoring import comparison
from posebench.scoring.comparison import Pair
from posebench.tasks.scoring.evaluate import Evaluation, check_name, evaluate

if TYPE_CHECKING:
    import pandas as pd


GROUP = ("protocol", "version", "convention", "dataset", "split", "box source", "ground truth")
"""What the parts of `Record.group` are."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Runs on the same people.

    Attributes:
        runs: two or more, with names that differ.
        pairs: every two of them: (first, second), (first, third), … .
    """

    runs: tuple[Evaluation, ...]
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        return f"<Comparison of {listed(run.record.name for run in self.runs)}; .frame has every difference>"

    @property
    def records(self) -> list[Record]:
        """One per run."""
        return [run.record for run in self.runs]

    @property
    def frame(self) -> "pd.DataFrame":
        """Differences as rows: columns `a`, `b`, `name`, `difference`, `low`, `high`, `p`, `resolved`."""
        return pairs_frame(self.pairs)

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        return comparison_table.html(self.pairs, self.runs[0].record)

    def draw_overlays(self, results: str | Path = "results") -> Path | None:
        """Draw the people on whom two runs differ most, side by side, below a results folder.

        Where some photographs are missing, the people are chosen from the others, and the picture says how many these are.

        Returns:
            The picture's path; None where the protocol does not score people one by one.

        Raises:
            PosebenchError: there are more than two runs, no photograph is there, or the runs score the same on everyone.
        """
        from posebench.report.galleries.compared_overlays import Shown, compared_overlays
        from posebench.samples.images import ImageReader

        if len(self.runs) != 2:
            raise PosebenchError(f"Overlays compare two runs, but there are {len(self.runs)}. Name two.")
        one = self.runs[0]
        if not len(one.scores.per_person):
            return None
        able = one.people.with_photograph()
        there = one.people.take(np.flatnonzero(able)) if able.any() else one.people  # whose reader says what is missing
        shown = []
        for run in self.runs:
            keypoints, missing = run.of_people
            keypoints = np.where(missing[..., None], np.nan, keypoints)
            shown.append(Shown(run.record.name, keypoints, np.where(able, run.scores.per_person, np.nan)))
        path = ResultsFolder(Path(results)).compared_overlay(*kept_ids(self.records, Path(results)))
        reader: Callable[[int], Any] = ImageReader(there)
        compared_overlays(one.people, (shown[0], shown[1]), reader, path, one.drawn_title)
        return path

    def save(self, results: str | Path = "results") -> tuple[Path, ...]:
        """Keep the paired differences beside the records of the files, for the report's page that compares two rows.

        Returns:
            The files' paths, one for each pair; several where the same predictions have records of several names.

        Raises:
            PosebenchError: the results folder has no record of a run's predictions under this rule.
        """
        kept = find_records(Path(results)).records
        ids = {run.record.name: [one.id for one in records_of(kept, run.record)] for run in self.runs}
        return tuple(
            save_comparison(KeptComparison(a=a, b=b, metrics=pair.metrics, joints=pair.joints), Path(results))
            for pair in self.pairs
            for a, b in product(ids[pair.a], ids[pair.b])
            if a != b
        )

    def draw(self, folder: str | Path) -> Path:
        """Draw `differences.png`, also for dark pages: what each run scores less or more than the best one, by keypoint.

        Raises:
            PosebenchError: the folder cannot be written to.
        """
        from posebench.report.plots.plot_differences import differences
        from posebench.report.plots.plot_files import write_figure
        from posebench.report.plots.plot_style import style

        path = Path(folder) / "differences.png"
        with style():
            write_figure(differences(self.records, self.pairs), path)
        return path

    def as_json(self) -> dict[str, Any]:
        """Runs and pairs as JSON values."""
        runs = [record.model_dump(mode="json", exclude={"resampled"}) for record in self.records]
        return {"runs": runs} | comparison.as_json(self.pairs)


def kept_ids(records: Sequence[Record], results: Path) -> list[str]:
    """The id of each record, or of the one in a results folder with the same predictions and rule, whatever its name."""
    kept = find_records(results).records if ResultsFolder(results).records.is_dir() else ()
    ids = {(one.group, one.predictions_sha256): one.id for one in kept}
    return [ids.get((record.group, record.predictions_sha256), record.id) for record in records]


def pairs_frame(pairs: Sequence[Pair]) -> "pd.DataFrame":
    """Every difference of every pair as a row: columns `a`, `b`, `name`, `difference`, `low`, `high`, `p`, `resolved`."""
    import pandas as pd

    rows = [
        (pair.a, pair.b, one.name, one.value, *(one.interval or (None, None)), one.p, one.resolved)
        for pair in pairs
        for one in (*pair.metrics, *pair.joints)
    ]
    return pd.DataFrame(rows, columns=["a", "b", "name", "difference", "low", "high", "p", "resolved"])


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
    check_names([str(path) for path in files], names)
    runs = [evaluate(path, protocol, people, convention) for path in files]
    return compare_evaluations(runs, names, [str(path) for path in files])


def compare_evaluations(
    runs: Sequence[Evaluation], names: Sequence[str] = (), origins: Sequence[str] = ()
) -> Comparison:
    """Compare evaluations by one rule on the same people.

    Args:
        names: a label per evaluation; none for those of the evaluations.
        origins: what tells apart evaluations of one name, such as the path of each file; none for the file's name.

    Raises:
        PosebenchError: fewer than two evaluations, another number of names, or another rule or other people.
    """
    check_names([run.record.name for run in runs], names)
    for run in runs[1:]:
        _check_same(runs[0], run)
    origins = _ends(origins or [run.record.predictions for run in runs])
    named = tuple(
        replace(run, record=run.record.model_copy(update={"name": label}))
        for run, label in zip(runs, _labels(runs, names, origins), strict=True)
    )
    # Files with tracks and files without have the protocol's own headline in common.
    headline = min((run.record.rule for run in named), key=lambda rule: rule.ranked_apart).headline
    pairs = comparison.compare([(run.record.name, run.scores) for run in named], headline)
    return Comparison(named, tuple(pairs))


def check_names(runs: Sequence[str], names: Sequence[str]) -> None:
    """Check that there are two runs or more, and a name for each or none.

    Raises:
        PosebenchError: there are fewer runs, or another number of names.
    """
    if len(runs) < 2:
        only = f"; {runs[0]} is one. `evaluate` scores one" if runs else "; there is none"
        raise PosebenchError(f"compare takes two predictions files or more{only}.")
    if names and len(names) != len(runs):
        raise PosebenchError(
            f"There are {len(runs)} files, but {counted(len(names), '--name', '--names')}. "
            "Give one per file, in their order, or none."
        )
    for name in names:
        check_name(name)


def differences(one: Record, other: Record) -> list[str]:
    """Facts of the leaderboard in which two records differ, such as `split: val and test`."""
    both = zip(GROUP, one.group, other.group, strict=True)
    return [f"{what}: {mine} and {its}" for what, mine, its in both if mine != its]


def _check_same(one: Evaluation, other: Evaluation) -> None:
    """Check that two evaluations are of one rule and of the same people; what `_shared` leaves out may differ, which is told."""
    found = differences(*(_shared(run.record) for run in (one, other)))
    counts = [len(run.people.keypoints) for run in (one, other)]
    if counts[0] != counts[1]:
        found.append(f"people: {counts[0]:,} and {counts[1]:,}")
    if found:
        raise PosebenchError(
            f"{one.record.name!r} and {other.record.name!r} cannot be compared. They differ in {'; '.join(found)}."
        )


def _shared(record: Record) -> Record:
    """A record without boxes, corruption, and which of its metrics ranks."""
    data = record.data.model_copy(update={"box_source": "", "corruption": ""})
    return record.model_copy(update={"data": data, "rule": record.rule.model_copy(update={"ranked_apart": False})})


def _ends(paths: Sequence[str]) -> list[str]:
    """The last parts of paths, as many as tell the paths apart."""
    parts = [Path(path).parts for path in paths]
    ends = ([str(Path(*part[-count:])) for part in parts] for count in range(1, 1 + max(map(len, parts))))
    return next((found for found in ends if len(set(found)) == len(set(paths))), list(paths))


def _labels(runs: Sequence[Evaluation], names: Sequence[str], origins: Sequence[str]) -> list[str]:
    """A name for each run that no other one has: the one that is given, or a short one that says in what they differ."""
    records = [(run.record,) for run in runs]
    own = labels(records, list(names) or short_names([run.record.name for run in runs]), origins)
    return [f"{name} ({place})" if own.count(name) > 1 else name for place, name in enumerate(own, start=1)]
