"""`posebench list`."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.complete import plugins
from posebench.cli.options import json_option

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.plugins.registry import Kind, Plugin

TERMS = 12
"""Characters of the column of terms, so that the texts of one plugin stand below each other."""
KINDS: "dict[Kind, str]" = {"architecture": "architectures", "protocol": "protocols"}


@click.command(name="list")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=plugins)
@json_option
def list_(names: tuple[str, ...], as_json: bool) -> None:
    """List architectures and protocols, or tell all about one.

    Of a protocol: conventions, splits and export forms. Of an architecture: parameters, input size, the options after a colon
    and the recipe `paper`.
    """
    from posebench.cli.console import open_console
    from posebench.plugins.registry import installed

    if as_json:
        click.echo(json.dumps(_json(names)))
    elif names:
        for name in names:
            _print_one(open_console(), name)
    else:
        for kind, title in KINDS.items():
            _print_all(open_console(), title, installed(kind))
        open_console().print(
            "`posebench list NAME` shows conventions, splits, exports; parameters, recipe.", style="dim"
        )


def _json(names: tuple[str, ...]) -> "dict[str, list[dict[str, object]]]":
    from posebench.plugins.registry import find, installed
    from posebench.tasks import describe

    if not names:
        return {title: [describe.as_json(one, kind) for one in installed(kind)] for kind, title in KINDS.items()}
    asked = [(describe.kind_of(name), name) for name in names]
    return {
        title: [describe.as_json(find(kind, name), kind, name) for its, name in asked if its == kind]
        for kind, title in KINDS.items()
    }


def _print_all(out: "Console", title: str, plugins: "list[Plugin]") -> None:
    """A line per plugin; below plugins with the same options, those options."""
    from itertools import groupby

    from posebench.plugins.source import said

    out.print(f"{title}:", style="bold")
    known = [(plugin, said(plugin.target)) for plugin in plugins]
    width = max((len(plugin.name) for plugin in plugins), default=0)
    for options, group in groupby(known, key=lambda one: _options(one[1].options)):
        members = list(group)
        for plugin, its in members:
            origin = "" if plugin.package == "posebench-2d" else f" ({plugin.package} {plugin.version})"
            _line(out, f"{plugin.name:<{width}}", f"{its.summary}{origin}")
        if options:
            names = [plugin.name for plugin, _ in members]
            which = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
            _line(out, " " * width, f"options of {which} after a colon (default first): {options}")


def _print_one(out: "Console", name: str) -> None:
    """All about one plugin: a line per fact."""
    from posebench.plugins.registry import find
    from posebench.plugins.source import said
    from posebench.tasks.describe import kind_of

    kind = kind_of(name)
    plugin = find(kind, name)
    its = said(plugin.target)
    out.print(f"{name}: {kind}, {plugin.package} {plugin.version}", style="bold", highlight=False, markup=False)
    if its.summary:
        _line(out, "summary", its.summary)
    for term, text in _protocol_facts(name) if kind == "protocol" else _architecture_facts(name):
        _line(out, term, text)
    if its.options:
        _line(out, "options", f"{_options(its.options)}; such as {plugin.name}:{_example(its.options)}")


def _protocol_facts(name: str) -> list[tuple[str, str]]:
    from posebench.plugins.registry import protocol

    found = protocol(name)
    default, *others = found.conventions.values()
    return [
        ("version", str(found.version)),
        ("headline", f"{found.headline} ({found.unit})" if found.unit else found.headline),
        ("keypoints", f"{len(found.skeleton)}: {', '.join(found.skeleton.keypoints)}"),
        ("splits", f"{', '.join(found.splits)}; default: {found.report_split}; training: {found.train_split}"),
        ("convention", f"{default.name} (default): {default.rule}"),
        *(("convention", f"{one.name}: {one.rule}") for one in others),
        *(("export", f"{form}: {purpose}") for form, purpose in found.exports.items()),
    ]


def _architecture_facts(name: str) -> list[tuple[str, str]]:
    from posebench.tasks.describe import describe_architecture

    facts = describe_architecture(name)
    width, height = facts.input_size
    lines = [
        ("parameters", f"{facts.parameters:,} for 16 keypoints"),
        ("input", f"{height}×{width} pixels (height × width)"),
    ]
    if facts.recipe is not None:
        lines.append(("recipe paper", _recipe(facts.recipe)))
    return lines


def _recipe(values: dict[str, Any]) -> str:
    """Its name and size, and the settings that are not their defaults: such as `hrnet-mpii, 256×256: epochs 210, …`."""
    from posebench.plugins.recipe import Recipe

    recipe = Recipe.model_validate(values)
    shown = recipe.model_dump(mode="json", exclude_defaults=True, exclude={"name", "input_size"})
    width, height = recipe.input_size
    return f"{recipe.name}, {height}×{width}: " + ", ".join(f"{key} {_plain(value)}" for key, value in shown.items())


def _line(out: "Console", term: str, text: str) -> None:
    """A term, and at its right a text that wraps below itself."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=TERMS)
    grid.add_column(overflow="fold")
    grid.add_row(Text(term), Text(text))
    out.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _options(options: Mapping[str, tuple[str, ...]]) -> str:
    """Such as `stem=newell|bearpaw, head=4|8`."""
    return ", ".join(f"{name}={'|'.join(choices)}" for name, choices in options.items())


def _example(options: Mapping[str, tuple[str, ...]]) -> str:
    """Such as `stem=bearpaw`."""
    return next(f"{name}={choices[-1]}" for name, choices in options.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_plain(one)}" for key, one in value.items()) + ")"
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
