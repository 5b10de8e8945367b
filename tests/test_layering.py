"""The layout: imports run downhill, heavy modules stay out of light commands, and every package is installed."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    "errors",
    "skeleton",
    "instances",
    "geometry",
    "metrics",
    "uncertainty",
    "average_precision",
    "similarity",
    "oks",
    "suppression",
    "scores",
    "matlab",
    "arrays",
    "predictions",
    "alignment",
    "recipe",
    "protocol",
    "pck",
    "comparison",
    "heatmaps",
    "pipeline",
    "published",
    "images",
    "people",
    "scenes",
    "painting",
    "synthetic",
    "architecture",
    "plugins",
    "published_costs",
    "cost",
    "watch",
    "counting",
    "folding",
    "fast",
    "latency",
    "measuring",
    "augment",
    "pixels",
    "loader",
    "weights",
    "checkpoints",
    "train",
    "predict",
    "checks",
    "checks_subject",
    "checks_contract",
    "checks_behaviour",
    "checks_training",
    "checks_protocol",
    "proof",
    "progress",
    "results",
    "columns",
    "seeds",
    "ranks",
    "boards",
    "literature",
    "leaderboard",
    "figures",
    "forest",
    "plots",
    "overlays",
    "cost_tables",
    "cost_report",
    "report",
    "flow",
    "jobs",
    "explain",
    "terminal",
    "cli_options",
    "cli_training",
    "cli_scoring",
    "cli_networks",
    "cli_plugin",
    "cli_cost",
    "cli",
    "__main__",
]
"""Modules of the core: each may import only what stands before it."""


def imported(path: Path) -> set[str]:
    """Modules of the core that a file imports anywhere but under TYPE_CHECKING, by their first name below posebench."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "posebench":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("posebench."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("posebench.")}
    return found


def test_every_module_has_its_place() -> None:
    assert {path.stem for path in (ROOT / "posebench").glob("*.py")} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_below(module: str) -> None:
    assert imported(ROOT / "posebench" / f"{module}.py") - {"__version__"} <= set(ORDER[: ORDER.index(module)])


@pytest.mark.parametrize("folder, lowest", [("architectures", "plugins"), ("protocols", "plugins")])
def test_plugins_know_the_contracts_and_nothing_above(folder: str, lowest: str) -> None:
    for path in (ROOT / folder).glob("*.py"):
        assert imported(path) <= set(ORDER[: ORDER.index(lowest)]), path.name


def test_every_package_on_disk_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    listed = {ROOT / folder for folder in setuptools["package-dir"].values()}
    found = {
        path.parent for name in ("posebench", "architectures", "protocols") for path in (ROOT / name).rglob("*.py")
    }
    assert found == listed
    assert set(setuptools["packages"]) == set(setuptools["package-dir"])


def test_every_data_file_is_in_the_wheel() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, folder in setuptools["package-dir"].items():
        found = {path.name for path in (ROOT / folder).iterdir() if path.is_file() and path.suffix != ".py"}
        assert found == set(setuptools["package-data"].get(package, [])), package


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["list"]])
def test_light_commands_import_nothing_heavy(command: list[str]) -> None:
    code = f"""
import sys
from posebench.cli.main import main
main({command!r}, standalone_mode=False)
heavy = {{"torch", "pandas", "matplotlib", "scipy", "cv2", "pydantic"}} & sys.modules.keys()
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
