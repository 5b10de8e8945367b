"""The layout: imports run downhill, heavy modules stay out of light commands, and every package is installed."""

import ast
import graphlib
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    "plain_text",
    "errors",
    "array_type",
    "opencv",
    "torchrun",
    "cores",
    "files",
    "data",
    "synthetic",
    "scoring",
    "plugins",
    "diagnosis",
    "results",
    "samples",
    "training",
    "inference",
    "cost",
    "plugin_checks",
    "report",
    "tasks",
    "studies",
    "api",
    "cli",
    "__main__",
]
"""Folders and modules of the core: each may import only what stands before it, and itself."""
INNER_ORDERS = {
    "report": ["tables", "plots", "galleries", "pages"],
    "tasks": ["scoring", "verification", "training", "prediction", "dataset", "robustness"],
}
"""The same of the folders of a folder."""


def place(path: Path) -> str:
    """The folder or module directly below posebench in which a file lies."""
    return path.relative_to(ROOT / "posebench").parts[0].removesuffix(".py")


def core() -> list[Path]:
    """Every module of the core but the package's own, which offers names of all folders and imports none by itself."""
    return sorted(path for path in (ROOT / "posebench").rglob("*.py") if path != ROOT / "posebench" / "__init__.py")


def imported(path: Path) -> set[str]:
    """Modules of posebench that a file imports anywhere but under TYPE_CHECKING, as dotted names below posebench."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            package = node.module or ""
            for alias in node.names:
                below = f"{package}.{alias.name}".replace(".", "/")
                found.add(f"{package}.{alias.name}" if (ROOT / f"{below}.py").is_file() else package)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("posebench.") for name in found if name.startswith("posebench.")}


def test_every_folder_has_its_place() -> None:
    assert {place(path) for path in core()} == set(ORDER)


@pytest.mark.parametrize("path", core(), ids=lambda path: str(path.relative_to(ROOT / "posebench")))
def test_a_module_imports_only_from_below(path: Path) -> None:
    allowed = set(ORDER[: ORDER.index(place(path)) + 1])
    assert {name.split(".")[0] for name in imported(path)} - {"__version__"} <= allowed


@pytest.mark.parametrize(("outer", "folder"), [(outer, name) for outer in INNER_ORDERS for name in INNER_ORDERS[outer]])
def test_a_folder_inside_imports_only_from_below(outer: str, folder: str) -> None:
    above = set(INNER_ORDERS[outer][INNER_ORDERS[outer].index(folder) + 1 :])
    modules = list((ROOT / "posebench" / outer / folder).glob("*.py"))
    assert modules
    for path in modules:
        inner = {name.split(".")[1] for name in imported(path) if name.startswith(f"{outer}.")}
        assert not inner & above, path.name


@pytest.mark.parametrize("outer", INNER_ORDERS)
def test_every_folder_inside_has_its_place(outer: str) -> None:
    assert {path.parent.name for path in (ROOT / "posebench" / outer).glob("*/*.py")} == set(INNER_ORDERS[outer])


@pytest.mark.parametrize("folder", sorted({place(path) for path in core() if path.parent != ROOT / "posebench"}))
def test_no_folder_has_a_circle_inside(folder: str) -> None:
    needs = {
        ".".join(path.relative_to(ROOT / "posebench").with_suffix("").parts): {
            name for name in imported(path) if name.startswith(f"{folder}.")
        }
        for path in (ROOT / "posebench" / folder).rglob("*.py")
    }
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("folder", ["architectures", "protocols"])
def test_plugins_know_the_contracts_and_nothing_above(folder: str) -> None:
    allowed = set(ORDER[: ORDER.index("plugins") + 1]) | {folder}
    for path in (ROOT / folder).rglob("*.py"):
        assert {name.split(".")[0] for name in imported(path)} <= allowed, path.name
        assert "plugins.registry" not in imported(path), f"{path.name}: a plugin is found, and finds nobody"


def folder_of(package: str, setuptools: Any) -> Path:
    """Where a package lies, by setuptools' rule: the longest name in package-dir that it begins with, then folders."""
    root = max((name for name in setuptools["package-dir"] if f"{package}.".startswith(f"{name}.")), key=len)
    return ROOT.joinpath(setuptools["package-dir"][root], *package.removeprefix(root).strip(".").split("."))


def test_every_package_on_disk_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        path.parent for name in ("posebench", "architectures", "protocols") for path in (ROOT / name).rglob("*.py")
    }
    assert {folder_of(package, setuptools) for package in setuptools["packages"]} == found
    assert all((folder / "__init__.py").is_file() for folder in found)


def test_every_data_file_is_in_the_wheel() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package in setuptools["packages"]:
        folder = folder_of(package, setuptools)
        found = {path for path in folder.iterdir() if path.is_file() and path.suffix != ".py"}
        found |= {path for path in folder.glob("*/*") if path.is_file() and not list(path.parent.glob("*.py*"))}
        patterns = setuptools["package-data"].get(package, [])
        assert found == {path for pattern in patterns for path in folder.glob(pattern)}, package
        assert all(list(folder.glob(pattern)) for pattern in patterns), package


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


@pytest.mark.parametrize("folder", ["posebench", "architectures", "protocols"])
def test_modules_have_at_most_300_lines(folder: str) -> None:
    lines = {str(path): len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {path: count for path, count in lines.items() if count > 300} == {}
