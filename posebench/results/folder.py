"""The results folder: its layout and its names."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from posebench.errors import PosebenchError

CHECKPOINT = "checkpoint.pt"
"""File name of a run's checkpoint."""
BEST = "best.pt"
"""File name of a run's best checkpoint, beside the last one."""
SETTINGS = "settings.json"
"""File name of a run's settings, beside its checkpoint."""
HISTORY, CURVES, SHEETS = "history.csv", "curves.png", "sheets"
"""Names in a run's folder: what each epoch was like, the picture of it, and the folder of prediction sheets."""
LONGEST_PART, LONGEST_SLUG = 60, 80
"""Bytes of a name in a file name, and of a text; file systems allow 255 for all parts together."""
VISIBLE_JSON = "[!.]*.json"
"""Pattern of JSON files in a folder. A name that begins with a dot is a temporary one, or an editor's."""


COMPARED = "--"
"""Between two ids in the name of a gallery; no id contains it."""


@dataclass(frozen=True)
class Gallery:
    """A picture of people of a record.

    Attributes:
        path: the PNG. other: id of the record that it is compared with; empty for the record's own best, median and worst.
    """

    path: Path
    other: str = ""


@dataclass(frozen=True)
class ResultsFolder:
    """Paths in a results folder. No file or folder is created.

    Attributes:
        path: the folder, `results` by default on the command line.
    """

    path: Path

    @property
    def runs(self) -> Path:
        """A folder per training run."""
        return self.path / "runs"

    @property
    def predictions(self) -> Path:
        """Predictions files."""
        return self.path / "predictions"

    @property
    def records(self) -> Path:
        """A JSON file per scored predictions file."""
        return self.path / "records"

    @property
    def overlays(self) -> Path:
        """Galleries: pictures of people with their predictions."""
        return self.path / "overlays"

    @property
    def diagnoses(self) -> Path:
        """A JSON file per record that was diagnosed with `--save`."""
        return self.path / "diagnoses"

    @property
    def comparisons(self) -> Path:
        """A JSON file per two records that were compared with `--save`."""
        return self.path / "comparisons"

    @property
    def robustness(self) -> Path:
        """A JSON file per network and set of people, with their tables and pictures."""
        return self.path / "robustness"

    def robustness_file(self, identity: str) -> Path:
        """The measurement of robustness with that id."""
        return self.robustness / f"{identity}.json"

    def robustness_picture(self, slug: str, kind: str) -> Path:
        """The picture of that kind of the group of that slug."""
        return self.robustness / f"{slug}-{kind}.png"

    def robustness_predictions(self, identity: str) -> Path:
        """The folder of the predictions under every condition, so that a measurement can go on where it was stopped."""
        return self.predictions / "robustness" / identity

    @property
    def checks(self) -> Path:
        """What `posebench data check` found of each photograph."""
        return self.path / "checks"

    @property
    def packs(self) -> Path:
        """A folder per pack: the pixels that training needs, decoded."""
        return self.path / "packs"

    @property
    def cost(self) -> Path:
        """A folder per device, with a JSON file per measured network."""
        return self.path / "cost"

    @property
    def pictures(self) -> Path:
        """A folder per prediction of photographs and videos."""
        return self.path / "pictures"

    @property
    def leaderboards(self) -> Path:
        """A CSV and a LaTeX table per leaderboard."""
        return self.path / "leaderboards"

    @property
    def plots(self) -> Path:
        """Plots of the leaderboards."""
        return self.path / "plots"

    @property
    def drawn_plots(self) -> Path:
        """What each plot was drawn from. Without this file, `report` draws them all."""
        return self.path / ".drawn-plots.json"

    @property
    def leaderboard(self) -> Path:
        """The leaderboards as Markdown."""
        return self.path / "leaderboard.md"

    @property
    def index(self) -> Path:
        """The report's page."""
        return self.path / "index.html"

    @property
    def pages(self) -> Path:
        """A page per record."""
        return self.path / "pages"

    @property
    def compare_page(self) -> Path:
        """The page that compares two rows."""
        return self.path / "compare.html"

    @property
    def assets(self) -> Path:
        """Style and scripts of the pages."""
        return self.path / "assets"

    @property
    def studies(self) -> Path:
        """A folder per study: its report, and which of its runs are under way or failed."""
        return self.path / "studies"

    @property
    def published(self) -> Path:
        """Published scores, shown below leaderboards with the same rule, split and boxes."""
        return self.path / "published.csv"

    def study(self, name: str) -> Path:
        """The folder of the study of that name."""
        return self.studies / name

    def study_file(self, name: str) -> Path:
        """What is kept of the study of that name."""
        return self.study(name) / "study.json"

    def study_report(self, name: str) -> Path:
        """The report of the study of that name."""
        return self.study(name) / "report.md"

    def study_figure(self, name: str, protocol: str) -> Path:
        """The figure of the study of that name on a protocol."""
        return self.study(name) / f"scores-{plain(protocol)}.png"

    def leaderboard_csv(self, slug: str) -> Path:
        """The CSV of the leaderboard of that slug."""
        return self.leaderboards / f"{slug}.csv"

    def leaderboard_tex(self, slug: str) -> Path:
        """The LaTeX table of the leaderboard of that slug."""
        return self.leaderboards / f"{slug}.tex"

    def plot(self, slug: str, kind: str) -> Path:
        """The plot of that kind of the leaderboard of that slug."""
        return self.plots / f"{slug}-{kind}.png"

    def link(self, path: Path) -> str:
        """A path in this folder as the page links to it: relative, with forward slashes."""
        return path.relative_to(self.path).as_posix()

    def checkpoint(self, run: str) -> Path:
        """The checkpoint of the run of that name."""
        return self.runs / run / CHECKPOINT

    def record(self, identity: str) -> Path:
        """The record with that id."""
        return self.records / f"{identity}.json"

    def run_page(self, identity: str) -> Path:
        """The page of the record with that id."""
        return self.pages / f"{identity}.html"

    def diagnosis(self, identity: str) -> Path:
        """The diagnosis of the record with that id."""
        return self.diagnoses / f"{identity}.json"

    def comparison(self, one: str, other: str) -> Path:
        """The comparison of the records with these ids."""
        return self.comparisons / f"{one}{COMPARED}{other}.json"

    def diagnosis_pictures(self, identity: str) -> Path:
        """The folder of pictures of the diagnosis of the record with that id."""
        return self.diagnoses / identity

    def overlay(self, identity: str) -> Path:
        """The gallery of the best, median and worst people of the record with that id."""
        return self.overlays / f"{identity}.png"

    def compared_overlay(self, one: str, other: str) -> Path:
        """The gallery of the people on whom the records with these ids differ most."""
        return self.overlays / f"{one}{COMPARED}{other}.png"

    def galleries(self) -> dict[str, list[Gallery]]:
        """Id of a record → its galleries: its own first, then those that compare it with another record."""
        found: dict[str, list[Gallery]] = {}
        for path in sorted(self.overlays.glob("[!.]*.png"), key=lambda path: (COMPARED in path.stem, path.name)):
            one, _, other = path.stem.partition(COMPARED)
            found.setdefault(one, []).append(Gallery(path, other))
            if other:
                found.setdefault(other, []).append(Gallery(path, one))
        return found


def check_folder(results: Path) -> None:
    """Check that there is a results folder.

    Raises:
        PosebenchError: nothing is there, or no folder.
    """
    if not results.is_dir():
        raise PosebenchError(
            f"{results} is not a folder. `posebench run` or `posebench evaluate` makes it; or name another with --results."
        )


def plain(name: str) -> str:
    """A name of anyone (plugin, split, image) as part of a file name, without the colon: `hourglass2-stem=bearpaw`.

    It never leads to another folder, hides the file, or has a character that acts; a long one is cut and gets a digest.
    """
    kept = re.sub(r"[^\w.=-]+", "-", name).lstrip(".") or "-"
    if len(kept.encode()) <= LONGEST_PART:
        return kept
    cut = kept.encode()[: LONGEST_PART - 9].decode("utf-8", "ignore")
    return f"{cut}-{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"


def slug(text: str) -> str:
    """A text as part of a file name, in lower-case letters, digits and hyphens; a digest must tell two texts apart."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_SLUG] or "-"
