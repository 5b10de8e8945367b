"""The page of one run: what is known of a record, beside the row of the leaderboard that it is measured against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from posebench.report.pages.line_chart import Chart, Line, points
from posebench.report.plots.plot_errors import shares
from posebench.report.tables import diagnosis_tables
from posebench.report.tables.board import Board
from posebench.report.tables.columns import UNKNOWN, bounds, size, training
from posebench.report.tables.diagnosis_tables import DiagnosisTable
from posebench.report.tables.row_pairs import against
from posebench.report.tables.row_scores import UNSCORED, Score, keypoints, metrics, parts, spaced
from posebench.report.tables.rows import Row, row_labels
from posebench.results.history import EPOCH, LOSS, SCORE
from posebench.results.kept_comparison import Intervals, KeptComparison
from posebench.results.kept_diagnosis import KeptDiagnosis
from posebench.results.record import Record
from posebench.scoring.comparison import of_intervals


@dataclass(frozen=True)
class Compared:
    """One score of a run and of the row beside it, as shown; empty where there is none.

    Attributes:
        name: metric, keypoint or part of the data.
        value, interval: of the run. other: of the row beside it.
        difference: run − row, with its interval.
    """

    name: str
    value: str
    interval: str
    other: str
    difference: str


@dataclass(frozen=True, eq=False)
class Run:
    """A record in its leaderboard.

    Attributes:
        id: the record's, which takes a moment to compute.
        place: number of the leaderboard's row that the record is in, from 0.
        diagnosis: why its score is what it is; None where it was not kept.
        comparisons: those that were kept of the record and others.
    """

    id: str
    record: Record
    board: Board
    place: int
    diagnosis: KeptDiagnosis | None
    comparisons: Sequence[KeptComparison] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The record's id, and that which older versions gave it, if it is another."""
        return tuple(dict.fromkeys((self.id, self.record.older_id)))

    @property
    def row(self) -> Row:
        """The row of the leaderboard that the record is in."""
        return self.board.rows[self.place]

    @cached_property
    def alone(self) -> Row:
        """The record as a row of its own."""
        return Row((self.record,))

    @cached_property
    def other(self) -> Row | None:
        """The row beside the run: the best one, for the best row the next one; None where it is the only one."""
        rows = self.board.rows
        return None if len(rows) == 1 else rows[1 if self.place == 0 else 0]

    @property
    def headline(self) -> tuple[str, str]:
        """The metric that ranks, and its interval; empty where that is unknown."""
        name, unit = self.record.rule.headline, self.record.rule.unit
        interval = bounds(self.record.intervals.get(name), self.board.decimals)
        value = self._shown(self.record.metrics.get(name))
        return f"{value} {unit}".strip(), "" if interval is None else f"{interval} {unit}".strip()

    @property
    def rank(self) -> str:
        """Such as `Rank 2–3 of 6`."""
        rank = self.board.ranks.cells[self.place]
        return f"{'Not ranked among' if rank == UNKNOWN else f'Rank {rank} of'} {len(self.board.rows)}"

    @cached_property
    def about(self) -> list[tuple[str, str]]:
        """Rule, data, network and training, as (term, sentence); those that are known."""
        record, model = self.record, self.record.model
        millions = "" if model.parameters is None else f"{model.parameters / 1e6:.2f} M parameters"
        pixels = "" if model.input_size is None else f"input {size(model.input_size)}"
        versions = ", ".join(f"{name} {version}" for name, version in record.environment.items())
        found = [
            *(fact for fact in self.board.facts if fact[0] not in ("Ranked by", "Ranks", "Cost")),
            ("Network", ", ".join(filter(None, (model.arch, pixels, millions)))),
            ("Training", training(model, [] if model.seed is None else [model.seed])),
            ("Checkpoint", model.checkpoint),
            ("Flip test", None if model.flip_test is None else "yes" if model.flip_test else "no"),
            ("Network stated", model.stated),
            ("Scored", f"{record.created[:10]} with {versions}"),
        ]
        return [(term, sentence) for term, sentence in found if sentence]

    @cached_property
    def held(self) -> tuple[Intervals, Intervals] | None:
        """Paired intervals of metrics and of keypoints, of the difference from the row beside; None where they were not kept."""
        if self.other is None or len(self.other.ids) > 1:
            return None
        both = {self.id, self.other.id}
        found = next((one for one in self.comparisons if {one.a, one.b} == both), None)
        return None if found is None else found.intervals(self.id)

    @cached_property
    def metrics(self) -> list[Compared]:
        """Every metric."""
        headline = self.record.rule.headline
        paired = None if self.other is None else against(self.alone, [self.other])[0]
        known = (self.held[0] if self.held else {}) | {headline: paired and paired[:2]}
        return [self._compared(name, own, other, known) for name, own, other in self._both(metrics)]

    @cached_property
    def keypoints(self) -> list[Compared]:
        """Every keypoint."""
        known = {spaced(name): ends for name, ends in self.held[1].items()} if self.held else {}
        return [self._compared(name, own, other, known) for name, own, other in self._both(keypoints)]

    @cached_property
    def parts(self) -> list[Compared]:
        """Every part of the data."""
        return [self._compared(name, own, other, {}) for name, own, other in self._both(parts)]

    @cached_property
    def charts(self) -> list[Chart]:
        """Loss and selection score over epochs, and the headline over thresholds."""
        history, chosen = self.record.model.history, self.record.model.selection
        epochs = [row.get(EPOCH) for row in history]
        found = []
        for column, up in (
            (LOSS, "loss"),
            (SCORE, "score" if chosen is None else f"{chosen.metric} of {chosen.split}"),
        ):
            line = points(epochs, [row.get(column) for row in history])
            if line:
                logarithmic = column == LOSS and min(y for _, y in line) > 0
                title = f"{up} over epochs" + ", logarithmic scale" * logarithmic
                found.append(Chart(title, "epoch", (Line("", line),), logarithmic, len(line) == 1))
        return [*found, *self._thresholds()]

    def _thresholds(self) -> list[Chart]:
        name = self.record.rule.headline
        rows = [self.alone, *filter(None, [self.other])]
        told = row_labels(rows)
        curves = [(told[row], curve) for row in rows for curve in row.curves if curve.label == name]
        lines = tuple(Line(label, points(curve.thresholds, curve.values)) for label, curve in curves)
        if not lines or not all(line.points for line in lines):
            return []
        return [Chart(f"{name} over thresholds", curves[0][1].axis, lines)]

    @cached_property
    def diagnosed(self) -> list[DiagnosisTable]:
        """The tables of the diagnosis; none where it was not kept."""
        if self.diagnosis is None:
            return []
        return diagnosis_tables.tables(self.diagnosis, self.record.rule.headline, self.board.decimals)

    @cached_property
    def wrong(self) -> list[tuple[str, list[tuple[str, float, float]]]]:
        """All keypoints and each one → (kind, share of its predictions in percent, width of its bar), without the good ones."""
        wrong = {} if self.diagnosis is None else shares(self.diagnosis)
        most = max((sum(own.values()) for own in wrong.values()), default=0) or 1
        return [
            (spaced(name), [(kind, share, round(100 * share / most, 2)) for kind, share in own.items()])
            for name, own in wrong.items()
        ]

    @cached_property
    def reliability(self) -> Chart | None:
        """The share of right keypoints over confidence, beside the diagonal; None where there are no probabilities."""
        found = None if self.diagnosis is None else self.diagnosis.calibration
        if found is None or found.error is None:
            return None
        line = points([one.confidence for one in found.bins], [one.right.value for one in found.bins])
        if len(line) < 2:
            return None
        ideal = ((line[0][0], 100 * line[0][0]), (line[-1][0], 100 * line[-1][0]))
        lines = Line("keypoints", line), Line("as confident as right", ideal)
        return Chart("Right keypoints in percent over confidence", "confidence", lines, dots=True)

    def _both(self, scores: Callable[[Row], dict[str, Score]]) -> list[tuple[str, Score, Score]]:
        own, other = scores(self.alone), {} if self.other is None else scores(self.other)
        return [(name, score, other.get(name, UNSCORED)) for name, score in own.items()]

    def _compared(self, name: str, own: Score, other: Score, paired: Intervals) -> Compared:
        """Args: paired: intervals of differences, by name; of other names they are computed from both scores' intervals."""
        decimals, difference = self.board.decimals, ""
        (value, interval), (beside, _) = own, other
        if value is not None and beside is not None:
            difference = f"{value - beside:+z.{decimals}f}"
            apart = paired[name] if name in paired else _apart(own, other)
            if apart is not None:
                difference += f" [{apart[0]:+z.{decimals}f}, {apart[1]:+z.{decimals}f}]"
        shown = "" if self.other is None else self._shown(beside)
        return Compared(name, self._shown(value), bounds(interval, decimals) or "", shown, difference)

    def _shown(self, value: float | None) -> str:
        return UNKNOWN if value is None else f"{value:.{self.board.decimals}f}"


def _apart(own: Score, other: Score) -> tuple[float, float] | None:
    """The interval of the difference of two scores as if they were independent; None where it is unknown."""
    (value, interval), (beside, its) = own, other
    known = None not in (value, interval, beside, its)
    return of_intervals(value, interval, beside, its) if known else None  # type: ignore[arg-type]
