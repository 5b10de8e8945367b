"""examples/notebook.ipynb runs as a notebook, and its stored results are those of this run."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples/notebook.ipynb"


def shown(notebook: Any) -> list[str]:
    """The last result of every cell with code, as text or HTML; empty where a cell shows nothing."""
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            (*_, last) = [output["data"] for output in cell.outputs if "data" in output] or [{}]
            texts.append(last.get("text/html", last.get("text/plain", "")))
    return texts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the cells show when the notebook is run in an empty folder; a cell that fails raises."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
    return shown(notebook)


def test_the_cells_show_an_evaluation_two_tables_and_a_leaderboard(run: list[str]) -> None:
    shape, evaluation, mean, frame, comparison, conventions, board, page = run
    assert shape == "(500, 16, 2)"
    assert "<caption>small errors on " in evaluation
    assert mean == "94.12"
    assert all(f">{name}<" in frame for name in ("Head", "Wrist", "Mean", "low", "high"))
    assert comparison.count("<tr") == 4  # the header and three pairs
    assert "'bearpaw'" in conventions
    ranks = "".join(re.findall(r"<td>(\d)</td>", board))
    assert ranks == "11232344"  # low and high of each row: the second and third row share ranks 2 and 3
    assert page == "'results/index.html'"


def test_the_stored_numbers_are_those_of_this_run(run: list[str]) -> None:
    stored = shown(nbformat.read(NOTEBOOK, as_version=4))
    _, _, mean, _, _, conventions, _, page = stored
    assert (mean, conventions, page) == (run[2], run[5], run[7])
