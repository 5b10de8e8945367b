import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from records import COCO, FLIC, record

from posebench.errors import PosebenchError
from posebench.report.pages.facts import facts
from posebench.report.pages.page import write_pages
from posebench.report.plots import board_plots
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.contents import read_contents
from posebench.report.tables.published_scores import COLUMNS
from posebench.results.folder import ResultsFolder
from posebench.results.record import Record, save_record


def page(results: Path, *records) -> str:
    for one in records:
        save_record(one, results)
    return write_pages(read_contents(results))[-1].read_text("utf-8")


def made(results: Path) -> dict[str, bytes]:
    files = (path for path in results.rglob("*") if path.is_file())
    return {path.relative_to(results).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one record."""
    folder = tmp_path_factory.mktemp("drawn")
    page(folder, record("a"))
    return folder


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records lack what plots show. What the pages say is read, and plots take longer to draw."""
    for kind in ("ranks", "joints", "body", "parts", "curves"):
        monkeypatch.setattr(board_plots, kind, lambda _: None)


def test_a_report_is_tables_plots_and_a_page(tmp_path: Path):
    page(tmp_path, record(), record(base=COCO))
    kinds = sorted(name.rsplit("-", 1)[-1] for name in made(tmp_path) if name.startswith("plots/"))
    assert kinds == ["body.png", "curves.png", "curves.png", *["dark.png"] * 4, "joints.png"]
    assert len(list((tmp_path / "leaderboards").glob("*.csv"))) == 2
    assert {"leaderboard.md", "index.html"} <= made(tmp_path).keys()


def test_the_same_records_make_the_same_bytes(tmp_path: Path):
    page(tmp_path, record("a"), record("b"), record(base=FLIC))
    before = made(tmp_path)
    ResultsFolder(tmp_path).drawn_plots.unlink()
    write_pages(read_contents(tmp_path))
    assert made(tmp_path) == before


def test_only_plots_of_changed_records_are_drawn_again(tmp_path: Path):
    page(tmp_path, record("a"), record(base=COCO))
    plots = sorted((tmp_path / "plots").glob("*.png"))
    changed = [path for path in plots if "mpii" in path.name]
    assert 0 < len(changed) < len(plots)
    for path in plots:
        os.utime(path, ns=(0, 0))
    page(tmp_path, record("a", per_joint={"neck": 12.5}))
    assert [path for path in plots if path.stat().st_mtime_ns] == changed


@pytest.mark.parametrize("content", [None, "", pytest.param("[" * 100_000, id="deep"), "[]", '{"1": 2}'])
def test_a_missing_plot_and_a_damaged_list_of_plots_are_made_again(content: str | None, drawn: Path, tmp_path: Path):
    shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
    before, known = made(tmp_path), ResultsFolder(tmp_path).drawn_plots
    if content is None:
        next((tmp_path / "plots").glob("*.png")).unlink()
    else:
        known.write_text(content)
    write_pages(read_contents(tmp_path))
    assert made(tmp_path) == before


def test_the_page_links_to_files_that_exist_and_to_no_other_host(tmp_path: Path):
    text = page(tmp_path, record(), record(base=FLIC))
    links = [part.split('"', 1)[0] for part in text.replace(' href="', ' src="').split(' src="')[1:]]
    assert links
    assert all(link.startswith("#") or (tmp_path / link).is_file() for link in links)
    assert "http" not in text


def test_a_name_with_a_script_is_shown_and_not_run(tmp_path: Path):
    hostile = "<script>alert(1)</script>"
    text = page(
        tmp_path,
        record(hostile, model={hostile: {hostile: hostile}, "arch": hostile}, notes=[hostile], predictions=hostile),
    )
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.usefixtures("no_plots")
def test_a_keypoint_that_was_not_predicted_is_a_dash(tmp_path: Path):
    text = page(tmp_path, record(per_joint={"nose": None, "neck": 50.0}))
    assert '<td class="number">–</td>\n<td class="number">50.00</td>' in text


@pytest.mark.usefixtures("no_plots")
def test_keypoints_and_parts_of_the_data_have_their_intervals(tmp_path: Path):
    part = {
        "by": "visibility",
        "name": "occluded",
        "value": 70.75,
        "interval": (69.4, 72.1),
        "people": 2350,
        "keypoints": 9000,
    }
    text = page(
        tmp_path,
        record("a", per_joint={"nose": 50.0}, per_joint_intervals={"nose": (48.0, 52.5)}, slices=[part]),
        record("b"),
    )
    assert '<td class="number">50.00<small>48.00–52.50</small></td>' in text
    assert '<td class="number">70.75<small>69.40–72.10</small></td>\n' in text
    assert "2,350 people, 9,000 keypoints" in text


def test_a_part_of_the_data_with_a_script_is_shown_and_not_run(tmp_path: Path):
    hostile = "<script>alert(1)</script>"
    part = {"by": hostile, "name": hostile, "value": 1.0, "interval": None, "people": 1, "keypoints": 1}
    text = page(tmp_path, record(slices=[part], ceiling={"what": hostile, "metrics": {"Mean": 1.0}}))
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") == 3


def test_ties_and_the_annotators_own_agreement_are_marked_in_the_table(tmp_path: Path):
    wave = np.sin(np.arange(1000.0) * 7)
    runs = [record(name, metrics={"Mean": mean}, resampled=(mean + np.roll(wave, 100 * place)).tolist(),
                   ceiling={"what": "two annotators", "metrics": {"Mean": 93.25}})
            for place, (name, mean) in enumerate((("a", 90.0), ("b", 89.9), ("c", 80.0)))]  # fmt: skip
    text = page(tmp_path, *runs)
    assert text.count('<tr class="apart">') == 1
    assert (
        text.index(">b</a></th>")
        < text.index('<tr class="apart">')
        < text.index(">c</a></th>")
        < text.index('<tr class="ceiling">')
    )
    assert ">93.25</td>" in text
    assert "Every row with its interval: mpii val" in text


@pytest.mark.usefixtures("no_plots")
def test_several_seeds_are_one_row_and_every_record_keeps_its_provenance(tmp_path: Path):
    model = {"arch": "x", "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
    text = page(tmp_path, *(record(f"net seed {seed}", model=model | {"seed": seed}) for seed in (7, 8)))
    assert text.count(">net<small>seeds ") > 1
    assert text.count(">net seed 7</a></th>") == text.count(">net seed 8</a></th>") == 1


@pytest.mark.usefixtures("no_plots")
def test_overlays_are_shown_where_their_picture_exists(tmp_path: Path):
    one, other = record("one"), record("other")
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / f"{one.id}.png").write_bytes(b"")
    text = page(tmp_path, one, other)
    assert f'src="overlays/{one.id}.png"' in text
    assert f"overlays/{other.id}" not in text


@pytest.mark.usefixtures("no_plots")
def test_overlays_of_two_seeds_are_told_apart_below_them(tmp_path: Path):
    seeds = [record("net", model={"seed": seed}, predictions_sha256=str(seed) * 64) for seed in (7, 8)]
    (tmp_path / "overlays").mkdir()
    for one in seeds:
        (tmp_path / "overlays" / f"{one.id}.png").write_bytes(b"")
    text = page(tmp_path, *seeds)
    assert "<figcaption>Best, median and worst people of net, seed 7</figcaption>" in text
    assert "<figcaption>Best, median and worst people of net, seed 8</figcaption>" in text


@pytest.mark.usefixtures("no_plots")
def test_every_record_has_its_provenance_with_the_networks_in_a_single_file(tmp_path: Path):
    text = page(tmp_path, record(model={"recipe": {"epochs": 140}}), record("other", FLIC))
    for fact in ("cccccccccccc</code>", "bbbbbbbbbbbb</code>", "python 3.12.3"):
        assert fact in text
    assert "recipe.epochs" not in text  # it is on the record's page
    write_pages(read_contents(tmp_path), single_file=True)
    assert "<dt>recipe.epochs</dt><dd>140</dd>" in (tmp_path / "index.html").read_text("utf-8")


@pytest.mark.usefixtures("no_plots")
def test_synthetic_people_are_marked(tmp_path: Path):
    assert f'<p class="warning">{SYNTHETIC_NOTE}' in page(tmp_path, record(data={"synthetic": True}))


def test_files_of_groups_that_are_gone_are_removed_and_nothing_else(tmp_path: Path):
    page(tmp_path, record(), record(base=FLIC))
    kept = [
        tmp_path / "plots" / "mine.png",
        tmp_path / "plots" / "mine-joints.png",
        tmp_path / "leaderboards" / "mine.csv",
    ]
    for path in kept:
        path.write_text("mine")
    folder = tmp_path / "plots" / "a-00000000-joints.png"
    folder.mkdir()
    (tmp_path / "records" / f"{record(base=FLIC).id}.json").unlink()
    write_pages(read_contents(tmp_path))
    assert not [name for name in made(tmp_path) if "flic" in name]
    assert all(path.read_text() == "mine" for path in kept)
    assert folder.is_dir()


@pytest.mark.parametrize("count", [5, 20])
def test_a_report_computes_each_records_id_a_few_times_however_many_there_are(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(count):
        save_record(record(f"net{number}", metrics={"Mean": 50.0 + number}, curves=[]), tmp_path)
    calls = []
    once = Record.id.fget
    monkeypatch.setattr(Record, "id", property(lambda self: calls.append(self) or once(self)))
    write_pages(read_contents(tmp_path))
    assert count <= len(calls) <= 10 * count


@pytest.mark.usefixtures("no_plots")
def test_one_broken_record_is_skipped_and_the_others_are_reported(tmp_path: Path):
    save_record(record(), tmp_path)
    (tmp_path / "records" / "broken.json").write_text("{}")
    contents = read_contents(tmp_path)
    assert [board.rows[0].name for board in contents.boards] == ["hourglass8"]
    (note,) = contents.notes
    assert note.startswith(f"Warning: skipped. {tmp_path / 'records' / 'broken.json'} is not a readable record: ")
    assert "hourglass8" in write_pages(read_contents(tmp_path))[-1].read_text("utf-8")


def test_only_broken_records_are_an_error_that_names_one(tmp_path: Path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "broken.json").write_text("{}")
    with pytest.raises(PosebenchError, match=r"broken\.json is not a readable record"):
        write_pages(read_contents(tmp_path))


def test_no_records_is_a_sentence_that_says_what_to_run(tmp_path: Path):
    with pytest.raises(PosebenchError, match="`posebench run` trains and scores"):
        write_pages(read_contents(tmp_path))
    with pytest.raises(PosebenchError, match="is not a folder"):
        read_contents(tmp_path / "nowhere")


def test_facts_are_flat_and_long_ones_are_cut():
    assert facts({"a": {"b": [1, None], "c": {"d": "x"}}}) == [("a.b", "[1, null]"), ("a.c.d", "x")]
    assert len(facts({"a": "x" * 1000})[0][1]) == 300


@pytest.mark.usefixtures("no_plots")
def test_published_rows_link_their_source_and_those_that_are_not_comparable_say_why(tmp_path: Path):
    rows = (
        "near,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),88.64,,,a/b@0185b42:x.md",
        "off,256x256,mpii,val,mmpose,PCKh@0.5/mean,0.9,,,<b>a thesis",
    )
    tmp_path.joinpath("published.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    text = page(tmp_path, record(rule={"convention": "bearpaw"}))
    source = '<a href="https://github.com/a/b/blob/0185b42/x.md">a/b@0185b42:x.md</a>'
    assert (
        text.index("<td>near</td>") < text.index(source) < text.index("not comparable with this leaderboard</summary>")
    )
    assert (
        text.index("<td>off</td>")
        < text.index("<td>convention: mmpose</td>")
        < text.index("<td>&lt;b&gt;a thesis</td>")
    )
