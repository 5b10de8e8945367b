"""Predicting pictures: the same keypoints as on a dataset, files that can be read again, drawings, and nothing lost."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from narrow import narrow

from posebench.data import predictions
from posebench.errors import Interrupted, PosebenchError
from posebench.files.writing import write_text
from posebench.inference import predict_frames
from posebench.inference.pictures import VideoFacts, video_facts
from posebench.inference.predict import predict
from posebench.inference.ways import How
from posebench.plugins import registry
from posebench.report.galleries import draw_pictures
from posebench.report.galleries.draw_pictures import write_video
from posebench.synthetic import people as synthetic
from posebench.tasks.prediction.predict_pictures import PictureJob, drawing_name, predict_pictures, skeleton_of
from posebench.training.checkpoints import Checkpoint, save

SKELETON = registry.protocol("coco").skeleton
PEOPLE = synthetic.instances(SKELETON, "val", 3)


@pytest.fixture(scope="module", autouse=True)
def _narrow() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch)
        yield


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained hourglass: it finds the same places in the same crops, which is all that these tests ask."""
    torch.manual_seed(0)
    model = registry.architecture("hourglass1", SKELETON, (64, 64))
    path = tmp_path_factory.mktemp("network") / "network.pt"
    save(path, Checkpoint.published(model))
    return path


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Three synthetic people as PNG files."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in PEOPLE.images:
        assert cv2.imwrite(str(folder / f"{name}.png"), synthetic.draw(name)[..., ::-1])
    return folder


def test_people_without_a_high_score_are_counted_with_the_option_that_draws_them(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    (note,) = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out", draw_above=0.99)).notes
    found = re.fullmatch(
        r"3 people are not drawn: no keypoint has a score above 0\.99; the highest is (\S+)\. "
        r"Lower scores are drawn with --draw-above (\S+)\.",
        note,
    )
    assert found is not None, note
    highest = predictions.load(tmp_path / "out" / "predictions.h5").scores.max()
    assert float(found[1]) == pytest.approx(highest, rel=0.05)
    assert 0 < float(found[2]) < highest


def boxes_file(path: Path) -> Path:
    rows = [
        f"{name}.png,{','.join(map(str, box))}" for name, box in zip(PEOPLE.images, PEOPLE.bbox.tolist(), strict=True)
    ]
    write_text(path, "image,x,y,width,height\n" + "\n".join(rows) + "\n")
    return path


def test_people_in_boxes_are_those_of_a_dataset_with_the_same_boxes(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    job = PictureJob(checkpoint, (photographs,), tmp_path / "out", boxes_file(tmp_path / "boxes.csv"))
    made = predictions.load(predict_pictures(job).predictions)
    # A box counts the edges of pixels, as COCO does: its middle is half a pixel less than posebench's synthetic people state.
    people = replace(PEOPLE, center=PEOPLE.center - 0.5)
    from posebench.training import checkpoints

    model = checkpoints.load(checkpoint).network(SKELETON, checkpoint)
    expected, _ = predict(model, people)
    np.testing.assert_allclose(made.keypoints, expected.keypoints, atol=1e-9)
    np.testing.assert_allclose(made.scores, expected.scores, atol=1e-6)
    np.testing.assert_allclose(made.region, expected.region)


def test_real_people_in_a_detectors_boxes_are_those_of_the_coco_protocol(
    checkpoint: Path, shared: Path, tmp_path: Path
) -> None:
    root = shared / "data/coco/mini"
    protocol = registry.protocol("coco")
    annotated = protocol.instances(root, "val")
    rows = annotated.take(annotated.usable)
    boxes = [
        {"image_id": int(annotated.image_ids[image]), "category_id": 1, "bbox": box, "score": 0.5}
        for image, box in zip(rows.image.tolist(), rows.bbox.tolist(), strict=True)
    ]
    write_text(tmp_path / "boxes.json", json.dumps(boxes))
    from posebench.training import checkpoints

    model = checkpoints.load(checkpoint).network(SKELETON, checkpoint)
    expected, _ = predict(model, protocol.detected(annotated, tmp_path / "boxes.json", 0.0))
    job = PictureJob(checkpoint, (root / "val2017",), tmp_path / "out", tmp_path / "boxes.json", draw_above=0.0)
    made = predict_pictures(job)
    found = predictions.load(made.predictions)
    assert len(found) == len(boxes) > 50
    ours = {
        (found.images[i], *b): k for i, b, k in zip(found.image, found.input_box.tolist(), found.keypoints, strict=True)
    }
    for image, box, keypoints in zip(expected.image, expected.input_box.tolist(), expected.keypoints, strict=True):
        np.testing.assert_allclose(ours[(expected.images[image], *box)], keypoints, atol=1e-9)
    assert len(list(made.drawings.iterdir())) == len(set(found.images))


def test_a_whole_picture_is_a_box_without_padding(checkpoint: Path, photographs: Path, tmp_path: Path) -> None:
    made = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out"))
    found = predictions.load(made.predictions)
    height, width = synthetic.draw(PEOPLE.images[0]).shape[:2]
    assert found.input_box[0].tolist() == [0, 0, width, height]
    side = max(width, height)
    assert found.region[0].tolist() == [(width - 1) / 2, (height - 1) / 2, side, side]
    assert (found.box_source, made.drawings) == ("whole pictures", None)


def test_a_faster_way_finds_the_same_people_and_says_what_it_changes(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    plain = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "plain"))
    made = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "fast", how=How(folded=True)))
    (note,) = made.notes
    assert note.startswith("folded fp32, against the plain network: outputs differ by up to")
    one, other = predictions.load(plain.predictions), predictions.load(made.predictions)
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-4)
    assert other.provenance.inference is not None
    assert (other.provenance.inference.way, other.provenance.arch) == ("folded fp32", "hourglass1")


