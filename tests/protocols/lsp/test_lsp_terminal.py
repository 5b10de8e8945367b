"""LSP on a terminal: what a person reads of a published file and of a run on LSPET's photographs."""

import json
from pathlib import Path

import faulty
import pytest
from terminal import type_posebench


@pytest.mark.parametrize("columns", [80, 120])
def test_a_published_file_is_scored_without_a_word_on_its_form(shared: Path, tmp_path: Path, columns: int) -> None:
    data = shared / "data/lsp"
    seen = type_posebench(
        "evaluate", data / "predictions/yang16_pc.mat", "--protocol", "lsp", "--data", data, "--trained-on", "LSP",
        cwd=tmp_path, columns=columns,
    )  # fmt: skip
    assert seen.returncode == 0
    assert "yang16_pc on lsp test: 1,000 people in 1,000 images" in seen.text
    (mean,) = [line.split() for line in seen.lines if line.startswith("Mean ")]
    assert mean == ["Mean", "73.5571", "72.0–75.1"]
    assert "Note:" not in seen.text


def test_a_run_without_lsps_own_images_says_which_split_it_uses(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    plugins = faulty.variables(faulty.install(tmp_path / "plugins"))
    seen = type_posebench(
        "run", "--arch", "Sound", "--protocol", "lsp", "--data", shared / "data/lsp", "--recipe", "quick",
        "--epochs", 1, "--limit", 8, "--workers", 0, "--results", "r", cwd=tmp_path, columns=120, **plugins,
    )  # fmt: skip
    assert seen.returncode == 0, seen.text
    text = " ".join(seen.text.split())
    assert "has no images of LSP itself, so training is on lspet-train and scores are on lspet-val" in text
    assert "Sound on lsp lspet-val: 718 people in 718 images" in text
    assert "lspet-train and lspet-val are posebench's own split of LSP extended and nobody's official one" in text
    assert "annotators' own agreement" in text
    record = json.loads(next((tmp_path / "r/records").iterdir()).read_text())
    trained_on = record["model"]["trained_on"]
    assert (trained_on["dataset"], trained_on["split"], trained_on["people"]) == ("lsp", "lspet-train", 8)
