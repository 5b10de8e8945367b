"""Files of plots: light and dark PNGs, PDF and SVG, and fonts for letters that matplotlib's own font lacks."""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from records import record
from test_rows import board

from posebench.cli.console import print_fonts_note
from posebench.report.plots import fonts
from posebench.report.plots.board_plots import write_plots
from posebench.report.plots.fonts import FONT, SUBSTITUTE, drawable, families
from posebench.report.plots.plot_files import COLORS, Format, darkened, indexed, write_figure
from posebench.report.plots.plot_joints import joints
from posebench.report.plots.plot_style import broken, fitting, key_columns, save_png, style, subtitle
from posebench.report.plots.plots import Plot, PlotKind, PlotWriter
from posebench.results.folder import ResultsFolder

WHITE, BLACK, BLUE = (255, 255, 255), (0, 0, 0), (0, 114, 178)


def rgba(*colors: tuple[int, int, int]) -> np.ndarray:
    """An image of one row."""
    return np.array([[[*color, 255] for color in colors]], np.uint8)


def joints_plot(folder: Path, *formats: Format, **changes: object) -> Plot:
    """The plot of keypoints of a leaderboard with one record, `a`."""
    of = board(record("a", **changes))
    (plot,) = PlotWriter(of, ResultsFolder(folder), formats).write(PlotKind.JOINTS, partial(joints, of))
    return plot


def test_few_colours_stay_as_they_are() -> None:
    places, palette = indexed(rgba(WHITE, BLUE, WHITE, BLACK))
    assert palette[places[0]].tolist() == [list(color) for color in (WHITE, BLUE, WHITE, BLACK)]


def test_of_many_colours_the_frequent_ones_stay_and_the_others_are_near() -> None:
    mixtures = [(red, green, 50) for red in range(0, 255, 5) for green in range(0, 255, 5)]
    given = rgba(*[WHITE, (241, 243, 245)] * 9, *mixtures)
    places, palette = indexed(given)
    drawn = palette[places[0]].astype(int)
    assert len(palette) <= COLORS < len(mixtures)
    assert drawn[:2].tolist() == [[255, 255, 255], [241, 243, 245]]
    assert 0 < np.abs(drawn - given[0, :, :3]).max() < 20


def test_on_a_dark_page_white_and_black_change_places_and_blue_stays_blue() -> None:
    paper, ink, blue = darkened(np.array([WHITE, BLACK, BLUE], np.uint8)).tolist()
    assert max(paper) < 25 and min(ink) > 240
    red, green, most = blue
    assert red < green < most


def test_a_plot_has_a_dark_png_of_the_same_size_beside_it(tmp_path: Path) -> None:
    plots = write_plots(board(record("a")), (), ResultsFolder(tmp_path))
    assert [plot.path.name.rsplit("-", 1)[1] for plot in plots] == ["joints.png", "body.png", "curves.png"]
    for plot in plots:
        light, dark = (cv2.imread(str(path)) for path in (plot.path, plot.dark))
        assert light.shape == dark.shape
        assert light[0, 0].tolist() == [255, 255, 255] and dark[0, 0].max() < 25


def test_formats_lie_beside_the_png_and_have_the_same_bytes_again(tmp_path: Path) -> None:
    once, again = (joints_plot(tmp_path / name, "svg", "pdf") for name in ("x", "y"))
    assert [path.name.rsplit("-joints", 1)[1] for path in once.files] == [".png", "-dark.png", ".pdf", ".svg"]
    assert [path.read_bytes() for path in once.files] == [path.read_bytes() for path in again.files]
    pdf, svg = (path.read_bytes() for path in once.files[2:])
    assert pdf.startswith(b"%PDF") and svg.startswith(b"<?xml")
    assert not any(word in both for word in (b"CreationDate", b"Matplotlib", b"<dc:date>") for both in (pdf, svg))
    assert once.title.encode() in svg


def test_other_formats_stay_until_the_records_change(tmp_path: Path) -> None:
    def endings(*formats: Format, **changes: object) -> set[str]:
        return {path.suffix for path in joints_plot(tmp_path, *formats, **changes).files}

    assert endings("pdf") == {".png", ".pdf"}
    assert endings() == {".png", ".pdf"}
    assert endings(per_joint={"neck": 12.5}) == {".png"}


