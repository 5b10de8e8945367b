"""Shell completion of option values. Nothing heavy is imported until a value is asked for."""

from typing import TYPE_CHECKING

from click import Context, Parameter

if TYPE_CHECKING:
    from posebench.plugins.registry import Kind


def _plugins(kind: "Kind", incomplete: str) -> list[str]:
    from posebench.plugins.registry import installed

    names = (plugin.name for plugin in installed(kind))
    return [name for name in names if name.startswith(incomplete)]


def architectures(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of installed architectures."""
    return _plugins("architecture", incomplete)


def protocols(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of installed protocols."""
    return _plugins("protocol", incomplete)


def plugins(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of installed architectures and protocols."""
    return [*_plugins("architecture", incomplete), *_plugins("protocol", incomplete)]


def recipes(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of recipes, for `--recipe`."""
    from posebench.plugins.recipe_files import PAPER, shipped_names

    return [name for name in (PAPER, *shipped_names()) if name.startswith(incomplete)]


def shipped_recipes(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of the recipes that are files."""
    from posebench.plugins.recipe_files import shipped_names

    return [name for name in shipped_names() if name.startswith(incomplete)]


def studies(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of the studies that ship with posebench."""
    from posebench.studies.study_file import shipped_names

    return [name for name in shipped_names() if name.startswith(incomplete)]


def conventions(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of the conventions of the `--protocol` that was typed before."""
    return [name for name in _of_protocol(context, "conventions") if name.startswith(incomplete)]


def splits(context: Context, parameter: Parameter, incomplete: str) -> list[str]:
    """Names of the splits of the `--protocol` that was typed before."""
    return [name for name in _of_protocol(context, "splits") if name.startswith(incomplete)]


def _of_protocol(context: Context, attribute: str) -> list[str]:
    from posebench.errors import PosebenchError
    from posebench.plugins.registry import protocol

    try:
        return list(getattr(protocol(context.params.get("protocol_name") or ""), attribute))
    except PosebenchError:  # not typed yet, or wrong: there is nothing to offer
        return []
