"""The command line, through its real entry point: what a user types, and what a newcomer mistypes."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import entry
import faulty
import numpy as np
import pytest
from mpii_folder import write_folder

from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic


def posebench(
    *arguments: object, cwd: Path, people: int | None = None, resamples: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    environment = {"COLUMNS": "160"} | environment
    return entry.posebench(*arguments, cwd=cwd, people=people, resamples=resamples, **environment)


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a failure, in one line."""
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    return " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: Any) -> Path:
    """A folder in which the main job ran on a few synthetic people."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "plugins").mkdir()
    faulty.install(folder / "plugins")
    arguments = ("--arch", "Sound", "--protocol", "mpii", "--limit", 16, "--epochs", 1, "--workers", 1)
    (folder / "stdout").write_text(succeeded(posebench("run", *arguments, cwd=folder, people=12, **small(folder))))
    return folder


def small(trained: Path) -> dict[str, str]:
    """The variables with which commands find the small network that was trained."""
    return faulty.variables(trained / "plugins")


def test_run_trains_scores_and_shows_the_leaderboard(trained: Path) -> None:
    out = (trained / "stdout").read_text()
    assert out.splitlines()[0].startswith("No --data: synthetic people, drawn by posebench.")
    assert re.search(r"train Sound 2/2 .* eta 0:00:00 .* epoch 1/1 .* loss 0\.\d+", out)
    assert "12 people in 12 images" in out
    results = trained / "results"
    record = json.loads(next((results / "records").iterdir()).read_text())
    assert record["data"]["synthetic"] is True
    assert record["model"]["trained_on"]["people"] == 16
    assert record["model"]["checkpoint"] == "the last one"
    for name in ("index.html", "leaderboard.md"):
        assert "Sound" in (results / name).read_text()
    assert len(list((results / "overlays").glob("*.png"))) == 1
    kinds = {path.stem.removesuffix("-dark").rsplit("-", 1)[1] for path in (results / "plots").glob("*.png")}
    assert kinds == {"joints", "body", "parts", "curves", "training"}


def test_each_step_runs_alone_on_the_last_ones_file_and_gives_the_same_score(trained: Path, tmp_path: Path) -> None:
    checkpoint = next((trained / "results/runs").glob("*/checkpoint.pt"))
    arguments = ("--protocol", "mpii", "--workers", 0)
    arguments = (*arguments, "--out", tmp_path / "p.h5")
    out = succeeded(posebench("predict", checkpoint, *arguments, cwd=tmp_path, people=12, **small(trained)))
    assert out.strip() == str(tmp_path / "p.h5")
    scoring = ("evaluate", "p.h5", "--protocol", "mpii", "--json")
    scored = json.loads(succeeded(posebench(*scoring, cwd=tmp_path, people=12)))
    record = json.loads(next((trained / "results/records").iterdir()).read_text())
    assert scored["metrics"] == record["metrics"]
    assert Path(tmp_path / scored["record"]).is_file()


def test_predictions_are_named_after_run_split_and_data_however_the_paths_were_typed(
    trained: Path, tmp_path: Path
) -> None:
    folder = next((trained / "results/runs").glob("*/checkpoint.pt")).parent
    arguments = ("--protocol", "mpii", "--workers", 0, "--results", tmp_path)
    made = [
        succeeded(posebench("predict", checkpoint, *arguments, cwd=cwd, people=9, **small(trained))).strip()
        for checkpoint, cwd in (("checkpoint.pt", folder), (folder / "checkpoint.pt", tmp_path))
    ]
    assert made[0] == made[1]
    assert Path(made[0]).name.startswith(f"{folder.name}-val-")


def test_the_same_run_again_is_neither_repeated_nor_lost_unasked(trained: Path) -> None:
    arguments = ("--arch", "Sound", "--protocol", "mpii", "--limit", 16, "--epochs", 1, "--workers", 0)
    assert "Add --resume to continue it, or --restart to train anew" in failed(
        posebench("train", *arguments, cwd=trained, **small(trained))
    )
    out = succeeded(posebench("train", *arguments, "--resume", cwd=trained, **small(trained)))
    assert out.strip().endswith("checkpoint.pt")


def test_report_writes_a_page_that_can_be_sent_alone(trained: Path, tmp_path: Path) -> None:
    arguments = ("--results", trained / "results", "--out", tmp_path)
    for option, outside in ((), True), (("--single-file",), False):
        succeeded(posebench("report", *arguments, *option, cwd=tmp_path))
        page = (tmp_path / "index.html").read_text()
        assert ('src="plots/' in page) == ('href="leaderboards/' in page) == ('src="assets/' in page) == outside
        assert ('src="data:image/png;base64,' in page) != outside


def test_report_regenerates_every_page_to_the_byte(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "results", tmp_path / "results")
    out = succeeded(posebench("report", "--format", "svg", cwd=tmp_path)).splitlines()
    assert out[-3:-1] == ["results/leaderboard.md", "results/index.html"]
    assert re.fullmatch(r"and \d+ more files below results", out[-1])
    made = [
        path for path in (tmp_path / "results").rglob("*") if path.suffix in (".html", ".md", ".csv", ".png", ".svg")
    ]
    before = {path: path.read_bytes() for path in made}
    assert {path.suffix for path in made} == {".html", ".md", ".csv", ".png", ".svg"}
    (tmp_path / "results" / ".drawn-plots.json").unlink()
    succeeded(entry.posebench("report", "--format", "svg", cwd=tmp_path, fresh=True))
    assert {path: path.read_bytes() for path in before} == before


def test_evaluate_prints_the_official_numbers_without_importing_torch(shared: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from posebench.cli.main import main
main(["evaluate", {str(shared / "data/mpii/predictions/hg_s8_b1.mat")!r}, "--protocol", "mpii",
      "--data", {str(shared / "data/mpii")!r}, "--results", {str(tmp_path)!r}], standalone_mode=False)
sys.exit("torch" in sys.modules or "pandas" in sys.modules or "matplotlib" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    for number in (
        "Head 97.4420",
        "Ankle 80.7511",
        "UBody 90.2115",
        "Mean 89.0945 88.5–89.7",
        "Mean@0.1 24.4939",
        "AUC 58.7220",
    ):
        assert number in shown
    assert "ground truth: detections.mat" in shown


def test_evaluate_says_when_the_ground_truth_is_truncated(shared: Path, tmp_path: Path) -> None:
    file, truth = shared / "data/mpii/predictions/newell.h5", shared / "data/mpii/annot/valid.h5"
    out = succeeded(
        posebench("evaluate", file, "--protocol", "mpii", "--data", truth, "--name", "Newell 2016", cwd=tmp_path)
    )
    assert "Ground truth truncated to whole pixels (valid.h5)" in out
    assert "Newell 2016" in out


def test_json_is_one_object_and_nothing_else(shared: Path, tmp_path: Path) -> None:
    pairs = shared / "data/coco/pairs"
    arguments = (
        "evaluate",
        pairs / "val538_seed0_dt.json",
        "--protocol",
        "coco",
        "--data",
        pairs / "val538_gt.json",
        "--json",
    )
    scored = json.loads(succeeded(posebench(*arguments, cwd=tmp_path)))
    assert scored["metrics"]["AP"] == pytest.approx(0.45626349058931226, abs=1e-9)


def test_coco_runs_on_real_photographs(shared: Path, trained: Path, tmp_path: Path) -> None:
    data = shared / "data/coco/mini"
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'name = "small"\ninput_size = [64, 64]\nepochs = 1\nbatch_size = 8\noptimizer = "adam"\nlearning_rate = 1e-3\n'
    )
    arguments = ("--protocol", "coco", "--data", data, "--recipe", recipe, "--limit", 8, "--workers", 0)
    arguments = ("run", "--arch", "Sound", "--arch", "Pair", *arguments)
    succeeded(posebench(*arguments, cwd=tmp_path, resamples=20, **small(trained)))
    records = [json.loads(path.read_text()) for path in (tmp_path / "results/records").iterdir()]
    assert sorted(record["model"]["arch"] for record in records) == ["Pair", "Sound"]
    assert all(record["data"]["images"] == 39 and not record["data"]["synthetic"] for record in records)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A tiny MPII-like folder with photographs, one of them broken."""
    write_folder(tmp_path)
    broken = tmp_path / "images" / "people-seed0-val-000002.jpg"
    broken.write_bytes(broken.read_bytes()[:2000])
    return tmp_path


