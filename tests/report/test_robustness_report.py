"""Tables and pictures of robustness, from what is kept; AdvMix's rows beside them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from records import record
from robustness_data import kept

from posebench.diagnosis.estimate import Estimate
from posebench.report.pages.page import write_pages
from posebench.report.plots.plot_robustness import plot_boxes, plot_corruptions
from posebench.report.plots.plot_style import style
from posebench.report.plots.robustness_report import write_robustness
from posebench.report.tables.contents import placed, read_contents
from posebench.report.tables.published_robustness import differences, published_robustness
from posebench.report.tables.robustness_tables import RobustnessTable, by_corruption, shifts, sources, summary, tables
from posebench.results.folder import ResultsFolder
from posebench.results.kept_robustness import Condition, find_robustness, save_robustness
from posebench.results.record import save_record
from posebench.samples.corruption import CORRUPTIONS

FOG = ("fog",)


def written(results: Path) -> list[Path]:
    return write_robustness(ResultsFolder(results), find_robustness(results).kept)


def row(table: RobustnessTable, first: str) -> tuple[str, ...]:
    (found,) = [cells for cells in table.rows if cells[0] == first]
    return found[1:]


def test_every_published_row_agrees_with_itself() -> None:
    rows = published_robustness()
    assert [(one.protocol, one.arch) for one in rows] == [
        ("mpii", "simplebaseline_resnet50"), ("mpii", "simplebaseline_resnet101"), ("mpii", "simplebaseline_resnet152"),
        ("mpii", "hrnet_w32"), ("coco", "simplebaseline_resnet50"), ("coco", "simplebaseline_resnet101"),
        ("coco", "simplebaseline_resnet152"), ("coco", "hrnet_w32"), ("coco", "hrnet_w48"),
    ]  # fmt: skip
    for one in rows:
        assert 100 * one.values["mPC"] / one.values["clean"] == pytest.approx(one.values["rPC"], abs=0.11)
        if one.protocol == "mpii":
            own = [one.values[name] for name in CORRUPTIONS]
            assert sum(own) / 15 == pytest.approx(one.values["mPC"], abs=0.051)


def test_measured_and_published_rows_stand_in_one_table() -> None:
    table = summary([kept("mine")])
    assert row(table, "mine 256×256") == ("90.0", "89.0–91.0", "77.0", "75.0–79.0", "85.6", "83.0–88.0")
    assert row(table, "hrnet_w32 256×256, published") == ("90.3", "", "80.1", "", "88.7", "")
    assert (table.apart, table.below) == (
        1,
        "Published: Wang et al., CVPR 2021, as printed. By the same rule and people.",
    )
    means = by_corruption([kept("mine")])
    assert means is not None and means.headers[:4] == ("", "gauss", "shot", "impulse")
    assert row(means, "simplebaseline_resnet50, published")[:3] == ("68.9", "71.6", "68.9")


def test_networks_are_compared_with_the_first_one_pair_by_pair() -> None:
    table = summary([kept("high"), kept("low", 5)])
    assert table.headers[-2:] == ("mPC − first", "95 %")
    assert row(table, "high 256×256")[-2:] == ("", "")
    assert row(table, "low 256×256")[-2:] == (
        "-5.0",
        "[-5.0, -5.0]",
    )  # both vary over resamples, their difference does not


def test_what_keeps_a_measurement_from_being_compared_with_published_rows_is_said() -> None:
    made = kept()
    assert differences(made) == []
    damage, rule, data = made.corrupted, made.rule, made.data
    assert damage is not None
    other = kept(
        chosen=200, corrupted=damage.model_copy(update={"severities": (1, 5), "rule": "exact"}),
        rule=rule.model_copy(update={"convention": "official"}), data=data.model_copy(update={"box_source": "a.json >= 0"}),
    )  # fmt: skip
    assert differences(other) == [
        "convention official, not hrnet", "boxes of a.json >= 0, not annotation", "200 of 2,958 people", "30 of 75 cells",
        "rule exact, seed 1",
    ]  # fmt: skip
    assert differences(kept(chosen=5, people_of_split=5)) == ["5 of 2,958 people"]
    assert differences(kept(data=data.model_copy(update={"synthetic": True}))) == []


def test_curves_hold_the_clean_score_in_the_middle() -> None:
    table = shifts(kept())
    assert table is not None and [cells[0] for cells in table.rows] == ["-26", "0", "+26"]
    assert row(table, "0") == ("90.0", "89.0–91.0", "90.0", "89.0–91.0")
    assert row(table, "+26") == ("85.0", "84.0–86.0", "85.0", "84.0–86.0")


def test_boxes_are_compared_with_the_first_source_pair_by_pair() -> None:
    table = sources(kept())
    assert table is not None and row(table, "annotated") == ("90.0", "89.0–91.0", "", "")
    assert row(table, "jittered, 13 px, 10 %") == ("89.5", "88.5–90.5", "-0.5", "[-1.5, +0.5]")


def test_an_unknown_interval_is_a_dash_and_the_page_says_why(tmp_path: Path) -> None:
    note = "No 95 % interval of Mean: all resamples of the 5 images score the same. Score more images."
    bare = kept("few", names=FOG, clean=Estimate(90), notes=(note,))
    assert row(summary([bare]), "few 256×256")[:2] == ("90.0", "–")
    save_robustness(bare, "few", tmp_path)
    save_record(record(), tmp_path)
    assert note in write_pages(read_contents(tmp_path))[-1].read_text()


def test_a_change_that_no_resample_shows_is_equal() -> None:
    nothing = Estimate(0.0, (0.0, 0.0))
    same = Condition(part="boxes", name="jittered", level=13, score=nothing, change=nothing)
    table = sources(kept(clean=nothing, corrupted=None, conditions=(same,)))
    assert table is not None and row(table, "jittered, 13 px, 10 %") == ("0.0", "0.0–0.0", "equal", "")


def test_a_measurement_of_boxes_alone_has_no_table_of_corruptions() -> None:
    alone = kept(corrupted=None, conditions=tuple(one for one in kept().conditions if one.part == "boxes"))
    assert [table.title for table in tables(alone)] == ["Mean (%)", "Mean by source of boxes"]


def test_pictures_of_eight_networks_name_axes_and_networks_within_eight_inches() -> None:
    several = [kept(f"a network with a long name, number {number}") for number in range(8)]
    with style():
        corruptions, boxes = plot_corruptions(several), plot_boxes(several)
    assert corruptions is not None and boxes is not None
    assert [axis.get_xlabel() for axis in corruptions.axes] == [""] * 10 + ["severity (0: clean)"] * 5
    assert [axis.get_xlabel() for axis in boxes.axes][2] == "factor of the box"
    for figure in (corruptions, boxes):
        FigureCanvasAgg(figure).draw()
        width = figure.get_size_inches()[0]
        (key,) = figure.legends
        assert len(key.get_texts()) == 8 and width == 8
        assert key.get_window_extent().x1 <= width * figure.dpi


def test_a_picture_without_intervals_says_so() -> None:
    bare = [one.model_copy(update={"score": Estimate(one.score.value)}) for one in kept(names=FOG).conditions]
    figure = plot_corruptions([kept(names=FOG, clean=Estimate(90), conditions=tuple(bare))])
    assert figure is not None and figure.texts[1].get_text() == "mpii hrnet; without intervals"


def test_the_report_ranks_networks_that_were_measured_alike_and_keeps_others_apart(tmp_path: Path) -> None:
    for number, one in enumerate([kept("low", 5, FOG), kept("high", 0, FOG), kept("few", 0, FOG, chosen=200)]):
        save_robustness(one, f"id-{number}", tmp_path)
    stale = tmp_path / "robustness" / "stale.png"
    stale.touch()
    paths = written(tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "robustness").iterdir()}
    assert written(tmp_path) == paths
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "robustness").iterdir()}
    text = before["robustness.md"].decode()
    assert text.count("\n## ") == 2 and text.index("high 256×256") < text.index("low 256×256")
    assert not stale.exists() and sum(name.endswith("corruptions.png") for name in before) == 2
    rows = list(csv.DictReader(before["robustness.csv"].decode().splitlines()))
    (fog,) = [one for one in rows if (one["network"], one["name"], one["level"]) == ("low", "fog", "3")]
    assert (fog["value"], fog["low"], fog["high"], fog["change"]) == ("72.0", "71.0", "73.0", "-18.0")


def test_the_reports_page_shows_robustness_and_a_copy_elsewhere_leaves_it_out(tmp_path: Path) -> None:
    results = tmp_path / "results"
    save_record(record(), results)
    save_robustness(kept("mine <b>", 0, FOG), "id", results)
    page = write_pages(read_contents(results), single_file=True)[-1].read_text()
    assert '<a href="#robustness">Robustness</a>' in page and "mine &lt;b&gt; 256×256" in page
    section = page[page.index('<section id="robustness"') :]
    assert section.count("data:image/png") == 4 and "robustness.md" not in section.partition("</section>")[0]
    elsewhere = write_pages(placed(read_contents(results), tmp_path / "out"))[-1].read_text()
    assert 'id="robustness"' not in elsewhere


def test_a_hostile_name_is_shown_as_text(tmp_path: Path) -> None:
    save_robustness(kept("=1+1|<b>$x", conditions=(), corrupted=None), "id", tmp_path)
    written(tmp_path)
    text = (tmp_path / "robustness/robustness.md").read_text()
    assert "| =1+1\\|&lt;b&gt;\\$x 256×256 |" in text  # a cell of Markdown
    assert "<summary>=1+1|&lt;b&gt;$x: every condition" in text  # HTML
    assert "\n'=1+1|<b>$x,hrnet_w32" in (tmp_path / "robustness/robustness.csv").read_text()


@pytest.mark.parametrize(
    "damage, problem",
    [
        (
            lambda one: one["conditions"][0].update(level=3),
            "corrupted.names has fog, which has no mean, or is not measured",
        ),
        (
            lambda one: one["corrupted"].update(means={}),
            "corrupted.names has fog, which has no mean, or is not measured",
        ),
        (
            lambda one: one["conditions"][0].update(level=float("inf")),
            "conditions.0.level: input should be a finite number",
        ),
        (lambda one: one["conditions"][5].update(level=7), "conditions have other shifts to the right than down"),
    ],
)
def test_a_measurement_that_lacks_what_its_tables_show_is_skipped_and_named(
    damage: Any, problem: str, tmp_path: Path
) -> None:
    path = save_robustness(kept(names=FOG), "id", tmp_path)
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))
    found = find_robustness(tmp_path)
    assert not found.kept and len(found.notes) == 1
    assert str(path) in found.notes[0] and problem in found.notes[0]
