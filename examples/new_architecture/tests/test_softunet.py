"""All checks that posebench has for an architecture, and a test of this network alone."""

import torch

from posebench import Skeleton
from posebench.plugin_checks.suite import prove
from posebench.plugins.registry import architecture


def test_softunet_passes_all_checks() -> None:
    assert prove("architecture", "softunet").failed == ()


def test_the_mean_of_two_equal_cells_is_between_them() -> None:
    model = architecture("softunet", Skeleton(keypoints=("nose",)), (32, 16))
    logits = torch.full((1, 1, 4, 8), -100.0)
    logits[0, 0, 1, 2] = logits[0, 0, 1, 3] = 0.0
    keypoints, scores = model.decode(logits)
    assert keypoints.tolist() == [[[11.5, 5.5]]]  # columns 2 and 3 are pixels 8 to 15, row 1 is pixels 4 to 7
    assert scores.tolist() == [[0.5]]
