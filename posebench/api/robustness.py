"""Robustness from Python."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, load_people, optional_path, protocol_named
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    from posebench.results.kept_robustness import KeptRobustness
    from posebench.samples.corruption import Rule


def measure_robustness(
    network: StrPath, *, protocol: str | Protocol, data: StrPath | None = None, split: str | None = None,
    convention: str | None = None, parts: Sequence[str] = (), corruptions: Sequence[str] = (), severities: Sequence[int] = (),
    people: int | None = None, rule: "Rule" = "advmix", seed: int = 1, boxes: StrPath | None = None,
    box_threshold: float | None = None, write: StrPath | None = None, name: str | None = None, device: str | None = None,
    workers: int | None = None, results: StrPath = "results",
    show: Callable[[int, int, str], None] = lambda done, total, condition: None,
) -> "KeptRobustness":  # fmt: skip
    """Measure a network's score on corrupted photographs and with other boxes, and write tables and pictures below `results`.

    Conditions that were predicted before are not predicted again.

    Args:
        network: a checkpoint, an exported ONNX file, or the name of an architecture whose plugin brings its weights.
        split: None for the one that `posebench run` scores.
        parts: of `corruptions`, `shift` and `boxes`; all without any. corruptions, severities: likewise.
        people: how many, evenly spread over the split; None for all.
        write: a folder for the corrupted photographs; None to write none.
        show: called after every batch with how many people are predicted, of how many, and under which condition.
        The others are the options of `posebench robustness`.

    Returns:
        `.clean`, `.corrupted.mpc`, `.corrupted.rpc` and `.corrupted.means`, each with `.value` and `.interval`, and
        `.conditions`.

    Raises:
        PosebenchError: the network or an option is not what it should be, or a photograph cannot be corrupted.
    """
    from posebench.report.plots.robustness_report import write_robustness
    from posebench.results.folder import ResultsFolder
    from posebench.results.kept_robustness import find_robustness
    from posebench.tasks.people import run_splits
    from posebench.tasks.robustness import measure as tasks
    from posebench.tasks.robustness.conditions import PARTS, RobustnessAsked
    from posebench.tasks.worker_count import loader_count
    from posebench.training.devices import use_device

    use_device(device)
    rules, folder = protocol_named(protocol), Path(results)
    asked = RobustnessAsked(
        tuple(parts) or PARTS, tuple(corruptions), tuple(severities), people, rule, seed, optional_path(boxes), box_threshold,
        optional_path(write),
    )  # fmt: skip
    annotated = load_people(rules, data, split or run_splits(rules, optional_path(data)).report, convention)
    planned = tasks.plan(str(network), rules, annotated, asked, results=folder, convention=convention, name=name)
    kept = tasks.measure(planned, loader_count(workers, device), show)
    write_robustness(ResultsFolder(folder), find_robustness(folder).kept)
    return kept
