"""posebench: benchmark and evaluation harness for 2D human pose architectures.

    import posebench as pb

    result = pb.evaluate("predictions.h5", protocol="mpii", data="mpii")
    result.metrics["Mean"], result.intervals["Mean"]

Names are imported when they are first used, so that `import posebench` is immediate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posebench.api import check_plugin as check_plugin
    from posebench.api import compare as compare
    from posebench.api import evaluate as evaluate
    from posebench.api import explain as explain
    from posebench.api import leaderboard as leaderboard
    from posebench.api import load_network as load_network
    from posebench.api import load_people as load_people
    from posebench.api import load_predictions as load_predictions
    from posebench.api import measure_cost as measure_cost
    from posebench.api import predict as predict
    from posebench.api import save_predictions as save_predictions
    from posebench.api import score as score
    from posebench.api import train as train
    from posebench.api import write_report as write_report
    from posebench.data.instances import Instances as Instances
    from posebench.data.predictions import Predictions as Predictions
    from posebench.data.skeleton import Skeleton as Skeleton
    from posebench.errors import PosebenchError as PosebenchError
    from posebench.plugins.architecture import Architecture as Architecture
    from posebench.plugins.pipeline import Pipeline as Pipeline
    from posebench.plugins.protocol import Convention as Convention
    from posebench.plugins.protocol import Protocol as Protocol
    from posebench.plugins.recipe import Recipe as Recipe
    from posebench.scoring.scores import Scores as Scores
    from posebench.tasks.evaluate import Evaluation as Evaluation

__version__ = "0.1.0"

_FUNCTIONS = (
    "check_plugin", "compare", "evaluate", "explain", "leaderboard", "load_network", "load_people", "load_predictions",
    "measure_cost", "predict", "save_predictions", "score", "train", "write_report",
)  # fmt: skip
_PLACES = dict.fromkeys(_FUNCTIONS, "posebench.api") | {
    "Architecture": "posebench.plugins.architecture",
    "Convention": "posebench.plugins.protocol",
    "Evaluation": "posebench.tasks.evaluate",
    "Instances": "posebench.data.instances",
    "Pipeline": "posebench.plugins.pipeline",
    "PosebenchError": "posebench.errors",
    "Predictions": "posebench.data.predictions",
    "Protocol": "posebench.plugins.protocol",
    "Recipe": "posebench.plugins.recipe",
    "Scores": "posebench.scoring.scores",
    "Skeleton": "posebench.data.skeleton",
}
"""Every public name and the module that has it."""

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'posebench' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
