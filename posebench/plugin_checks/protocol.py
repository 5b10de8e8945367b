"""Checks of a protocol: its attributes, and its scores of synthetic people with known keypoints."""

import math
import tempfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugin_checks.runner import Broken, Unsettled
from posebench.plugins import registry
from posebench.plugins.plugin_errors import PluginError
from posebench.plugins.protocol import Protocol
from posebench.scoring.scores import Scores
from posebench.synthetic import people as synthetic

PEOPLE = 12
TOLERANCE = 1e-9
"""Relative difference below which two scores are the same: sums in another order."""
FAR = 10_000.0
"""Pixels by which a wrong prediction is off: beyond every picture."""


class ProtocolSubject:
    """A protocol by name, and synthetic people to score."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol itself."""
        return registry.protocol(self.name)

    @cached_property
    def people(self) -> Instances:
        """A few people with the protocol's keypoints.

        Raises:
            Unsettled: the skeleton has keypoints that synthetic people lack.
        """
        try:
            people = synthetic.instances(self.protocol.skeleton, self.protocol.report_split, PEOPLE)
        except PosebenchError as error:
            raise Unsettled(f"synthetic people lack some of its keypoints: {error}") from error
        return people

    @cached_property
    def truth(self) -> Predictions:
        """Predictions equal to the annotations."""
        unlabelled = self.people.visibility == UNLABELLED  # some evaluators count a prediction of these as false
        keypoints = np.where(unlabelled[..., None], np.nan, self.people.keypoints)
        return for_instances(self.people, keypoints, missing=unlabelled)

    @property
    def best(self) -> float:
        """The highest score there is, in the protocol's unit."""
        return 100.0 if self.protocol.unit == "%" else 1.0

    def headline(self, predictions: Predictions, convention: str) -> float:
        """The headline score.

        Raises:
            Broken: score does not return Scores, or they lack it.
        """
        protocol = self.protocol
        scores = protocol.score(predictions, self.people, convention)
        if not isinstance(scores, Scores):
            raise Broken(f"score returns a {type(scores).__name__}.", "Return a posebench.scoring.scores.Scores.")
        if protocol.headline not in scores.metrics:
            raise Broken(
                f"The headline {protocol.headline!r} is not among the metrics of {convention}: {', '.join(scores.metrics)}.",
                "Let score return it in `metrics`, under every convention.",
            )
        return float(scores.metrics[protocol.headline])

    def conventions(self) -> list[str]:
        """Conventions that can be computed on synthetic people: some need a detector's boxes."""
        able = []
        for name in self.protocol.conventions:
            try:
                self.headline(self.truth, name)
            except PosebenchError as error:
                if isinstance(error, PluginError) or name == self.protocol.convention().name:
                    raise
                continue
            able.append(name)
        return able


def identity(subject: ProtocolSubject) -> str:
    """Name, version, skeleton, unit and splits are what records and commands rely on."""
    protocol = subject.protocol
    wrong = []
    if protocol.name != subject.name:
        wrong.append(f"its name is {protocol.name!r}, but it is installed as {subject.name!r}")
    if not isinstance(protocol.version, int) or isinstance(protocol.version, bool) or protocol.version < 1:
        wrong.append(f"version is {protocol.version!r}, but should be an int from 1")
    if not isinstance(protocol.skeleton, Skeleton):
        wrong.append(f"skeleton is a {type(protocol.skeleton).__name__}, but should be a Skeleton")
    if protocol.unit not in ("%", ""):
        wrong.append(f"unit is {protocol.unit!r}, but should be '%' or '' (fractions)")
    wrong += [
        f"{kind} {split!r} is not one of the splits {', '.join(protocol.splits)}"
        for kind, split in (("report_split", protocol.report_split), ("train_split", protocol.train_split))
        if split not in protocol.splits
    ]
    if wrong:
        raise Broken(
            "; ".join(wrong) + ".",
            "Set the class attributes; posebench.plugins.protocol.Protocol says what each one is.",
        )
    return f"version {protocol.version}, {len(protocol.skeleton)} keypoints, {protocol.headline} on {protocol.report_split}"


