"""The page that compares any two rows, as a person uses it in a real Chromium."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from chromium import Browser
from records import FLIC, record

from posebench.report.pages.compare_page import as_json, write_compare_page
from posebench.report.pages.frame import write_assets
from posebench.report.pages.run_pages import write_run_pages
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.boards import boards
from posebench.report.tables.contents import read_contents
from posebench.report.tables.row_pairs import row_pairs
from posebench.report.tables.rows import Row
from posebench.results.kept_comparison import KeptComparison, save_comparison
from posebench.results.record import Record, save_record
from posebench.scoring.comparison import Difference, of_intervals
from posebench.tasks.scoring.compare_rows import compare_rows

WAVE = np.sin(np.arange(1000.0) * 7)
WRIST = {
    "good": (85.0, (82.0, 87.0)),
    "fair": (80.0, (76.0, 83.0)),
    "close": (79.0, (77.0, 81.0)),
    "net": (70.0, (66.0, 74.0)),
}


def run(name: str, mean: float, phase: int, **changes) -> Record:
    value, interval = WRIST[name.split()[0].strip(",")]
    return record(name, **{
        "metrics": {"Mean": mean}, "intervals": {"Mean": (mean - 1, mean + 1)}, "curves": [],
        "resampled": (mean + np.roll(WAVE, phase)).tolist(), "predictions_sha256": f"{phase:064}",
        "per_joint": {"right_wrist": value}, "per_joint_intervals": {"right_wrist": interval},
    } | changes)  # fmt: skip


def two_seeds() -> list[Record]:
    model = {"arch": "net", "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
    return [run(f"net seed {seed}", 70.0 + seed, 300 + seed, model=model | {"seed": seed}) for seed in (0, 1)]


GOOD, FAIR, CLOSE = run("good", 90.0, 0), run("fair", 88.0, 100), run("close", 87.5, 200)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rows on MPII, one of them with two seeds, and two on FLIC without resamples."""
    results = tmp_path_factory.mktemp("results")
    for one in (GOOD, FAIR, CLOSE, *two_seeds()):
        save_record(one, results)
    for name, elbow in (("one", 90.0), ("two", 80.0)):
        save_record(record(name, FLIC, metrics={"Elbow": elbow}, curves=[], per_joint={}), results)
    contents = read_contents(results)
    write_assets(contents.folder)
    write_run_pages(contents)
    (path,) = write_compare_page(contents)
    return path


def cells(browser: Browser, first: str) -> list[str]:
    """The texts of the table row that begins with `first`."""
    script = (
        "const row = [...document.querySelectorAll('#scores tr')].find(one => one.cells[0].innerText === arguments[0]);"
        "return [...row.cells].slice(1, 5).map(cell => cell.innerText)"
    )
    return browser.run(script, first)


def choose(browser: Browser, choice: str, name: str) -> None:
    browser.run(
        "const choice = document.getElementById(arguments[0]);"
        "choice.value = [...choice.options].find(one => one.text.startsWith(arguments[1])).value;"
        "choice.dispatchEvent(new Event('change'))",
        choice, name,
    )  # fmt: skip


def test_the_page_shows_what_compare_finds(browser: Browser, page: Path):
    browser.open(page)
    (found,) = compare_rows([Row((GOOD,)), Row((FAIR,))]).pairs
    low, high = found.headline.interval
    assert browser.texts("#result") == ["Mean: resolved. good is better than fair by 2.00 (p ≤ 0.001)."]
    assert found.headline.p == 1 / 1001
    assert cells(browser, "Mean") == ["90.00", "88.00", "+2.00", f"[{low:+.2f}, {high:+.2f}]"]


def test_a_difference_that_may_be_chance_is_said_to_be_not_resolved(browser: Browser, page: Path):
    browser.open(page)
    choose(browser, "a", "close")
    choose(browser, "b", "fair")
    (found,) = compare_rows([Row((FAIR,)), Row((CLOSE,))]).pairs
    assert browser.texts("#result") == [
        f"Mean: not resolved. The difference of 0.50 between fair and close may be chance (p = {found.headline.p:.3f})."
    ]