def test_an_unreadable_photograph_is_named_and_counted_and_its_person_missed(trained: Path, photographs: Path) -> None:
    arguments = "--arch", "Sound", "--protocol", "mpii", "--data", photographs, "--recipe", "quick", "--epochs", 1
    out = succeeded(posebench("run", *arguments, "--workers", 1, cwd=photographs, **small(trained)))
    assert "1 photograph could not be read; its people were not trained on: people-seed0-val-000002.jpg" in out
    assert "1 photograph could not be read; its people count as missed: people-seed0-val-000002.jpg" in out
    record = json.loads(next((photographs / "results/records").iterdir()).read_text())
    assert any("1 person has no prediction and counted as missed" in note for note in record["notes"])
    assert record["model"]["trained_on"]["unreadable"] == ["people-seed0-val-000002.jpg"]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            ["run", "--arch", "hourglas8", "--protocol", "mpii"],
            "No architecture is named 'hourglas8'. Did you mean 'hourglass8'?",
        ),
        (["run", "--arch", "hourglass8", "--protocol", "mpi"], "No protocol is named 'mpi'. Did you mean 'mpii'?"),
        (["run", "--arch", "hourglass1", "--protocol", "mpii", "--data", "nowhere"], "--data nowhere does not exist"),
        (["run", "--arch", "hourglass1", "--protocol", "coco", "--data", "."], "No COCO val annotation below ."),
        (
            ["run", "--arch", "hourglass1", "--protocol", "coco", "--data", "x.h5"],
            "training and scoring would share their people",
        ),
        (["run", "--arch", "hourglass1", "--protocol", "mpii", "--recipe", "papr"], "No recipe is named 'papr'"),
        (["train", "--arch", "hourglass1", "--protocol", "mpii", "--early-stop", "3"], "add --validate-every 1."),
        (["run", "--arch", "hourglass1", "--protocol", "mpii", "--max-time", "30"], "'30' is no time: give hours"),
        (
            ["train", "--arch", "hourglass1", "--protocol", "mpii", "--validate-every", "1", "--select-by", "val"],
            "--select-by val: scores of val are reported",
        ),
        (["evaluate", "none.h5", "--protocol", "mpii"], "none.h5 does not exist; a predictions file should be there"),
        (
            ["evaluate", "x.h5", "--protocol", "mpii", "--split", "minival"],
            "No split of mpii is named 'minival'. Did you mean 'val'? Known: test, train, val.",
        ),
        (["evaluate", "x.h5", "--protocol", "mpii"], "x.h5 is neither a readable HDF5 nor a readable MATLAB file"),
        (["evaluate", ".", "--protocol", "mpii"], ". is a folder; a predictions file should be a file"),
        (["predict", "x.h5", "--protocol", "mpii"], "x.h5 is not readable as a checkpoint"),
        (["report"], "results is not a folder"),
        (["report", "--results", "x.h5"], "x.h5 is not a folder"),
        (["run"], "Missing option '--arch'. Installed: cpm, cpn_resnet50, hourglass1, "),
        (
            ["evaluate", "x.h5"],
            "Missing option '--protocol'. Installed: coco, crowdpose, flic, lsp, mpii, posetrack, wholebody.",
        ),
        (["evaluate", "x.h5", "--protocol", "mpii", "--split", "validation"], "Did you mean 'val'?"),
        (
            ["train", "--arch", "hourglass1:stem=bear", "--protocol", "mpii"],
            "with one of newell, bearpaw; 'stem=bear' is",
        ),
        (["cost", "--arch", "hourglass1:stm=newell"], "No option of hourglass1 is named 'stm'. Did you mean 'stem'?"),
        (
            ["evaluate", "photo.png", "--protocol", "mpii"],
            "photo.png is a PNG image; a predictions file should be there.",
        ),
        (["evaluate", "truth.json", "--protocol", "mpii"], "It looks like annotations; give those with --data."),
        (["evaluate", "results.json", "--protocol", "mpii"], "It looks like COCO results; use --protocol coco."),
        (["evaluate", "record.json", "--protocol", "mpii"], "give the predictions file that the record names."),
        (
            ["evaluate", "x.h5", "--protocol", "coco", "--data", "."],
            "--data also takes one annotation file, of any name.",
        ),
    ],
)
def test_a_newcomers_mistake_is_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_text("not what it says")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (tmp_path / "truth.json").write_text('{"info": {}, "images": [], "annotations": []}')
    (tmp_path / "results.json").write_text('[{"image_id": 1, "category_id": 1, "keypoints": [1, 2, 3], "score": 0.5}]')
    (tmp_path / "record.json").write_text('{"schema_version": 1, "name": "near"}')
    assert sentence in failed(posebench(*arguments, cwd=tmp_path))


