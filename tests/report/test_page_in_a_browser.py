"""The page as a person uses it, in a real Chromium."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from chromium import Browser
from records import FLIC, record

from posebench.report.pages.page import write_pages
from posebench.report.tables.contents import read_contents
from posebench.results.record import save_record

OTHER = "<img src=nowhere onerror=alert(1)> & other"
MEANS = {"net seven": 88.25, "net eight": 89.5, OTHER: 79.75}
RANKED = ["net eight", "net seven", OTHER]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three networks on MPII, one of them without a wrist, and 101 on FLIC."""
    results = tmp_path_factory.mktemp("results")
    wave = np.sin(np.arange(1000.0) * 7)
    for place, (name, mean) in enumerate(MEANS.items()):
        metrics = {"Wrist & <b>": None if name == OTHER else 100 - mean, "Mean": mean}
        resampled = (mean + np.roll(wave, 100 * place)).tolist()
        save_record(
            record(name, metrics=metrics, intervals={"Mean": (mean - 1, mean + 1)}, resampled=resampled), results
        )
    for count in range(101):
        metrics = {"Elbow": 99 - count / 10, "Wrist": 80.0}
        save_record(record(f"net{count}", FLIC, metrics=metrics, curves=[], per_joint={}), results)
    return write_pages(read_contents(results))[-1]


def names(browser: Browser, board: str = "mpii") -> list[str]:
    return browser.texts(f"section[id^={board}] table.board tbody th.name")


def load_pictures(browser: Browser) -> None:
    """Load the pictures that a reader would scroll to."""
    browser.run("for (const one of document.images) one.loading = 'eager'")
    browser.wait("return [...document.images].every(one => one.naturalWidth > 100)")


def test_a_click_on_a_heading_sorts_the_rows_and_unknown_scores_come_last_in_either_direction(
    browser: Browser, page: Path
):
    browser.open(page)
    assert names(browser) == RANKED
    header = "section[id^=mpii] table.board thead th:nth-child(5)"
    assert browser.texts(header) == ["Wrist & <b>"]
    for rows, direction in (
        (["net seven", "net eight", OTHER], "descending"),
        (["net eight", "net seven", OTHER], "ascending"),
        (RANKED, None),
    ):
        browser.click(header)
        browser.until(lambda: browser.run("return document.querySelector(arguments[0]).ariaSort", header), direction)
        browser.until(lambda: names(browser), rows)
    assert browser.complaints() == []


def test_the_keyboard_sorts_too(browser: Browser, page: Path):
    browser.open(page)
    header = "section[id^=mpii] table.board thead th:nth-child(3)"
    assert browser.texts(header) == ["Mean"]
    for rows in (RANKED, RANKED[::-1]):
        browser.type(f"{header} [role=button]", "\n")
        browser.until(lambda: names(browser), rows)


def test_a_filter_keeps_the_rows_that_have_its_text(browser: Browser, page: Path):
    browser.open(page)
    browser.type("section[id^=flic] input[type=search]", "net77")
    browser.until(lambda: names(browser, "flic"), ["net77"])
    browser.until(lambda: browser.texts("section[id^=flic] .dt-info"), ["1–1 of 1 rows (of 101)"])


def test_the_hundred_and_first_row_is_on_the_second_page(browser: Browser, page: Path):
    browser.open(page)
    assert len(names(browser, "flic")) == 100
    browser.click("section[id^=flic] .dt-paging [data-dt-idx='1']")
    browser.until(lambda: names(browser, "flic"), ["net100"])


def test_a_column_is_hidden_and_shown_again(browser: Browser, page: Path):
    browser.open(page)
    before = browser.texts("section[id^=mpii] table.board thead th")
    browser.click("section[id^=mpii] .columns summary")
    for shown in [one for one in before if one != "Wrist & <b>"], before:
        browser.click("section[id^=mpii] .columns label:nth-child(4)")
        browser.until(lambda: browser.texts("section[id^=mpii] table.board thead th"), shown)


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_is_as_wide_as_its_window(width: int, browser: Browser, page: Path):
    browser.open(page, width)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.too_wide() == 0


