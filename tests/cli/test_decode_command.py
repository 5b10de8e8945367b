"""`posebench decode`, through its real entry point."""

import csv
import json
from pathlib import Path
from typing import Any

import entry
import pytest
import torch
from kept_heatmaps import SKELETON, drawn_people, truth, write
from terminal import type_posebench

from posebench.data.predictions import load
from posebench.plugins import heatmaps

PEOPLE = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with heatmaps of two stacks: the first has its peaks two cells too far right, the second at the keypoints."""
    path, people = tmp_path_factory.mktemp("decode"), drawn_people(PEOPLE)
    right = truth(people)
    upright = torch.stack([right.roll(2, dims=-1), right], dim=1)
    write(path / "maps.h5", people, upright, heatmaps.unflip(upright, SKELETON.flip_order))
    return path


def decode(folder: Path, *arguments: object) -> "entry.subprocess.CompletedProcess[str]":
    return entry.posebench("decode", "maps.h5", "--protocol", "mpii", *arguments, cwd=folder, people=PEOPLE)


@pytest.fixture(scope="module")
def found(folder: Path) -> Any:
    """What `--json` says of every decoding."""
    done = decode(folder, "--json", "--table", "t.csv")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_decoder_mirror_and_stack_is_a_row(found: Any) -> None:
    ways = [(row["stack"], row["mirror"], row["decoder"]) for row in found["rows"]]
    decoders = ["argmax", "quarter", "dark", "udp", "soft-argmax", "integral"]
    assert ways == [
        (stack, mirror, decoder) for stack in (1, 2) for mirror in ("off", "on", "on+1") for decoder in decoders
    ]
    assert found["rule"]["headline"] == "Mean"


def test_differences_are_from_the_networks_own_decoding(found: Any) -> None:
    (own,) = (row for row in found["rows"] if row["own"])
    assert (own["stack"], own["mirror"], own["decoder"], own["difference"], own["p"]) == (2, "on", "quarter", 0, None)
    for row in found["rows"]:
        assert row["difference"] == pytest.approx(row["value"] - own["value"])


def test_a_stack_that_is_two_cells_off_scores_less(found: Any) -> None:
    value = {(row["stack"], row["mirror"], row["decoder"]): row["value"] for row in found["rows"]}
    for decoder in ("argmax", "quarter", "dark", "udp", "soft-argmax"):
        assert value[2, "on", decoder] > value[1, "on", decoder] + 40
    assert value[2, "on", "integral"] < 20  # trained otherwise, its mean of all cells is near the middle


def test_a_row_is_what_compare_says_of_its_predictions(folder: Path, found: Any) -> None:
    decode(folder, "--decoder", "argmax", "--mirror", "off", "--out", "a.h5")
    decode(folder, "--out", "own.h5")
    done = entry.posebench("compare", "a.h5", "own.h5", "--protocol", "mpii", "--json", cwd=folder, people=PEOPLE)
    (pair,) = json.loads(done.stdout)["pairs"]
    row = next(row for row in found["rows"] if (row["stack"], row["mirror"], row["decoder"]) == (2, "off", "argmax"))
    headline = pair["headline"]
    assert (row["value"], row["difference"]) == (headline["a"], headline["difference"])
    assert [row["difference_low"], row["difference_high"]] == headline["interval"]


def test_predictions_state_how_they_were_decoded(folder: Path) -> None:
    done = decode(folder, "--decoder", "udp", "--stack", 1, "--mirror", "off", "--out", "p.h5")
    assert done.stdout.endswith("p.h5\n")
    stated = load(folder / "p.h5").provenance
    assert stated.plain()["decoded"] == {"decoder": "udp", "stack": 1, "mirror": "off"}
    assert (stated.arch, stated.flip_test) == ("Drawn", False)
    scored = entry.posebench("evaluate", "p.h5", "--protocol", "mpii", cwd=folder, people=PEOPLE)
    assert scored.returncode == 0, scored.stderr
    shown = entry.posebench("show", "Drawn", cwd=folder)
    assert "decoded as   udp, stack 1, mirror off" in shown.stdout


def test_what_is_left_open_of_one_decoding_is_the_networks_own(folder: Path) -> None:
    decode(folder, "--decoder", "dark", "--out", "d.h5")
    assert load(folder / "d.h5").provenance.plain()["decoded"] == {"decoder": "dark", "stack": 2, "mirror": "on"}


def test_the_table_is_written_as_csv_and_as_markdown(folder: Path, found: Any) -> None:
    rows = list(csv.DictReader((folder / "t.csv").read_text().splitlines()))
    assert [float(row["value"]) for row in rows] == [row["value"] for row in found["rows"]]
    done = decode(folder, "--stack", 2, "--decoder", "dark", "--table", "t.md")
    assert done.returncode == 0, done.stderr
    text = (folder / "t.md").read_text()
    assert "| stack | mirror | decoder | Mean | 95 % | − own | 95 % | p |" in text
    assert text.count("\n| 2 |") == 4  # three mirrors, and the network's own decoding


@pytest.mark.parametrize("columns", [80, 120])
def test_no_number_is_cut_on_a_terminal(folder: Path, columns: int, found: Any) -> None:
    chosen = "--protocol", "mpii", "--stack", 1, "--mirror", "on+1"
    seen = type_posebench("decode", "maps.h5", *chosen, cwd=folder, columns=columns, people=PEOPLE)
    assert seen.returncode == 0, seen.text
    lines = [" ".join(line.split()) for line in seen.lines]
    assert "stack mirror decoder Mean 95 % − own 95 % p" in lines
    rows = [row for row in found["rows"] if row["own"] or (row["stack"], row["mirror"]) == (1, "on+1")]
    assert len(rows) == 7
    for row in rows:
        score = f"{row['stack']} {row['mirror']} {row['decoder']} {row['value']:.2f} {row['low']:.2f}–{row['high']:.2f}"
        change, low, high = (f"{row[name] or 0:+z.2f}" for name in ("difference", "difference_low", "difference_high"))
        difference = "own" if row["own"] else f"{change} [{low}, {high}] "
        assert any(line.startswith(f"{score} {difference}") for line in lines), score


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--decoder", "dark", "--decoder", "udp", "--out", "x.h5"), "x.h5 takes the predictions of one decoding, but 2 are named"),
        (("--table", "x.txt"), "The table x.txt should end in .csv or .md."),
        (("--mirror", "yes"), "Mirror 'yes' is not possible with this heatmap file: off, on, on+1."),
        (("--split", "train"), "of synthetic people val, but these people are synthetic people train. Use --split val."),
        (("--protocol", "coco"), "maps.h5 has heatmaps of 16 keypoints"),
    ],
)  # fmt: skip
def test_what_cannot_be_decoded_is_refused(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = decode(folder, *arguments)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
    assert not list(folder.glob("x.*"))


def test_one_image_has_no_intervals_and_progress_says_what_is_counted(tmp_path: Path) -> None:
    people = drawn_people(1)
    right = truth(people)
    write(tmp_path / "maps.h5", people, torch.stack([right.roll(9, dims=-1), right], dim=1))
    done = entry.posebench("decode", "maps.h5", "--protocol", "mpii", "--decoder", "quarter", cwd=tmp_path, people=1)
    assert "resamples" not in done.stdout
    assert "One image: no interval, because an interval needs at least two images." in " ".join(done.stderr.split())
    counted = [line.split("  ")[0] for line in done.stderr.splitlines() if " of maps.h5 " in line]
    assert counted == ["decode people of maps.h5 1/1", "score decodings of maps.h5 2/2"]


def test_people_who_are_not_scored_are_a_note(tmp_path: Path) -> None:
    people = drawn_people(2)
    write(tmp_path / "maps.h5", people, truth(people)[:, None], unreadable=1)
    done = entry.posebench("decode", "maps.h5", "--protocol", "mpii", "--table", "t.md", cwd=tmp_path, people=2)
    said = "1 person has no prediction and counted as missed; the first is in people-seed0-val-000001."
    assert said in " ".join(done.stderr.split())
    assert f"- {said}" in (tmp_path / "t.md").read_text()