def test_a_file_of_another_protocol_is_a_sentence(shared: Path, tmp_path: Path) -> None:
    data = shared / "data"
    done = posebench(
        "evaluate", data / "mpii/predictions/newell.h5", "--protocol", "flic", "--data", data / "flic", cwd=tmp_path
    )
    assert "keypoints are (N, 16, 2), but flic has 11. Was this file written for another protocol?" in failed(done)


def test_results_that_cannot_be_written_are_found_before_scoring(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file is in the way")
    data = shared / "data/flic"
    done = posebench("evaluate", data / "predictions/yang16_oc.mat", "--protocol", "flic", "--data", data, cwd=tmp_path)
    assert "results cannot be written to (Not a directory), so the record could not be kept" in failed(done)
    assert "94.2421" not in done.stdout


def test_help_names_every_command(tmp_path: Path) -> None:
    out = succeeded(entry.posebench("--help", cwd=tmp_path, fresh=True))
    for command in ("run", "train", "predict", "evaluate", "compare", "report", "list"):
        assert re.search(rf"^  {command} ", out, re.MULTILINE)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: Any) -> Path:
    """A folder with `p.npz`, the truth of the synthetic MPII people."""
    folder = tmp_path_factory.mktemp("exact")
    np.savez(folder / "p.npz", keypoints=synthetic.instances(protocol("mpii").skeleton, "val", 500).keypoints)
    return folder


