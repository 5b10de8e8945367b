"""A page for each run: what a reader finds on it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from diagnoses import diagnosis
from records import record

from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.registration import Removed
from posebench.report.pages.run_pages import write_run_pages
from posebench.report.tables.contents import read_contents
from posebench.report.tables.diagnosis_tables import offsets
from posebench.results.kept_comparison import KeptComparison, save_comparison
from posebench.results.kept_diagnosis import save_diagnosis
from posebench.results.record import Record, save_record
from posebench.scoring.comparison import Difference

WAVE = np.sin(np.arange(1000.0) * 7)
JOINTS = {"right_wrist": 80.0, "left_wrist": 82.0}


def run(name: str, mean: float, **changes) -> Record:
    return record(name, **{
        "metrics": {"Wrist": mean - 5, "Mean": mean}, "intervals": {"Wrist": (mean - 7, mean - 3), "Mean": (mean - 1, mean + 1)},
        "resampled": (mean + np.roll(WAVE, int(mean))).tolist(), "per_joint": JOINTS,
        "per_joint_intervals": {name: (value - 3, value + 4) for name, value in JOINTS.items()}, "curves": [],
    } | changes)  # fmt: skip


def pages(results: Path, *runs: Record) -> dict[str, str]:
    """Name of each record → the text of its page."""
    for one in runs:
        save_record(one, results)
    written = {path.stem: path for path in write_run_pages(read_contents(results))}
    return {one.name: written[one.id].read_text("utf-8") for one in runs}


def cells(text: str, first: str) -> list[str]:
    """The texts of the table row that begins with `first`."""
    (row,) = re.findall(rf"<tr[^>]*>\s*<th[^>]*>{re.escape(first)}</th>(.*?)</tr>", text, re.DOTALL)
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def test_a_page_has_the_headline_with_its_interval_the_rank_and_the_rule(tmp_path: Path):
    text = pages(tmp_path, run("good", 88.25), run("bad", 70.0))["bad"]
    assert "<h1>bad</h1>" in text
    assert "<strong>70.00 %</strong>" in text and "95 % interval 69.00–71.00 %" in text
    assert "Rank 2 of 2 rows" in " ".join(text.split())
    assert "PCKh@0.5 (distance &lt;= 0.5 head lengths)" in text


def test_every_score_stands_beside_the_best_row_with_the_difference(tmp_path: Path):
    text = pages(tmp_path, run("good", 90.0), run("bad", 70.0))["bad"]
    # Half widths of 2 and 2: together the square root of 8.
    assert cells(text, "Wrist") == ["65.00", "63.00–67.00", "85.00", "-20.00 [-22.83, -17.17]"]
    # Half widths of 3 below and 4 above, of both: the square root of 25 on either side.
    assert cells(text, "right wrist") == ["80.00", "77.00–84.00", "80.00", "+0.00 [-5.00, +5.00]"]


def test_the_headlines_difference_has_the_paired_interval(tmp_path: Path):
    # The resamples of both differ by 20 in every one, so the paired interval has no width; the scores' own have.
    equal = {"resampled": [90.0 + value for value in WAVE]}, {"resampled": [70.0 + value for value in WAVE]}
    text = pages(tmp_path, run("good", 90.0, **equal[0]), run("bad", 70.0, **equal[1]))["bad"]
    assert cells(text, "Mean") == ["70.00", "69.00–71.00", "90.00", "-20.00 [-20.00, -20.00]"]


def test_paired_intervals_that_compare_kept_are_shown_instead(tmp_path: Path):
    good, bad = run("good", 90.0), run("bad", 70.0)
    wrists = (
        Difference("Wrist", 85.0, 65.0, (19.5, 20.25), 0.001),
        Difference("right_wrist", 80.0, 80.0, (-1.0, 0.5), 1.0),
    )
    save_comparison(KeptComparison(a=good.id, b=bad.id, metrics=wrists[:1], joints=wrists[1:]), tmp_path)
    text = pages(tmp_path, good, bad)["bad"]
    assert cells(text, "Wrist")[3] == "-20.00 [-20.25, -19.50]"
    assert cells(text, "right wrist")[3] == "+0.00 [-0.50, +1.00]"
    assert "The intervals of differences in metrics and keypoints are of paired resamples." in text


def test_the_best_row_stands_beside_the_next_one(tmp_path: Path):
    text = pages(tmp_path, run("good", 90.0), run("bad", 70.0), run("worse", 50.0))["good"]
    assert "Beside the run: bad, the next row" in text
    assert cells(text, "Mean")[2] == "70.00"


def test_the_only_row_has_nothing_beside_it(tmp_path: Path):
    text = pages(tmp_path, run("alone", 90.0))["alone"]
    assert cells(text, "Mean") == ["90.00", "89.00–91.00"]
    assert "Beside the run" not in text and "compare.html" not in text


def test_seeds_of_one_row_lead_to_each_other(tmp_path: Path):
    model = {"arch": "x", "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
    one, two = (
        run("net", 80.0 + seed, model=model | {"seed": seed}, predictions_sha256=f"{seed}" * 64) for seed in (3, 4)
    )
    for record_of in (one, two):
        save_record(record_of, tmp_path)
    write_run_pages(read_contents(tmp_path))
    text = (tmp_path / f"pages/{one.id}.html").read_text("utf-8")
    assert f'seed 3, <a href="{two.id}.html">seed 4</a>' in " ".join(text.split())


def test_the_verification_is_typed_as_it_can_be_run(tmp_path: Path):
    made = run("net", 80.0)
    text = pages(tmp_path, made)["net"]
    assert f"posebench verify records/{made.id}.json --data DIR --predictions ." in text
    assert (tmp_path / f"records/{made.id}.json").is_file()
    assert f'<a href="../records/{made.id}.json">' in text
    assert made.predictions_sha256 in text


def test_the_whole_record_is_there_with_nested_facts(tmp_path: Path):
    model = {"arch": "hourglass8", "recipe": {"name": "mine", "epochs": 140, "odd": {"inner": [1, 2]}}}
    text = pages(tmp_path, run("net", 80.0, model=model))["net"]
    for term, fact in (("recipe.epochs", "140"), ("recipe.odd.inner", "[1, 2]"), ("protocol", "mpii")):
        assert f"<dt>{term}</dt><dd>{fact}</dd>" in text


def test_training_is_drawn_from_the_records_history(tmp_path: Path):
    history = [{"epoch": n, "step": 10 * n, "loss": 1 / n, "score": 50 + n} for n in (1, 2, 4)]
    selection = {"split": "valid", "people": 9, "metric": "Mean", "every": 1}
    text = pages(tmp_path, run("net", 80.0, model={"arch": "x", "history": history, "selection": selection}))["net"]
    assert 'aria-label="loss over epochs, logarithmic scale"' in text
    assert 'aria-label="Mean of valid over epochs"' in text
    # The first epoch at the left, the last at the right; the largest loss at the top, the smallest at the bottom.
    assert 'points="46,10 166.7,100 408,190"' in text


def test_a_picture_of_the_run_is_shown_where_it_exists(tmp_path: Path):
    one, other = run("one", 80.0), run("other", 70.0)
    (tmp_path / "overlays").mkdir()
    (tmp_path / f"overlays/{one.id}.png").write_bytes(b"")
    (tmp_path / f"overlays/{one.id}--{other.id}.png").write_bytes(b"")
    made = pages(tmp_path, one, other)
    assert f'src="../overlays/{one.id}.png"' in made["one"] and f'src="../overlays/{one.id}.png"' not in made["other"]
    assert all(
        "differ most</figcaption>" in text and f'src="../overlays/{one.id}--{other.id}.png"' in text
        for text in made.values()
    )


def test_names_with_scripts_are_shown_and_not_run(tmp_path: Path):
    hostile = "<script>alert(1)</script>"
    texts = pages(
        tmp_path, run(hostile, 80.0, notes=[hostile], model={"arch": hostile, hostile: hostile}), run("b", 70.0)
    )
    assert not any("<script>alert" in text for text in texts.values())
    assert "&lt;script&gt;alert(1)" in texts[hostile]


def test_only_pages_that_changed_are_written_and_those_of_other_records_go(tmp_path: Path):
    first, second = run("one", 80.0), run("two", 70.0)
    pages(tmp_path, first, second)
    (tmp_path / "pages/notes.html").write_text("mine")
    before = {path.name: path.stat().st_ino for path in (tmp_path / "pages").iterdir()}
    pages(tmp_path, first, second)
    assert {path.name: path.stat().st_ino for path in (tmp_path / "pages").iterdir()} == before
    (tmp_path / f"records/{second.id}.json").unlink()
    pages(tmp_path, first)
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == sorted([f"{first.id}.html", "notes.html"])


def test_a_kept_diagnosis_is_shown_with_bars_tables_and_its_warning(tmp_path: Path):
    made = run("net", 80.0)
    save_diagnosis(diagnosis(made.id), tmp_path)
    text = pages(tmp_path, made)["net"]
    for sentence in (
        "<h3>Most is lost to inversion: its repair alone would add 10.00 to Mean.</h3>",
        '<p class="warning">Warning: Predictions are off by (+0.40, -0.10) heatmap cells (right, down), more than 0.25',
        "Without this offset alone, Mean would be 81.50 instead of 80.00.",
        "right wrist is wrong most often: 20.0 % of its predictions.",
        "No part is told from all keypoints (12.5 % [11.0, 14.0] right). The lowest is size: smallest third, 12.5 % [11.0, 14.0].",
        'aria-label="Right keypoints in percent over confidence"',
        "A note.",
    ):
        assert sentence in text
    assert cells(text, "inversion") == ["20", "12.5", "[11.0, 14.0]", "+10.00", "[+9.00, +11.00]"]
    # The longest bar, 20 % wrong, has the full width; 10 % wrong has half.
    assert 'style="--kind:#D55E00;--dark:#ffb557;width:100.0%" title="inversion 20.0 %"' in text
    assert 'style="--kind:#56B4E9;--dark:#2f8dc2;width:50.0%" title="jitter 10.0 %"' in text
    assert "<b>.jpg" not in text


def test_pictures_of_a_diagnosis_are_shown_where_they_are_in_its_folder(tmp_path: Path):
    made = run("net", 80.0)
    save_diagnosis(diagnosis(made.id), tmp_path)
    folder = tmp_path / f"diagnoses/{made.id}"
    folder.mkdir()
    for name in ("clouds", "clouds-dark", "errors", "mine"):
        (folder / f"{name}.png").write_bytes(b"")
    text = pages(tmp_path, made)["net"]
    sources = re.findall(r'(?:src|srcset)="\.\./diagnoses/[^/]*/(.*?)"', text)
    assert sources == ["errors.png", "clouds-dark.png", "clouds.png"]


def test_a_run_that_was_not_diagnosed_says_what_to_type(tmp_path: Path):
    made = run("net", 80.0)
    text = pages(tmp_path, made)["net"]
    assert "posebench diagnose 3.h5 --protocol mpii --split val --convention official --data DIR --save" in text


def test_a_damaged_diagnosis_is_named_and_the_page_is_made_without_it(tmp_path: Path):
    made = run("net", 80.0)
    path = save_diagnosis(diagnosis(made.id), tmp_path)
    path.write_text("{")
    assert "Not diagnosed." in pages(tmp_path, made)["net"]
    (note,) = read_contents(tmp_path).notes
    assert str(path) in note


def test_an_offset_that_changes_no_printed_digit_leaves_the_score_the_same() -> None:
    far = diagnosis("x").registration
    same = replace(far, removed=(Removed("Mean", 80.0, 80.001, Estimate(0.001, (0.0, 0.01))),))
    finding = offsets(same, "Mean", 2)[1].finding
    assert finding == "Without this offset alone, Mean would be the same, 80.00."