def test_frames_are_predicted_in_their_order_however_many_boxes_each_has(
    checkpoint: Path, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{PEOPLE.images[i]}.png,{5 * k},{3 * k},90,120" for i, count in ((0, 5), (2, 3)) for k in range(count)]
    write_text(tmp_path / "boxes.csv", "image,x,y,width,height\n" + "\n".join(lines) + "\n")
    job = PictureJob(checkpoint, (photographs,), tmp_path / "out", tmp_path / "boxes.csv")
    whole = predictions.load(predict_pictures(job).predictions)
    assert whole.image.tolist() == [0, 0, 0, 0, 0, 2, 2, 2]
    assert whole.input_box[:, 0].tolist() == [0, 5, 10, 15, 20, 0, 5, 10]
    monkeypatch.setattr(predict_frames, "BATCH_SIZE", 2)
    parts = predictions.load(predict_pictures(job).predictions)
    np.testing.assert_allclose(parts.keypoints, whole.keypoints)
    monkeypatch.setattr(predict_frames, "BATCH_SIZE", 32)
    monkeypatch.setattr(predict_frames, "LONGEST_WAIT", 1)
    parts = predictions.load(predict_pictures(job).predictions)
    np.testing.assert_allclose(parts.keypoints, whole.keypoints)


def test_the_json_has_the_same_people_as_the_predictions_file(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    made = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out"))
    table, found = json.loads(made.table.read_text()), predictions.load(made.predictions)
    assert table["keypoint_names"] == list(SKELETON.keypoints)
    assert [picture["name"] for picture in table["pictures"]] == list(found.images)
    triples = np.array([picture["people"][0]["keypoints"] for picture in table["pictures"]])
    np.testing.assert_allclose(triples[..., :2], found.keypoints, atol=1e-4)
    np.testing.assert_allclose(triples[..., 2], found.scores, atol=1e-4)


def test_a_drawing_has_the_photographs_size_and_name_and_shows_something(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    made = predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out", draw_above=-1.0))
    before = cv2.imread(str(photographs / f"{PEOPLE.images[0]}.png"))
    after = cv2.imread(str(made.drawings / f"{PEOPLE.images[0]}.png"))
    assert after.shape == before.shape
    assert 0.005 < (after != before).any(axis=2).mean() < 0.9


def test_a_video_becomes_a_video_of_the_same_rate_and_length(checkpoint: Path, tmp_path: Path) -> None:
    frames = [cv2.resize(synthetic.draw(name), (96, 128)) for name in PEOPLE.images]
    write_video(iter(frames * 15), 12.0, tmp_path / "clip.avi")
    made = predict_pictures(PictureJob(checkpoint, (tmp_path / "clip.avi",), tmp_path / "out", draw_above=-1.0))
    assert video_facts(made.drawings / "clip.avi.mp4") == VideoFacts(45, 12.0)
    assert predictions.load(made.predictions).images[44] == "clip.avi#44"


def test_unreadable_pictures_and_pictures_without_boxes_are_counted_and_named(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    for name in ("broken1.jpg", "broken2.png"):
        (photographs / name).write_bytes(b"\xff\xd8 nothing")
    shutil.copy(photographs / f"{PEOPLE.images[0]}.png", photographs / "other.png")
    job = PictureJob(checkpoint, (photographs,), tmp_path / "out", boxes_file(tmp_path / "boxes.csv"))
    made = predict_pictures(job)
    assert made.notes == (
        "2 pictures could not be read, left out: broken1.jpg, broken2.png.",
        "1 picture has no box, such as other.png.",
    )
    assert json.loads(made.table.read_text())["unreadable"] == ["broken1.jpg", "broken2.png"]


def test_a_video_that_cannot_be_drawn_is_predicted_all_the_same(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video((np.full((48, 64, 3), 9 * i, np.uint8) for i in range(7)), 12.0, tmp_path / "clip.mp4")
    monkeypatch.setattr(draw_pictures, "CODEC", "none")
    made = predict_pictures(PictureJob(checkpoint, (tmp_path / "clip.mp4",), tmp_path / "out", draw_above=0.0))
    assert len(predictions.load(made.predictions)) == 7
    (note,) = made.notes
    assert note.startswith("clip.mp4 was predicted, but not drawn: OpenCV does not write videos of 48x64 pixels")
    assert list((tmp_path / "out" / "drawings").iterdir()) == []


def test_if_nothing_can_be_read_it_is_an_error_and_nothing_is_written(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(PosebenchError, match=r"1 picture could not be read, so there is nothing to predict: a.jpg"):
        predict_pictures(PictureJob(checkpoint, (tmp_path / "a.jpg",), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_after_ctrl_c_the_people_found_until_then_are_in_the_files(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Stopped after 2 of 3"):
        predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out", draw_above=0.0), interrupt)
    assert len(predictions.load(tmp_path / "out" / "predictions.h5")) == 2


def test_a_threshold_without_boxes_is_refused(checkpoint: Path, photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="--box-threshold applies to the scores of --boxes"):
        predict_pictures(PictureJob(checkpoint, (photographs,), tmp_path / "out", box_threshold=0.5))


def test_a_drawings_name_is_cut_where_a_temporary_name_would_be_too_long() -> None:
    long = "é" * 120 + ".jpg"
    assert drawing_name("sub/a.jpg") == "sub/a.jpg"
    assert len(drawing_name(long).encode()) <= 200
    assert drawing_name(long).endswith(".jpg")
    assert drawing_name(long) != drawing_name("é" * 121 + ".jpg")


def test_bones_are_those_of_the_protocol_with_the_same_keypoints() -> None:
    assert skeleton_of(SKELETON.keypoints) == SKELETON
    assert skeleton_of(("left_ear", "tail")).bones == ()