def test_a_phone_shows_the_name_and_the_headline_with_its_interval(browser: Browser, page: Path):
    browser.open(page, 390)
    cells = browser.run(
        "return [...document.querySelectorAll('section[id^=mpii] table.board tbody tr:first-child > *')]"
        ".filter(one => one.getBoundingClientRect().right <= 390).map(one => one.innerText)"
    )
    assert cells[:4] == ["1–2", "net eight", "89.50", "88.50–90.50"]


def test_a_phone_shows_the_best_row_of_every_leaderboard_with_its_score(browser: Browser, page: Path):
    browser.open(page, 390)
    rows = browser.run(
        "return [...document.querySelectorAll('.overview tbody tr')].map(row => [...row.cells]"
        ".filter(one => one.getBoundingClientRect().right <= 390).map(one => one.innerText.split('\\n')[0]))"
    )
    assert [row[1:3] for row in rows] == [["net eight", "89.50"], ["net0", "99.00"]]


def test_the_list_of_leaderboards_scrolls_with_the_page_and_not_in_a_box(browser: Browser, page: Path):
    browser.open(page, 390)
    inside, box, window = browser.run(
        "const body = document.querySelector('.overview tbody');"
        "for (let i = 0; i < 40; i++) body.append(body.rows[0].cloneNode(true));"
        "const box = body.closest('.scroll'); return [box.scrollHeight, box.clientHeight, innerHeight]"
    )
    assert inside == box > window


def shade(browser: Browser, selector: str) -> float:
    """By how much the right edge of an element is darker than white, of 255: the median of its pixels from top to bottom."""
    left, top, bottom = browser.run(
        "const one = document.querySelector(arguments[0]); one.scrollIntoView(); const edge = one.getBoundingClientRect();"
        "return [edge.right - 4, Math.max(edge.top, 0), Math.min(edge.bottom, innerHeight)]",
        selector,
    )  # fmt: skip
    picture = cv2.imdecode(np.frombuffer(browser.driver.get_screenshot_as_png(), np.uint8), cv2.IMREAD_GRAYSCALE)
    return 255 - float(np.median(picture[round(top) : round(bottom), round(left)]))


def test_a_table_that_scrolls_sideways_is_shaded_at_its_right_edge_until_the_end_is_reached(
    browser: Browser, page: Path
):
    browser.open(page, 390)
    box = "section[id^=mpii] div.scroll"
    assert shade(browser, box) > 20
    browser.run("document.querySelector(arguments[0]).scrollLeft = 10000", box)
    assert shade(browser, box) < 5


def test_the_page_asks_for_no_file_outside_its_folder_and_complains_about_nothing(browser: Browser, page: Path):
    browser.open(page)
    load_pictures(browser)
    asked = browser.requests()
    assert page.as_uri() in asked and len(asked) > 4
    assert [one for one in asked if not one.startswith(page.parent.as_uri())] == []
    assert browser.complaints() == []


def test_page_and_plots_follow_the_readers_colour_scheme(browser: Browser, page: Path):
    seen = []
    for dark in (False, True):
        browser.open(page, dark=dark)
        browser.run("document.querySelector('figure').scrollIntoView()")
        browser.wait("return document.querySelector('figure img').naturalWidth > 100")
        source = browser.run("return document.querySelector('figure img').currentSrc").rpartition("-")[2]
        seen.append((browser.run("return getComputedStyle(document.body).backgroundColor"), source))
    assert seen == [("rgb(255, 255, 255)", "ranks.png"), ("rgb(20, 23, 26)", "dark.png")]


def test_a_button_shows_a_rows_intervals_and_sources(browser: Browser, page: Path):
    browser.open(page)
    assert browser.texts(".details:popover-open") == []
    browser.type("section[id^=mpii] tbody tr:nth-child(2) .more", "\n")
    (details,) = browser.texts(".details:popover-open")
    lines = ["net seven", "9.h5, SHA-256 cccccccccccc…, scored on 2026-01-02", "Mean\t88.25\t95 %: 87.25–89.25"]
    assert [line for line in details.split("\n") if line] == lines


