"""The picture of a comparison: which differences, from which run, and in which direction."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.colors import to_hex
from records import COCO, FLIC, record

import posebench as pb
from posebench.cli.main import main
from posebench.report.plots.plot_differences import differences
from posebench.report.plots.plot_style import PALETTE
from posebench.scoring.comparison import Difference, Pair

WORSE, BEST = record("worse", FLIC, metrics={"Elbow": 90.0}), record("best", FLIC, metrics={"Elbow": 95.0})
HEADLINE = Difference("Elbow", 90.0, 95.0, (-6.0, -4.5), 0.01)
WRIST, NOSE = Difference("left_wrist", 80.0, 79.0, (-0.5, 2.5), 0.4), Difference("nose", 70.0, 73.0, None, None)
PAIR = Pair("worse", "best", HEADLINE, (HEADLINE,), (WRIST, NOSE))
TURNED = Pair(
    "best", "worse", Difference("Elbow", 95.0, 90.0, (4.5, 6.0), 0.01), (),
    (Difference("left_wrist", 79.0, 80.0, (-2.5, 0.5), 0.4), Difference("nose", 73.0, 70.0, None, None)),
)  # fmt: skip


@pytest.mark.parametrize("pair", [PAIR, TURNED])
def test_differences_are_of_the_other_run_less_the_best_one(pair: Pair) -> None:
    (axis,) = differences([WORSE, BEST], [pair]).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["Elbow", "nose", "left wrist"]
    dots = [part for part in axis.collections if not hasattr(part, "get_segments")]
    assert [dot.get_offsets()[0].tolist() for dot in dots] == [[-5, 0], [-3, 1], [1, 2]]
    lines = [part.get_segments()[0].tolist() for part in axis.collections if hasattr(part, "get_segments")]
    assert lines == [[[-6, 0], [-4.5, 0]], [[-0.5, 2], [2.5, 2]]]
    assert [to_hex(dot.get_facecolor()[0]) for dot in dots] == [PALETTE[0].lower(), "#ffffff", "#ffffff"]
    assert "best, flic test" in axis.figure.texts[0].get_text()


def test_of_three_runs_the_best_one_is_compared_with_both_others() -> None:
    third = record("third", FLIC, metrics={"Elbow": 80.0})
    pairs = [Pair(a, b, HEADLINE, (), (WRIST,)) for a, b in (("worse", "best"), ("worse", "third"), ("best", "third"))]
    (axis,) = differences([WORSE, BEST, third], pairs).axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["worse", "third"]


def test_without_scores_of_keypoints_the_metrics_are_drawn() -> None:
    metrics = Difference("AP", 0.7, 0.6, (0.05, 0.15), 0.01), Difference("AR", 0.8, 0.75, None, None)
    runs = [record(name, COCO, metrics={"AP": value, "AR": 0.8}) for name, value in (("a", 0.7), ("b", 0.6))]
    (axis,) = differences(runs, [Pair("a", "b", metrics[0], metrics, ())]).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["AP", "AR"]
    assert axis.get_xlabel() == "difference"


def test_the_command_writes_the_picture_and_refuses_it_for_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    people = pb.load_people("mpii")
    for pixels in (0, 9):
        pb.save_predictions(f"{pixels}.h5", people.keypoints + np.array([pixels, 0]), people)
    done = CliRunner().invoke(main, ["compare", "0.h5", "9.h5", "--protocol", "mpii", "--pictures", "seen", "-q"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "seen/differences.png"
    assert sorted(path.name for path in Path("seen").iterdir()) == ["differences-dark.png", "differences.png"]
    refused = CliRunner().invoke(main, ["compare", "one", "other", "--protocol", "mpii", "--pictures", "seen"])
    assert "--pictures is for predictions files" in refused.output
