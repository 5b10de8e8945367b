"""Decodings of kept heatmaps: which there are, and what each of them decodes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kept_heatmaps import SKELETON, drawn_people, peaks, with_box_scores, write

from posebench.data.geometry import cell_to_pixel
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.inference.decodings import Decoding, choose, decode, own_decoding
from posebench.inference.heatmap_file import Heatmaps, open_heatmaps
from posebench.plugins import heatmaps
from posebench.plugins.pipeline import Pipeline

MIRRORED_COLUMN = 15 - 6
"""Column of the mirrored crop that lies on column 6 of the upright one."""


@pytest.fixture(scope="module")
def two_stacks(tmp_path_factory: Any) -> Path:
    """Upright peaks in column 3 of stack 1 and in column 4 of stack 2; the mirrored pass has one twice as high, on column 6."""
    path, people = tmp_path_factory.mktemp("decodings") / "maps.h5", drawn_people(3)
    upright = torch.stack([peaks(3, 5, 3), peaks(4, 5, 3)], dim=1)
    mirrored = torch.stack([peaks(MIRRORED_COLUMN, 5, 3, height=2.0)] * 2, dim=1)
    write(path, people, upright, mirrored, unreadable=1)
    return path


def cells_of(kept: Heatmaps, made: Predictions, row: int) -> np.ndarray:
    """(K, 2) cells of a person's predictions."""
    a, b = kept.to_image[row][:, :2], kept.to_image[row][:, 2]
    crop = np.linalg.solve(a, (made.keypoints[row] - b).T).T
    return (crop - cell_to_pixel(0, kept.stride)) / kept.stride


@pytest.mark.parametrize(
    ("stack", "shift", "column"), [(1, None, 3), (2, None, 4), (1, 0, 6), (2, 0, 6), (1, 1, 7), (2, 1, 7)]
)
def test_each_stack_and_mirror_decodes_its_own_maps(
    two_stacks: Path, stack: int, shift: int | None, column: int
) -> None:
    with open_heatmaps(two_stacks) as kept:
        (made,) = decode(kept, [Decoding("argmax", stack, shift)])
        assert cells_of(kept, made, 2) == pytest.approx(np.tile([[column, 5.0]], (len(SKELETON), 1)))


def test_all_decodings_at_once_are_those_of_each_alone(two_stacks: Path) -> None:
    with open_heatmaps(two_stacks) as kept:
        every = choose(kept)
        assert len(every) == 6 * 3 * 2  # decoders, mirrors, stacks
        for one, together in zip(every, decode(kept, every), strict=True):
            (alone,) = decode(kept, [one])
            assert np.array_equal(alone.keypoints, together.keypoints, equal_nan=True)
            assert np.array_equal(alone.scores, together.scores)
            assert together.provenance.decoded == one.stated


def test_a_score_is_the_height_of_the_highest_cell_and_a_missing_person_is_missing(two_stacks: Path) -> None:
    with open_heatmaps(two_stacks) as kept:
        off, on = decode(kept, [Decoding("dark", 2, None), Decoding("dark", 2, 0)])
    assert off.scores[:, 0].tolist() == [1, 0, 1]
    assert on.scores[:, 0].tolist() == [1, 0, 1]  # half of 2
    assert off.missing.all(axis=1).tolist() == [False, True, False]
    assert np.isnan(off.keypoints[1]).all()


def test_the_networks_own_decoding_has_its_decoder_last_stack_and_shift(tmp_path: Path, two_stacks: Path) -> None:
    with open_heatmaps(two_stacks) as kept:
        assert own_decoding(kept).name == "quarter, stack 2, mirror on"
    one = peaks(3, 5, 3)[:, None]
    write(tmp_path / "a.h5", drawn_people(3), one, one, decoder="integral", pipeline=Pipeline(flip_shift=1))
    with open_heatmaps(tmp_path / "a.h5") as kept:
        assert own_decoding(kept).name == "integral, stack 1, mirror on+1"
    write(tmp_path / "b.h5", drawn_people(3), one)
    with open_heatmaps(tmp_path / "b.h5") as kept:
        assert own_decoding(kept).name == "quarter, stack 1, mirror off"
        assert {one.mirror for one in choose(kept)} == {"off"}


def test_quarter_is_decoded_by_the_pipelines_own_rule(tmp_path: Path) -> None:
    maps = peaks(1, 5, 3)
    maps[:, :, 5, 2] = 0.5
    pipeline = Pipeline(peak=heatmaps.Peak(own=(2, 1), other=(2, 1)))  # HRNet's, which does not move a peak in column 1
    write(tmp_path / "a.h5", drawn_people(3), maps[:, None], pipeline=pipeline)
    with open_heatmaps(tmp_path / "a.h5") as kept:
        (made,) = decode(kept, [own_decoding(kept)])
        assert cells_of(kept, made, 0)[0] == pytest.approx([1, 5])


def test_detected_people_keep_their_boxes_confidence(tmp_path: Path) -> None:
    people = with_box_scores(drawn_people(2), [0.5, 0.25])
    write(tmp_path / "a.h5", people, peaks(3, 5, 2, height=0.5)[:, None])
    with open_heatmaps(tmp_path / "a.h5") as kept:
        (made,) = decode(kept, [own_decoding(kept)])
    assert made.person.tolist() == [-1, -1]
    assert made.score.tolist() == [0.25, 0.125]
    assert made.box_score is not None
    assert made.box_score.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"decoders": ["drak"]}, "No decoder is named 'drak'. Did you mean 'dark'?"),
        ({"stacks": [3]}, "has no stack 3; it has 1, 2"),
        ({"mirrors": ["on+2"]}, r"Mirror 'on\+2' is not possible with this heatmap file: off, on, on\+1"),
    ],
)
def test_what_a_file_does_not_have_is_refused(two_stacks: Path, asked: Any, sentence: str) -> None:
    with open_heatmaps(two_stacks) as kept, pytest.raises(PosebenchError, match=sentence):
        choose(kept, **asked)
