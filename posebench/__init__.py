"""posebench: benchmark and evaluation harness for 2D human pose architectures.

    import posebench as pb

    result = pb.evaluate("predictions.h5", protocol="mpii", data="mpii")
    result.metrics["Mean"], result.intervals["Mean"]

Names are imported when they are first used, so that `import posebench` is immediate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posebench.api.data import check_data as check_data
    from posebench.api.data import show_data as show_data
    from posebench.api.diagnosis import diagnose as diagnose
    from posebench.api.diagnosis import label_errors as label_errors
    from posebench.api.networks import check_plugin as check_plugin
    from posebench.api.networks import decode as decode
    from posebench.api.networks import draw_heatmaps as draw_heatmaps
    from posebench.api.networks import load_checkpoint as load_checkpoint
    from posebench.api.networks import load_network as load_network
    from posebench.api.networks import measure_cost as measure_cost
    from posebench.api.networks import open_heatmaps as open_heatmaps
    from posebench.api.networks import predict as predict
    from posebench.api.networks import train as train
    from posebench.api.pictures import export_model as export_model
    from posebench.api.pictures import predict_pictures as predict_pictures
    from posebench.api.pictures import track as track
    from posebench.api.results import compare_rows as compare_rows
    from posebench.api.results import leaderboard as leaderboard
    from posebench.api.results import load_record as load_record
    from posebench.api.results import verify as verify
    from posebench.api.results import verify_bundle as verify_bundle
    from posebench.api.results import write_bundle as write_bundle
    from posebench.api.results import write_report as write_report
    from posebench.api.robustness import measure_robustness as measure_robustness
    from posebench.api.scoring import compare as compare
    from posebench.api.scoring import evaluate as evaluate
    from posebench.api.scoring import explain as explain
    from posebench.api.scoring import load_people as load_people
    from posebench.api.scoring import load_predictions as load_predictions
    from posebench.api.scoring import save_predictions as save_predictions
    from posebench.api.scoring import score as score
    from posebench.api.studies import study as study
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
    from posebench.tasks.scoring.evaluate import Evaluation as Evaluation

__version__ = "0.1.0"

_FUNCTIONS = {
    "posebench.api.data": ("check_data", "show_data"),
    "posebench.api.diagnosis": ("diagnose", "label_errors"),
    "posebench.api.networks": (
        "check_plugin",
        "decode",
        "draw_heatmaps",
        "load_checkpoint",
        "load_network",
        "measure_cost",
        "open_heatmaps",
        "predict",
        "train",
    ),
    "posebench.api.pictures": ("export_model", "predict_pictures", "track"),
    "posebench.api.results": (
        "compare_rows",
        "leaderboard",
        "load_record",
        "verify",
        "verify_bundle",
        "write_bundle",
        "write_report",
    ),
    "posebench.api.robustness": ("measure_robustness",),
    "posebench.api.scoring": (
        "compare",
        "evaluate",
        "explain",
        "load_people",
        "load_predictions",
        "save_predictions",
        "score",
    ),
    "posebench.api.studies": ("study",),
}
_PLACES = {name: module for module, names in _FUNCTIONS.items() for name in names} | {
    "Architecture": "posebench.plugins.architecture",
    "Convention": "posebench.plugins.protocol",
    "Evaluation": "posebench.tasks.scoring.evaluate",
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
    return sorted(__all__)
