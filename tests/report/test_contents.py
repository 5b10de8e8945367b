"""What a report in another folder takes along."""

from pathlib import Path

from records import record

from posebench.report.contents import placed, read_contents
from posebench.results.folder import ResultsFolder
from posebench.results.record import save_record


def test_galleries_of_the_shown_records_are_copied_beside_a_report_in_another_folder(tmp_path: Path) -> None:
    one, other = record("one"), record("other")
    for each in (one, other):
        save_record(each, tmp_path / "results")
    folder = ResultsFolder(tmp_path / "results")
    folder.overlays.mkdir()
    for path in (folder.overlay(one.id), folder.compared_overlay(one.id, other.id), folder.overlay("gone-00000000")):
        path.write_bytes(b"picture")
    placed(read_contents(tmp_path / "results"), tmp_path / "out")
    copied = sorted(path.name for path in (tmp_path / "out/overlays").iterdir())
    assert copied == sorted([f"{one.id}.png", f"{one.id}--{other.id}.png"])
