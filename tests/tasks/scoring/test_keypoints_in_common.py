"""Scores on the keypoints that a file and a protocol have in common, on numbers a person can check."""

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from coco_case import SIGMAS, mixed
from coco_data import written
from coco_evaluators import reported

import posebench as pb
from posebench.cli.main import main
from posebench.data.common_keypoints import in_order_of
from posebench.data.instances import Instances
from posebench.data.predictions import for_instances, save
from posebench.data.skeleton import Skeleton
from posebench.plugins import registry
from posebench.report.tables.boards import boards
from posebench.results.find_record import read_record
from posebench.tasks.verification.verify import Places, verify

MPII = registry.protocol("mpii")
WRISTS = ("right_wrist", "left_wrist")


@pytest.fixture
def file(two_people: Instances, tmp_path: Path) -> Path:
    """Two people of MPII, heads of 10 pixels: the first has a wrong ankle and a wrong left wrist."""
    keypoints = two_people.keypoints.copy()
    keypoints[0, MPII.skeleton.index("right_ankle", "left_wrist")] += 90
    save(for_instances(two_people, keypoints), tmp_path / "net.h5")
    return tmp_path / "net.h5"


def test_other_keypoints_count_neither_as_hits_nor_as_misses(file: Path, two_people: Instances) -> None:
    found = pb.evaluate(file, protocol="mpii", people=two_people, joints=[*WRISTS, "head_top"])
    assert found.metrics["Mean"] == pytest.approx(100 * 5 / 6)
    assert (found.metrics["Wrist"], found.per_joint) == (75, {"head_top": 100, "right_wrist": 100, "left_wrist": 50})
    assert list(found.metrics) == ["Wrist", "Mean", "Mean@0.1", "AUC"]  # no group that lacks a keypoint
    assert found.record.rule.keypoints == ("head_top", *WRISTS)  # in the protocol's order
    assert found.record.rule.file_keypoints == ()
    assert found.record.rule.sentence.endswith(
        "14 joints (no pelvis, no thorax). Here, only the chosen ones of its keypoints."
    )
    assert found.notes[0] == (
        "Only 3 of the 16 keypoints of mpii are scored, so these numbers are comparable only with others on the same ones: "
        "head_top, right_wrist, left_wrist."
    )


@pytest.mark.parametrize("convention, mean", [("bearpaw", 250 / 3), ("princeton", 87.5)])
def test_a_mean_is_of_the_keypoints_that_its_rule_counts_and_the_user_chose(
    file: Path, two_people: Instances, convention: str, mean: float
) -> None:
    joints = [*WRISTS, "head_top", "pelvis"]  # only princeton's mean has the pelvis
    found = pb.evaluate(file, protocol="mpii", people=two_people, convention=convention, joints=joints)
    assert found.metrics["Mean"] == pytest.approx(mean)


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("protocol", ["mpii", "flic", "lsp", "coco"])
def test_all_keypoints_by_the_option_are_the_plain_score(tmp_path: Path, protocol: str) -> None:
    rules = registry.protocol(protocol)
    people = pb.load_people(protocol).take(np.arange(40))
    random = np.random.default_rng(0)
    keypoints = people.keypoints + random.normal(0, 6, people.keypoints.shape)
    save(for_instances(people, keypoints, random.random(keypoints.shape[:2])), tmp_path / "net.h5")
    for convention in rules.conventions if protocol != "coco" else ["official"]:
        plain, chosen = (
            pb.evaluate(
                tmp_path / "net.h5", protocol=protocol, people=people, convention=convention, joints=joints
            ).record
            for joints in ([], rules.skeleton.keypoints[::-1])
        )
        assert chosen.model_copy(update={"created": plain.created}) == plain
        assert chosen.group == plain.group


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("seed", range(6))
def test_ap_on_some_keypoints_is_pycocotools_on_files_that_have_no_others(tmp_path: Path, seed: int) -> None:
    coco, cocoeval = (pytest.importorskip(f"pycocotools.{name}") for name in ("coco", "cocoeval"))
    truth, detections = mixed(seed)
    protocol, names = registry.protocol("coco"), ("nose", "left_knee", "right_knee", "left_ankle")
    at = protocol.skeleton.index(*names)
    people = protocol.instances(written(tmp_path / "gt.json", truth), "val")
    found = protocol.on_keypoints(names).score(
        protocol.read_predictions(written(tmp_path / "dt.json", detections), people), people, "official"
    )

    def only(row: dict[str, Any], **more: Any) -> dict[str, Any]:
        return row | {"keypoints": np.reshape(row["keypoints"], (17, 3))[at].ravel().tolist()} | more

    less = [only(row) for row in truth["annotations"]]
    for row in less:
        row["num_keypoints"] = sum(v > 0 for v in row["keypoints"][2::3]) if row["num_keypoints"] else 0
    written(tmp_path / "gt4.json", truth | {"annotations": less})
    written(tmp_path / "dt4.json", [only(row) for row in detections])
    with contextlib.redirect_stdout(io.StringIO()):
        reference = coco.COCO(str(tmp_path / "gt4.json"))
        run = cocoeval.COCOeval(reference, reference.loadRes(str(tmp_path / "dt4.json")), "keypoints")
        run.params.kpt_oks_sigmas = SIGMAS[at]
        run.evaluate()
        run.accumulate()
        run.summarize()
    assert list(reported(found).values()) == run.stats[:10].tolist()


