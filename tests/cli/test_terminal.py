"""What a person sees on a terminal: the main jobs run there, and no number or time is cut."""

import re
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
from records import record
from terminal import Seen, type_posebench

from posebench.data.predictions import for_instances, save
from posebench.plugins.registry import protocol
from posebench.results.record import save_record
from posebench.synthetic import people as synthetic

WIDTHS = pytest.mark.parametrize("columns, rows", [(80, 24), (120, 40)])
FEW = "--arch", "Sound", "--protocol", "mpii", "--limit", 8, "--batch-size", 4, "--epochs", 1, "--workers", 0


def succeeded(seen: Seen) -> Seen:
    assert seen.returncode == 0, seen.text
    assert "Traceback" not in seen.raw.decode("utf-8", "replace")
    return seen


def bar_of(seen: Seen, title: str) -> str:
    """The last state of a progress bar."""
    return next(line for line in reversed(seen.lines) if line.startswith(title))


@pytest.fixture(scope="module", params=[(80, 24), (120, 40)], ids=["80 columns", "120 columns"])
def ran(request: Any, tmp_path_factory: Any) -> tuple[Seen, int, Path]:
    """The main job, typed on a terminal: what was seen, the terminal's width, and the folder it ran in."""
    columns, rows = request.param
    folder = tmp_path_factory.mktemp(f"terminal{columns}")
    (folder / "plugins").mkdir()
    faulty.install(folder / "plugins")
    seen = type_posebench("run", *FEW, cwd=folder, columns=columns, rows=rows, people=12, **small(folder))
    return seen, columns, folder


def small(folder: Path) -> dict[str, str]:
    """The variables with which commands find the small network `Sound`."""
    return faulty.variables(folder / "plugins")


def test_the_main_job_runs_on_a_terminal(ran: tuple[Seen, int, Path]) -> None:
    seen, _, folder = ran
    succeeded(seen)
    assert (folder / "results" / "index.html").is_file()
    assert "Sound" in seen.text


@pytest.mark.parametrize("title, count", [("train Sound", "2/2"), ("predict", "12/12")])
def test_a_bar_ends_with_its_whole_count_elapsed_and_remaining_time(
    ran: tuple[Seen, int, Path], title: str, count: str
) -> None:
    seen, columns, _ = ran
    line = bar_of(seen, title)
    assert re.search(rf"{count} \d:\d\d:\d\d eta 0:00:00$", line), line
    assert len(line) <= columns


def test_a_terminal_says_what_is_done_before_the_first_step(ran: tuple[Seen, int, Path]) -> None:
    seen, _, _ = ran
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen.raw.decode())
    checking, training, first = (
        shown.index(text) for text in ("Loading PyTorch; checking that", "reading the people, building", "epoch 1/1")
    )
    assert checking < training < first
    assert not any("Loading" in line or "reading the people" in line for line in seen.lines)  # it is gone in the end


def test_loss_rate_and_speed_stand_whole_below_the_bar(ran: tuple[Seen, int, Path]) -> None:
    seen, _, _ = ran
    bar = seen.lines.index(bar_of(seen, "train Sound"))
    below, speed = seen.lines[bar + 1 : bar + 3]
    assert re.fullmatch(r"  epoch 1/1  loss \d+\.\d{6}  rate \d\.\de[-+]\d\d", below), below
    assert re.fullmatch(r"  [\d,.]+ images/s  \d+ % waiting for data", speed), speed


def test_training_and_predicting_alone_run_on_a_terminal(ran: tuple[Seen, int, Path]) -> None:
    _, columns, folder = ran
    resumed = succeeded(type_posebench("train", *FEW, "--resume", cwd=folder, columns=columns, **small(folder)))
    checkpoint = next((folder / "results" / "runs").glob("*/checkpoint.pt"))
    assert checkpoint.name in resumed.text
    arguments = "predict", checkpoint, "--protocol", "mpii", "--workers", 0, "--out", "p.h5"
    predicted = succeeded(type_posebench(*arguments, cwd=folder, columns=columns, people=12, **small(folder)))
    assert predicted.lines[predicted.lines.index(bar_of(predicted, "predict")) + 1] == "p.h5"