def test_rows_of_one_name_are_chosen_by_what_tells_them_apart_and_the_sentence_has_their_short_names():
    name = "good, but with a name that is too long for a sentence"
    of_seeds = [run(name, 90.0 - seed, seed, model={"seed": seed}) for seed in (0, 1)]
    (board,) = boards(of_seeds)
    shown = [(row["name"], row["label"]) for row in as_json(board)["rows"]]
    short = "good, but with a name that is too…"
    assert shown == [(f"{name}, seed {seed}", f"{short}, seed {seed}") for seed in (0, 1)]


def test_equal_scores_are_not_resolved_and_none_is_called_better(browser: Browser, tmp_path: Path):
    for one in (run("good", 90.0, 0), run("fair", 90.0, 100)):
        save_record(one, tmp_path)
    contents = read_contents(tmp_path)
    write_assets(contents.folder)
    browser.open(write_compare_page(contents)[0])
    assert browser.texts("#result") == ["Mean: not resolved. fair and good both score 90.00."]


def test_scores_that_are_equal_on_every_resample_do_not_differ(browser: Browser, tmp_path: Path):
    for one in (run("good", 90.0, 0), run("fair", 90.0, 0, predictions_sha256="1" * 64)):
        save_record(one, tmp_path)
    contents = read_contents(tmp_path)
    write_assets(contents.folder)
    browser.open(write_compare_page(contents)[0])
    assert browser.texts("#result") == ["Mean: no difference. fair and good both score 90.00."]


def test_other_intervals_are_those_of_independent_scores_and_are_said_to_be_not_paired(browser: Browser, page: Path):
    browser.open(page)
    low, high = of_intervals(*WRIST["good"], *WRIST["fair"])
    assert cells(browser, "right wrist") == ["85.00", "80.00", "+5.00", f"[{low:+.2f}, {high:+.2f}]"]
    assert browser.texts("#scores thead th:last-child") == ["95 %", "95 %, not paired"]
    assert [text[:46] for text in browser.texts("section > p:not([hidden], .quiet)")] == [
        "Only the interval of the headline is paired. T"
    ]


@pytest.mark.parametrize("width", [500, 390])
def test_differences_with_their_bars_fit_a_phone_without_scrolling(browser: Browser, page: Path, width: int):
    browser.open(page, width)
    boxes = "return [...document.querySelectorAll('#scores .scroll')].map(one => one.scrollWidth - one.clientWidth)"
    assert browser.run(boxes) == [0, 0]
    assert browser.run("return document.querySelectorAll('#scores .scroll .difference').length") == 2


def test_paired_intervals_that_compare_kept_are_shown_instead(browser: Browser, tmp_path: Path):
    for one in (GOOD, FAIR):
        save_record(one, tmp_path)
    wrist = Difference("right_wrist", 80.0, 85.0, (-6.5, -3.25), 0.001)
    save_comparison(KeptComparison(a=FAIR.id, b=GOOD.id, metrics=(), joints=(wrist,)), tmp_path)
    contents = read_contents(tmp_path)
    write_assets(contents.folder)
    browser.open(write_compare_page(contents)[0])
    assert cells(browser, "right wrist") == ["85.00", "80.00", "+5.00", "[+3.25, +6.50]"]
    assert browser.texts("#scores thead th:last-child") == ["95 %", "95 %"]
    assert [text[:33] for text in browser.texts("section > p:not([hidden], .quiet)")] == [
        "The intervals of metrics and keyp"
    ]
    browser.click("#swap")
    assert cells(browser, "right wrist") == ["80.00", "85.00", "-5.00", "[-6.50, -3.25]"]


def test_exchanging_the_rows_turns_the_signs(browser: Browser, page: Path):
    browser.open(page)
    before = browser.texts("#result"), cells(browser, "Mean")
    browser.click("#swap")
    assert browser.texts("#result") == before[0]
    a, b, difference, interval = before[1]
    low, high = re.findall(r"[+-][\d.]+", interval)
    turned = str.maketrans("+-", "-+")
    assert cells(browser, "Mean") == [b, a, difference.translate(turned), f"[{high}, {low}]".translate(turned)]


