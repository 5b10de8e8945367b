"""What a plugin's source says of it, read without importing the plugin or any package around it."""

import ast
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path

OPTIONS = "OPTIONS"
"""Name of the literal in an architecture's module: option → choices, the default first. See posebench.plugins.architecture."""
VARIANT = "variant"
"""The parameter of an entry point that takes what was typed after a colon."""


@dataclass(frozen=True)
class Said:
    """What a module's source says of one entry point; empty where the source cannot be read.

    Attributes:
        summary: the first line of the docstring.
        options: what may follow a colon: option → choices, the default first.
        free: whether anything may follow a colon, such as a file: there is a variant, but no list of options.
    """

    summary: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    free: bool = False


def said(target: str) -> Said:
    """What the source says of an entry point.

    Args:
        target: `module:attribute`.
    """
    module, _, attribute = target.partition(":")
    path = _path(module)
    try:
        tree = ast.parse(path.read_bytes()) if path is not None else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):  # `posebench plugin check` says what is wrong with it
        return Said()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == attribute:
            takes = _parameters(node)
            known = _options(tree) if VARIANT in takes else {}
            return Said((ast.get_docstring(node) or "").partition("\n")[0], known, VARIANT in takes and not known)
    return Said()


def _path(module: str) -> Path | None:
    """The source file of a module; None where there is none. `importlib.util.find_spec` would import the packages above."""
    spec: ModuleSpec | None = None
    name, places = "", None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        finders = (finder.find_spec(name, places) for finder in sys.meta_path)
        spec = next((found for found in finders if found is not None), None)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def _parameters(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """Names of the parameters of a function, or of a class's `__init__`."""
    if isinstance(node, ast.ClassDef):
        inits = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        return _parameters(inits[0]) if inits else set()
    return {argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}


def _options(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """The literal `OPTIONS` of a module; empty where there is none, or where it is no mapping of names to choices."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == OPTIONS for target in targets):
            try:
                return {str(name): tuple(map(str, choices)) for name, choices in ast.literal_eval(node.value).items()}
            except (ValueError, AttributeError, TypeError):
                return {}
    return {}
