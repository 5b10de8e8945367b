"""`posebench heatmaps`: which keypoints are shown, and what is refused."""

import dataclasses
from pathlib import Path
from typing import Any

import entry
import numpy as np
import pytest
import torch

import posebench as pb
from posebench.data.geometry import transform
from posebench.data.instances import Instances
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.inference.heatmap_file import open_heatmaps
from posebench.inference.heatmap_writer import HeatmapForm, keep_heatmaps
from posebench.inference.predict import regions, samples_for
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.tasks.prediction.show_heatmaps import _rows_of, choose, show_heatmaps

SKELETON = protocol("mpii").skeleton
K = len(SKELETON)
HEAD, WRIST = SKELETON.index("head_top", "left_wrist")


def written(path: Path, people: Instances, model: Any, stacks: int = 2) -> None:
    """Heatmaps with a peak at every annotation; in the first stack, person 1's head is in the corner and person 2's wrist is."""
    batch = samples_for(model, people).batch([(0, row) for row in range(len(people))])
    maps = torch.zeros(len(people), stacks, K, 32, 32)
    for row in range(len(people)):
        cells = np.clip(np.round((batch.keypoints[row].numpy() - 1.5) / 4), 0, 31).astype(int)
        for joint, (x, y) in enumerate(cells):
            maps[row, :, joint, y, x] = 1
    maps[1, 0, HEAD, 0, 0] = maps[2, 0, WRIST, 31, 31] = 2
    form = HeatmapForm(len(people), K, tuple(range(1, stacks + 1)), ("upright",), (32, 32), 4)
    region = regions(people, (128, 128))
    keep_heatmaps(path, model, form, people, region, Provenance(arch="net"), lambda it: it.add(batch, maps, None))


@pytest.fixture(scope="module")
def people() -> Instances:
    return synthetic.instances(SKELETON, "val", 3)


@pytest.fixture(scope="module")
def model() -> Any:
    from faulty import Sound

    return Sound(SKELETON, (128, 128))


@pytest.fixture(scope="module")
def file(people: Instances, model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "maps.h5"
    written(path, people, model)
    return path


def chosen(file: Path, people: Instances, rows: tuple[int, ...] = (), places: tuple[int, ...] = ()) -> Any:
    with open_heatmaps(file) as kept:
        return choose(kept, people, _rows_of(kept, people, file), rows, places)


def test_the_keypoints_that_the_last_stack_corrects_come_first(file: Path, people: Instances) -> None:
    assert set(chosen(file, people)[:2]) == {(1, HEAD), (2, WRIST)}
    assert chosen(file, people, rows=(2,))[0] == (2, WRIST)
    assert chosen(file, people, places=(HEAD,))[0] == (1, HEAD)


def test_named_keypoints_of_named_people_are_shown_in_their_order(file: Path, people: Instances) -> None:
    assert chosen(file, people, (2, 0), (WRIST, HEAD)) == [(2, WRIST), (2, HEAD), (0, WRIST), (0, HEAD)]


def test_of_a_network_with_one_stack_the_largest_errors_are_shown(
    tmp_path: Path, people: Instances, model: Any
) -> None:
    written(tmp_path / "maps.h5", people, model, stacks=1)
    assert set(chosen(tmp_path / "maps.h5", people)[:2]) == {(1, HEAD), (2, WRIST)}


def test_a_keypoint_of_the_sheet_has_its_distance_in_cells(file: Path, people: Instances) -> None:
    from posebench.samples.images import ImageReader
    from posebench.tasks.prediction.show_heatmaps import _seen

    with open_heatmaps(file) as kept:
        seen = _seen(kept, people, 1, 1, HEAD, ImageReader(people))
    corner = np.hypot(*(seen.annotated[HEAD] - 1.5)) / 4  # the first cell's middle is at pixel 1.5
    assert seen.errors == pytest.approx([corner, seen.errors[1]])
    assert seen.errors[1] < 1
    assert (seen.crop.shape, seen.maps.shape) == ((256, 256, 3), (2, 32, 32))
    assert transform(kept.to_image[1], seen.annotated) == pytest.approx(people.keypoints[1])


def test_the_same_file_makes_the_same_picture(file: Path, people: Instances, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        show_heatmaps(file, people, tmp_path / name, rows=[1], keypoints=["head_top"])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_file_of_other_people_is_refused(file: Path, people: Instances, tmp_path: Path) -> None:
    fewer = dataclasses.replace(people, split="train")
    with pytest.raises(
        PosebenchError, match=r"has heatmaps of .* val, but these people are .* train\. Use --split val\."
    ):
        show_heatmaps(file, fewer, tmp_path / "a.png")
    with pytest.raises(PosebenchError, match="person 0, whom synthetic people val does not have"):
        show_heatmaps(file, people.take(np.array([0, 1])), tmp_path / "a.png")


def test_nothing_labelled_is_nothing_to_show(file: Path, people: Instances, tmp_path: Path) -> None:
    blank = dataclasses.replace(people, visibility=np.zeros_like(people.visibility))
    with pytest.raises(PosebenchError, match="None of these keypoints is labelled"):
        show_heatmaps(file, blank, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--row", 9), "--row 9 is not among the people of the heatmap file. It has 3 of synthetic people val"),
        (("--joint", "left_wirst"), "Did you mean 'left_wrist'?"),
        (("--out", "x.jpg"), "--out x.jpg should end in .png"),
    ],
)
def test_a_wrong_option_is_refused(file: Path, arguments: tuple[Any, ...], sentence: str) -> None:
    done = entry.posebench("heatmaps", file, "--protocol", "mpii", *arguments, cwd=file.parent, people=3)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())


def test_the_picture_is_beside_the_heatmap_file(file: Path) -> None:
    done = entry.posebench("heatmaps", file.name, "--protocol", "mpii", "--row", 2, cwd=file.parent, people=3)
    assert (done.returncode, done.stdout) == (0, "maps.png\n"), done.stderr
    assert (file.parent / "maps.png").read_bytes().startswith(b"\x89PNG")


def test_python_draws_the_same_sheet(
    file: Path, people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
    drawn = pb.draw_heatmaps(file, protocol="mpii", rows=[1], joints=["head_top"], out=tmp_path / "python.png")
    show_heatmaps(file, people, tmp_path / "task.png", [1], ["head_top"])
    assert drawn.read_bytes() == (tmp_path / "task.png").read_bytes()
