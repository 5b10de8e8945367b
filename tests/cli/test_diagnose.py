"""`posebench diagnose`: what is printed, on a terminal and as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from terminal import type_posebench

import posebench as pb
from posebench.cli.main import main
from posebench.scoring import bootstrap


@pytest.mark.parametrize("columns", [80, 120])
def test_every_question_has_a_finding_and_a_table_that_fits_the_terminal(
    shared: Path, tmp_path: Path, columns: int
) -> None:
    data, intervals = shared / "data/coco/pairs", columns == 80
    seen = type_posebench(
        "diagnose", data / "mini79_seed0_dt.json", "--protocol", "coco", "--data", data / "mini79_gt.json",
        cwd=tmp_path, columns=columns, resamples=None if intervals else 20,
    )  # fmt: skip
    assert seen.returncode == 0, seen.text
    text = " ".join(seen.text.split())
    for finding in (
        "Most is lost to miss: its repair alone would add 0.2",
        "left ear is wrong most often: 61.3 % of its predictions.",
        "The worst person has 15 of 17 keypoints wrong.",
        "heatmap cells (right, down), within 0.25.",
        "Without this offset alone, AP would be",
        "No part is told from all keypoints (",
        "Expected calibration error: 12.0 % [8.3, 14.9], by chance 4.1 %;",
        "Recalibrated on other images: 8.8 % [0.0, 10.6], by chance 4.5 %.",
        "Recalibrated scores of detections would change AP by -0.065 [",
        "Sigmas 10 % larger would change AP by +0.04",
        "Without sigmas: the median error of the people who are found is 0.034 body lengths [0.030, 0.046].",
    ):
        assert (finding if intervals else finding.partition(" [")[0]) in text
    assert max(map(len, seen.lines)) <= columns
    assert "…" not in seen.text  # no cell is cut
    assert "-0.00 " not in seen.text


def test_json_has_every_part_and_only_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 60)
    monkeypatch.setattr(bootstrap, "RESAMPLES", 8)
    people = pb.load_people("mpii")
    Path("m.csv").write_text(
        "image,light\n" + "".join(f"{name},{'dim' if i % 2 else 'bright'}\n" for i, name in enumerate(people.images))
    )
    cell = people.size.max(axis=1) / 128  # of a network with 128 cells
    pb.save_predictions("off.h5", people.keypoints + 0.5 * cell[:, None, None], people, scores=np.full((60, 16), 0.75))
    done = CliRunner().invoke(
        main,
        [
            "diagnose", "off.h5", "--protocol", "mpii", "--manifest", "m.csv", "--json", "--input-size", "512x512",
            "--pictures", "seen",
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    names = (
        "clouds",
        "confusion",
        "errors",
        "parts",
    )  # all confidences are equal, so there is no picture of calibration
    assert sorted(path.name for path in Path("seen").iterdir()) == [
        f"{n}{end}.png" for n in names for end in ("-dark", "")
    ]
    assert found["headline"]["name"] == "Mean"
    assert sum(found["errors"]["keypoints"].values()) == int((people.visibility > 0).sum())
    overall = found["registration"]["overall"]
    assert (round(overall["x"]["value"], 6), round(overall["y"]["value"], 6), overall["large"]) == (0.5, 0.5, True)
    assert found["registration"]["without_offset"]["Mean"]["after"] == 100
    by_light = {one["name"]: one["people"] for one in found["slices"] if one["by"] == "light"}
    assert sum(by_light.values()) == 60 and set(by_light) == {"dim", "bright"}
    assert found["calibration"]["problem"] == "The file has no confidences of keypoints: all are 0.75."
    assert (found["sigmas"], found["body_lengths"]) == ([], None)
    again = CliRunner().invoke(
        main, ["diagnose", "off.h5", "--protocol", "mpii", "--manifest", "m.csv", "--json", "--input-size", "512x512"]
    )
    assert again.stdout == done.stdout


def test_a_score_of_zero_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    people = pb.load_people("mpii")
    pb.save_predictions("far.h5", people.keypoints + 900, people)
    done = CliRunner().invoke(main, ["diagnose", "far.h5", "--protocol", "mpii"])
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "Mean 0.00 [0.00, 0." in text
    assert "Most is lost to miss: its repair alone would add 100.00 to Mean." in text
    assert "The offset is unknown: no keypoint is within 2 cells of its annotation." in text
    assert "Calibration is unknown. The file has no confidences of keypoints: all are 1." in text


def test_a_perfect_file_has_no_worst_keypoint_person_and_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 12)
    monkeypatch.setattr(bootstrap, "RESAMPLES", 8)
    people = pb.load_people("mpii")
    pb.save_predictions("perfect.h5", people.keypoints, people)
    done = CliRunner().invoke(main, ["diagnose", "perfect.h5", "--protocol", "mpii"])
    assert done.exit_code == 0, done.output
    findings = done.stdout.splitlines()
    assert "No predicted keypoint is wrong." in findings
    assert "All keypoints are right, so no part is worse than another." in findings
    assert "worst person" not in done.stdout


def test_one_image_has_no_intervals_and_sentences_leave_no_gap_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 1)
    monkeypatch.setattr(bootstrap, "RESAMPLES", 8)
    people = pb.load_people("coco")
    pb.save_predictions("one.h5", people.keypoints + 2, people, scores=np.linspace(0.1, 0.9, 17)[None])
    done = CliRunner().invoke(main, ["diagnose", "one.h5", "--protocol", "coco"])
    assert done.exit_code == 0, done.output
    assert "One image: no interval" in done.stdout
    assert "resamples" not in done.stdout
    findings = [line for line in done.stdout.splitlines() if line.startswith(("Expected", "Recalibrated"))]
    assert len(findings) == 2
    assert not any(gap in line for line in findings for gap in (" ;", " .", " ,"))


def test_a_protocol_that_does_not_say_what_is_near_is_named() -> None:
    from posebench.plugins.protocol import Protocol

    with pytest.raises(pb.PosebenchError, match="corners cannot be diagnosed, .* add the method compared"):

        class Corners(Protocol):
            name = "corners"

            def instances(self, root, split):  # type: ignore[no-untyped-def]
                raise NotImplementedError

            def score(self, predictions, instances, convention):  # type: ignore[no-untyped-def]
                raise NotImplementedError

        people = pb.load_people("mpii").take(np.arange(2))
        Corners().compared(None, people, "half")  # type: ignore[arg-type]