def rules(subject: ProtocolSubject) -> str:
    """Every convention has a rule that is a sentence, and a source."""
    conventions = subject.protocol.conventions
    if not conventions:
        raise Broken("It has no conventions.", "Name at least one: the official evaluator's, first.")
    for name, convention in conventions.items():
        if convention.name != name:
            raise Broken(f"The convention {name!r} says that it is {convention.name!r}.", "Make the two equal.")
        if len(convention.rule.split()) < 3 or not convention.rule.rstrip().endswith((".", ")")):
            raise Broken(
                f"The rule of {name} is {convention.rule!r}, which is not a sentence.",
                "State operator, keypoints and mean, and end with a full stop.",
            )
        if not convention.source.strip():
            raise Broken(
                f"The convention {name} has no source.", "Name the evaluator that computes it, and its version."
            )
    return ", ".join(conventions)


def truth(subject: ProtocolSubject) -> str:
    """The annotations themselves get the highest score, under every convention."""
    able = subject.conventions()
    for name in able:
        value = subject.headline(subject.truth, name)
        if not math.isclose(value, subject.best, rel_tol=1e-6):
            raise Broken(
                f"The annotations themselves score {value:g} under {name}, not {subject.best:g}.",
                "Compare in one pixel convention, and let a distance of 0 count; unit '%' means 0..100, '' means 0..1.",
            )
    left = [name for name in subject.protocol.conventions if name not in able]
    return f"{subject.best:g} under {', '.join(able)}" + (
        f"; {', '.join(left)} cannot be computed on synthetic people" if left else ""
    )


def falsehood(subject: ProtocolSubject) -> str:
    """Predictions that are far from all people score close to 0."""
    away = for_instances(subject.people, subject.people.keypoints + FAR)
    for name in subject.conventions():
        value = subject.headline(away, name)
        if not 0 <= value <= 0.05 * subject.best:
            raise Broken(
                f"Keypoints {FAR:,.0f} pixels off score {value:g} under {name}.", "Count only keypoints that are near."
            )
    return f"at most {0.05 * subject.best:g}"


def order(subject: ProtocolSubject) -> str:
    """The order of predictions does not matter."""
    made = for_instances(subject.people, _half_right(subject))
    rows = np.random.default_rng(0).permutation(len(made))
    columns = ("image", "person", "keypoints", "scores", "score", "missing")
    shuffled = replace(made, **{name: getattr(made, name)[rows] for name in columns})
    for name in subject.conventions():
        here, there = subject.headline(made, name), subject.headline(shuffled, name)
        if not math.isclose(here, there, rel_tol=TOLERANCE):
            raise Broken(
                f"The same predictions in another order score {there:g} instead of {here:g} under {name}.",
                "Match by image and person: posebench.data.matching.align.",
            )
    return "the same in another order"


def _half_right(subject: ProtocolSubject) -> np.ndarray:
    keypoints = subject.people.keypoints.copy()
    keypoints[::2] += FAR
    return keypoints


def missing(subject: ProtocolSubject) -> str:
    """Keypoints that are declared missing (NaN) count as missed or unknown, never as correct, and raise nothing."""
    keypoints, absent = subject.people.keypoints.copy(), np.zeros(subject.people.keypoints.shape[:2], bool)
    absent[: PEOPLE // 2] = True
    keypoints[absent] = np.nan
    some = for_instances(subject.people, keypoints, missing=absent)
    none = for_instances(subject.people, np.full_like(keypoints, np.nan), missing=np.ones_like(absent))
    for name in subject.conventions():
        value = subject.headline(some, name)
        if not 0 <= value < subject.best:
            raise Broken(
                f"With half of the people missing, the score is {value:g} under {name}.",
                "Take the missing keypoints from posebench.data.matching.align, and count them as wrong.",
            )
        nothing = subject.headline(none, name)
        if nothing > 0:  # NaN, unknown, is as good an answer as 0
            raise Broken(f"With all people missing, the score is {nothing:g} under {name}.", "It should be 0 or NaN.")
    return "counts as missed"


def folder(subject: ProtocolSubject) -> str:
    """A folder without the dataset's files gives a PosebenchError."""
    protocol = subject.protocol
    with tempfile.TemporaryDirectory() as empty:
        try:
            root = protocol.annotations(Path(empty), protocol.report_split, protocol.convention().name)
            found = protocol.instances(root, protocol.report_split)
        except PosebenchError as error:
            return f"an empty folder is answered with: {' '.join(str(error).replace(empty, 'DIR').split())[:160]}"
    if not isinstance(found, Instances):
        raise Broken(f"instances returns a {type(found).__name__}.", "Return a posebench.data.instances.Instances.")
    return "needs no files"