def mapping(folder: Path, *lines: str) -> Path:
    (folder / "map.csv").write_text("\n".join(["file,protocol", *lines]) + "\n")
    return folder / "map.csv"


def test_a_file_without_names_is_read_in_the_order_of_its_mapping(two_people: Instances, tmp_path: Path) -> None:
    wrist, other, head = MPII.skeleton.index(*WRISTS, "head_top")
    theirs = two_people.keypoints[:, [other, head, 0, wrist]].copy()
    theirs[0, 0] += 90
    np.savez(tmp_path / "net.npz", keypoints=theirs)
    lines = mapping(tmp_path, "l_hand,left_wrist", "skull,head_top", "tail,", "r_hand , right_wrist")
    found = pb.evaluate(tmp_path / "net.npz", protocol="mpii", people=two_people, mapping=lines)
    assert found.per_joint == {"head_top": 100, "right_wrist": 100, "left_wrist": 50}
    assert found.record.rule.file_keypoints == (
        ("l_hand", "left_wrist"), ("skull", "head_top"), ("tail", ""), ("r_hand", "right_wrist")
    )  # fmt: skip
    assert found.notes[1] == (
        "Names of keypoints by a mapping: left_wrist is the file's l_hand, head_top is the file's skull, right_wrist is the file's "
        "r_hand."
    )
    alone = pb.evaluate(tmp_path / "net.npz", protocol="mpii", people=two_people, mapping=lines, joints=WRISTS)
    assert alone.per_joint == {"right_wrist": 100, "left_wrist": 50}


def test_presence_follows_its_keypoint_to_another_skeleton(two_people: Instances) -> None:
    skeleton = Skeleton(("tail", "nose"))
    made = for_instances(two_people, two_people.keypoints, presence=np.linspace(0, 1, 32).reshape(2, 16))
    pairs = tuple((name, "nose" if name == "head_top" else "") for name in made.keypoint_names)
    other = in_order_of(skeleton, made, pairs)
    column = made.keypoint_names.index("head_top")
    assert other.presence is not None and made.presence is not None
    assert other.presence.tolist() == [[0, value] for value in made.presence[:, column].tolist()]