def test_a_missing_dark_picture_is_drawn_again(tmp_path: Path) -> None:
    plot = joints_plot(tmp_path)
    plot.dark.unlink()
    joints_plot(tmp_path)
    assert plot.dark.is_file()


def test_a_plot_in_words_says_what_it_shows_and_what_is_best(tmp_path: Path) -> None:
    plot = joints_plot(tmp_path)
    assert plot.alt == "Scores by keypoint: mpii val (valid.h5): mpii v1, official. One row: a with Mean 89.09 %."


@pytest.fixture
def fresh() -> Iterator[None]:
    """Fonts are looked for anew, before and after."""
    for known in (fonts._installed, fonts._fallback):
        known.cache_clear()
    yield
    for known in (fonts._installed, fonts._fallback):
        known.cache_clear()


@pytest.fixture
def new(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A font that has 姿 and nothing else, and that matplotlib has not heard of. The machine has no other one."""
    pen = TTGlyphPen(None)
    for place, corner in enumerate([(0, 0), (0, 700), (600, 700), (600, 0)]):
        (pen.lineTo if place else pen.moveTo)(corner)
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "pose"])
    font.setupCharacterMap({ord("姿"): "pose"})
    font.setupGlyf({".notdef": pen.glyph(), "pose": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (700, 0), "pose": (700, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "One Letter", "styleName": "Regular"})
    font.setupOS2(usWeightClass=400)
    font.setupPost()
    path = tmp_path / "one.ttf"
    font.save(path)
    own = [one for one in font_manager.fontManager.ttflist if one.name == FONT]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(path)] if path.exists() else [])
    return path


def test_a_letter_that_matplotlibs_font_lacks_is_drawn_by_an_installed_one(
    new: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert families("pose 姿") == [FONT, "One Letter"]
    assert families("pose") == [FONT]
    figure = Figure()
    figure.text(0.5, 0.5, "pose 姿", weight="bold")
    with style(), caplog.at_level(logging.WARNING):
        for ending in ("png", "pdf", "svg"):
            write_figure(figure, tmp_path / f"x.{ending}")
        save_png(figure, tmp_path / "gallery.png")
    assert caplog.messages == []


def test_titles_are_broken_where_they_are_too_wide_not_too_long() -> None:
    assert broken("narrow " * 4 + "wide", 1.6, 9) == ["narrow narrow narrow", "narrow wide"]
    assert broken("WWWWWWW " * 4, 1.6, 9) == ["WWWWWWW"] * 4
    assert broken("iiiiiii " * 4, 1.6, 9) == ["iiiiiii iiiiiii iiiiiii iiiiiii"]
    assert broken("W" * 40, 1.6, 9)[0].endswith("W…")
    assert fitting("i" * 100_000, 1, 9) == fitting("i" * 60, 1, 9)


def test_a_key_has_as_many_columns_as_its_longest_name_leaves_room_for() -> None:
    assert [key_columns(["a", "W" * letters], 8) for letters in (1, 10, 20, 40, 400)] == [12, 4, 2, 1, 1]


def test_a_plot_without_a_letter_says_so_and_is_drawn_again_when_a_font_has_it(
    new: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    font = new.read_bytes()
    new.unlink()
    named, folder = board(record("网 姿"), record("b")), ResultsFolder(tmp_path / "results")
    said = f"{SUBSTITUTE}: a letter that no font on this machine has"
    assert said in subtitle(named, ["2 people"], 8)[0]
    assert said not in subtitle(board(record("b")), ["2 people"], 8)[0]
    without = write_plots(named, (), folder)[0].path.read_bytes()
    print_fonts_note(["网 姿", "姿"])
    note = " ".join(capsys.readouterr().err.split())
    assert note.startswith(f"No font on this machine has 网 姿: pictures show {SUBSTITUTE} instead. Install one")
    new.write_bytes(font)
    for known in (fonts._installed, fonts._fallback):
        known.cache_clear()
    assert write_plots(named, (), folder)[0].path.read_bytes() != without
    print_fonts_note(["姿"])
    assert capsys.readouterr().err == ""


def test_a_letter_that_no_font_has_is_a_sign_for_it(tmp_path: Path) -> None:
    assert drawable("a \U000f0000 b") == f"a {SUBSTITUTE} b"
    assert drawable("Ωж") == "Ωж"
