import pytest

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, listed, natural, unknown

FACE = Skeleton(keypoints=("nose", "left_eye", "right_eye", "left_ear"), bones=(("nose", "left_eye"),))


def test_names_tell_which_keypoints_a_mirror_swaps() -> None:
    assert FACE.flip_pairs == ((1, 2),)
    assert FACE.flip_order == (0, 2, 1, 3)


def test_bones_are_positions() -> None:
    assert FACE.bone_indices == ((0, 1),)


@pytest.mark.parametrize("protocol, pairs", [("mpii", 6), ("coco", 8), ("flic", 5)])
def test_mirroring_twice_restores_every_built_in_skeleton(protocol: str, pairs: int) -> None:
    from posebench.plugins.registry import protocol as find

    skeleton = find(protocol).skeleton
    assert len(skeleton.flip_pairs) == pairs
    assert [skeleton.flip_order[i] for i in skeleton.flip_order] == list(range(len(skeleton)))


def test_a_keypoint_named_twice_is_refused() -> None:
    with pytest.raises(PosebenchError, match="twice: nose"):
        Skeleton(keypoints=("nose", "nose"))


def test_no_keypoints_are_refused() -> None:
    with pytest.raises(PosebenchError, match=r"^A skeleton needs at least one keypoint name; none is given\.$"):
        Skeleton(keypoints=())


def test_a_bone_to_nowhere_is_refused() -> None:
    with pytest.raises(PosebenchError, match="'tail'"):
        Skeleton(keypoints=("nose",), bones=(("nose", "tail"),))


def test_asking_for_an_unknown_keypoint_lists_the_known() -> None:
    with pytest.raises(PosebenchError, match="no 'tail'; it has nose, left_eye"):
        FACE.index("nose", "tail")


def test_an_unknown_name_gets_the_nearest_and_all_in_natural_order() -> None:
    error = unknown("architecture", "hourglas8", ["hourglass10", "hourglass8"], label="Installed")
    assert str(error) == (
        "No architecture is named 'hourglas8'. Did you mean 'hourglass8'? Installed: hourglass8, hourglass10."
    )
    assert sorted(["b2", "b10", "a"], key=natural) == ["a", "b2", "b10"]


def test_the_beginning_of_names_gets_those_that_begin_so_whatever_is_more_similar() -> None:
    known = ["Yang et al. 2016", "Newell et al. 2016, hourglass8", "newell et al. 2016, hourglass2"]
    error = unknown("row", "Newell et al. 2016", known, others=["newell et al. 2016-id"])
    assert str(error) == (
        "No row is named 'Newell et al. 2016'. Did you mean 'Newell et al. 2016, hourglass8' or 'newell et al. 2016, "
        "hourglass2' or 'newell et al. 2016-id'? Known: 'Newell et al. 2016, hourglass8', 'Yang et al. 2016', 'newell et al. 2016, "
        "hourglass2'."
    )


def test_names_with_a_comma_are_listed_in_quotation_marks_and_the_last_of_many_are_counted() -> None:
    assert [listed(names) for names in ([], ["a", "b c"], ["a", "b, c"])] == ["none", "a, b c", "'a', 'b, c'"]
    assert listed(["a", "b", "c, d", "e"], 2) == "'a', 'b', and 2 more"
    assert listed("abc", 3) == "a, b, c"