def test_the_leaderboard_fits_the_terminal_and_shows_the_headline(ran: tuple[Seen, int, Path]) -> None:
    _, columns, folder = ran
    seen = succeeded(type_posebench("report", cwd=folder, columns=columns))
    header = next(line for line in seen.lines if "rank" in line and "name" in line)
    row = next(line for line in seen.lines if re.match(r" +1 +Sound", line))
    assert "Mean" in header
    assert re.search(r"\d\.\d\d–\d\.\d\d", row)


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> Path:
    """Two predictions files of synthetic MPII people, one a head length better than the other, and the small networks."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "plugins").mkdir()
    faulty.install(folder / "plugins")
    people = synthetic.instances(protocol("mpii").skeleton, "val", 500)
    rng = np.random.default_rng(0)
    for name, error in (("near", 2.0), ("far", 9.0)):
        save(
            for_instances(people, people.keypoints + rng.normal(0, error, people.keypoints.shape)),
            folder / f"{name}.h5",
        )
    return folder


@WIDTHS
@pytest.mark.parametrize(
    "command, whole",
    [
        (("evaluate", "near.h5", "--protocol", "mpii"), r"^Mean@0\.1 +\d+\.\d{4} +\d+\.\d–\d+\.\d"),
        (("evaluate", "near.h5", "--protocol", "mpii", "--explain"), r"^Mean +\d+\.\d{4} +\d+\.\d{4}"),
        (("compare", "near.h5", "far.h5", "--protocol", "mpii"), r"^ *Mean .*\[[+-]\d+\.\d\d, [+-]\d+\.\d\d\].* resolved"),
        (("diagnose", "far.h5", "--protocol", "mpii"), r"^ *jitter +[\d,]+ +\d+\.\d +\[\d+\.\d, \d+\.\d\] +\+\d+\.\d\d +\[\+"),
        (("cost", "--arch", "hourglass1", "--no-latency"), r"3\.4"),
        (("list",), r"^  hourglass8 +Stacked hourglass, eight stacks: 25\.4 M"),
        (("list", "mpii"), r"^  convention +official \(default\): PCKh@0\.5"),
        (("plugin", "check", "Sound", "--no-train"), r"passed: \d+ passed, 0 failed"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_a_command_says_stands_whole_on_a_terminal(
    files: Path, command: tuple[object, ...], whole: str, columns: int, rows: int
) -> None:
    variables = small(files) if command[0] == "plugin" else {}
    seen = succeeded(type_posebench(*command, cwd=files, columns=columns, rows=rows, resamples=100, **variables))
    assert re.search(whole, seen.text, re.MULTILINE), seen.text
    assert max(map(len, seen.lines)) <= columns


@pytest.fixture(scope="module")
def several(tmp_path_factory: Any) -> Path:
    """A results folder with two rows of two seeds each, and a broken record."""
    folder = tmp_path_factory.mktemp("several")
    wave = np.sin(np.arange(1000.0) * 7)
    for arch, mean in (("hourglass8", 88.0), ("hrnet_w32", 80.0)):
        for seed in (0, 1):
            model = {"arch": arch, "seed": seed, "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
            value = mean + seed
            saved = record(
                f"{arch} seed {seed}", metrics={"Mean": value}, resampled=(value + wave).tolist(), model=model
            )
            save_record(saved, folder / "results")
    (folder / "results" / "records" / "broken.json").write_text("{")
    return folder


@WIDTHS
def test_one_broken_record_is_named_and_the_others_are_reported(several: Path, columns: int, rows: int) -> None:
    seen = type_posebench("report", cwd=several, columns=columns, rows=rows)
    assert seen.returncode == 1
    flat = "".join(line.strip() for line in seen.lines)
    assert "Warning: skipped. results/records/broken.json is not a readable record" in flat.replace(
        "skipped.r", "skipped. r"
    )
    assert re.search(r"^ +1 +hourglass8 ", seen.text, re.MULTILINE)


@WIDTHS
def test_rows_are_compared_with_the_result_first(several: Path, columns: int, rows: int) -> None:
    (several / "results" / "records" / "broken.json").unlink(missing_ok=True)
    command = ("compare", "hourglass8", "hrnet_w32", "--protocol", "mpii")
    seen = succeeded(type_posebench(*command, cwd=several, columns=columns, rows=rows))
    assert seen.lines[0] == "Mean: resolved. hourglass8 is better than hrnet_w32 by 8.00."
    assert re.search(r"A − B +\+8\.00 +\[\+\d\.\d\d, \+\d+\.\d\d\] .* resolved", seen.text)
    assert max(map(len, seen.lines)) <= columns
