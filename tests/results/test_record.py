"""Records: what is written is read back, and what is damaged is named."""

import json
import math
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from posebench.data.instances import Instances, Source
from posebench.data.predictions import for_instances, save
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.files.writing import sha256
from posebench.plugins.registry import protocol
from posebench.results.make_record import make_record
from posebench.results.record import Record, RecordsFound, find_records, save_record
from posebench.scoring.scores import Curve

MPII = protocol("mpii")


def apart(people: Instances) -> Instances:
    """Two people in two images: those of one image have no interval."""
    return replace(people, images=("a.jpg", "b.jpg"), image_ids=np.array([5, 6]), image=np.array([0, 1]))


@pytest.fixture
def record(two_people: Instances, tmp_path: Path) -> Record:
    people = apart(replace(two_people, source=Source("some/annot.h5", "abc", ("truncated",))))
    made = for_instances(people, people.keypoints, provenance=Provenance(arch="x", seed=3))
    save(made, tmp_path / "p.h5")
    return make_record(
        "A name",
        MPII,
        MPII.convention("official"),
        people,
        made,
        MPII.score(made, people, "official"),
        tmp_path / "p.h5",
    )


def test_a_saved_record_is_read_back_equal(record: Record, tmp_path: Path) -> None:
    save_record(record, tmp_path)
    assert find_records(tmp_path).records == (record,)


@pytest.mark.parametrize(
    ("nobody", "sentence"),
    [
        (True, "some resamples of the 2 images have nothing that it scores. Score more images."),
        (False, "all resamples of the 2 images score the same. Score more images."),
    ],
)
def test_a_score_without_an_interval_says_why(nobody: bool, sentence: str, two_people: Instances) -> None:
    people = apart(two_people)
    keypoints = people.keypoints.copy()
    people.visibility[:] = 2
    keypoints[:, :8] += 1000  # half of the keypoints of both people are wrong
    if nobody:
        people.visibility[1] = 0
    made = for_instances(people, keypoints)
    found = make_record("x", MPII, MPII.convention(), people, made, MPII.score(made, people, "official"), None)
    assert "Mean" not in found.intervals and 0 < found.metrics["Mean"] < 100
    assert found.notes[-1] == f"No 95 % interval of Mean: {sentence}"
    assert not any("too narrow" in note for note in found.notes)


def test_a_record_says_what_was_scored_by_which_rule_on_what(record: Record, tmp_path: Path) -> None:
    assert (record.rule.protocol, record.rule.convention, record.rule.headline) == ("mpii", "official", "Mean")
    assert (record.data.dataset, record.data.split, record.data.people, record.data.annotations) == (
        "mpii",
        "val",
        2,
        "annot.h5",
    )
    assert record.predictions_sha256 == sha256(tmp_path / "p.h5")
    assert record.notes == [
        "truncated",
        "Only 2 images: 95 % intervals of differences between runs are too narrow (docs/scoring.md).",
    ]
    assert record.model.plain() == {"arch": "x", "seed": 3}
    assert record.metrics["Mean"] == 100


def test_unknown_numbers_are_null_and_unfinished_curves_are_left_out(
    record: Record, two_people: Instances, tmp_path: Path
) -> None:
    made = for_instances(two_people, two_people.keypoints)
    scores = MPII.score(made, two_people, "official")
    scores = replace(
        scores,
        metrics={"Mean": float("nan"), "Head": 1.0},
        curves=(Curve("a", "x", (0.0, 1.0), (1.0, float("nan"))), Curve("b", "x", (0.0, 1.0), (1.0, 2.0))),
    )
    made_record = make_record("n", MPII, MPII.convention("official"), two_people, made, scores, tmp_path / "p.h5")
    assert json.loads(made_record.model_dump_json())["metrics"] == {"Mean": None, "Head": 1.0}
    assert [curve.label for curve in made_record.curves] == ["b"]


def test_the_headlines_resamples_are_kept_where_all_are_known(
    record: Record, two_people: Instances, tmp_path: Path
) -> None:
    assert record.resampled == [100.0] * 1000
    made = for_instances(two_people, two_people.keypoints)
    scores = MPII.score(made, two_people, "official")
    unknown = replace(scores, resampled={"Mean": np.array([1.0, np.nan])})
    again = make_record("n", MPII, MPII.convention("official"), two_people, made, unknown, tmp_path / "p.h5")
    assert again.resampled == []
    save_record(again, tmp_path / "unknown")
    assert find_records(tmp_path / "unknown").records == (again,)


def test_one_image_has_no_interval_and_the_record_says_so(
    record: Record, two_people: Instances, tmp_path: Path
) -> None:
    made = for_instances(two_people, two_people.keypoints)
    scores = MPII.score(made, two_people, "official")
    alone = make_record("n", MPII, MPII.convention("official"), two_people, made, scores, tmp_path / "p.h5")
    assert alone.metrics == record.metrics
    assert (alone.intervals, alone.per_joint_intervals, alone.resampled) == ({}, {}, [])
    assert alone.notes == ["One image: no interval, because an interval needs at least two images."]


def test_a_score_of_minus_one_is_known(two_people: Instances) -> None:
    """MOTA may be below 0."""
    made = for_instances(two_people, two_people.keypoints)
    scores = replace(MPII.score(made, two_people, "official"), metrics={"MOTA": -1.0, "MOTP": math.nan})
    found = make_record("n", MPII, MPII.convention("official"), two_people, made, scores, None)
    assert found.metrics == {"MOTA": -1.0, "MOTP": None}


