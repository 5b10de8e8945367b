"""Robustness of a small network on a few synthetic people: what is measured, kept, and done again."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coco_data import written
from stranger import Tiny

import posebench as pb
from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.provenance import Chosen, Provenance
from posebench.errors import Interrupted, PosebenchError
from posebench.inference.predict import predict
from posebench.plugins import registry
from posebench.results.kept_robustness import find_robustness
from posebench.synthetic.people import instances
from posebench.tasks.robustness.conditions import RobustnessAsked, conditions
from posebench.tasks.robustness.cost import expected
from posebench.tasks.robustness.measure import Measurement, measure, plan
from posebench.tasks.robustness.network import NetworkInUse

pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed (posebench-2d[robustness])")

MPII = registry.protocol("mpii")
TWO = RobustnessAsked(("corruptions",), ("pixelate", "contrast"), (5, 1))


@pytest.fixture(scope="module")
def network() -> NetworkInUse:
    torch.manual_seed(0)
    model = Tiny(MPII.skeleton, (24, 32))
    model.name = "tiny"
    return NetworkInUse(model, "0" * 64, Provenance(arch="tiny", input_size=(24, 32)), True)


@pytest.fixture(scope="module")
def people(network: NetworkInUse) -> Instances:
    """People whose keypoints are where the network finds them, within half a pixel: it is perfect on clean photographs."""
    drawn = instances(MPII.skeleton, "val", 5)
    found, _ = predict(network.model, drawn)
    lengths = drawn.measures | {"head_length": np.full(5, 1.0)}
    return replace(
        drawn, keypoints=found.keypoints, visibility=np.full((5, 16), 2, np.int8), measures=lengths,
        chosen=Chosen(people=5, of=9),
    )  # fmt: skip


def planned(network: NetworkInUse, people: Instances, results: Path, asked: RobustnessAsked = TWO) -> Measurement:
    found = tuple(conditions(people, asked, network.model.input_size, None))
    return Measurement(network, MPII, people, asked, "official", "tiny", found, results)


@pytest.fixture(scope="module")
def done(network: NetworkInUse, people: Instances, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    work = planned(network, people, tmp_path_factory.mktemp("done"))
    measure(work)
    return work


def test_mpc_is_the_mean_of_all_cells_and_rpc_that_in_percent_of_the_clean_score(
    done: Measurement,
) -> None:
    (kept,) = find_robustness(done.results).kept
    assert [(one.name, one.level) for one in kept.conditions] == [
        ("contrast", 1), ("contrast", 5), ("pixelate", 1), ("pixelate", 5),
    ]  # fmt: skip
    cells = [one.score.value for one in kept.conditions]
    assert kept.clean.value == 100 and kept.corrupted is not None and len(set(cells)) > 1
    assert kept.corrupted.mpc.value == pytest.approx(np.mean(cells))
    assert kept.corrupted.rpc.value == pytest.approx(100 * np.mean(cells) / kept.clean.value)
    assert kept.corrupted.means["pixelate"].value == pytest.approx(np.mean(cells[2:]))
    for one in kept.conditions:
        assert one.change.value == pytest.approx(one.score.value - kept.clean.value)
    assert (kept.chosen, kept.people_of_split, kept.data.people, kept.data.synthetic) == (5, 9, 5, True)


def test_where_the_clean_score_is_0_a_note_says_why_there_is_no_rpc(
    network: NetworkInUse, people: Instances, tmp_path: Path
) -> None:
    away = replace(people, keypoints=people.keypoints + 1000.0)
    asked = RobustnessAsked(("corruptions",), ("contrast",), (1,))
    found = measure(planned(network, away, tmp_path, asked))
    assert found.corrupted is not None and np.isnan(found.corrupted.rpc.value)
    assert "rPC is unknown, because it is a share of the clean Mean, which is 0." in found.notes


def test_what_is_done_is_not_predicted_again_and_the_same_files_make_the_same_bytes(done: Measurement) -> None:
    (file,) = (done.results / "robustness").glob("*.json")
    before = file.read_bytes(), {one: done.path(one).stat().st_mtime_ns for one in done.conditions}
    assert not done.left
    measure(done)
    assert before == (file.read_bytes(), {one: done.path(one).stat().st_mtime_ns for one in done.conditions})


def test_interrupted_work_keeps_what_is_done_and_goes_on(
    network: NetworkInUse, people: Instances, tmp_path: Path
) -> None:
    work = planned(network, people, tmp_path)

    def stop_in_the_third(done: int, total: int, label: str) -> None:
        if label == "contrast 5":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="3 of 5 conditions are done and kept. Type the same command again"):
        measure(work, show=stop_in_the_third)
    assert [one.label for one in work.left] == ["pixelate 1", "pixelate 5"]
    assert not (tmp_path / "robustness").exists()


@pytest.mark.parametrize(
    ("part", "count"), [(("shift",), 1 + 2 * 8 + 8), (("boxes",), 1 + 2), (("corruptions",), 1 + 15 * 5)]
)
def test_every_part_has_its_conditions_each_with_a_file_of_its_own(
    network: NetworkInUse, people: Instances, tmp_path: Path, part: tuple[str, ...], count: int
) -> None:
    work = planned(network, people, tmp_path, RobustnessAsked(part))
    assert len({work.path(one) for one in work.conditions}) == len(work.conditions) == count


def test_with_detected_boxes_all_conditions_but_the_compared_boxes_are_on_them(people: Instances) -> None:
    detected = replace(people.take(np.array([0, 3])), box_source="boxes.json >= 0.1")
    found = conditions(people, replace(TWO, parts=("corruptions", "shift", "boxes")), (24, 32), detected)
    of = {one.label: one.people.box_source for one in found}
    assert (of["clean"], of["contrast 5"], of["right 26"]) == ("boxes.json >= 0.1",) * 3
    assert (of["annotated"], of["jittered 13"]) == ("annotation",) * 2


def test_other_people_weights_rules_and_seeds_have_other_files(
    network: NetworkInUse, people: Instances, tmp_path: Path
) -> None:
    works = [
        planned(network, people, tmp_path),
        planned(replace(network, sha256="1" * 64), people, tmp_path),
        planned(network, people.take(np.arange(4)), tmp_path),
        planned(network, people, tmp_path, replace(TWO, seed=2)),
        planned(network, people, tmp_path, replace(TWO, rule="exact")),
    ]
    assert len({work.id for work in works}) == len({work.path(work.conditions[1]) for work in works}) == 5
    assert len({work.path(work.conditions[0]) for work in works}) == 3  # the clean photographs have no rule and no seed


def test_another_name_or_convention_needs_no_new_predictions_and_other_boxes_have_a_file_of_their_own(
    done: Measurement, people: Instances
) -> None:
    renamed = replace(done, name="mine", convention="hrnet")
    assert not renamed.left and renamed.id != done.id
    detected = conditions(people, TWO, (24, 32), replace(people, box_source="boxes.json >= 0.1"))
    assert replace(done, conditions=tuple(detected)).id != done.id


def test_corrupted_photographs_of_finished_conditions_are_written_too(
    network: NetworkInUse, people: Instances, tmp_path: Path
) -> None:
    one = replace(TWO, corruptions=("contrast",), severities=(5,))
    measure(planned(network, people, tmp_path, one))
    measure(planned(network, people, tmp_path, replace(one, write=tmp_path / "seen")))
    names = sorted(path.name for path in (tmp_path / "seen/contrast/5").iterdir())
    assert names == sorted(Path(name).with_suffix(".jpg").name for name in set(people.images))


def test_a_damaged_predictions_file_is_named(done: Measurement, tmp_path: Path) -> None:
    shutil.copytree(done.results, tmp_path / "copy")
    work = replace(done, results=tmp_path / "copy")
    path = work.path(work.conditions[2])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(PosebenchError, match=path.name):
        measure(work)


def test_the_plan_counts_conditions_and_states_time(network: NetworkInUse, people: Instances, tmp_path: Path) -> None:
    what, cost = expected(planned(network, people, tmp_path), workers=0)
    assert what == ("tiny on 5 of 9 people of synthetic people val under 5 conditions (1 clean, 4 corrupted).")
    assert (
        cost.startswith("About ")
        and " s on this machine" in cost
        and "ms for a person" in cost
        and "of a photograph" in cost
    )


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"corruptions": ("fogg",)}, "No corruption is named 'fogg'. Did you mean 'fog'?"),
        ({"severities": (6,)}, "The severity 6 is not there. Severities are 1, 2, 3, 4 and 5."),
        ({"parts": ("boxs",)}, "No part of robustness is named 'boxs'. Did you mean 'boxes'?"),
    ],
)
def test_an_unknown_name_is_refused(asked: dict[str, tuple[object, ...]], sentence: str) -> None:
    with pytest.raises(PosebenchError) as refused:
        RobustnessAsked(**asked)  # type: ignore[arg-type]
    assert str(refused.value).startswith(sentence)


def test_from_python_tables_and_pictures_are_written_too(
    network: NetworkInUse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posebench.tasks.robustness.measure.network_in_use", lambda source, skeleton: network)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 4)
    kept = pb.measure_robustness("x.pt", protocol="mpii", parts=["boxes"], people=2, results=tmp_path)
    assert [(one.name, one.level) for one in kept.conditions] == [("jittered", 13), ("jittered", 26)]
    assert (kept.chosen, kept.people_of_split, kept.corrupted) == (2, 4, None)
    assert find_robustness(tmp_path).kept == (kept,)
    assert "tiny 32×24" in (tmp_path / "robustness/robustness.md").read_text()


def test_with_a_detectors_boxes_so_many_people_are_everybody_in_their_images(
    network: NetworkInUse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posebench.tasks.robustness.measure.network_in_use", lambda source, skeleton: network)
    coco = registry.protocol("coco")
    drawn = instances(coco.skeleton, "val", 6)
    twice = drawn.take(np.array([0, 0, 1, 2, 3, 4, 5]))
    boxes = [{"image_id": n, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5} for n in (0, 0, 0, 1, 3, 5)]
    asked = RobustnessAsked(("boxes",), people=3, boxes=written(tmp_path / "boxes.json", boxes))  # of rows 0, 2 and 4
    work = plan("x.pt", coco, twice, asked, results=tmp_path)
    assert {one.label: len(one.people) for one in work.conditions} == {
        "clean": 5, "annotated": 4, "jittered 13": 4, "jittered 26": 4,
    }  # fmt: skip
    assert expected(work, 0)[0] == (
        "tiny on everybody in the images of 3 of 7 people of synthetic people val, 5 boxes of boxes.json >= 0.0, under "
        "4 conditions (1 clean, 3 with other boxes)."
    )


def test_predictions_say_which_network_made_them(done: Measurement) -> None:
    assert files.load(done.path(done.conditions[1])).provenance.arch == "tiny"