def test_a_file_that_names_its_keypoints_needs_no_mapping_for_equal_names(
    two_people: Instances, tmp_path: Path
) -> None:
    at = MPII.skeleton.index("left_wrist", "pelvis", "right_wrist")
    theirs = for_instances(two_people, two_people.keypoints).of_keypoints(at)
    names = ("left_wrist", "belly", "right_wrist")
    save(replace(theirs, keypoint_names=names), tmp_path / "net.h5")
    with pytest.raises(pb.PosebenchError, match=r"of 3 keypoints .*--joints or --mapping"):
        pb.evaluate(tmp_path / "net.h5", protocol="mpii", people=two_people)
    found = pb.evaluate(tmp_path / "net.h5", protocol="mpii", people=two_people, joints=WRISTS)
    assert found.per_joint == {"right_wrist": 100, "left_wrist": 100}
    assert found.record.rule.file_keypoints == (("left_wrist",) * 2, ("belly", ""), ("right_wrist",) * 2)


@pytest.mark.parametrize(
    "joints, message",
    [
        (["left_wirst"], r"No keypoint of mpii is named 'left_wirst'\. Did you mean 'left_wrist'\?"),
        (["left_wrist", "left_wrist"], "--joints names left_wrist twice"),
        (["pelvis"], r"mpii official ranks by Mean, which does not exist on pelvis alone\. Choose more keypoints"),
    ],
)
def test_joints_that_cannot_be_scored_are_a_sentence(
    file: Path, two_people: Instances, joints: list[str], message: str
) -> None:
    with pytest.raises(pb.PosebenchError, match=message):
        pb.evaluate(file, protocol="mpii", people=two_people, joints=joints)


