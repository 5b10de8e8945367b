"""Evaluators that extend pycocotools, by one interface: xtcocotools, and those built on hotcoco and on xtcocotools.

A test that needs one which is not installed is skipped; `make evaluators` installs them.
"""

import contextlib
import importlib
import io
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def statistics(package: str, kind: str, gt: Path, dt: Path, sigmas: Any, **how: Any) -> list[float]:
    """The numbers that a package's evaluator prints.

    Args:
        package: `xtcocotools`, `xthotcoco` or `exococotools`. kind: what the evaluator calls iouType, such as `keypoints_foot`.
        gt, dt: annotation and results. sigmas: (K,). how: further arguments of the evaluator.
    """
    return [float(value) for value in evaluator(package, kind, gt, dt, sigmas, **how).stats]


def evaluator(package: str, kind: str, gt: Path, dt: Path, sigmas: Any, **how: Any) -> Any:
    """A package's evaluator that has computed its numbers."""
    try:
        if package == "xthotcoco":
            module = importlib.import_module(package)
            truth_type, evaluator_type = module.COCO, module.COCOeval
        else:
            if package == "exococotools":  # 1.0.0 imports itself by the name that it had before
                sys.modules.setdefault("ExCocotools", importlib.import_module(package))
            truth_type = importlib.import_module(f"{package}.coco").COCO
            evaluator_type = importlib.import_module(f"{package}.cocoeval").COCOeval
    except (ImportError, ValueError) as error:  # a wheel that is built for numpy 1 raises ValueError
        pytest.skip(f"{package} cannot be imported ({error}): make evaluators")
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = truth_type(str(gt))
        made = evaluator_type(truth, truth.loadRes(str(dt)), kind, np.array(sigmas), **how)
        made.evaluate()
        made.accumulate()
        made.summarize()
    return made
