"""The task `pack`: what is packed, whether it fits, and that training uses it."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mpii_folder import write_folder

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.samples.packing import Packing
from posebench.tasks.dataset import pack as tasks
from posebench.tasks.training import train as training
from posebench.tasks.training.job import Settings, make_job

Usage = namedtuple("Usage", "free")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mpii")


def plan(data: Path, packs: Path, jpeg: bool = False) -> Packing:
    return tasks.plan_pack(protocol("mpii"), data, packs, recipe="quick", coding="jpeg" if jpeg else "raw")


def trained(data: Path, results: Path) -> tuple[dict[str, torch.Tensor], dict, list[str]]:
    """The weights after a step on four people, what the checkpoint says of them, and what was said before."""
    rules = protocol("mpii")
    settings = Settings(recipe="quick", epochs=1, seed=3, workers=0)
    job = make_job("hourglass1", rules, data, settings, results)
    job = replace(job, recipe=job.recipe.changed(precision="no"))  # else it says which one is faster here
    said: list[str] = []
    checkpoint = training.train(job, say=said.append).checkpoint
    content = torch.load(checkpoint, weights_only=True)
    return content["model"], content["trained_on"], said


def test_a_pack_needs_a_recipe(data: Path, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="Add --arch NAME, or --recipe FILE"):
        tasks.plan_pack(protocol("mpii"), data, tmp_path)
    with pytest.raises(PosebenchError, match="Add --arch NAME, or --recipe FILE"):
        tasks.plan_pack(protocol("mpii"), data, tmp_path, recipe="paper")


def test_a_pack_for_a_published_pipeline_has_its_authors_regions(data: Path, tmp_path: Path) -> None:
    paper = tasks.plan_pack(protocol("mpii"), data, tmp_path, arch="hrnet_w32", recipe="paper")
    assert paper.contents.regions == "hrnet"
    assert tasks.plan_pack(protocol("mpii"), data, tmp_path, arch="hrnet_w32", recipe="common").contents.regions == ""
    with pytest.raises(PosebenchError, match=r"hrnet-mpii has the published pipeline, .* Add --arch NAME"):
        tasks.plan_pack(protocol("mpii"), data, tmp_path, recipe="hrnet-mpii")


def test_the_split_that_is_trained_on_is_packed(data: Path, tmp_path: Path) -> None:
    packing = plan(data, tmp_path / "packs")
    assert packing.people.what == "mpii train"
    assert len(packing.people) == len(packing.images) == 4
    assert packing.folder.parent == tmp_path / "packs"
    other = tasks.plan_pack(protocol("mpii"), data, tmp_path / "packs", recipe="quick", split="val")
    assert other.people.what == "mpii val"


def test_a_pack_that_does_not_fit_is_refused_with_both_sizes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packing = plan(data, tmp_path / "packs")
    tasks.check_space(packing)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(packing.bytes_needed))
    with pytest.raises(
        PosebenchError, match=r"needs about \d+ [kM]B, but .*packs has \d+ [kM]B free. .*--packs.*--jpeg"
    ):
        tasks.check_space(packing)
    packing.make(workers=1)
    tasks.check_space(packing)  # what is there needs no more space


def test_training_uses_the_pack_says_so_and_learns_the_same(data: Path, tmp_path: Path) -> None:
    weights, trained_on, said = trained(data, tmp_path / "a")
    assert said == []
    packing = plan(data, tmp_path / "b" / "packs")
    packing.make(workers=1)
    shutil.rmtree(data / "images")  # a pack is all that training needs
    packed, packed_on, packed_said = trained(data, tmp_path / "b")
    assert packed_said == [f"Pixels come from the pack {packing.folder}."]
    assert trained_on.keys() == packed_on.keys()
    for name, value in weights.items():
        torch.testing.assert_close(packed[name], value, atol=0.02, rtol=0, msg=name)


def test_the_checkpoint_says_that_pixels_were_jpeg_coded_again(data: Path, tmp_path: Path) -> None:
    plan(data, tmp_path / "packs", jpeg=True).make(workers=1)
    _, trained_on, said = trained(data, tmp_path)
    assert trained_on["pixels"] == "JPEG-coded pack"
    assert "Its pixels are JPEG-coded and differ from the photographs'." in said[0]


def test_training_says_that_the_packs_of_its_split_do_not_fit(data: Path, tmp_path: Path) -> None:
    tasks.plan_pack(protocol("mpii"), data, tmp_path / "packs", arch="hourglass1").make(workers=1)
    _, _, said = trained(data, tmp_path)
    assert said == [
        f"No pack of mpii train in {tmp_path / 'packs'} fits this recipe and these annotations; the photographs are read."
    ]