def test_a_record_of_before_intervals_is_still_read(record: Record, tmp_path: Path) -> None:
    path = save_record(record, tmp_path)
    new = ("intervals", "per_joint_intervals", "slices", "ceiling", "resampled")
    old = {key: value for key, value in json.loads(path.read_text()).items() if key not in new}
    path.write_text(json.dumps(old))
    (read,) = find_records(tmp_path).records
    assert (read.metrics, read.intervals, read.resampled, read.ceiling) == (record.metrics, {}, [], None)


def test_a_record_that_says_embedded_is_of_synthetic_people(record: Record, tmp_path: Path) -> None:
    drawn = record.model_copy(
        update={"data": record.data.model_copy(update={"synthetic": True, "dataset": "synthetic people"})}
    )
    path = save_record(drawn, tmp_path)
    old = path.read_text().replace('"synthetic": true', '"embedded": true')
    path.write_text(old.replace("synthetic people", "embedded people"))
    assert find_records(tmp_path).records == (drawn,)
    assert drawn.data.what == "synthetic people val"


def test_a_damaged_record_is_skipped_with_a_sentence_and_the_others_are_read(record: Record, tmp_path: Path) -> None:
    save_record(record, tmp_path)
    broken = save_record(record.model_copy(update={"name": "broken"}), tmp_path)
    broken.write_text("{")
    found = find_records(tmp_path)
    assert found.records == (record,)
    (note,) = found.notes
    assert note.startswith(f"Warning: skipped. {broken} is not a readable record: ")


def test_temporary_files_and_pipes_among_the_records_are_not_read(record: Record, tmp_path: Path) -> None:
    path = save_record(record, tmp_path)
    for name in (".x.json.0123abcd.partial", ".x.json.0123abcd.json"):
        path.with_name(name).write_text(path.read_text()[:50])
    os.mkfifo(path.with_name("pipe.json"))
    path.with_name("folder.json").mkdir()
    assert find_records(tmp_path) == RecordsFound((record,), ())


def test_records_can_be_read_while_others_are_written(record: Record, tmp_path: Path) -> None:
    save_record(record, tmp_path)
    others = [record.model_copy(update={"name": f"row {number}"}) for number in range(3)]
    with ThreadPoolExecutor(1) as writer:
        writing = writer.submit(lambda: [save_record(other, tmp_path) for _ in range(20) for other in others])
        while not writing.done():
            assert find_records(tmp_path).notes == ()
    assert len(find_records(tmp_path).records) == 4


def test_a_curve_with_an_unknown_entry_is_refused(record: Record) -> None:
    fields = json.loads(record.model_dump_json())
    fields["curves"][0]["colour"] = "red"
    with pytest.raises(ValidationError, match="colour"):
        Record.model_validate(fields)


def test_scoring_the_same_file_again_replaces_its_record(record: Record, tmp_path: Path) -> None:
    first, second = save_record(record, tmp_path), save_record(record, tmp_path)
    assert first == second
    assert len(find_records(tmp_path).records) == 1


@pytest.mark.parametrize("change", [{"name": "Other"}, {"predictions_sha256": "f00"}])
def test_another_name_or_file_is_another_record(change: dict[str, str], record: Record) -> None:
    assert record.model_copy(update=change).id != record.id


def test_the_file_of_a_synthetic_record_says_so_and_replaces_the_one_of_an_older_version(
    record: Record, tmp_path: Path
) -> None:
    drawn = record.model_copy(update={"data": record.data.model_copy(update={"synthetic": True})})
    assert drawn.id.startswith("mpii-synthetic-val-")
    assert drawn.older_id.startswith("mpii-val-") and drawn.older_id[-8:] == drawn.id[-8:]
    assert record.older_id == record.id
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / f"{drawn.older_id}.json").write_text(drawn.model_dump_json())
    assert find_records(tmp_path).records == (drawn,)  # under its older name
    path = save_record(drawn, tmp_path)
    assert [one.name for one in (tmp_path / "records").iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "<script>", "日本", "x" * 200])
def test_hostile_names_make_harmless_file_names(name: str, record: Record, tmp_path: Path) -> None:
    path = save_record(record.model_copy(update={"name": name}), tmp_path)
    assert path.parent == tmp_path / "records"
    assert re.fullmatch(r"[a-z0-9-]{1,90}\.json", path.name)


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (lambda text: text[:100], r"\.json is not a readable record"),
        (lambda text: text.replace('"metrics"', '"metricks"'), "metricks"),
        (
            lambda text: re.sub(r'"people": \d+', '"people": ' + "9" * 4000, text),
            "data.people: input should be less than",
        ),
        (lambda text: text.replace('"model": {', '"model": {"parameters": ' + "9" * 4000 + ","), "model.parameters"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "schema_version"),
    ],
)
def test_a_damaged_record_is_named_with_its_field(
    damage: object, sentence: str, record: Record, tmp_path: Path
) -> None:
    path = save_record(record, tmp_path)
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(PosebenchError, match=sentence):
        find_records(tmp_path)


def test_no_folder_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="`posebench run` or `posebench evaluate` makes it"):
        find_records(tmp_path / "none")


def test_two_rules_boxes_or_splits_never_share_a_group(record: Record) -> None:
    changed = [
        record.model_copy(update={"rule": record.rule.model_copy(update={"version": 99})}),
        record.model_copy(update={"rule": record.rule.model_copy(update={"convention": "other"})}),
        record.model_copy(update={"data": record.data.model_copy(update={"split": "train"})}),
        record.model_copy(update={"data": record.data.model_copy(update={"box_source": "detector"})}),
        record.model_copy(update={"data": record.data.model_copy(update={"dataset": "synthetic people"})}),
    ]
    assert len({r.group for r in [record, *changed]}) == 6
    assert np.unique([r.id for r in [record, *changed]]).size == 6