def test_a_row_of_seeds_is_compared_with_its_seeds_and_a_link_holds_the_choice(browser: Browser, page: Path):
    browser.open(page)
    choose(browser, "b", "net")
    (found,) = compare_rows([Row((GOOD,)), Row(tuple(two_seeds()))]).pairs
    low, high = found.headline.interval
    assert cells(browser, "Mean") == ["90.00", "70.50", "+19.50", f"[{low:+.2f}, {high:+.2f}]"]
    address = browser.run("return location.hash")
    assert address == f"#a={GOOD.id}&b={two_seeds()[0].id}"
    browser.run("location.hash = arguments[0]", f"a={two_seeds()[1].id}&b={FAIR.id}")
    browser.wait("return document.getElementById('a').selectedOptions[0].text === 'net'")
    assert cells(browser, "Mean")[:2] == ["70.50", "88.00"]


def test_rows_without_resamples_have_a_difference_and_no_verdict(browser: Browser, page: Path):
    browser.open(page)
    choose(browser, "board", "flic")
    assert browser.texts("#result") == [
        "Elbow: one is better than two by 10.00; whether that is more than chance is not kept here."
    ]
    assert cells(browser, "Elbow") == ["90.00", "80.00", "+10.00", ""]


def test_the_page_of_a_run_leads_to_its_comparison_and_back(browser: Browser, page: Path):
    browser.open(page.parent / f"pages/{FAIR.id}.html")
    browser.click("a[href^='../compare.html']")
    assert cells(browser, "Mean")[:2] == ["88.00", "90.00"]
    browser.click(f"#pages a[href='pages/{GOOD.id}.html']")
    assert browser.texts("h1") == ["good"]
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", ["compare.html", f"pages/{FAIR.id}.html"])
def test_the_pages_are_as_wide_as_their_window_and_ask_for_nothing_elsewhere(
    name: str, width: int, browser: Browser, page: Path
):
    browser.open(page.parent / name, width)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.too_wide() == 0
    assert [one for one in browser.requests() if not one.startswith(page.parent.as_uri())] == []
    assert browser.complaints() == []


def test_synthetic_people_are_marked(browser: Browser, tmp_path: Path):
    for name in ("good", "fair"):
        save_record(run(name, 80.0, 0, data={"synthetic": True}), tmp_path)
        save_record(record(name, FLIC, curves=[]), tmp_path)
    contents = read_contents(tmp_path)
    write_assets(contents.folder)
    browser.open(write_compare_page(contents)[0])
    shown = []
    for board in ("mpii", "flic"):
        choose(browser, "board", board)
        shown.append(browser.texts("#synthetic:not([hidden])"))
    assert shown == [[SYNTHETIC_NOTE], []]


def test_names_with_scripts_are_text(tmp_path: Path):
    hostile = "</script><script>alert(1)</script>"
    for name in (hostile, "good"):
        save_record(record(name, curves=[]), tmp_path)
    (path,) = write_compare_page(read_contents(tmp_path))
    text = path.read_text("utf-8")
    assert "<script>alert" not in text
    (data,) = re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert hostile in [row["name"] for row in json.loads(data)["boards"][0]["rows"]]


def test_leaderboards_of_one_row_have_no_comparison(tmp_path: Path):
    (tmp_path / "compare.html").write_text("an older one")
    save_record(GOOD, tmp_path)
    assert write_compare_page(read_contents(tmp_path)) == []
    assert not (tmp_path / "compare.html").exists()


def test_the_best_rows_are_compared_with_all_and_the_others_are_not_compared_with_each_other(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("posebench.report.tables.row_pairs.MOST", 1)
    (board,) = boards([GOOD, FAIR, run("net", 70.0, 300)])
    assert [len(pairs) for pairs in row_pairs(board)] == [2]
