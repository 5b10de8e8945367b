"""A record is computed again from its files, and a changed digit is named with both values."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posebench
import posebench as pb
from posebench.plugins import registry
from posebench.results.find_record import read_record
from posebench.results.record_fields import ABSENT, fields_of
from posebench.tasks.verification.verify import Places, Verification, verify


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with the predictions of synthetic people and their record."""
    folder = tmp_path_factory.mktemp("original")
    people = pb.load_people("mpii")
    noise = np.random.default_rng(0).normal(0, 6, people.keypoints.shape)
    file = pb.save_predictions(folder / "predictions/noise.h5", people.keypoints + noise, people, arch="mynet")
    pb.evaluate(file, protocol="mpii", name="noise").save(folder)
    return folder


@pytest.fixture
def results(original: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    shutil.copytree(original, tmp_path / "results")
    return tmp_path / "results"


def record_of(results: Path) -> Path:
    return next((results / "records").iterdir())


def edit(results: Path, place: tuple[Any, ...], change: Any) -> Path:
    """Replace what stands at a place of the record by what `change` makes of it."""
    path = record_of(results)
    text = json.loads(path.read_text())
    part = text
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = change(part[place[-1]])
    path.write_text(json.dumps(text))
    return path


def fields(found: Verification) -> list[str]:
    return [one.field for one in found.differences]


def test_an_untouched_record_is_verified_by_everything_that_it_states(results: Path) -> None:
    found = verify(record_of(results), Places())
    assert (found.status, found.differences, found.reworded, found.unchecked) == ("verified", (), (), ())
    assert found.predictions.path == results / "predictions/noise.h5"
    assert found.compared > 1_000 + len(found.record.metrics) + len(found.record.per_joint)


def last_bit(value: float) -> float:
    return math.nextafter(value, math.inf)


CHANGES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "data.people": (("data", "people"), lambda count: count + 1),
    "metrics.Mean": (("metrics", "Mean"), last_bit),
    "intervals.Mean[0]": (("intervals", "Mean", 0), last_bit),
    "per_joint.left_knee": (("per_joint", "left_knee"), last_bit),
    "per_joint_intervals.left_knee[1]": (("per_joint_intervals", "left_knee", 1), last_bit),
    "curves[0].values[3]": (("curves", 0, "values", 3), last_bit),
    "resampling.units": (("resampling", "units"), lambda count: count + 1),
    "resampled[999]": (("resampled", 999), lambda value: round(value + 0.000001, 6)),
    "notes[0]": (("notes",), lambda notes: [*notes, "1 more."]),
    "model.arch": (("model", "arch"), lambda arch: "better"),
}
"""Field → where it is in the record and how it is changed."""


def test_each_changed_digit_is_named_with_both_values_and_nothing_else_is(results: Path) -> None:
    before = fields_of(read_record(record_of(results)))
    for place, change in CHANGES.values():
        path = edit(results, place, change)
    found = verify(path, Places())
    assert found.status == "differs"
    assert fields(found) == list(CHANGES)
    stated = fields_of(read_record(path))
    for one in found.differences:
        assert (one.stated, one.recomputed) == (stated[one.field], before.get(one.field, ABSENT))


def test_one_changed_digit_is_enough(results: Path) -> None:
    found = verify(edit(results, *CHANGES["metrics.Mean"]), Places())
    assert (found.status, fields(found)) == ("differs", ["metrics.Mean"])


def test_the_hash_of_changed_predictions_is_named_beside_the_numbers(results: Path) -> None:
    file = results / "predictions/noise.h5"
    people = pb.load_people("mpii")
    keypoints = pb.load_predictions(file).keypoints
    keypoints[7, 3] += 500.0
    pb.save_predictions(file, keypoints, people, arch="mynet")
    found = verify(record_of(results), Places())
    assert found.status == "differs"
    assert {"predictions_sha256", "metrics.Mean"} <= set(fields(found))


