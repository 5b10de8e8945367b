"""The rules of COCO's keypoint evaluation, each with small random datasets that test it.

Shared by the tests and by `benchmarks/exactness.py`. Every case begins as a plain one, in which evaluators have nothing to differ
in, and its rule changes one thing. So the rule in which an evaluator differs from the reference is the rule that it misses.
"""

import numpy as np
from coco_case import Case, mixed, plain
from coco_data_rules import DATA_RULES
from coco_matching_rules import MATCHING_RULES


def case(rule: str, seed: int) -> Case:
    """A case of a rule; the same seed makes the same case."""
    made = plain(np.random.default_rng([seed, *rule.encode()]))
    RULES[rule](made)
    return made


def _everything(case: Case) -> None:
    truth, case.detections = mixed(int(case.random.integers(2**31)))
    case.images, case.people = truth["images"], truth["annotations"]


RULES = {"nothing special": lambda _: None} | MATCHING_RULES | DATA_RULES | {"everything at once": _everything}
"""Rule → what makes a plain case one that tests the rule."""
