"""Studies on the report's page."""

from pathlib import Path

import cv2
import numpy as np
from records import record

from posebench.report.pages.page import write_pages
from posebench.report.tables.contents import placed, read_contents
from posebench.results.folder import ResultsFolder
from posebench.results.kept_study import KeptFindings, KeptStudy, save_study
from posebench.results.record import save_record

HOSTILE = "<script>alert(1)</script>"
VERDICT = "hourglass2 − hourglass1 = +4.00 [+3.60, +4.40], resolved"
MINE = KeptStudy(
    question="Are more stacks better?", source="A paper, table 3", notes=("1 run is not done, of 6.",),
    findings=(
        KeptFindings(protocol="mpii", synthetic=True, verdicts=(VERDICT,)),
        KeptFindings(protocol="coco", synthetic=False, verdicts=(), problem="The rows have no resamples."),
    ),
)  # fmt: skip


def results(folder: Path) -> ResultsFolder:
    """A folder with a record, a study with its report and figure, and one that has neither."""
    save_record(record(), folder)
    save_study(MINE, "stacks", folder)
    save_study(MINE.model_copy(update={"question": HOSTILE, "notes": (HOSTILE,)}), "hostile", folder)
    found = ResultsFolder(folder)
    found.study_report("stacks").write_text("# Study: stacks\n")
    cv2.imwrite(str(found.study_figure("stacks", "mpii")), np.zeros((2, 3, 3), np.uint8))
    return found


def test_a_study_has_its_question_verdicts_figure_and_the_link_to_its_report(tmp_path: Path) -> None:
    folder = results(tmp_path)
    text = write_pages(read_contents(tmp_path))[-1].read_text("utf-8")
    mine = text[text.index("<h3>stacks</h3>") :]
    for part in (MINE.question, "Asked by A paper, table 3.", *MINE.notes, VERDICT, "The rows have no resamples."):
        assert part in mine
    assert mine.index("synthetic people: drawn by posebench") < mine.index(VERDICT)
    assert '<a href="studies/stacks/report.md">' in mine
    assert 'src="studies/stacks/scores-mpii.png"' in mine and 'width="3" height="2"' in mine
    assert '<a href="#studies">Studies</a>' in text
    assert HOSTILE not in text and text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "studies/hostile" not in text  # it has no report
    alone = write_pages(read_contents(tmp_path), single_file=True)[-1].read_text("utf-8")
    assert VERDICT in alone and "studies/stacks" not in alone
    folder.study_file("stacks").write_text("{")
    again = read_contents(tmp_path)
    assert list(again.studies) == ["hostile"]
    assert "stacks/study.json is not a readable study" in again.notes[0]


def test_a_report_elsewhere_has_no_studies(tmp_path: Path) -> None:
    results(tmp_path / "results")
    contents = read_contents(tmp_path / "results")
    assert (len(contents.studies), len(placed(contents, tmp_path / "out").studies)) == (2, 0)