def test_predictions_that_were_renamed_and_moved_are_found_by_their_hash(results: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (results / "predictions/noise.h5").rename(tmp_path / "elsewhere/deep/x.h5")
    found = verify(record_of(results), Places(predictions=(tmp_path / "elsewhere",)))
    assert (found.status, found.predictions.path) == ("verified", tmp_path / "elsewhere/deep/x.h5")


def test_without_its_predictions_a_record_is_not_checked(results: Path) -> None:
    (results / "predictions/noise.h5").unlink()
    found = verify(record_of(results), Places())
    assert (found.status, found.compared) == ("not checked", 0)
    assert "has the record's SHA-256" in found.unchecked[0] and "--predictions" in found.unchecked[0]


def test_a_record_of_arrays_in_memory_is_not_checked(tmp_path: Path) -> None:
    people = pb.load_people("mpii")
    path = pb.score(people.keypoints, people, protocol="mpii", name="in memory").save(tmp_path)
    found = verify(path, Places())
    assert found.unchecked == ("The record was made from arrays in memory, so there is no predictions file to score.",)


def test_without_a_dataset_a_record_of_real_people_is_not_checked_but_its_predictions_are(results: Path) -> None:
    path = edit(
        results,
        ("data",),
        lambda data: data | {"synthetic": False, "annotations": "valid.h5", "annotations_sha256": "a" * 64},
    )
    found = verify(path, Places())
    assert (found.status, found.predictions.path) == ("not checked", results / "predictions/noise.h5")
    assert f"valid.h5, SHA-256 {'a' * 64}. Name its folder with --data." in found.unchecked[0]


def test_a_record_by_another_version_of_the_protocol_shows_both_numbers_and_says_so(results: Path) -> None:
    edit(results, ("metrics", "Mean"), lambda value: 12.5)
    found = verify(edit(results, ("rule", "version"), lambda version: 7), Places())
    installed = registry.protocol("mpii").version
    assert fields(found) == ["rule.version", "metrics.Mean"]
    assert (found.differences[0].stated, found.differences[0].recomputed) == (7, installed)
    assert found.differences[1].stated == 12.5
    assert found.notes[0].startswith(
        f"The record is by version 7 of the protocol mpii; version {installed} is installed"
    )


def test_a_record_of_another_posebench_is_verified_by_its_numbers_and_says_so(results: Path) -> None:
    found = verify(edit(results, ("environment", "posebench"), lambda version: "0.0.1"), Places())
    assert found.status == "verified"
    assert found.notes == (f"The record was made by posebench 0.0.1; this is posebench {posebench.__version__}.",)


def test_a_protocol_that_is_not_installed_is_named(results: Path) -> None:
    found = verify(edit(results, ("rule", "protocol"), lambda name: "mpi"), Places())
    assert found.status == "not checked"
    assert "No protocol is named 'mpi'. Did you mean 'mpii'?" in found.unchecked[0]
    assert verify(record_of(results), Places(protocol="mpii")).differences[0].field == "rule.protocol"


def test_a_network_that_whoever_scored_the_file_stated_is_named_as_a_statement(tmp_path: Path) -> None:
    from posebench.tasks.scoring.evaluate import Network, evaluate

    people = pb.load_people("mpii")
    file = pb.save_predictions(tmp_path / "predictions/p.h5", people.keypoints + 4, people)
    network = Network("mynet", (192, 256), "MPII")
    path = evaluate(file, registry.protocol("mpii"), people, network=network).save(tmp_path)
    found = verify(path, Places())
    assert found.status == "verified"
    assert found.notes == (
        "Stated by whoever scored the file, and in no file: architecture, input size, training data of the network.",
    )


def test_files_of_the_networks_origin_are_found_by_their_hash_or_named(results: Path) -> None:
    (results / "runs/a").mkdir(parents=True)
    (results / "runs/a/checkpoint.pt").write_bytes(b"weights")
    known = "3333333333333333333333333333333333333333333333333333333333333333"
    edit(results, ("model",), lambda model: model | {"checkpoint_sha256": known})
    (missing,) = verify(record_of(results), Places()).provenance
    assert (missing.what, missing.sha256, missing.path) == ("checkpoint", known, None)
    from posebench.files.writing import sha256

    digest = sha256(results / "runs/a/checkpoint.pt")
    edit(results, ("model",), lambda model: model | {"checkpoint_sha256": digest})
    (there,) = verify(record_of(results), Places()).provenance
    assert there.path == results / "runs/a/checkpoint.pt"


def test_the_records_of_this_repository_are_verified_one_of_each_protocol_and_convention(shared: Path) -> None:
    paths = sorted((Path(__file__).parents[3] / "results/records").glob("*.json"))
    one_of_each = {
        (record.rule.protocol, record.rule.convention): path for path in paths if (record := read_record(path))
    }
    places = Places(data=shared / "data", predictions=(shared / "data",))
    # The predictions of the networks that are scored on COCO are not kept.
    kept = {rule: path for rule, path in one_of_each.items() if "pcp" not in rule[1] and rule[0] != "coco"}
    found = {rule: verify(path, places) for rule, path in kept.items()}
    assert len(found) == 5
    assert {one.status for one in found.values()} == {"verified"}, [one.differences[:3] for one in found.values()]
    assert all(one.ground_truth.found == one.record.data.annotations_sha256 for one in found.values())