def test_names_are_text_in_all_that_a_script_makes(browser: Browser, page: Path):
    browser.open(page)
    browser.click("section[id^=mpii] .columns summary")
    browser.until(lambda: browser.texts("section[id^=mpii] .columns label")[3:4], ["Wrist & <b>"])
    browser.type("section[id^=mpii] tbody tr:nth-child(3) .more", "\n")
    browser.until(lambda: browser.texts(".details:popover-open h2"), [OTHER])
    assert browser.run("return document.querySelectorAll('td img, th img, .details img, label b, th b').length") == 0
    assert browser.complaints() == []


def test_keypoints_are_columns_that_can_be_sorted_once_they_are_shown(browser: Browser, page: Path):
    browser.open(page)
    browser.click("section[id^=mpii] > details summary")
    header = "section[id^=mpii] > details thead th:nth-child(2)"
    browser.wait("return document.querySelector(arguments[0]).className.includes('dt-orderable')", header)
    assert browser.texts(header) == ["right ankle"]
    assert len(browser.texts("section[id^=mpii] > details thead th")) == 17


def test_every_table_has_a_caption_headings_and_a_region_with_a_name(browser: Browser, page: Path):
    browser.open(page)
    lacking = browser.run("""
        return [...document.querySelectorAll("main table, nav table")].filter(table => !(
            table.caption?.textContent && [...table.tHead.querySelectorAll("th")].every(th => th.scope) &&
            table.closest("[role=region][tabindex='0'][aria-label]")
        )).length
    """)
    assert lacking == 0
    assert browser.run("return document.querySelectorAll('header, header nav, main, footer').length") == 4


def test_the_first_thing_that_the_keyboard_reaches_leads_past_the_list_of_leaderboards(browser: Browser, page: Path):
    browser.open(page)
    browser.type("body", "\ue004")
    assert browser.run("return document.activeElement.innerText") == "Skip to the results"
    browser.type(".skip", "\n")
    assert browser.run("return document.activeElement.tagName") == "MAIN"


@pytest.fixture(scope="module")
def mailed(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as a single file, in a folder of its own."""
    contents, mailed = read_contents(page.parent), tmp_path_factory.mktemp("mail") / "mailed.html"
    write_pages(contents, single_file=True)
    shutil.copy(page, mailed)
    write_pages(contents)
    return mailed


def test_a_single_file_has_all_pictures_and_links_to_no_other_file(browser: Browser, page: Path, mailed: Path):
    browser.open(mailed)
    assert browser.run("return [...document.querySelectorAll('a')].filter(one => !one.hash).length") == 0
    load_pictures(browser)
    plots = [path for path in (page.parent / "plots").glob("*.png") if not path.stem.endswith("-dark")]
    assert browser.run("return document.querySelectorAll('img').length") == len(plots) > 2
    assert [one for one in browser.requests() if not one.startswith("data:")] == [mailed.as_uri()]
    assert names(browser) == RANKED
    assert browser.complaints() == []


def test_a_click_on_a_picture_of_a_single_file_shows_its_full_size(browser: Browser, mailed: Path):
    browser.open(mailed, 390)
    widths = []
    for _ in range(3):
        widths.append(browser.run("return document.querySelector('figure img').offsetWidth"))
        browser.click(".zoom")
    assert widths[0] == widths[2] == 576 < 1000 < widths[1]
    assert browser.too_wide() == 0


def test_on_a_phone_a_plot_is_wide_enough_to_be_read_and_scrolls_in_its_own_box(browser: Browser, page: Path):
    browser.open(page, 390)
    box, inside = browser.run(
        "const box = document.querySelector('figure > a'); return [box.clientWidth, box.scrollWidth]"
    )
    assert box < 390 < inside == 576
    assert browser.too_wide() == 0