@pytest.mark.parametrize(
    "options, sentence",
    [
        (
            ("--thresholds", "0:1:0.5", "--name", "x"),
            "--thresholds shows curves and writes nothing, so --name would be ignored",
        ),
        (("--thresholds", "0:1:0.5", "--overlays"), "so --overlays would be ignored"),
        (("--thresholds", "0:1:0.5", "--arch", "hourglass1"), "so --arch would be ignored"),
        (("--explain", "--convention", "hrnet", "--name", "x"), "so --convention and --name would be ignored"),
        (("--input-size", "64x64"), "--input-size is the input of the network that --arch names; add --arch"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(exact: Path, options: tuple[str, ...], sentence: str) -> None:
    done = posebench("evaluate", "p.npz", "--protocol", "mpii", *options, cwd=exact)
    assert done.returncode == 2
    assert sentence in failed(done)


def test_quiet_prints_results_alone(exact: Path, trained: Path, tmp_path: Path) -> None:
    out = succeeded(posebench("evaluate", exact / "p.npz", "--protocol", "mpii", "--quiet", cwd=tmp_path))
    assert out.splitlines()[0].split() == ["PCKh", "%", "95", "%"]
    assert len([line for line in out.splitlines() if line.startswith("95 %")]) == 0
    assert re.search(r"^Mean +100\.0000", out, re.MULTILINE)
    done = posebench(
        "train", "--arch", "Sound", "--protocol", "mpii", "--limit", 4, "--epochs", 1, "--workers", 0, "--quiet",
        cwd=tmp_path, **small(trained),
    )  # fmt: skip
    assert succeeded(done).strip().endswith("checkpoint.pt")
    assert done.stderr == ""


@pytest.mark.parametrize("columns", [60, 140])
def test_the_width_follows_columns(exact: Path, tmp_path: Path, columns: int) -> None:
    out = succeeded(posebench("evaluate", exact / "p.npz", "--protocol", "mpii", cwd=tmp_path, COLUMNS=str(columns)))
    rule = [line for line in out.splitlines() if line.startswith("mpii official: PCKh@0.5: distance")]
    assert columns - 15 < len(rule[0]) <= columns
