"""All plots of a leaderboard, in the order in which the page shows them."""

from collections.abc import Collection, Sequence
from functools import partial

from posebench.cost.record import Cost
from posebench.report.plots import plot_cost, plot_training
from posebench.report.plots.plot_body import body
from posebench.report.plots.plot_curves import curves
from posebench.report.plots.plot_files import Format
from posebench.report.plots.plot_joints import joints
from posebench.report.plots.plot_parts import parts
from posebench.report.plots.plot_ranks import ranks
from posebench.report.plots.plots import Plot, PlotKind, PlotWriter
from posebench.report.tables.board import Board
from posebench.results.folder import ResultsFolder


def write_plots(
    board: Board, costs: Sequence[Cost], folder: ResultsFolder, formats: Collection[Format] = ()
) -> list[Plot]:
    """Write every plot of which the records have the numbers.

    Args:
        formats: which are written beside PNG.
    """
    writer = PlotWriter(board, folder, formats)
    draw = {
        PlotKind.RANKS: ranks, PlotKind.JOINTS: joints, PlotKind.BODY: body, PlotKind.PARTS: parts, PlotKind.CURVES: curves,
        PlotKind.TRAINING: plot_training.of_board,
    }  # fmt: skip
    plots = [plot for kind, figure in draw.items() for plot in writer.write(kind, partial(figure, board))]
    measured = "".join(cost.model_dump_json() for cost in costs)
    return plots + writer.write(PlotKind.COST, partial(plot_cost.plot, board, costs), measured)
