"""Tracking: a run's numbers sent to TensorBoard, W&B, MLflow and the other trackers that accelerate knows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posebench.errors import PosebenchError, unknown
from posebench.plugins.recipe import Recipe
from posebench.results.history import STEP

PROJECT = "posebench"
"""Where a tracker sorts runs into projects or experiments."""
PACKAGES = {"comet_ml": "comet-ml"}
"""Tracker → its package's name for pip, where it differs."""
NAMED: dict[str, str] = {"wandb": "name", "mlflow": "run_name"}
"""Trackers of which accelerate's first argument is the project, and their argument for the run's name."""


class Tracker:
    """One tracker of a run."""

    def __init__(self, name: str, run: str, folder: Path, recipe: Recipe) -> None:
        """
        Args:
            name: as accelerate names it, such as `tensorboard`.
            run: the run's name. folder: for trackers that write files.
            recipe: kept as the run's configuration.

        Raises:
            PosebenchError: accelerate knows no such tracker, or its package is not installed.
        """
        check_tracker(name)
        self.name, self.run, self.folder, self.recipe = name, run, folder, recipe
        self.tracker: Any = None

    def open(self) -> None:
        """Begin; after the first `Accelerator` of this process is made, which accelerate's trackers need."""
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        kind = LOGGER_TYPE_TO_CLASS[self.name]
        named = NAMED.get(self.name)
        first, more = (PROJECT, {named: self.run}) if named else (self.run, {})
        place = {"logging_dir": str(self.folder)} if kind.requires_logging_directory else {}
        self.tracker = kind(first, **place, **more)
        if hasattr(self.tracker, "start"):  # in later versions of accelerate; in earlier ones the constructor starts it
            self.tracker.start()
        self.tracker.store_init_configuration(flat(self.recipe.model_dump(mode="json")))

    def log(self, row: Mapping[str, float]) -> None:
        """Send the numbers of an epoch, a row of the history."""
        values = {name: value for name, value in row.items() if name != STEP}
        self.tracker.log(values, step=int(row[STEP]))

    def close(self) -> None:
        """End, where it has begun."""
        if self.tracker is not None:
            self.tracker.finish()


def check_tracker(name: str) -> None:
    """Raise a sentence unless accelerate has a tracker of that name and its package is installed."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    if name not in LOGGER_TYPE_TO_CLASS:
        raise unknown("tracker", name, LOGGER_TYPE_TO_CLASS)
    if name not in {str(one) for one in get_available_trackers()}:
        raise PosebenchError(
            f"--track {name} needs the package {PACKAGES.get(name, name)}: pip install {PACKAGES.get(name, name)}"
        )


def flat(nested: Mapping[str, Any], above: str = "") -> dict[str, bool | int | float | str]:
    """A recipe as trackers take it: `{"augmentation.flip": 0.5, "input_size": "[64, 64]"}`."""
    found: dict[str, bool | int | float | str] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value if isinstance(value, bool | int | float | str) else str(value)
    return found
