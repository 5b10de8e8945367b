"""Bad data in a run: it ends in a sentence, or is survived and counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coco_data import annotation
from small_coco import name_of, write_coco

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK
from posebench.plugins.registry import architecture, protocol
from posebench.results.folder import ResultsFolder
from posebench.samples.loader import Samples
from posebench.tasks.people import load_people
from posebench.tasks.prediction.predict import predict
from posebench.tasks.scoring.evaluate import evaluate
from posebench.tasks.training.job import Job
from posebench.tasks.training.train import train

COCO = protocol("coco")
FAR = 1e6


def test_photographs_deleted_and_truncated_mid_run_are_counted_in_the_record(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    recipe = QUICK.model_copy(update={"epochs": 2, "batch_size": 2, "pretrained": False})
    job = Job("hourglass1", COCO, root, recipe, 0, ResultsFolder(tmp_path / "results"))

    def spoil(progress: object) -> None:
        (root / "train2017" / name_of("train", 3)).unlink(missing_ok=True)
        file = root / "val2017" / name_of("val", 2)
        file.write_bytes(file.read_bytes()[:500])

    trained = train(job, show=spoil)
    assert trained.notes == ("1 photograph could not be read; its people were not trained on: train_3.png",)
    people = load_people(COCO, root)
    predicted = predict(trained.checkpoint, COCO, people, tmp_path / "p.h5")
    assert predicted.notes == ("1 photograph could not be read; its people count as missed: val_2.png",)
    record = evaluate(predicted.predictions, COCO, people).record
    assert record.model.trained_on is not None
    assert record.model.trained_on.unreadable == ["train_3.png"]


@pytest.mark.parametrize("arch", ["hourglass1", "simplebaseline_resnet50"])
def test_a_keypoint_a_million_pixels_away_has_no_target_and_a_finite_loss(arch: str, tmp_path: Path) -> None:
    values = list(annotation()["keypoints"])
    values[0] = FAR
    people = load_people(COCO, write_coco(tmp_path / "d", {("train", 1): {"keypoints": values}}), "train")
    sample = Samples(people, (64, 64))[0, 0]
    keypoints = torch.as_tensor(sample["keypoints"])[None]
    visible = torch.as_tensor(sample["visible"])[None]
    with torch.device("meta"):  # targets and losses need no weights
        model = architecture(arch, COCO.skeleton, (64, 64))
    targets = model.targets(keypoints, visible)
    assert targets is not None
    assert (targets.amax(dim=(2, 3)) > 0)[0].tolist() == [False] + [True] * 16
    outputs = torch.zeros_like(targets)
    loss = model.loss(outputs[:, None] if arch == "hourglass1" else outputs, keypoints, visible)
    assert isinstance(loss, dict)
    assert all(torch.isfinite(part) for part in loss.values())


def test_a_box_off_the_image_is_a_black_crop(tmp_path: Path) -> None:
    people = load_people(COCO, write_coco(tmp_path / "d", {("train", 1): {"bbox": [900, 900, 40, 50]}}), "train")
    sample = Samples(people, (32, 48))[0, 0]
    assert (sample["images"].shape, int(sample["images"].max()), bool(sample["readable"])) == ((48, 32, 3), 0, True)


def test_a_box_of_no_size_is_not_trained_on(tmp_path: Path) -> None:
    people = load_people(COCO, write_coco(tmp_path / "d", {("train", 2): {"bbox": [20, 30, 0, 60]}}), "train")
    assert people.usable.tolist() == [True, False, True, True]


def test_a_region_of_no_size_is_refused_with_the_first_three(two_people: Instances) -> None:
    size = two_people.size.copy()
    size[1, 0] = 0
    with pytest.raises(PosebenchError, match=r"region of row 1 \(a.jpg, person 1\) has no width or no height"):
        replace(two_people, size=size)
    assert len(replace(two_people, size=size, usable=np.array([True, False]))) == 2


def test_coordinates_that_are_not_finite_are_counted_and_the_first_three_named(two_people: Instances) -> None:
    four = two_people.take(np.array([0, 1, 0, 1, 0]))
    keypoints = four.keypoints.copy()
    keypoints[1:, 3] = np.nan
    with pytest.raises(PosebenchError) as error:
        replace(four, keypoints=keypoints, person=np.arange(5))
    assert str(error.value) == (
        "mpii val: keypoints of 4 people (row 1 (a.jpg, person 1), row 2 (a.jpg, person 2), row 3 (a.jpg, person 3), …) "
        "is not finite."
    )
