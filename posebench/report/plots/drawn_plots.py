"""Drawn plots: what each plot of a results folder was drawn from, so that only plots of changed records are drawn again."""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import matplotlib
from pydantic import BaseModel

import posebench
from posebench.files.writing import write_text
from posebench.report.plots.fonts import families, undrawable
from posebench.report.plots.plot_files import files_of
from posebench.results.folder import ResultsFolder


def source_of(named: Iterable[str], models: Iterable[BaseModel]) -> str:
    """A digest of what plots depend on: the records or other models that they show, their names with the fonts, and the drawing
    code."""
    names = "".join(named)
    parts = [_code(), names, *families(names), undrawable(names), *(model.model_dump_json() for model in models)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _code() -> str:
    """A digest of this folder's modules and the versions of posebench and matplotlib."""
    modules = b"\0".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return f"{posebench.__version__} {matplotlib.__version__} {hashlib.sha256(modules).hexdigest()}"


def is_drawn(folder: ResultsFolder, path: Path, source: str) -> bool:
    """Whether the files of a plot are there and were drawn from that source."""
    return all(one.is_file() for one in files_of(path)) and _read(folder).get(path.name) == source


def note_drawn(folder: ResultsFolder, paths: Iterable[Path], source: str) -> None:
    """Keep what plots were drawn from; plots that are no longer there are forgotten."""
    places = folder.plots, folder.robustness
    known = {name: its for name, its in _read(folder).items() if any((place / name).is_file() for place in places)}
    drawn = {path.name: source for path in paths}
    write_text(folder.drawn_plots, json.dumps(known | drawn, indent=0, sort_keys=True) + "\n")


def _read(folder: ResultsFolder) -> dict[str, str]:
    """Plot → its source; empty where the file is missing or damaged: then all plots are drawn."""
    try:
        known = json.loads(folder.drawn_plots.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