@pytest.mark.parametrize(
    "lines, message",
    [
        (["a,b,c"], r"is no mapping of keypoints\. Its first line should be file,protocol"),
        ([], "is no mapping of keypoints"),
        ([",left_wrist"], "is no mapping of keypoints"),
        (["hand,left_wirst"], r"No keypoint of mpii is named 'left_wirst'\. Did you mean 'left_wrist'"),
        (["left_wrist,left_wrist", "left_wrist,"], "names left_wrist twice in the column file"),
        (["left_wrist,left_wrist", "pelvis,left_wrist"], "names left_wrist twice in the column protocol"),
        (
            ["left_wrist,", "pelvis,"],
            r"have no keypoint of the same name\. The file has left_wrist, pelvis; mpii has right_ankle",
        ),
        (["hand,left_wrist"], r"No keypoint of the file is named 'hand'\. .* right_wrist"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_a_sentence(
    file: Path, two_people: Instances, tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(pb.PosebenchError, match=message):
        pb.evaluate(file, protocol="mpii", people=two_people, mapping=mapping(tmp_path, *lines))


def test_keypoints_that_a_file_lacks_are_named(two_people: Instances, tmp_path: Path) -> None:
    at = MPII.skeleton.index("left_wrist", "pelvis")
    save(for_instances(two_people, two_people.keypoints).of_keypoints(at), tmp_path / "net.h5")
    with pytest.raises(pb.PosebenchError, match=r"does not have right_wrist\. It has left_wrist, pelvis\."):
        pb.evaluate(tmp_path / "net.h5", protocol="mpii", people=two_people, joints=WRISTS)


def test_limbs_are_not_scored_on_some_keypoints(tmp_path: Path) -> None:
    people = pb.load_people("lsp").take(np.arange(7))
    save(for_instances(people, people.keypoints), tmp_path / "net.h5")
    with pytest.raises(pb.PosebenchError, match="scores limbs, which some keypoints alone do not have"):
        pb.evaluate(
            tmp_path / "net.h5", protocol="lsp", people=people, convention="person-centric-pcp", joints=["neck"]
        )


def test_scores_on_other_keypoints_are_a_table_of_their_own(file: Path, two_people: Instances) -> None:
    plain, wrists, same = (
        pb.evaluate(file, protocol="mpii", people=two_people, joints=joints, name=name).record
        for joints, name in (([], "plain"), (WRISTS, "wrists"), (WRISTS[::-1], "again"))
    )
    tables = boards([plain, wrists, same])
    assert [[row.name for row in board.rows] for board in tables] == [["plain"], ["again", "wrists"]]
    assert tables[1].title == "mpii val (): mpii v1, official on right_wrist, left_wrist"
    assert len({board.slug for board in tables}) == len({plain.id, wrists.id}) == 2


def test_a_record_on_some_keypoints_of_another_skeleton_is_verified(tmp_path: Path) -> None:
    people = pb.load_people("mpii")
    theirs = for_instances(people, people.keypoints + 3).of_keypoints(MPII.skeleton.index("left_wrist", "thorax"))
    (tmp_path / "predictions").mkdir()
    save(replace(theirs, keypoint_names=("hand", "chest")), tmp_path / "predictions/net.h5")
    done = CliRunner().invoke(
        main, ["evaluate", str(tmp_path / "predictions/net.h5"), "--protocol", "mpii", "--joints", "left_wrist", "--mapping",
               str(mapping(tmp_path, "hand,left_wrist", "chest,thorax")), "--results", str(tmp_path)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "mpii official on left_wrist: PCKh@0.5" in " ".join(done.output.split())
    (path,) = (tmp_path / "records").iterdir()
    assert verify(path, Places()).status == "verified"
    path.write_text(path.read_text().replace('"chest",\n    "thorax"', '"chest",\n    "left_wrist"', 1))
    assert read_record(path).rule.file_keypoints[1] == ("chest", "left_wrist")
    assert verify(path, Places()).status != "verified"


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("protocol, joints", [("mpii", (*WRISTS, "head_top")), ("coco", ("left_wrist", "right_knee"))])
def test_a_diagnosis_of_some_keypoints_is_of_these_alone_and_stands_beside_their_record(
    tmp_path: Path, protocol: str, joints: tuple[str, ...]
) -> None:
    people = pb.load_people(protocol).take(np.arange(40))
    keypoints = people.keypoints.copy()
    keypoints[:8] += 400
    keypoints[:, people.skeleton.index("left_ankle")] += 400
    save(for_instances(people, keypoints), tmp_path / "net.h5")
    found = pb.diagnose(tmp_path / "net.h5", protocol=protocol, people=people, joints=joints)
    assert set(found.errors.joints) == set(joints)
    assert sum(found.errors.counts) == sum(map(sum, found.errors.joints.values()))
    all_repaired = next(one for one in found.errors.repairs if one.kind == "all").gain.value
    lost = 100 - found.evaluation.metrics["Mean"] if protocol == "mpii" else 0  # nobody finds COCO's eight
    assert all_repaired == pytest.approx(lost)
    plain = pb.evaluate(tmp_path / "net.h5", protocol=protocol, people=people)
    plain.save(tmp_path)
    with pytest.raises(pb.PosebenchError, match="There is no record"):
        found.save(tmp_path)
    found.evaluation.save(tmp_path)
    (path,) = found.save(tmp_path)
    assert path.stem == found.evaluation.record.id != plain.record.id


def test_curves_and_explanations_of_some_keypoints_are_refused() -> None:
    for option in (["--explain"], ["--thresholds", "0:1:0.1"]):
        done = CliRunner().invoke(main, ["evaluate", "x.h5", "--protocol", "mpii", "--joints", "left_wrist", *option])
        assert (done.exit_code, "so --joints would be ignored" in " ".join(done.output.split())) == (2, True)


def test_a_protocol_that_cannot_choose_says_what_is_missing() -> None:
    class Corners(type(MPII).__mro__[2]):  # type: ignore[misc] # Protocol itself
        name = "corners"
        instances = score = lambda self, *arguments: None

    with pytest.raises(pb.PosebenchError, match="corners cannot be scored on some of its keypoints.*on_keypoints"):
        Corners().on_keypoints(("nose",))


def test_a_protocol_that_scores_other_keypoints_as_well_is_found_out(file: Path, two_people: Instances) -> None:
    class Stubborn(type(MPII)):  # type: ignore[misc]
        conventions = type(MPII).conventions
        convention = lambda self, name=None: Stubborn.conventions[name or "official"]  # noqa: E731 - not of this object

    with pytest.raises(pb.PosebenchError, match="mpii scored head_top as well, which was not chosen"):
        pb.evaluate(file, protocol=Stubborn(), people=two_people, joints=WRISTS)
