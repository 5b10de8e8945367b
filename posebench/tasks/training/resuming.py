"""Resuming: the run that `--resume` goes on with. Runs with other settings are named, with what differs."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench.files.writing import copy_file, write_text
from posebench.plugins.recipe import Recipe
from posebench.results.folder import BEST, CHECKPOINT, SETTINGS, ResultsFolder

if TYPE_CHECKING:
    from posebench.tasks.training.job import Job
    from posebench.training.checkpoints import Checkpoint

CHANGEABLE = "epochs", "learning_rate"
"""Settings of a recipe with which a run can go on, one at a time."""
CONTINUES = "continues"
"""The setting that names the run from which another one goes on."""
MOST_NAMED = 3
"""Runs that are named, the nearest first."""


@dataclass(frozen=True)
class Other:
    """A run of the same network and protocol.

    Attributes:
        folder: of the run; it has a checkpoint.
        settings: as `write_settings` wrote them.
        differences: setting → its value there and the value asked for.
    """

    folder: Path
    settings: Mapping[str, Any]
    differences: Mapping[str, tuple[Any, Any]]

    @property
    def checkpoint(self) -> Path:
        """Its last checkpoint."""
        return self.folder / CHECKPOINT

    @property
    def text(self) -> str:
        """Such as `epochs 1, not 2; learning_rate 0.003, not 0.001`."""
        return "; ".join(
            f"{name} {_shown(its)}, not {_shown(asked)}" for name, (its, asked) in self.differences.items()
        )


@dataclass(frozen=True)
class Start:
    """Where a run is kept, and what it begins with.

    Attributes:
        path: of its checkpoint. settings: of the run.
        before: the run that it goes on from, and that run's checkpoint; None for none.
        note: what `--resume` found instead of the run; empty where that does not matter.
    """

    path: Path
    settings: Mapping[str, Any]
    before: "tuple[Other, Checkpoint] | None" = None
    note: str = ""

    def prepare(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        """Write the settings of the run, and the checkpoint with which it begins where it goes on from another run.

        Args:
            say: called with a sentence on what the run goes on from.
        """
        from posebench.training import checkpoints

        if self.note:
            say(self.note)
        if self.before is not None:
            other, found = self.before
            if (best := other.folder / BEST).exists():
                copy_file(best, self.path.with_name(BEST))
            made = found.continued(recipe)
            checkpoints.save(self.path, made)
            say(
                f"Goes on from step {found.step:,} of {other.folder} ({other.text}). The schedule of the learning rate "
                f"starts anew over the {made.steps - made.step:,} steps that are left."
            )
        # Written before the first step: a folder that cannot be written to must not be found after an epoch.
        write_text(self.path.with_name(SETTINGS), json.dumps(dict(self.settings), indent=1) + "\n")


def start_of(job: "Job", settings: Mapping[str, Any]) -> Start:
    """The run of a job, or the one that it goes on with if it resumes.

    Args:
        settings: of the job, for the people that are trained on.
    """
    path = job.results.checkpoint(job.key(settings))
    if path.exists() or not job.resume:
        return Start(path, settings)
    others = other_runs(job.results, settings)
    if others and not others[0].differences:  # this run, which went on from another one
        return Start(others[0].checkpoint, others[0].settings)
    before = predecessor(others, job.recipe)
    if before is None:
        return Start(path, settings, note=nothing_found(others))
    settings = {**settings, CONTINUES: before[0].folder.name}
    path = job.results.checkpoint(job.key(settings))
    return Start(path, settings, None if path.exists() else before)  # it exists where its settings were lost


def other_runs(results: ResultsFolder, settings: Mapping[str, Any]) -> list[Other]:
    """The runs of the same network and protocol that have a checkpoint, the one with the fewest differences first."""
    found = []
    for file in sorted(results.runs.glob(f"*/{SETTINGS}")):
        its = _read(file)
        if its is None or not file.with_name(CHECKPOINT).exists():
            continue
        if (its.get("arch"), its.get("protocol")) == (settings["arch"], settings["protocol"]):
            found.append(Other(file.parent, its, dict(_differences(its, settings))))
    return sorted(found, key=lambda other: len(other.differences))


def predecessor(others: list[Other], recipe: Recipe) -> "tuple[Other, Checkpoint] | None":
    """The run from which one with this recipe can go on: they differ in one of `CHANGEABLE`, and steps are left.

    Returns:
        The run, of several the one with most steps done, and its checkpoint.
    """
    from posebench.training import checkpoints

    near = [other for other in others if len(other.differences) == 1 and {*other.differences} <= {*CHANGEABLE}]
    able = [(other, checkpoints.load(other.checkpoint)) for other in near]
    left = [(other, found) for other, found in able if found.step < found.steps_of(recipe)]
    return max(left, key=lambda pair: pair[1].step, default=None)


def nothing_found(others: list[Other]) -> str:
    """The sentence on a run that was to be resumed and is not there."""
    first = "--resume found no run with these settings; training starts from the beginning."
    return " ".join([first, *(f"{other.folder} differs in: {other.text}." for other in others[:MOST_NAMED])])


def _read(file: Path) -> dict[str, Any] | None:
    """Settings of a run; None where the file is damaged, or of a recipe that this version does not know."""
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        recipe = Recipe.model_validate(found["recipe"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found | {"recipe": recipe.model_dump(mode="json")}


def _differences(its: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Setting → both values, wherever they differ; those of a recipe by their own names."""
    for name in dict.fromkeys([*asked, *its]):
        one, other = its.get(name), asked.get(name)
        if one == other or name == CONTINUES:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differences(one, other)
        else:
            yield name, (one, other)


def _shown(value: Any) -> str:
    """A setting's value as a person reads it."""
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value)
