"""Reading a predictions file of other keypoints than the protocol's, and scoring the keypoints that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from posebench.data import common_keypoints
from posebench.data.common_keypoints import Pairs
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.record import Record


@dataclass(frozen=True)
class KeypointsAsked:
    """Which keypoints are scored, and what a file calls them.

    Attributes:
        names: the protocol's keypoints to score; empty for all that the file has.
        pairs: the file's keypoints, in its order, each with the protocol's keypoint that it is, or ""; empty where both have the
            same names.
    """

    names: tuple[str, ...] = ()
    pairs: Pairs = ()


@dataclass(frozen=True, eq=False)
class InCommon:
    """What is scored.

    Attributes:
        predictions: with all keypoints of the protocol. protocol: its rules on the keypoints that are scored.
        names: those keypoints; empty for all of the protocol's.
        pairs: as of `KeypointsAsked`; empty where the file has the protocol's keypoints.
    """

    predictions: Predictions
    protocol: Protocol
    names: tuple[str, ...]
    pairs: Pairs

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of it, as sentences."""
        told, rules = [], self.protocol
        if self.names:
            told.append(
                f"Only {len(self.names)} of the {len(rules.skeleton)} keypoints of {rules.name} are scored, so these numbers are "
                f"comparable only with others on the same ones: {', '.join(self.names)}."
            )
        if renamed := [f"{its} is the file's {mine}" for mine, its in self.pairs if its not in ("", mine)]:
            told.append(f"Names of keypoints by a mapping: {', '.join(renamed)}.")
        return tuple(told)


def asked_keypoints(protocol: Protocol, names: Sequence[str], mapping: Path | None) -> KeypointsAsked | None:
    """What a user has typed, checked; None for nothing.

    Args:
        names: of the protocol's keypoints. mapping: a CSV of posebench.data.common_keypoints.

    Raises:
        PosebenchError: a name is unknown or there twice, or the mapping is not what it should be.
    """
    if not names and mapping is None:
        return None
    common_keypoints.check_names(names, protocol.skeleton, protocol.name)
    pairs = () if mapping is None else common_keypoints.read_mapping(mapping, protocol.skeleton, protocol.name)
    return KeypointsAsked(tuple(names), pairs)


def read_in_common(path: Path, protocol: Protocol, people: Instances, asked: KeypointsAsked | None) -> InCommon:
    """Read a predictions file and choose the keypoints that are scored.

    Args:
        asked: None for a file with the protocol's keypoints, which are all scored.

    Raises:
        PosebenchError: the file is damaged, or does not have the keypoints.
    """
    with errors_of("protocol", protocol.name, "read_predictions"):
        if asked is not None and asked.pairs:
            own = common_keypoints.people_of(people, tuple(mine for mine, _ in asked.pairs))
            read = protocol.on_skeleton(own.skeleton).read_predictions(path, own)
        else:
            read = protocol.read_predictions(path, people)
    return InCommon(read, protocol, (), ()) if asked is None else _in_common(path, read, protocol, people, asked)


def _in_common(path: Path, read: Predictions, protocol: Protocol, people: Instances, asked: KeypointsAsked) -> InCommon:
    skeleton = people.skeleton
    pairs = asked.pairs or common_keypoints.same_names(read.keypoint_names, skeleton)
    there = {its for _, its in pairs if its}
    if lacking := [name for name in asked.names if name not in there]:
        raise PosebenchError(
            f"{path} does not have {', '.join(lacking)}. It has {', '.join(mine for mine, _ in pairs)}. Name keypoints that both "
            "have, or say with --mapping what the file calls them."
        )
    if not there:
        raise PosebenchError(
            f"{path} and {protocol.name} have no keypoint of the same name. The file has {', '.join(mine for mine, _ in pairs)}; "
            f"{protocol.name} has {', '.join(skeleton.keypoints)}. Say with --mapping which keypoint is which."
        )
    scored = tuple(name for name in skeleton.keypoints if name in (asked.names or there))
    every = len(scored) == len(skeleton)
    with errors_of("protocol", protocol.name, "on_keypoints"):
        rules = protocol if every else protocol.on_keypoints(scored)
    same = tuple(read.keypoint_names) == skeleton.keypoints and all(its in ("", mine) for mine, its in pairs)
    predictions = read if same else common_keypoints.in_order_of(skeleton, read, pairs)
    return InCommon(predictions, rules, () if every else scored, () if same else pairs)


def stating_keypoints(record: Record, read: InCommon) -> Record:
    """The record with the keypoints that were scored, and a note on them.

    Raises:
        PosebenchError: the headline needs other keypoints, or the protocol has scored others.
    """
    rule = record.rule
    if read.names and rule.headline not in record.metrics:
        raise PosebenchError(
            f"{rule.protocol} {rule.convention} ranks by {rule.headline}, which does not exist on {', '.join(read.names)} alone. "
            "Choose more keypoints."
        )
    if read.names and (others := record.per_joint.keys() - set(read.names)):
        raise PosebenchError(
            f"{rule.protocol} scored {min(others)} as well, which was not chosen. Its author should take the rule from "
            "self.conventions, or define on_keypoints."
        )
    notes = list(read.notes)
    if record.per_joint and (idle := [name for name in read.names if name not in record.per_joint]):
        notes.append(
            f"{rule.protocol} {rule.convention} does not score {', '.join(idle)}: the numbers are those without."
        )
    stated = rule.model_copy(update={"keypoints": read.names, "file_keypoints": read.pairs})
    return record.model_copy(update={"rule": stated, "notes": [*notes, *record.notes]})
