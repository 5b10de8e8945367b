"""The Python front door: light to import, complete, and equal to the command line."""

import doctest
import subprocess
import sys
from inspect import signature
from pathlib import Path
from types import ModuleType

import cv2
import faulty
import numpy as np
import pandas as pd
import pytest
import torch
from narrow import narrow
from records import record

import posebench as pb
from posebench.api import diagnosis, networks, results, scoring
from posebench.cli.predict import DRAW_ABOVE
from posebench.plugins.registry import architecture, protocol
from posebench.results.record import save_record
from posebench.training import published_weights
from posebench.training.checkpoints import Checkpoint, save


def test_importing_posebench_imports_nothing_heavy() -> None:
    code = "import posebench, sys; sys.exit(' '.join({'torch', 'pandas', 'numpy', 'pydantic', 'scipy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == "\n"


@pytest.mark.parametrize("name", pb.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(pb, name) is not None


def test_a_notebook_offers_public_names_alone() -> None:
    assert pb.errors and pb.array_type  # submodules that others have imported
    assert sorted(pb.__all__) == dir(pb)
    assert {"Any", "TYPE_CHECKING", "array_type", "errors", "import_module"}.isdisjoint(dir(pb))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'evalute'"):
        pb.evalute  # noqa: B018


def test_every_function_has_a_documentation_with_its_errors() -> None:
    for name in (name for names in pb._FUNCTIONS.values() for name in names):
        documentation = getattr(pb, name).__doc__
        assert "Raises:" in documentation, name


@pytest.mark.parametrize("module, examples", [(diagnosis, 5), (networks, 1), (results, 20), (scoring, 22)])
def test_the_examples_of_the_documentation_run(
    module: ModuleType, examples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(module, extraglobs={"pb": pb})
    assert found.failed == 0
    assert found.attempted >= examples


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two predictions files of synthetic MPII people, errors of 2 and of 9 pixels."""
    from posebench.data.predictions import for_instances, save

    folder = tmp_path_factory.mktemp("files")
    people = pb.load_people("mpii")
    rng = np.random.default_rng(0)
    for name, error in (("near", 2.0), ("far", 9.0)):
        save(
            for_instances(people, people.keypoints + rng.normal(0, error, people.keypoints.shape)),
            folder / f"{name}.h5",
        )
    return [folder / "near.h5", folder / "far.h5"]


def test_saved_predictions_name_their_network_and_score_as_their_arrays(tmp_path: Path) -> None:
    people = pb.load_people("lsp").take(np.arange(7))
    keypoints = people.keypoints + 3.0
    keypoints[2, 5] = np.nan
    file = pb.save_predictions(
        tmp_path / "mine.h5", keypoints, people, arch="mynet", input_size=(192, 256), parameters=12, trained_on="MPII"
    )
    result = pb.evaluate(file, protocol="lsp", people=people)
    model = result.record.model
    assert (model.arch, model.input_size, model.parameters) == ("mynet", (192, 256), 12)
    assert model.trained_on is not None and model.trained_on.dataset == "MPII"
    assert result.metrics == pb.score(keypoints, people, protocol="lsp").metrics
    with pytest.raises(pb.PosebenchError, match=r"keypoints are \(7, 13, 2\), but .* needs \(7, 14, 2\)"):
        pb.save_predictions(file, keypoints[:, :13], people)


@pytest.mark.usefixtures("few_resamples")
def test_presence_is_saved_and_scored_as_the_array(tmp_path: Path) -> None:
    people = pb.load_people("coco").take(np.arange(5))
    presence = np.full((5, 17), 0.75)
    presence[:, :5] = 0.25
    file = pb.save_predictions(tmp_path / "mine.h5", people.keypoints, people, presence=presence)
    found = pb.score(people.keypoints, people, protocol="coco", presence=presence, convention="ex-oks").metrics
    assert pb.evaluate(file, protocol="coco", people=people, convention="ex-oks").metrics == found
    assert 0 < found["AR"] < 1 == pb.score(people.keypoints, people, protocol="coco", convention="ex-oks").metrics["AR"]
    with pytest.raises(pb.PosebenchError, match=r"presence are \(5, 16\), but .* needs \(5, 17\)"):
        pb.save_predictions(file, people.keypoints, people, presence=presence[:, 1:])


def test_people_of_whom_nothing_is_asked_need_no_prediction(tmp_path: Path) -> None:
    from dataclasses import replace

    people = pb.load_people("coco").take(np.arange(6))
    people = replace(people, usable=np.array([True, False, True, True, True, False]))
    keypoints = np.where(people.usable[:, None, None], people.keypoints, np.nan)
    assert len(pb.load_predictions(pb.save_predictions(tmp_path / "mine.h5", keypoints, people))) == 4


def test_a_file_and_its_array_score_the_same(files: list[Path]) -> None:
    people = pb.load_people("mpii")
    from_file = pb.evaluate(files[0], protocol="mpii")
    from_array = pb.score(pb.load_predictions(files[0]).keypoints, people, protocol="mpii")
    assert from_array.metrics == from_file.metrics
    assert from_array.intervals == from_file.intervals
    assert (from_file.record.predictions, from_array.record.predictions) == ("near.h5", "in memory")


def test_a_keypoint_that_is_nan_is_missing(files: list[Path]) -> None:
    people = pb.load_people("mpii")
    keypoints = people.keypoints.copy()
    keypoints[:, people.skeleton.keypoints.index("left_knee")] = np.nan
    result = pb.score(keypoints, people, protocol="mpii")
    assert result.per_joint["left_knee"] is None
    assert result.per_joint["right_knee"] == 100.0
    assert any("left_knee" in note for note in result.notes)


@pytest.mark.parametrize(
    "keypoints, scores, message",
    [
        (np.zeros((3, 16, 2)), None, r"keypoints are \(3, 16, 2\), but .* needs \(500, 16, 2\)"),
        (np.zeros((500, 16, 2)), np.ones(500), r"scores are \(500,\), but .* needs \(500, 16\)"),
    ],
)
def test_arrays_of_another_shape_are_refused(keypoints: np.ndarray, scores: np.ndarray | None, message: str) -> None:
    with pytest.raises(pb.PosebenchError, match=message):
        pb.score(keypoints, pb.load_people("mpii"), protocol="mpii", scores=scores)


def test_an_evaluation_is_a_frame_and_a_table_with_escaped_names(files: list[Path]) -> None:
    result = pb.evaluate(files[0], protocol="mpii", name="<b>net</b>")
    frame = result.frame
    assert list(frame.columns) == ["kind", "value", "low", "high"]
    assert frame.loc["Mean", "value"] == result.metrics["Mean"]
    assert (frame.kind == "keypoint").sum() == 16
    html = result._repr_html_()
    assert "<table>" in html
    assert "&lt;b&gt;net&lt;/b&gt;" in html and "<b>net" not in html


def test_an_evaluation_is_one_line_at_the_prompt() -> None:
    people = pb.load_people("mpii")
    right = pb.score(people.keypoints, people, protocol="mpii", name="right")
    assert (
        repr(right)
        == "<Evaluation of right on synthetic people val, mpii official: Mean 100.00%; .frame has every number>"
    )


def test_comparing_gives_a_row_per_metric_and_keypoint(files: list[Path]) -> None:
    frame = pb.compare(files, protocol="mpii").frame.set_index("name")
    assert frame.loc["Mean", "difference"] > 0
    assert frame.loc["Mean", "resolved"]
    assert frame.loc["Mean", "low"] < frame.loc["Mean", "difference"] < frame.loc["Mean", "high"]


@pytest.mark.usefixtures("few_resamples")
def test_evaluations_and_files_are_compared_alike(files: list[Path]) -> None:
    evaluations = [pb.evaluate(file, protocol="mpii") for file in files]
    by_files = pb.compare(files, protocol="mpii").frame
    pd.testing.assert_frame_equal(pb.compare(evaluations).frame, by_files)
    pd.testing.assert_frame_equal(pb.compare([evaluations[0], files[1]], protocol="mpii").frame, by_files)


def test_evaluations_that_do_not_fit_each_other_are_refused(files: list[Path]) -> None:
    official = pb.evaluate(files[0], protocol="mpii")
    with pytest.raises(pb.PosebenchError, match=r"They differ in convention: official and princeton\.$"):
        pb.compare([official, pb.evaluate(files[1], protocol="mpii", convention="princeton")])
    with pytest.raises(pb.PosebenchError, match="two predictions files or more"):
        pb.compare([official])
    with pytest.raises(pb.PosebenchError, match=r"No protocol is given to score .*far\.h5 by\. Add protocol="):
        pb.compare([official, files[1]])


def test_a_comparison_is_a_table_with_escaped_names(files: list[Path]) -> None:
    html = pb.compare(files, protocol="mpii", names=["<b>a</b>", "b"])._repr_html_()
    assert "<caption>&lt;b&gt;a&lt;/b&gt; − b on synthetic people val, 500 people; mpii official</caption>" in html
    assert "<td>≤0.001</td><td>resolved</td>" in html
    several = pb.compare([*files, files[0]], protocol="mpii")._repr_html_()
    assert several.count("<tr><th scope='row'") == 3  # the headline of 3 pairs


def test_rows_of_a_results_folder_are_compared_as_a_table(files: list[Path], tmp_path: Path) -> None:
    for file in files:
        pb.evaluate(file, protocol="mpii").save(tmp_path)
    compared = pb.compare_rows(["near", "far"], protocol="mpii", results=tmp_path)
    assert repr(compared) == "<Comparison of rows near, far; .frame has every difference>"
    assert compared.frame.name.tolist() == ["Mean"]
    assert "<caption>near − far on synthetic people val" in compared._repr_html_()


@pytest.mark.usefixtures("few_resamples")
def test_explaining_gives_a_row_for_every_convention_and_a_table(files: list[Path]) -> None:
    explained = pb.explain(files[0], protocol="mpii")
    names = ["official", "hrnet", "bearpaw", "mmpose", "princeton"]
    assert [one.convention.name for one in explained] == list(explained.frame.index) == names
    assert explained.frame.loc["official", "Mean"] == pb.evaluate(files[0], protocol="mpii").metrics["Mean"]
    html = explained._repr_html_()
    assert "<thead><tr><th></th><th>official</th><th>hrnet</th><th>bearpaw</th>" in html
    assert html.count("<li>") >= 5


def test_a_leaderboard_begins_with_rank_name_and_headline(files: list[Path], tmp_path: Path) -> None:
    for file in files:
        pb.evaluate(file, protocol="mpii").save(tmp_path)
    board = pb.leaderboard(tmp_path)
    assert list(board.columns[:3]) == ["rank", "name", "Mean"]
    assert board.columns[-1] == "leaderboard"
    assert board.name.tolist() == ["near", "far"]


def test_training_predicting_scoring_and_reporting_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 9)
    narrow(monkeypatch)
    steps: list[int] = []
    trained = pb.train(
        "hourglass1",
        protocol="mpii",
        epochs=1,
        limit=8,
        batch_size=4,
        workers=0,
        results=tmp_path,
        show=lambda p: steps.append(p.step),
    )
    assert steps == [1, 2]
    predicted = pb.predict(trained.checkpoint, protocol="mpii", workers=0, results=tmp_path)
    result = pb.evaluate(predicted.predictions, protocol="mpii")
    assert result.save(tmp_path).is_file()
    board = pb.leaderboard(tmp_path)
    assert board.loc[0, "name"] == "hourglass1"
    assert board.loc[0, "Mean"] == result.metrics["Mean"]
    assert pb.write_report(tmp_path)[-1].name == "index.html"


def test_a_damaged_record_is_skipped_with_a_warning_by_leaderboard_and_report(tmp_path: Path) -> None:
    save_record(record("hourglass8"), tmp_path)
    (tmp_path / "records" / "broken.json").write_text("{")
    with pytest.warns(UserWarning, match=r"skipped\. .*broken\.json is not a readable record") as seen:
        board = pb.leaderboard(tmp_path)
    assert board["name"].tolist() == ["hourglass8"]
    assert [Path(one.filename).name for one in seen] == ["test_api.py"]
    with pytest.warns(UserWarning, match=r"broken\.json"):
        assert pb.write_report(tmp_path)[-1].name == "index.html"


def test_a_results_folder_of_damaged_records_alone_has_no_leaderboard(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "broken.json").write_text("{")
    with pytest.raises(pb.PosebenchError, match=r"broken\.json is not a readable record"):
        pb.leaderboard(tmp_path)


def test_the_cost_of_a_network_is_counted() -> None:
    assert pb.measure_cost("hourglass1").parameters == 3_426_448


def test_a_plugin_is_checked() -> None:
    (made,) = pb.check_plugin("flic")
    assert not made.failed


def test_pictures_are_predicted_and_drawn_in_python(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save(tmp_path / "network.pt", Checkpoint.published(architecture("hourglass1", protocol("mpii").skeleton, (64, 64))))
    photograph = tmp_path / "one.png"
    assert cv2.imwrite(str(photograph), np.zeros((60, 90, 3), np.uint8))
    predicted = pb.predict_pictures(tmp_path / "network.pt", photograph, out=tmp_path / "found", draw_above=-1.0)
    assert len(pb.load_predictions(predicted.predictions)) == 1
    assert predicted.drawings is not None
    assert [path.name for path in predicted.drawings.iterdir()] == ["one.png"]


def test_the_command_and_the_function_draw_keypoints_above_the_same_score() -> None:
    assert signature(pb.predict_pictures).parameters["draw_above"].default == DRAW_ABOVE


def test_a_network_is_exported_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (posebench-2d[onnx])")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed (posebench-2d[onnx])")
    monkeypatch.syspath_prepend(faulty.install(tmp_path))
    torch.manual_seed(0)
    save(tmp_path / "network.pt", Checkpoint.published(architecture("Sound", protocol("mpii").skeleton, (64, 64))))
    exported = pb.export_model(tmp_path / "network.pt", tmp_path / "network.onnx")
    assert (exported.path, exported.crops) == (tmp_path / "network.onnx", "16 crops of synthetic people val")
    assert 0 <= exported.difference.absolute < 1e-4


def test_published_weights_load_from_a_file_or_a_state_dict_and_a_checkpoint_from_its_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mpii = protocol("mpii").skeleton
    trained = architecture("hourglass1", mpii, (128, 64)).eval()
    tensors = published_weights.export(trained)
    torch.save(tensors, tmp_path / "published.pth")
    save(tmp_path / "network.pt", Checkpoint.published(trained))
    crops = torch.randint(0, 256, (2, 64, 128, 3), dtype=torch.uint8)
    expected = trained.decode(trained(trained.prepare(crops)))[0]
    for network in (
        pb.load_network("hourglass1", tensors, input_size=(128, 64)),
        pb.load_network("hourglass1", tmp_path / "published.pth", protocol="mpii", input_size=(128, 64)),
        pb.load_checkpoint(tmp_path / "network.pt"),
    ):
        network.eval()
        assert (network.skeleton.keypoints, network.input_size) == (mpii.keypoints, (128, 64))
        network.pipeline = trained.pipeline  # that of the authors decodes otherwise
        assert torch.equal(network.decode(network(network.prepare(crops)))[0], expected)
    with pytest.raises(pb.PosebenchError, match=r"already a posebench checkpoint; .*pb\.load_checkpoint"):
        pb.load_network("hourglass1", tmp_path / "network.pt")


def test_a_checkpoint_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(pb.PosebenchError, match=r"none\.pt does not exist; a checkpoint should be there"):
        pb.predict(tmp_path / "none.pt", protocol="mpii")
