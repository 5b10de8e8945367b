"""A network in use, typed on a terminal: pictures are predicted and drawn, and a network is exported."""

import re
from pathlib import Path

import cv2
import faulty
import pytest
import torch
from terminal import Seen, type_posebench

from posebench.plugins import registry
from posebench.synthetic import people as synthetic
from posebench.training.checkpoints import Checkpoint, save

SKELETON = registry.protocol("mpii").skeleton
WIDTHS = pytest.mark.parametrize("columns", [80, 120])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained checkpoint, and a folder with two people, a damaged file and one of a hostile name."""
    place = tmp_path_factory.mktemp("use")
    (place / "plugins").mkdir()
    faulty.install(place / "plugins")
    torch.manual_seed(0)
    network = faulty.Sound(SKELETON, (64, 64))
    network.name = "Sound"
    save(place / "network.pt", Checkpoint.published(network))
    (place / "pictures").mkdir()
    for name in synthetic.instances(SKELETON, "val", 2).images:
        assert cv2.imwrite(str(place / "pictures" / f"{name}.jpg"), synthetic.draw(name)[..., ::-1])
    (place / "pictures" / "bad\x1b[31m\n.jpg").write_bytes(b"nothing")
    return place


def typed(*arguments: object, folder: Path, columns: int) -> Seen:
    """A command typed in the folder, where the small network `Sound` is installed."""
    return type_posebench(*arguments, cwd=folder, columns=columns, **faulty.variables(folder / "plugins"))


def ended(seen: Seen, code: int) -> Seen:
    assert seen.returncode == code, seen.text
    assert "Traceback" not in seen.text
    return seen


@WIDTHS
def test_pictures_are_predicted_with_a_bar_and_what_is_unreadable_is_named(folder: Path, columns: int) -> None:
    seen = ended(typed("predict", "network.pt", "pictures", folder=folder, columns=columns), 0)
    bar = next(line for line in seen.lines if line.startswith("predict pictures"))
    assert re.search(r"2/2 \d:\d\d:\d\d eta 0:00:00$", bar), bar
    assert r"1 picture could not be read, left out: bad\x1b[31m\n.jpg." in "".join(seen.lines)
    assert b"\x1b[31m" not in seen.raw
    assert seen.lines[-1 - seen.lines[::-1].index("results/pictures/pictures")] == "results/pictures/pictures"
    written = sorted(path.name for path in (folder / "results/pictures/pictures/drawings").iterdir())
    assert written == ["people-seed0-val-000000.jpg", "people-seed0-val-000001.jpg"]


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (("pictures", "--data", "x"), 2, "--data does not apply to a PICTURE. Leave one of the two out."),
        (("pictures", "--no-drawings", "--draw-above", 0.5), 2, "--draw-above does not apply to --no-drawings."),
        (("--protocol", "mpii", "--no-drawings"), 2, "--no-drawings does not apply to --protocol."),
        ((), 2, "Name a dataset with --protocol, or a photograph, folder or video after the checkpoint."),
        (("none.jpg",), 1, "Error: none.jpg does not exist. Name a photograph, a video or a folder."),
        (("pictures", "--device", "abacus"), 1, "Error: There is no device 'abacus' here. There are: cpu"),
        (("--protocol", "mpii", "--device", "abacus"), 1, "Error: There is no device 'abacus' here. There are: cpu"),
        (("pictures", "--boxes", "none.json"), 1, "Error: none.json does not exist; a file of boxes should be there."),
    ],
)
def test_what_does_not_fit_together_ends_in_a_sentence(
    folder: Path, arguments: tuple[object, ...], code: int, sentence: str
) -> None:
    seen = ended(typed("predict", "network.pt", *arguments, folder=folder, columns=120), code)
    assert sentence in seen.text


@WIDTHS
def test_a_network_is_exported_and_the_file_predicts_pictures(folder: Path, columns: int) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript is not installed (posebench-2d[onnx])")
    seen = ended(typed("export-model", "network.pt", "--onnx", "n.onnx", folder=folder, columns=columns), 0)
    said = " ".join(" ".join(seen.lines).split())
    assert "Compared on 16 crops of synthetic people val: outputs differ by up to" in said
    assert said.endswith("n.onnx")
    assert "Warn" not in said
    predicted = typed("predict", "n.onnx", "pictures", "--out", f"o{columns}", folder=folder, columns=columns)
    assert ended(predicted, 0).text.rstrip().endswith(f"o{columns}")
