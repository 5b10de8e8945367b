"""The frame of every page: templates that escape what they are given, and the style and scripts beside the pages."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.files.writing import write_text
from posebench.plain_text import printable
from posebench.results.folder import ResultsFolder

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE = "page.css"
SCRIPTS = ("datatables-3.1.5.min.js", "page.js")
"""DataTables (https://datatables.net, MIT) sorts and filters tables; `page.js` says which."""
COMPARE = "compare.js"
"""The script of the page that compares two rows."""
LICENCE = "datatables-license.txt"


@cache
def environment() -> "Environment":
    """The templates of all pages. Every page extends `frame.html.jinja`, which needs `root`: the way to the results folder
    (`""` or `"../"`), or None for a page that has style and scripts within itself.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    # Autoescape is on for all: names are other people's.
    made = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_seen,
    )  # fmt: skip
    made.globals["style"], made.globals["scripts"] = STYLE, SCRIPTS
    made.globals["inline"] = lambda name: Markup(asset(name))  # noqa: S704  # a file of this package
    return made


def asset(name: str) -> str:
    """The text of a file that pages need."""
    return files(__package__).joinpath("assets", name).read_text("utf-8")


def write_assets(folder: ResultsFolder) -> list[Path]:
    """Write style and scripts beside the pages.

    Returns:
        the files' paths.
    """
    paths = [folder.assets / name for name in (STYLE, *SCRIPTS, COMPARE, LICENCE)]
    for path in paths:
        write_text(path, asset(path.name))
    return paths


def _seen(value: Any) -> Any:
    """Text as a reader sees it. What a template made (markup) and numbers stay."""
    return printable(value) if type(value) is str else value
