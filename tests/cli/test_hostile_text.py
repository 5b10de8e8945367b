"""Text of others on a terminal and on the page: nothing of it acts, and damaged files do not end a report."""

import io
from pathlib import Path

import pytest
from records import record
from rich.table import Table
from terminal import type_posebench

from posebench.cli.console import open_console, print_notes, progress
from posebench.results.record import save_record

TITLE, REORDER, MARKUP = "\x1b]0;owned\x07", "\u202e", "x[/y][red].jpg"
HOSTILE = f"{TITLE}{REORDER}{MARKUP}"
SHOWN = r"\x1b]0;owned\x07\u202ex[/y][red].jpg"


def test_what_is_printed_has_no_sequence_but_rich_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = open_console()
    out.file = io.StringIO()
    table = Table(HOSTILE.replace("[/y]", ""))
    table.add_row(f"{TITLE}cell")
    print_notes(out, [HOSTILE])
    out.print(f"[bold]{TITLE}[/bold]")
    out.print(table)
    said = out.file.getvalue()
    assert SHOWN in said
    assert not {"\x07", REORDER, "\x1b"} & set(said)


@pytest.mark.parametrize("is_terminal", [False, True])
def test_progress_shows_names_with_markup_as_they_are(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out = open_console()
    out.file, out._force_terminal = io.StringIO(), is_terminal
    with progress(out, f"predict {HOSTILE}") as update:
        update(1, 1, f"unreadable: {HOSTILE}")
    said = out.file.getvalue()
    assert r"unreadable: \x1b]0;owned" in said  # rich itself leaves out a bell
    assert r"\u202ex[/y][red].jpg" in said
    assert not {"\x07", REORDER} & set(said)
    assert "\x1b]" not in said


@pytest.mark.parametrize("columns", [80, 120])
def test_a_report_of_hostile_names_and_damaged_files_shows_the_rest_and_ends_with_1(
    columns: int, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    save_record(record("fine"), results)
    save_record(record(f"row {HOSTILE}", notes=[f"note {HOSTILE}"]), results)
    deep = "[" * 150 + "]" * 150
    path = save_record(record("deep"), results)
    path.write_text(path.read_text().replace('"model": {', f'"model": {{"x": {deep}, "n": {"9" * 4000}, '))
    (results / "records" / "broken.json").write_text("{")
    (results / "records" / ".fine.json.0123abcd.partial").write_text("{")
    (results / "cost" / "cpu").mkdir(parents=True)
    (results / "cost" / "cpu" / "broken.json").write_text("[]")
    seen = type_posebench("report", cwd=tmp_path, columns=columns)
    said = " ".join(seen.text.split())
    assert seen.returncode == 1
    assert "Traceback" not in said
    assert "2 files are left out of the report, because of what is said above." in said
    assert all(
        name in said for name in ("records/broken.json is not", "cost/cpu/broken.json is not", "fine", "index.html")
    )
    assert not {b"\x07", REORDER.encode()} & {seen.raw[i : i + n] for n in (1, 3) for i in range(len(seen.raw))}
    page = (results / "index.html").read_text("utf-8")
    assert "x[/y][red].jpg" in page
    assert not {"\x1b", "\x07", REORDER} & set(page)
