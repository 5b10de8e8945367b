"""Plugins: architectures and protocols, by entry point. Listing imports no plugin; looking one up imports only that one.

What follows a colon in a name is the variant, the plugin's to understand: the entry point of `coco` is called with
`variant="crowd.toml"` for `coco:crowd.toml`, that of `simplebaseline` with a backbone's name.
"""

import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, natural, unknown
from posebench.plugins.plugin_errors import PluginError, reason
from posebench.plugins.source import said
from posebench.plugins.variants import choose

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.plugins.protocol import Protocol

Kind = Literal["architecture", "protocol"]


@dataclass(frozen=True)
class Plugin:
    """Where a name comes from.

    Attributes:
        package, version: the installed distribution that offers it.
        target: `module:attribute`.
    """

    name: str
    package: str
    version: str
    target: str

    @property
    def origin(self) -> str:
        """Such as `mynet:mynet of mynet 1.0`."""
        return f"{self.target} of {self.package} {self.version}"


def installed(kind: Kind) -> list[Plugin]:
    """All installed plugins, by name; two packages may offer the same name."""
    return list(_installed(kind, _package_folders()))


def architecture(name: str, skeleton: Skeleton, input_size: tuple[int, int] | None = None) -> "Architecture":
    """Build the architecture of that name.

    Args:
        name: may go on after a colon; the plugin then gets that as the keyword `variant`.
        input_size: (width, height) of the crops; None for the published one.

    Raises:
        PosebenchError: there is none, two packages offer it, or it is broken.
    """
    from posebench.plugins.architecture import Architecture

    sizes = () if input_size is None else (input_size,)
    model: Architecture = _call("architecture", name, Architecture, skeleton, *sizes)
    model.name = name
    return model


def check_architecture(name: str) -> None:
    """Check the name of an architecture and the options after its colon, without importing it.

    Raises:
        PosebenchError: there is none of that name, or an option is unknown.
    """
    plugin = find("architecture", name)
    options, variant = said(plugin.target).options, _parts(name)[1]
    if options and variant is not None:
        choose(plugin.name, variant, options)


def protocol(name: str) -> "Protocol":
    """The protocol of that name.

    Raises:
        PosebenchError: there is none, two packages offer it, or it is broken.
    """
    from posebench.plugins.protocol import Protocol

    return _call("protocol", name, Protocol)  # type: ignore[no-any-return]


def find(kind: Kind, name: str) -> Plugin:
    """The one plugin of that name, whatever its variant, without importing it.

    Raises:
        PosebenchError: there is none (the nearest name is suggested), or two packages offer it.
    """
    name, _ = _parts(name)
    by_name: dict[str, list[Plugin]] = defaultdict(list)
    for plugin in installed(kind):
        by_name[plugin.name].append(plugin)
    if name not in by_name:
        raise unknown(kind, name, by_name, label="Installed")
    if len(by_name[name]) > 1:
        packages = " and ".join(plugin.package for plugin in by_name[name])
        raise PosebenchError(f"Two packages offer the {kind} {name!r}: {packages}. Uninstall one of them.")
    return by_name[name][0]


@contextmanager
def errors_of(kind: Kind, name: str, method: str) -> Iterator[None]:
    """Turn what a plugin raises into one sentence: which plugin, from which package, which method, what, and where.

    Raises:
        PluginError: the plugin raised; a PosebenchError, an OSError and Ctrl-C pass as they are.
    """
    try:
        yield
    except (PosebenchError, OSError):  # the command line has a sentence for both
        raise
    except (Exception, SystemExit) as error:
        try:
            origin = f" ({find(kind, name).origin})"
        except PosebenchError:  # not installed under that name: built by hand
            origin = ""
        raise PluginError(f"The {kind} {name!r}{origin} failed in {method}: {reason(error)}") from error


def _call(kind: Kind, name: str, expected: type, *arguments: Any) -> Any:
    plugin = find(kind, name)
    origin = f"The {kind} {name!r} ({plugin.origin})"
    variant = _parts(name)[1]
    try:
        entry = EntryPoint(plugin.name, plugin.target, f"posebench.{kind}s").load()
        if variant is not None and "variant" not in inspect.signature(entry).parameters:
            raise PosebenchError(f"The {kind} {plugin.name!r} has no variants, so {name!r} is not valid.")
        made = entry(*arguments) if variant is None else entry(*arguments, variant=variant)
    except PosebenchError:
        raise
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        raise PluginError(f"{origin} is broken: {reason(error)}") from error
    if not isinstance(made, expected):
        raise PosebenchError(f"{origin} returned a {type(made).__name__}, not a posebench {expected.__name__}.")
    return made


def _parts(name: str) -> tuple[str, str | None]:
    """Name of the entry point and of its variant; None without a colon."""
    base, colon, variant = name.partition(":")
    return base, variant if colon else None


@lru_cache(maxsize=4)
def _installed(kind: Kind, folders: tuple[tuple[str, int], ...]) -> tuple[Plugin, ...]:
    """Entry points are read anew only when `folders` change: that reads a file of every installed package."""
    entries = entry_points(group=f"posebench.{kind}s")
    packages = {key: _package(entry) for key, entry in {id(entry.dist): entry for entry in entries}.items()}
    plugins = {Plugin(entry.name, *packages[id(entry.dist)], entry.value) for entry in entries}
    return tuple(sorted(plugins, key=lambda plugin: (natural(plugin.name), plugin.package)))


def _package(entry: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that offers it. Its `name` and `version` would each parse the metadata anew."""
    if entry.dist is None:
        return "?", "?"
    metadata = entry.dist.metadata
    return metadata["Name"], metadata["Version"]


def _package_folders() -> tuple[tuple[str, int], ...]:
    """The folders of `sys.path`, each with the time at which a package was last added to it or removed."""
    found = []
    for folder in sys.path:
        try:
            found.append((folder, Path(folder).stat().st_mtime_ns))
        except OSError:  # a folder of sys.path need not exist
            continue
    return tuple(found)
