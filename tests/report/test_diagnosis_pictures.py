"""Pictures of a diagnosis: what is drawn of it, and which files there are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coco_case import plain
from coco_data import written
from records import COCO, record

import posebench as pb
from posebench.diagnosis.calibration import Calibration
from posebench.diagnosis.clouds import clouds
from posebench.diagnosis.confusions import confusions
from posebench.diagnosis.error_kinds import KINDS
from posebench.plugins import registry
from posebench.report.plots import plot_clouds, plot_confusion, plot_errors
from posebench.report.plots.plot_precision import precision
from posebench.tasks.diagnose import Diagnosis


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    """Drawn people whose keypoints are 1 pixel too far right; every second right wrist is at the left one."""
    people = pb.load_people("mpii")
    keypoints = people.keypoints + [1.0, 0.0]
    right, left = people.skeleton.index("right_wrist", "left_wrist")
    keypoints[::2, right] = people.keypoints[::2, left]
    scores = np.linspace(0.1, 0.9, keypoints[..., 0].size).reshape(keypoints.shape[:2])
    path = pb.save_predictions(tmp_path_factory.mktemp("diagnosed") / "x.h5", keypoints, people, scores=scores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.scoring.bootstrap.RESAMPLES", 20)  # bars and dots are read, not their intervals
        return pb.diagnose(path, protocol="mpii")


def test_kinds_of_errors_are_bars_of_their_share(found: Diagnosis) -> None:
    kept = found.kept("x")
    shares, gains = plot_errors.errors(found.evaluation.record, kept).axes
    names = [label.get_text() for label in shares.get_yticklabels()]
    bars = {container.get_label(): [bar.get_width() for bar in container] for container in shares.containers}
    wrist = names.index("right wrist")
    for kind, name in enumerate(KINDS[1:], start=1):
        assert bars[name][wrist] == pytest.approx(
            100 * kept.joints["right_wrist"][kind] / sum(kept.joints["right_wrist"])
        )
    assert bars["inversion"][wrist] > 20
    assert names[:3] == ["all", "head top", "upper neck"]
    assert [label.get_text() for label in gains.get_yticklabels()] == ["jitter", "inversion", "swap", "miss", "all"]
    assert gains.get_xlabel() == "what its repair alone adds to Mean\n(percentage points)"


def test_parts_of_the_data_have_their_number_of_people_beside_them(found: Diagnosis) -> None:
    (axis,) = plot_errors.parts(found.evaluation.record, found.kept("x")).axes
    assert axis.get_yticklabels()[0].get_text() == "all"
    assert axis.texts[0].get_text() == "500 people"
    assert len(axis.texts) == len(found.slices) == len(axis.get_yticks())


def test_calibration_is_a_dot_for_each_part_and_the_diagonal(found: Diagnosis) -> None:
    (axis,) = plot_errors.calibration(found.evaluation.record, found.kept("x")).axes
    dots, diagonal = axis.lines
    assert dots.get_xdata() == pytest.approx([one.confidence for one in found.calibration.bins])
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 100]]
    none = found.kept("x").model_copy(update={"calibration": Calibration(problem="no confidences")})
    assert plot_errors.calibration(found.evaluation.record, none) is None


def test_precision_over_recall_is_a_line_for_each_oks_and_the_areas_below_them_are_ap(tmp_path: Path) -> None:
    case = plain(np.random.default_rng(5))
    truth, found = written(tmp_path / "gt.json", case.truth), written(tmp_path / "dt.json", case.detections)
    protocol = registry.protocol("coco")
    people = protocol.instances(truth, "val")
    predictions = protocol.read_predictions(found, people)
    metrics = protocol.score(predictions, people, "official").metrics
    curves = protocol.compared(predictions, people, "official").detected.precision()
    areas = [np.mean(curve.values) for curve in curves]
    assert (areas[0], areas[5], np.mean(areas)) == pytest.approx((metrics["AP50"], metrics["AP75"], metrics["AP"]))
    (axis,) = precision(record(base=COCO), curves).axes
    assert [line.get_xydata()[:2, 0].tolist() for line in axis.lines] == [[0, 0.01]] * 10
    assert axis.get_legend().get_texts()[5].get_text() == f"OKS 0.75   {metrics['AP75']:.3f}"
    assert precision(record(), ()) is None


def test_a_cloud_has_its_median_as_a_cross_and_the_truth_in_its_middle(found: Diagnosis) -> None:
    measured = clouds(found.compared)
    figure = plot_clouds.clouds(found.evaluation.record, measured, "PCKh@0.5", 0.25, found.registration)
    axis = figure.axes[0]
    cross = axis.lines[-1]
    name, offset, outside = (text.get_text() for text in axis.texts)
    assert (name, offset[:9], outside) == ("head top", "offset +0", "0 % outside")
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (measured["head_top"].x, measured["head_top"].y)
    (square,) = axis.patches
    assert (square.get_x(), square.get_width()) == (-0.125, 0.25)
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # down is down


def test_a_confusion_is_a_number_in_its_row_and_column(found: Diagnosis) -> None:
    names = found.compared.people.skeleton.keypoints
    measured = confusions(found.compared)
    figure = plot_confusion.confusion(found.evaluation.record, measured, names, "PCKh@0.5")
    same = figure.axes[0]
    labels = [label.get_text() for label in same.get_yticklabels()]
    at = labels.index("left wrist"), labels.index("right wrist")
    (share,) = [float(text.get_text()) for text in same.texts if text.get_position() == at]
    assert 20 < share < 80


def test_without_predictions_there_are_no_confusions(found: Diagnosis) -> None:
    names = found.compared.people.skeleton.keypoints
    none = replace(confusions(found.compared), predictions=np.zeros(len(names), int))
    assert plot_confusion.confusion(found.evaluation.record, none, names, "PCKh@0.5") is None


def test_confusions_with_the_same_and_with_other_people_have_one_scale_of_colours(found: Diagnosis) -> None:
    names = found.compared.people.skeleton.keypoints
    measured = replace(confusions(found.compared), other=np.eye(len(names), dtype=int))
    same, other, scale = plot_confusion.confusion(found.evaluation.record, measured, names, "PCKh@0.5").axes
    assert same.images[-1].get_clim() == other.images[-1].get_clim() == scale.get_ylim()
    assert (same.get_ylabel(), other.get_xlabel()) == ("predicted keypoint", "annotated keypoint")
    alone = plot_confusion.confusion(
        found.evaluation.record, replace(measured, other=0 * measured.other), names, "PCKh@0.5"
    )
    assert [axis.get_title("left") for axis in alone.axes] == ["of the same person", ""]
